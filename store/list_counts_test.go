package store_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// recount compares the numbers that are kept with the members that there are.
func recount(t *testing.T, s *store.Store, after string) {
	t.Helper()
	want := storetest.Column[string](t, s, `SELECT list_id || ' ' || state || ' ' || count(*) FROM memberships GROUP BY list_id, state ORDER BY 1`)
	got := storetest.Column[string](t, s, `SELECT list_id || ' ' || state || ' ' || sum(count) FROM list_counts GROUP BY list_id, state HAVING sum(count) <> 0 ORDER BY 1`)
	if !slices.Equal(got, want) {
		t.Errorf("after %s the kept numbers are %q, counted %q", after, got, want)
	}
}

func TestListCountsFollowEveryChange(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		j := openLists(t, s)
		g := j.g
		undo := importText(t, g, "email\na@example.org\nb@example.org\nc@example.org\n", subscribers.ImportOptions{Actor: "test", Lists: []string{"quick", "careful"}})
		if undo.Added != 3 {
			t.Fatalf("%+v", undo)
		}
		recount(t, s, "an import")
		if _, _, err := g.UndoImport(ctx, "test"); err != nil {
			t.Fatal(err)
		}
		recount(t, s, "its undoing")
		importText(t, g, "email,name\na@example.org,A\nb@example.org,B\nc@example.org,C\nd@example.org,D\n", subscribers.ImportOptions{Actor: "test", Lists: []string{"quick", "careful"}})
		importText(t, g, "email,name\na@example.org,Ada\ne@example.org,E\n", subscribers.ImportOptions{Actor: "test", Lists: []string{"quiet", "careful"}})
		recount(t, s, "an import that changes readers")
		j.ask("f@example.org", "quick", "careful")
		recount(t, s, "signing up")
		if err := g.ConfirmSignUp(ctx, j.last, j.welcome); err != nil {
			t.Fatal(err)
		}
		recount(t, s, "confirming")
		who := func(email string) subscribers.ID { return must[subscribers.Subscriber](t)(g.Find(ctx, email)).ID }
		careful := []subscribers.ListID{j.lists["careful"].ID}
		for _, step := range []struct {
			name string
			do   func() error
		}{
			{"leaving a list", func() error {
				return g.Unsubscribe(ctx, who("a@example.org"), careful, subscribers.Sign{Source: "page"})
			}},
			{"leaving all", func() error { return g.Unsubscribe(ctx, who("b@example.org"), nil, subscribers.Sign{Source: "page"}) }},
			{"coming back", func() error {
				return g.Subscribe(ctx, who("a@example.org"), careful, subscribers.Sign{Actor: "reader", Source: "page"})
			}},
			{"a pause", func() error { return g.Pause(ctx, "reader", who("c@example.org"), g.Now().Add(48*time.Hour)) }},
			{"do not mail", func() error {
				_, err := g.Suppress(ctx, "test", "c@example.org", "asked", "operator")
				return err
			}},
			{"a bounce", func() error {
				return g.MarkAddress(ctx, "test", who("d@example.org"), subscribers.AddressBounced, "550")
			}},
			{"being forgotten", func() error { return g.Forget(ctx, "test", who("d@example.org")) }},
			{"adding up", func() error { return s.FoldListCounts(ctx) }},
		} {
			if err := step.do(); err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			recount(t, s, step.name)
		}
		page := must[[]subscribers.ListCounts](t)(g.Lists(ctx, "", 10))
		got := fmt.Sprint(page[0].Name, page[0].Active, page[0].Pending, page[0].Unsubscribed)
		if want := fmt.Sprint("careful", 4, 0, 1); got != want {
			t.Errorf("the page shows %q, want %q", got, want)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM list_counts WHERE slot <> 0`); n != 0 {
			t.Errorf("%d numbers of sessions are left after adding up", n)
		}
	})
}

// People leave lists in every order, while others join and the numbers are
// added up: nobody is told to try again, and the numbers are right.
func TestListCountsWithManyAtOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		var lists []subscribers.ListID
		for _, name := range []string{"a", "b", "c"} {
			lists = append(lists, list(t, g, name))
		}
		const people = 24
		var who []subscribers.ID
		for i := range people {
			r := must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: fmt.Sprintf("r%d@example.org", i), Lists: []string{"a", "b", "c"}}))
			who = append(who, r.ID)
		}
		var wg sync.WaitGroup
		for i, id := range who {
			wg.Go(func() {
				order := []subscribers.ListID{lists[i%3], lists[(i+1+i%2)%3], lists[(i+2-i%2)%3]}
				if err := g.Unsubscribe(ctx, id, order, subscribers.Sign{Source: "page"}); err != nil {
					t.Errorf("unsubscribing: %v", err)
				}
				if i%4 == 0 {
					if err := s.FoldListCounts(ctx); err != nil {
						t.Errorf("adding up: %v", err)
					}
				}
			})
		}
		wg.Go(func() {
			importText(t, g, "email\nx@example.org\ny@example.org\n", subscribers.ImportOptions{Actor: "test", Lists: []string{"c", "a"}})
		})
		wg.Wait()
		recount(t, s, "all of them")
		if err := s.FoldListCounts(ctx); err != nil {
			t.Fatal(err)
		}
		recount(t, s, "adding up")
	})
}
