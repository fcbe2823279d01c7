package store_test

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"postrider/events/bounces"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/store"
	"postrider/store/storetest"
)

func TestMailboxIsKeptWithItsPasswordEncrypted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		sealer := must[*secrets.Sealer](t)(secrets.New(bytes.Repeat([]byte{5}, 32)))
		box := &bounces.Postbox{Store: s, Secrets: sealer, Now: time.Now}
		if _, err := box.Mailbox(ctx); !errs.Is(err, errs.NotFound) {
			t.Errorf("before one is set: %v", err)
		}
		canary := secrets.Secret("canary-3917")
		m := bounces.Mailbox{Host: "imap.example.org", Username: "returns@example.org"}
		if _, err := box.Set(ctx, "test", m, nil); !errs.Is(err, errs.Invalid) {
			t.Errorf("without a password: %v", err)
		}
		kept := must[bounces.Mailbox](t)(box.Set(ctx, "test", m, &canary))
		if kept.Port != 993 || kept.TLS != "implicit" || kept.Kind != "imap" || kept.Folder != "INBOX" {
			t.Errorf("what is usual is %+v", kept)
		}
		if sealed := storetest.One[string](t, s, `SELECT secret FROM bounce_mailboxes`); strings.Contains(sealed, "canary") || sealed == "" {
			t.Errorf("the password is kept as %q", sealed)
		}
		// The password is for this host and user, and goes to no other.
		other := m
		other.Host = "imap.example.com"
		if _, err := box.Set(ctx, "test", other, nil); !errs.Is(err, errs.Invalid) {
			t.Errorf("another host got the password: %v", err)
		}
		m.Folder = "Returned"
		kept = must[bounces.Mailbox](t)(box.Set(ctx, "test", m, nil))
		if p := must[secrets.Secret](t)(box.Password(kept)); p != canary {
			t.Errorf("the password is %q after the folder changed", p.Reveal())
		}
		if err := s.NoteMailbox(ctx, "it does not answer", time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := must[bounces.Mailbox](t)(box.Mailbox(ctx)); got.Trouble != "it does not answer" || got.Folder != "Returned" {
			t.Errorf("kept is %+v", got)
		}
		if err := s.NoteMailbox(ctx, "", time.Now()); err != nil {
			t.Fatal(err)
		}
		if got := must[bounces.Mailbox](t)(box.Mailbox(ctx)); got.Trouble != "" || got.ReadAt.IsZero() {
			t.Errorf("after it was read: %+v", got)
		}
		if err := box.Remove(ctx, "test"); err != nil {
			t.Fatal(err)
		}
		if err := box.Remove(ctx, "test"); !errs.Is(err, errs.NotFound) {
			t.Errorf("removed twice: %v", err)
		}
		if n := storetest.One[int64](t, s, `SELECT count(*) FROM audit_log WHERE kind = 'bounce_mailbox'`); n != 3 {
			t.Errorf("%d lines in the audit log, want 3", n)
		}
	})
}

func TestMailboxSettingsAreChecked(t *testing.T) {
	t.Parallel()
	p := secrets.Secret("x")
	box := &bounces.Postbox{Now: time.Now}
	for field, m := range map[string]bounces.Mailbox{
		"kind":   {Kind: "exchange", Host: "h.example", Username: "u"},
		"host":   {Host: "http://h.example/", Username: "u"},
		"user":   {Host: "h.example", Username: "u\r\nDELE 1"},
		"port":   {Host: "h.example", Username: "u", Port: 70000},
		"tls":    {Host: "h.example", Username: "u", TLS: "none"},
		"folder": {Host: "h.example", Username: "u", Folder: "a\r\nb"},
	} {
		_, err := box.Set(ctx, "test", m, &p)
		if err == nil || !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), field) {
			t.Errorf("%s: %v", field, err)
		}
	}
}
