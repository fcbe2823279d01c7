package campaigns_test

import (
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
)

func TestHeldFiringIsSentOrSkippedByAPersonOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		recap := h.recap(t, "one").ID
		for name, c := range map[string]struct {
			decide func(d *campaigns.Desk, ref string) (campaigns.Occurrence, error)
			want   campaigns.OccurrenceState
		}{
			"send": {func(d *campaigns.Desk, ref string) (campaigns.Occurrence, error) {
				return d.SendHeld(t.Context(), "ada", ref)
			}, campaigns.OccurrenceOpened},
			"skip": {func(d *campaigns.Desk, ref string) (campaigns.Occurrence, error) {
				return d.SkipHeld(t.Context(), "ada", ref)
			}, campaigns.OccurrenceSkipped},
			"next": {func(d *campaigns.Desk, ref string) (campaigns.Occurrence, error) {
				return d.LeaveToNext(t.Context(), "ada", ref)
			}, campaigns.OccurrenceSkipped},
		} {
			d := h.desk
			weekly := h.weekly(recap)
			weekly.Name = name
			camp := h.create(t, weekly)
			due := d.Now().Add(-24 * time.Hour)
			o, err := d.Fire(t.Context(), camp, campaigns.Occurrence{Wall: due.Format("2006-01-02T15:04"), DueAt: due, State: campaigns.OccurrenceDue})
			if err != nil || o.State != campaigns.OccurrenceHeld {
				t.Fatalf("a day late: %s, %v; want held", o.State, err)
			}
			if o, err = c.decide(d, name); err != nil || o.State != c.want {
				t.Fatalf("%s: %s, %v; want %s", name, o.State, err, c.want)
			}
			if _, err := c.decide(d, name); !errs.Is(err, errs.NotFound) {
				t.Errorf("%s a second time: %v, want NotFound", name, err)
			}
			if c.want != campaigns.OccurrenceOpened {
				continue
			}
			e, err := s.Edition(t.Context(), o.Edition.String())
			if err != nil || e.State != campaigns.Scheduled || e.DueAt.Before(due.Add(time.Hour)) {
				t.Errorf("the edition is %+v, %v; want it scheduled for now", e, err)
			}
		}
	})
}

func TestAHeldOneOffHasNoNextDate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		c := h.weekly(h.recap(t, "one").ID)
		c.Schedule, c.Zone = "once "+h.desk.Now().UTC().Add(time.Hour).Format("2006-01-02T15:04"), "UTC"
		c = h.create(t, c)
		due := h.desk.Now().Add(time.Hour)
		late := *h.desk
		late.Now = func() time.Time { return due.Add(24 * time.Hour) }
		if o, err := late.Fire(t.Context(), c, campaigns.Occurrence{Wall: due.UTC().Format("2006-01-02T15:04"), DueAt: due}); err != nil || o.State != campaigns.OccurrenceHeld {
			t.Fatalf("a day late: %s, %v; want held", o.State, err)
		}
		if _, err := late.LeaveToNext(t.Context(), "ada", c.Name); !errs.Is(err, errs.Conflict) {
			t.Errorf("left to a next date that is none: %v, want Conflict", err)
		}
		if o, err := s.HeldOccurrence(t.Context(), c.ID); err != nil || o.State != campaigns.OccurrenceHeld {
			t.Errorf("then it is %s, %v; want held still", o.State, err)
		}
	})
}
