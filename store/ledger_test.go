package store_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// clock is the machine's, put forward by the test. On PostgreSQL the ledger
// follows the database's clock from each heartbeat on: tests enrol first and
// put the clock forward afterwards.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time           { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) forward(by time.Duration) { c.ahead.Add(int64(by)) }

// newsroom is a store with a clock of its own and the doers that fill it.
type newsroom struct {
	*store.Store
	clock *clock
	desk  *campaigns.Desk
	reg   *subscribers.Registry
}

func newNewsroom(t testing.TB, location string) *newsroom {
	t.Helper()
	c := &clock{}
	s := storetest.Open(t, location, store.Options{Now: c.now})
	reg := registry(s)
	reg.Now = s.Now
	return &newsroom{Store: s, clock: c, reg: reg, desk: &campaigns.Desk{Store: s, Now: s.Now}}
}

// inNewsrooms runs f on both databases.
func inNewsrooms(t *testing.T, f func(t *testing.T, n *newsroom)) {
	t.Helper()
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) { f(t, newNewsroom(t, location)) })
}

func emails(from, to int) []string {
	var out []string
	for i := from; i < to; i++ {
		out = append(out, fmt.Sprintf("r%04d@example.org", i))
	}
	return out
}

func (n *newsroom) join(t testing.TB, list string, who ...string) {
	t.Helper()
	importText(t, n.reg, "email\n"+strings.Join(who, "\n")+"\n", subscribers.ImportOptions{Actor: "test", Lists: []string{list}, Create: true})
}

func (n *newsroom) find(t testing.TB, email string) subscribers.ID {
	t.Helper()
	return must[subscribers.Subscriber](t)(n.reg.Find(ctx, email)).ID
}

func (n *newsroom) leaves(t testing.TB, email string, lists ...subscribers.ListID) {
	t.Helper()
	if err := n.reg.Unsubscribe(ctx, n.find(t, email), lists, subscribers.Sign{Actor: "reader", Source: "page"}); err != nil {
		t.Fatal(err)
	}
}

// open stores a scheduled edition to these lists, due now.
func (n *newsroom) open(t testing.TB, lists ...string) campaigns.EditionID {
	t.Helper()
	e := bareEdition(n.Now())
	e.Lists, e.ListNames = must[[]subscribers.ListID](t)(n.ListsByName(ctx, lists)), lists
	if err := n.OpenEdition(ctx, e, campaigns.Content{}, nil, opened(e)); err != nil {
		t.Fatal(err)
	}
	return e.ID
}

// bareNumber is the number of the last bare edition: no two may share one.
var bareNumber atomic.Int32

func bareEdition(now time.Time) campaigns.Edition {
	return campaigns.Edition{ID: campaigns.EditionID(ids.Block(1)), Number: int(bareNumber.Add(1)), Title: "News", Slug: "news", State: campaigns.Scheduled,
		Policy: campaigns.PolicyHold, Sender: "News <news@org.example>", Tracking: campaigns.Aggregate, DueAt: now, CreatedAt: now, UpdatedAt: now}
}

func opened(e campaigns.Edition) audit.Entry {
	return audit.Entry{At: e.CreatedAt, Actor: "test", Action: "opened", Kind: "edition", Object: int64(e.ID)}
}

func (n *newsroom) edition(t testing.TB, id campaigns.EditionID) campaigns.Edition {
	t.Helper()
	return must[campaigns.Edition](t)(n.Edition(ctx, id.String()))
}

// freezing opens an edition and begins to freeze it.
func (n *newsroom) freezing(t testing.TB, lists ...string) campaigns.Edition {
	t.Helper()
	id := n.open(t, lists...)
	if err := n.desk.Freeze(ctx, n.edition(t, id), n.Now()); err != nil {
		t.Fatal(err)
	}
	return n.edition(t, id)
}

// sending opens an edition and freezes it.
func (n *newsroom) sending(t testing.TB, lists ...string) campaigns.EditionID {
	t.Helper()
	e := n.freezing(t, lists...)
	for range 100 {
		if must[bool](t)(n.FreezeSome(ctx, e, 20_000)) {
			return e.ID
		}
	}
	t.Fatal("a hundred chunks did not freeze the edition")
	return 0
}

func (n *newsroom) owner(t testing.TB) delivery.OwnerID {
	t.Helper()
	return must[delivery.OwnerID](t)(n.Enrol(ctx, "node", time.Minute))
}

