package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"time"

	"postrider/internal/audit"
	"postrider/internal/notice"
	"postrider/subscribers"
)

// AddSignUp implements subscribers.SignUps.
func (s *Store) AddSignUp(ctx context.Context, p subscribers.PendingSignUp, b subscribers.SignUpBudget, n *notice.Notice, e audit.Entry) (bool, error) {
	kept := false
	err := s.update(ctx, "taking a sign-up", func(t *tx) error {
		now := p.CreatedAt
		for _, limit := range []struct {
			most  int
			since time.Duration
			where string
			value string
		}{
			{b.AddressDay, day, "canonical = $2", p.Hash}, {b.AddressMonth, 30 * day, "canonical = $2", p.Hash},
			{b.NetworkHour, time.Hour, "network = $2", p.Network}, {b.AllHour, time.Hour, "$2 = ''", ""},
		} {
			var used int
			if err := t.row(ctx, `SELECT count(*) FROM signups WHERE created_at > $1 AND `+limit.where, millis(now.Add(-limit.since)), limit.value).Scan(&used); err != nil {
				return err
			}
			if used >= limit.most {
				return nil
			}
		}
		lists, err := toJSON(p.Lists)
		if err != nil {
			return err
		}
		if err := t.exec(ctx, `
			INSERT INTO signups (id, email, canonical, name, language, lists, source, wording, network, created_at, confirmed_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
			int64(p.ID), p.Email, p.Hash, p.Name, p.Language, lists, p.Source, p.Wording, p.Network, millis(now), millis(p.ConfirmedAt)); err != nil {
			return err
		}
		if n != nil {
			if err := t.addNotice(ctx, *n, now); err != nil {
				return err
			}
		}
		kept = true
		return t.audit(ctx, e)
	})
	return kept && err == nil, err
}

// SignUp implements subscribers.SignUps.
func (s *Store) SignUp(ctx context.Context, id subscribers.SignUpID) (subscribers.PendingSignUp, error) {
	rows, err := s.reader().query(ctx, `
		SELECT id, email, canonical, name, language, lists, source, wording, network, created_at, confirmed_at
		FROM signups
		WHERE id = $1`, int64(id))
	return one(s, "sign-up", rows, err, func(r *sql.Rows) (subscribers.PendingSignUp, error) {
		var p subscribers.PendingSignUp
		var lists string
		var created, confirmed int64
		if err := r.Scan(&p.ID, &p.Email, &p.Hash, &p.Name, &p.Language, &lists, &p.Source, &p.Wording, &p.Network, &created, &confirmed); err != nil {
			return p, err
		}
		p.CreatedAt, p.ConfirmedAt = fromMillis(created), fromMillis(confirmed)
		return p, json.Unmarshal([]byte(lists), &p.Lists)
	})
}

// SettleSignUp implements subscribers.SignUps.
func (s *Store) SettleSignUp(ctx context.Context, id subscribers.SignUpID, at time.Time) error {
	return s.update(ctx, "settling a sign-up", func(t *tx) error {
		return t.exec(ctx, `UPDATE signups SET confirmed_at = $2, email = '', name = '' WHERE id = $1 AND confirmed_at = 0`, int64(id), millis(at))
	})
}
