package campaigns_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/networks"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
	"postrider/templates"
)

// house is an installation with two lists and a clock of the test's.
type house struct {
	*store.Store
	desk    *campaigns.Desk
	library *recaps.Library
	office  *organisation.Office

	mu sync.Mutex
	at time.Time
}

func (h *house) now() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.at
}

func (h *house) forward(by time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.at = h.at.Add(by)
}

func furnish(t testing.TB, s *store.Store) *house {
	t.Helper()
	h := &house{Store: s, at: time.Date(2027, 3, 1, 8, 0, 0, 0, time.UTC)} // a Monday
	h.library = &recaps.Library{Store: s, Now: h.now}
	h.office = &organisation.Office{Store: s, Now: h.now}
	h.desk = &campaigns.Desk{Store: s, Library: h.library, Office: h.office, BaseURL: "https://news.org.example", Now: h.now}
	reg := &subscribers.Registry{Store: s, Now: h.now}
	for _, list := range []string{"news", "extra"} {
		if _, err := reg.CreateList(t.Context(), "test", list, ""); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// draft keeps a recap that nobody has approved yet.
func (h *house) draft(t testing.TB, slug, title string) recaps.Saved {
	t.Helper()
	r := recaps.Sample()
	r.Slug, r.Title = slug, title
	saved, err := h.library.Keep(t.Context(), "test", r, "sample")
	if err != nil {
		t.Fatal(err)
	}
	return saved
}

// recap keeps one that may go out.
func (h *house) recap(t testing.TB, slug string) recaps.Saved {
	t.Helper()
	saved, err := h.library.Approve(t.Context(), "test", h.draft(t, slug, "About "+slug).ID)
	if err != nil {
		t.Fatal(err)
	}
	h.forward(time.Minute) // the order of approval is that of the calls
	return saved
}

func (h *house) publish(t testing.TB, slug string) campaigns.Edition {
	t.Helper()
	e, err := h.desk.Publish(t.Context(), "ann", campaigns.Publication{Recap: h.recap(t, slug), ListNames: []string{"news"}, Sender: "News <news@org.example>"})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func (h *house) edition(t testing.TB, id campaigns.EditionID) campaigns.Edition {
	t.Helper()
	e, err := h.Edition(t.Context(), id.String())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// weekly is a campaign that Create takes as it is.
func (h *house) weekly(recap recaps.ID) campaigns.Campaign {
	return campaigns.Campaign{Name: "weekly", Recap: recap, ListNames: []string{"news"}, Schedule: "weekly mon 09:00", Zone: "Europe/Oslo", Sender: "News <news@org.example>"}
}

func (h *house) create(t testing.TB, c campaigns.Campaign) campaigns.Campaign {
	t.Helper()
	made, err := h.desk.Create(t.Context(), "ann", c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func TestCreateChecksEachField(t *testing.T) {
	t.Parallel()
	h := furnish(t, storetest.Open(t, storetest.SQLite(t), store.Options{}))
	recap := h.recap(t, "one").ID
	for _, c := range []struct {
		name   string
		change func(*campaigns.Campaign)
		kind   errs.Kind
		field  string
		says   string
	}{
		{"no name", func(c *campaigns.Campaign) { c.Name = " " }, errs.Invalid, "name", "needs a name"},
		{"long name", func(c *campaigns.Campaign) { c.Name = strings.Repeat("n", 201) }, errs.Invalid, "name", "200"},
		{"source", func(c *campaigns.Campaign) { c.Source = "all" }, errs.Invalid, "source", "fixed or collect"},
		{"approval", func(c *campaigns.Campaign) { c.Approval = "never" }, errs.Invalid, "approval", "once or each"},
		{"no recap", func(c *campaigns.Campaign) { c.Recap = 0 }, errs.Invalid, "recap", "collect"},
		{"no list", func(c *campaigns.Campaign) { c.ListNames = nil }, errs.Invalid, "list", "at least one"},
		{"unknown list", func(c *campaigns.Campaign) { c.ListNames = []string{"nws"} }, errs.NotFound, "", `did you mean "news"?`},
		{"late limit", func(c *campaigns.Campaign) { c.LateLimit = -1 }, errs.Invalid, "late", "negative"},
		{"no sender", func(c *campaigns.Campaign) { c.Sender = "" }, errs.Invalid, "from", "News <"},
		{"sender", func(c *campaigns.Campaign) { c.Sender = "News <news>" }, errs.Invalid, "from", "News <"},
		{"reply-to", func(c *campaigns.Campaign) { c.ReplyTo = "nobody" }, errs.Invalid, "reply-to", ""},
		{"subject", func(c *campaigns.Campaign) { c.Subject = "Hello {{name" }, errs.Invalid, "subject", ""},
		{"preheader", func(c *campaigns.Campaign) { c.Preheader = "{{#if}}" }, errs.Invalid, "preheader", ""},
		{"schedule", func(c *campaigns.Campaign) { c.Schedule = "whenever" }, errs.Invalid, "schedule", ""},
		{"no zone", func(c *campaigns.Campaign) { c.Zone = "" }, errs.Invalid, "zone", "UTC"},
		{"zone", func(c *campaigns.Campaign) { c.Zone = "Europe/Olso" }, errs.Invalid, "zone", "Europe/Oslo"},
		{"past", func(c *campaigns.Campaign) { c.Schedule = "once 2027-02-28T09:00" }, errs.Invalid, "schedule", "past"},
		{"tracking", func(c *campaigns.Campaign) { c.Tracking = "all" }, errs.Invalid, "tracking", "aggregate"},
		{"canonical", func(c *campaigns.Campaign) { c.Canonical = "mine" }, errs.Invalid, "canonical", "original"},
		{"network", func(c *campaigns.Campaign) { c.Networks = []networks.ID{"x", "blusky"} }, errs.Invalid, "network", "bluesky"},
		{"state", func(c *campaigns.Campaign) { c.State = "asleep" }, errs.Invalid, "state", "active"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := h.weekly(recap)
			c.change(&n)
			_, err := h.desk.Create(t.Context(), "ann", n)
			var e *errs.Error
			if !errs.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) || c.field != "" && (!errors.As(err, &e) || e.Field != c.field) {
				t.Errorf("got %v of kind %s; want %s for field %q that says %q", err, errs.KindOf(err), c.kind, c.field, c.says)
			}
			if all, err := h.Campaigns(t.Context(), 0, 10); err != nil || len(all) != 0 {
				t.Errorf("a refused campaign was kept: %+v, %v", all, err)
			}
		})
	}
}

func TestCreateFillsInAndApproves(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		c := h.weekly(h.recap(t, "one").ID)
		c.ListNames = []string{"news", "extra", "news"} // the same list twice is one
		made := h.create(t, c)
		if made.State != campaigns.Active || made.Source != campaigns.Fixed || made.Approval != campaigns.Once || made.Tracking != campaigns.Aggregate ||
			made.Canonical != templates.CanonicalOriginal || made.LateLimit != campaigns.DefaultLateLimit {
			t.Errorf("filled in: %+v", made)
		}
		if !made.Approved() || made.ApprovedBy != "ann" || !made.ScheduledFrom.Equal(h.now()) {
			t.Errorf("approved by %q at %s, fires from %s", made.ApprovedBy, made.ApprovedAt, made.ScheduledFrom)
		}
		got, err := s.Campaign(t.Context(), "weekly")
		if err != nil || got.ID != made.ID || !slices.Equal(got.ListNames, []string{"extra", "news"}) {
			t.Errorf("kept is %+v, %v", got, err)
		}
		if _, err := h.desk.Create(t.Context(), "ann", c); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "another name") {
			t.Errorf("the same name again: %v", err)
		}
		c.Name, c.Approval = "looked at", campaigns.Each
		if made := h.create(t, c); made.Approved() || made.ApprovedBy != "" {
			t.Errorf("a campaign looked at each time counts as approved: %+v", made)
		}
		c.Name, c.Schedule, c.Zone = "by hand", "", ""
		if next, err := h.create(t, c).Next(h.now(), 3); err != nil || len(next) != 0 {
			t.Errorf("without a schedule it fires at %v, %v", next, err)
		}
	})
}

func TestNextFollowsTheSchedule(t *testing.T) {
	t.Parallel()
	c := campaigns.Campaign{Schedule: "weekly mon 09:00", Zone: "Europe/Oslo"}
	next, err := c.Next(time.Date(2027, 3, 22, 8, 0, 0, 0, time.UTC), 3) // at the firing itself
	var got []string
	for _, f := range next {
		got = append(got, f.At.Format(time.RFC3339))
	}
	if want := []string{"2027-03-29T09:00:00+02:00", "2027-04-05T09:00:00+02:00", "2027-04-12T09:00:00+02:00"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("next are %q, %v; want %q", got, err, want)
	}
	c.Schedule = "whenever"
	if _, err := c.Next(time.Now(), 1); !errs.Is(err, errs.Invalid) {
		t.Errorf("a schedule that cannot be read: %v", err)
	}
}

func TestSetStateIsCompareAndSet(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		made := h.create(t, h.weekly(h.recap(t, "one").ID))
		set := func(to campaigns.State) (campaigns.Campaign, error) {
			h.forward(time.Hour)
			return h.desk.SetState(t.Context(), "ann", "weekly", to)
		}
		if got, err := set(campaigns.Paused); err != nil || got.State != campaigns.Paused || !got.ScheduledFrom.Equal(made.ScheduledFrom) {
			t.Errorf("pausing: %+v, %v", got, err)
		}
		if got, err := set(campaigns.Paused); err != nil || got.UpdatedAt.Equal(h.now()) {
			t.Errorf("pausing again: updated at %s, %v; want nothing to happen", got.UpdatedAt, err)
		}
		got, err := set(campaigns.Active)
		if err != nil || !got.ScheduledFrom.Equal(h.now()) {
			t.Errorf("resuming: fires from %s, %v; want from now on", got.ScheduledFrom, err)
		}
		if kept, err := s.Campaign(t.Context(), "weekly"); err != nil || !kept.ScheduledFrom.Equal(h.now()) || kept.State != campaigns.Active {
			t.Errorf("kept is %+v, %v", kept, err)
		}
		if _, err := set("asleep"); !errs.Is(err, errs.Invalid) {
			t.Errorf("an unknown state: %v, want Invalid", err)
		}
		if _, err := h.desk.SetState(t.Context(), "ann", "weakly", campaigns.Paused); !errs.Is(err, errs.NotFound) {
			t.Errorf("an unknown campaign: %v", err)
		}
		if _, err := set(campaigns.Archived); err != nil {
			t.Fatal(err)
		}
		for _, to := range []campaigns.State{campaigns.Active, campaigns.Paused} {
			if _, err := set(to); !errs.Is(err, errs.Conflict) {
				t.Errorf("an archived campaign became %s: %v", to, err)
			}
		}
	})
}

