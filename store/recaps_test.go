package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/events"
	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// keep stores a recap under a slug, approved at a minute of the clock.
func keep(t testing.TB, s *store.Store, slug string, minute int) recaps.Saved {
	t.Helper()
	l := &recaps.Library{Store: s, Now: func() time.Time { return time.UnixMilli(1_800_000_000_000).Add(time.Duration(minute) * time.Minute) }}
	r := recaps.Sample()
	r.Slug, r.Title = slug, "Recap "+slug
	saved := must[recaps.Saved](t)(l.Keep(ctx, "test", r, "sample"))
	return must[recaps.Saved](t)(l.Approve(ctx, "test", saved.ID))
}

func slugs(all []recaps.Saved) string {
	var out []string
	for _, s := range all {
		out = append(out, s.Slug)
	}
	return strings.Join(out, " ")
}

func TestCollectLeavesOutWhatTheseListsHad(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", "ada@example.org")
		n.join(t, "extra", "ada@example.org")
		lists := must[[]subscribers.ListID](t)(n.ListsByName(ctx, []string{"news", "extra"}))
		news, extra := lists[:1], lists[1:]
		first, second, third := keep(t, n.Store, "first", 30), keep(t, n.Store, "second", 10), keep(t, n.Store, "third", 20)
		library := &recaps.Library{Store: n.Store, Now: n.Now}
		draft := recaps.Sample()
		draft.Slug = "draft"
		must[recaps.Saved](t)(library.Keep(ctx, "test", draft, "sample"))
		must[recaps.Saved](t)(library.Archive(ctx, "test", keep(t, n.Store, "old", 1).ID))

		want := func(what string, lists []subscribers.ListID, limit int, slugsWanted string) {
			t.Helper()
			if got := slugs(must[[]recaps.Saved](t)(n.Collectable(ctx, lists, limit))); got != slugsWanted {
				t.Errorf("%s: %q can be collected, want %q", what, got, slugsWanted)
			}
		}
		want("at first, in the order of approval", lists, 20, "second third first")
		want("two at most", lists, 2, "second third")

		send := func(to []subscribers.ListID, all ...recaps.Saved) campaigns.EditionID {
			e := bareEdition(n.Now())
			e.Lists = to
			for _, r := range all {
				e.Recaps = append(e.Recaps, campaigns.RecapRef{Recap: r.ID, Revision: r.Revision})
			}
			if err := n.OpenEdition(ctx, e, campaigns.Content{}, nil, opened(e)); err != nil {
				t.Fatal(err)
			}
			return e.ID
		}
		send(news, second, third)
		want("after the news had two", news, 20, "first")
		want("for another list", extra, 20, "second third first")
		want("for both lists", lists, 20, "first")
		cancelled := send(extra, first)
		want("while an edition has it", lists, 20, "")
		if err := n.desk.Cancel(ctx, "test", n.edition(t, cancelled)); err != nil {
			t.Fatal(err)
		}
		want("once that edition is cancelled", lists, 20, "first")
		changed := recaps.Sample()
		changed.Slug, changed.Title = "second", "Told anew"
		must[recaps.Saved](t)(library.Keep(ctx, "test", changed, "sample"))
		must[recaps.Saved](t)(library.Approve(ctx, "test", second.ID))
		want("a new revision is no new recap", news, 20, "first")
	})
}

func TestRecapsAreRevisedOneAfterAnother(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		was := keep(t, s, "one", 0)
		next := was
		next.Number, next.Revision, next.State = 2, was.Revision+1, recaps.Draft
		revision := recaps.Revision{ID: next.Revision, Of: was.ID, Number: 2, Actor: "ann", Source: "page", Recap: was.Recap, CreatedAt: was.UpdatedAt}
		if err := s.ReviseRecap(ctx, next, revision, 1); err != nil {
			t.Fatal(err)
		}
		revision.ID++
		if err := s.ReviseRecap(ctx, next, revision, 1); !errs.Is(err, errs.Conflict) {
			t.Errorf("revising what has been revised: %v, want Conflict", err)
		}
		if err := s.SetRecapState(ctx, "ann", was, recaps.Approved); !errs.Is(err, errs.Conflict) {
			t.Errorf("approving a revision that nobody has read: %v, want Conflict", err)
		}
		if err := s.AddRecap(ctx, was, revision); !errs.Is(err, errs.Conflict) {
			t.Errorf("adding the slug again: %v, want Conflict", err)
		}
		got := must[[]recaps.Revision](t)(s.RecapRevisions(ctx, was.ID, 10))
		if len(got) != 2 || got[0].Number != 2 || got[0].Actor != "ann" || got[1].Number != 1 || !got[0].Recap.Equal(was.Recap) {
			t.Errorf("the history is %+v", got)
		}
		for _, missing := range []error{
			second(s.Recap(ctx, was.ID+99)), second(s.RecapBySlug(ctx, "two")),
		} {
			if !errs.Is(missing, errs.NotFound) {
				t.Errorf("a missing recap: %v", missing)
			}
		}
		keep(t, s, "two", 1)
		keep(t, s, "three", 2)
		page := must[[]recaps.Saved](t)(s.Recaps(ctx, was.ID, 1))
		if slugs(page) != "two" {
			t.Errorf("behind the first come %q", slugs(page))
		}
	})
}

