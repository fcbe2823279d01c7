package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"postrider/internal/audit"
	"postrider/subscribers"
)

// Retention implements subscribers.Keeping.
func (s *Store) Retention(ctx context.Context) (subscribers.Retention, error) {
	var r subscribers.Retention
	err := s.reader().row(ctx, `SELECT unconfirmed, networks, notices, returns FROM retention WHERE id = 1`).
		Scan(&r.Unconfirmed, &r.Networks, &r.Notices, &r.Returns)
	if errors.Is(err, sql.ErrNoRows) {
		return subscribers.DefaultRetention, nil
	}
	return r, s.wrap("reading how long data is kept", err)
}

// SetRetention implements subscribers.Keeping.
func (s *Store) SetRetention(ctx context.Context, r subscribers.Retention, e audit.Entry) error {
	return s.update(ctx, "keeping how long data is kept", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO retention (id, unconfirmed, networks, notices, returns, updated_at)
			VALUES (1, $1, $2, $3, $4, $5)
			ON CONFLICT (id) DO UPDATE
			SET unconfirmed = excluded.unconfirmed, networks = excluded.networks, notices = excluded.notices,
			    returns = excluded.returns, updated_at = excluded.updated_at`,
			r.Unconfirmed, r.Networks, r.Notices, r.Returns, millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// forgetRows bounds one statement of Forget: no other writer waits for long, and
// what is left goes the next time.
const forgetRows = 5_000

// Forget implements subscribers.Keeping. Rows stay for their counts and budgets.
func (s *Store) Forget(ctx context.Context, l subscribers.Lapse, e audit.Entry) (subscribers.Forgotten, error) {
	var f subscribers.Forgotten
	steps := []struct {
		count *int
		sql   string
		at    int64
	}{
		{&f.SignUps, `
			UPDATE signups SET email = '', name = '', network = ''
			WHERE id IN (SELECT id FROM signups WHERE created_at < $1 AND email <> '' ORDER BY id LIMIT $2)`, millis(l.Unconfirmed)},
		{&f.SignUps, `
			DELETE FROM signups
			WHERE id IN (SELECT id FROM signups WHERE created_at < $1 ORDER BY id LIMIT $2)`, millis(l.SignUps)},
		{&f.Requests, `
			DELETE FROM reader_requests
			WHERE id IN (SELECT id FROM reader_requests WHERE created_at < $1 ORDER BY id LIMIT $2)`, millis(l.Requests)},
		{&f.Networks, `
			UPDATE signups SET network = ''
			WHERE id IN (SELECT id FROM signups WHERE created_at < $1 AND network <> '' ORDER BY id LIMIT $2)`, millis(l.Networks)},
		{&f.Networks, `
			UPDATE sessions SET network = ''
			WHERE id IN (SELECT id FROM sessions WHERE seen_at < $1 AND network <> '' ORDER BY id LIMIT $2)`, millis(l.Networks)},
		{&f.Networks, `
			DELETE FROM sign_in_tries
			WHERE key IN (SELECT key FROM sign_in_tries WHERE updated_at < $1 ORDER BY key LIMIT $2)`, millis(l.Networks)},
		{&f.Notices, `
			UPDATE notices SET email = '', name = '', html = '', body = '', answer = ''
			WHERE id IN (
			  SELECT id FROM notices
			  WHERE expires_at < $1 AND email <> '' AND state IN ('accepted', 'refused', 'unknown', 'expired', 'cancelled')
			  ORDER BY id LIMIT $2)`, millis(l.Notices)},
		{&f.Returns, `
			UPDATE returns SET answer = ''
			WHERE id IN (SELECT id FROM returns WHERE at < $1 AND answer <> '' ORDER BY id LIMIT $2)`, millis(l.Returns)},
	}
	err := s.update(ctx, "forgetting what has lapsed", func(t *tx) error {
		f = subscribers.Forgotten{}
		for _, x := range steps {
			n, err := t.changed(ctx, x.sql, x.at, forgetRows)
			if err != nil {
				return err
			}
			*x.count += int(n)
		}
		if f == (subscribers.Forgotten{}) {
			return nil
		}
		e.Detail = fmt.Sprintf("%d sign-ups, %d requests, %d networks, %d notices, %d returned mails", f.SignUps, f.Requests, f.Networks, f.Notices, f.Returns)
		return t.audit(ctx, e)
	})
	return f, err
}