func (n *newsroom) lease(t testing.TB, o delivery.OwnerID, e campaigns.EditionID, limit int) []delivery.Leased {
	t.Helper()
	leased, _, err := n.Lease(ctx, o, e, limit)
	if err != nil {
		t.Fatal(err)
	}
	return leased
}

func (n *newsroom) figures(t testing.TB, e campaigns.EditionID) delivery.Figures {
	t.Helper()
	return must[delivery.Figures](t)(n.Figures(ctx, e))
}

// ledger is an edition's rows by email.
func (n *newsroom) ledger(t testing.TB, e campaigns.EditionID) map[string]delivery.Recipient {
	t.Helper()
	out := map[string]delivery.Recipient{}
	for _, r := range must[[]delivery.Recipient](t)(n.Recipients(ctx, e, "", 0, 10_000)) {
		if _, twice := out[r.Email]; twice {
			t.Fatalf("%s is in the ledger twice", r.Email)
		}
		out[r.Email] = r
	}
	return out
}

// The first test of the ledger: the same statement without its guard gave up
// to nine of ten rows to two workers.
func TestClaimsNeverShareARow(t *testing.T) {
	t.Parallel()
	const rows, workers, batch = 2000, 8, 7
	storetest.EachURL(t, func(t *testing.T, location string) {
		n := newNewsroom(t, location)
		n.join(t, "news", emails(0, rows)...)
		e := n.sending(t, "news")
		var mu sync.Mutex
		holders := map[delivery.RecipientID]delivery.OwnerID{}
		var all, ready sync.WaitGroup
		begin := make(chan struct{})
		ready.Add(workers)
		for range workers {
			s := storetest.Open(t, location, store.Options{}) // a node each
			all.Go(func() {
				o, err := s.Enrol(ctx, "node", time.Minute)
				ready.Done()
				<-begin
				for err == nil {
					var leased []delivery.Leased
					if leased, _, err = s.Lease(ctx, o, e, batch); len(leased) == 0 {
						break
					}
					if len(leased) > batch {
						t.Errorf("a lease of %d rows, want at most %d", len(leased), batch)
					}
					mu.Lock()
					for _, l := range leased {
						if first, twice := holders[l.ID]; twice {
							t.Errorf("row %s was leased to %s and to %s", l.ID, first, o)
						}
						holders[l.ID] = o
					}
					mu.Unlock()
				}
				if err != nil {
					t.Errorf("a worker ended with %v", err)
				}
			})
		}
		ready.Wait()
		close(begin)
		all.Wait()
		if len(holders) != rows {
			t.Errorf("%d rows were leased, want %d", len(holders), rows)
		}
		if f := n.figures(t, e); f.Leased != rows || f.Audience != rows {
			t.Errorf("the ledger says %+v, want all %d leased", f, rows)
		}
		stored := storetest.Column[string](t, n.Store, `SELECT id || ' ' || owner || ' ' || epoch FROM recipients ORDER BY id`)
		for _, line := range stored {
			var id, owner, epoch int64
			if _, err := fmt.Sscan(line, &id, &owner, &epoch); err != nil {
				t.Fatal(err)
			}
			if int64(holders[delivery.RecipientID(id)]) != owner || epoch != 1 {
				t.Fatalf("the row %q is not with the one who leased it once", line)
			}
		}
	})
}

