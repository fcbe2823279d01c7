package scheduler_test

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/scheduler"
	"postrider/scheduler/schedule"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// clock is the time of all nodes of a test.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) set(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = at
}

// node is one process with its scheduler.
type node struct {
	*store.Store
	*clock
	desk *campaigns.Desk
	loop *scheduler.Loop
}

func start(t testing.TB, location string, c *clock) *node {
	t.Helper()
	s := storetest.Open(t, location, store.Options{})
	desk := &campaigns.Desk{Store: s, Library: &recaps.Library{Store: s, Now: c.now}, Office: &organisation.Office{Store: s, Now: c.now},
		BaseURL: "https://news.org.example", Now: c.now}
	return &node{Store: s, clock: c, desk: desk, loop: &scheduler.Loop{Store: s, Desk: desk, Now: c.now, Log: slog.New(slog.DiscardHandler)}}
}

// furnish starts a node at a time with a recap and a campaign on a schedule.
func furnish(t testing.TB, location, at, schedule, zone string) *node {
	t.Helper()
	n := start(t, location, &clock{at: when(t, at)})
	if _, err := (&subscribers.Registry{Store: n.Store, Now: n.now}).CreateList(t.Context(), "test", "news", ""); err != nil {
		t.Fatal(err)
	}
	library := &recaps.Library{Store: n.Store, Now: n.now}
	saved, err := library.Keep(t.Context(), "test", recaps.Sample(), "sample")
	if err == nil {
		saved, err = library.Approve(t.Context(), "test", saved.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	n.create(t, campaigns.Campaign{Name: "weekly", Recap: saved.ID, Schedule: schedule, Zone: zone})
	return n
}

func (n *node) create(t testing.TB, c campaigns.Campaign) campaigns.Campaign {
	t.Helper()
	c.ListNames, c.Sender = []string{"news"}, "News <news@org.example>"
	made, err := n.desk.Create(t.Context(), "ann", c)
	if err != nil {
		t.Fatal(err)
	}
	return made
}

func when(t testing.TB, at string) time.Time {
	t.Helper()
	v, err := time.Parse(time.RFC3339, at)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// tick looks once at a time and returns when the next firing is.
func (n *node) tick(t testing.TB, at time.Time) time.Time {
	t.Helper()
	n.set(at)
	next, err := n.loop.Tick(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return next
}

// record is what became of each firing of a campaign, oldest first, as
// "2027-03-28T03:00+02:00 opened".
func (n *node) record(t testing.TB, name string) []string {
	t.Helper()
	c, err := n.Campaign(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	all, err := n.Occurrences(t.Context(), c.ID, 2000)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, o := range all {
		out = append(out, fmt.Sprintf("%s%+03d:00 %s", o.Wall, o.Offset/3600, o.State))
		if (o.State == campaigns.OccurrenceOpened) != (o.Edition != 0) || o.State != campaigns.OccurrenceOpened && o.Reason == "" {
			t.Errorf("on record is %+v", o)
		}
	}
	slices.Reverse(out)
	return out
}

func (n *node) wantRecord(t testing.TB, want ...string) {
	t.Helper()
	if got := n.record(t, "weekly"); !slices.Equal(got, want) {
		t.Errorf("on record are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	n.wantEditions(t, strings.Count(strings.Join(want, "\n"), " opened"))
}

func (n *node) wantEditions(t testing.TB, want int) {
	t.Helper()
	if got := storetest.One[int](t, n.Store, `SELECT count(*) FROM editions`); got != want {
		t.Errorf("%d editions were opened, want %d", got, want)
	}
}

func TestEachMinuteFiresOnceThroughRestarts(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) {
		n := furnish(t, location, "2027-03-01T09:00:30Z", "* * * * *", "UTC")
		begin := n.now()
		var want []string
		for i := range 20 {
			want = append(want, fmt.Sprintf("2027-03-01T09:%02d+00:00 opened", i+1))
		}
		for s := 0; s < 20*60; s += 17 {
			if s%5 == 0 {
				n = start(t, location, n.clock) // killed and started again
			}
			at := begin.Add(time.Duration(s) * time.Second)
			for range 2 {
				if next := n.tick(t, at); !next.Equal(at.Truncate(time.Minute).Add(time.Minute)) {
					t.Fatalf("at %s the next firing is at %s", at, next)
				}
			}
		}
		n.tick(t, begin.Add(20*time.Minute))
		n.wantRecord(t, want...)
	})
}

func TestTwoNodesFireOnce(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) {
		a := furnish(t, location, "2027-03-01T09:00:00Z", "* * * * *", "UTC")
		b := start(t, location, a.clock)
		var want []string
		for i := 1; i <= 8; i++ {
			want = append(want, fmt.Sprintf("2027-03-01T09:%02d+00:00 opened", i))
			a.set(when(t, fmt.Sprintf("2027-03-01T09:%02d:00Z", i)))
			var both sync.WaitGroup
			for _, n := range []*node{a, b} {
				both.Go(func() {
					if _, err := n.loop.Tick(context.Background()); err != nil {
						t.Errorf("minute %d: %v", i, err)
					}
				})
			}
			both.Wait()
		}
		a.tick(t, a.now()) // what a busy database put off
		a.wantRecord(t, want...)
		numbers := storetest.Column[int](t, a.Store, `SELECT number FROM editions ORDER BY number`)
		if !slices.Equal(numbers, []int{1, 2, 3, 4, 5, 6, 7, 8}) {
			t.Errorf("the editions are numbered %v", numbers)
		}
	})
}

func TestFiringsFollowTheWallClock(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, from, upTo, schedule string
		want                       []string
	}{
		{"the hour that comes twice", "2027-10-30T12:00:00Z", "2027-11-01T12:00:00Z", "daily 02:30",
			[]string{"2027-10-31T02:30+02:00 opened", "2027-11-01T02:30+01:00 opened"}},
		{"the hour that is left out", "2027-03-27T12:00:00Z", "2027-03-29T12:00:00Z", "daily 02:30",
			[]string{"2027-03-28T03:00+02:00 opened", "2027-03-29T02:30+02:00 opened"}},
		{"each hour in autumn", "2027-10-30T23:30:00Z", "2027-10-31T02:30:00Z", "0 * * * *",
			[]string{"2027-10-31T02:00+02:00 opened", "2027-10-31T02:00+01:00 opened", "2027-10-31T03:00+01:00 opened"}},
		{"each hour in spring", "2027-03-27T23:30:00Z", "2027-03-28T02:30:00Z", "0 * * * *",
			[]string{"2027-03-28T01:00+01:00 opened", "2027-03-28T03:00+02:00 opened", "2027-03-28T04:00+02:00 opened"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			n := furnish(t, storetest.SQLite(t), c.from, c.schedule, "Europe/Oslo")
			for at := n.now(); !at.After(when(t, c.upTo)); at = at.Add(10 * time.Minute) {
				n.tick(t, at)
			}
			n.wantRecord(t, c.want...)
		})
	}
}

func TestBothFiringsOfARepeatedHourAreKept(t *testing.T) {
	t.Parallel()
	n := furnish(t, storetest.Postgres(t), "2027-10-30T23:30:00Z", "0 * * * *", "Europe/Oslo")
	for at := n.now(); !at.After(when(t, "2027-10-31T01:30:00Z")); at = at.Add(30 * time.Minute) {
		n.tick(t, at)
	}
	n.wantRecord(t, "2027-10-31T02:00+02:00 opened", "2027-10-31T02:00+01:00 opened")
}

func TestDaysOffAreLeftOutOrMoved(t *testing.T) {
	t.Parallel()
	for then, want := range map[campaigns.OnDayOff][]string{
		campaigns.DropDate: {"2026-12-17T09:00+01:00 opened", "2026-12-31T09:00+01:00 opened"},
		campaigns.MoveDate: {"2026-12-17T09:00+01:00 opened", "2026-12-27T09:00+01:00 opened", "2026-12-31T09:00+01:00 opened"},
	} {
		storetest.EachURL(t, func(t *testing.T, location string) {
			n := furnish(t, location, "2026-12-15T12:00:00+01:00", "weekly thu 09:00", "Europe/Stockholm")
			c, err := n.Campaign(t.Context(), "weekly")
			if err != nil {
				t.Fatal(err)
			}
			if c.DaysOff, err = schedule.ParseDaysOff("2026-12-24/2026-12-26 Christmas"); err != nil {
				t.Fatal(err)
			}
			c.OnDayOff = then
			if _, err := n.desk.Change(t.Context(), "ann", c, c.UpdatedAt); err != nil {
				t.Fatal(err)
			}
			for at, end := n.now(), when(t, "2027-01-02T00:00:00+01:00"); at.Before(end); at = at.Add(time.Hour) {
				n.tick(t, at)
			}
			n.wantRecord(t, want...)
		})
	}
}

func TestMissedFiringsBecomeOne(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) {
		n := furnish(t, location, "2027-03-01T00:00:00Z", "daily 09:00", "UTC")
		n.tick(t, when(t, "2027-03-01T09:00:00Z"))
		n = start(t, location, n.clock)
		n.tick(t, when(t, "2027-03-04T10:00:00Z"))
		n.tick(t, when(t, "2027-03-04T10:00:01Z"))
		n.wantRecord(t, "2027-03-01T09:00+00:00 opened", "2027-03-02T09:00+00:00 skipped", "2027-03-03T09:00+00:00 skipped", "2027-03-04T09:00+00:00 opened")
	})
}

