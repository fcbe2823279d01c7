package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

var ctx = context.Background()

// registry is a Registry whose forgotten addresses are kept as "hash of …".
func registry(s *store.Store) *subscribers.Registry {
	return &subscribers.Registry{Store: s, Now: func() time.Time { return time.UnixMilli(1_700_000_000_000) },
		Hash: func(c string) []string { return []string{fmt.Sprintf("hash%x", len(c)), "old" + fmt.Sprint(len(c))} }}
}

func must[T any](t testing.TB) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func list(t testing.TB, g *subscribers.Registry, name string) subscribers.ListID {
	t.Helper()
	return must[subscribers.List](t)(g.CreateList(ctx, "cli", name, "")).ID
}

func importText(t testing.TB, g *subscribers.Registry, text string, o subscribers.ImportOptions) subscribers.ImportResult {
	t.Helper()
	return must[subscribers.ImportResult](t)(g.Import(ctx, strings.NewReader(text), o))
}

// stateOn is a reader's state on a list, "" for none.
func stateOn(t testing.TB, g *subscribers.Registry, email string, on subscribers.ListID) subscribers.MembershipState {
	t.Helper()
	s := must[subscribers.Subscriber](t)(g.Find(ctx, email))
	for _, m := range must[[]subscribers.Membership](t)(g.Memberships(ctx, s.ID)) {
		if m.List == on {
			return m.State
		}
	}
	return ""
}

