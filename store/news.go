package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"postrider/campaigns"
	"postrider/campaigns/crier"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/notice"
)

// Channels implements crier.Store.
func (s *Store) Channels(ctx context.Context) (crier.Channels, error) {
	var c crier.Channels
	var owners, mails, quiet string
	var updated int64
	err := s.reader().row(ctx, `
		SELECT owners, mails, hook_kind, hook, hook_host, ping, ping_host, quiet, updated_at
		FROM news_channels
		WHERE id = 1`).Scan(&owners, &mails, &c.HookKind, &c.Hook, &c.HookHost, &c.Ping, &c.PingHost, &quiet, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return c, errs.NotFoundf("where news go is not set")
	}
	if err != nil {
		return c, s.wrap("reading where news go", err)
	}
	c.Owners, c.UpdatedAt = owners == "on", fromMillis(updated)
	if err = json.Unmarshal([]byte(mails), &c.Mails); err == nil {
		err = json.Unmarshal([]byte(quiet), &c.Quiet)
	}
	return c, err
}

// SetChannels implements crier.Store.
func (s *Store) SetChannels(ctx context.Context, c crier.Channels, e audit.Entry) error {
	mails, err := toJSON(append([]string{}, c.Mails...))
	if err != nil {
		return err
	}
	quiet, err := toJSON(append([]crier.Kind{}, c.Quiet...))
	if err != nil {
		return err
	}
	owners := "off"
	if c.Owners {
		owners = "on"
	}
	return s.update(ctx, "keeping where news go", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO news_channels (id, owners, mails, hook_kind, hook, hook_host, ping, ping_host, quiet, updated_at)
			VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8, $9)
			ON CONFLICT (id) DO UPDATE
			SET owners = excluded.owners, mails = excluded.mails, hook_kind = excluded.hook_kind, hook = excluded.hook, hook_host = excluded.hook_host,
			    ping = excluded.ping, ping_host = excluded.ping_host, quiet = excluded.quiet, updated_at = excluded.updated_at`,
			owners, mails, string(c.HookKind), c.Hook, c.HookHost, c.Ping, c.PingHost, quiet, millis(c.UpdatedAt)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// newsLife is how long news are kept.
const newsLife = 90 * 24 * time.Hour

const newsCursorNote = "news_cursor"

// NewsCursor implements crier.Store. At first it is now: what was before is
// no news.
func (s *Store) NewsCursor(ctx context.Context) (audit.Record, error) {
	var r audit.Record
	v, err := s.Note(ctx, newsCursorNote)
	if err == nil && v == "" {
		v, err = s.ClaimNote(ctx, newsCursorNote, fmt.Sprintf("%d 0", millis(s.Now())))
	}
	if err != nil {
		return r, err
	}
	var at int64
	if _, err := fmt.Sscanf(v, "%d %d", &at, &r.ID); err != nil {
		return r, fmt.Errorf("reading how far the log was read: %w", err)
	}
	r.At = fromMillis(at)
	return r, nil
}

// SetNewsCursor implements crier.Store. Where two processes read it may go back
// a little; news have keys.
func (s *Store) SetNewsCursor(ctx context.Context, to audit.Record) error {
	return s.SetNote(ctx, newsCursorNote, fmt.Sprintf("%d %d", millis(to.At), int64(to.ID)))
}

// Happenings implements crier.Store.
func (s *Store) Happenings(ctx context.Context, after audit.Record, until time.Time, limit int) ([]crier.Happening, error) {
	rows, err := s.reader().query(ctx, `
		SELECT a.id, a.at, a.actor, a.action, a.kind, a.object,
		       coalesce(e.title, c.name, ''), coalesce(e.number, 0), coalesce(e.state, o.state, ''), coalesce(e.held_cause, ''),
		       coalesce(e.reason, o.reason, ''), coalesce(o.wall, '')
		FROM audit_log a
		LEFT JOIN editions e ON a.kind = 'edition' AND e.id = a.object
		LEFT JOIN occurrences o ON a.kind = 'occurrence' AND o.id = a.object
		LEFT JOIN campaigns c ON c.id = o.campaign_id
		WHERE (a.at, a.id) > ($1, $2) AND a.at <= $3
		  AND a.kind IN ('edition', 'occurrence') AND a.action IN ('opened', 'held', 'sent', 'skipped', 'failed')
		ORDER BY a.at, a.id
		LIMIT $4`, millis(after.At), int64(after.ID), millis(until), limit)
	out, err := collect(rows, err, func(r *sql.Rows) (crier.Happening, error) {
		var h crier.Happening
		var at int64
		err := r.Scan(&h.ID, &at, &h.Actor, &h.Action, &h.Kind, &h.Object, &h.Title, &h.Number, &h.State, &h.Cause, &h.Reason, &h.Wall)
		h.At = fromMillis(at)
		return h, err
	})
	for i := range out {
		if err != nil || out[i].Kind != "edition" || out[i].Action != "sent" {
			continue
		}
		f, failed := s.Figures(ctx, campaigns.EditionID(out[i].Object))
		out[i].Accepted, out[i].Audience, out[i].Refused, out[i].Unknown = f.Accepted, f.Audience, f.Refused, f.Unknown
		err = failed
	}
	return out, s.wrap("reading what has happened", err)
}

// Deferrals implements crier.Store.
func (s *Store) Deferrals(ctx context.Context, atLeast int) ([]crier.Deferral, error) {
	rows, err := s.reader().query(ctx, `
		SELECT e.id, e.title, s.domain, count(*)
		FROM editions e
		JOIN recipients r ON r.edition_id = e.id AND r.state = 'deferred'
		JOIN subscribers s ON s.id = r.subscriber_id
		WHERE e.state = 'sending'
		GROUP BY e.id, e.title, s.domain
		HAVING count(*) >= $1
		ORDER BY count(*) DESC
		LIMIT 20`, atLeast)
	all, err := collect(rows, err, func(r *sql.Rows) (crier.Deferral, error) {
		var d crier.Deferral
		return d, r.Scan(&d.Edition, &d.Title, &d.Domain, &d.Waiting)
	})
	var out []crier.Deferral
	for _, d := range all {
		var some bool
		if err == nil {
			err = s.reader().row(ctx, `
				SELECT EXISTS (
				  SELECT 1 FROM recipients r JOIN subscribers s ON s.id = r.subscriber_id
				  WHERE r.edition_id = $1 AND r.state = 'accepted' AND s.domain = $2)`, d.Edition, d.Domain).Scan(&some)
		}
		if !some {
			out = append(out, d)
		}
	}
	return out, s.wrap("looking which providers put mails off", err)
}

// Tell implements crier.Store.
func (s *Store) Tell(ctx context.Context, n crier.News, mails []notice.Notice, call bool) error {
	state := "none"
	if call {
		state = "queued"
	}
	return s.update(ctx, "keeping news", func(t *tx) error {
		if err := t.swap(ctx, "these news", `
			INSERT INTO news (id, key, kind, title, body, url, mails, call, attempts, not_before, trouble, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0, 0, '', $9)
			ON CONFLICT (key) DO NOTHING`,
			ids.Block(1), n.Key, string(n.Kind), n.Title, n.Body, n.Path, len(mails), state, millis(n.At)); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM news WHERE at < $1`, millis(n.At.Add(-newsLife))); err != nil {
			return err
		}
		for _, m := range mails {
			if err := t.addNotice(ctx, m, n.At); err != nil {
				return err
			}
		}
		return nil
	})
}

