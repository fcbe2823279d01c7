package store

import (
	"context"
	"database/sql"
	"net/mail"
	"strings"
	"time"

	"postrider/delivery"
	"postrider/internal/ids"
	"postrider/internal/notice"
)

// noticeLife is how long a notice without a limit of its own is tried.
const noticeLife = 48 * time.Hour

// addNotice keeps a notice in the transaction of its cause.
func (t *tx) addNotice(ctx context.Context, n notice.Notice, now time.Time) error {
	if err := n.Validate(); err != nil {
		return err
	}
	if n.Expires.IsZero() {
		n.Expires = now.Add(noticeLife)
	}
	return t.exec(ctx, `
		INSERT INTO notices (id, kind, email, name, sender, reply_to, subject, html, body, state, expires_at, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 'queued', $10, $11, $11)`,
		ids.Block(1), string(n.Kind), n.To.Address, n.To.Name, n.From, n.ReplyTo, n.Subject, n.HTML, n.Text, millis(n.Expires), millis(now))
}

// AddNotice keeps a notice whose cause needs no other change.
func (s *Store) AddNotice(ctx context.Context, n notice.Notice) error {
	return s.update(ctx, "keeping a notice", func(t *tx) error { return t.addNotice(ctx, n, s.Now()) })
}

// LeaseNotices implements delivery.Ledger.
func (s *Store) LeaseNotices(ctx context.Context, o delivery.OwnerID, n int) ([]delivery.Leased, error) {
	now := s.Now()
	var waiting bool
	// Looked up without a write first: most of the time there is none.
	if err := s.reader().row(ctx, `
		SELECT EXISTS (SELECT 1 FROM notices WHERE state IN ('queued', 'deferred') AND not_before <= $1)`, millis(now)).Scan(&waiting); err != nil || !waiting {
		return nil, s.wrap("looking for notices", err)
	}
	var leased []delivery.Leased
	err := s.update(ctx, "leasing notices", func(t *tx) error {
		if err := t.alive(ctx, o); err != nil {
			return err
		}
		if err := t.exec(ctx, `
			UPDATE notices SET state = 'expired', updated_at = $1, reason = 'not accepted in time'
			WHERE state IN ('queued', 'deferred') AND expires_at < $1`, millis(now)); err != nil {
			return err
		}
		rows, err := t.query(ctx, `
			UPDATE notices
			SET state = 'leased', owner = $1, epoch = epoch + 1, updated_at = $2
			WHERE id IN (
			    SELECT id FROM notices
			    WHERE state IN ('queued', 'deferred') AND not_before <= $2
			    ORDER BY not_before, id
			    LIMIT $3 `+t.d.skipLocked+`)
			  AND state IN ('queued', 'deferred')
			RETURNING id, epoch, attempts, drops, kind, email, name, sender, reply_to, subject, html, body`, o, millis(now), n)
		leased, err = collect(rows, err, scanNotice)
		return err
	})
	return leased, err
}

func scanNotice(r *sql.Rows) (delivery.Leased, error) {
	var l delivery.Leased
	var n notice.Notice
	var to mail.Address
	err := r.Scan(&l.ID, &l.Epoch, &l.Attempts, &l.Drops, &n.Kind, &to.Address, &to.Name, &n.From, &n.ReplyTo, &n.Subject, &n.HTML, &n.Text)
	n.To = to
	l.Subscriber.Email, l.Subscriber.Name = to.Address, to.Name
	l.Notice = &n
	return l, err
}

// NoticesWaiting counts the notices that are still to be sent.
func (s *Store) NoticesWaiting(ctx context.Context) (int, error) {
	var n int
	err := s.reader().row(ctx, `SELECT count(*) FROM notices WHERE state IN ('queued', 'leased', 'sending', 'deferred')`).Scan(&n)
	return n, s.wrap("counting notices", err)
}

var recipientsWord = strings.NewReplacer("recipients", "notices")

// inNotices turns a statement about recipients into the same about notices,
// whose columns are the same.
func inNotices(query string) string { return recipientsWord.Replace(query) }

// releaseNotices ends an owner's leases of notices. Theirs is the policy
// resend: better twice than never.
func (t *tx) releaseNotices(ctx context.Context, o delivery.OwnerID, now time.Time) error {
	return t.exec(ctx, `
		UPDATE notices SET state = 'queued', owner = 0, updated_at = $2
		WHERE owner = $1 AND owner <> 0 AND state IN ('leased', 'sending')`, o, millis(now))
}
