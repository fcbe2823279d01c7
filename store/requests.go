package store

import (
	"context"
	"database/sql"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/notice"
	"postrider/subscribers"
)

// AddRequest implements subscribers.Requests.
func (s *Store) AddRequest(ctx context.Context, r subscribers.Request, hour, most int, n notice.Notice, e audit.Entry) (bool, error) {
	kept := false
	err := s.update(ctx, "taking a reader's request", func(t *tx) error {
		if err := t.lockSubscriber(ctx, r.Subscriber); err != nil {
			return err
		}
		for _, limit := range []struct {
			most  int
			since time.Duration
		}{{hour, time.Hour}, {most, day}} {
			var used int
			if err := t.row(ctx, `SELECT count(*) FROM reader_requests WHERE subscriber_id = $1 AND created_at > $2`,
				int64(r.Subscriber), millis(r.CreatedAt.Add(-limit.since))).Scan(&used); err != nil {
				return err
			}
			if used >= limit.most {
				return nil
			}
		}
		if err := t.exec(ctx, `
			INSERT INTO reader_requests (id, subscriber_id, kind, email, created_at)
			VALUES ($1, $2, $3, $4, $5)`,
			int64(r.ID), int64(r.Subscriber), string(r.Kind), r.Email, millis(r.CreatedAt)); err != nil {
			return err
		}
		if err := t.addNotice(ctx, n, r.CreatedAt); err != nil {
			return err
		}
		kept = true
		return t.audit(ctx, e)
	})
	return kept && err == nil, err
}

// Request implements subscribers.Requests.
func (s *Store) Request(ctx context.Context, id subscribers.RequestID) (subscribers.Request, error) {
	rows, err := s.reader().query(ctx, `
		SELECT id, subscriber_id, kind, email, created_at, approved_at, settled_at
		FROM reader_requests
		WHERE id = $1`, int64(id))
	return one(s, "request", rows, err, func(r *sql.Rows) (subscribers.Request, error) {
		var x subscribers.Request
		var created, approved, settled int64
		err := r.Scan(&x.ID, &x.Subscriber, &x.Kind, &x.Email, &created, &approved, &settled)
		x.CreatedAt, x.ApprovedAt, x.SettledAt = fromMillis(created), fromMillis(approved), fromMillis(settled)
		return x, err
	})
}

// ApproveRequest implements subscribers.Requests.
func (s *Store) ApproveRequest(ctx context.Context, id subscribers.RequestID, n *notice.Notice, e audit.Entry) error {
	return s.update(ctx, "agreeing to a reader's request", func(t *tx) error {
		changed, err := t.changed(ctx, `UPDATE reader_requests SET approved_at = $2 WHERE id = $1 AND approved_at = 0`, int64(id), millis(e.At))
		if err != nil || changed == 0 {
			return err
		}
		if n != nil {
			if err := t.addNotice(ctx, *n, e.At); err != nil {
				return err
			}
		}
		return t.audit(ctx, e)
	})
}

// MoveSubscriber implements subscribers.Requests.
func (s *Store) MoveSubscriber(ctx context.Context, id subscribers.ID, to subscribers.Row, r subscribers.RequestID, e audit.Entry) error {
	return s.update(ctx, "giving a reader another address", func(t *tx) error {
		if err := t.lockSubscriber(ctx, id); err != nil {
			return err
		}
		if r != 0 {
			n, err := t.changed(ctx, `UPDATE reader_requests SET settled_at = $2, email = '' WHERE id = $1 AND settled_at = 0`, int64(r), millis(e.At))
			if err != nil || n == 0 {
				return err // somebody pressed twice
			}
		}
		var was string
		if err := t.row(ctx, `SELECT canonical FROM subscribers WHERE id = $1`, int64(id)).Scan(&was); err != nil {
			return err
		}
		var others int
		if err := t.row(ctx, `SELECT count(*) FROM subscribers WHERE canonical = $1 AND id <> $2`, to.Canonical, int64(id)).Scan(&others); err != nil {
			return err
		}
		if others > 0 {
			return errs.Conflictf("this address is another reader's already: they get their mail there")
		}
		if err := t.exec(ctx, `
			UPDATE subscribers
			SET email = $2, canonical = $3, domain = $4, address_state = 'ok', updated_at = CASE WHEN updated_at < $5 THEN $5 ELSE updated_at + 1 END
			WHERE id = $1`, int64(id), to.Email, to.Canonical, to.Domain, millis(e.At)); err != nil {
			return err
		}
		// Links to confirm something were for whoever reads mail at the old address.
		if err := t.exec(ctx, `
			UPDATE notices SET state = 'cancelled', reason = 'address changed', owner = 0
			WHERE lower(email) = $1 AND state IN ('queued', 'deferred') AND lower(email) <> $2`, was, to.Canonical); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM reader_requests WHERE subscriber_id = $1 AND id <> $2`, int64(id), int64(r)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}