// ClaimCalls implements crier.Store.
func (s *Store) ClaimCalls(ctx context.Context, now, then time.Time, n int) ([]crier.Call, error) {
	var waiting bool
	if err := s.reader().row(ctx, `SELECT EXISTS (SELECT 1 FROM news WHERE call = 'queued' AND not_before <= $1)`, millis(now)).Scan(&waiting); err != nil || !waiting {
		return nil, s.wrap("looking for calls", err)
	}
	var out []crier.Call
	err := s.update(ctx, "claiming calls", func(t *tx) error {
		rows, err := t.query(ctx, `
			UPDATE news
			SET not_before = $2, attempts = attempts + 1
			WHERE id IN (
			    SELECT id FROM news
			    WHERE call = 'queued' AND not_before <= $1
			    ORDER BY not_before, id
			    LIMIT $3 `+t.d.skipLocked+`)
			  AND call = 'queued' AND not_before <= $1
			RETURNING id, attempts - 1, key, kind, title, body, url, at`, millis(now), millis(then), n)
		out, err = collect(rows, err, func(r *sql.Rows) (crier.Call, error) {
			var c crier.Call
			var at int64
			err := r.Scan(&c.ID, &c.Attempts, &c.News.Key, &c.News.Kind, &c.News.Title, &c.News.Body, &c.News.Path, &at)
			c.News.At = fromMillis(at)
			return c, err
		})
		return err
	})
	return out, err
}

// NoteCall implements crier.Store.
func (s *Store) NoteCall(ctx context.Context, id int64, trouble string, again time.Time, done bool) error {
	state := "queued"
	switch {
	case done:
		state = "called"
	case again.IsZero():
		state = "given_up"
	}
	return s.update(ctx, "noting a call", func(t *tx) error {
		return t.exec(ctx, `UPDATE news SET call = $2, trouble = $3, not_before = $4 WHERE id = $1`, id, state, trouble, millis(again))
	})
}

// LatestNews implements crier.Store.
func (s *Store) LatestNews(ctx context.Context, n int) ([]crier.Told, error) {
	rows, err := s.reader().query(ctx, `
		SELECT key, kind, title, body, url, mails, call, trouble, at
		FROM news
		ORDER BY id DESC
		LIMIT $1`, n)
	out, err := collect(rows, err, func(r *sql.Rows) (crier.Told, error) {
		var w crier.Told
		var at int64
		err := r.Scan(&w.Key, &w.Kind, &w.Title, &w.Body, &w.Path, &w.Mails, &w.Call, &w.Trouble, &at)
		w.At = fromMillis(at)
		return w, err
	})
	return out, s.wrap("reading news", err)
}