func TestDuplicatesAreOneSubscriber(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		list(t, g, "news")
		file := "E-Mail;Full name;City\r\nada@example.org;Ada;Oslo\r\nADA@EXAMPLE.ORG;Ada L;\r\nada@example.org;Ada L;\r\n"
		r := importText(t, g, file, subscribers.ImportOptions{Actor: "cli", Lists: []string{"news"}})
		if r.Rows != 3 || r.Added != 1 || r.Updated != 1 || r.Unchanged != 1 || r.Refused != 0 {
			t.Fatalf("import: %+v", r)
		}
		got := must[subscribers.Subscriber](t)(g.Find(ctx, "Ada@Example.Org"))
		if got.Email != "ada@example.org" || got.Name != "Ada L" || got.Fields["city"] != "Oslo" {
			t.Fatalf("got %+v", got)
		}
		again := must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "ada@example.org", Fields: map[string]string{"city": "Bergen"}}))
		if again.ID != got.ID || again.Fields["city"] != "Bergen" || again.Name != "Ada L" {
			t.Fatalf("adding again: %+v, want the same reader in Bergen", again)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM subscribers`); n != 1 {
			t.Fatalf("%d subscribers, want 1", n)
		}
	})
}

func TestImportNeverRevives(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		news, other := list(t, g, "news"), list(t, g, "other")
		o := subscribers.ImportOptions{Actor: "cli", Lists: []string{"news"}, Consent: "at the fair"}
		importText(t, g, "email\nleft@example.org\npending@example.org\n", o)
		left := must[subscribers.Subscriber](t)(g.Find(ctx, "left@example.org"))
		for range 2 { // idempotent
			if err := g.Unsubscribe(ctx, left.ID, nil, subscribers.Sign{Actor: "reader", Source: "page"}); err != nil {
				t.Fatal(err)
			}
		}
		storetest.Exec(t, s, `UPDATE memberships SET state = 'pending' WHERE subscriber_id <> $1`, int64(left.ID))
		must[subscribers.Suppression](t)(g.Suppress(ctx, "cli", "no@example.org", "complaint", ""))
		must[subscribers.Suppression](t)(g.Suppress(ctx, "cli", "@example.net", "", ""))
		r := importText(t, g, "email,list:other\nleft@example.org,active\nno@example.org,\nNO@example.org,\nx@example.net,active\npending@example.org,unsubscribed\n", o)
		if r.Rows != 5 || r.Refused != 3 || r.Added != 0 || r.Updated != 2 || r.Left != 1 {
			t.Fatalf("import: %+v", r)
		}
		for _, c := range []struct {
			email string
			on    subscribers.ListID
			want  subscribers.MembershipState
		}{
			{"left@example.org", news, "unsubscribed"}, {"left@example.org", other, "active"},
			{"pending@example.org", news, "active"}, {"pending@example.org", other, "unsubscribed"},
		} {
			if got := stateOn(t, g, c.email, c.on); got != c.want {
				t.Errorf("%s is %q, want %q", c.email, got, c.want)
			}
		}
		if _, err := g.Add(ctx, "cli", subscribers.Newcomer{Email: "left@example.org", Lists: []string{"news"}}); !errs.Is(err, errs.Conflict) {
			t.Errorf("an operator adding one who left: %v, want Conflict", err)
		}
		if _, err := g.Add(ctx, "cli", subscribers.Newcomer{Email: "no@example.org"}); !errs.Is(err, errs.Conflict) {
			t.Errorf("adding a suppressed address: %v, want Conflict", err)
		}
		by := subscribers.Sign{Actor: "cli", Source: "admin"}
		if err := g.Subscribe(ctx, left.ID, []subscribers.ListID{news}, by); err != nil || stateOn(t, g, "left@example.org", news) != "unsubscribed" {
			t.Errorf("an operator revived one who left (%v)", err)
		}
		by.Actor = "reader"
		if err := g.Subscribe(ctx, left.ID, []subscribers.ListID{news}, by); err != nil || stateOn(t, g, "left@example.org", news) != "active" {
			t.Errorf("the reader cannot come back (%v)", err)
		}
		var story []string
		for _, c := range must[[]subscribers.Consent](t)(g.Consents(ctx, left.ID)) {
			if c.List == news {
				story = append(story, string(c.Action)+" "+c.Source+" "+c.Wording)
			}
		}
		if got := strings.Join(story, "; "); got != "given import at the fair; withdrawn page ; given admin " {
			t.Errorf("consent record: %s", got)
		}
	})
}

// edition stores an edition that goes to lists, and a recipient for each
// subscriber, and returns its id.
func edition(t testing.TB, s *store.Store, id int64, state string, lists []subscribers.ListID, who ...subscribers.ID) int64 {
	t.Helper()
	storetest.Insert(t, s, "editions", map[string]any{"id": id, "state": "sending", "policy": "hold", "tracking": "off"})
	for _, l := range lists {
		storetest.Exec(t, s, `INSERT INTO edition_lists (edition_id, list_id) VALUES ($1, $2)`, id, int64(l))
	}
	for i, w := range who {
		storetest.Exec(t, s, `INSERT INTO recipients (id, edition_id, subscriber_id, state, owner, updated_at) VALUES ($1, $2, $3, $4, 5, 0)`,
			id*1000+int64(i), id, int64(w), state)
	}
	return id
}

func TestUnsubscribeWithdrawsQueuedRecipients(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		a, b, c := list(t, g, "a"), list(t, g, "b"), list(t, g, "c")
		importText(t, g, "email\nada@example.org\nbob@example.org\n", subscribers.ImportOptions{Lists: []string{"a", "b", "c"}})
		ada := must[subscribers.Subscriber](t)(g.Find(ctx, "ada@example.org"))
		bob := must[subscribers.Subscriber](t)(g.Find(ctx, "bob@example.org"))
		both := []subscribers.ListID{a, b}
		edition(t, s, 1, "leased", both, ada.ID, bob.ID)
		edition(t, s, 2, "queued", []subscribers.ListID{b, c}, ada.ID)
		edition(t, s, 3, "sending", both, ada.ID)
		edition(t, s, 4, "deferred", both, ada.ID)
		for range 3 {
			if err := g.UnsubscribeEdition(ctx, 1, ada.ID, subscribers.Sign{Actor: "reader", Source: "one-click"}); err != nil {
				t.Fatal(err)
			}
		}
		for list, want := range map[subscribers.ListID]subscribers.MembershipState{a: "unsubscribed", b: "unsubscribed", c: "active"} {
			if got := stateOn(t, g, "ada@example.org", list); got != want {
				t.Errorf("membership %q, want %q", got, want)
			}
		}
		got := strings.Join(storetest.Column[string](t, s, `
			SELECT state FROM recipients WHERE subscriber_id = $1 ORDER BY edition_id`, int64(ada.ID)), " ")
		if got != "suppressed queued sending suppressed" {
			t.Errorf("recipients are %s: want the edition's and the deferred one withdrawn, list c's kept, the one on the wire left", got)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM recipients WHERE state = 'leased' AND owner = 5 AND subscriber_id = $1`, int64(bob.ID)); n != 1 {
			t.Errorf("the other reader was withdrawn too")
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM events WHERE kind = 'unsubscribed' AND edition_id = 1 AND recipient_id = 1000 AND subscriber_id = $1`, int64(ada.ID)); n != 1 {
			t.Errorf("%d events, want 1", n)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM consents WHERE action = 'withdrawn'`); n != 2 {
			t.Errorf("%d consents withdrawn, want 2", n)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE action = 'unsubscribed' AND actor = 'reader'`); n != 1 {
			t.Errorf("%d audit entries, want 1", n)
		}
		if err := g.UnsubscribeEdition(ctx, 99, ada.ID, subscribers.Sign{}); !errs.Is(err, errs.NotFound) {
			t.Errorf("an unknown edition: %v, want NotFound and no false success", err)
		}
	})
}

func TestConcurrentUnsubscribesLeaveOneEvent(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		a := list(t, g, "a")
		ada := must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "ada@example.org", Lists: []string{"a"}}))
		edition(t, s, 1, "queued", []subscribers.ListID{a}, ada.ID)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				if err := g.UnsubscribeEdition(ctx, 1, ada.ID, subscribers.Sign{Actor: "reader"}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := storetest.One[int](t, s, `SELECT (SELECT count(*) FROM events) * 10 + (SELECT count(*) FROM consents WHERE action = 'withdrawn')`); n != 11 {
			t.Errorf("events and consents: %d, want 1 and 1", n)
		}
	})
}

func TestSuppressionWins(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		a := list(t, g, "a")
		importText(t, g, "email\nada@example.org\nbob@example.net\ncy@sub.example.net\ndora@example.org\n", subscribers.ImportOptions{Lists: []string{"a"}})
		var who []subscribers.ID
		for _, p := range must[[]subscribers.Subscriber](t)(g.Page(ctx, subscribers.Query{})) {
			who = append(who, p.ID)
		}
		edition(t, s, 1, "queued", []subscribers.ListID{a}, who...)
		must[subscribers.Suppression](t)(g.Suppress(ctx, "cli", "ADA@Example.org", "asked by phone", "office"))
		must[subscribers.Suppression](t)(g.Suppress(ctx, "cli", "example.net", "", ""))
		if err := g.MarkAddress(ctx, "courier", who[3], subscribers.AddressComplained, "550 <dora@example.org> said no"); err != nil {
			t.Fatal(err)
		}
		if err := g.MarkAddress(ctx, "courier", who[3], subscribers.AddressBounced, ""); err != nil {
			t.Fatal(err)
		}
		got := strings.Join(storetest.Column[string](t, s, `
			SELECT s.email || ' ' || r.state || ' ' || s.address_state
			FROM recipients r JOIN subscribers s ON s.id = r.subscriber_id ORDER BY s.email`), "\n")
		want := "ada@example.org suppressed ok\nbob@example.net suppressed ok\ncy@sub.example.net queued ok\ndora@example.org suppressed complained"
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		barred := must[map[string]subscribers.Suppression](t)(g.Suppressed(ctx, []string{"Ada@example.org", "x@example.net", "dora@example.org"}))
		if len(barred) != 2 || barred["Ada@example.org"].Reason != "asked by phone" || barred["x@example.net"].Kind != subscribers.ByDomain {
			t.Errorf("suppressed: %+v", barred)
		}
		r := must[subscribers.ImportResult](t)(g.ImportSuppressions(ctx, "cli", strings.NewReader("\ufeffemail;why\nada@example.org;x\nnew@example.com\n\nnot an address\n"), "old system", ""))
		if r.Rows != 3 || r.Added != 1 || r.Unchanged != 1 || r.Refused != 1 || r.Refusals[0].Line != 5 {
			t.Errorf("import: %+v", r)
		}
		first := must[[]subscribers.Suppression](t)(g.Suppressions(ctx, 0, 2))
		rest := must[[]subscribers.Suppression](t)(g.Suppressions(ctx, first[1].ID, 2))
		if len(first) != 2 || len(rest) != 1 || rest[0].Value != "new@example.com" {
			t.Errorf("pages %+v, %+v", first, rest)
		}
		if err := g.Unsuppress(ctx, "cli", "example.net"); err != nil {
			t.Fatal(err)
		}
		if err := g.Unsuppress(ctx, "cli", "example.net"); !errs.Is(err, errs.NotFound) {
			t.Errorf("taking it off twice: %v, want NotFound", err)
		}
		wantNoAddresses(t, s)
	})
}

// wantNoAddresses checks that the audit log names nobody.
func wantNoAddresses(t testing.TB, s *store.Store) {
	t.Helper()
	for _, d := range storetest.Column[string](t, s, `SELECT actor || ' ' || detail FROM audit_log ORDER BY id`) {
		if strings.Contains(d, "@") {
			t.Errorf("the audit log has an address: %s", d)
		}
	}
	if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log`); n == 0 {
		t.Error("the audit log is empty")
	}
}

