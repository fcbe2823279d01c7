package store_test

import (
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func TestFieldsOfReadersAreKnown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		if got := must[[]string](t)(s.ReaderFields(ctx, []string{"anything"})); !slices.Equal(got, []string{"anything"}) {
			t.Errorf("before there are readers, known are %v", got)
		}
		g := &subscribers.Registry{Store: s, Now: func() time.Time { return time.UnixMilli(1_800_000_000_000) }}
		must[subscribers.List](t)(g.CreateList(ctx, "test", "news", ""))
		add := func(email string, fields map[string]string) {
			t.Helper()
			if _, err := g.Add(ctx, "test", subscribers.Newcomer{Email: email, Lists: []string{"news"}, Fields: fields}); err != nil {
				t.Fatal(err)
			}
		}
		add("first@example.org", map[string]string{"old_one": "x", "motto": `say "quoted":1`})
		for i := range 210 {
			add(fmt.Sprintf("r%d@example.org", i), map[string]string{"city": "Lund"})
		}
		got := must[[]string](t)(s.ReaderFields(ctx, []string{"old_one", "oldxone", "quoted", "town"}))
		if !slices.Equal(got, []string{"city", "old_one"}) {
			t.Errorf("known are %v, want city and old_one", got)
		}
	})
}

func TestEmptyFieldsAreCounted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := &subscribers.Registry{Store: s, Now: func() time.Time { return time.UnixMilli(1_800_000_000_000) }}
		for _, l := range []string{"news", "extra", "other"} {
			must[subscribers.List](t)(g.CreateList(ctx, "test", l, ""))
		}
		for _, n := range []subscribers.Newcomer{
			{Email: "a@example.org", Name: "Ada Lovelace", Language: "en", Lists: []string{"news", "extra"}, Fields: map[string]string{"city": "Lund"}},
			{Email: "b@example.org", Lists: []string{"news", "extra"}, Fields: map[string]string{"first_name": "Ben", "note": "a long note about this reader"}},
			{Email: "c@example.org", Lists: []string{"extra"}},
			{Email: "d@example.org", Name: "Somebody with a very long name", Lists: []string{"other"}},
		} {
			must[subscribers.Subscriber](t)(g.Add(ctx, "test", n))
		}
		lists := must[[]subscribers.ListID](t)(s.ListsByName(ctx, []string{"news", "extra"}))
		got := must[map[string]int](t)(s.EmptyFields(ctx, lists, []string{"city", "name", "first_name", "language", "email", "nothing"}))
		want := map[string]int{"city": 2, "name": 1, "first_name": 1, "language": 2, "nothing": 3}
		if !maps.Equal(got, want) {
			t.Errorf("empty are %v, want %v", got, want)
		}
		var emails []string
		for _, r := range must[[]subscribers.Subscriber](t)(s.LongestReaders(ctx, lists)) {
			emails = append(emails, r.Email)
		}
		if !slices.Equal(emails, []string{"b@example.org", "a@example.org"}) {
			t.Errorf("the longest are %v", emails)
		}
	})
}
