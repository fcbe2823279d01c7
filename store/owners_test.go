package store_test

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func sendingMark(n *newsroom, l delivery.Leased) delivery.Mark {
	return delivery.Mark{Kind: delivery.MarkSending, ID: l.ID, Epoch: l.Epoch, Relay: "relay", At: n.Now()}
}

func settled(n *newsroom, l delivery.Leased, s delivery.Settlement) delivery.Mark {
	return delivery.Mark{Kind: delivery.MarkSettled, ID: l.ID, Epoch: l.Epoch, Relay: "relay", At: n.Now(), Settlement: s}
}

// mark writes marks that must all find their rows.
func (n *newsroom) mark(t testing.TB, o delivery.OwnerID, marks ...delivery.Mark) {
	t.Helper()
	if ok := n.apply(t, o, marks...); slices.Contains(ok, false) {
		t.Fatalf("of the marks %+v only %v found their rows", marks, ok)
	}
}

func (n *newsroom) apply(t testing.TB, o delivery.OwnerID, marks ...delivery.Mark) []bool {
	t.Helper()
	return must[[]bool](t)(n.Apply(ctx, o, marks))
}

// dies lets an owner be silent for too long.
func (n *newsroom) dies(t testing.TB, o delivery.OwnerID) {
	t.Helper()
	storetest.Exec(t, n.Store, `UPDATE owners SET until = 1 WHERE id = $1`, int64(o))
}

func (n *newsroom) row(t testing.TB, id delivery.RecipientID) delivery.Recipient {
	t.Helper()
	return must[delivery.Recipient](t)(n.Recipient(ctx, id))
}

// working is an owner in the middle of its work: of nine rows three are
// leased, three on the wire and three queued.
func (n *newsroom) working(t testing.TB) (e campaigns.EditionID, o delivery.OwnerID, leased, sending []delivery.Leased) {
	t.Helper()
	n.join(t, "news", emails(0, 9)...)
	e, o = n.sending(t, "news"), n.owner(t)
	all := n.lease(t, o, e, 6)
	for _, l := range all[:3] {
		n.mark(t, o, sendingMark(n, l))
	}
	return e, o, all[3:], all[:3]
}

// onTheWire is an owner with so many rows on the wire.
func (n *newsroom) onTheWire(t testing.TB, rows int) (delivery.OwnerID, []delivery.Leased) {
	t.Helper()
	n.join(t, "news", emails(0, rows)...)
	e, o := n.sending(t, "news"), n.owner(t)
	all := n.lease(t, o, e, rows)
	for _, l := range all {
		n.mark(t, o, sendingMark(n, l))
	}
	return o, all
}

func TestOnlyTheDeadAreTakenOver(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		e, o, _, _ := n.working(t)
		next := n.owner(t)
		if err := n.Beat(ctx, next, time.Minute); err != nil {
			t.Fatal(err)
		}
		if f := n.figures(t, e); f.Leased != 3 || f.Sending != 3 || f.Queued != 3 {
			t.Fatalf("beside a living owner: %+v", f)
		}
		n.dies(t, o)
		n.owner(t)
		if f := n.figures(t, e); f.Queued != 6 || f.Unknown != 3 || f.Audience != 9 {
			t.Errorf("after the take-over: %+v; want the leased queued and the sending unknown", f)
		}
		if err := n.Beat(ctx, o, time.Minute); !errs.Is(err, errs.Conflict) {
			t.Errorf("the dead one's next heartbeat: %v, want Conflict", err)
		}
		if err := n.Beat(ctx, next, time.Minute); err != nil {
			t.Errorf("a living one's heartbeat: %v", err)
		}
		if owned := storetest.One[int](t, n.Store, `SELECT count(*) FROM recipients WHERE owner <> 0`); owned != 0 {
			t.Errorf("%d rows still have an owner", owned)
		}
	})
}

func TestAHeartbeatTakesOverTheDead(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		e, o, _, _ := n.working(t)
		next := n.owner(t)
		n.dies(t, o)
		if err := n.Beat(ctx, next, time.Minute); err != nil {
			t.Fatal(err)
		}
		if f := n.figures(t, e); f.Queued != 6 || f.Unknown != 3 {
			t.Errorf("after the heartbeat: %+v", f)
		}
	})
}

