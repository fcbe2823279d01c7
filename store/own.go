package store

import (
	"context"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/subscribers"
)

// PauseMemberships implements subscribers.Own.
func (s *Store) PauseMemberships(ctx context.Context, id subscribers.ID, until time.Time, e audit.Entry) error {
	return s.update(ctx, "pausing a reader", func(t *tx) error {
		if err := t.lockSubscriber(ctx, id); err != nil {
			return err
		}
		var at int64
		if !until.IsZero() {
			at = millis(until)
		}
		n, err := t.changed(ctx, `
			UPDATE memberships
			SET paused_until = $2, updated_at = $3
			WHERE subscriber_id = $1 AND state = 'active' AND paused_until <> $2`, int64(id), at, millis(e.At))
		if err != nil || n == 0 {
			return err
		}
		return t.audit(ctx, e)
	})
}

// AddReason implements subscribers.Own.
func (s *Store) AddReason(ctx context.Context, id subscribers.ID, text string, e audit.Entry) error {
	return s.update(ctx, "keeping why a reader left", func(t *tx) error {
		if err := t.lockSubscriber(ctx, id); errs.Is(err, errs.NotFound) {
			return nil // forgotten
		} else if err != nil {
			return err
		}
		var said int
		if err := t.row(ctx, `
			SELECT count(*) FROM consents
			WHERE subscriber_id = $1 AND list_id = 0 AND action = 'withdrawn' AND at > $2`,
			int64(id), millis(e.At.Add(-day))).Scan(&said); err != nil || said > 0 {
			return err
		}
		sign := subscribers.Sign{Source: "unsubscribe page", Reason: text}
		if err := t.consent(ctx, id, 0, subscribers.Withdrawn, sign, millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}
