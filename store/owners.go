package store

import (
	"context"
	"database/sql"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

// sendingPages are for a process that sends: it writes in the order of the
// ledger's rows, and the many pages that help an import would only fill memory.
const sendingPages = "PRAGMA cache_size = -4000"

// Enrol implements delivery.Ledger.
func (s *Store) Enrol(ctx context.Context, node string, ttl time.Duration) (delivery.OwnerID, error) {
	if err := s.SyncClock(ctx); err != nil {
		return 0, err
	}
	if s.path != "" {
		if _, err := s.write.ExecContext(ctx, sendingPages); err != nil {
			return 0, s.wrap("enrolling a courier", err)
		}
	}
	owner, now := delivery.OwnerID(ids.Block(1)), s.Now()
	if err := s.standUp(ctx, owner); err != nil {
		return 0, err
	}
	err := s.update(ctx, "enrolling a courier", func(t *tx) error {
		if err := s.takeOver(ctx, t, owner, now); err != nil {
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
		return err
	}
	if err := s.standUp(ctx, o); err != nil {
		return err
	}
	now := s.Now()
	if err := s.update(ctx, "extending leases", func(t *tx) error {
		n, err := t.changed(ctx, `UPDATE owners SET until = $2 WHERE id = $1`, o, millis(now.Add(ttl)))
		return takenOver(n, err)
	}); err != nil {
		return err
	}
	// Apart, so that two that slept do not wait for each other's row.
	return s.update(ctx, "taking over silent processes", func(t *tx) error { return s.takeOver(ctx, t, o, now) })
}

// alive makes sure that the owner has not been taken over, and keeps others
// from doing so until the end of the transaction. What a dead owner leased
// would be nobody's to give back.
func (t *tx) alive(ctx context.Context, o delivery.OwnerID) error {
	n, err := t.changed(ctx, `UPDATE owners SET until = until WHERE id = $1`, o)
	return takenOver(n, err)
}

// takenOver is the Conflict of an owner whose row is gone.
func takenOver(rows int64, err error) error {
	if err == nil && rows == 0 {
		return errs.Conflictf("this process was silent too long and another one took its work over")
	}
	return err
}

// Leave implements delivery.Ledger.
func (s *Store) Leave(ctx context.Context, o delivery.OwnerID) error {
	now := s.Now()
	defer s.sitDown(o)
	return s.update(ctx, "giving back leases", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM owners WHERE id = $1`, o); err != nil {
			return err
		}
		return t.release(ctx, o, now)
	})
}

// standUp makes the owner's life visible on PostgreSQL: a lock that its
// session holds, and that the database drops the moment the process dies. A
// session that was lost is replaced. On SQLite the lock of the file says it.
func (s *Store) standUp(ctx context.Context, o delivery.OwnerID) error {
	if s.dialect.alive == "" {
		return nil
	}
	s.ownersMu.Lock()
	defer s.ownersMu.Unlock()
	if conn := s.owners[o]; conn != nil {
		if conn.PingContext(ctx) == nil {
			return nil
		}
		_ = conn.Close() // it is broken
		delete(s.owners, o)
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return s.wrap("holding the courier's lock", err)
	}
	var held bool
	if err := conn.QueryRowContext(ctx, s.dialect.hold, o).Scan(&held); err != nil {
		_ = conn.Close()
		return s.wrap("holding the courier's lock", err)
	}
	if !held { // somebody is taking us over this moment; the next beat tells
		_ = conn.Close()
		return nil
	}
	if s.owners == nil {
		s.owners = map[delivery.OwnerID]*sql.Conn{}
	}
	s.owners[o] = conn
	return nil
}

// sitDown lets go of an owner's lock.
func (s *Store) sitDown(o delivery.OwnerID) {
	s.ownersMu.Lock()
	defer s.ownersMu.Unlock()
	if conn := s.owners[o]; conn != nil {
		delete(s.owners, o)
		// The connection goes back to the pool, so the lock must go first.
		_, _ = conn.ExecContext(context.Background(), s.dialect.drop, o)
		_ = conn.Close()
	}
}

// takeOver ends every other owner that is dead. An owner is dead when its
// leases are over; the process that holds the lock of a SQLite file knows that
// all others are; on PostgreSQL a lock that nobody holds says it at once. The
// owner goes before its rows: a lease at the same moment either comes first and
// is released with them, or finds its owner gone.
func (s *Store) takeOver(ctx context.Context, t *tx, me delivery.OwnerID, now time.Time) error {
	type owner struct {
		id    delivery.OwnerID
		until int64
	}
	rows, err := t.query(ctx, `SELECT id, until FROM owners WHERE id <> $1 ORDER BY id`, me)
	others, err := collect(rows, err, func(r *sql.Rows) (owner, error) {
		var o owner
		return o, r.Scan(&o.id, &o.until)
	})
	if err != nil {
		return err
	}
	for _, o := range others {
		dead := o.until < millis(now) || s.lock != nil
		if !dead && s.dialect.alive != "" {
			if err := t.row(ctx, s.dialect.alive, o.id).Scan(&dead); err != nil {
				return err
			}
		}
		if !dead {
			continue
		}
		gone, err := t.changed(ctx, `DELETE FROM owners WHERE id = $1 AND until = $2`, o.id, o.until)
		if err != nil {
			return err
		}
		if gone == 0 {
			continue // it has just beaten
		}
		if err := t.release(ctx, o.id, now); err != nil {
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
		WHERE owner = $1 AND owner <> 0 AND state = 'leased'`, o, millis(now)); err != nil {
		return err
	}
	const again = `(SELECT e.policy FROM editions e WHERE e.id = recipients.edition_id) = 'resend'`
	if err := t.exec(ctx, `
		UPDATE recipients
		SET state = CASE WHEN `+again+` AND NOT (`+cancelled+`) THEN 'queued' ELSE 'unknown' END, owner = 0, updated_at = $2,
		    reason = 'the sending process ended before the answer came'
		WHERE owner = $1 AND owner <> 0 AND state = 'sending'`, o, millis(now)); err != nil {
		return err
	}
	return t.releaseNotices(ctx, o, now)
}
