package store_test

import (
	"fmt"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
)

func TestManuscriptsAreTheirWritersOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		now := time.UnixMilli(1_800_000_000_000).UTC()
		book := &recaps.Notebook{Store: s, Now: func() time.Time { now = now.Add(time.Second); return now }}
		note := must[recaps.Manuscript](t)
		m := note(book.Note(ctx, recaps.Manuscript{Actor: "ann", Text: "# A title\n"}))
		m.Text = "---\ntitle: \"Better\"\n---\n\x00half a"
		m = note(book.Note(ctx, m))
		got := note(book.Get(ctx, "ann", m.ID))
		if got != m || got.Heading() != "Better" || got.Text[len(got.Text)-6:] != "half a" {
			t.Errorf("noted %+v, read %+v with the heading %q", m, got, got.Heading())
		}
		if _, err := book.Get(ctx, "eve", m.ID); !errs.Is(err, errs.NotFound) {
			t.Errorf("somebody else reads it: %v", err)
		}
		theirs := m
		theirs.Actor, theirs.Text = "eve", "stolen"
		if _, err := book.Note(ctx, theirs); !errs.Is(err, errs.NotFound) {
			t.Errorf("somebody else writes it: %v", err)
		}
		if err := book.Discard(ctx, "eve", m.ID); err != nil {
			t.Fatal(err)
		}
		if note(book.Get(ctx, "ann", m.ID)).Text != m.Text {
			t.Error("somebody else threw it away")
		}
		for i := range 40 {
			note(book.Note(ctx, recaps.Manuscript{Actor: "eve", Text: fmt.Sprint("text ", i)}))
		}
		all := must[[]recaps.Manuscript](t)(book.List(ctx, "eve"))
		if len(all) != 30 || all[0].Text != "text 39" || all[29].Text != "text 10" {
			t.Errorf("%d are kept, from %q on", len(all), all[0].Text)
		}
		for range 2 {
			if err := book.Discard(ctx, "ann", m.ID); err != nil {
				t.Fatal(err)
			}
		}
		if left := must[[]recaps.Manuscript](t)(book.List(ctx, "ann")); len(left) != 0 {
			t.Errorf("thrown away, but there is %+v", left)
		}
	})
}

func TestWhoIsChangingARecapIsKnown(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		now := time.UnixMilli(1_800_000_000_000).UTC()
		book := &recaps.Notebook{Store: s, Now: func() time.Time { return now }}
		note := must[recaps.Manuscript](t)
		for _, actor := range []string{"ann", "bo", "bo", "cy"} {
			note(book.Note(ctx, recaps.Manuscript{Actor: actor, Recap: 7, Base: 1, Text: "x"}))
			now = now.Add(5 * time.Minute)
		}
		note(book.Note(ctx, recaps.Manuscript{Actor: "eve", Recap: 8, Base: 1, Text: "x"}))
		others := must[[]recaps.Writer](t)(book.Others(ctx, "cy", 7))
		if len(others) != 1 || others[0].Actor != "bo" || !others[0].Since.Equal(now.Add(-10*time.Minute)) {
			t.Errorf("beside cy there are %+v; want bo, who began ten minutes ago, and not ann, who left twenty ago", others)
		}
	})
}