func TestLeasesEndByTheClock(t *testing.T) {
	t.Parallel()
	// PostgreSQL has its own clock, which no test puts forward.
	n := newNewsroom(t, storetest.SQLite(t))
	e, o, _, _ := n.working(t)
	n.clock.forward(59 * time.Second)
	n.owner(t)
	if f := n.figures(t, e); f.Leased != 3 {
		t.Fatalf("a second before the end of its leases it was taken over: %+v", f)
	}
	if err := n.Beat(ctx, o, time.Minute); err != nil {
		t.Fatal(err)
	}
	n.clock.forward(59 * time.Second)
	n.owner(t)
	if f := n.figures(t, e); f.Leased != 3 {
		t.Fatalf("a heartbeat did not extend the leases: %+v", f)
	}
	n.clock.forward(2 * time.Second)
	n.owner(t)
	if f := n.figures(t, e); f.Leased+f.Sending != 0 || f.Unknown != 3 {
		t.Errorf("after the end of its leases: %+v", f)
	}
}

func TestTheLockHolderTakesOverEverybody(t *testing.T) {
	t.Parallel()
	n := newNewsroom(t, storetest.SQLite(t))
	e, o, _, _ := n.working(t)
	if err := n.Lock(); err != nil {
		t.Fatal(err)
	}
	n.owner(t) // it has just been seen alive, but nobody else can hold the lock
	if f := n.figures(t, e); f.Queued != 6 || f.Unknown != 3 {
		t.Errorf("with the lock: %+v; want all of the last process taken over", f)
	}
	if err := n.Beat(ctx, o, time.Minute); !errs.Is(err, errs.Conflict) {
		t.Errorf("the old one's heartbeat: %v", err)
	}
}

func TestLeavingGivesBack(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		e, o, leased, _ := n.working(t)
		for range 2 { // also twice
			if err := n.Leave(ctx, o); err != nil {
				t.Fatal(err)
			}
		}
		if f := n.figures(t, e); f.Queued != 6 || f.Unknown != 3 {
			t.Errorf("after leaving: %+v", f)
		}
		if got := n.row(t, leased[0].ID); got.Attempts != 0 {
			t.Errorf("a row that was only leased has %d attempts", got.Attempts)
		}
		if got := storetest.One[int](t, n.Store, `SELECT count(*) FROM owners`); got != 0 {
			t.Errorf("%d owners are left", got)
		}
	})
}

// A process that slept through its own take-over must not get new rows: nobody
// would look after them once it dies.
func TestTheDeadLeaseNothing(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 4)...)
		e, o := n.sending(t, "news"), n.owner(t)
		n.dies(t, o)
		n.owner(t)
		if leased, _, err := n.Lease(ctx, o, e, 2); len(leased) != 0 || !errs.Is(err, errs.Conflict) {
			t.Errorf("an owner that was taken over leased %d rows, %v; want Conflict", len(leased), err)
		}
		// Whatever it did, the next one finds every row.
		next := n.owner(t)
		if got := n.lease(t, next, e, 10); len(got) != 4 {
			t.Errorf("the next owner gets %d rows, want 4", len(got))
		}
	})
}

func TestMarksAreFenced(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 1)...)
		e, o, other := n.sending(t, "news"), n.owner(t), n.owner(t)
		l := n.lease(t, o, e, 1)[0]
		stale, future := l, l
		stale.Epoch--
		future.Epoch++
		accepted := delivery.Settlement{State: delivery.Accepted, Reply: delivery.Reply{Code: 250, Text: "ok"}}
		refused := delivery.Settlement{State: delivery.Refused, Stage: delivery.StageRcpt, Reply: delivery.Reply{Code: 550}}
		wantFenced := func(state delivery.State) {
			t.Helper()
			for _, mark := range []delivery.Mark{sendingMark(n, stale), sendingMark(n, future), settled(n, stale, refused), settled(n, future, refused)} {
				if n.apply(t, o, mark)[0] {
					t.Errorf("a mark of another epoch found the row: %+v", mark)
				}
			}
			for _, mark := range []delivery.Mark{sendingMark(n, l), settled(n, l, accepted), settled(n, l, refused)} {
				if n.apply(t, other, mark)[0] {
					t.Errorf("another owner's mark found the row: %+v", mark)
				}
			}
			if got := n.row(t, l.ID); got.State != state {
				t.Fatalf("the row is %s, want %s", got.State, state)
			}
		}
		wantFenced(delivery.LeasedRow)
		if n.apply(t, o, settled(n, l, accepted))[0] {
			t.Error("accepted without mark A")
		}
		n.mark(t, o, sendingMark(n, l))
		wantFenced(delivery.SendingRow)
		if n.apply(t, o, sendingMark(n, l))[0] {
			t.Error("mark A was written twice: two connections could complete the mail")
		}
		n.mark(t, o, settled(n, l, accepted))
		wantFenced(delivery.Accepted)
		if got := n.row(t, l.ID); got.Code != 250 || got.Text != "ok" || got.Attempts != 1 || got.Relay != "relay" {
			t.Errorf("the accepted row is %+v", got)
		}
	})
}

