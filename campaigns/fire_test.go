package campaigns_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
)

// fire has the Desk open the edition of a firing that is due now.
func (h *house) fire(t testing.TB, name string) (campaigns.Occurrence, error) {
	t.Helper()
	return h.fireAt(t, name, h.now())
}

func (h *house) fireAt(t testing.TB, name string, due time.Time) (campaigns.Occurrence, error) {
	t.Helper()
	c, err := h.Campaign(context.Background(), name)
	if err != nil {
		t.Fatal(err)
	}
	return h.desk.Fire(context.Background(), c, campaigns.Occurrence{Wall: due.Format("2006-01-02T15:04"), DueAt: due, State: campaigns.OccurrenceDue})
}

func (h *house) count(t testing.TB, table string) int {
	t.Helper()
	return storetest.One[int](t, h.Store, `SELECT count(*) FROM `+table)
}

func TestAFixedCampaignSendsItsRecapEachTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		h.create(t, h.weekly(h.recap(t, "one").ID))
		for i := range 3 {
			o, err := h.fire(t, "weekly")
			if err != nil || o.State != campaigns.OccurrenceOpened {
				t.Fatalf("firing %d: %+v, %v", i+1, o, err)
			}
			e := h.edition(t, o.Edition)
			if e.State != campaigns.Scheduled || e.Number != i+1 || e.ApprovedBy != "ann" || !e.DueAt.Equal(h.now()) || e.Slug != "one" || e.Reason != "" {
				t.Errorf("firing %d opened %+v", i+1, e)
			}
			if _, err := h.fire(t, "weekly"); !errs.Is(err, errs.Conflict) {
				t.Errorf("the same firing again: %v, want Conflict", err)
			}
			h.forward(7 * 24 * time.Hour)
		}
		if n, o := h.count(t, "editions"), h.count(t, "occurrences"); n != 3 || o != 3 {
			t.Errorf("three firings left %d editions and %d occurrences", n, o)
		}
	})
}

func TestACollectingCampaignSendsWhatIsNew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		c := h.weekly(0)
		c.Source = campaigns.Collect
		h.create(t, c)
		for _, step := range []struct {
			approve string // slugs
			want    string // of the edition's recaps in their order, or why none
		}{
			{"one two", "one two"},
			{"", "nothing new: no approved recap that these lists have not had"},
			{"three", "three"},
		} {
			for _, slug := range strings.Fields(step.approve) {
				h.recap(t, slug)
			}
			h.draft(t, "draft", "Not yet")
			o, err := h.fire(t, "weekly")
			if err != nil {
				t.Fatal(err)
			}
			got := o.Reason
			if o.State == campaigns.OccurrenceOpened {
				got = strings.Join(storetest.Column[string](t, s, `SELECT r.slug FROM edition_recaps e JOIN recaps r ON r.id = e.recap_id WHERE e.edition_id = $1 ORDER BY e.place`, int64(o.Edition)), " ")
			} else if o.State != campaigns.OccurrenceSkipped {
				t.Errorf("the firing is %s", o.State)
			}
			if got != step.want {
				t.Errorf("after approving %q: %q, want %q", step.approve, got, step.want)
			}
			h.forward(7 * 24 * time.Hour)
		}
	})
}

func TestWhoLooksAtEachEdition(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		c := h.weekly(h.recap(t, "one").ID)
		c.Approval = campaigns.Each
		h.create(t, c)
		var opened []campaigns.EditionID
		for range 2 {
			o, err := h.fire(t, "weekly")
			if err != nil {
				t.Fatal(err)
			}
			e := h.edition(t, o.Edition)
			if e.State != campaigns.InReview || e.ApprovedBy != "" || e.Reason != "waits for approval" {
				t.Errorf("opened is %+v, want it to wait for approval", e)
			}
			opened = append(opened, e.ID)
			h.forward(24 * time.Hour)
		}
		// An approval that was cut off in its middle goes on.
		if err := s.MoveEdition(t.Context(), campaigns.Move{Edition: opened[1], From: campaigns.InReview, To: campaigns.EditionReady, At: h.now(), ApprovedBy: "bob"}, entryOf(h)); err != nil {
			t.Fatal(err)
		}
		got, err := h.desk.Approve(t.Context(), "eve", "weekly")
		if err != nil || got.Approved() {
			t.Errorf("approving: %+v, %v; each edition needs its own", got, err)
		}
		for i, by := range []string{"eve", "bob"} {
			if e := h.edition(t, opened[i]); e.State != campaigns.Scheduled || e.ApprovedBy != by || !e.DueAt.Equal(h.now()) {
				t.Errorf("edition %d is %s, by %q, due %s", i+1, e.State, e.ApprovedBy, e.DueAt)
			}
		}
		if o, err := h.fire(t, "weekly"); err != nil || h.edition(t, o.Edition).State != campaigns.InReview {
			t.Errorf("the next one: %+v, %v; want it to wait again", o, err)
		}
	})
}

