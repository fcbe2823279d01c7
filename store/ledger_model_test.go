package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// modelRow is what the ledger should say of one recipient.
type modelRow struct {
	email  string
	reader subscribers.ID
	state  delivery.State
	owner  delivery.OwnerID
	epoch  int
	due    bool // of a deferred one
	open   int  // tries whose mark A was granted and that are not known to have been not accepted
	resent int
	left   bool // the list, for good
}

// modelLease is one lease in the hands of a process, living or dead.
type modelLease struct {
	delivery.Leased
	row     *modelRow
	owner   delivery.OwnerID
	granted bool
	settled bool
}

// model runs two nodes against one edition and knows what must come of it.
type model struct {
	*newsroom
	t       *testing.T
	edition campaigns.Edition
	list    subscribers.ListID
	rows    []*modelRow
	nodes   [2]delivery.OwnerID
	leases  []*modelLease
}

func newModel(t *testing.T, n *newsroom, run int) *model {
	m := &model{newsroom: n, t: t}
	list := fmt.Sprintf("list%d", run)
	var who []string
	for i := range 5 {
		who = append(who, fmt.Sprintf("r%d-%d@example.org", run, i))
	}
	n.join(t, list, who...)
	m.list = must[[]subscribers.ListID](t)(n.ListsByName(ctx, []string{list}))[0]
	m.edition = n.edition(t, n.sending(t, list))
	for i := range m.nodes {
		m.nodes[i] = n.owner(t)
	}
	for _, r := range must[[]delivery.Recipient](t)(n.Recipients(ctx, m.edition.ID, "", 0, 10)) {
		m.rows = append(m.rows, &modelRow{email: r.Email, reader: r.Subscriber, state: r.State})
	}
	return m
}

func (m *model) fatal(err error) {
	if err != nil {
		m.t.Fatal(err)
	}
}

func (m *model) lease(t *rapid.T) {
	o := rapid.SampledFrom(m.nodes[:]).Draw(t, "node")
	limit := rapid.IntRange(1, 3).Draw(t, "limit")
	ready := 0
	var left []*modelRow // whoever left while their mail was on the wire is found out now
	for _, r := range m.rows {
		if m.edition.State == campaigns.Sending && (r.state == delivery.Queued || r.state == delivery.Deferred && r.due) {
			ready++
			if r.left {
				left = append(left, r)
			}
		}
	}
	leased, _, err := m.Lease(ctx, o, m.edition.ID, limit)
	m.fatal(err)
	withdrawn := 0
	for _, r := range left {
		if m.stored(r) == delivery.Suppressed {
			r.state = delivery.Suppressed
			withdrawn++
		}
	}
	if len(leased)+withdrawn != min(limit, ready) {
		t.Fatalf("%d rows were leased and %d withdrawn, want %d of %d", len(leased), withdrawn, min(limit, ready), ready)
	}
	for _, l := range leased {
		i := slices.IndexFunc(m.rows, func(r *modelRow) bool { return r.reader == l.Subscriber.ID })
		r := m.rows[i]
		if r.left {
			t.Fatalf("leased %s, who has left", r.email)
		}
		if r.state != delivery.Queued && r.state != delivery.Deferred || l.Epoch <= r.epoch {
			t.Fatalf("leased %s in epoch %d; it was %s in epoch %d", r.email, l.Epoch, r.state, r.epoch)
		}
		r.state, r.owner, r.epoch = delivery.LeasedRow, o, l.Epoch
		m.leases = append(m.leases, &modelLease{Leased: l, row: r, owner: o})
	}
}

// draw picks one of the leases that satisfy the condition, the dead ones' too.
func (m *model) draw(t *rapid.T, fits func(*modelLease) bool) *modelLease {
	var some []*modelLease
	for _, l := range m.leases {
		if fits(l) {
			some = append(some, l)
		}
	}
	if len(some) == 0 {
		t.Skip("no such lease")
	}
	return rapid.SampledFrom(some).Draw(t, "lease")
}

func (m *model) holds(l *modelLease) bool { return l.row.owner == l.owner && l.row.epoch == l.Epoch }

func (m *model) send(t *rapid.T) {
	l := m.draw(t, func(l *modelLease) bool { return !l.granted && !l.settled })
	want := m.holds(l) && l.row.state == delivery.LeasedRow
	ok, err := m.Apply(ctx, l.owner, []delivery.Mark{sendingMark(m.newsroom, l.Leased)})
	m.fatal(err)
	if ok[0] != want {
		t.Fatalf("mark A of %s in epoch %d: %t, want %t", l.row.email, l.Epoch, ok[0], want)
	}
	if l.settled = !want; l.settled {
		return // the mail is dropped
	}
	l.granted, l.row.state = true, delivery.SendingRow
	if l.row.open++; l.row.open > 1+l.row.resent {
		t.Fatalf("%s: %d tries may have been accepted, %d were resent by a person", l.row.email, l.row.open, l.row.resent)
	}
}

