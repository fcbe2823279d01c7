package mailer

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/internal/smtptest"
)

// shelf is a RelayStore with one relay, for what needs no database.
type shelf struct {
	delivery.RelayStore
	relay delivery.Relay
}

func (s *shelf) AddRelay(_ context.Context, r delivery.Relay, _ audit.Entry) error {
	s.relay = r
	return nil
}

func (s *shelf) Relays(context.Context) ([]delivery.Relay, error) {
	return []delivery.Relay{s.relay}, nil
}

// check adds a relay as a person would and tests it.
func check(t *testing.T, s *smtptest.Server, change func(*delivery.Relay)) delivery.Check {
	t.Helper()
	sealer, err := secrets.New(bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	book := &delivery.RelayBook{Store: &shelf{}, Secrets: sealer, Now: time.Now}
	r := delivery.Relay{Name: "main", Kind: delivery.KindSMTP, Config: relayFor(s)}
	change(&r)
	c := delivery.Credentials{Password: r.Config.Password}
	if _, err := book.Add(t.Context(), "test", r, c); err != nil {
		t.Fatal(err)
	}
	out, err := book.Test(t.Context(), "main", New(Options{RootCAs: s.Roots()}), "news@org.example")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func steps(c delivery.Check) string {
	var out []string
	for _, s := range c.Steps {
		out = append(out, s.Name+" "+string(s.State))
	}
	return strings.Join(out, ", ")
}

func TestCheckNamesTheRemedy(t *testing.T) {
	t.Parallel()
	ada := smtptest.Auth("ada", "hunter2", "PLAIN", "SCRAM-SHA-256")
	logIn := func(r *delivery.Relay) { r.Config.Username, r.Config.Password = "ada", "hunter2" }
	for _, test := range []struct {
		name, script string
		opts         []smtptest.Option
		change       func(*delivery.Relay)
		steps        string
		says, remedy string // of the step before the last comma of steps, the first that is not ok
	}{
		{name: "all is well", opts: []smtptest.Option{smtptest.Offer("SIZE 20971520")}, steps: "connect ok, greeting ok, tls ok, log-in ok, pipelining ok, size ok, smtputf8 ok, sender ok"},
		{name: "TLS and log-in", opts: []smtptest.Option{smtptest.STARTTLS(smtptest.Valid), ada}, change: func(r *delivery.Relay) { logIn(r); r.Config.TLS = delivery.TLSRequired },
			steps: "connect ok, greeting ok, tls hint, log-in ok, pipelining ok, size ok, smtputf8 ok, sender ok", says: "TLS 1.3", remedy: "renewed"},
		{name: "implicit TLS", opts: []smtptest.Option{smtptest.ImplicitTLS(smtptest.Valid)}, change: func(r *delivery.Relay) { r.Config.TLS = delivery.TLSImplicit },
			steps: "connect ok, greeting ok, tls hint, log-in ok, pipelining ok, size ok, smtputf8 ok, sender ok", says: "until", remedy: "renewed"},
		{name: "an old server", opts: []smtptest.Option{smtptest.Without("PIPELINING"), smtptest.Without("SMTPUTF8"), smtptest.Offer("SIZE 100000")},
			steps: "connect ok, greeting ok, tls ok, log-in ok, pipelining hint, size hint, smtputf8 hint, sender ok", says: "one command at a time", remedy: "more connections"},
		{name: "not wanted", script: "CONNECT -> 554 5.7.1 go away", steps: "connect ok, greeting failed", says: "go away", remedy: "--helo"},
		{name: "silent", script: "CONNECT -> drop", steps: "connect ok, greeting failed", remedy: "--tls implicit"},
		{name: "no STARTTLS", change: func(r *delivery.Relay) { r.Config.TLS = delivery.TLSRequired }, steps: "connect ok, greeting ok, tls failed", says: "STARTTLS", remedy: "--port 465"},
		{name: "expired", opts: []smtptest.Option{smtptest.STARTTLS(smtptest.Expired)}, change: func(r *delivery.Relay) { r.Config.TLS = delivery.TLSRequired }, steps: "connect ok, greeting ok, tls failed", says: "not valid at this time", remedy: "certificate"},
		{name: "wrong name, implicit", opts: []smtptest.Option{smtptest.ImplicitTLS(smtptest.WrongName)}, change: func(r *delivery.Relay) { r.Config.TLS = delivery.TLSImplicit }, steps: "connect ok, tls failed", says: "not for 127.0.0.1", remedy: "certificate"},
		{name: "wrong password", opts: []smtptest.Option{ada}, change: func(r *delivery.Relay) { r.Config.Username, r.Config.Password = "ada", "hunter3" },
			steps: "connect ok, greeting ok, tls ok, log-in failed", says: "535", remedy: `change "main" --user NAME --password-file`},
		{name: "wrong token", opts: []smtptest.Option{smtptest.Auth("ada", "hunter2", "XOAUTH2")}, change: func(r *delivery.Relay) {
			r.Config.Username, r.Config.Password, r.Config.Auth = "ada", "hunter3", "xoauth2"
		}, steps: "connect ok, greeting ok, tls ok, log-in failed", says: "535", remedy: "--oauth-file"},
		{name: "VERP refused", script: "MAIL * -> 553 5.7.1 sender not yours", steps: "connect ok, greeting ok, tls ok, log-in ok, pipelining ok, size ok, smtputf8 ok, sender failed", says: "not yours", remedy: "--sender-mode plus"},
		{name: "plus refused", script: "MAIL * -> 553 5.7.1 no", change: func(r *delivery.Relay) {
			r.SenderMode, r.BounceAddress = delivery.SenderPlus, "b@org.example"
		}, steps: "connect ok, greeting ok, tls ok, log-in ok, pipelining ok, size ok, smtputf8 ok, sender failed", says: "no", remedy: "--sender-mode fixed"},
		{name: "gone at MAIL", script: "MAIL * -> drop", steps: "connect ok, greeting ok, tls ok, log-in ok, sender failed", remedy: "operator"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := smtptest.Start(t, test.script, test.opts...)
			change := test.change
			if change == nil {
				change = func(*delivery.Relay) {}
			}
			c := check(t, s, change)
			if got := steps(c); got != test.steps || c.OK == strings.Contains(test.steps, "failed") {
				t.Errorf("ok %v: %s\nwant %s", c.OK, got, test.steps)
			}
			if i := slices.IndexFunc(c.Steps, func(s delivery.Step) bool { return s.State != delivery.StepOK }); i >= 0 {
				if step := c.Steps[i]; !strings.Contains(step.Text, test.says) || !strings.Contains(step.Remedy, test.remedy) || step.Remedy == "" {
					t.Errorf("%s: %s → %s", step.Name, step.Text, step.Remedy)
				}
			}
			if shown := fmt.Sprintf("%+v", c); strings.Contains(shown, "hunter") {
				t.Errorf("the password is shown: %s", shown)
			}
			if n := len(s.Accepted()); n != 0 {
				t.Errorf("%d mails were sent", n)
			}
			for _, said := range s.Commands() {
				if strings.HasPrefix(said, "RCPT") || strings.HasPrefix(said, "DATA") {
					t.Errorf("it said %s", said)
				}
			}
		})
	}
}

func TestCheckOfNothing(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "")
	port := s.Port()
	s.Close()
	_, err := New(Options{}).Probe(t.Context(), delivery.RelayConfig{Host: "127.0.0.1", Port: port, TLS: delivery.TLSNone}, "")
	var trouble *delivery.Trouble
	if trouble, _ = err.(*delivery.Trouble); trouble == nil || trouble.Stage != delivery.StageConnect {
		t.Errorf("%v", err)
	}
}

