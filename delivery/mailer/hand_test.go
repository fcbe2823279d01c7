package mailer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/internal/smtptest"
)

const message = "Subject: x\r\n\r\nHello\r\n"

func relayFor(s *smtptest.Server) delivery.RelayConfig {
	return delivery.RelayConfig{Host: s.Host(), Port: s.Port(), TLS: delivery.TLSNone, Helo: "client.example", DialTimeout: 5 * time.Second, ReplyTimeout: 5 * time.Second}
}

func dial(t testing.TB, ctx context.Context, m *Mailer, relay delivery.RelayConfig) delivery.Conn {
	t.Helper()
	c, err := m.Dial(ctx, relay)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func marked(err error) func() <-chan error {
	return func() <-chan error {
		c := make(chan error, 1)
		c <- err
		return c
	}
}

func to(address string) delivery.Envelope {
	return delivery.Envelope{From: "bounce+7@org.example", To: address}
}

// bothPaths runs a test over a relay that offers PIPELINING, one that does not,
// and one that does for a Mailer that must not use it.
func bothPaths(t *testing.T, f func(t *testing.T, start func(script string, opts ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig))) {
	for _, path := range []string{"pipelined", "plain", "not wanted"} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			f(t, func(script string, opts ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig) {
				if path == "plain" {
					opts = append(opts, smtptest.Without("PIPELINING"))
				}
				s := smtptest.Start(t, script, opts...)
				relay := relayFor(s)
				relay.NoPipelining = path == "not wanted"
				return s, relay
			})
		})
	}
}

type fault struct {
	name, script string
	stage        delivery.Stage
	code         int
	enhanced     string
	text         string // part of it
	lost         bool
	accepted     int  // messages that the relay really has
	usable       bool // another mail may follow
	unnoticed    bool // without pipelining the connection seems usable still
}

