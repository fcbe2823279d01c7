package delivery_test

import (
	"testing"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/audit"
	"postrider/internal/ids"
	"postrider/internal/smtptest"
	"postrider/store"
	"postrider/store/storetest"
)

func relayTo(server *smtptest.Server, name string, weight int) delivery.Relay {
	config := configOf(server, 2)
	config.Name = name
	return delivery.Relay{ID: delivery.RelayID(ids.Block(1)), Name: name, State: delivery.RelayActive, Weight: weight, Config: config}
}

func TestRelaysShareByWeight(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(400)...)
	small, big := smtptest.Start(t, ""), smtptest.Start(t, "")
	e := o.publish(t)
	_, f := o.run(t, o.courierOf(relayTo(small, "small", 1), relayTo(big, "big", 3)), e.ID, sent)
	if f.Accepted != 400 {
		t.Fatalf("figures: %+v", f)
	}
	if got := len(small.Accepted()); got < 60 || got > 140 {
		t.Errorf("the relay of weight 1 of 4 got %d of 400 mails, want about 100", got)
	}
}

func TestFailoverWhenOneRelayIsDown(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(200)...)
	down, up := smtptest.Start(t, ""), smtptest.Start(t, "")
	broken := relayTo(down, "down", 5)
	down.Close()
	e := o.publish(t)
	_, f := o.run(t, o.courierOf(broken, relayTo(up, "up", 1)), e.ID, sent)
	if f.Accepted != 200 {
		t.Errorf("figures: %+v; the working relay must take all", f)
	}
	wantOnceEach(t, up, 200)
}

func TestRelayIsChosenBySenderDomain(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(20)...)
	ours, theirs := smtptest.Start(t, ""), smtptest.Start(t, "")
	own, foreign := relayTo(ours, "ours", 1), relayTo(theirs, "theirs", 9)
	own.SenderDomains, foreign.SenderDomains = []string{"org.example"}, []string{"else.example"}
	e := o.publish(t)
	_, f := o.run(t, o.courierOf(own, foreign), e.ID, sent)
	if f.Accepted != 20 || len(theirs.Accepted()) != 0 {
		t.Errorf("figures: %+v; the relay for other senders got %d mails", f, len(theirs.Accepted()))
	}
}

func TestNoRelayForTheSenderHolds(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(5)...)
	server := smtptest.Start(t, "")
	foreign := relayTo(server, "theirs", 1)
	foreign.SenderDomains = []string{"else.example"}
	e := o.publish(t)
	got, f := o.run(t, o.courierOf(foreign), e.ID, held)
	if got.HeldCause != campaigns.CauseRelay || f.Queued != 5 {
		t.Errorf("held because of %q with %+v", got.HeldCause, f)
	}
}

func TestPaceOfAFamilyLetsOthersPass(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, "a@gmail.com", "b@gmail.com", "c@gmail.com", "d@googlemail.com", "e@example.org", "f@example.org")
		if err := s.SetPaceRule(t.Context(), delivery.PaceFamily("google"), 1, audit.Entry{}); err != nil {
			t.Fatal(err)
		}
		server := smtptest.Start(t, "")
		e := o.publish(t)
		_, f := o.run(t, o.courier(server, 2), e.ID, func(_ campaigns.Edition, f delivery.Figures) bool { return f.Accepted == 3 && f.Leased+f.Sending == 0 })
		if f.Queued != 3 {
			t.Errorf("figures: %+v; one mail a minute for Google, the others at once", f)
		}
	})
}

func TestDailyCapStopsForToday(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, readers(30)...)
		server := smtptest.Start(t, "")
		capped := relayTo(server, "capped", 1)
		storetest.Insert(t, s, "relays", map[string]any{"id": int64(capped.ID), "name": "capped", "kind": "smtp", "state": "active", "tls": "none", "sender_mode": "verp",
			"headers": "[]", "sender_domains": "[]", "warmup": "[]"})
		capped.DailyCap = 12
		e := o.publish(t)
		_, f := o.run(t, o.courierOf(capped), e.ID, func(_ campaigns.Edition, f delivery.Figures) bool { return f.Accepted == 12 })
		if f.Accepted != 12 || f.Queued != 18 || len(server.Accepted()) != 12 {
			t.Errorf("figures: %+v, the relay has %d; want 12 today", f, len(server.Accepted()))
		}
	})
}
