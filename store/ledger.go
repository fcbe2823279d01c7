package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/subscribers"
)

// expireAfter is how long after its first attempt a recipient is given up,
// not counting the time that its edition stood still.
const expireAfter = 48 * time.Hour

func scanOne[T any](r *sql.Rows) (T, error) {
	var v T
	err := r.Scan(&v)
	return v, err
}

// Jobs implements delivery.Ledger.
func (s *Store) Jobs(ctx context.Context, now time.Time) ([]campaigns.Edition, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+editionColumns+`
		FROM editions
		WHERE state IN ('freezing', 'sending')
		   OR (state = 'scheduled' AND due_at <= $1)
		   OR (state = 'held' AND held_cause = 'relay')
		ORDER BY due_at, id
		LIMIT 100`, millis(now))
	editions, err := collect(rows, err, scanEdition)
	if err != nil {
		return nil, s.wrap("looking for editions to send", err)
	}
	for i := range editions {
		if err := s.reader().editionLists(ctx, &editions[i]); err != nil {
			return nil, s.wrap("reading an edition's lists", err)
		}
	}
	return editions, nil
}

// Content implements delivery.Ledger.
func (s *Store) Content(ctx context.Context, e campaigns.EditionID) (delivery.Content, error) {
	c, err := s.EditionContent(ctx, e)
	if err != nil {
		return delivery.Content{}, err
	}
	out := delivery.Content{Mail: c.Rendered.Mail, BaseURL: c.Input.BaseURL}
	out.Organisation, err = s.Organisation(ctx)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return delivery.Content{}, err
	}
	if out.Organisation.Name == "" {
		out.Organisation.Name = c.Input.Organisation.Name
	}
	return out, nil
}

// Lease implements delivery.Ledger.
func (s *Store) Lease(ctx context.Context, o delivery.OwnerID, e campaigns.EditionID, n int) ([]delivery.Leased, time.Time, error) {
	now := s.Now()
	var leased []delivery.Leased
	var next int64
	err := s.update(ctx, "leasing recipients", func(t *tx) error {
		if err := t.alive(ctx, o); err != nil {
			return err
		}
		for _, state := range []string{"deferred", "queued"} {
			if n -= len(leased); n <= 0 {
				break
			}
			rows, err := t.claim(ctx, o, e, state, n, now)
			if err != nil {
				return err
			}
			leased = append(leased, rows...)
		}
		if len(leased) == 0 {
			return t.row(ctx, nextDue, e).Scan(&next)
		}
		var err error
		leased, err = t.mailable(ctx, leased, e, now)
		if err == nil && len(leased) == 0 {
			next = millis(now) // all of this batch were withdrawn: look again at once
		}
		return err
	})
	if err != nil {
		return nil, time.Time{}, err
	}
	if next == 0 && len(leased) == 0 {
		return nil, time.Time{}, nil
	}
	return leased, fromMillis(max(next, 1)), nil
}

// claim is the race that needs both guards: rows that another claims are
// skipped, and the outer state check holds where they cannot be. The rows are
// picked once: PostgreSQL may walk a plain subquery again for each row, past
// those it has locked, and lease the whole edition.
func (t *tx) claim(ctx context.Context, o delivery.OwnerID, e campaigns.EditionID, state string, n int, now time.Time) ([]delivery.Leased, error) {
	rows, err := t.query(ctx, `
		WITH picked AS MATERIALIZED (
		    SELECT id FROM recipients
		    WHERE edition_id = $3 AND state = $4 AND not_before <= $2 AND `+waiting+`
		    ORDER BY not_before, id
		    LIMIT $5 `+t.d.skipLocked+`)
		UPDATE recipients
		SET state = 'leased', owner = $1, epoch = epoch + 1, updated_at = $2
		WHERE id IN (SELECT id FROM picked)
		  AND state = $4
		  AND EXISTS (SELECT 1 FROM editions WHERE id = $3 AND state = 'sending')
		RETURNING id, epoch, attempts, drops, subscriber_id, first_attempt`,
		o, millis(now), e, state, n)
	return collect(rows, err, func(r *sql.Rows) (delivery.Leased, error) {
		l := delivery.Leased{Edition: e}
		var first int64
		err := r.Scan(&l.ID, &l.Epoch, &l.Attempts, &l.Drops, &l.Subscriber.ID, &first)
		l.FirstAttempt = fromMillis(first) // mailable adds the time that the edition stood still
		return l, err
	})
}

// mailable reads who the leased ones are and takes out those who may not be
// mailed any more.
func (t *tx) mailable(ctx context.Context, leased []delivery.Leased, e campaigns.EditionID, now time.Time) ([]delivery.Leased, error) {
	var still int64
	if err := t.row(ctx, `SELECT still_ms FROM editions WHERE id = $1`, e).Scan(&still); err != nil {
		return nil, err
	}
	people, err := t.listed(ctx, leased, e, now)
	if err != nil {
		return nil, err
	}
	out := leased[:0]
	for _, l := range leased {
		p, ok := people[l.Subscriber.ID]
		if !ok {
			p.reason = "no longer a reader"
		}
		if !l.FirstAttempt.IsZero() {
			l.FirstAttempt = l.FirstAttempt.Add(time.Duration(still) * time.Millisecond)
		}
		state := delivery.Suppressed
		if p.reason == "" && !l.FirstAttempt.IsZero() && now.Sub(l.FirstAttempt) > expireAfter {
			state, p.reason = delivery.Expired, "not accepted within 48 hours of the first try"
		}
		if p.reason == "" {
			l.Subscriber = p.Subscriber
			out = append(out, l)
			continue
		}
		if err := t.exec(ctx, `UPDATE recipients SET state = $2, reason = $3, owner = 0, updated_at = $4 WHERE id = $1 AND state = 'leased'`,
			l.ID, state, p.reason, millis(now)); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// person is a reader and why they may not be mailed, empty when they may.
type person struct {
	subscribers.Subscriber
	reason string
}

// listed reads the leased readers with their standing on the edition's lists.
func (t *tx) listed(ctx context.Context, leased []delivery.Leased, e campaigns.EditionID, now time.Time) (map[subscribers.ID]person, error) {
	var in strings.Builder
	args := []any{e, millis(now)}
	for i, l := range leased {
		if i > 0 {
			in.WriteByte(',')
		}
		in.WriteString(placeholder(len(args) + 1))
		args = append(args, l.Subscriber.ID)
	}
	rows, err := t.query(ctx, strings.Replace(leasedReaders, "$IDS", in.String(), 1), args...)
	people, err := collect(rows, err, func(r *sql.Rows) (person, error) {
		var p person
		var fields string
		var active, suppressed bool
		if err := r.Scan(&p.ID, &p.Email, &p.Name, &fields, &p.Language, &p.Zone, &p.AddressState, &active, &suppressed); err != nil {
			return p, err
		}
		switch {
		case suppressed:
			p.reason = "on the do-not-mail list"
		case p.AddressState != subscribers.AddressOK:
			p.reason = "the address " + string(p.AddressState)
		case !active:
			p.reason = "left the list"
		}
		return p, json.Unmarshal([]byte(fields), &p.Fields)
	})
	if err != nil {
		return nil, err
	}
	out := make(map[subscribers.ID]person, len(people))
	for _, p := range people {
		out[p.ID] = p
	}
	return out, nil
}