func TestALate250IsEvidence(t *testing.T) {
	late := delivery.Settlement{State: delivery.Accepted, Reply: delivery.Reply{Code: 250, Enhanced: "2.0.0", Text: "queued as 7"}}
	cases := []struct{ state, want delivery.State }{
		{delivery.Unknown, delivery.Accepted},
		{delivery.Queued, delivery.Accepted},   // resent: not tried again yet
		{delivery.Deferred, delivery.Accepted}, // resent and put off
		{delivery.Refused, delivery.Refused},
		{delivery.Suppressed, delivery.Suppressed},
		{delivery.Cancelled, delivery.Cancelled},
		{delivery.SendingRow, delivery.SendingRow}, // by its new owner, who will know
	}
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		o, sending := n.onTheWire(t, len(cases)+1)
		n.dies(t, o)
		n.owner(t)
		for i, c := range cases {
			l := sending[i]
			storetest.Exec(t, n.Store, `UPDATE recipients SET state = $2, epoch = epoch + 1 WHERE id = $1`, int64(l.ID), string(c.state))
			if n.apply(t, o, settled(n, l, late))[0] {
				t.Errorf("%s: the mark of an owner that was taken over counts as its own", c.state)
			}
			got := n.row(t, l.ID)
			if got.State != c.want || c.want == delivery.Accepted && (got.Code != 250 || got.Text != "queued as 7") {
				t.Errorf("%s: the row is %+v, want %s", c.state, got, c.want)
			}
		}
		// Nothing else is evidence of anything.
		last := sending[len(cases)]
		for _, s := range []delivery.State{delivery.Refused, delivery.Deferred, delivery.Unknown, delivery.Queued} {
			n.apply(t, o, settled(n, last, delivery.Settlement{State: s, Stage: delivery.StageDot}))
		}
		if got := n.row(t, last.ID); got.State != delivery.Unknown {
			t.Errorf("late marks that are no 250 made the row %s", got.State)
		}
	})
}

// A commit whose answer was lost is written again.
func TestSettlingTwiceChangesNothing(t *testing.T) {
	settlements := []delivery.Settlement{
		{State: delivery.Accepted, Reply: delivery.Reply{Code: 250, Text: "ok"}},
		{State: delivery.Refused, Stage: delivery.StageRcpt, Reply: delivery.Reply{Code: 550, Text: "no"}},
		{State: delivery.Deferred, Stage: delivery.StageRcpt, Due: time.UnixMilli(1), Reply: delivery.Reply{Code: 450}},
		{State: delivery.Unknown, Stage: delivery.StageDot},
		{State: delivery.Queued, Stage: delivery.StageBody, Drop: true},
		{State: delivery.Queued},
	}
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		o, sending := n.onTheWire(t, len(settlements))
		for i, s := range settlements {
			m := settled(n, sending[i], s)
			n.mark(t, o, m)
			whole := func() string {
				return fmt.Sprint(n.row(t, m.ID), storetest.Column[string](t, n.Store, `SELECT state || drops || first_attempt || owner || epoch FROM recipients WHERE id = $1`, int64(m.ID)),
					storetest.Column[int64](t, n.Store, `SELECT id FROM attempts WHERE recipient_id = $1 ORDER BY id`, int64(m.ID)))
			}
			before := whole()
			if got := n.apply(t, o, m, m); got[0] || got[1] {
				t.Errorf("%s %t: the repeated mark found the row again", s.State, s.Drop)
			}
			if after := whole(); after != before {
				t.Errorf("%s %t: writing the mark again changed\n%s\nto\n%s", s.State, s.Drop, before, after)
			}
		}
	})
}

// What the relay answered holds also where mark A could not be written: the
// row must not stay in the hands of this process for good.
func TestAnAnswerWithoutMarkASettlesTheRow(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		_, o, leased, _ := n.working(t)
		for i, s := range []delivery.Settlement{
			{State: delivery.Queued, Stage: delivery.StageBody, Drop: true},
			{State: delivery.Deferred, Stage: delivery.StageRcpt, Due: n.Now(), Reply: delivery.Reply{Code: 451}},
			{State: delivery.Refused, Stage: delivery.StageRcpt, Reply: delivery.Reply{Code: 550, Enhanced: "5.1.1"}, Address: subscribers.AddressBounced},
		} {
			n.mark(t, o, settled(n, leased[i], s))
			if got := n.row(t, leased[i].ID); got.State != s.State || got.Attempts != 0 {
				t.Errorf("a settlement as %s made the row %s with %d attempts", s.State, got.State, got.Attempts)
			}
		}
	})
}