var faults = []fault{
	{name: "accepted", stage: "dot", code: 250, enhanced: "2.0.0", text: "queued as 1-21", accepted: 1, usable: true},
	{name: "421 at MAIL", script: "MAIL -> 421 4.3.2 closing; drop", stage: "mail", code: 421, enhanced: "4.3.2"},
	{name: "451 at MAIL", script: "MAIL -> 451 4.3.0 later", stage: "mail", code: 451, enhanced: "4.3.0", usable: true},
	{name: "550 at MAIL", script: "MAIL -> 550 5.7.1 not you", stage: "mail", code: 550, enhanced: "5.7.1", text: "not you", usable: true},
	{name: "552 size at MAIL", script: "MAIL -> 552 5.3.4 too big", stage: "mail", code: 552, enhanced: "5.3.4", usable: true},
	{name: "354 at MAIL", script: "MAIL -> 354 what", stage: "mail", lost: true},
	{name: "no SMTP at MAIL", script: "MAIL -> flood 20; 250 x; drop", stage: "mail", lost: true},
	{name: "drop at MAIL", script: "MAIL -> drop", stage: "mail", lost: true},
	{name: "reset at MAIL", script: "MAIL -> rst", stage: "mail", lost: true},
	{name: "half reply to MAIL", script: "MAIL -> half", stage: "mail", lost: true},
	{name: "250 to MAIL, then gone", script: "MAIL -> 250 ok; drop", stage: "rcpt", lost: true},
	{name: "421 at RCPT", script: "RCPT -> 421 4.7.0 slow down; drop", stage: "rcpt", code: 421, enhanced: "4.7.0"},
	{name: "450 at RCPT", script: "RCPT -> 450 4.2.0 greylisted", stage: "rcpt", code: 450, enhanced: "4.2.0", usable: true},
	{name: "451 at RCPT", script: "RCPT -> 451 4.2.1 busy", stage: "rcpt", code: 451, enhanced: "4.2.1", usable: true},
	{name: "452 at RCPT", script: "RCPT -> 452 4.2.2 full", stage: "rcpt", code: 452, enhanced: "4.2.2", usable: true},
	{name: "550 5.1.1 at RCPT", script: "RCPT -> 550 5.1.1 no such user", stage: "rcpt", code: 550, enhanced: "5.1.1", text: "no such user", usable: true},
	{name: "550 5.7.1 at RCPT", script: "RCPT -> 550 5.7.1 blocked", stage: "rcpt", code: 550, enhanced: "5.7.1", usable: true},
	{name: "550 in many lines", script: `RCPT -> 550 5.1.1 no\n5.1.1 such\n5.1.1 user`, stage: "rcpt", code: 550, enhanced: "5.1.1", text: "no such user", usable: true},
	{name: "550 without an enhanced code", script: "RCPT -> 550 who?", stage: "rcpt", code: 550, text: "who?", usable: true},
	{name: "251 at RCPT", script: "RCPT -> 251 2.1.5 will forward", stage: "dot", code: 250, enhanced: "2.0.0", accepted: 1, usable: true},
	{name: "550 at RCPT, then gone", script: "RCPT -> 550 5.1.1 no; drop", stage: "rcpt", code: 550, enhanced: "5.1.1", unnoticed: true},
	{name: "550 at RCPT, then silence", script: "RCPT -> 550 5.1.1 no; hang", stage: "rcpt", code: 550, enhanced: "5.1.1", unnoticed: true},
	{name: "drop at RCPT", script: "RCPT -> drop", stage: "rcpt", lost: true},
	{name: "silence at RCPT", script: "RCPT -> hang", stage: "rcpt", lost: true},
	{name: "one octet at a time", script: "RCPT -> slow 100ms", stage: "rcpt", lost: true},
	{name: "reply without end", script: "RCPT -> flood 100000", stage: "rcpt", lost: true},
	{name: "reply of too many lines", script: "RCPT -> 250 a" + strings.Repeat(`\na`, 150), stage: "rcpt", lost: true},
	{name: "451 at DATA", script: "DATA -> 451 4.3.0 later", stage: "data", code: 451, enhanced: "4.3.0", usable: true},
	{name: "554 at DATA", script: "DATA -> 554 5.5.1 no", stage: "data", code: 554, enhanced: "5.5.1", usable: true},
	{name: "250 at DATA", script: "DATA -> 250 fine", stage: "data", lost: true},
	{name: "drop at DATA", script: "DATA -> drop", stage: "data", lost: true},
	{name: "354, then gone", script: "DATA -> 354 go; drop", lost: true}, // at body or dot, see below
	{name: "421 at the dot", script: "DOT -> 421 4.3.2 closing; drop", stage: "dot", code: 421, enhanced: "4.3.2"},
	{name: "451 at the dot", script: "DOT -> 451 4.3.0 later", stage: "dot", code: 451, enhanced: "4.3.0", usable: true},
	{name: "552 at the dot", script: "DOT -> 552 5.3.4 too big", stage: "dot", code: 552, enhanced: "5.3.4", usable: true},
	{name: "554 at the dot", script: "DOT -> 554 5.7.1 spam", stage: "dot", code: 554, enhanced: "5.7.1", usable: true},
	{name: "354 at the dot", script: "DOT -> 354 what", stage: "dot", lost: true},
	{name: "drop at the dot", script: "DOT -> drop", stage: "dot", lost: true},
	{name: "accepted, but gone", script: "DOT -> drop-after-250", stage: "dot", lost: true, accepted: 1},
	{name: "accepted, half a reply", script: "DOT -> half-after-250", stage: "dot", lost: true, accepted: 1},
	{name: "accepted, but reset", script: "DOT -> accept; rst", stage: "dot", lost: true, accepted: 1},
	{name: "silence at the dot", script: "DOT -> accept; hang", stage: "dot", lost: true, accepted: 1},
	{name: "250, then gone", script: "DOT -> ok; drop", stage: "dot", code: 250, enhanced: "2.0.0", accepted: 1, usable: true},
	{name: "250 in many lines", script: `DOT -> 250 2.0.0 ok\n2.0.0 id 5`, stage: "dot", code: 250, enhanced: "2.0.0", text: "ok id 5", accepted: 1, usable: true},
	{name: "250 twice", script: "DOT -> 250 2.0.0 ok; 250 2.0.0 ok", stage: "dot", code: 250, enhanced: "2.0.0", accepted: 1},
}