func TestARecapChangedSinceItsApprovalWaits(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		c := h.create(t, h.weekly(h.recap(t, "one").ID))
		h.draft(t, "one", "Told anew")
		o, err := h.fire(t, "weekly")
		if err != nil {
			t.Fatal(err)
		}
		e := h.edition(t, o.Edition)
		if e.State != campaigns.InReview || e.Title != "Told anew" {
			t.Errorf("a changed recap opened %+v, want it in review", e)
		}
		if got, err := h.desk.Approve(t.Context(), "ann", c.ID.String()); err != nil || !got.ApprovedAt.Equal(c.ApprovedAt) {
			t.Errorf("approving: standing since %s, %v; want the standing approval as it was", got.ApprovedAt, err)
		}
		if e = h.edition(t, e.ID); e.State != campaigns.Scheduled {
			t.Errorf("approved, it is %s", e.State)
		}
	})
}

func TestLateAndMissedFiringsOpenNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		c := h.weekly(h.recap(t, "one").ID)
		c.LateLimit = 2 * time.Hour
		made := h.create(t, c)
		h.forward(48 * time.Hour)
		for _, late := range []struct {
			by    time.Duration
			state campaigns.OccurrenceState
			says  string
		}{
			{2*time.Hour + time.Minute, campaigns.OccurrenceHeld, "due 2h1m0s ago, the late limit is 2h0m0s"},
			{2 * time.Hour, campaigns.OccurrenceOpened, ""},
			{-time.Minute, campaigns.OccurrenceOpened, ""},
		} {
			o, err := h.fireAt(t, "weekly", h.now().Add(-late.by))
			if err != nil || o.State != late.state || !strings.Contains(o.Reason, late.says) {
				t.Errorf("%s late: %+v, %v; want %s", late.by, o, err, late.state)
			}
		}
		missed := campaigns.Occurrence{Wall: "2027-02-01T09:00", DueAt: h.now().Add(-30 * 24 * time.Hour), State: campaigns.OccurrenceSkipped, Reason: "missed"}
		if o, err := h.desk.Fire(t.Context(), made, missed); err != nil || o.State != campaigns.OccurrenceSkipped || o.Reason != "missed" {
			t.Errorf("a missed firing: %+v, %v; want it skipped however late", o, err)
		}
		got := map[campaigns.OccurrenceState]int{}
		all, err := s.Occurrences(t.Context(), made.ID, 10)
		for _, o := range all {
			got[o.State]++
			if (o.State == campaigns.OccurrenceOpened) != (o.Edition != 0) {
				t.Errorf("on record is %+v", o)
			}
		}
		if want := map[campaigns.OccurrenceState]int{"held": 1, "opened": 2, "skipped": 1}; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("on record are %v, %v; want %v", got, err, want)
		}
		if n := h.count(t, "editions"); n != 2 {
			t.Errorf("%d editions, want 2", n)
		}
		if log := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE kind = 'occurrence'`); log != 2 {
			t.Errorf("%d firings that opened nothing are in the audit log, want 2", log)
		}
	})
}

func TestWhatCannotBeRenderedIsOnRecord(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		h.create(t, h.weekly(h.recap(t, "one").ID))
		storetest.Exec(t, s, `UPDATE campaigns SET theme = 'gone'`)
		o, err := h.fire(t, "weekly")
		if err != nil || o.State != campaigns.OccurrenceFailed || !strings.Contains(o.Reason, "gone") {
			t.Errorf("a theme that is gone: %+v, %v; want it failed, with why", o, err)
		}
		if n := h.count(t, "editions"); n != 0 {
			t.Errorf("it left %d editions", n)
		}
	})
}

// busy is a store whose next number cannot be read once.
type busy struct {
	*store.Store
	times int
}

func (b *busy) NextNumber(ctx context.Context, c campaigns.ID, slug string) (int, error) {
	if b.times--; b.times >= 0 {
		return 0, errs.Unavailablef("the database is busy")
	}
	return b.Store.NextNumber(ctx, c, slug)
}

func TestABusyDatabaseLosesNoFiring(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	h := furnish(t, s)
	h.create(t, h.weekly(h.recap(t, "one").ID))
	h.desk.Store = &busy{Store: s, times: 1}
	if _, err := h.fire(t, "weekly"); !errs.Is(err, errs.Unavailable) {
		t.Errorf("while the database is busy: %v, want Unavailable", err)
	}
	if n := h.count(t, "occurrences"); n != 0 {
		t.Fatalf("the firing is on record as %q: it will never be sent", storetest.Column[string](t, s, `SELECT state || ' ' || reason FROM occurrences`))
	}
	if o, err := h.fire(t, "weekly"); err != nil || o.State != campaigns.OccurrenceOpened {
		t.Errorf("once it is not: %+v, %v", o, err)
	}
}

func TestAFiringNeedsItsRecap(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	h := furnish(t, s)
	h.create(t, h.weekly(recaps.ID(12345)))
	if _, err := h.fire(t, "weekly"); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), `campaign "weekly"`) {
		t.Errorf("a recap that does not exist: %v; want NotFound that names the campaign", err)
	}
}