// crowd makes fifty readers on two lists, many of whom must not be mailed, and
// returns who must be. It also returns what happens after the cut-off.
func crowd(t testing.TB, n *newsroom) (want []string, later func()) {
	t.Helper()
	all := emails(0, 50)
	n.join(t, "news", all[:35]...)
	n.join(t, "extra", all[20:]...) // 20 to 34 are on both
	n.join(t, "elsewhere", "stranger@example.org")
	n.join(t, "news", "ada@blocked.example")
	lists := must[[]subscribers.ListID](t)(n.ListsByName(ctx, []string{"news", "extra"}))
	mark := func(email string, state subscribers.AddressState) {
		if err := n.reg.MarkAddress(ctx, "test", n.find(t, email), state, "said so"); err != nil {
			t.Fatal(err)
		}
	}
	set := func(email string, list subscribers.ListID, column string, value any) {
		storetest.Exec(t, n.Store, `UPDATE memberships SET `+column+` = $1 WHERE subscriber_id = $2 AND list_id = $3`, value, int64(n.find(t, email)), int64(list))
	}
	news, soon := lists[0], n.Now().Add(time.Hour).UnixMilli()
	set(all[0], news, "state", "pending")
	n.leaves(t, all[1])
	must[subscribers.Suppression](t)(n.reg.Suppress(ctx, "test", all[2], "complaint", ""))
	must[subscribers.Suppression](t)(n.reg.Suppress(ctx, "test", "@blocked.example", "", ""))
	mark(all[4], subscribers.AddressBounced)
	mark(all[5], subscribers.AddressComplained)
	n.leaves(t, all[6]) // and comes back too late
	set(all[7], news, "paused_until", soon)
	set(all[8], news, "paused_until", n.Now().Add(-time.Hour).UnixMilli()) // over: mailed
	n.leaves(t, all[25], news)                                             // still on the other list: mailed
	set(all[26], news, "paused_until", soon)                               // the same
	set(all[27], news, "state", "pending")                                 // the same
	for i, email := range all {
		if !slices.Contains([]int{0, 1, 2, 4, 5, 6, 7}, i) {
			want = append(want, email)
		}
	}
	return want, func() {
		n.clock.forward(time.Second)
		n.join(t, "news", "late@example.org")
		if err := n.reg.SignUp(ctx, n.find(t, all[6]), []subscribers.ListID{news}, subscribers.Sign{Actor: "reader", Source: "page"}); err != nil {
			t.Fatal(err)
		}
		if got := stateOn(t, n.reg, all[6], news); got != subscribers.Active && got != subscribers.Pending {
			t.Fatalf("whoever signed up again is %q", got)
		}
		storetest.Exec(t, n.Store, `UPDATE memberships SET state = 'active' WHERE state = 'pending' AND joined_at > $1`, n.Now().Add(-time.Second).UnixMilli())
	}
}

func wantAudience(t testing.TB, n *newsroom, e campaigns.EditionID, want []string) {
	t.Helper()
	rows := n.ledger(t, e)
	for _, email := range want {
		if rows[email].State != delivery.Queued {
			t.Errorf("%s is %q, want queued", email, rows[email].State)
		}
		delete(rows, email)
	}
	for email := range rows {
		t.Errorf("%s is in the ledger and must not be", email)
	}
}

func TestFreezeTakesExactlyTheAudienceOfTheCutoff(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) {
		n := newNewsroom(t, location)
		want, later := crowd(t, n)
		o := n.owner(t)
		e := n.freezing(t, "news", "extra")
		later()
		for chunk := 1; ; chunk++ {
			s := n.Store
			if chunk == 3 { // the process that began is gone, another goes on
				s = storetest.Open(t, location, store.Options{})
			}
			before := n.freezeCursor(t, e.ID)
			done := must[bool](t)(s.FreezeSome(ctx, e, 7))
			after := n.freezeCursor(t, e.ID)
			if looked := n.membersBetween(t, e.ID, before, after); looked > 7 || looked < 7 && !done {
				t.Fatalf("chunk %d looked at %d members, want 7", chunk, looked)
			}
			if got, of := n.figures(t, e.ID).Audience, n.upTo(t, want, after); got != of {
				t.Fatalf("after %d chunks %d are frozen, want %d", chunk, got, of)
			}
			if done {
				break
			}
			if leased, next, err := s.Lease(ctx, o, e.ID, 100); len(leased) != 0 || err != nil {
				t.Fatalf("of a freezing edition %d rows were leased (%v, %v)", len(leased), next, err)
			}
			if got := n.edition(t, e.ID); got.State != campaigns.Freezing || !got.PublicAt.IsZero() {
				t.Fatalf("after %d chunks the edition is %s, public at %s", chunk, got.State, got.PublicAt)
			}
		}
		wantAudience(t, n, e.ID, want)
		if got := n.edition(t, e.ID); got.State != campaigns.Sending || got.PublicAt.IsZero() || !got.Cutoff.Equal(e.Cutoff) {
			t.Errorf("the frozen edition is %s, public at %s, cut off at %s", got.State, got.PublicAt, got.Cutoff)
		}
		if done, err := n.FreezeSome(ctx, e, 7); done || !errs.Is(err, errs.Conflict) {
			t.Errorf("freezing it again: %t, %v; want a Conflict", done, err)
		}
		if got := n.lease(t, o, e.ID, 1000); len(got) != len(want) {
			t.Errorf("%d rows can be leased, want %d", len(got), len(want))
		}
	})
}

func TestAFullLastChunkEndsTheFreezing(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 14)...)
		e := n.freezing(t, "news")
		for call, want := range []bool{false, false, true} {
			if done := must[bool](t)(n.FreezeSome(ctx, e, 7)); done != want {
				t.Fatalf("call %d says done: %t", call+1, done)
			}
		}
		if f := n.figures(t, e.ID); f.Audience != 14 || f.Queued != 14 {
			t.Errorf("frozen are %+v, want 14", f)
		}
	})
}

