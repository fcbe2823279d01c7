package bounces

import (
	"context"
	"net"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/secrets"
)

// Mailbox is where returned mails come into, and how to read it.
type Mailbox struct {
	Kind     string `json:"kind"` // imap or pop3
	Host     string `json:"host"`
	Port     int    `json:"port"`
	TLS      string `json:"tls"` // implicit, required (STARTTLS, STLS), or none on this machine only
	Username string `json:"username"`
	Folder   string `json:"folder"` // of IMAP, INBOX unless said

	Sealed  string    `json:"-"` // the password, encrypted
	Trouble string    `json:"trouble"`
	ReadAt  time.Time `json:"read_at,omitzero"`
}

// MailboxStore keeps the mailbox.
type MailboxStore interface {
	// Mailbox is NotFound where none is set.
	Mailbox(ctx context.Context) (Mailbox, error)
	SetMailbox(ctx context.Context, m Mailbox, e audit.Entry) error
	// RemoveMailbox is NotFound where none is set.
	RemoveMailbox(ctx context.Context, e audit.Entry) error
	// NoteMailbox keeps when it was last read, or why it cannot be.
	NoteMailbox(ctx context.Context, trouble string, at time.Time) error
}

// Postbox looks after the mailbox of returned mails.
type Postbox struct {
	Store   MailboxStore
	Secrets *secrets.Sealer
	Now     func() time.Time
}

// secretPlace is what the password is sealed for.
const secretPlace = "bounce mailbox"

// Set keeps the mailbox in place of the one before. Without a password the one
// that is kept stays, if host and user name do: it is told to nobody else.
func (p *Postbox) Set(ctx context.Context, actor string, m Mailbox, password *secrets.Secret) (Mailbox, error) {
	if err := m.finish(); err != nil {
		return m, err
	}
	if password != nil {
		sealed, err := p.Secrets.Seal(secretPlace, *password)
		if err != nil {
			return m, err
		}
		m.Sealed = sealed
	} else {
		old, err := p.Store.Mailbox(ctx)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return m, err
		}
		if err != nil || old.Host != m.Host || old.Username != m.Username {
			return m, mailboxError("password", "give the password of the mailbox")
		}
		m.Sealed = old.Sealed
	}
	return m, p.Store.SetMailbox(ctx, m, audit.Entry{At: p.Now(), Actor: actor, Action: "changed", Kind: "bounce_mailbox", Detail: m.Kind + " at " + m.Host})
}

// Mailbox returns the mailbox; NotFound where none is set.
func (p *Postbox) Mailbox(ctx context.Context) (Mailbox, error) { return p.Store.Mailbox(ctx) }

// Password opens the password of a mailbox that is kept.
func (p *Postbox) Password(m Mailbox) (secrets.Secret, error) {
	return p.Secrets.Open(secretPlace, m.Sealed)
}

// Remove forgets the mailbox with its password.
func (p *Postbox) Remove(ctx context.Context, actor string) error {
	return p.Store.RemoveMailbox(ctx, audit.Entry{At: p.Now(), Actor: actor, Action: "removed", Kind: "bounce_mailbox"})
}

func mailboxError(field, text string) error {
	return &errs.Error{Kind: errs.Invalid, Field: field, Text: text}
}

// finish checks the settings and fills in what is usual.
func (m *Mailbox) finish() error {
	m.Kind, m.Host = strings.ToLower(strings.TrimSpace(m.Kind)), strings.ToLower(strings.TrimSpace(m.Host))
	if m.Kind == "" {
		m.Kind = "imap"
	}
	if m.Kind != "imap" && m.Kind != "pop3" {
		return mailboxError("kind", "want imap or pop3")
	}
	if m.Host == "" || len(m.Host) > 253 || strings.ContainsAny(m.Host, " /:\r\n") && net.ParseIP(m.Host) == nil {
		return mailboxError("host", "name the mail server, such as imap.example.org")
	}
	if m.Username == "" || len(m.Username) > 320 || strings.ContainsAny(m.Username, "\r\n\x00") {
		return mailboxError("user", "name the mailbox's user")
	}
	if m.TLS == "" {
		m.TLS = "implicit"
	}
	if m.Port == 0 {
		m.Port = map[string]int{"imap implicit": 993, "imap required": 143, "imap none": 143, "pop3 implicit": 995, "pop3 required": 110, "pop3 none": 110}[m.Kind+" "+m.TLS]
	}
	if m.Port < 1 || m.Port > 65535 {
		return mailboxError("port", "want 1 to 65535")
	}
	if m.Folder == "" {
		m.Folder = "INBOX"
	}
	if len(m.Folder) > 200 || strings.ContainsAny(m.Folder, "\r\n\x00") {
		return mailboxError("folder", "shorten the folder's name to 200 letters")
	}
	switch m.TLS {
	case "implicit", "required":
	case "none":
		if ip := net.ParseIP(m.Host); m.Host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return mailboxError("tls", "a password goes unencrypted to this machine only: use implicit or required")
		}
	default:
		return mailboxError("tls", "want implicit, required or none")
	}
	return nil
}