func TestFaultsBecomeAnswers(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			bothPaths(t, func(t *testing.T, start func(string, ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig)) {
				s, relay := start(f.script)
				relay.ReplyTimeout = 400 * time.Millisecond
				c := dial(t, t.Context(), New(Options{DotTimeout: 400 * time.Millisecond}), relay)
				begun := 0
				a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), func() <-chan error { begun++; return marked(nil)() })
				checkAnswer(t, f, a)
				if begun != 1 {
					t.Errorf("mark A was asked for %d times", begun)
				}
				if c.Usable() != f.usable && !f.unnoticed {
					t.Errorf("usable %v, want %v", c.Usable(), f.usable)
				}
				if err := c.Close(); err != nil || c.Usable() || c.Close() != nil {
					t.Errorf("Close: %v, usable %v", err, c.Usable())
				}
				s.Close()
				if n := len(s.Accepted()); n != f.accepted {
					t.Errorf("the relay has %d messages, want %d", n, f.accepted)
				}
				quit := slices.Contains(s.Commands(), "QUIT")
				gone := strings.Contains(f.script, "drop") || strings.Contains(f.script, "hang")
				if quit != f.usable && !gone {
					t.Errorf("QUIT said: %v; commands %q", quit, s.Commands())
				}
			})
		})
	}
}

func checkAnswer(t *testing.T, f fault, a delivery.Answer) {
	t.Helper()
	if f.stage == "" && (a.Stage == delivery.StageBody || a.Stage == delivery.StageDot) {
		f.stage = a.Stage // how much is written before the loss is noticed is chance
	}
	if a.Stage != f.stage || a.Reply.Code != f.code || a.Reply.Enhanced != f.enhanced || a.Lost != f.lost || !strings.Contains(a.Reply.Text, f.text) {
		t.Errorf("answer %+v, want %+v", a, f)
	}
	if (a.Err != nil) != f.lost {
		t.Errorf("lost %v with the error %v", a.Lost, a.Err)
	}
}

func TestRefusedMailsDoNotStopTheNext(t *testing.T) {
	t.Parallel()
	bothPaths(t, func(t *testing.T, start func(string, ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig)) {
		s, relay := start(`
			MAIL -> 451 4.3.0 once
			MAIL -> 250
			RCPT bob@example.org -> 550 5.1.1 no
			DATA eve@example.org -> 451 4.3.0 no
			DOT  dan@example.org -> 554 5.7.1 spam
		`)
		c := dial(t, t.Context(), New(Options{}), relay)
		var got []string
		for _, name := range []string{"ada", "bob", "ada", "eve", "bob", "dan", "ada"} {
			a := c.Hand(t.Context(), to(name+"@example.org"), delivery.Octets(message), marked(nil))
			got = append(got, fmt.Sprint(a.Stage, " ", a.Reply.Code))
		}
		want := []string{"mail 451", "rcpt 550", "dot 250", "data 451", "rcpt 550", "dot 554", "dot 250"}
		if !slices.Equal(got, want) || !c.Usable() {
			t.Errorf("got %q, want %q", got, want)
		}
		if m := s.Wait(2); len(m) != 2 || m[0].To != "ada@example.org" || m[1].To != "ada@example.org" || string(m[1].Data) != message || m[1].From != "bounce+7@org.example" {
			t.Errorf("accepted %+v", m)
		}
		if n := s.Connections(); n != 1 {
			t.Errorf("%d connections", n)
		}
	})
}

func TestEagerRelayGetsNothing(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "RCPT -> 550 5.1.1 no", smtptest.EagerData())
	c := dial(t, t.Context(), New(Options{}), relayFor(s))
	a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), marked(nil))
	if a.Stage != delivery.StageRcpt || a.Reply.Code != 550 || a.Lost || c.Usable() {
		t.Errorf("answer %+v, usable %v", a, c.Usable())
	}
	s.WaitClosed()
	if n := len(s.Accepted()); n != 0 {
		t.Errorf("the relay has %d messages", n)
	}
}