func TestTwoNodesFreezeEachReaderOnce(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) {
		n := newNewsroom(t, location)
		want, later := crowd(t, n)
		e := n.freezing(t, "news", "extra")
		later()
		var all sync.WaitGroup
		for range 2 {
			s := storetest.Open(t, location, store.Options{})
			all.Go(func() {
				for range 200 {
					done, err := s.FreezeSome(ctx, e, 3)
					if err != nil && !errs.Is(err, errs.Conflict) && !errs.Is(err, errs.Unavailable) {
						t.Errorf("freezing beside another node: %v", err)
						return
					}
					if now, err := s.Edition(ctx, e.ID.String()); done || err != nil || now.State != campaigns.Freezing {
						return
					}
				}
				t.Error("two nodes keep each other from freezing")
			})
		}
		all.Wait()
		if got := n.edition(t, e.ID); got.State != campaigns.Sending {
			t.Fatalf("the edition is %s", got.State)
		}
		wantAudience(t, n, e.ID, want)
	})
}

func TestLeaseLeavesOutWhoMayNoLongerBeMailed(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		all := emails(0, 8)
		n.join(t, "news", all...)
		e, o := n.sending(t, "news"), n.owner(t)
		// Changes that did not pass through the registry, as those between the
		// freezing's snapshot and its commit.
		for _, change := range []struct{ what, sql, reason string }{
			{all[0], `UPDATE memberships SET state = 'unsubscribed' WHERE subscriber_id = $1`, "left the list"},
			{all[1], `UPDATE subscribers SET address_state = 'bounced' WHERE id = $1`, "the address bounced"},
			{all[2], `UPDATE memberships SET paused_until = 99999999999999 WHERE subscriber_id = $1`, "left the list"},
			{all[3], `INSERT INTO suppressions (id, kind, value, reason, source, created_at) SELECT 1, 'address', canonical, '', '', 0 FROM subscribers WHERE id = $1`, "on the do-not-mail list"},
			{all[4], `DELETE FROM subscribers WHERE id = $1`, "no longer a reader"},
		} {
			who := int64(n.find(t, change.what))
			storetest.Exec(t, n.Store, change.sql, who)
			defer func() {
				got := storetest.One[string](t, n.Store, `SELECT state || ': ' || reason || ' ' || owner FROM recipients WHERE subscriber_id = $1`, who)
				if got != "suppressed: "+change.reason+" 0" {
					t.Errorf("after %q the row is %q", change.sql, got)
				}
			}()
		}
		first, next, err := n.Lease(ctx, o, e, 5)
		if err != nil || len(first) != 0 || next.IsZero() || next.After(n.Now()) {
			t.Fatalf("a batch of withdrawn readers gives %d rows, next %s, %v; want to look again at once", len(first), next, err)
		}
		rest := n.lease(t, o, e, 5)
		var got []string
		for _, l := range rest {
			got = append(got, l.Subscriber.Email)
		}
		if slices.Sort(got); !slices.Equal(got, all[5:]) {
			t.Errorf("leased are %q, want %q", got, all[5:])
		}
		if f := n.figures(t, e); f.Suppressed != 5 || f.Leased != 3 || f.Audience != 8 {
			t.Errorf("figures are %+v", f)
		}
	})
}

func TestLeaseTakesTheDeferredThatAreDueFirst(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 6)...)
		e, o := n.sending(t, "news"), n.owner(t)
		two := n.lease(t, o, e, 2)
		due := n.Now().Add(5 * time.Minute).Truncate(time.Millisecond)
		for _, l := range two {
			n.mark(t, o, sendingMark(n, l), settled(n, l, delivery.Settlement{State: delivery.Deferred, Due: due, Reply: delivery.Reply{Code: 450}}))
		}
		if got := n.lease(t, o, e, 3); len(got) != 3 || got[0].Attempts != 0 {
			t.Fatalf("before the deferred are due: %+v; want three queued ones", got)
		}
		n.lease(t, o, e, 10)
		_, next, err := n.Lease(ctx, o, e, 10)
		if err != nil || !next.Equal(due) {
			t.Errorf("the next one is due at %s, %v; want %s", next, err, due)
		}
		if got := must[time.Time](t)(n.NextDue(ctx, e)); !got.Equal(due) {
			t.Errorf("NextDue says %s, want %s", got, due)
		}
		rows := must[[]delivery.Recipient](t)(n.Recipients(ctx, e, delivery.LeasedRow, 0, 2))
		if err := n.GiveBack(ctx, o, e, []delivery.RecipientID{rows[0].ID, rows[1].ID}); err != nil {
			t.Fatal(err)
		}
		n.clock.forward(6 * time.Minute)
		got := n.lease(t, o, e, 3)
		if len(got) != 3 || got[0].Attempts != 1 || got[1].Attempts != 1 || got[2].Attempts != 0 {
			t.Errorf("once they are due: %+v; want the two deferred and one queued", got)
		}
		if got[0].Epoch != 2 || got[0].FirstAttempt.IsZero() {
			t.Errorf("a second lease has epoch %d, first attempt %s", got[0].Epoch, got[0].FirstAttempt)
		}
	})
}

