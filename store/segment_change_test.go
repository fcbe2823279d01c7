package store_test

import (
	"slices"
	"testing"

	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func TestSegmentIsChanged(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		list(t, g, "news")
		made := must[subscribers.Segment](t)(g.CreateSegment(ctx, "cli", "swedes", "language = sv"))
		must[subscribers.Segment](t)(g.CreateSegment(ctx, "cli", "taken", "language = no"))
		got := must[subscribers.Segment](t)(g.ChangeSegment(ctx, "cli", "swedes", "nordic", "language in (sv,no) and list = news"))
		if kept := must[subscribers.Segment](t)(g.Segment(ctx, "nordic")); kept != got || kept.ID != made.ID || kept.Question != "language in (sv, no) and list = news" {
			t.Errorf("kept is %+v, answered %+v", kept, got)
		}
		for name, want := range map[string]errs.Kind{"taken": errs.Conflict, "a,b": errs.Invalid, "": errs.Invalid} {
			if _, err := g.ChangeSegment(ctx, "cli", "nordic", name, "language = sv"); !errs.Is(err, want) {
				t.Errorf("called %q: %v, want %v", name, err, want)
			}
		}
		if _, err := g.ChangeSegment(ctx, "cli", "nordic", "nordic", "list = nwes"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a list that is not there: %v", err)
		}
		if _, err := g.ChangeSegment(ctx, "cli", "swedes", "x", "language = sv"); !errs.Is(err, errs.NotFound) {
			t.Errorf("its old name: %v", err)
		}
		storetest.Insert(t, s, "campaigns", map[string]any{"id": 1, "name": "Weekly", "state": "active", "source": "fixed", "approval": "once", "canonical": "page", "tracking": "off"})
		storetest.Insert(t, s, "campaign_segments", map[string]any{"campaign_id": 1, "segment_id": int64(made.ID)})
		if uses := must[[]string](t)(g.SegmentUses(ctx, made.ID)); !slices.Equal(uses, []string{"Weekly"}) {
			t.Errorf("used by %q", uses)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE kind = 'segment' AND action = 'changed'`); n != 1 {
			t.Errorf("%d changes in the audit log, want 1", n)
		}
	})
}
