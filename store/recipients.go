package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
)

const recipientColumns = `
	r.id, r.subscriber_id, r.edition_id, coalesce(s.email, ''), r.state, r.attempts, r.code, r.enhanced,
	CASE WHEN r.answer <> '' THEN r.answer ELSE r.reason END, r.relay, r.not_before, r.updated_at`

func scanRecipient(r *sql.Rows) (delivery.Recipient, error) {
	var p delivery.Recipient
	var due, updated int64
	err := r.Scan(&p.ID, &p.Subscriber, &p.Edition, &p.Email, &p.State, &p.Attempts, &p.Code, &p.Enhanced, &p.Text, &p.Relay, &due, &updated)
	p.NotBefore, p.UpdatedAt = fromMillis(due), fromMillis(updated)
	return p, err
}

// Recipients returns at most limit rows of an edition's ledger behind after: in
// the order of their ids, or, of those that wait, in the order in which they are
// due. State empty means all; after 0 begins.
func (s *Store) Recipients(ctx context.Context, e campaigns.EditionID, state delivery.State, after delivery.RecipientID, limit int) ([]delivery.Recipient, error) {
	if state != delivery.Queued && state != delivery.Deferred {
		return s.recipients(ctx, `r.id IN (`+firstOf(state)+`)`, `r.id`, e, after, limit)
	}
	due := int64(-1)
	err := s.reader().row(ctx, `SELECT not_before FROM recipients WHERE id = $1`, after).Scan(&due)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return nil, s.wrap("reading the ledger", err)
	}
	// In the order of the index that leases use, in two steps: first those due at
	// the same moment, then the later ones. SQLite would walk through all of the
	// state for both at once.
	where := `r.edition_id = $1 AND r.` + waiting + ` AND r.state = $4`
	out, err := s.recipients(ctx, where+` AND r.not_before = $5 AND r.id > $2`, `r.id`, e, after, limit, state, due)
	if err != nil || len(out) == limit {
		return out, err
	}
	rest, err := s.recipients(ctx, where+` AND r.not_before > $2`, `r.not_before, r.id`, e, due, limit-len(out), state)
	return append(out, rest...), err
}

// recipients reads rows of a ledger; $3 of its arguments is the limit.
func (s *Store) recipients(ctx context.Context, where, order string, args ...any) ([]delivery.Recipient, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+recipientColumns+`
		FROM recipients r LEFT JOIN subscribers s ON s.id = r.subscriber_id
		WHERE `+where+`
		ORDER BY `+order+`
		LIMIT $3`, args...)
	out, err := collect(rows, err, scanRecipient)
	return out, s.wrap("reading the ledger", err)
}

// firstOf selects the ids of edition $1 behind $2 in one state, or in each, at
// most $3 of each: read from the partial indexes, whatever the edition's size.
func firstOf(state delivery.State) string {
	var all []string
	for _, one := range delivery.States {
		where, id := `edition_id = $1 AND `+ended, `id`
		switch one {
		case delivery.Queued, delivery.Deferred:
			where = `edition_id = $1 AND ` + waiting
		case delivery.LeasedRow, delivery.SendingRow:
			where, id = `+edition_id = $1 AND `+inHand, `+id` // else SQLite walks the table by id
		}
		if state == "" || state == one {
			all = append(all, `SELECT id FROM (SELECT id FROM recipients WHERE `+where+` AND state = '`+string(one)+`' AND `+id+` > $2 ORDER BY `+id+` LIMIT $3) AS `+string(one))
		}
	}
	if len(all) == 0 {
		return `SELECT id FROM recipients WHERE edition_id = $1 AND id > $2 AND id < $2` // no such state
	}
	return strings.Join(all, ` UNION ALL `)
}

// CountRecipients counts an edition's rows in one state, in all where it is
// empty, and stops at most: as far as that no edition is too large to count.
func (s *Store) CountRecipients(ctx context.Context, e campaigns.EditionID, state delivery.State, most int) (int, error) {
	var n int
	err := s.reader().row(ctx, `SELECT count(*) FROM (SELECT id FROM (`+firstOf(state)+`) AS each_state LIMIT $3) AS first_ones`, e, 0, most).Scan(&n)
	return n, s.wrap("counting recipients", err)
}

// Recipient returns one row of a ledger, NotFound when there is none.
func (s *Store) Recipient(ctx context.Context, id delivery.RecipientID) (delivery.Recipient, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+recipientColumns+`
		FROM recipients r LEFT JOIN subscribers s ON s.id = r.subscriber_id
		WHERE r.id = $1`, id)
	return one(s, "recipient", rows, err, scanRecipient)
}

// nextDue takes the first of each state from the index, however many wait.
const nextDue = `
	SELECT coalesce(min(CASE WHEN due = 0 THEN 1 ELSE due END), 0)
	FROM (SELECT min(not_before) AS due FROM recipients WHERE edition_id = $1 AND state = 'queued' AND ` + waiting + `
	      UNION ALL
	      SELECT min(not_before) AS due FROM recipients WHERE edition_id = $1 AND state = 'deferred' AND ` + waiting + `) AS firsts`

// NextDue is when the next waiting recipient of an edition is due, the zero
// time when none waits.
func (s *Store) NextDue(ctx context.Context, e campaigns.EditionID) (time.Time, error) {
	var due int64
	err := s.reader().row(ctx, nextDue, e).Scan(&due)
	return fromMillis(due), s.wrap("reading who is due", err)
}