// More are missed than one look records.
func TestManyMissedFiringsBecomeOne(t *testing.T) {
	t.Parallel()
	n := furnish(t, storetest.SQLite(t), "2027-03-01T00:00:00Z", "* * * * *", "UTC")
	for range 4 {
		n.tick(t, when(t, "2027-03-01T09:10:00Z"))
	}
	got := n.record(t, "weekly")
	if len(got) != 550 || got[549] != "2027-03-01T09:10+00:00 opened" {
		t.Fatalf("%d firings are on record, the last %q; want 550", len(got), got[len(got)-1])
	}
	for _, one := range got[:549] {
		if !strings.HasSuffix(one, " skipped") {
			t.Errorf("readers got one of the missed: %s", one)
		}
	}
	n.wantEditions(t, 1)
}

func TestAFiringThatIsTooLateIsHeld(t *testing.T) {
	t.Parallel()
	n := furnish(t, storetest.SQLite(t), "2027-03-01T00:00:00Z", "daily 09:00", "UTC")
	n.tick(t, when(t, "2027-03-01T15:00:00Z")) // six hours: in time
	n.tick(t, when(t, "2027-03-02T15:00:01Z"))
	n.tick(t, when(t, "2027-03-03T09:00:00Z"))
	n.wantRecord(t, "2027-03-01T09:00+00:00 opened", "2027-03-02T09:00+00:00 held", "2027-03-03T09:00+00:00 opened")
}

