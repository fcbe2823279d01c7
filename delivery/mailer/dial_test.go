package mailer

import (
	"context"
	"crypto/x509"
	"errors"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/smtptest"
)

func TestDialTroubles(t *testing.T) {
	t.Parallel()
	ada := func(mechanisms ...string) smtptest.Option { return smtptest.Auth("ada", "secret", mechanisms...) }
	tests := []struct {
		name, script string
		opts         []smtptest.Option
		change       func(*delivery.RelayConfig)
		stage        delivery.Stage
		code         int
		text         string
	}{
		{name: "421 at connect", script: "CONNECT -> 421 4.3.2 too many connections; drop", stage: "greet", code: 421, text: "too many"},
		{name: "554 at connect", script: "CONNECT -> 554 5.7.1 no", stage: "greet", code: 554, text: "5.7.1"},
		{name: "drop at connect", script: "CONNECT -> drop", stage: "greet", text: "EOF"},
		{name: "half a banner", script: "CONNECT -> half", stage: "greet"},
		{name: "silence", script: "CONNECT -> hang", stage: "greet", text: "did not answer"},
		{name: "slow banner", script: "CONNECT -> slow 200ms", stage: "greet", text: "did not answer"},
		{name: "banner of 10 MB", script: "CONNECT -> flood 10000000", stage: "greet", text: "64 KB"},
		{name: "EHLO refused", script: "EHLO -> 550 5.7.1 bad name", stage: "greet", code: 550, text: "bad name"},
		{name: "EHLO of 10 MB", script: "EHLO -> flood 10000000", stage: "greet", text: "64 KB"},
		{name: "drop at EHLO", script: "EHLO -> drop", stage: "greet"},
		{name: "no STARTTLS", change: func(r *delivery.RelayConfig) { r.TLS = delivery.TLSRequired }, stage: "tls", text: "does not offer STARTTLS"},
		{name: "required by default", change: func(r *delivery.RelayConfig) { r.TLS = "" }, stage: "tls", text: "does not offer STARTTLS"},
		{name: "STARTTLS refused", script: "STARTTLS -> 454 4.7.0 not now", opts: []smtptest.Option{smtptest.STARTTLS(smtptest.Valid)}, stage: "tls", code: 454, text: "not now"},
		{name: "STARTTLS, then gone", script: "STARTTLS -> drop", opts: []smtptest.Option{smtptest.STARTTLS(smtptest.Valid)}, stage: "tls"},
		{name: "STARTTLS, then silence", script: "STARTTLS -> 220 go; hang", opts: []smtptest.Option{smtptest.STARTTLS(smtptest.Valid)}, stage: "tls", text: "did not answer"},
		{name: "expired", opts: []smtptest.Option{smtptest.STARTTLS(smtptest.Expired)}, stage: "tls", text: "not valid at this time"},
		{name: "wrong name", opts: []smtptest.Option{smtptest.STARTTLS(smtptest.WrongName)}, stage: "tls", text: "not for 127.0.0.1"},
		{name: "expired, implicit", opts: []smtptest.Option{smtptest.ImplicitTLS(smtptest.Expired)}, change: func(r *delivery.RelayConfig) { r.TLS = delivery.TLSImplicit }, stage: "tls", text: "not valid at this time"},
		{name: "wrong name, implicit", opts: []smtptest.Option{smtptest.ImplicitTLS(smtptest.WrongName)}, change: func(r *delivery.RelayConfig) { r.TLS = delivery.TLSImplicit }, stage: "tls", text: "not for 127.0.0.1"},
		{name: "no TLS where it should be", opts: []smtptest.Option{smtptest.AllowFaults()}, change: func(r *delivery.RelayConfig) { r.TLS = delivery.TLSImplicit }, stage: "tls", text: "does not begin with TLS"},
		{name: "no AUTH", change: func(r *delivery.RelayConfig) { r.Username = "ada" }, stage: "auth", text: "takes no user name"},
		{name: "wrong password, plain", opts: []smtptest.Option{ada("PLAIN")}, change: func(r *delivery.RelayConfig) { r.Username, r.Password = "ada", "wrong" }, stage: "auth", code: 535, text: "5.7.8"},
		{name: "wrong password, login", opts: []smtptest.Option{ada("LOGIN")}, change: func(r *delivery.RelayConfig) { r.Username, r.Password = "ada", "wrong" }, stage: "auth", code: 535},
		{name: "wrong password, cram-md5", opts: []smtptest.Option{ada("CRAM-MD5")}, change: func(r *delivery.RelayConfig) { r.Username, r.Password = "ada", "wrong" }, stage: "auth", code: 535},
		{name: "wrong password, scram-sha-256", opts: []smtptest.Option{ada("SCRAM-SHA-256")}, change: func(r *delivery.RelayConfig) { r.Username, r.Password = "ada", "wrong" }, stage: "auth", code: 535},
		{name: "wrong token", opts: []smtptest.Option{ada("XOAUTH2")}, change: func(r *delivery.RelayConfig) { r.Username, r.Password, r.Auth = "ada", "wrong", "xoauth2" }, stage: "auth", code: 535},
		{name: "454 at AUTH", script: "AUTH -> 454 4.7.0 later", opts: []smtptest.Option{ada("PLAIN")}, change: func(r *delivery.RelayConfig) { r.Username = "ada" }, stage: "auth", code: 454},
		{name: "drop at AUTH", script: "AUTH -> drop", opts: []smtptest.Option{ada("PLAIN")}, change: func(r *delivery.RelayConfig) { r.Username = "ada" }, stage: "auth"},
		{name: "no common mechanism", opts: []smtptest.Option{ada("NTLM", "XOAUTH2")}, change: func(r *delivery.RelayConfig) { r.Username = "ada" }, stage: "auth", text: "knows only NTLM"},
		{name: "wanted mechanism missing", opts: []smtptest.Option{ada("PLAIN")}, change: func(r *delivery.RelayConfig) { r.Username, r.Auth = "ada", "scram-sha-256" }, stage: "auth", text: "it offers plain"},
		{name: "unknown mechanism", opts: []smtptest.Option{ada("PLAIN")}, change: func(r *delivery.RelayConfig) { r.Username, r.Auth = "ada", "magic" }, stage: "auth", text: "not known"},
		{name: "no such policy", change: func(r *delivery.RelayConfig) { r.TLS = "maybe" }, stage: "connect", text: "not known"},
		{name: "no such port", change: func(r *delivery.RelayConfig) { r.Port = 0 }, stage: "connect", text: "check its host and port"},
		{name: "greeting with CRLF", change: func(r *delivery.RelayConfig) { r.Helo = "x\r\nMAIL" }, stage: "connect", text: "not a domain name"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := smtptest.Start(t, tt.script, tt.opts...)
			relay := relayFor(s)
			if strings.Contains(tt.script, "hang") || strings.Contains(tt.script, "slow") {
				relay.DialTimeout = 700 * time.Millisecond
			}
			if s.Roots() != nil {
				relay.TLS = delivery.TLSRequired
			}
			if tt.change != nil {
				tt.change(&relay)
			}
			c, err := New(Options{RootCAs: s.Roots()}).Dial(t.Context(), relay)
			var trouble *delivery.Trouble
			if c != nil || !errors.As(err, &trouble) {
				t.Fatalf("got %v, %v", c, err)
			}
			if trouble.Stage != tt.stage || trouble.Reply.Code != tt.code || !strings.Contains(err.Error(), tt.text) || trouble.Err == nil {
				t.Errorf("got %+v: %v; want stage %s, code %d, %q", trouble, err, tt.stage, tt.code, tt.text)
			}
			if k := errs.KindOf(err); k != errs.Unavailable && k != errs.Invalid {
				t.Errorf("kind %s of %v", k, err)
			}
			if len(s.Accepted()) > 0 || slices.ContainsFunc(s.Commands(), func(c string) bool { return strings.HasPrefix(c, "MAIL") }) {
				t.Errorf("mail was sent: %q", s.Commands())
			}
			if !strings.Contains(tt.script, "hang") {
				s.WaitClosed()
			}
		})
	}
}

