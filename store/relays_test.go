package store_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/internal/tokens"
	"postrider/store"
	"postrider/store/storetest"
)

const canary = "canary-5d1c-hunter2"

// sealer encrypts as the program does.
func sealer(t testing.TB) *secrets.Sealer {
	t.Helper()
	keys, err := tokens.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	derived, err := keys.Derive("secrets")
	if err != nil {
		t.Fatal(err)
	}
	s, err := secrets.New(derived...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func relayBook(t testing.TB, s *store.Store) *delivery.RelayBook {
	return &delivery.RelayBook{Store: s, Secrets: sealer(t), Now: s.Now}
}

func relayNamed(name string) delivery.Relay {
	return delivery.Relay{Name: name, Kind: delivery.KindSMTP, Config: delivery.RelayConfig{Host: "mail.example.org", Port: 587, Username: "news"}}
}

func TestRelaysAreKeptWhole(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		b := relayBook(t, s)
		r := relayNamed("main")
		r.Config.Auth, r.Config.Helo, r.Config.Connections, r.Config.TLS = "plain", "news.example.org", 7, delivery.TLSImplicit
		r.Config.Headers = []delivery.Header{{Name: "X-Stream", Value: "broadcast"}}
		r.SenderMode, r.BounceAddress = delivery.SenderPlus, "bounces@example.org"
		r.MailsPerConnection, r.MinutesPerConnection, r.PacePerMinute, r.DailyCap, r.Weight = 100, 5, 600, 20_000, 3
		r.SenderDomains = []string{"example.org", "example.net"}
		r.Warmup = delivery.Warmup{From: time.Date(2027, 3, 1, 0, 0, 0, 0, time.UTC), Limits: []int{50, 100}}
		added, err := b.Add(ctx, "test", r, delivery.Credentials{Password: canary})
		if err != nil {
			t.Fatal(err)
		}
		want, err := added.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range []string{"main", added.ID.String()} {
			found := must[delivery.Relay](t)(b.Find(ctx, ref))
			got := must[[]byte](t)(found.MarshalJSON())
			if string(got) != string(want) || found.Config.Password != "" {
				t.Errorf("found by %s:\n%s\nwant\n%s", ref, got, want)
			}
		}
		ready := must[[]delivery.Relay](t)(b.Ready(ctx))
		if len(ready) != 1 || ready[0].Config.Password != canary || ready[0].Config.Name != "main" || ready[0].Config.Connections != 7 {
			t.Errorf("ready: %+v", ready)
		}
		if _, err := b.Add(ctx, "test", relayNamed("main"), delivery.Credentials{Password: "x"}); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), `"main" already`) {
			t.Errorf("a second of that name: %v", err)
		}
		if _, err := b.Find(ctx, "mian"); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), `did you mean "main"`) {
			t.Errorf("a name nearby: %v", err)
		}
		if got := storetest.Column[string](t, s, `SELECT action FROM audit_log WHERE kind = 'relay' ORDER BY id`); len(got) != 1 || got[0] != "added" {
			t.Errorf("audit log %v", got)
		}
	})
}