func TestAPauseIsNotMadeUpFor(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) {
		n := furnish(t, location, "2027-03-01T00:00:00Z", "daily 09:00", "UTC")
		set := func(to campaigns.State) {
			t.Helper()
			if _, err := n.desk.SetState(t.Context(), "ann", "weekly", to); err != nil {
				t.Fatal(err)
			}
		}
		n.tick(t, when(t, "2027-03-01T09:00:00Z"))
		set(campaigns.Paused)
		if next := n.tick(t, when(t, "2027-03-04T09:30:00Z")); !next.IsZero() {
			t.Errorf("a paused campaign fires at %s", next)
		}
		set(campaigns.Active)
		if next := n.tick(t, n.now()); !next.Equal(when(t, "2027-03-05T09:00:00Z")) {
			t.Errorf("resumed, it fires at %s", next)
		}
		n.tick(t, when(t, "2027-03-05T09:00:00Z"))
		set(campaigns.Archived)
		n.tick(t, when(t, "2027-03-06T09:00:00Z"))
		n.wantRecord(t, "2027-03-01T09:00+00:00 opened", "2027-03-05T09:00+00:00 opened")
	})
}

func TestAOnceScheduleFiresOnce(t *testing.T) {
	t.Parallel()
	n := furnish(t, storetest.SQLite(t), "2027-03-01T00:00:00Z", "once 2027-03-02T09:00", "UTC")
	if next := n.tick(t, n.now()); !next.Equal(when(t, "2027-03-02T09:00:00Z")) {
		t.Errorf("it fires at %s", next)
	}
	for _, at := range []string{"2027-03-02T09:00:00Z", "2027-03-02T09:00:01Z", "2028-03-02T09:00:00Z"} {
		if next := n.tick(t, when(t, at)); !next.IsZero() {
			t.Errorf("after its firing it fires at %s", next)
		}
	}
	n.wantRecord(t, "2027-03-02T09:00+00:00 opened")
}

func TestOneCampaignsTroubleDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	n := furnish(t, storetest.SQLite(t), "2027-03-01T00:00:00Z", "daily 09:00", "UTC")
	broken, err := n.Campaign(t.Context(), "weekly")
	if err != nil {
		t.Fatal(err)
	}
	n.create(t, campaigns.Campaign{Name: "other", Recap: broken.Recap, Schedule: "daily 09:00", Zone: "UTC"})
	n.create(t, campaigns.Campaign{Name: "later", Recap: broken.Recap, Schedule: "daily 12:00", Zone: "UTC"})
	n.create(t, campaigns.Campaign{Name: "lost", Recap: 12345, Schedule: "daily 09:00", Zone: "UTC"})
	storetest.Exec(t, n.Store, `UPDATE campaigns SET zone = 'Gone/Away' WHERE name = 'weekly'`)
	if next := n.tick(t, when(t, "2027-03-01T09:00:00Z")); !next.Equal(when(t, "2027-03-01T12:00:00Z")) {
		t.Errorf("the next firing of all is at %s", next)
	}
	for name, want := range map[string][]string{"weekly": nil, "lost": nil, "other": {"2027-03-01T09:00+00:00 opened"}, "later": nil} {
		if got := n.record(t, name); !slices.Equal(got, want) {
			t.Errorf("of campaign %s %q are on record, want %q", name, got, want)
		}
	}
}

// A year of Mondays, with times at which nothing ran.
func TestAYearOfWeeklyFirings(t *testing.T) {
	t.Parallel()
	location := storetest.SQLite(t)
	n := furnish(t, location, "2027-01-01T00:00:00Z", "weekly mon 09:00", "Europe/Oslo")
	oslo, err := time.LoadLocation("Europe/Oslo")
	if err != nil {
		t.Fatal(err)
	}
	down := []struct{ from, to time.Time }{
		{when(t, "2027-02-10T12:00:00Z"), when(t, "2027-03-03T12:00:00Z")}, // three Mondays, the last two days ago
		{when(t, "2027-03-29T05:00:00Z"), when(t, "2027-03-29T11:30:00Z")}, // up again four and a half hours late
		{when(t, "2027-06-06T00:00:00Z"), when(t, "2027-06-21T07:30:00Z")}, // two Mondays, then the third half an hour late
		{when(t, "2027-11-01T07:59:59Z"), when(t, "2027-11-01T14:00:01Z")}, // a second later than the late limit
		{when(t, "2027-12-24T00:00:00Z"), when(t, "2027-12-26T00:00:00Z")}, // no Monday
	}
	states := map[string]string{"2027-02-15": "skipped", "2027-02-22": "skipped", "2027-03-01": "held", "2027-06-07": "skipped", "2027-06-14": "skipped", "2027-11-01": "held"}
	var want []string
	for day := time.Date(2027, 1, 4, 9, 0, 0, 0, oslo); day.Year() == 2027; day = time.Date(2027, day.Month(), day.Day()+7, 9, 0, 0, 0, oslo) {
		state := states[day.Format(time.DateOnly)]
		if state == "" {
			state = "opened"
		}
		want = append(want, day.Format("2006-01-02T15:04-07:00 ")+state)
	}
	if len(want) != 52 {
		t.Fatalf("2027 has %d Mondays", len(want))
	}
	for at := n.now(); at.Year() == 2027; {
		for _, d := range down {
			if !at.Before(d.from) && at.Before(d.to) {
				at = d.to
				n = start(t, location, n.clock)
			}
		}
		next := n.tick(t, at)
		at = at.Add(31 * time.Hour)
		if next.Before(at) {
			at = next
		}
	}
	n.wantRecord(t, want...)
}

// seen tells of each firing.
type seen struct {
	scheduler.Desk
	fired chan campaigns.Occurrence
}

func (s seen) Fire(ctx context.Context, c campaigns.Campaign, o campaigns.Occurrence) (campaigns.Occurrence, error) {
	o, err := s.Desk.Fire(ctx, c, o)
	s.fired <- o
	return o, err
}

func TestRunFiresUntilItIsStopped(t *testing.T) {
	t.Parallel()
	n := furnish(t, storetest.SQLite(t), "2027-03-01T08:59:59Z", "daily 09:00", "UTC")
	fired := make(chan campaigns.Occurrence, 10)
	n.loop.Desk = seen{n.desk, fired}
	n.set(when(t, "2027-03-01T09:00:00Z"))
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		n.loop.Run(ctx)
	}()
	if o := <-fired; o.Wall != "2027-03-01T09:00" || o.State != campaigns.OccurrenceOpened {
		t.Errorf("fired is %+v", o)
	}
	stop()
	<-ended
	n.wantRecord(t, "2027-03-01T09:00+00:00 opened")
}