func TestDialNobody(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	_ = l.Close()
	_, err = New(Options{}).Dial(t.Context(), delivery.RelayConfig{Host: "127.0.0.1", Port: port, TLS: delivery.TLSNone})
	var trouble *delivery.Trouble
	if !errors.As(err, &trouble) || trouble.Stage != delivery.StageConnect || !strings.Contains(err.Error(), "refused") {
		t.Errorf("got %v", err)
	}
}

func TestUnknownAuthorityIsRefused(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "", smtptest.STARTTLS(smtptest.Valid))
	relay := relayFor(s)
	relay.TLS = delivery.TLSRequired
	_, err := New(Options{RootCAs: x509.NewCertPool()}).Dial(t.Context(), relay)
	var trouble *delivery.Trouble
	if !errors.As(err, &trouble) || trouble.Stage != delivery.StageTLS || !strings.Contains(err.Error(), "does not know") {
		t.Errorf("got %v", err)
	}
}

func TestNoTLSOnlyOnThisMachine(t *testing.T) {
	t.Parallel()
	address := outward(t)
	l, err := net.Listen("tcp", net.JoinHostPort(address, "0"))
	if err != nil {
		t.Skipf("refusing plain text beyond loopback was not tested: %v", err)
	}
	defer l.Close()
	_, err = New(Options{}).Dial(t.Context(), delivery.RelayConfig{Host: address, Port: l.Addr().(*net.TCPAddr).Port, TLS: delivery.TLSNone})
	var trouble *delivery.Trouble
	if !errors.As(err, &trouble) || trouble.Stage != delivery.StageTLS || !errs.Is(err, errs.Invalid) {
		t.Errorf("got %v", err)
	}
}

