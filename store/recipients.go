package store

import (
	"context"
	"database/sql"
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

// Recipients returns at most limit rows of an edition's ledger behind after,
// in the order of their ids; state empty means all.
func (s *Store) Recipients(ctx context.Context, e campaigns.EditionID, state delivery.State, after delivery.RecipientID, limit int) ([]delivery.Recipient, error) {
	where, args := `r.edition_id = $1 AND r.id > $2`, []any{e, after, limit}
	if state != "" {
		where += ` AND r.state = $4`
		args = append(args, state)
	}
	rows, err := s.reader().query(ctx, `
		SELECT `+recipientColumns+`
		FROM recipients r LEFT JOIN subscribers s ON s.id = r.subscriber_id
		WHERE `+where+`
		ORDER BY r.id
		LIMIT $3`, args...)
	out, err := collect(rows, err, scanRecipient)
	return out, s.wrap("reading the ledger", err)
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
	FROM (SELECT min(not_before) AS due FROM recipients WHERE edition_id = $1 AND state = 'queued'
	      UNION ALL
	      SELECT min(not_before) AS due FROM recipients WHERE edition_id = $1 AND state = 'deferred') AS firsts`

// NextDue is when the next waiting recipient of an edition is due, the zero
// time when none waits.
func (s *Store) NextDue(ctx context.Context, e campaigns.EditionID) (time.Time, error) {
	var due int64
	err := s.reader().row(ctx, nextDue, e).Scan(&due)
	return fromMillis(due), s.wrap("reading who is due", err)
}
