package main

import (
	"context"
	"time"

	"postrider/events/bounces"
	"postrider/events/bounces/mailbox"
	"postrider/internal/errs"
	"postrider/internal/secrets"
)

type bounceMailboxCmd struct {
	Show   bounceMailboxShowCmd   `cmd:"" default:"1" help:"Show its settings and when it was last read; the password is never shown (the default)."`
	Set    bounceMailboxSetCmd    `cmd:"" help:"Keep the mailbox that serve reads. The password comes from --password-file, POSTRIDER_MAILBOX_PASSWORD or a prompt."`
	Test   bounceMailboxTestCmd   `cmd:"" help:"Log in and count mails. None is read."`
	Remove bounceMailboxRemoveCmd `cmd:"" help:"Forget it with its password."`
}

type bounceMailboxShowCmd struct{}

// Run shows the mailbox.
func (c *bounceMailboxShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		m, err := h.postbox.Mailbox(s.ctx)
		if err != nil {
			return err
		}
		return s.printMailbox(m)
	})
}

func (s *session) printMailbox(m bounces.Mailbox) error {
	return s.print(m, func() {
		s.printf("%s at %s:%d, tls %s, user %s, folder %s\n", m.Kind, m.Host, m.Port, m.TLS, m.Username, m.Folder)
		switch {
		case m.Trouble != "":
			s.printf("It cannot be read: %s\n", m.Trouble)
		case !m.ReadAt.IsZero():
			s.printf("Last read %s\n", m.ReadAt.Format(time.RFC3339))
		default:
			s.printf("Not read yet: postrider serve does it.\n")
		}
	})
}

type bounceMailboxSetCmd struct {
	Kind         string `help:"imap or pop3." default:"imap" placeholder:"KIND"`
	Host         string `help:"Its server." required:"" placeholder:"HOST"`
	Port         int    `help:"993, 143, 995 or 110 unless said." placeholder:"N"`
	TLS          string `name:"tls" help:"implicit, required (STARTTLS, STLS), or none on this machine only." default:"implicit" placeholder:"POLICY"`
	User         string `help:"User name." required:"" placeholder:"NAME"`
	Folder       string `help:"Of IMAP." default:"INBOX" placeholder:"NAME"`
	PasswordFile string `help:"File with the password in its first line; - for stdin." placeholder:"FILE"`
}

// Run keeps the mailbox.
func (c *bounceMailboxSetCmd) Run(s *session) error {
	password, err := s.mailboxPassword(c.PasswordFile)
	if err != nil {
		return err
	}
	return s.with(func(h *house) error {
		m, err := h.postbox.Set(s.ctx, "cli", bounces.Mailbox{
			Kind: c.Kind, Host: c.Host, Port: c.Port, TLS: c.TLS, Username: c.User, Folder: c.Folder,
		}, password)
		if err != nil {
			return err
		}
		return s.printMailbox(m)
	})
}

// mailboxPassword reads the password; nil where none is given, so that the one
// that is kept stays.
func (s *session) mailboxPassword(file string) (*secrets.Secret, error) {
	if v, given := s.env("POSTRIDER_MAILBOX_PASSWORD"); given && file == "" {
		p := secrets.Secret(v)
		return &p, nil
	}
	given, err := (&relayFlags{PasswordFile: file}).credentials(&session{io: s.io, env: func(string) (string, bool) { return "", false }}, true)
	if err != nil || given == nil {
		return nil, err
	}
	return &given.Password, nil
}

type bounceMailboxTestCmd struct{}

// Run logs in.
func (c *bounceMailboxTestCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.mailboxReader(s.ctx)
		if err != nil {
			return err
		}
		n, err := r.Look(s.ctx)
		if err != nil {
			return err
		}
		return s.print(map[string]int{"mails": n}, func() { s.printf("The log-in works; %d mails are there.\n", n) })
	})
}

type bounceMailboxRemoveCmd struct{}

// Run forgets the mailbox.
func (c *bounceMailboxRemoveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		if err := h.postbox.Remove(s.ctx, "cli"); err != nil {
			return err
		}
		return s.print(map[string]bool{"removed": true}, func() { s.printf("The mailbox and its password are gone\n") })
	})
}

// mailboxReader makes the one that reads the mailbox which is set.
func (h *house) mailboxReader(ctx context.Context) (*mailbox.Reader, error) {
	m, err := h.postbox.Mailbox(ctx)
	if err != nil {
		return nil, err
	}
	password, err := h.postbox.Password(m)
	if err != nil {
		return nil, err
	}
	sorter := h.sorter()
	return &mailbox.Reader{Mailbox: m, Password: password, Take: func(ctx context.Context, raw []byte, source string) (bool, error) {
		t, err := sorter.Take(ctx, raw, source)
		return t.Entries > 0, err
	}}, nil
}

// mailboxPause is how long to wait between two visits of a mailbox that does
// not tell of new mails, or cannot be read.
const mailboxPause = time.Minute

// readMailbox reads the mailbox until ctx ends. It looks up the settings at each
// visit, so that a change needs no restart.
func (h *house) readMailbox(ctx context.Context) {
	for {
		h.visitMailbox(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(mailboxPause):
		}
	}
}

func (h *house) visitMailbox(ctx context.Context) {
	r, err := h.mailboxReader(ctx)
	if errs.Is(err, errs.NotFound) {
		return
	}
	if err == nil {
		r.Read = func(int) { h.noteMailbox(ctx, "") }
		err = r.Watch(ctx)
	}
	if err != nil && ctx.Err() == nil {
		// The words are the server's and may name the mailbox: they are in its settings, not here.
		h.log.Warn("the mailbox of returned mails cannot be read: see bounce mailbox show")
		h.noteMailbox(ctx, err.Error())
	}
}

func (h *house) noteMailbox(ctx context.Context, trouble string) {
	if err := h.store.NoteMailbox(ctx, trouble, time.Now()); err != nil && ctx.Err() == nil {
		h.log.Warn("noting how the mailbox is", "err", err)
	}
}
