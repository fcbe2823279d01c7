package crier_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/campaigns/crier"
	"postrider/internal/secrets"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// desk is an installation on a clock of the test's, with an owner, a campaign
// each of whose issues is looked at, and an outside that is called.
type desk struct {
	*store.Store
	t       *testing.T
	at      time.Time
	desk    *campaigns.Desk
	office  *organisation.Office
	crier   *crier.Crier
	other   *crier.Crier // another node
	weekly  campaigns.Campaign
	outside outside
}

type outside struct {
	mu    sync.Mutex
	calls []string // method, path, title and body
	err   error
}

func (o *outside) Call(_ context.Context, method, address string, header map[string]string, body []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.calls = append(o.calls, fmt.Sprintf("%s %s %s", method, address, body))
	return 200, o.err
}

// each runs f on both databases.
func each(t *testing.T, f func(t *testing.T, d *desk)) {
	t.Helper()
	storetest.EachURL(t, func(t *testing.T, location string) {
		d := &desk{t: t, at: time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)}
		now := func() time.Time { return d.at }
		d.Store = storetest.Open(t, location, store.Options{Now: now})
		furnish(t, d, now)
		f(t, d)
	})
}

func furnish(t *testing.T, d *desk, now func() time.Time) {
	t.Helper()
	s := d.Store
	d.office = &organisation.Office{Store: s, Now: now}
	org := organisation.Default()
	org.Name, org.Sender, org.Language = "Example", "News <news@org.example>", "en"
	if _, err := d.office.Set(t.Context(), "test", org); err != nil {
		t.Fatal(err)
	}
	if _, err := d.office.AddOperator(t.Context(), "test", organisation.Operator{Email: "olga@org.example", Name: "Olga", Role: organisation.Owner}, "", true); err != nil {
		t.Fatal(err)
	}
	if _, err := (&subscribers.Registry{Store: s, Now: now}).CreateList(t.Context(), "test", "news", ""); err != nil {
		t.Fatal(err)
	}
	library := &recaps.Library{Store: s, Now: now}
	saved, err := library.Keep(t.Context(), "test", recaps.Sample(), "sample")
	if err == nil {
		saved, err = library.Approve(t.Context(), "test", saved.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	d.desk = &campaigns.Desk{Store: s, Library: library, Office: d.office, BaseURL: "https://news.org.example", Now: now}
	if d.weekly, err = d.desk.Create(t.Context(), "ann", campaigns.Campaign{Name: "weekly", Recap: saved.ID, ListNames: []string{"news"}, Approval: campaigns.Each,
		Schedule: "weekly mon 09:00", Zone: "UTC", Sender: org.Sender}); err != nil {
		t.Fatal(err)
	}
	sealer, err := secrets.New(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	d.crier = &crier.Crier{Store: s, Office: d.office, Caller: &d.outside, Secrets: sealer, URL: "https://desk.org.example", Now: now, Log: slog.New(slog.DiscardHandler)}
	other := *d.crier
	d.other = &other
	d.tick() // what was before is no news
}

func (d *desk) tick() {
	d.t.Helper()
	d.at = d.at.Add(5 * time.Second)
	for _, h := range []*crier.Crier{d.crier, d.other, d.crier} {
		if err := h.Tick(d.t.Context()); err != nil {
			d.t.Fatal(err)
		}
	}
}

func (d *desk) fire() campaigns.Edition {
	d.t.Helper()
	o, err := d.desk.Fire(d.t.Context(), d.weekly, campaigns.Occurrence{Wall: d.at.Format("2006-01-02T15:04"), DueAt: d.at, State: campaigns.OccurrenceDue})
	if err != nil || o.Edition == 0 {
		d.t.Fatalf("fired: %+v, %v", o, err)
	}
	return d.edition(o.Edition)
}

func (d *desk) edition(id campaigns.EditionID) campaigns.Edition {
	d.t.Helper()
	e, err := d.Edition(d.t.Context(), id.String())
	if err != nil {
		d.t.Fatal(err)
	}
	return e
}

// wantTold compares what was told so far, oldest first, with its kind, mails
// and call.
func (d *desk) wantTold(want ...string) {
	d.t.Helper()
	all, err := d.LatestNews(d.t.Context(), 100)
	if err != nil {
		d.t.Fatal(err)
	}
	var got []string
	for _, n := range all {
		got = append(got, fmt.Sprintf("%s %d %s", n.Kind, n.Mails, n.Call))
	}
	slices.Reverse(got)
	if !slices.Equal(got, want) {
		d.t.Errorf("told are %q, want %q", got, want)
	}
}

func (d *desk) set(w crier.Wish) {
	d.t.Helper()
	if _, err := d.crier.Set(d.t.Context(), "olga", w); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) hook(kind crier.HookKind) {
	d.t.Helper()
	hook, ping := secrets.Secret("https://hooks.example.org/key"), secrets.Secret("https://ping.example.org/id")
	d.set(crier.Wish{Owners: true, HookKind: kind, Hook: &hook, Ping: &ping})
}

func TestEachPieceOfNewsIsToldOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		d.hook(crier.HookJSON)
		e := d.fire()
		d.tick()
		d.wantTold("approval 1 called")
		if err := d.desk.ApproveEdition(t.Context(), "olga", e); err != nil {
			t.Fatal(err)
		}
		if err := d.desk.Hold(t.Context(), "courier", d.edition(e.ID), campaigns.CauseAudience, "nobody to send to; ask ada@example.org"); err != nil {
			t.Fatal(err)
		}
		d.tick()
		d.tick()
		d.wantTold("approval 1 called", "held 1 called")
		last := d.outside.calls[len(d.outside.calls)-1]
		if !strings.Contains(last, "nobody to send to") || strings.Contains(last, "ada@") || !strings.Contains(last, "https://desk.org.example/editions/"+e.ID.String()) {
			t.Errorf("called with %s", last)
		}
		var pings int
		for _, c := range d.outside.calls {
			if strings.HasPrefix(c, "GET https://ping.example.org/id") {
				pings++
			}
		}
		if pings != 2 { // one of each node: five minutes have not passed
			t.Errorf("%d pings", pings)
		}
	})
}

