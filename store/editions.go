package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"postrider/campaigns"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/subscribers"
)

const editionColumns = `
	id, campaign_id, number, title, slug, state, held_from, held_cause, reason, policy, sender, reply_to, tracking, hash,
	approved_by, approved_at, due_at, cutoff, public_at, ended_at, created_at, updated_at`

func scanEdition(r *sql.Rows) (campaigns.Edition, error) {
	var e campaigns.Edition
	var approved, due, cutoff, public, ended, created, updated int64
	err := r.Scan(&e.ID, &e.Campaign, &e.Number, &e.Title, &e.Slug, &e.State, &e.HeldFrom, &e.HeldCause, &e.Reason, &e.Policy, &e.Sender, &e.ReplyTo,
		&e.Tracking, &e.Hash, &e.ApprovedBy, &approved, &due, &cutoff, &public, &ended, &created, &updated)
	e.ApprovedAt, e.DueAt, e.Cutoff, e.PublicAt = fromMillis(approved), fromMillis(due), fromMillis(cutoff), fromMillis(public)
	e.EndedAt, e.CreatedAt, e.UpdatedAt = fromMillis(ended), fromMillis(created), fromMillis(updated)
	return e, err
}

// OpenEdition implements campaigns.Store.
func (s *Store) OpenEdition(ctx context.Context, e campaigns.Edition, c campaigns.Content, o *campaigns.Occurrence, entry audit.Entry) error {
	return s.update(ctx, "opening the edition", func(t *tx) error {
		if o != nil {
			if err := t.openOccurrence(ctx, *o, entry.At); err != nil {
				return err
			}
		}
		if err := t.claimRecaps(ctx, e); err != nil {
			return err
		}
		err := t.exec(ctx, `
			INSERT INTO editions (`+editionColumns+`, freeze_cursor, still_since, still_ms)
			VALUES ($1, $2, $3, $4, $5, $6, '', '', $7, $8, $9, $10, $11, $12, $13, $14, $15, 0, 0, 0, $16, $17, 0, 0, 0)`,
			e.ID, e.Campaign, e.Number, e.Title, e.Slug, e.State, e.Reason, e.Policy, e.Sender, e.ReplyTo, e.Tracking, e.Hash,
			e.ApprovedBy, millis(e.ApprovedAt), millis(e.DueAt), millis(e.CreatedAt), millis(e.UpdatedAt))
		if s.dialect.isUnique(err) {
			return campaigns.ErrNumberTaken // ids are ours alone
		}
		if err != nil {
			return err
		}
		for _, l := range e.Lists {
			if err := t.exec(ctx, `INSERT INTO edition_lists (edition_id, list_id) VALUES ($1, $2)`, e.ID, l); err != nil {
				return err
			}
		}
		if e.Question != "" {
			if err := t.exec(ctx, `INSERT INTO edition_segments (edition_id, name, question) VALUES ($1, $2, $3)`, e.ID, e.Segment, e.Question); err != nil {
				return err
			}
		}
		for i, r := range e.Recaps {
			if err := t.exec(ctx, `INSERT INTO edition_recaps (edition_id, recap_id, revision_id, place) VALUES ($1, $2, $3, $4)`,
				e.ID, r.Recap, r.Revision, i+1); err != nil {
				return err
			}
		}
		if err := t.addContent(ctx, e.ID, c); err != nil {
			return err
		}
		return t.audit(ctx, entry)
	})
}

func (t *tx) addContent(ctx context.Context, id campaigns.EditionID, c campaigns.Content) error {
	add := func(kind string, n int, body []byte) error {
		return t.exec(ctx, `INSERT INTO edition_contents (edition_id, kind, n, body) VALUES ($1, $2, $3, $4)`, id, kind, n, string(body))
	}
	for kind, v := range map[string]any{"input": c.Input, "mail": c.Rendered.Mail, "snippets": c.Rendered.Snippets} {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		if err := add(kind, 0, b); err != nil {
			return err
		}
	}
	for i, b := range c.Rendered.Takeaways {
		if err := add("takeaway", i+1, b); err != nil {
			return err
		}
	}
	return add("page", 0, c.Rendered.Page)
}

