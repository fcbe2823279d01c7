package delivery_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/delivery/mailer"
	"postrider/internal/smtptest"
	"postrider/internal/tokens"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// office is an installation with readers, ready to publish and send.
type office struct {
	*store.Store
	desk     *campaigns.Desk
	registry *subscribers.Registry
	keys     tokens.Keys
}

func furnish(t testing.TB, s *store.Store, emails ...string) *office {
	t.Helper()
	keys, err := tokens.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	library := &recaps.Library{Store: s, Now: time.Now}
	o := &office{Store: s, keys: keys, registry: &subscribers.Registry{Store: s, Now: time.Now},
		desk: &campaigns.Desk{Store: s, Library: library, Office: &organisation.Office{Store: s, Now: time.Now}, BaseURL: "https://news.org.example", Now: s.Now}}
	var csv strings.Builder
	csv.WriteString("email\n" + strings.Join(emails, "\n") + "\n")
	if _, err := o.registry.Import(t.Context(), strings.NewReader(csv.String()), subscribers.ImportOptions{Actor: "test", Lists: []string{"news"}, Create: true}); err != nil {
		t.Fatal(err)
	}
	return o
}

func readers(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprintf("reader%04d@example.org", i)
	}
	return out
}

// publish opens an edition of the sample recap, due now.
func (o *office) publish(t testing.TB) campaigns.Edition {
	t.Helper()
	saved, err := (&recaps.Library{Store: o.Store, Now: time.Now}).Keep(t.Context(), "test", recaps.Sample(), "sample")
	if err != nil {
		t.Fatal(err)
	}
	e, err := o.desk.Publish(t.Context(), "test", campaigns.Publication{Recap: saved, ListNames: []string{"news"}, Sender: "News <news@org.example>"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// mailServer is where a courier sends to.
type mailServer interface {
	Host() string
	Port() int
}

func (o *office) courier(relay mailServer, connections int) *delivery.Courier {
	return o.courierOf(delivery.Relay{State: delivery.RelayActive, Config: configOf(relay, connections)})
}

func configOf(relay mailServer, connections int) delivery.RelayConfig {
	return delivery.RelayConfig{Name: "test", Host: relay.Host(), Port: relay.Port(), TLS: delivery.TLSNone, Connections: connections}
}

func (o *office) courierOf(relays ...delivery.Relay) *delivery.Courier {
	return &delivery.Courier{
		Ledger: o.Store, Desk: o.desk, Mailer: mailer.New(mailer.Options{}), Keys: o.keys, Now: o.Now, Node: "test",
		Relays: func(context.Context) ([]delivery.Relay, error) { return relays, nil },
		Log:    slog.New(slog.DiscardHandler),
	}
}

// run sends until the edition is in one of these states, or standing says so.
func (o *office) run(t *testing.T, c *delivery.Courier, id campaigns.EditionID, until func(campaigns.Edition, delivery.Figures) bool) (campaigns.Edition, delivery.Figures) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 60*time.Second)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	for {
		e, f := o.look(t, id)
		if until(e, f) {
			break
		}
		if ctx.Err() != nil {
			t.Fatalf("after 60 s the edition is %s (%s) with %+v", e.State, e.Reason, f)
		}
		time.Sleep(5 * time.Millisecond) // polling a real database; the deadline is ctx's
	}
	stop()
	if err := <-ended; err != nil {
		t.Fatalf("the courier ended with %v", err)
	}
	return o.look(t, id)
}

func (o *office) look(t *testing.T, id campaigns.EditionID) (campaigns.Edition, delivery.Figures) {
	t.Helper()
	e, err := o.Edition(context.Background(), id.String())
	if err != nil {
		t.Fatal(err)
	}
	f, err := o.Figures(context.Background(), id)
	if err != nil {
		t.Fatal(err)
	}
	return e, f
}

func sent(e campaigns.Edition, _ delivery.Figures) bool { return e.State == campaigns.Sent }
func held(e campaigns.Edition, _ delivery.Figures) bool { return e.State == campaigns.Held }

func TestEveryReaderGetsTheEditionOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, readers(500)...)
		relay := smtptest.Start(t, "")
		e := o.publish(t)
		_, f := o.run(t, o.courier(relay, 8), e.ID, sent)
		if f.Accepted != 500 || f.Audience != 500 {
			t.Errorf("figures are %+v; want 500 of 500 accepted", f)
		}
		wantOnceEach(t, relay, 500)
		rows, err := s.Recipients(t.Context(), e.ID, delivery.Accepted, 0, 1000)
		if err != nil || len(rows) != 500 {
			t.Fatalf("the ledger has %d accepted rows, %v", len(rows), err)
		}
		for _, r := range rows {
			if r.Code != 250 || r.Attempts != 1 || r.Relay != "test" || r.Text == "" {
				t.Fatalf("an accepted row is %+v; it should keep the relay's 250", r)
			}
		}
	})
}