func TestTheBrokenServerDoesNotCarryItsOwnBadNews(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		d.hook(crier.HookNtfy)
		e := d.fire()
		if err := d.desk.ApproveEdition(t.Context(), "olga", e); err != nil {
			t.Fatal(err)
		}
		if err := d.desk.Hold(t.Context(), "courier", d.edition(e.ID), campaigns.CauseRelay, "nothing answers"); err != nil {
			t.Fatal(err)
		}
		d.outside.err = errors.New("no route")
		d.tick()
		d.wantTold("mail_server 0 queued")
		before := len(d.outside.calls)
		d.tick()
		if len(d.outside.calls) != before {
			t.Error("it is called again before a minute has passed")
		}
		d.outside.err = nil
		d.at = d.at.Add(time.Minute)
		d.tick()
		d.wantTold("mail_server 0 called")
	})
}

func TestWhatNobodyAnswersIsGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		d.hook(crier.HookJSON)
		d.outside.err = errors.New("no route")
		d.fire()
		for range 30 {
			d.tick()
			d.at = d.at.Add(time.Hour)
		}
		d.wantTold("approval 1 given_up")
	})
}

func TestDatesThatOpenNothingAreNews(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		late := d.at.Add(-24 * time.Hour)
		if _, err := d.desk.Fire(t.Context(), d.weekly, campaigns.Occurrence{Wall: "2027-02-28T08:00", DueAt: late}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.desk.Fire(t.Context(), d.weekly, campaigns.Occurrence{Wall: "2027-02-27T08:00", DueAt: late, State: campaigns.OccurrenceSkipped, Reason: "missed"}); err != nil {
			t.Fatal(err)
		}
		d.tick()
		d.wantTold("held 1 none", "skipped 1 none")
		if _, err := d.desk.SkipHeld(t.Context(), "olga", "weekly"); err != nil {
			t.Fatal(err)
		}
		d.tick()
		d.wantTold("held 1 none", "skipped 1 none") // who skips it knows
		d.set(crier.Wish{Quiet: crier.Kinds()})
		d.fire()
		d.tick()
		d.wantTold("held 1 none", "skipped 1 none")
	})
}

func TestAProviderThatPutsEverythingOffIsNews(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, d *desk) {
		registry := &subscribers.Registry{Store: d.Store, Now: d.Now}
		for i := range 25 {
			for _, domain := range []string{"slow.example", "good.example"} {
				if _, err := registry.Add(t.Context(), "test", subscribers.Newcomer{Email: fmt.Sprintf("r%d@%s", i, domain), Lists: []string{"news"}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		e := d.fire()
		if err := d.desk.ApproveEdition(t.Context(), "olga", e); err != nil {
			t.Fatal(err)
		}
		if err := d.desk.Freeze(t.Context(), d.edition(e.ID), d.at); err != nil {
			t.Fatal(err)
		}
		for done := false; !done; {
			var err error
			if done, err = d.FreezeSome(t.Context(), d.edition(e.ID), 1000); err != nil {
				t.Fatal(err)
			}
		}
		storetest.Exec(t, d.Store, `UPDATE recipients SET state = 'deferred'`)
		storetest.Exec(t, d.Store, `UPDATE recipients SET state = 'accepted' WHERE subscriber_id = (SELECT min(id) FROM subscribers WHERE domain = 'good.example')`)
		d.at = d.at.Add(6 * time.Minute)
		d.tick()
		d.at = d.at.Add(6 * time.Minute)
		d.tick()
		all, err := d.LatestNews(t.Context(), 10)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, n := range all {
			if n.Kind == crier.KindDeferred {
				got = append(got, n.Title)
			}
		}
		if len(got) != 1 || !strings.Contains(got[0], "slow.example") {
			t.Errorf("told are %q, want slow.example once", got)
		}
	})
}