// tokenSource counts.
type tokenSource struct {
	token secrets.Secret
	err   error
}

func (s *tokenSource) Token(context.Context) (secrets.Secret, error) { return s.token, s.err }

func TestAccessTokensLogIn(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "", smtptest.Auth("ada", "fresh", "XOAUTH2"))
	relay := relayFor(s)
	relay.Username, relay.Auth, relay.Token = "ada", "xoauth2", &tokenSource{token: "fresh"}
	dial(t, t.Context(), New(Options{}), relay)

	relay.Token = &tokenSource{err: errs.Forbiddenf("allow the access again")}
	_, err := New(Options{}).Dial(t.Context(), relay)
	trouble, ok := err.(*delivery.Trouble)
	if !ok || trouble.Stage != delivery.StageAuth || !strings.Contains(err.Error(), "allow the access again") || !errs.Is(err, errs.Forbidden) {
		t.Errorf("%v", err)
	}
}

func TestRelayHeadersThatAreOursAreRefused(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "")
	for _, h := range []delivery.Header{{Name: "From", Value: "x"}, {Name: "X-A", Value: "a\r\nBcc: b"}, {Name: "X A", Value: "a"}} {
		relay := relayFor(s)
		relay.Headers = []delivery.Header{h}
		if _, err := New(Options{}).Dial(t.Context(), relay); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v: %v", h, err)
		}
	}
	if s.Connections() != 0 {
		t.Error("it was dialled all the same")
	}
}
