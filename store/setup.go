package store

import (
	"context"
	"database/sql"
	"errors"

	"postrider/delivery"
	"postrider/recaps"
)

// Setup is what a new installation has, for the first run.
type Setup struct {
	Team, Relay, Reader, Recap, Tested bool
	Sent                               bool         // an edition has begun
	Planned                            bool         // or one is on its way, or a campaign fires with nothing left to approve
	Newest                             recaps.ID    // recap; 0 where there is none
	NewestState                        recaps.State // of it
}

// Setup looks what is there.
func (s *Store) Setup(ctx context.Context) (Setup, error) {
	var f Setup
	err := s.reader().row(ctx, `
		SELECT EXISTS (SELECT 1 FROM operators), EXISTS (SELECT 1 FROM relays WHERE state = 'active'), EXISTS (SELECT 1 FROM subscribers),
		       EXISTS (SELECT 1 FROM notices WHERE kind = 'test' AND state = 'accepted'),
		       EXISTS (SELECT 1 FROM editions WHERE public_at > 0),
		       EXISTS (SELECT 1 FROM editions WHERE state IN ('scheduled', 'freezing', 'sending', 'sent', 'paused', 'held'))
		       OR EXISTS (
		         SELECT 1 FROM campaigns c
		         WHERE c.state = 'active' AND c.schedule <> ''
		           AND NOT EXISTS (SELECT 1 FROM recaps r WHERE r.id = c.recap_id AND r.state <> 'approved'))`).
		Scan(&f.Team, &f.Relay, &f.Reader, &f.Tested, &f.Sent, &f.Planned)
	if err != nil {
		return f, s.wrap("looking what is set up", err)
	}
	err = s.reader().row(ctx, `SELECT id, state FROM recaps WHERE state <> 'archived' ORDER BY id DESC LIMIT 1`).Scan(&f.Newest, &f.NewestState)
	if errors.Is(err, sql.ErrNoRows) {
		return f, nil
	}
	f.Recap = f.Newest != 0
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
