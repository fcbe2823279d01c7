package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"postrider/campaigns"
	"postrider/internal/audit"
)

// evidence is what came back from a recipient who must therefore have the mail.
const evidence = `EXISTS (
	SELECT 1 FROM events v
	WHERE v.recipient_id = recipients.id AND v.kind IN ('unsubscribed', 'bounce', 'complaint', 'click'))`

// ApplyEvidence turns recipients whose outcome was not certain, or who were to
// get the mail again, into accepted ones where something came back from them.
// It returns how many.
func (s *Store) ApplyEvidence(ctx context.Context) (int, error) {
	var n int64
	err := s.update(ctx, "applying evidence", func(t *tx) error {
		for _, which := range []string{
			`state = 'unknown'`,
			`decided_at <> 0 AND state IN ('queued', 'deferred', 'suppressed') AND attempts > 0`,
		} {
			more, err := t.changed(ctx, `
				UPDATE recipients
				SET state = 'accepted', owner = 0, updated_at = $1, reason = 'something came back from this reader'
				WHERE `+which+` AND `+evidence, millis(s.Now()))
			if err != nil {
				return err
			}
			n += more
		}
		return nil
	})
	return int(n), err
}

// Resend implements campaigns.Store: it brings the uncertain recipients of an
// edition back to the queue, and the edition back to sending where it is sent.
func (s *Store) Resend(ctx context.Context, id campaigns.EditionID, from campaigns.EditionState, e audit.Entry) (int, error) {
	var n int64
	err := s.update(ctx, "sending the uncertain again", func(t *tx) error {
		var err error
		if n, err = t.changed(ctx, `
			UPDATE recipients
			SET state = 'queued', decided_at = $2, first_attempt = 0, not_before = 0, updated_at = $2, reason = 'sent again by decision'
			WHERE edition_id = $1 AND state = 'unknown' AND `+ended, id, millis(e.At)); err != nil || n == 0 {
			return err
		}
		if from == campaigns.Sent {
			if err := t.swap(ctx, "edition", `UPDATE editions SET state = 'sending', ended_at = 0, updated_at = $2 WHERE id = $1 AND state = 'sent'`,
				id, millis(e.At)); err != nil {
				return err
			}
		}
		return t.audit(ctx, e)
	})
	return int(n), err
}

// GiveUp implements campaigns.Store: the uncertain recipients stay uncertain
// and nobody is asked about them any more. Evidence still counts.
func (s *Store) GiveUp(ctx context.Context, id campaigns.EditionID, e audit.Entry) (int, error) {
	var n int64
	err := s.update(ctx, "leaving the uncertain", func(t *tx) error {
		var err error
		if n, err = t.changed(ctx, `UPDATE recipients SET decided_at = $2 WHERE edition_id = $1 AND state = 'unknown' AND decided_at = 0 AND `+ended,
			id, millis(e.At)); err != nil || n == 0 {
			return err
		}
		return t.audit(ctx, e)
	})
	return int(n), err
}

// GiveUpOld implements campaigns.Store. All nodes may do it at once: a recipient
// is closed by one of them.
func (s *Store) GiveUpOld(ctx context.Context, before time.Time, e audit.Entry) (int, error) {
	const old = `state = 'unknown' AND decided_at = 0 AND updated_at <= $1`
	rows, err := s.reader().query(ctx, `SELECT DISTINCT edition_id FROM recipients WHERE `+old+` ORDER BY edition_id LIMIT 100`, millis(before))
	editions, err := collect(rows, err, func(r *sql.Rows) (id campaigns.EditionID, err error) { return id, r.Scan(&id) })
	if err != nil || len(editions) == 0 {
		return 0, s.wrap("looking for old questions", err)
	}
	total := 0
	err = s.update(ctx, "closing old questions", func(t *tx) error {
		for _, id := range editions {
			n, err := t.changed(ctx, `UPDATE recipients SET decided_at = $2 WHERE edition_id = $3 AND `+old, millis(before), millis(e.At), id)
			if err != nil {
				return err
			}
			if n == 0 {
				continue
			}
			entry := e
			entry.Object, entry.Detail = int64(id), fmt.Sprintf("%s: %d", e.Detail, n)
			if err := t.audit(ctx, entry); err != nil {
				return err
			}
			total += int(n)
		}
		return nil
	})
	return total, err
}

// Undecided counts an edition's uncertain recipients that nobody has decided about.
func (s *Store) Undecided(ctx context.Context, id campaigns.EditionID) (int, error) {
	var n int
	err := s.reader().row(ctx, `SELECT count(*) FROM recipients WHERE edition_id = $1 AND state = 'unknown' AND decided_at = 0 AND `+ended, id).Scan(&n)
	return n, s.wrap("counting the uncertain", err)
}

// UndecidedSince is Undecided with the moment since which the first of them has
// been uncertain, the zero time where there is none.
func (s *Store) UndecidedSince(ctx context.Context, id campaigns.EditionID) (int, time.Time, error) {
	var n int
	var since int64
	err := s.reader().row(ctx, `
		SELECT count(*), coalesce(min(updated_at), 0)
		FROM recipients
		WHERE edition_id = $1 AND state = 'unknown' AND decided_at = 0 AND `+ended, id).Scan(&n, &since)
	return n, fromMillis(since), s.wrap("counting the uncertain", err)
}