func second[T any](_ T, err error) error { return err }

func TestShareCountsAddUp(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		day := func(d, network string, n, people, machines int) events.ShareCount {
			return events.ShareCount{Edition: 7, Day: d, Network: network, N: n, People: people, Machines: machines}
		}
		for _, counts := range [][]events.ShareCount{
			{day("2027-03-01", "x", 0, 1, 2), day("2027-03-01", "x", 3, 1, 0), day("2027-03-02", "x", 0, 1, 0), {Edition: 8, Day: "2027-03-01", Network: "x", People: 9}},
			{day("2027-03-01", "x", 0, 10, 20), day("2027-03-01", "bluesky", 0, 0, 5)},
			nil,
		} {
			if err := s.AddShares(ctx, counts); err != nil {
				t.Fatal(err)
			}
		}
		got := must[[]events.ShareCount](t)(s.Shares(ctx, 7))
		want := []events.ShareCount{day("2027-03-01", "bluesky", 0, 0, 5), day("2027-03-01", "x", 0, 11, 22), day("2027-03-01", "x", 3, 1, 0), day("2027-03-02", "x", 0, 1, 0)}
		if !slices.Equal(got, want) {
			t.Errorf("counted are\n%s, want\n%s", fmt.Sprint(got), fmt.Sprint(want))
		}
	})
}

func TestRecapsAreFoundByTitle(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		library := &recaps.Library{Store: n.Store, Now: n.Now}
		for _, title := range []string{"Key takeaways from Oslo", "Årsmöte 100% klart", "Oslo again"} {
			r := recaps.Sample()
			r.Title, r.Slug = title, fmt.Sprintf("r%d", len(title))
			must[recaps.Saved](t)(library.Create(ctx, "test", r, "pasted"))
		}
		oslo := must[[]recaps.Saved](t)(n.FindRecaps(ctx, "oslo", "", 0, 10))
		must[recaps.Saved](t)(library.Approve(ctx, "test", oslo[0].ID))
		for _, c := range []struct {
			words string
			state recaps.State
			want  string
		}{
			{"", "", "Oslo again|Årsmöte 100% klart|Key takeaways from Oslo"},
			{" OSLO ", "", "Oslo again|Key takeaways from Oslo"},
			{"Årsm", "", "Årsmöte 100% klart"},
			{"100%", "", "Årsmöte 100% klart"},
			{"100_", "", ""},
			{"r10", "", "Oslo again"},
			{"oslo", recaps.Draft, "Key takeaways from Oslo"},
			{"", recaps.Approved, "Oslo again"},
		} {
			var got []string
			for _, r := range must[[]recaps.Saved](t)(n.FindRecaps(ctx, c.words, c.state, 0, 10)) {
				got = append(got, r.Recap.Title)
			}
			if all := strings.Join(got, "|"); all != c.want {
				t.Errorf("%q in state %q: %q, want %q", c.words, c.state, all, c.want)
			}
		}
		rest := must[[]recaps.Saved](t)(n.FindRecaps(ctx, "oslo", "", oslo[0].ID, 10))
		if len(rest) != 1 || rest[0].ID != oslo[1].ID {
			t.Errorf("behind the first: %+v", rest)
		}
		v := must[recaps.Revision](t)(n.RecapRevision(ctx, oslo[0].ID, 1))
		if v.Recap.Title != "Oslo again" || v.Source != "pasted" {
			t.Errorf("its revision is %+v", v)
		}
		if _, err := n.RecapRevision(ctx, oslo[0].ID, 2); !errs.Is(err, errs.NotFound) {
			t.Errorf("a revision that is not: %v", err)
		}
	})
}