func TestForgetLeavesNothingButAHash(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		a := list(t, g, "a")
		importText(t, g, "email,name\nada@example.org,Ada\n", subscribers.ImportOptions{Lists: []string{"a"}, Consent: "yes"})
		ada := must[subscribers.Subscriber](t)(g.Find(ctx, "ada@example.org"))
		edition(t, s, 1, "queued", []subscribers.ListID{a}, ada.ID)
		storetest.Exec(t, s, `UPDATE recipients SET answer = '550 ada@example.org'`)
		if err := g.Forget(ctx, "cli", ada.ID); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Find(ctx, "ada@example.org"); !errs.Is(err, errs.NotFound) {
			t.Errorf("still found: %v", err)
		}
		n := storetest.One[int](t, s, `SELECT (SELECT count(*) FROM memberships) + (SELECT count(*) FROM consents) + (SELECT count(*) FROM recipients WHERE answer <> '' OR state <> 'suppressed')`)
		if n != 0 {
			t.Errorf("%d rows still tell of the reader", n)
		}
		if r := importText(t, g, "email\nAda@example.org\n", subscribers.ImportOptions{Lists: []string{"a"}}); r.Refused != 1 {
			t.Errorf("a forgotten reader came back: %+v", r)
		}
		if err := g.UnsubscribeEdition(ctx, 1, ada.ID, subscribers.Sign{Actor: "reader"}); err != nil {
			t.Errorf("the link of a forgotten reader: %v, want success", err)
		}
	})
}

func TestConcurrentImportsAddEachReaderOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		const readers, imports = 3_000, 4
		var wg sync.WaitGroup
		results := make([]subscribers.ImportResult, imports)
		for i := range imports {
			var file strings.Builder
			file.WriteString("email,name\n")
			for n := range readers {
				// Each file has its own order.
				fmt.Fprintf(&file, "reader%d@example.org,Reader %d\n", (n*(2*i+1)*7+i)%readers, i)
			}
			wg.Go(func() {
				var err error
				if results[i], err = g.Import(ctx, strings.NewReader(file.String()), subscribers.ImportOptions{Lists: []string{"news"}, Create: true}); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		added := 0
		for _, r := range results {
			added += r.Added
			if r.Rows != r.Added+r.Updated+r.Unchanged+r.Refused {
				t.Errorf("the rows do not add up: %+v", r)
			}
		}
		stored := storetest.One[int](t, s, `SELECT count(*) FROM subscribers`)
		members := storetest.One[int](t, s, `SELECT count(*) FROM memberships WHERE state = 'active'`)
		if added != stored || stored != members || stored < readers/2 {
			t.Errorf("%d reported as added, %d stored, %d members", added, stored, members)
		}
	})
}

func TestPagesByKey(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		news := list(t, g, "news")
		var file strings.Builder
		file.WriteString("email,name\n")
		for i := range 25 {
			fmt.Fprintf(&file, "r%02d@example.org,Reader %%%d\n", i, i)
		}
		importText(t, g, file.String(), subscribers.ImportOptions{Lists: []string{"news"}})
		var seen []string
		for after := subscribers.ID(0); ; {
			page := must[[]subscribers.Subscriber](t)(g.Page(ctx, subscribers.Query{After: after, Limit: 10, List: news, State: subscribers.Active}))
			for _, p := range page {
				seen = append(seen, p.Email)
			}
			if len(page) < 10 {
				break
			}
			after = page[9].ID
		}
		if len(seen) != 25 || seen[0] != "r00@example.org" || seen[24] != "r24@example.org" {
			t.Errorf("pages hold %v", seen)
		}
		for search, want := range map[string]int{"%1": 11, "R1": 10, "reader": 25, "r_1": 0, "%": 25, "' OR 1=1 --": 0, "@EXAMPLE": 25} {
			if got := must[[]subscribers.Subscriber](t)(g.Page(ctx, subscribers.Query{Search: search})); len(got) != want {
				t.Errorf("searching %q: %d readers, want %d", search, len(got), want)
			}
		}
		counts := must[[]subscribers.ListCounts](t)(g.Lists(ctx, "", 0))
		if len(counts) != 1 || counts[0].Active != 25 || counts[0].Pending != 0 {
			t.Errorf("counts %+v", counts)
		}
		if _, err := g.List(ctx, "newz"); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), `"news"`) {
			t.Errorf("a misspelt list: %v, want the nearest name", err)
		}
		if _, err := g.CreateList(ctx, "cli", "news", ""); !errs.Is(err, errs.Conflict) {
			t.Errorf("a taken name: %v, want Conflict", err)
		}
	})
}
