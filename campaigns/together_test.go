package campaigns_test

import (
	"slices"
	"sync"
	"testing"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
)

func TestPublishedAtOnceEachHasItsNumber(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		saved := h.recap(t, "one")
		const times = 8
		var wg sync.WaitGroup
		for range times {
			wg.Go(func() {
				_, err := h.desk.Publish(t.Context(), "ann", campaigns.Publication{Recap: saved, ListNames: []string{"news"}, Sender: "News <news@org.example>"})
				if err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		got := storetest.Column[int](t, s, `SELECT number FROM editions ORDER BY number`)
		if want := []int{1, 2, 3, 4, 5, 6, 7, 8}; !slices.Equal(got, want) {
			t.Errorf("numbers %v, want %v", got, want)
		}
	})
}

// TestTwoThatCollectShareNothing: campaigns that collect for the same lists on
// several nodes at once send each recap once.
func TestTwoThatCollectShareNothing(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) {
		first := furnish(t, storetest.Open(t, location, store.Options{}))
		for _, slug := range []string{"one", "two", "three"} {
			first.recap(t, slug)
		}
		names := []string{"a", "b", "c", "d"}
		for _, name := range names {
			c := first.weekly(0)
			c.Name, c.Source = name, campaigns.Collect
			first.create(t, c)
		}
		var wg sync.WaitGroup
		start := make(chan struct{})
		for _, name := range names {
			s := storetest.Open(t, location, store.Options{NoMigrate: true})
			h := &house{Store: s, at: first.now()}
			desk := *first.desk
			desk.Store, desk.Library, desk.Office = s, first.library, first.office
			h.desk = &desk
			wg.Go(func() {
				<-start
				if _, err := h.fire(t, name); err != nil {
					t.Error(err)
				}
			})
		}
		close(start)
		wg.Wait()
		twice := storetest.Column[string](t, first.Store, `
			SELECT r.slug FROM edition_recaps er JOIN recaps r ON r.id = er.recap_id GROUP BY r.slug HAVING count(*) > 1 ORDER BY r.slug`)
		sent := storetest.One[int](t, first.Store, `SELECT count(*) FROM edition_recaps`)
		if len(twice) > 0 || sent != 3 {
			t.Errorf("%d recaps are on their way, %v more than once; want three, each once", sent, twice)
		}
		opened := storetest.Column[string](t, first.Store, `SELECT state FROM occurrences ORDER BY state`)
		if want := []string{"opened", "skipped", "skipped", "skipped"}; !slices.Equal(opened, want) {
			t.Errorf("the firings are %v, want %v", opened, want)
		}
	})
}

func TestUndoTakesBackWhatHasNotBegun(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		h := furnish(t, s)
		e := h.publish(t, "one")
		if err := h.desk.Undo(t.Context(), "bob", e); err != nil {
			t.Fatal(err)
		}
		draft := h.edition(t, e.ID)
		if draft.State != campaigns.Draft || draft.ApprovedBy != "" || !draft.ApprovedAt.IsZero() || draft.Reason != "taken back by bob" {
			t.Errorf("taken back it is %+v", draft)
		}
		if err := h.desk.Undo(t.Context(), "bob", e); !errs.Is(err, errs.Conflict) {
			t.Errorf("twice: %v, want Conflict", err)
		}
		if err := h.desk.Freeze(t.Context(), e, h.now()); !errs.Is(err, errs.Conflict) {
			t.Errorf("the courier begins with what was taken back: %v, want Conflict", err)
		}
		if err := h.desk.Schedule(t.Context(), "bob", draft, draft.DueAt); err != nil {
			t.Fatal(err)
		}
		again := h.edition(t, e.ID)
		if again.State != campaigns.Scheduled || again.ApprovedBy != "bob" || !again.DueAt.Equal(h.now().Add(campaigns.UndoWindow)) || again.Reason != "" {
			t.Errorf("sent again it is %+v, want it due in a minute", again)
		}
		if err := h.desk.Freeze(t.Context(), again, h.now()); err != nil {
			t.Fatal(err)
		}
		if err := h.desk.Undo(t.Context(), "bob", again); !errs.Is(err, errs.Conflict) {
			t.Errorf("after it has begun: %v, want Conflict", err)
		}
	})
}
