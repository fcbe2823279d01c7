package store_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// TestTheAudienceIsWhoFreezingTakes: the page's number and the frozen ledger's
// agree, whatever keeps people out, on one list and on several.
func TestTheAudienceIsWhoFreezingTakes(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		g := &subscribers.Registry{Store: n.Store, Now: n.Now}
		lists := map[string]subscribers.ListID{"one": list(t, g, "one"), "two": list(t, g, "two"), "empty": list(t, g, "empty")}
		var csv strings.Builder
		csv.WriteString("email\n")
		for i := range 12 {
			fmt.Fprintf(&csv, "r%d@%s.example.org\n", i, []string{"a", "b", "blocked"}[i%3])
		}
		importText(t, g, csv.String(), subscribers.ImportOptions{Lists: []string{"one"}})
		importText(t, g, "email\nr0@a.example.org\nr1@b.example.org\nnew@a.example.org\n", subscribers.ImportOptions{Lists: []string{"two"}})
		set := func(where, what string) {
			storetest.Exec(t, n.Store, `UPDATE memberships SET `+what+` WHERE list_id = $1 AND subscriber_id IN (SELECT id FROM subscribers WHERE email = $2)`, int64(lists["one"]), where)
		}
		set("r0@a.example.org", "state = 'unsubscribed'") // still on the other list
		set("r3@a.example.org", "state = 'unsubscribed'")
		set("r4@b.example.org", "state = 'pending'")
		set("r6@a.example.org", fmt.Sprintf("paused_until = %d", n.Now().Add(time.Hour).UnixMilli()))
		set("r7@b.example.org", fmt.Sprintf("paused_until = %d", n.Now().Add(-time.Hour).UnixMilli())) // back again
		storetest.Exec(t, n.Store, `UPDATE subscribers SET address_state = 'bounced' WHERE email IN ('r9@a.example.org', 'r3@a.example.org')`)
		storetest.Exec(t, n.Store, `UPDATE subscribers SET address_state = 'complained' WHERE email = 'r10@b.example.org'`)
		for i, x := range []string{"address r1@b.example.org", "address nobody@example.org", "domain blocked.example.org"} {
			kind, value, _ := strings.Cut(x, " ")
			storetest.Insert(t, n.Store, "suppressions", map[string]any{"id": i + 1, "kind": kind, "value": value})
		}
		for _, c := range []struct {
			lists, question string
			want            string
		}{
			{"one", "", "12 people, 1 reached: bounced 1 complained 1 paused 1 pending 1 suppressed 5 unsubscribed 2"},
			{"two", "", "3 people, 2 reached: suppressed 1"},
			{"one two", "", "13 people, 3 reached: bounced 1 complained 1 paused 1 pending 1 suppressed 5 unsubscribed 1"},
			{"one two", "email != r1@b.example.org and not list = two", "13 people, 1 reached: bounced 1 complained 1 paused 1 pending 1 segment 2 suppressed 5 unsubscribed 1"},
			{"two", "added < 30d", "3 people, 0 reached: segment 2 suppressed 1"},
			{"empty", "", "0 people, 0 reached:"},
			{"", "", "0 people, 0 reached:"},
		} {
			var of []subscribers.ListID
			for _, name := range strings.Fields(c.lists) {
				of = append(of, lists[name])
			}
			a := must[subscribers.Audience](t)(n.Audience(ctx, of, c.question, n.Now(), 5))
			got := fmt.Sprintf("%d people, %d reached:", a.People, a.Reached)
			for _, why := range slices.Sorted(maps.Keys(a.Left)) {
				got += fmt.Sprintf(" %s %d", why, a.Left[why])
			}
			if got != c.want {
				t.Errorf("lists %q: %s, want %s", c.lists, got, c.want)
			}
			if frozen := n.frozen(t, of, c.question); frozen != a.Reached || len(a.Sample) != min(a.Reached, 5) {
				t.Errorf("lists %q: %d frozen, %d in the sample, and the audience says %d", c.lists, frozen, len(a.Sample), a.Reached)
			}
		}
	})
}

// frozen is how many readers freezing takes from these lists.
func (n *newsroom) frozen(t testing.TB, lists []subscribers.ListID, question string) int {
	t.Helper()
	e := bareEdition(n.Now())
	e.Lists = lists
	if question != "" {
		e.Segment, e.Question = "some", question
	}
	if err := n.OpenEdition(ctx, e, campaigns.Content{}, nil, opened(e)); err != nil {
		t.Fatal(err)
	}
	if err := n.desk.Freeze(ctx, e, n.Now()); err != nil {
		t.Fatal(err)
	}
	for e = n.edition(t, e.ID); e.State == campaigns.Freezing; e = n.edition(t, e.ID) {
		must[bool](t)(n.FreezeSome(ctx, e, 4))
	}
	return storetest.One[int](t, n.Store, `SELECT count(*) FROM recipients WHERE edition_id = $1`, int64(e.ID))
}

// BenchmarkAudience resolves one list, and two that overlap, of a million.
func BenchmarkAudience(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, s *store.Store) {
		const readers = 1_000_000
		fill := `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) `
		if s.Path() == "" {
			fill = `WITH n AS (SELECT generate_series(1, 1000000) AS i) `
		}
		storetest.Exec(b, s, fill+`INSERT INTO subscribers (id, email, canonical, domain, name, fields, language, zone, address_state, created_at, updated_at)
			SELECT i, 'r' || i || '@example.org', 'r' || i || '@example.org', 'example.org', '', '{}', '', '', CASE WHEN i % 100 = 0 THEN 'bounced' ELSE 'ok' END, 1, 1 FROM n`)
		for l := 1; l <= 2; l++ {
			storetest.Insert(b, s, "lists", map[string]any{"id": l, "name": fmt.Sprint("l", l), "created_at": 1})
			storetest.Exec(b, s, fmt.Sprintf(`INSERT INTO memberships (list_id, subscriber_id, state, paused_until, joined_at, updated_at)
				SELECT %d, id, CASE WHEN id %% 20 = 0 THEN 'unsubscribed' ELSE 'active' END, 0, 1, 1 FROM subscribers WHERE id %% %d = 0`, l, l))
		}
		for i := range 20_000 / 100 { // twenty thousand suppressed
			storetest.Exec(b, s, fmt.Sprintf(`INSERT INTO suppressions (id, kind, value, reason, source, created_at)
				SELECT id, 'address', canonical, '', '', 1 FROM subscribers WHERE id > %d AND id <= %d`, i*100, i*100+100))
		}
		if s.Path() == "" {
			storetest.Exec(b, s, `ANALYZE`)
		}
		for _, lists := range [][]subscribers.ListID{{1}, {1, 2}} {
			b.Run(fmt.Sprint(len(lists), "lists"), func(b *testing.B) {
				for b.Loop() {
					a, err := s.Audience(b.Context(), lists, "", time.Unix(1_800_000_000, 0), 5)
					if err != nil || a.People != readers {
						b.Fatal(a.People, err)
					}
				}
			})
		}
	})
}
