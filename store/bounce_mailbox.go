package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"postrider/events/bounces"
	"postrider/internal/audit"
	"postrider/internal/errs"
)

// Mailbox implements bounces.MailboxStore.
func (s *Store) Mailbox(ctx context.Context) (bounces.Mailbox, error) {
	var m bounces.Mailbox
	var read int64
	err := s.reader().row(ctx, `
		SELECT kind, host, port, tls, username, secret, folder, trouble, read_at
		FROM bounce_mailboxes
		WHERE id = 1`).Scan(&m.Kind, &m.Host, &m.Port, &m.TLS, &m.Username, &m.Sealed, &m.Folder, &m.Trouble, &read)
	if errors.Is(err, sql.ErrNoRows) {
		return m, errs.NotFoundf("no mailbox of returned mails is set: postrider bounce mailbox set")
	}
	m.ReadAt = fromMillis(read)
	return m, s.wrap("reading the mailbox's settings", err)
}

// SetMailbox implements bounces.MailboxStore.
func (s *Store) SetMailbox(ctx context.Context, m bounces.Mailbox, e audit.Entry) error {
	return s.update(ctx, "keeping the mailbox", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO bounce_mailboxes (id, kind, host, port, tls, username, secret, folder, updated_at)
			VALUES (1, $1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE
			SET kind = excluded.kind, host = excluded.host, port = excluded.port, tls = excluded.tls, username = excluded.username,
			    secret = excluded.secret, folder = excluded.folder, updated_at = excluded.updated_at, trouble = '', read_at = 0`,
			m.Kind, m.Host, m.Port, m.TLS, m.Username, m.Sealed, m.Folder, millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// RemoveMailbox implements bounces.MailboxStore.
func (s *Store) RemoveMailbox(ctx context.Context, e audit.Entry) error {
	return s.update(ctx, "removing the mailbox", func(t *tx) error {
		n, err := t.changed(ctx, `DELETE FROM bounce_mailboxes WHERE id = 1`)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("no mailbox of returned mails is set")
		}
		return t.audit(ctx, e)
	})
}

// NoteMailbox implements bounces.MailboxStore.
func (s *Store) NoteMailbox(ctx context.Context, trouble string, at time.Time) error {
	return s.update(ctx, "noting how the mailbox is", func(t *tx) error {
		if trouble != "" {
			return t.exec(ctx, `UPDATE bounce_mailboxes SET trouble = $1 WHERE id = 1`, trouble)
		}
		return t.exec(ctx, `UPDATE bounce_mailboxes SET trouble = '', read_at = $1 WHERE id = 1`, millis(at))
	})
}
