package store_test

import (
	"testing"
	"time"

	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
)

func TestTranslationsAreFoundByTheirOriginal(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		original := keep(t, s, "original", 0)
		l := &recaps.Library{Store: s, Now: func() time.Time { return time.UnixMilli(1_800_000_000_000) }}
		r := recaps.Sample()
		r.Slug, r.Lang, r.TranslationOf = "svenska", "sv", original.Slug
		saved := must[recaps.Saved](t)(l.Keep(ctx, "test", r, "sample"))
		if got := slugs(must[[]recaps.Saved](t)(s.TranslationsOf(ctx, original.Slug, 10))); got != "svenska" {
			t.Errorf("found are %q", got)
		}
		r.TranslationOf = "" // it becomes a recap of its own
		must[recaps.Saved](t)(l.Keep(ctx, "test", r, "sample"))
		if got := must[[]recaps.Saved](t)(s.TranslationsOf(ctx, original.Slug, 10)); len(got) != 0 {
			t.Errorf("found are %+v", got)
		}
		if back := must[recaps.Saved](t)(l.Restore(ctx, "test", saved.ID, 1)); back.Number != 3 || back.Recap.TranslationOf != original.Slug {
			t.Errorf("restored is %+v", back)
		}
		if got := slugs(must[[]recaps.Saved](t)(s.TranslationsOf(ctx, original.Slug, 10))); got != "svenska" {
			t.Errorf("after restoring, found are %q", got)
		}
	})
}