// EditionContent reads what an edition was rendered from, its mail and its
// snippets. Pages are read one at a time with EditionPage.
func (s *Store) EditionContent(ctx context.Context, id campaigns.EditionID) (campaigns.Content, error) {
	rows, err := s.reader().query(ctx, `
		SELECT kind, body FROM edition_contents
		WHERE edition_id = $1 AND kind IN ('input', 'mail', 'snippets') ORDER BY kind`, id)
	if err != nil {
		return campaigns.Content{}, s.wrap("reading the edition's content", err)
	}
	defer rows.Close()
	var c campaigns.Content
	found := 0
	for rows.Next() {
		var kind, body string
		if err := rows.Scan(&kind, &body); err != nil {
			return c, s.wrap("reading the edition's content", err)
		}
		into := map[string]any{"input": &c.Input, "mail": &c.Rendered.Mail, "snippets": &c.Rendered.Snippets}[kind]
		if err := json.Unmarshal([]byte(body), into); err != nil {
			return c, fmt.Errorf("reading the edition's %s: %w", kind, err)
		}
		found++
	}
	if err := rows.Err(); err != nil {
		return c, s.wrap("reading the edition's content", err)
	}
	if found != 3 {
		return c, errs.NotFoundf("edition %s has no content", id)
	}
	return c, nil
}

// EditionPage returns a stored page: n is 0 for the whole recap, else the
// takeaway's number.
func (s *Store) EditionPage(ctx context.Context, id campaigns.EditionID, n int) ([]byte, error) {
	kind := "page"
	if n > 0 {
		kind = "takeaway"
	}
	var body string
	err := s.reader().row(ctx, `SELECT body FROM edition_contents WHERE edition_id = $1 AND kind = $2 AND n = $3`, id, kind, n).Scan(&body)
	return []byte(body), s.wrap("reading the page", err)
}

// PublicEdition is the latest edition of a page's slug that is public.
func (s *Store) PublicEdition(ctx context.Context, slug string) (campaigns.Edition, error) {
	return s.oneEdition(ctx, "page "+slug, `WHERE slug = $1 AND public_at > 0 AND state <> 'draft' ORDER BY public_at DESC, id DESC LIMIT 1`, slug)
}

func (s *Store) oneEdition(ctx context.Context, what, where string, args ...any) (campaigns.Edition, error) {
	rows, err := s.reader().query(ctx, `SELECT `+editionColumns+` FROM editions `+where, args...)
	e, err := one(s, what, rows, err, scanEdition)
	if err != nil {
		return e, err
	}
	err = s.reader().editionLists(ctx, &e)
	return e, s.wrap("reading the edition's lists", err)
}

// Edition implements campaigns.Store.
func (s *Store) Edition(ctx context.Context, ref string) (campaigns.Edition, error) {
	if ref == "latest" {
		e, err := s.oneEdition(ctx, "latest edition", `ORDER BY id DESC LIMIT 1`)
		if errs.Is(err, errs.NotFound) {
			err = errs.NotFoundf("there is no edition yet: make one with publish")
		}
		return e, err
	}
	id, err := ids.Parse[campaigns.Edition](ref)
	if err != nil {
		return campaigns.Edition{}, errs.NotFoundf("edition %q: give its id of 13 letters and digits (edition list shows them), or latest", ref)
	}
	return s.oneEdition(ctx, "edition "+ref, `WHERE id = $1`, id)
}

// Editions returns at most limit editions older than before (zero: from the
// newest on), newest first.
func (s *Store) Editions(ctx context.Context, before campaigns.EditionID, limit int) ([]campaigns.Edition, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	return s.editions(ctx, `WHERE id < $1 ORDER BY id DESC LIMIT $2`, before, limit)
}

// CampaignEditions are a campaign's latest editions, newest first.
func (s *Store) CampaignEditions(ctx context.Context, c campaigns.ID, limit int) ([]campaigns.Edition, error) {
	return s.editions(ctx, `WHERE campaign_id = $1 ORDER BY id DESC LIMIT $2`, c, limit)
}

// WaitingEditions implements campaigns.Store.
func (s *Store) WaitingEditions(ctx context.Context, c campaigns.ID) ([]campaigns.Edition, error) {
	return s.editions(ctx, `WHERE campaign_id = $1 AND state IN ('in_review', 'approved') ORDER BY id LIMIT 100`, c)
}

func (s *Store) editions(ctx context.Context, where string, args ...any) ([]campaigns.Edition, error) {
	rows, err := s.reader().query(ctx, `SELECT `+editionColumns+` FROM editions `+where, args...)
	out, err := collect(rows, err, scanEdition)
	for i := range out {
		if err == nil {
			err = s.reader().editionLists(ctx, &out[i])
		}
	}
	return out, s.wrap("listing editions", err)
}

func (d db) editionLists(ctx context.Context, e *campaigns.Edition) error {
	rows, err := d.query(ctx, `
		SELECT l.id, l.name FROM edition_lists el JOIN lists l ON l.id = el.list_id
		WHERE el.edition_id = $1 ORDER BY l.name`, e.ID)
	if err != nil {
		return err
	}
	if e.Lists, e.ListNames, err = scanLists(rows); err != nil {
		return err
	}
	err = d.row(ctx, `SELECT name, question FROM edition_segments WHERE edition_id = $1`, e.ID).Scan(&e.Segment, &e.Question)
	if errors.Is(err, sql.ErrNoRows) {
		err = nil
	}
	return err
}