func TestLeaseSaysWhetherAnybodyWaits(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 2)...)
		e, o := n.sending(t, "news"), n.owner(t)
		if err := n.desk.Pause(ctx, "test", n.edition(t, e)); err != nil {
			t.Fatal(err)
		}
		// Queued since the freezing, yet not for this lease: as with rows that
		// another node holds locked.
		if leased, next, err := n.Lease(ctx, o, e, 5); len(leased) != 0 || next.IsZero() || err != nil {
			t.Errorf("a paused edition gives %d rows, next %s, %v; want none, and that some wait", len(leased), next, err)
		}
		if err := n.desk.Resume(ctx, "test", n.edition(t, e)); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			l := n.lease(t, o, e, 1)[0]
			n.mark(t, o, sendingMark(n, l), settled(n, l, delivery.Settlement{State: delivery.Accepted, Reply: delivery.Reply{Code: 250}}))
		}
		if leased, next, err := n.Lease(ctx, o, e, 5); len(leased) != 0 || !next.IsZero() || err != nil {
			t.Errorf("with all accepted: %d rows, next %s, %v; want nothing", len(leased), next, err)
		}
	})
}

func TestGiveBackIsForOnesOwnLeases(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 3)...)
		e, mine, other := n.sending(t, "news"), n.owner(t), n.owner(t)
		var rows []delivery.RecipientID
		leased := n.lease(t, mine, e, 3)
		for _, l := range leased {
			rows = append(rows, l.ID)
		}
		n.mark(t, mine, sendingMark(n, leased[0]))
		if err := n.GiveBack(ctx, other, e, rows); err != nil {
			t.Fatal(err)
		}
		if f := n.figures(t, e); f.Leased != 2 || f.Sending != 1 {
			t.Errorf("after another gave them back: %+v", f)
		}
		if err := n.GiveBack(ctx, mine, e, rows); err != nil {
			t.Fatal(err)
		}
		if f := n.figures(t, e); f.Queued != 2 || f.Sending != 1 {
			t.Errorf("after giving back: %+v; want the one on the wire to stay", f)
		}
		if again := n.lease(t, other, e, 3); len(again) != 2 || again[0].Epoch != 2 || again[0].Attempts != 0 {
			t.Errorf("leased again: %+v; want two untried ones with a new epoch", again)
		}
	})
}

// However PostgreSQL comes to its plan: one that walks the picked rows again for
// each row picks others, and leases more than was asked for.
func TestALeaseIsNeverLargerThanAsked(t *testing.T) {
	t.Parallel()
	for _, off := range []string{"", "enable_indexscan enable_bitmapscan", "enable_hashagg enable_sort enable_hashjoin enable_mergejoin"} {
		t.Run("without "+off, func(t *testing.T) {
			t.Parallel()
			location := storetest.Postgres(t)
			n := newNewsroom(t, location)
			n.join(t, "news", emails(0, 20)...)
			e := n.sending(t, "news")
			name := storetest.One[string](t, n.Store, `SELECT current_database()`)
			for _, setting := range strings.Fields(off) {
				storetest.Exec(t, n.Store, `ALTER DATABASE `+name+` SET `+setting+` = off`)
			}
			s := storetest.Open(t, location, store.Options{})
			o := must[delivery.OwnerID](t)(s.Enrol(ctx, "node", time.Minute))
			for want := 3; want <= 9; want += 3 {
				if leased, _, err := s.Lease(ctx, o, e, 3); err != nil || len(leased) != 3 {
					t.Fatalf("leased %d rows, %v; want 3", len(leased), err)
				}
				if f := n.figures(t, e); f.Leased != want {
					t.Errorf("%d rows are leased, want %d", f.Leased, want)
				}
			}
		})
	}
}