func (m *model) settle(t *rapid.T) {
	l := m.draw(t, func(l *modelLease) bool { return !l.settled })
	states := []delivery.State{delivery.Queued, delivery.Deferred, delivery.Refused}
	if l.granted { // else nothing was completed
		states = append(states, delivery.Accepted, delivery.Accepted, delivery.Accepted, delivery.Unknown)
	}
	set := delivery.Settlement{State: rapid.SampledFrom(states).Draw(t, "state"), Stage: delivery.StageDot, Drop: rapid.Bool().Draw(t, "drop"), Due: m.Now().Add(-time.Second)}
	soon := rapid.Bool().Draw(t, "soon")
	if set.State == delivery.Deferred && !soon {
		set.Due = m.Now().Add(time.Hour)
	}
	r := l.row
	fits := m.holds(l) && (r.state == delivery.SendingRow || r.state == delivery.LeasedRow && set.State != delivery.Accepted)
	ok, err := m.Apply(ctx, l.owner, []delivery.Mark{settled(m.newsroom, l.Leased, set)})
	m.fatal(err)
	if ok[0] != fits {
		t.Fatalf("%s settled as %s: %t, want %t", r.email, set.State, ok[0], fits)
	}
	l.settled = true
	if l.granted && set.State != delivery.Accepted && set.State != delivery.Unknown {
		r.open--
	}
	switch waits := set.State == delivery.Queued || set.State == delivery.Deferred; {
	case fits && waits && m.edition.State == campaigns.Cancelled:
		r.state, r.owner = delivery.Cancelled, 0
	case fits:
		r.state, r.owner, r.due = set.State, 0, soon
	case set.State == delivery.Accepted && (r.state == delivery.Unknown || r.state == delivery.Queued || r.state == delivery.Deferred):
		r.state = delivery.Accepted
	}
}

func (m *model) crash(t *rapid.T) {
	i := rapid.IntRange(0, 1).Draw(t, "node")
	dead := m.nodes[i]
	m.dies(m.t, dead)
	if rapid.Bool().Draw(t, "seen by the other") {
		m.fatal(m.Beat(ctx, m.nodes[1-i], time.Minute))
	}
	m.nodes[i] = m.owner(m.t)
	m.fatal(m.Leave(ctx, dead)) // its connection to the database ends too
	m.released(dead)
}

func (m *model) released(o delivery.OwnerID) {
	for _, r := range m.rows {
		if r.owner != o {
			continue
		}
		switch {
		case r.state == delivery.SendingRow:
			r.state = delivery.Unknown
		case m.edition.State == campaigns.Cancelled:
			r.state = delivery.Cancelled
		default:
			r.state = delivery.Queued
		}
		r.owner = 0
	}
}

func (m *model) giveBack(t *rapid.T) {
	l := m.draw(t, func(l *modelLease) bool { return !l.granted && !l.settled && slices.Contains(m.nodes[:], l.owner) })
	m.fatal(m.GiveBack(ctx, l.owner, m.edition.ID, []delivery.RecipientID{l.ID}))
	l.settled = true
	if m.holds(l) && l.row.state == delivery.LeasedRow {
		l.row.state, l.row.owner = delivery.Queued, 0
	}
}

// move changes the edition's state, or is refused as the table says.
func (m *model) move(t *rapid.T, to campaigns.EditionState, change func() error) {
	allowed := campaigns.CanMove(m.edition.State, to)
	if to == campaigns.Sent {
		allowed = allowed && !slices.ContainsFunc(m.rows, func(r *modelRow) bool { return waitingState(r.state) })
	}
	err := change()
	if allowed && err != nil || !allowed && !errs.Is(err, errs.Conflict) {
		t.Fatalf("from %s to %s: %v, allowed: %t", m.edition.State, to, err, allowed)
	}
	m.edition = m.newsroom.edition(m.t, m.edition.ID)
}

func waitingState(s delivery.State) bool {
	return s == delivery.Queued || s == delivery.LeasedRow || s == delivery.SendingRow || s == delivery.Deferred
}

func (m *model) pause(t *rapid.T) {
	m.move(t, campaigns.EditionPaused, func() error { return m.desk.Pause(ctx, "test", m.edition) })
}

func (m *model) resume(t *rapid.T) {
	if m.edition.State != campaigns.EditionPaused {
		t.Skip("not paused")
	}
	m.move(t, campaigns.Sending, func() error { return m.desk.Resume(ctx, "test", m.edition) })
}

func (m *model) finish(t *rapid.T) {
	m.move(t, campaigns.Sent, func() error { return m.desk.Finish(ctx, m.edition) })
}

func (m *model) cancel(t *rapid.T) {
	if rapid.IntRange(0, 3).Draw(t, "seldom") != 0 {
		t.Skip("not this time")
	}
	m.move(t, campaigns.Cancelled, func() error { return m.desk.Cancel(ctx, "test", m.edition) })
	if m.edition.State != campaigns.Cancelled {
		return
	}
	for _, r := range m.rows {
		if waitingState(r.state) && r.state != delivery.SendingRow {
			r.state, r.owner = delivery.Cancelled, 0
		}
	}
}