func TestPublishOpensAnApprovedEdition(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		recap := h.recap(t, "one")
		p := campaigns.Publication{Recap: recap, ListNames: []string{"news", "news", "extra"}, Sender: "News <news@org.example>", ReplyTo: "team@org.example",
			Subject: "Read this", DueAt: h.now().Add(time.Hour)}
		e, err := h.desk.Publish(t.Context(), "ann", p)
		if err != nil {
			t.Fatal(err)
		}
		got := h.edition(t, e.ID)
		if got.State != campaigns.Scheduled || got.ApprovedBy != "ann" || !got.DueAt.Equal(p.DueAt) || got.Number != 1 || got.Campaign != 0 ||
			got.Sender != p.Sender || got.ReplyTo != p.ReplyTo || got.Policy != campaigns.PolicyHold || got.Slug != "one" || !slices.Equal(got.ListNames, []string{"extra", "news"}) {
			t.Errorf("published is %+v", got)
		}
		content, err := s.EditionContent(t.Context(), e.ID)
		if err != nil || content.Input.Subject != "Read this" || content.Input.ID != e.ID.String() || content.Input.Organisation.Name == "" {
			t.Errorf("its content is %+v, %v", content.Input, err)
		}
		if rendered, err := templates.Render(content.Input); err != nil || rendered.Hash() != got.Hash {
			t.Errorf("what was approved is not what its input renders to, %v", err)
		}
		if pinned := storetest.One[int64](t, s, `SELECT revision_id FROM edition_recaps WHERE edition_id = $1`, int64(e.ID)); pinned != int64(recap.Revision) {
			t.Errorf("pinned to revision %d, want %d", pinned, recap.Revision)
		}
		p.DueAt = time.Time{}
		if e, err = h.desk.Publish(t.Context(), "ann", p); err != nil || e.Number != 2 || !e.DueAt.Equal(h.now()) {
			t.Errorf("published again is number %d, due %s, %v; want 2, now", e.Number, e.DueAt, err)
		}
	})
}

