package store_test

import (
	"fmt"
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
