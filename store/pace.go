package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"postrider/delivery"
)

// forUpdate ends a SELECT of one row that the transaction changes next. The
// only writer of a SQLite file needs no lock.
func (d db) forUpdate() string {
	if d.d.skipLocked == "" {
		return ""
	}
	return " FOR UPDATE"
}

// TakePace takes up to n tokens out of the bucket of that name, which gets
// perMinute a minute and holds at most burst; one that is seen for the first
// time is full. All nodes together get no more than that. next is when another
// token will be there, zero where all n were granted. perMinute 0 grants all.
func (s *Store) TakePace(ctx context.Context, key string, perMinute, burst, n int, now time.Time) (granted int, next time.Time, err error) {
	if perMinute <= 0 || n <= 0 {
		return max(n, 0), time.Time{}, nil
	}
	err = s.update(ctx, "taking from the pace of "+key, func(t *tx) error {
		var err error
		granted, next, err = t.takePace(ctx, key, perMinute, burst, n, now)
		return err
	})
	if err != nil {
		return 0, time.Time{}, err
	}
	return granted, next, nil
}

// takePace is TakePace within a transaction, which keeps the bucket until its end.
func (t *tx) takePace(ctx context.Context, key string, perMinute, burst, n int, now time.Time) (granted int, next time.Time, err error) {
	b, err := t.bucket(ctx, key)
	if errors.Is(err, sql.ErrNoRows) {
		full := delivery.FullBucket(burst, now)
		if err := t.exec(ctx, `INSERT INTO pace (key, tokens, at) VALUES ($1, $2, $3) ON CONFLICT (key) DO NOTHING`, key, full.Micro, millis(full.At)); err != nil {
			return 0, time.Time{}, err
		}
		b, err = t.bucket(ctx, key)
	}
	if err != nil {
		return 0, time.Time{}, err
	}
	after, granted, next := b.Take(perMinute, burst, n, now)
	if granted == 0 { // what was refilled is seen by its time
		return 0, next, nil
	}
	return granted, next, t.exec(ctx, `UPDATE pace SET tokens = $2, at = $3 WHERE key = $1`, key, after.Micro, millis(after.At))
}

func (t *tx) bucket(ctx context.Context, key string) (delivery.Bucket, error) {
	var b delivery.Bucket
	var at int64
	err := t.row(ctx, `SELECT tokens, at FROM pace WHERE key = $1`+t.forUpdate(), key).Scan(&b.Micro, &at)
	b.At = time.UnixMilli(at)
	return b, err
}

// CountHanded adds n mails to a relay's day, as delivery.RelayDay names it; n
// is negative for mails that were counted and not handed over.
func (s *Store) CountHanded(ctx context.Context, relay delivery.RelayID, day string, n int) error {
	return s.update(ctx, "counting a day's mails", func(t *tx) error {
		return t.exec(ctx, `
			INSERT INTO relay_days (relay_id, day, handed) VALUES ($1, $2, CASE WHEN CAST($3 AS BIGINT) < 0 THEN 0 ELSE $3 END)
			ON CONFLICT (relay_id, day) DO UPDATE
			SET handed = CASE WHEN relay_days.handed + $3 < 0 THEN 0 ELSE relay_days.handed + $3 END`,
			int64(relay), day, n)
	})
}

// HandedToday is the count of a relay's day, 0 where there is none.
func (s *Store) HandedToday(ctx context.Context, relay delivery.RelayID, day string) (int, error) {
	var n int
	err := s.reader().row(ctx, `SELECT handed FROM relay_days WHERE relay_id = $1 AND day = $2`, int64(relay), day).Scan(&n)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return n, s.wrap("reading a day's mails", err)
}
