package store

import (
	"context"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

// Enrol implements delivery.Ledger.
func (s *Store) Enrol(ctx context.Context, node string, ttl time.Duration) (delivery.OwnerID, error) {
	if err := s.SyncClock(ctx); err != nil {
		return 0, err
	}
	owner, now := delivery.OwnerID(ids.Block(1)), s.Now()
	err := s.update(ctx, "enrolling a courier", func(t *tx) error {
		if err := t.takeOver(ctx, s.dead(), now); err != nil {
			return err
		}
		return t.exec(ctx, `INSERT INTO owners (id, node, until, started_at) VALUES ($1, $2, $3, $4)`,
			owner, node, millis(now.Add(ttl)), millis(now))
	})
	return owner, err
}

// Beat implements delivery.Ledger.
func (s *Store) Beat(ctx context.Context, o delivery.OwnerID, ttl time.Duration) error {
	if err := s.SyncClock(ctx); err != nil {
		return s.wrap("reading the clock", err)
	}
	now := s.Now()
	return s.update(ctx, "extending leases", func(t *tx) error {
		n, err := t.changed(ctx, `UPDATE owners SET until = $2 WHERE id = $1`, o, millis(now.Add(ttl)))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.Conflictf("this process was silent too long and another one took its work over")
		}
		return t.takeOver(ctx, "until < $1", now)
	})
}

// Leave implements delivery.Ledger.
func (s *Store) Leave(ctx context.Context, o delivery.OwnerID) error {
	now := s.Now()
	return s.update(ctx, "giving back leases", func(t *tx) error {
		if err := t.release(ctx, o, now); err != nil {
			return err
		}
		return t.exec(ctx, `DELETE FROM owners WHERE id = $1`, o)
	})
}

// dead is the condition that picks owners whose work may be taken over. The
// process that holds the lock of a SQLite file knows that all others are dead;
// on PostgreSQL their leases must be over.
func (s *Store) dead() string {
	if s.lock != nil {
		return "until < $1 OR until >= $1"
	}
	return "until < $1"
}

func (t *tx) takeOver(ctx context.Context, which string, now time.Time) error {
	rows, err := t.query(ctx, `SELECT id FROM owners WHERE `+which+` ORDER BY id`, millis(now))
	gone, err := collect(rows, err, scanOne[delivery.OwnerID])
	if err != nil {
		return err
	}
	for _, o := range gone {
		if err := t.release(ctx, o, now); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM owners WHERE id = $1`, o); err != nil {
			return err
		}
	}
	return nil
}

// release ends an owner's leases. What was leased was not on the wire; what
// was being sent may have arrived.
func (t *tx) release(ctx context.Context, o delivery.OwnerID, now time.Time) error {
	const cancelled = `(SELECT e.state FROM editions e WHERE e.id = recipients.edition_id) = 'cancelled'`
	if err := t.exec(ctx, `
		UPDATE recipients
		SET state = CASE WHEN `+cancelled+` THEN 'cancelled' ELSE 'queued' END, owner = 0, updated_at = $2
		WHERE owner = $1 AND state = 'leased'`, o, millis(now)); err != nil {
		return err
	}
	return t.exec(ctx, `
		UPDATE recipients
		SET state = 'unknown', owner = 0, updated_at = $2, reason = 'the sending process ended before the answer came'
		WHERE owner = $1 AND state = 'sending'`, o, millis(now))
}