func TestPipelinedEnvelopeIsOneWrite(t *testing.T) {
	t.Parallel()
	// The relay answers nothing to MAIL, and yet RCPT and DATA are there.
	s := smtptest.Start(t, "MAIL -> wait 50ms; ok", smtptest.Offer("SIZE 1000000"))
	c := dial(t, t.Context(), New(Options{}), relayFor(s))
	if a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), marked(nil)); a.Reply.Code != 250 {
		t.Fatalf("answer %+v", a)
	}
	want := []string{"EHLO client.example", "MAIL FROM:<bounce+7@org.example> SIZE=21", "RCPT TO:<ada@example.org>", "DATA"}
	if got := s.Commands(); !slices.Equal(got, want) {
		t.Errorf("commands %q, want %q", got, want)
	}
}

func TestNoMarkNoMail(t *testing.T) {
	t.Parallel()
	bothPaths(t, func(t *testing.T, start func(string, ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig)) {
		s, relay := start("")
		c := dial(t, t.Context(), New(Options{}), relay)
		fenced := errors.New("somebody else has the row")
		a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), marked(fenced))
		if a.Stage != delivery.StageBody || !a.Lost || !errors.Is(a.Err, fenced) || c.Usable() {
			t.Errorf("answer %+v, usable %v", a, c.Usable())
		}
		s.WaitClosed()
		if n := len(s.Accepted()); n != 0 {
			t.Errorf("the relay has %d messages", n)
		}
		if slices.ContainsFunc(s.Commands(), func(c string) bool { return c == "QUIT" || c == "RSET" }) {
			t.Errorf("commands %q", s.Commands())
		}
	})
}

func TestDotWaitsForTheMark(t *testing.T) {
	t.Parallel()
	bothPaths(t, func(t *testing.T, start func(string, ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig)) {
		s, relay := start("")
		c := dial(t, t.Context(), New(Options{}), relay)
		mark, answer := make(chan error), make(chan delivery.Answer)
		go func() {
			answer <- c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), func() <-chan error { return mark })
		}()
		s.WaitCommand("DATA")
		select {
		case a := <-answer:
			t.Fatalf("answer %+v before the mark", a)
		case <-time.After(50 * time.Millisecond): // long enough for a mistake to show
		}
		if n := len(s.Accepted()); n != 0 {
			t.Errorf("the relay has %d messages before the mark", n)
		}
		close(mark)
		if a := <-answer; a.Stage != delivery.StageDot || a.Reply.Code != 250 {
			t.Errorf("answer %+v", a)
		}
	})
}

func TestCancellation(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, script, until string
		stage               delivery.Stage
		mark                func() <-chan error
	}{
		{"at MAIL", "MAIL -> hang", "MAIL", delivery.StageMail, marked(nil)},
		{"while the mark is waited for", "", "text", delivery.StageBody, func() <-chan error { return make(chan error) }},
		{"after the dot", "DOT -> accept; hang", "", delivery.StageDot, marked(nil)},
	}
	for _, tt := range tests {
		for _, whose := range []string{"Hand", "Dial"} {
			t.Run(tt.name+" of "+whose, func(t *testing.T) {
				t.Parallel()
				bothPaths(t, func(t *testing.T, start func(string, ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig)) {
					s, relay := start(tt.script)
					reason := errors.New("stop now")
					ctx, cancel := context.WithCancelCause(t.Context())
					dialCtx, handCtx := ctx, t.Context()
					if whose == "Hand" {
						dialCtx, handCtx = t.Context(), ctx
					}
					c := dial(t, dialCtx, New(Options{}), relay)
					go func() {
						switch tt.until {
						case "":
							s.Wait(1)
						case "text":
							s.WaitText(1)
						default:
							s.WaitCommand(tt.until)
						}
						cancel(reason)
					}()
					mark := tt.mark
					if whose == "Dial" && tt.until == "text" {
						// Hand waits for the mark alone; the loss shows after it.
						mark = func() <-chan error {
							m := make(chan error)
							go func() { s.WaitClosed(); close(m) }()
							return m
						}
					}
					a := c.Hand(handCtx, to("ada@example.org"), delivery.Octets(message), mark)
					if a.Stage != tt.stage || !a.Lost || c.Usable() || whose == "Hand" && !errors.Is(a.Err, reason) {
						t.Errorf("answer %+v, usable %v", a, c.Usable())
					}
					s.WaitClosed()
				})
			})
		}
	}
}

func TestLostConnectionIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "MAIL -> drop")
	c := dial(t, t.Context(), New(Options{}), relayFor(s))
	for range 2 {
		begun := false
		a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), func() <-chan error { begun = true; return marked(nil)() })
		if a.Stage != delivery.StageMail || !a.Lost || !begun || c.Usable() {
			t.Errorf("answer %+v, usable %v, mark asked for %v", a, c.Usable(), begun)
		}
	}
}

func TestConnectionResetBeforeTheDotIsNotUncertain(t *testing.T) {
	t.Parallel()
	bothPaths(t, func(t *testing.T, start func(string, ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig)) {
		s, relay := start("BODY -> rst")
		c := dial(t, t.Context(), New(Options{}), relay)
		a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), func() <-chan error {
			mark := make(chan error)
			go func() { s.WaitText(1); s.WaitClosed(); close(mark) }()
			return mark
		})
		if a.Stage != delivery.StageBody || !a.Lost || c.Usable() {
			t.Errorf("answer %+v, usable %v", a, c.Usable())
		}
	})
}

// halfway is a connection that breaks when the dot is written: the kernel took
// part of it.
type halfway struct{ net.Conn }

func (h halfway) Write(b []byte) (int, error) {
	if string(b) == ".\r\n" {
		return 1, io.ErrClosedPipe
	}
	return h.Conn.Write(b)
}

func TestDotWrittenInPartIsUncertain(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "")
	c := dial(t, t.Context(), New(Options{}), relayFor(s)).(*conn)
	c.wire.Conn = halfway{c.wire.Conn}
	if a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), marked(nil)); a.Stage != delivery.StageDot || !a.Lost || c.Usable() {
		t.Errorf("answer %+v, usable %v", a, c.Usable())
	}
}

func TestUnsolicitedReplyClosesTheConnection(t *testing.T) {
	t.Parallel()
	bothPaths(t, func(t *testing.T, start func(string, ...smtptest.Option) (*smtptest.Server, delivery.RelayConfig)) {
		// A 250 right behind the 354 must not be taken for the one to the dot.
		s, relay := start("DATA -> 354 go; 250 2.0.0 thanks")
		c := dial(t, t.Context(), New(Options{}), relay)
		a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(message), marked(nil))
		if a.Stage != delivery.StageBody || !a.Lost || c.Usable() {
			t.Errorf("answer %+v, usable %v", a, c.Usable())
		}
		s.WaitClosed()
		if n := len(s.Accepted()); n != 0 {
			t.Errorf("the relay has %d messages", n)
		}
	})
}

func TestStalledTextEndsInTime(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "BODY -> stall")
	relay := relayFor(s)
	relay.ReplyTimeout = 300 * time.Millisecond
	c := dial(t, t.Context(), New(Options{}), relay)
	big := []byte("Subject: x\r\n\r\n" + strings.Repeat(strings.Repeat("x", 74)+"\r\n", 500_000))
	began := time.Now()
	a := c.Hand(t.Context(), to("ada@example.org"), delivery.Octets(big), marked(nil))
	if a.Stage != delivery.StageBody || !a.Lost || c.Usable() {
		t.Errorf("answer %+v, usable %v", a, c.Usable())
	}
	if d := time.Since(began); d < relay.ReplyTimeout {
		t.Errorf("gave up after %s already", d)
	}
}