func (m *model) unsubscribe(t *rapid.T) {
	r := rapid.SampledFrom(m.rows).Draw(t, "reader")
	m.fatal(m.reg.Unsubscribe(ctx, r.reader, []subscribers.ListID{m.list}, subscribers.Sign{Actor: "reader", Source: "page"}))
	r.left = true
	if waitingState(r.state) && r.state != delivery.SendingRow {
		r.state, r.owner = delivery.Suppressed, 0
	}
}

// resend is what a person decides of somebody who is not certain.
func (m *model) resend(t *rapid.T) {
	i := slices.IndexFunc(m.rows, func(r *modelRow) bool { return r.state == delivery.Unknown })
	if i < 0 || m.edition.State != campaigns.Sending {
		t.Skip("nobody to resend to")
	}
	r := m.rows[i]
	storetest.Exec(m.t, m.Store, `UPDATE recipients SET state = 'queued' WHERE edition_id = $1 AND subscriber_id = $2`, int64(m.edition.ID), int64(r.reader))
	r.state = delivery.Queued
	r.resent++
	for _, left := range m.unsubscribed() {
		if left == r.reader { // found out at the next lease
			r.state = delivery.Suppressed
			storetest.Exec(m.t, m.Store, `UPDATE recipients SET state = 'suppressed' WHERE edition_id = $1 AND subscriber_id = $2`, int64(m.edition.ID), int64(r.reader))
		}
	}
}

// stored is the row's state in the database.
func (m *model) stored(r *modelRow) delivery.State {
	return storetest.One[delivery.State](m.t, m.Store, `SELECT state FROM recipients WHERE edition_id = $1 AND subscriber_id = $2`, int64(m.edition.ID), int64(r.reader))
}

func (m *model) unsubscribed() []subscribers.ID {
	return storetest.Column[subscribers.ID](m.t, m.Store, `SELECT subscriber_id FROM memberships WHERE list_id = $1 AND state = 'unsubscribed'`, int64(m.list))
}

func (m *model) check(t *rapid.T) {
	stored := must[[]delivery.Recipient](m.t)(m.Recipients(ctx, m.edition.ID, "", 0, 100))
	if len(stored) != len(m.rows) {
		t.Fatalf("the ledger has %d rows, the audience was %d", len(stored), len(m.rows))
	}
	var f delivery.Figures
	for i, r := range m.rows {
		if stored[i].Email != r.email || stored[i].State != r.state {
			t.Fatalf("%s is %s, want %s %s", stored[i].Email, stored[i].State, r.email, r.state)
		}
		f.Add(r.state, 1)
	}
	if got := m.figures(m.t, m.edition.ID); got != f {
		t.Fatalf("the figures are %+v, want %+v", got, f)
	}
	for state, want := range map[delivery.State]int{"": f.Audience, delivery.Accepted: f.Accepted, delivery.Queued: min(f.Queued, 2)} {
		most := 100
		if state == delivery.Queued {
			most = 2
		}
		if got := must[int](m.t)(m.CountRecipients(ctx, m.edition.ID, state, most)); got != want {
			t.Fatalf("counted %d in state %q, want %d", got, state, want)
		}
	}
}

// Whatever two nodes, their crashes, the team and the readers do, and in
// whatever order: the sum of the states is the audience, a mail that may have
// been accepted is not begun again but by a person's word, and who accepted it
// stays so.
func TestTheLedgerKeepsItsPromises(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		// Each run is a few dozen commits: fewer of them than rapid would do, but
		// all that it needs to make a failing one smaller.
		run, runs, failed := 0, 40, false
		if n.Shared() {
			runs = 12
		}
		rapid.Check(t, func(rt *rapid.T) {
			if run++; run > runs && !failed {
				return
			}
			defer func() { failed = failed || rt.Failed() }()
			m := newModel(t, n, run)
			accepted := map[string]bool{}
			rt.Repeat(map[string]func(*rapid.T){
				"lease": m.lease, "lease more": m.lease, "send": m.send, "send more": m.send, "settle": m.settle, "settle more": m.settle,
				"crash": m.crash, "give back": m.giveBack, "pause": m.pause, "resume": m.resume, "finish": m.finish, "cancel": m.cancel,
				"unsubscribe": m.unsubscribe, "resend": m.resend,
				"": func(rt *rapid.T) {
					m.check(rt)
					for _, r := range m.rows {
						if accepted[r.email] && r.state != delivery.Accepted {
							rt.Fatalf("%s had accepted and is %s", r.email, r.state)
						}
						accepted[r.email] = r.state == delivery.Accepted
					}
				},
			})
			for _, o := range m.nodes {
				m.fatal(n.Leave(ctx, o))
			}
		})
	})
}
