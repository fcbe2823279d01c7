package store

import (
	"context"
	"database/sql"
	"errors"

	"postrider/delivery"
)

// Setup is what a new installation has, for the first run.
type Setup struct {
	Team, Relay, Reader, Recap, Tested bool
	FirstRecap                         string // slug of the newest one
}

// Setup looks what is there.
func (s *Store) Setup(ctx context.Context) (Setup, error) {
	var f Setup
	err := s.reader().row(ctx, `
		SELECT EXISTS (SELECT 1 FROM operators), EXISTS (SELECT 1 FROM relays WHERE state = 'active'), EXISTS (SELECT 1 FROM subscribers),
		       EXISTS (SELECT 1 FROM recaps), EXISTS (SELECT 1 FROM notices WHERE kind = 'test' AND state = 'accepted'),
		       coalesce((SELECT slug FROM recaps ORDER BY id DESC LIMIT 1), '')`).
		Scan(&f.Team, &f.Relay, &f.Reader, &f.Recap, &f.Tested, &f.FirstRecap)
	return f, s.wrap("looking what is set up", err)
}

// LastTest is what became of the newest test mail; false where there is none.
func (s *Store) LastTest(ctx context.Context) (delivery.Recipient, bool, error) {
	var r delivery.Recipient
	var due, updated int64
	err := s.reader().row(ctx, `
		SELECT email, state, attempts, code, enhanced, CASE WHEN answer <> '' THEN answer ELSE reason END, relay, not_before, updated_at
		FROM notices
		WHERE kind = 'test'
		ORDER BY id DESC
		LIMIT 1`).Scan(&r.Email, &r.State, &r.Attempts, &r.Code, &r.Enhanced, &r.Text, &r.Relay, &due, &updated)
	if errors.Is(err, sql.ErrNoRows) {
		return r, false, nil
	}
	r.NotBefore, r.UpdatedAt = fromMillis(due), fromMillis(updated)
	return r, err == nil, s.wrap("reading the last test mail", err)
}