func TestOwnRefusals(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, from, to, message string
		stage                   delivery.Stage
		code                    int
		enhanced                string
	}{
		{"recipient with parameters", "a@b.example", "b@e.example> NOTIFY=NEVER", message, "rcpt", 553, "5.1.3"},
		{"recipient with CRLF", "a@b.example", "b@e.example\r\nRSET", message, "rcpt", 553, "5.1.3"},
		{"no recipient", "a@b.example", "", message, "rcpt", 553, "5.1.3"},
		{"sender with parameters", "a@b.example> RET=FULL", "b@e.example", message, "mail", 553, "5.1.7"},
		{"recipient that needs SMTPUTF8", "a@b.example", "zoë@e.example", message, "rcpt", 553, "5.6.7"},
		{"no line end", "a@b.example", "b@e.example", "Subject: x\r\n\r\nHello", "data", 554, "5.6.0"},
		{"empty", "a@b.example", "b@e.example", "", "data", 554, "5.6.0"},
		{"bare LF", "a@b.example", "b@e.example", "Subject: x\r\n\r\nHello\nyou\r\n", "data", 554, "5.6.0"},
		{"LF first", "a@b.example", "b@e.example", "\nSubject: x\r\n", "data", 554, "5.6.0"},
		{"bare CR", "a@b.example", "b@e.example", "Subject: x\r\n\r\nHello\ryou\r\n", "data", 554, "5.6.0"},
		{"CR before CRLF", "a@b.example", "b@e.example", "Subject: x\r\n\r\nHello\r\r\n", "data", 554, "5.6.0"},
		{"NUL", "a@b.example", "b@e.example", "Subject: x\r\n\r\n\x00\r\n", "data", 554, "5.6.0"},
		{"dot", "a@b.example", "b@e.example", "Subject: x\r\n\r\n.\r\n", "data", 554, "5.6.0"},
		{"dot first", "a@b.example", "b@e.example", ".x: y\r\n", "data", 554, "5.6.0"},
		{"long line", "a@b.example", "b@e.example", strings.Repeat("x", 999) + "\r\n", "data", 554, "5.6.0"},
	}
	s := smtptest.Start(t, "", smtptest.Without("SMTPUTF8"))
	c := dial(t, t.Context(), New(Options{}), relayFor(s))
	for _, tt := range tests {
		begun := 0
		a := c.Hand(t.Context(), delivery.Envelope{From: tt.from, To: tt.to}, delivery.Octets(tt.message), func() <-chan error { begun++; return marked(nil)() })
		if a.Stage != tt.stage || a.Reply.Code != tt.code || a.Reply.Enhanced != tt.enhanced || a.Reply.Text == "" || a.Lost || !c.Usable() || begun != 1 {
			t.Errorf("%s: answer %+v, usable %v, begun %d", tt.name, a, c.Usable(), begun)
		}
	}
	if a := c.Hand(t.Context(), delivery.Envelope{To: "b@e.example"}, delivery.Octets(strings.Repeat("x", 998)+"\r\n"), marked(nil)); a.Reply.Code != 250 {
		t.Errorf("null sender, 998 octets: %+v", a)
	}
	if got := s.Commands(); len(got) != 4 || got[1] != "MAIL FROM:<>" {
		t.Errorf("commands %q", got)
	}
}

func TestSMTPUTF8IsSaidOnlyWhereItIsNeeded(t *testing.T) {
	t.Parallel()
	s := smtptest.Start(t, "")
	c := dial(t, t.Context(), New(Options{}), relayFor(s))
	for _, address := range []string{"zoë@bücher.example", "ada@bücher.example"} {
		if a := c.Hand(t.Context(), to(address), delivery.Octets(message), marked(nil)); a.Reply.Code != 250 {
			t.Fatalf("%s: %+v", address, a)
		}
	}
	got := s.Wait(2)
	if got[0].To != "zoë@xn--bcher-kva.example" || got[0].Params != "BODY=8BITMIME SMTPUTF8" || got[1].To != "ada@xn--bcher-kva.example" || got[1].Params != "" {
		t.Errorf("accepted %+v", got)
	}
}