func wantOnceEach(t *testing.T, relay *smtptest.Server, n int) {
	t.Helper()
	seen := map[string]int{}
	for _, m := range relay.Accepted() {
		seen[m.To]++
	}
	if len(seen) != n {
		t.Errorf("%d addresses got mail, want %d", len(seen), n)
	}
	for to, times := range seen {
		if times != 1 {
			t.Errorf("%s got %d mails", to, times)
		}
	}
	for _, fault := range relay.Faults() {
		t.Errorf("on the wire: %s", fault)
	}
}

func TestAnswersDecideTheRow(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, script string
		state        delivery.State
		code         int
		address      subscribers.AddressState
		mails        int // that the relay kept
	}{
		{"unknown user", "RCPT ada@example.org -> 550 5.1.1 no such user", delivery.Refused, 550, subscribers.AddressBounced, 0},
		{"unknown user in words", "RCPT ada@example.org -> 550 User unknown", delivery.Refused, 550, subscribers.AddressBounced, 0},
		{"mailbox full", "RCPT ada@example.org -> 552 5.2.2 mailbox full", delivery.Refused, 552, subscribers.AddressOK, 0},
		{"busy", "RCPT ada@example.org -> 451 4.2.1 busy", delivery.Deferred, 451, subscribers.AddressOK, 0},
		{"greylisted after the dot", "DOT -> 451 4.7.1 try later", delivery.Deferred, 451, subscribers.AddressOK, 0},
		{"policy", "RCPT ada@example.org -> 550 5.7.1 sender not welcome", delivery.Deferred, 550, subscribers.AddressOK, 0},
		{"sender refused", "MAIL -> 553 5.1.8 your domain does not exist", delivery.Deferred, 553, subscribers.AddressOK, 0},
		{"lost after the dot", "DOT -> drop", delivery.Unknown, 0, subscribers.AddressOK, 0},
		{"taken, then lost", "DOT -> drop-after-250", delivery.Unknown, 0, subscribers.AddressOK, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := storetest.Open(t, storetest.SQLite(t), store.Options{})
			o := furnish(t, s, "ada@example.org")
			relay := smtptest.Start(t, c.script)
			e := o.publish(t)
			o.run(t, o.courier(relay, 1), e.ID, func(_ campaigns.Edition, f delivery.Figures) bool {
				return f.Audience == 1 && f.Of(c.state) == 1
			})
			rows, err := s.Recipients(t.Context(), e.ID, "", 0, 10)
			if err != nil || len(rows) != 1 {
				t.Fatalf("the ledger has %d rows, %v", len(rows), err)
			}
			if rows[0].State != c.state || rows[0].Code != c.code {
				t.Errorf("the row is %+v; want %s with code %d", rows[0], c.state, c.code)
			}
			who, err := o.registry.Find(t.Context(), "ada@example.org")
			if err != nil || who.AddressState != c.address {
				t.Errorf("the address is %q, %v; want %q", who.AddressState, err, c.address)
			}
			if got := len(relay.Accepted()); got != c.mails {
				t.Errorf("the relay kept %d mails, want %d", got, c.mails)
			}
		})
	}
}

func TestLostBeforeTheDotIsTriedAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, "ada@example.org")
		relay := smtptest.Start(t, "DATA -> drop\nDATA -> rst\nDATA -> ok")
		e := o.publish(t)
		_, f := o.run(t, o.courier(relay, 1), e.ID, sent)
		if f.Accepted != 1 {
			t.Errorf("figures are %+v, want the mail accepted at the third try", f)
		}
		wantOnceEach(t, relay, 1)
	})
}

func TestAnswersAboutUsHoldTheEdition(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(50)...)
	relay := smtptest.Start(t, "RCPT * -> 550 5.7.1 your mail is not welcome here")
	e := o.publish(t)
	got, f := o.run(t, o.courier(relay, 2), e.ID, held)
	if got.HeldCause != campaigns.CauseAnswers || !strings.Contains(got.Reason, "not welcome") {
		t.Errorf("held because of %q: %q; want the relay's words", got.HeldCause, got.Reason)
	}
	if f.Refused != 0 || f.Queued+f.Deferred != 50 {
		t.Errorf("figures are %+v; answers about us must refuse nobody", f)
	}
}

func TestTwentyRefusalsThatNobodyCanReadHoldTheEdition(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(60)...)
	relay := smtptest.Start(t, "RCPT * -> 550 no")
	e := o.publish(t)
	got, f := o.run(t, o.courier(relay, 1), e.ID, held)
	if got.HeldCause != campaigns.CauseAnswers || f.Refused < 20 || f.Refused > 22 || f.Queued+f.Refused != 60 {
		t.Errorf("held because of %q with %+v; want it held after 20 of 60", got.HeldCause, f)
	}
}

func TestQuotaUsedUpHoldsAtOnceAndRefusesNobody(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(30)...)
	relay := smtptest.Start(t, "DOT -> 550 5.4.5 Daily user sending limit exceeded")
	e := o.publish(t)
	got, f := o.run(t, o.courier(relay, 1), e.ID, held)
	if got.HeldCause != campaigns.CauseRelay || f.Refused != 0 || f.Queued+f.Deferred != 30 {
		t.Errorf("held because of %q (%s) with %+v; a used-up quota refuses nobody", got.HeldCause, got.Reason, f)
	}
}

