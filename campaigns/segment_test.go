package campaigns_test

import (
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// TestASegmentNarrowsWhateverACampaignOpens: what is sent by hand and what the
// schedule fires are for whom the segment selects, and a change of something
// else leaves it.
func TestASegmentNarrowsWhateverACampaignOpens(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		reg := &subscribers.Registry{Store: s, Now: h.now}
		if _, err := reg.CreateSegment(t.Context(), "ann", "swedes", "language = sv"); err != nil {
			t.Fatal(err)
		}
		c := h.weekly(h.recap(t, "one").ID)
		c.Segment = "swedes"
		made := h.create(t, c)
		made.Subject = "Another"
		if _, err := h.desk.Change(t.Context(), "bob", made, made.UpdatedAt); err != nil {
			t.Fatal(err)
		}
		want := func(how string, id campaigns.EditionID, err error) {
			t.Helper()
			if err != nil {
				t.Fatalf("%s: %v", how, err)
			}
			if e := h.edition(t, id); e.Segment != "swedes" || e.Question != "language = sv" {
				t.Errorf("%s is for %q, %q", how, e.Segment, e.Question)
			}
		}
		o, err := h.desk.Outlook(t.Context(), "weekly")
		if err != nil || o.Campaign.Segment != "swedes" || o.Campaign.Subject != "Another" {
			t.Fatalf("the outlook is for %q, %v", o.Campaign.Segment, err)
		}
		e, err := h.desk.Send(t.Context(), "ann", "weekly", o.Seen, time.Time{})
		want("sent by hand", e.ID, err)
		fired, err := h.fire(t, "weekly")
		want("fired", fired.Edition, err)
		like, err := h.desk.Duplicate(t.Context(), "ann", "weekly")
		if err != nil || h.created(t, like.Name).Segment != "swedes" {
			t.Errorf("duplicated it is for %q, %v", like.Segment, err)
		}
		now := h.created(t, "weekly")
		now.Segment = "swedis"
		if _, err := h.desk.Change(t.Context(), "ann", now, now.UpdatedAt); !errs.Is(err, errs.NotFound) {
			t.Errorf("a segment that is not there: %v, want NotFound", err)
		}
		now.Segment = ""
		if _, err := h.desk.Change(t.Context(), "ann", now, now.UpdatedAt); err != nil || h.created(t, "weekly").Segment != "" {
			t.Errorf("without a segment: %v", err)
		}
	})
}
