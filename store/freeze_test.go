package store_test

import (
	"strings"
	"testing"

	"postrider/campaigns"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// freezeCursor is the last reader that the freezing of an edition has looked at.
func (n *newsroom) freezeCursor(t testing.TB, e campaigns.EditionID) int64 {
	t.Helper()
	return storetest.One[int64](t, n.Store, `SELECT freeze_cursor FROM editions WHERE id = $1`, int64(e))
}

// membersBetween counts the active members of an edition's lists in a run of ids.
func (n *newsroom) membersBetween(t testing.TB, e campaigns.EditionID, after, last int64) int {
	t.Helper()
	return storetest.One[int](t, n.Store, `
		SELECT count(DISTINCT m.subscriber_id) FROM memberships m JOIN edition_lists el ON el.list_id = m.list_id
		WHERE el.edition_id = $1 AND m.state = 'active' AND m.subscriber_id > $2 AND m.subscriber_id <= $3`, int64(e), after, last)
}

// upTo counts those of some readers whose ids are not behind last.
func (n *newsroom) upTo(t testing.TB, who []string, last int64) int {
	t.Helper()
	before := 0
	for _, email := range who {
		if int64(n.find(t, email)) <= last {
			before++
		}
	}
	return before
}

// A segment that selects hardly anybody must not make one chunk of all readers:
// others would wait for it.
func TestAChunkIsBoundedWhereHardlyAnybodyIsTaken(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 30)...)
		e := bareEdition(n.Now())
		e.Lists = must[[]subscribers.ListID](t)(n.ListsByName(ctx, []string{"news"}))
		e.Segment, e.Question = "one", "email = "+emails(0, 30)[29]
		if err := n.OpenEdition(ctx, e, campaigns.Content{}, nil, opened(e)); err != nil {
			t.Fatal(err)
		}
		if err := n.desk.Freeze(ctx, e, n.Now()); err != nil {
			t.Fatal(err)
		}
		for chunk := 1; ; chunk++ {
			before := n.freezeCursor(t, e.ID)
			done := must[bool](t)(n.FreezeSome(ctx, e, 7))
			if looked := n.membersBetween(t, e.ID, before, n.freezeCursor(t, e.ID)); looked != min(7, 30-7*(chunk-1)) {
				t.Fatalf("chunk %d looked at %d members", chunk, looked)
			}
			if done {
				break
			}
		}
		wantAudience(t, n, e.ID, emails(29, 30))
		if all := storetest.One[int](t, n.Store, `SELECT count(*) FROM recipients`); all != 1 {
			t.Errorf("the ledger has %d rows, want 1", all)
		}
	})
}

// Each chunk begins where the last one ended, on SQLite too, which has no
// figures about these tables and goes by their indexes only.
func TestAChunkReadsOnlyItsMembers(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	for lists := 1; lists <= 2; lists++ {
		next, insert := store.FreezeQueries(s, lists)
		for _, query := range []string{next, insert} {
			plan := must[string](t)(s.Plan(ctx, query))
			for step := range strings.Lines(plan) {
				reads := strings.Contains(step, "memberships") || strings.Contains(step, " m ") || strings.Contains(step, " s ")
				if reads && !strings.Contains(step, "subscriber_id>?") && !strings.Contains(step, "rowid=?") {
					t.Errorf("%d lists: %s\nin\n%s", lists, step, plan)
				}
			}
			if !strings.Contains(plan, "subscriber_id>?") {
				t.Errorf("%d lists: nothing goes on behind the last chunk in\n%s", lists, plan)
			}
		}
	}
}