func TestWrongPasswordHoldsAndRefusesNobody(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(20)...)
	relay := smtptest.Start(t, "", smtptest.Auth("news", "right", "PLAIN"), smtptest.STARTTLS(smtptest.Valid))
	e := o.publish(t)
	config := configOf(relay, 2)
	config.TLS, config.Username, config.Password = delivery.TLSRequired, "news", "wrong"
	c := o.courierOf(delivery.Relay{State: delivery.RelayActive, Config: config})
	c.Mailer = mailer.New(mailer.Options{RootCAs: relay.Roots()})
	got, f := o.run(t, c, e.ID, held)
	if got.HeldCause != campaigns.CauseRelay || !strings.Contains(got.Reason, "password") {
		t.Errorf("held because of %q: %q; want the remedy", got.HeldCause, got.Reason)
	}
	if f.Queued != 20 {
		t.Errorf("figures are %+v, want all 20 waiting", f)
	}
	// Mended, it goes on by itself.
	config.Password = "right"
	c = o.courierOf(delivery.Relay{State: delivery.RelayActive, Config: config})
	c.Mailer = mailer.New(mailer.Options{RootCAs: relay.Roots()})
	_, f = o.run(t, c, e.ID, sent)
	if f.Accepted != 20 {
		t.Errorf("after mending the password: %+v", f)
	}
}

func TestUnsubscribedWhileWaitingGetsNoMail(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, readers(30)...)
		relay := smtptest.Start(t, "MAIL -> 250 2.1.0 ok\nRCPT * -> 250 2.1.5 ok\nDOT -> hang")
		e := o.publish(t)
		c := o.courier(relay, 1)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		relay.WaitText(1) // the first is on the wire, the rest is leased or queued
		for _, f := o.look(t, e.ID); f.Sending == 0; _, f = o.look(t, e.ID) {
			time.Sleep(5 * time.Millisecond) // its mark A becomes durable
		}
		left := 0
		for _, email := range readers(30) {
			who, err := o.registry.Find(t.Context(), email)
			if err != nil {
				t.Fatal(err)
			}
			if err := o.registry.UnsubscribeEdition(t.Context(), int64(e.ID), who.ID, subscribers.Sign{Actor: "reader", Source: "one-click"}); err != nil {
				t.Fatal(err)
			}
			left++
		}
		_, f := o.look(t, e.ID)
		if f.Suppressed != 29 || f.Sending != 1 {
			t.Errorf("after %d unsubscribed: %+v; want 29 withdrawn, 1 beyond recall", left, f)
		}
		stop()
		relay.Close()
		<-ended
	})
}

func TestStopDrainsAndTheNextRunGoesOn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, readers(400)...)
		relay := smtptest.Start(t, "")
		e := o.publish(t)
		_, f := o.run(t, o.courier(relay, 4), e.ID, func(_ campaigns.Edition, f delivery.Figures) bool { return f.Accepted >= 100 })
		if f.Leased+f.Sending+f.Unknown != 0 || f.Accepted+f.Queued != 400 {
			t.Errorf("after a clean stop: %+v; want only accepted and queued", f)
		}
		_, f = o.run(t, o.courier(relay, 4), e.ID, sent)
		if f.Accepted != 400 {
			t.Errorf("after going on: %+v", f)
		}
		wantOnceEach(t, relay, 400)
	})
}

func TestPauseStopsAndResumeGoesOn(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(300)...)
	relay := smtptest.Start(t, "")
	e := o.publish(t)
	c := o.courier(relay, 2)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	relay.Wait(20)
	now, _ := o.look(t, e.ID)
	if err := o.desk.Pause(t.Context(), "test", now); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for {
		_, f := o.look(t, e.ID)
		if f.Leased+f.Sending == 0 {
			if f.Accepted+f.Queued != 300 {
				t.Errorf("paused: %+v", f)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("after 10 s of pause: %+v", f)
		}
		time.Sleep(5 * time.Millisecond) // polling a real database
	}
	now, _ = o.look(t, e.ID)
	if err := o.desk.Resume(t.Context(), "test", now); err != nil {
		t.Fatal(err)
	}
	relay.Wait(300)
	stop()
	<-ended
	wantOnceEach(t, relay, 300)
}

func TestCancelledEditionMailsNobodyElse(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(300)...)
	relay := smtptest.Start(t, "")
	e := o.publish(t)
	c := o.courier(relay, 2)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	relay.Wait(20)
	now, _ := o.look(t, e.ID)
	if err := o.desk.Cancel(t.Context(), "test", now); err != nil {
		t.Fatal(err)
	}
	stop()
	<-ended
	_, f := o.look(t, e.ID)
	if f.Waiting() != 0 || f.Accepted+f.Cancelled != 300 || f.Cancelled == 0 {
		t.Errorf("cancelled: %+v", f)
	}
	if got := len(relay.Accepted()); got != f.Accepted {
		t.Errorf("the relay kept %d mails, the ledger says %d", got, f.Accepted)
	}
}