func outward(t *testing.T) string {
	t.Helper()
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		if ip, ok := a.(*net.IPNet); ok && ip.IP.To4() != nil && !ip.IP.IsLoopback() {
			return ip.IP.String()
		}
	}
	t.Skip("refusing plain text beyond loopback was not tested: this machine has no other address")
	return ""
}

func TestReadyConnections(t *testing.T) {
	t.Parallel()
	type test struct {
		name, auth, said string
		opts             []smtptest.Option
	}
	ada := func(mechanisms ...string) smtptest.Option { return smtptest.Auth("ada", "secret", mechanisms...) }
	tests := []test{
		{name: "no log-in"},
		{name: "plain", said: "AUTH PLAIN", opts: []smtptest.Option{ada("LOGIN", "PLAIN")}},
		{name: "login", said: "AUTH LOGIN", opts: []smtptest.Option{ada("LOGIN")}},
		{name: "cram-md5", said: "AUTH CRAM-MD5", opts: []smtptest.Option{ada("PLAIN", "CRAM-MD5")}},
		{name: "scram-sha-256", said: "AUTH SCRAM-SHA-256", opts: []smtptest.Option{ada("PLAIN", "LOGIN", "CRAM-MD5", "SCRAM-SHA-256")}},
		{name: "xoauth2", auth: "xoauth2", said: "AUTH XOAUTH2", opts: []smtptest.Option{ada("PLAIN", "XOAUTH2")}},
		{name: "the one that was asked for", auth: "login", said: "AUTH LOGIN", opts: []smtptest.Option{ada("PLAIN", "LOGIN", "SCRAM-SHA-256")}},
	}
	for _, policy := range []delivery.TLSPolicy{delivery.TLSNone, delivery.TLSRequired, delivery.TLSImplicit} {
		for _, tt := range tests {
			t.Run(string(policy)+" "+tt.name, func(t *testing.T) {
				t.Parallel()
				opts := slices.Clone(tt.opts)
				switch policy {
				case delivery.TLSRequired:
					opts = append(opts, smtptest.STARTTLS(smtptest.Valid))
				case delivery.TLSImplicit:
					opts = append(opts, smtptest.ImplicitTLS(smtptest.Valid))
				}
				s := smtptest.Start(t, "", opts...)
				relay := relayFor(s)
				relay.TLS, relay.Auth = policy, tt.auth
				if tt.said != "" {
					relay.Username, relay.Password = "ada", "secret"
				}
				c := dial(t, t.Context(), New(Options{RootCAs: s.Roots()}), relay)
				for range 2 {
					if a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), marked(nil)); a.Stage != delivery.StageDot || a.Reply.Code != 250 {
						t.Fatalf("answer %+v", a)
					}
				}
				if err := c.Close(); err != nil {
					t.Fatal(err)
				}
				s.WaitClosed()
				commands := s.Commands()
				if tt.said != "" && !slices.Contains(commands, tt.said) || commands[len(commands)-1] != "QUIT" || len(s.Accepted()) != 2 {
					t.Errorf("commands %q", commands)
				}
			})
		}
	}
}

func TestCancelledDialHangsUp(t *testing.T) {
	t.Parallel()
	for _, script := range []string{"CONNECT -> hang", "EHLO -> hang"} {
		s := smtptest.Start(t, script)
		reason := errors.New("stop now")
		ctx, cancel := context.WithCancelCause(t.Context())
		go func() {
			if script[0] == 'E' {
				s.WaitCommand("EHLO")
			}
			cancel(reason)
		}()
		_, err := New(Options{}).Dial(ctx, relayFor(s))
		var trouble *delivery.Trouble
		if !errors.As(err, &trouble) || !errors.Is(err, reason) || !errs.Is(err, errs.Unavailable) {
			t.Errorf("%s: got %v", script, err)
		}
		s.WaitClosed()
	}
}

func TestCancelledContextOfDialClosesAnIdleConnection(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "")
	ctx, cancel := context.WithCancel(t.Context())
	c := dial(t, ctx, New(Options{}), relayFor(s))
	cancel()
	s.WaitClosed()
	if a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), marked(nil)); a.Stage != delivery.StageMail || !a.Lost || c.Usable() {
		t.Errorf("answer %+v", a)
	}
}

func TestGreetingHasOneDeadline(t *testing.T) {
	t.Parallel()
	near, far := net.Pipe()
	defer far.Close()
	w, err := newWire(near, time.Now().Add(20*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range []func(time.Time) error{w.SetDeadline, w.SetReadDeadline, w.SetWriteDeadline} {
		if err := set(time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("reading: %v", err)
	}
	w.greeted()
	if err := w.SetDeadline(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = far.Write([]byte("x")) }()
	if n, err := w.Read(make([]byte, 1)); n != 1 || err != nil {
		t.Errorf("after the greeting: %d, %v", n, err)
	}
}
