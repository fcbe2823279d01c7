package store

import (
	"context"

	"postrider/delivery"
	"postrider/internal/ids"
)

// The statements of the group commit. A settlement other than accepted also
// fits a row whose mark A failed: nothing of it was completed. Whatever would
// wait in a cancelled edition is cancelled. A first attempt is kept less the
// time that its edition had stood still by then, so that only what it stands
// still afterwards prolongs its 48 hours.
const (
	markSending = `
		UPDATE recipients
		SET state = 'sending', attempts = attempts + 1, relay = $4, updated_at = $5,
		    first_attempt = CASE WHEN first_attempt = 0 THEN $5 - coalesce((SELECT e.still_ms FROM editions e WHERE e.id = recipients.edition_id), 0)
		                         ELSE first_attempt END
		WHERE id = $1 AND owner = $2 AND epoch = $3 AND state = 'leased'`
	markSettled = `
		UPDATE recipients
		SET state = CASE WHEN CAST($4 AS TEXT) IN ('queued', 'deferred') AND (SELECT e.state FROM editions e WHERE e.id = recipients.edition_id) = 'cancelled'
		                 THEN 'cancelled' ELSE CAST($4 AS TEXT) END,
		    owner = 0, not_before = $5, code = $6, enhanced = $7, answer = $8, reason = $9, updated_at = $10,
		    drops = CASE WHEN CAST($11 AS INTEGER) = 1 THEN drops + 1 ELSE 0 END,
		    attempts = CASE WHEN state = 'sending' AND CAST($12 AS INTEGER) = 1 THEN attempts - 1 ELSE attempts END
		WHERE id = $1 AND owner = $2 AND epoch = $3
		  AND (state = 'sending' OR (state = 'leased' AND CAST($4 AS TEXT) <> 'accepted'))`
	// A late 250 of an owner that was taken over is evidence.
	markEvidence = `
		UPDATE recipients
		SET state = 'accepted', owner = 0, code = $3, enhanced = $4, answer = $5, reason = '', updated_at = $6
		WHERE id = $1 AND epoch >= $2 AND state IN ('unknown', 'queued', 'deferred')`
	addAttempt = `
		INSERT INTO attempts (id, recipient_id, edition_id, number, relay, outcome, stage, code, enhanced, answer, at)
		SELECT CAST($1 AS BIGINT), id, edition_id, attempts, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS INTEGER), CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS BIGINT)
		FROM recipients WHERE id = $2`
	// Editions of recipients that go back to waiting, kept as they are until the
	// end of the transaction. PostgreSQL only: without it a cancelling at the same
	// moment sees such a row still on the wire, the settlement sees the edition
	// not yet cancelled, and the row waits for good.
	keepEditions = `
		SELECT id FROM editions
		WHERE id IN (SELECT edition_id FROM recipients WHERE id = ANY($1))
		ORDER BY id
		FOR SHARE`
	markAddress = `
		UPDATE subscribers SET address_state = $2, updated_at = $3
		WHERE id = (SELECT subscriber_id FROM recipients WHERE id = $1) AND address_state = 'ok'`
)

// Apply implements delivery.Ledger. Accepted tries leave their trace in the
// recipient's own row; the table of attempts keeps the others.
func (s *Store) Apply(ctx context.Context, o delivery.OwnerID, marks []delivery.Mark) ([]bool, error) {
	all := s.keepStates(marks)
	at := make([]int, len(marks)) // of each mark in all
	// Marks A first: one may be followed in its own group by the settlement of a
	// mail that was refused before its text, never the other way round.
	for _, kind := range []delivery.MarkKind{delivery.MarkSending, delivery.MarkSettled} {
		for i, m := range marks {
			if m.Kind == kind {
				at[i] = len(all)
				all = append(all, statementOf(o, m))
			}
		}
	}
	follow := func(t *tx, changed []int64) error {
		for i, m := range marks {
			if m.Kind == delivery.MarkSettled {
				if err := t.followUp(ctx, m, changed[at[i]] > 0); err != nil {
					return err
				}
			}
		}
		return nil
	}
	inSame := follow
	if plain(marks) {
		inSame = nil
	}
	changed, err := s.updateMany(ctx, "writing marks", all, inSame)
	if err != nil {
		return nil, err
	}
	done, late := make([]bool, len(marks)), false
	for i, m := range marks {
		done[i] = changed[at[i]] > 0
		late = late || m.Kind == delivery.MarkSettled && !done[i]
	}
	if inSame == nil && late { // answers of mails that others have taken over
		err = s.update(ctx, "writing late answers", func(t *tx) error { return follow(t, changed) })
	}
	return done, err
}

// plain reports whether nothing follows from the marks where their rows are as
// they expect.
func plain(marks []delivery.Mark) bool {
	for _, m := range marks {
		if m.Kind == delivery.MarkSettled && m.State != delivery.Accepted && !m.Notice {
			return false
		}
	}
	return true
}

func statementOf(o delivery.OwnerID, m delivery.Mark) statement {
	one := statement{query: markSending, each: true, args: []any{m.ID, o, m.Epoch, m.Relay, millis(m.At)}}
	if m.Kind == delivery.MarkSettled {
		one.query = markSettled
		one.args = []any{m.ID, o, m.Epoch, m.State, millis(m.Due), m.Reply.Code, m.Reply.Enhanced, m.Reply.Text,
			m.Reason, millis(m.At), bit(m.Drop), bit(m.State == delivery.Queued && !m.Drop)}
	}
	if m.Notice {
		one.query = inNotices(one.query)
	}
	return one
}

// keepStates is what comes before marks that make recipients wait.
func (s *Store) keepStates(marks []delivery.Mark) []statement {
	var rows []int64
	for _, m := range marks {
		if !m.Notice && m.Kind == delivery.MarkSettled && (m.State == delivery.Queued || m.State == delivery.Deferred) {
			rows = append(rows, int64(m.ID))
		}
	}
	if len(rows) == 0 || !s.Shared() {
		return nil
	}
	return []statement{{query: keepEditions, args: []any{rows}}}
}

// followUp writes what a settlement means beside its row.
func (t *tx) followUp(ctx context.Context, m delivery.Mark, settled bool) error {
	if m.Notice {
		return nil // its own row keeps the last try
	}
	if m.State == delivery.Accepted {
		if settled {
			return nil
		}
		return t.exec(ctx, markEvidence, m.ID, m.Epoch, m.Reply.Code, m.Reply.Enhanced, m.Reply.Text, millis(m.At))
	}
	if !settled || m.State == delivery.Queued && !m.Drop {
		return nil
	}
	if err := t.exec(ctx, addAttempt, ids.Block(1), m.ID, m.Relay, m.State, string(m.Stage), m.Reply.Code, m.Reply.Enhanced, m.Reply.Text, millis(m.At)); err != nil {
		return err
	}
	if m.Address == "" {
		return nil
	}
	return t.exec(ctx, markAddress, m.ID, m.Address, millis(m.At))
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