func TestPublishNeedsSenderAndReaders(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	h := furnish(t, s)
	good := campaigns.Publication{Recap: h.recap(t, "one"), ListNames: []string{"news"}, Sender: "News <news@org.example>"}
	for _, c := range []struct {
		name   string
		change func(*campaigns.Publication)
		kind   errs.Kind
		says   string
	}{
		{"no list", func(p *campaigns.Publication) { p.ListNames = nil }, errs.Invalid, "list"},
		{"unknown list", func(p *campaigns.Publication) { p.ListNames = []string{"news", "nws"} }, errs.NotFound, "did you mean"},
		{"no sender", func(p *campaigns.Publication) { p.Sender = "" }, errs.Invalid, "--from"},
		{"sender", func(p *campaigns.Publication) { p.Sender = "us" }, errs.Invalid, "--from"},
		{"subject", func(p *campaigns.Publication) { p.Subject = "{{" }, errs.Invalid, ""},
	} {
		p := good
		c.change(&p)
		if _, err := h.desk.Publish(t.Context(), "ann", p); !errs.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v; want %s that says %q", c.name, err, c.kind, c.says)
		}
	}
	if left := storetest.One[int](t, s, `SELECT count(*) FROM editions`); left != 0 {
		t.Errorf("refused publications left %d editions", left)
	}
	if _, err := h.office.Set(t.Context(), "ann", organisation.Organisation{Name: "The Org", Zone: "UTC", Language: "en", Sender: "Org <org@org.example>", ReplyTo: "reply@org.example"}); err != nil {
		t.Fatal(err)
	}
	good.Sender = ""
	e, err := h.desk.Publish(t.Context(), "ann", good)
	if err != nil || e.Sender != "Org <org@org.example>" || e.ReplyTo != "reply@org.example" {
		t.Errorf("without a sender of its own it is from %q, %v; want the organisation's", e.Sender, err)
	}
}

func entryOf(h *house) audit.Entry {
	return audit.Entry{At: h.now(), Actor: "test", Action: "moved", Kind: "edition"}
}