func scanLists(rows *sql.Rows) (lists []subscribers.ListID, names []string, err error) {
	defer rows.Close()
	for rows.Next() {
		var id subscribers.ListID
		var name string
		if err := rows.Scan(&id, &name); err != nil {
			return nil, nil, err
		}
		lists, names = append(lists, id), append(names, name)
	}
	return lists, names, rows.Err()
}

// NextNumber implements campaigns.Store.
func (s *Store) NextNumber(ctx context.Context, c campaigns.ID, slug string) (int, error) {
	var n int
	err := s.reader().row(ctx, `
		SELECT coalesce(max(number), 0) + 1 FROM editions
		WHERE campaign_id = $1 AND (campaign_id <> 0 OR slug = $2)`, c, slug).Scan(&n)
	return n, s.wrap("numbering the edition", err)
}

// MoveEdition implements campaigns.Store. An edition that stands still adds to
// the time that its recipients' 48 hours do not count; one that ends must have
// nobody waiting; one that is cancelled cancels whoever waits.
func (s *Store) MoveEdition(ctx context.Context, m campaigns.Move, e audit.Entry) error {
	at := millis(m.At)
	return s.update(ctx, "moving the edition to "+string(m.To), func(t *tx) error {
		guard := ""
		if m.To == campaigns.Sent {
			guard = ` AND NOT EXISTS (SELECT 1 FROM recipients WHERE edition_id = $1 AND ` + waiting + `)
				AND NOT EXISTS (SELECT 1 FROM recipients WHERE +edition_id = $1 AND ` + inHand + `)`
		}
		stands := m.To == campaigns.EditionPaused || m.To == campaigns.Held
		if err := t.swap(ctx, "edition", `
			UPDATE editions
			SET state = $3, held_from = $4, held_cause = $5, reason = $6, updated_at = $7,
			    approved_by = CASE WHEN CAST($3 AS TEXT) = 'draft' THEN '' WHEN CAST($8 AS TEXT) <> '' THEN $8 ELSE approved_by END,
			    approved_at = CASE WHEN CAST($3 AS TEXT) = 'draft' THEN 0 WHEN CAST($8 AS TEXT) <> '' THEN $7 ELSE approved_at END,
			    due_at = CASE WHEN CAST($9 AS BIGINT) > 0 THEN $9 ELSE due_at END,
			    cutoff = CASE WHEN CAST($10 AS BIGINT) > 0 AND cutoff = 0 THEN $10 ELSE cutoff END,
			    ended_at = CASE WHEN CAST($11 AS INTEGER) = 1 THEN $7 ELSE 0 END,
			    still_ms = CASE WHEN still_since > 0 THEN still_ms + $7 - still_since ELSE still_ms END,
			    still_since = CASE WHEN CAST($12 AS INTEGER) = 1 THEN $7 ELSE 0 END
			WHERE id = $1 AND state = $2`+guard,
			m.Edition, m.From, m.To, m.HeldFrom, m.Cause, m.Reason, at, m.ApprovedBy, millis(m.DueAt), millis(m.Cutoff),
			bit(m.To.Final()), bit(stands)); err != nil {
			return err
		}
		if m.To == campaigns.Cancelled {
			if err := t.exec(ctx, `
				UPDATE recipients SET state = 'cancelled', owner = 0, updated_at = $2
				WHERE edition_id = $1 AND `+waiting+` OR edition_id = $1 AND `+inHand+` AND state = 'leased'`, m.Edition, at); err != nil {
				return err
			}
		}
		return t.audit(ctx, e)
	})
}

func (s *Store) missing(ctx context.Context, what, ref, names string) error {
	rows, err := s.reader().query(ctx, names)
	known, err := collect(rows, err, scanOne[string])
	if err != nil {
		return s.wrap("looking for "+what, err)
	}
	if near := errs.Nearest(ref, known); near != "" {
		return errs.NotFoundf("there is no %s %q: did you mean %q?", what, ref, near)
	}
	return errs.NotFoundf("there is no %s %q", what, ref)
}

// one reads the only row; none is NotFound.
func one[T any](s *Store, what string, rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) (T, error) {
	all, err := collect(rows, err, scan)
	var zero T
	if err != nil {
		return zero, s.wrap("reading "+what, err)
	}
	if len(all) == 0 {
		return zero, errs.NotFoundf("%s: not found", what)
	}
	return all[0], nil
}
