package store

import (
	"context"
	"time"

	"postrider/delivery"
	"postrider/internal/audit"
)

// Allow implements delivery.Ledger: a relay's pace and its limit for today, in
// one transaction, so that nodes together never exceed them.
func (s *Store) Allow(ctx context.Context, r delivery.Relay, daily, n int) (granted int, next time.Time, err error) {
	now := s.Now()
	day := now.UTC().Format(time.DateOnly)
	err = s.update(ctx, "asking a relay's allowance", func(t *tx) error {
		granted, next = n, time.Time{}
		if daily > 0 {
			left, err := t.leftToday(ctx, r.ID, day, daily)
			if err != nil {
				return err
			}
			if granted = max(min(granted, left), 0); granted == 0 {
				next = now.UTC().Truncate(24 * time.Hour).Add(24 * time.Hour)
				return nil
			}
		}
		if r.PacePerMinute > 0 {
			var err error
			if granted, next, err = t.takePace(ctx, delivery.PaceRelay(r.ID), r.PacePerMinute, max(r.PacePerMinute/60, 1), granted, now); err != nil {
				return err
			}
		}
		if daily == 0 || granted == 0 {
			return nil
		}
		return t.exec(ctx, `UPDATE relay_days SET handed = handed + $3 WHERE relay_id = $1 AND day = $2`, r.ID, day, granted)
	})
	return granted, next, err
}

// leftToday is what a relay's limit for a day leaves; the row is locked until
// the end of the transaction.
func (t *tx) leftToday(ctx context.Context, id delivery.RelayID, day string, limit int) (int, error) {
	if err := t.exec(ctx, `INSERT INTO relay_days (relay_id, day, handed) VALUES ($1, $2, 0) ON CONFLICT (relay_id, day) DO NOTHING`, id, day); err != nil {
		return 0, err
	}
	var handed int
	err := t.row(ctx, `SELECT handed FROM relay_days WHERE relay_id = $1 AND day = $2`+t.forUpdate(), id, day).Scan(&handed)
	return limit - handed, err
}

// PaceRules implements delivery.Ledger.
func (s *Store) PaceRules(ctx context.Context) (map[string]int, error) {
	rows, err := s.reader().query(ctx, `SELECT key, per_minute FROM pace_rules ORDER BY key LIMIT 1000`)
	if err != nil {
		return nil, s.wrap("reading the paces", err)
	}
	defer rows.Close()
	var rules map[string]int
	for rows.Next() {
		var key string
		var perMinute int
		if err := rows.Scan(&key, &perMinute); err != nil {
			return nil, s.wrap("reading the paces", err)
		}
		if rules == nil {
			rules = map[string]int{}
		}
		rules[key] = perMinute
	}
	return rules, s.wrap("reading the paces", rows.Err())
}

// SetPaceRule implements delivery.RelayStore.
func (s *Store) SetPaceRule(ctx context.Context, key string, perMinute int, e audit.Entry) error {
	return s.update(ctx, "keeping a pace", func(t *tx) error {
		var err error
		if perMinute == 0 {
			err = t.exec(ctx, `DELETE FROM pace_rules WHERE key = $1`, key)
		} else {
			err = t.exec(ctx, `
				INSERT INTO pace_rules (key, per_minute) VALUES ($1, $2)
				ON CONFLICT (key) DO UPDATE SET per_minute = excluded.per_minute`, key, perMinute)
		}
		if err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// Postpone implements delivery.Ledger.
func (s *Store) Postpone(ctx context.Context, o delivery.OwnerID, rows []delivery.RecipientID, due time.Time) error {
	return s.update(ctx, "postponing recipients", func(t *tx) error {
		for _, id := range rows {
			if err := t.exec(ctx, `
				UPDATE recipients
				SET state = CASE WHEN (SELECT e.state FROM editions e WHERE e.id = recipients.edition_id) = 'cancelled' THEN 'cancelled' ELSE 'queued' END,
				    owner = 0, not_before = $3, updated_at = $4
				WHERE id = $1 AND owner = $2 AND state = 'leased'`, id, o, millis(due), millis(s.Now())); err != nil {
				return err
			}
		}
		return nil
	})
}