func TestAttemptsAndLossesAreCounted(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 1)...)
		e, o := n.sending(t, "news"), n.owner(t)
		lost := delivery.Settlement{State: delivery.Queued, Stage: delivery.StageBody, Drop: true}
		ours := delivery.Settlement{State: delivery.Queued}
		busy := delivery.Settlement{State: delivery.Deferred, Stage: delivery.StageRcpt, Reply: delivery.Reply{Code: 451, Enhanced: "4.2.1", Text: "busy"}}
		unsure := delivery.Settlement{State: delivery.Unknown, Stage: delivery.StageDot}
		var first time.Time
		for i, c := range []struct {
			set             delivery.Settlement
			attempts, drops int
			kept            string // outcomes in the table of attempts, oldest first
		}{
			{lost, 1, 1, "queued1"},
			{lost, 2, 2, "queued1 queued2"},
			{ours, 2, 0, "queued1 queued2"}, // no attempt: we dropped it before its final dot
			{lost, 3, 1, "queued1 queued2 queued3"},
			{busy, 4, 0, "queued1 queued2 queued3 deferred4"},
			{unsure, 5, 0, "queued1 queued2 queued3 deferred4 unknown5"},
		} {
			l := n.lease(t, o, e, 1)[0]
			if i > 0 && !l.FirstAttempt.Equal(first) {
				t.Errorf("try %d: the first was at %s, then at %s", i+1, first, l.FirstAttempt)
			}
			a := sendingMark(n, l)
			if i == 0 {
				first = a.At.UTC().Truncate(time.Millisecond)
			}
			n.mark(t, o, a, settled(n, l, c.set))
			got := storetest.One[string](t, n.Store, `SELECT attempts || ' ' || drops FROM recipients WHERE id = $1`, int64(l.ID))
			kept := strings.Join(storetest.Column[string](t, n.Store, `SELECT outcome || number FROM attempts WHERE recipient_id = $1 ORDER BY id`, int64(l.ID)), " ")
			if want := fmt.Sprint(c.attempts, " ", c.drops); got != want || kept != c.kept {
				t.Errorf("try %d ended %s: attempts and losses %q, want %q; kept %q, want %q", i+1, c.set.State, got, want, kept, c.kept)
			}
		}
		line := storetest.One[string](t, n.Store, `SELECT stage || ' ' || code || ' ' || enhanced || ' ' || answer || ' ' || relay FROM attempts WHERE outcome = 'deferred'`)
		if line != "rcpt 451 4.2.1 busy relay" {
			t.Errorf("the deferred attempt is kept as %q", line)
		}
	})
}

func TestAnAnswerMarksTheAddressOnce(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		_, o, _, sending := n.working(t)
		gone := delivery.Settlement{State: delivery.Refused, Stage: delivery.StageRcpt, Reply: delivery.Reply{Code: 550, Enhanced: "5.1.1"}, Address: subscribers.AddressBounced}
		full := gone
		full.Address = ""
		storetest.Exec(t, n.Store, `UPDATE subscribers SET address_state = 'complained' WHERE id = $1`, int64(sending[2].Subscriber.ID))
		n.mark(t, o, settled(n, sending[0], gone), settled(n, sending[1], full), settled(n, sending[2], gone))
		for i, want := range []subscribers.AddressState{subscribers.AddressBounced, subscribers.AddressOK, subscribers.AddressComplained} {
			if got := must[subscribers.Subscriber](t)(n.Subscriber(ctx, sending[i].Subscriber.ID)); got.AddressState != want {
				t.Errorf("the address of row %d is %s, want %s", i, got.AddressState, want)
			}
		}
		n.apply(t, n.owner(t), settled(n, sending[1], gone)) // a fenced mark says nothing of the address
		if got := must[subscribers.Subscriber](t)(n.Subscriber(ctx, sending[1].Subscriber.ID)); got.AddressState != subscribers.AddressOK {
			t.Errorf("a fenced mark made the address %s", got.AddressState)
		}
	})
}

