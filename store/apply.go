package store

import (
	"context"
	"database/sql"

	"postrider/delivery"
	"postrider/internal/ids"
)

// The statements of the group commit. A settlement other than accepted also
// fits a row whose mark A failed: nothing of it was completed. Whatever would
// wait in a cancelled edition is cancelled.
const (
	markSending = `
		UPDATE recipients
		SET state = 'sending', attempts = attempts + 1, relay = $4, updated_at = $5,
		    first_attempt = CASE WHEN first_attempt = 0 THEN $5 ELSE first_attempt END
		WHERE id = $1 AND owner = $2 AND epoch = $3 AND state = 'leased'`
	markSettled = `
		UPDATE recipients
		SET state = CASE WHEN CAST($4 AS TEXT) IN ('queued', 'deferred') AND (SELECT e.state FROM editions e WHERE e.id = recipients.edition_id) = 'cancelled'
		                 THEN 'cancelled' ELSE CAST($4 AS TEXT) END,
		    owner = 0, not_before = $5, code = $6, enhanced = $7, answer = $8, reason = $9, updated_at = $10,
		    drops = CASE WHEN CAST($11 AS INTEGER) = 1 THEN drops + 1 ELSE 0 END,
		    attempts = CASE WHEN state = 'sending' AND CAST($12 AS INTEGER) = 1 THEN attempts - 1 ELSE attempts END
		WHERE id = $1 AND owner = $2 AND epoch = $3
		  AND (state = 'sending' OR (state = 'leased' AND CAST($4 AS TEXT) IN ('queued', 'deferred')))`
	// A late 250 of an owner that was taken over is evidence.
	markEvidence = `
		UPDATE recipients
		SET state = 'accepted', owner = 0, code = $3, enhanced = $4, answer = $5, reason = '', updated_at = $6
		WHERE id = $1 AND epoch >= $2 AND state IN ('unknown', 'queued', 'deferred')`
	addAttempt = `
		INSERT INTO attempts (id, recipient_id, edition_id, number, relay, outcome, stage, code, enhanced, answer, at)
		SELECT CAST($1 AS BIGINT), id, edition_id, attempts, CAST($3 AS TEXT), CAST($4 AS TEXT), CAST($5 AS TEXT), CAST($6 AS INTEGER), CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS BIGINT)
		FROM recipients WHERE id = $2`
	markAddress = `
		UPDATE subscribers SET address_state = $2, updated_at = $3
		WHERE id = (SELECT subscriber_id FROM recipients WHERE id = $1) AND address_state = 'ok'`
)

// Apply implements delivery.Ledger. Accepted tries leave their trace in the
// recipient's own row; the table of attempts keeps the others.
func (s *Store) Apply(ctx context.Context, o delivery.OwnerID, marks []delivery.Mark) ([]bool, error) {
	done := make([]bool, len(marks))
	err := s.update(ctx, "writing marks", func(t *tx) error {
		sending, err := t.prepare(ctx, markSending)
		if err != nil {
			return err
		}
		defer sending.Close()
		settled, err := t.prepare(ctx, markSettled)
		if err != nil {
			return err
		}
		defer settled.Close()
		for i, m := range marks {
			var r sql.Result
			if m.Kind == delivery.MarkSending {
				r, err = sending.ExecContext(ctx, m.ID, o, m.Epoch, m.Relay, millis(m.At))
			} else {
				r, err = settled.ExecContext(ctx, m.ID, o, m.Epoch, m.State, millis(m.Due), m.Reply.Code, m.Reply.Enhanced, m.Reply.Text,
					m.Reason, millis(m.At), bit(m.Drop), bit(m.State == delivery.Queued && !m.Drop))
			}
			if err != nil {
				return err
			}
			n, err := r.RowsAffected()
			if err != nil {
				return err
			}
			done[i] = n > 0
			if m.Kind == delivery.MarkSettled {
				if err := t.followUp(ctx, m, done[i]); err != nil {
					return err
				}
			}
		}
		return nil
	})
	return done, err
}

// followUp writes what a settlement means beside its row.
func (t *tx) followUp(ctx context.Context, m delivery.Mark, settled bool) error {
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

func (t *tx) prepare(ctx context.Context, q string) (*sql.Stmt, error) {
	return t.t.PrepareContext(ctx, t.d.placeholders(q))
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