func TestRelayChangesAreCompareAndSet(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		b := relayBook(t, s)
		r, err := b.Add(ctx, "test", relayNamed("main"), delivery.Credentials{Password: canary})
		if err != nil {
			t.Fatal(err)
		}
		mine, theirs := r, r
		mine.Weight, theirs.Weight = 5, 9
		if _, err := b.Change(ctx, "test", theirs, nil); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Change(ctx, "test", mine, nil); !errs.Is(err, errs.Conflict) {
			t.Errorf("the slower one got %v", err)
		}
		ready := must[[]delivery.Relay](t)(b.Ready(ctx))
		if ready[0].Weight != 9 || ready[0].Config.Password != canary {
			t.Errorf("weight %d; the password must outlive a change", ready[0].Weight)
		}
		moved := must[delivery.Relay](t)(b.Find(ctx, "main"))
		moved.Config.Host = "mail.example.net"
		if _, err := b.Change(ctx, "test", moved, nil); !errs.Is(err, errs.Invalid) || !strings.HasPrefix(err.Error(), "password:") {
			t.Errorf("the password went to another host: %v", err)
		}
		if _, err := b.Change(ctx, "test", moved, &delivery.Credentials{Password: "other"}); err != nil {
			t.Error(err)
		}
		if _, err := b.Pause(ctx, "test", "main"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Pause(ctx, "test", "main"); !errs.Is(err, errs.Conflict) {
			t.Errorf("paused twice: %v", err)
		}
		if ready := must[[]delivery.Relay](t)(b.Ready(ctx)); len(ready) != 0 {
			t.Error("a paused relay is ready")
		}
		if back, err := b.Resume(ctx, "test", "main"); err != nil || back.State != delivery.RelayActive {
			t.Errorf("resumed: %v", err)
		}
		if _, err := b.Remove(ctx, "test", "main"); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Remove(ctx, "test", r.ID.String()); !errs.Is(err, errs.NotFound) {
			t.Errorf("removed twice: %v", err)
		}
		got := storetest.Column[string](t, s, `SELECT action FROM audit_log WHERE kind = 'relay' ORDER BY id`)
		if want := "added changed changed paused resumed removed"; strings.Join(got, " ") != want {
			t.Errorf("audit log %v, want %s", got, want)
		}
	})
}

func TestTroubleKeepsItsFirstTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		b := relayBook(t, s)
		r, err := b.Add(ctx, "test", relayNamed("main"), delivery.Credentials{Password: canary})
		if err != nil {
			t.Fatal(err)
		}
		first := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
		for i, step := range []struct {
			text string
			want time.Time
		}{{"no connection", first}, {"wrong password", first}, {"", time.Time{}}, {"", time.Time{}}, {"again", first.Add(4 * time.Hour)}} {
			if err := s.NoteTrouble(ctx, r.ID, step.text, first.Add(time.Duration(i)*time.Hour)); err != nil {
				t.Fatal(err)
			}
			got := must[delivery.Relay](t)(b.Find(ctx, "main"))
			if got.Trouble != step.text || !got.TroubleAt.Equal(step.want) || !got.UpdatedAt.Equal(r.UpdatedAt) {
				t.Errorf("step %d: %q since %s, updated %s", i, got.Trouble, got.TroubleAt, got.UpdatedAt)
			}
		}
	})
}

// TestSecretsAreNotInTheDatabase looks for a canary in every octet that the
// database keeps, private keys of DKIM included.
func TestSecretsAreNotInTheDatabase(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		b := relayBook(t, s)
		r := relayNamed("main")
		r.Config.Auth = "xoauth2"
		oauth := delivery.OAuth{TokenURL: "https://login.example.org/token", ClientID: "postrider", ClientSecret: canary, RefreshToken: canary}
		if _, err := b.Add(ctx, "test", r, delivery.Credentials{OAuth: oauth}); err != nil {
			t.Fatal(err)
		}
		if _, err := b.Add(ctx, "test", relayNamed("second"), delivery.Credentials{Password: canary}); err != nil {
			t.Fatal(err)
		}
		ring := keyRing(t, s)
		if _, err := ring.Make(ctx, "test", "example.org", "s1"); err != nil {
			t.Fatal(err)
		}
		var dump []byte
		if s.Path() != "" {
			files, err := filepath.Glob(s.Path() + "*")
			if err != nil || len(files) == 0 {
				t.Fatalf("no files of the database: %v", err)
			}
			for _, f := range files {
				dump = append(dump, must[[]byte](t)(os.ReadFile(f))...)
			}
		} else {
			for _, table := range []string{"relays", "dkim_keys", "audit_log", "relay_days", "installation"} {
				dump = append(dump, strings.Join(storetest.Column[string](t, s, `SELECT CAST(x AS TEXT) FROM `+table+` x`), "\n")...)
			}
		}
		if !bytes.Contains(dump, []byte("mail.example.org")) || !bytes.Contains(dump, []byte("_domainkey")) {
			t.Fatal("the dump does not have what is not secret: does this test look in the right place?")
		}
		for _, secret := range []string{canary, "MIIEv", "MC4CAQ"} { // the heads of PKCS #8 keys in base64
			if n := bytes.Count(dump, []byte(secret)); n > 0 {
				t.Errorf("%q is in the database %d times", secret, n)
			}
		}
	})
}