func TestWhateverWouldWaitInACancelledEditionIsCancelled(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		e, o, leased, sending := n.working(t)
		if err := n.desk.Cancel(ctx, "test", n.edition(t, e)); err != nil {
			t.Fatal(err)
		}
		if f := n.figures(t, e); f.Cancelled != 6 || f.Sending != 3 {
			t.Fatalf("cancelled: %+v; want only mails on the wire left", f)
		}
		if n.apply(t, o, sendingMark(n, leased[0]))[0] {
			t.Error("mark A was written after the cancelling")
		}
		n.mark(t, o, settled(n, sending[0], delivery.Settlement{State: delivery.Deferred, Stage: delivery.StageDot, Due: n.Now(), Reply: delivery.Reply{Code: 451}}),
			settled(n, sending[1], delivery.Settlement{State: delivery.Accepted, Reply: delivery.Reply{Code: 250}}))
		// And on the ways back of one who died beside a row leased in between.
		storetest.Exec(t, n.Store, `UPDATE recipients SET state = 'leased', owner = $2 WHERE id = $1`, int64(leased[0].ID), int64(o))
		if err := n.GiveBack(ctx, o, e, []delivery.RecipientID{leased[0].ID}); err != nil {
			t.Fatal(err)
		}
		storetest.Exec(t, n.Store, `UPDATE recipients SET state = 'leased', owner = $2 WHERE id = $1`, int64(leased[1].ID), int64(o))
		n.dies(t, o)
		n.owner(t)
		if f := n.figures(t, e); f.Cancelled != 7 || f.Accepted != 1 || f.Unknown != 1 || f.Waiting() != 0 {
			t.Errorf("in the end: %+v; want nobody waiting", f)
		}
	})
}

// On PostgreSQL neither of a cancelling and a settlement at the same moment
// sees what the other does.
func TestCancellingWhileAMailIsDeferred(t *testing.T) {
	t.Parallel()
	location := storetest.Postgres(t)
	n := newNewsroom(t, location)
	e, o, _, sending := n.working(t)
	queued := must[[]delivery.Recipient](t)(n.Recipients(ctx, e, delivery.Queued, 0, 1))[0]
	db := must[*sql.DB](t)(sql.Open("pgx", location))
	defer db.Close()
	// Holds the cancelling up in its middle.
	hold := must[*sql.Tx](t)(db.BeginTx(ctx, nil))
	defer func() { _ = hold.Rollback() }()
	if _, err := hold.ExecContext(ctx, `SELECT 1 FROM recipients WHERE id = $1 FOR UPDATE`, int64(queued.ID)); err != nil {
		t.Fatal(err)
	}
	cancelled, deferred := make(chan error, 1), make(chan error, 1)
	now := n.edition(t, e)
	go func() { cancelled <- n.desk.Cancel(ctx, "test", now) }()
	<-waits(t, db, 1)
	m := settled(n, sending[0], delivery.Settlement{State: delivery.Deferred, Stage: delivery.StageDot, Due: n.Now(), Reply: delivery.Reply{Code: 451}})
	go func() {
		_, err := n.Apply(ctx, o, []delivery.Mark{m})
		deferred <- err
	}()
	select {
	case err := <-deferred: // it did not wait for the cancelling
		deferred <- err
	case <-waits(t, db, 2):
	}
	if err := hold.Rollback(); err != nil {
		t.Fatal(err)
	}
	for _, ended := range []chan error{cancelled, deferred} {
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	if got := n.row(t, sending[0].ID); got.State != delivery.Cancelled {
		t.Errorf("in the cancelled edition a row is %s for good", got.State)
	}
}

// waits closes its channel once so many connections of the database wait for a
// lock.
func waits(t *testing.T, db *sql.DB, connections int) <-chan struct{} {
	ready := make(chan struct{})
	limit, stop := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(stop)
	go func() {
		defer close(ready)
		for n := 0; n < connections && limit.Err() == nil; {
			if db.QueryRowContext(limit, `SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`).Scan(&n) != nil {
				return
			}
		}
	}()
	return ready
}

func TestClosingTheStoreFreesTheLock(t *testing.T) {
	t.Parallel()
	location := storetest.SQLite(t)
	first := must[*store.Store](t)(store.Open(ctx, location, store.Options{}))
	second := storetest.Open(t, location, store.Options{})
	if err := first.Lock(); err != nil {
		t.Fatal(err)
	}
	if err := second.Lock(); !errs.Is(err, errs.Conflict) {
		t.Errorf("a second process got the lock: %v", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := second.Lock(); err != nil {
		t.Errorf("after the first ended: %v", err)
	}
}
