package store

import (
	"context"
	"database/sql"
	"time"

	"postrider/events/bounces"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/subscribers"
)

func scanSent(r *sql.Rows) (bounces.Sent, error) {
	var s bounces.Sent
	err := r.Scan(&s.Recipient, &s.Edition, &s.Subscriber, &s.Email)
	return s, err
}

// SentAs implements bounces.Store.
func (s *Store) SentAs(ctx context.Context, recipient int64) (bounces.Sent, error) {
	rows, err := s.reader().query(ctx, `
		SELECT r.id, r.edition_id, r.subscriber_id, coalesce(s.email, '')
		FROM recipients r
		LEFT JOIN subscribers s ON s.id = r.subscriber_id
		WHERE r.id = $1`, recipient)
	return one(s, "recipient", rows, err, scanSent)
}

// SentLately implements bounces.Store.
func (s *Store) SentLately(ctx context.Context, canonical string, since time.Time) (bounces.Sent, error) {
	rows, err := s.reader().query(ctx, `
		SELECT r.id, r.edition_id, r.subscriber_id, s.email
		FROM subscribers s
		JOIN recipients r ON r.subscriber_id = s.id
		WHERE s.canonical = $1 AND r.attempts > 0 AND r.updated_at >= $2
		ORDER BY r.id DESC
		LIMIT 1`, canonical, millis(since))
	return one(s, "recipient", rows, err, scanSent)
}

// RecordReturn implements bounces.Store. The event is what turns a recipient
// whose outcome was not certain into an accepted one.
func (s *Store) RecordReturn(ctx context.Context, r bounces.Return, decide func(bounces.Past) bounces.Consequence) (fresh bool, c bounces.Consequence, err error) {
	err = s.update(ctx, "recording a returned mail", func(t *tx) error {
		fresh, c = false, bounces.Consequence{}
		// Readers change one after the other; one who was forgotten has no row.
		err := t.lockSubscriber(ctx, subscribers.ID(r.Subscriber))
		known := err == nil
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		answer := r.Answer
		if !known {
			answer = ""
		}
		n, err := t.changed(ctx, `
			INSERT INTO returns (id, key, recipient_id, edition_id, subscriber_id, class, reason, status, code, answer, proof, source, at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
			ON CONFLICT (key) DO NOTHING`,
			int64(ids.New[bounces.Return]()), r.Key, r.Recipient, r.Edition, r.Subscriber, string(r.Class), string(r.Reason), r.Status, r.Code,
			answer, string(r.Proof), r.Source, millis(r.At))
		if err != nil || n == 0 {
			return err
		}
		fresh = true
		if err := t.returnEvent(ctx, r); err != nil || !known {
			return err
		}
		past, err := t.pastOf(ctx, r)
		if err != nil {
			return err
		}
		c = decide(past)
		return t.apply(ctx, r, c)
	})
	return fresh, c, err
}

// returnEvent appends the event of a return that is surely about our mail.
func (t *tx) returnEvent(ctx context.Context, r bounces.Return) error {
	kind := "bounce"
	switch {
	case r.Proof == bounces.NoProof, r.Class == bounces.AutoReply, r.Class == bounces.Delivered:
		return nil
	case r.Class == bounces.Complaint:
		kind = "complaint"
	}
	return t.exec(ctx, `
		INSERT INTO events (id, kind, edition_id, recipient_id, subscriber_id, detail, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		int64(ids.New[event]()), kind, r.Edition, r.Recipient, r.Subscriber, string(r.Class)+" "+string(r.Reason)+" "+r.Status, millis(r.At))
}

// pastOf reads what came back from this reader before.
func (t *tx) pastOf(ctx context.Context, r bounces.Return) (bounces.Past, error) {
	var p bounces.Past
	if err := t.row(ctx, `
		SELECT count(DISTINCT recipient_id)
		FROM returns
		WHERE subscriber_id = $1 AND at >= $2 AND recipient_id <> $3 AND proof <> 'none' AND class IN ('hard', 'doubtful')`,
		r.Subscriber, millis(r.At.Add(-bounces.DoubtSpan)), r.Recipient).Scan(&p.Doubts); err != nil {
		return p, err
	}
	rows, err := t.query(ctx, `
		SELECT coalesce((SELECT max(x.at) FROM returns x WHERE x.recipient_id = r.id AND x.class = 'soft' AND x.proof <> 'none'), 0)
		FROM recipients r
		WHERE r.subscriber_id = $1 AND r.state IN ('accepted', 'unknown')
		ORDER BY r.id DESC
		LIMIT $2`, r.Subscriber, bounces.SoftRow)
	at, err := collect(rows, err, scanOne[int64])
	for _, ms := range at {
		p.Softs = append(p.Softs, fromMillis(ms))
	}
	return p, err
}

// apply does to the reader what follows, with its line in the audit log.
func (t *tx) apply(ctx context.Context, r bounces.Return, c bounces.Consequence) error {
	now := millis(r.At)
	entry := audit.Entry{At: r.At, Actor: "returns", Kind: "subscriber", Object: r.Subscriber}
	switch {
	case c.Address != "":
		n, err := t.changed(ctx, `
			UPDATE subscribers
			SET address_state = $2, updated_at = $3
			WHERE id = $1 AND address_state <> $2 AND NOT (address_state = 'complained' AND $2 = 'bounced')`,
			r.Subscriber, string(c.Address), now)
		if err != nil || n == 0 {
			return err
		}
		if err := t.withdraw(ctx, subscribers.ID(r.Subscriber), now, "the address "+string(c.Address)); err != nil {
			return err
		}
		entry.Action, entry.Detail = "marked", string(c.Address)+": "+c.Why
	case !c.Pause.IsZero():
		// Whoever rests is left out when mails are leased.
		n, err := t.changed(ctx, `
			UPDATE memberships
			SET paused_until = $2, updated_at = $3
			WHERE subscriber_id = $1 AND state = 'active' AND paused_until < $2`,
			r.Subscriber, millis(c.Pause), now)
		if err != nil || n == 0 {
			return err
		}
		entry.Action, entry.Detail = "paused", c.Why
	default:
		return nil
	}
	return t.audit(ctx, entry)
}
