package store_test

import (
	"slices"
	"testing"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
)

func TestMigrationNumbersTwinsAnew(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		storetest.Exec(t, s, `DROP INDEX editions_campaign_number`)
		storetest.Exec(t, s, `DROP INDEX editions_slug_number`)
		for i, e := range []struct {
			campaign int
			slug     string
			number   int
		}{{0, "a", 1}, {0, "a", 1}, {0, "a", 2}, {0, "b", 1}, {7, "a", 1}, {7, "b", 2}, {7, "c", 2}} {
			storetest.Insert(t, s, "editions", map[string]any{"id": i + 1, "campaign_id": e.campaign, "slug": e.slug, "number": e.number,
				"state": "sent", "policy": "hold", "tracking": "off"})
		}
		if err := s.Statements(ctx, must[string](t)(store.MigrationText(18))); err != nil {
			t.Fatal(err)
		}
		got := storetest.Column[int](t, s, `SELECT number FROM editions ORDER BY id`)
		if want := []int{1, 2, 3, 1, 1, 2, 3}; !slices.Equal(got, want) {
			t.Errorf("numbers %v, want %v", got, want)
		}
	})
}

func TestANumberIsGivenOnce(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		one, two := bareEdition(n.Now()), bareEdition(n.Now())
		two.Number = one.Number
		if err := n.OpenEdition(ctx, one, campaigns.Content{}, nil, opened(one)); err != nil {
			t.Fatal(err)
		}
		if err := n.OpenEdition(ctx, two, campaigns.Content{}, nil, opened(two)); !errs.Is(err, errs.Conflict) {
			t.Errorf("the number of another: %v, want Conflict", err)
		}
		two.Slug = "other"
		if err := n.OpenEdition(ctx, two, campaigns.Content{}, nil, opened(two)); err != nil {
			t.Errorf("the same number of another page: %v", err)
		}
	})
}
