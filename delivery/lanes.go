package delivery

import (
	"context"
	"slices"
	"sync"
	"time"

	"postrider/campaigns"
)

// lane is one edition in this process: what has been leased and not yet begun.
type lane struct {
	edition campaigns.Edition // zero: the lane of notices
	letter  letter            // of the edition

	// Guarded by lanes.mu.
	queues    map[*station][]Leased
	credit    map[*station]int // of the weighted choice
	parked    []Leased         // no station takes them now
	busy      int              // on a connection now
	stopped   bool             // paused, held, cancelled or ending: nothing more is taken
	judgement judgement

	wake chan struct{} // 1 deep: the feeder should look again
}

func newLane(e campaigns.Edition, l letter) *lane {
	return &lane{edition: e, letter: l, queues: map[*station][]Leased{}, credit: map[*station]int{}, wake: make(chan struct{}, 1)}
}

func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// wait sleeps until d has passed, the lane is poked, or ctx ends.
func (l *lane) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-l.wake:
	case <-t.C:
	}
}

func (l *lane) waiting() int {
	n := len(l.parked)
	for _, q := range l.queues {
		n += len(q)
	}
	return n
}

// senderDomain is what relays are chosen by.
func (l *lane) senderDomain(m Leased) string {
	if m.Notice != nil {
		return m.Notice.SenderDomain()
	}
	return l.letter.domain
}

// refill is how few mails a station may have of a lane until its feeder leases
// more, batch how many it leases, and crowd how many of one station are enough
// for the next to go to others.
const (
	refill = 64
	batch  = 192
	crowd  = 2 * batch
)

// lanes hands leased mails to the stations' connections, one edition after the
// other, so that a slow edition never stalls another. Mails are shared among
// the stations by weight when they are leased.
type lanes struct {
	mu       sync.Mutex
	more     sync.Cond
	all      []*lane // the first is that of notices
	notices  *lane
	stations []*station
	turn     int
	closed   bool
}

func newLanes() *lanes {
	ls := &lanes{notices: newLane(campaigns.Edition{}, letter{})}
	ls.all = []*lane{ls.notices}
	ls.more.L = &ls.mu
	return ls
}

// take waits for a mail for st, and calls idle where there is none yet. It
// returns false when the lanes are closed or the station left.
func (ls *lanes) take(st *station, idle func()) (*lane, Leased, bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for {
		if ls.closed || st.soft.Err() != nil {
			return nil, Leased{}, false
		}
		for i := range len(ls.all) {
			l := ls.next(i)
			q := l.queues[st]
			if l.stopped || len(q) == 0 {
				continue
			}
			if l != ls.notices {
				ls.turn = (ls.turn + i) % len(ls.all)
			}
			l.queues[st] = q[1:]
			l.busy++
			if len(q) <= refill {
				l.poke()
			}
			return l, q[0], true
		}
		idle()
		ls.more.Wait()
	}
}

// next is the lane to look at i-th: that of notices, then the others in turn.
func (ls *lanes) next(i int) *lane {
	if i == 0 {
		return ls.all[0]
	}
	return ls.all[1+(ls.turn+i-1)%(len(ls.all)-1)]
}

// done says that a mail taken from l is settled, or comes back when back is true.
func (ls *lanes) done(l *lane, m Leased, back bool) (orphan bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.busy--
	if back && !l.stopped {
		ls.assign(l, []Leased{m}, nil)
	}
	if l.busy == 0 {
		l.poke()
	}
	return back && l.stopped
}

func (ls *lanes) add(l *lane) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.all = append(ls.all, l)
}

// put shares freshly leased mails among the stations for which open is true.
func (ls *lanes) put(l *lane, mails []Leased, open func(*station) bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.assign(l, mails, open)
}

// assign shares mails by weight; those that no station serves are parked. A
// lane that has been stopped keeps them parked, and its feeder gives them back.
func (ls *lanes) assign(l *lane, mails []Leased, open func(*station) bool) {
	for _, m := range mails {
		if st := ls.choose(l, l.senderDomain(m), open); st != nil && !l.stopped {
			l.queues[st] = append(l.queues[st], m)
		} else {
			l.parked = append(l.parked, m)
		}
	}
	if l.stopped {
		l.poke()
	}
	ls.more.Broadcast()
}

// choose picks a station by smooth weighted round robin among those that serve
// the domain, are open and not crowded; else among all that serve it.
func (ls *lanes) choose(l *lane, domain string, open func(*station) bool) *station {
	var fit []*station
	for pass := range 2 {
		for _, st := range ls.stations {
			if !st.relay.Serves(domain) || st.soft.Err() != nil {
				continue
			}
			if pass == 0 && (open != nil && !open(st) || len(l.queues[st]) >= crowd) {
				continue
			}
			fit = append(fit, st)
		}
		if len(fit) > 0 {
			break
		}
	}
	if len(fit) == 0 {
		return nil
	}
	total := 0
	best := fit[0]
	for _, st := range fit {
		weight := max(st.relay.Weight, 1)
		total += weight
		l.credit[st] += weight
		if l.credit[st] > l.credit[best] {
			best = st
		}
	}
	l.credit[best] -= total
	return best
}

// hungry reports whether a lane should be fed: some open station that serves
// its sender has few mails left, and the others do not hold too many.
func (ls *lanes) hungry(l *lane, open func(*station) bool) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	if l.waiting() >= crowd*max(len(ls.stations), 1) {
		return false
	}
	for _, st := range ls.stations {
		fits := l == ls.notices || st.relay.Serves(l.letter.domain)
		if fits && len(l.queues[st]) < refill && open(st) {
			return true
		}
	}
	return false
}

// failOver gives the mails of a station that closed to open ones. It returns
// the editions' lanes that no open station serves.
func (ls *lanes) failOver(gone *station, open func(*station) bool) []*lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var stuck []*lane
	for _, l := range ls.all {
		if l == ls.notices || !gone.relay.Serves(l.letter.domain) {
			continue
		}
		other := slices.ContainsFunc(ls.stations, func(st *station) bool {
			return st != gone && st.relay.Serves(l.letter.domain) && st.soft.Err() == nil && open(st)
		})
		if !other {
			stuck = append(stuck, l)
			continue
		}
		mails := l.queues[gone]
		delete(l.queues, gone)
		ls.assign(l, mails, open)
	}
	return stuck
}

func (ls *lanes) addStation(st *station) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.stations = append(ls.stations, st)
	for _, l := range ls.all {
		parked := l.parked
		l.parked = nil
		ls.assign(l, parked, nil)
		l.poke()
	}
}

// removeStation forgets a station; its mails go to the others.
func (ls *lanes) removeStation(gone *station) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.stations = slices.DeleteFunc(ls.stations, func(st *station) bool { return st == gone })
	for _, l := range ls.all {
		mails := l.queues[gone]
		delete(l.queues, gone)
		delete(l.credit, gone)
		ls.assign(l, mails, nil)
	}
	ls.more.Broadcast()
}

func (ls *lanes) stationList() []*station {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return slices.Clone(ls.stations)
}

// stop ends a lane and returns what was leased and not begun.
func (ls *lanes) stop(l *lane) []Leased {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.stopped = true
	left := l.parked
	l.parked = nil
	for st, q := range l.queues {
		left = append(left, q...)
		delete(l.queues, st)
	}
	l.poke()
	return left
}

// state reads a lane for its feeder.
func (ls *lanes) state(l *lane) (mails, busy int, stopped bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return l.waiting(), l.busy, l.stopped || ls.closed
}

// remove forgets a lane.
func (ls *lanes) remove(gone *lane) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.all = slices.DeleteFunc(ls.all, func(l *lane) bool { return l == gone })
	ls.turn = 0
}

// editions is a copy of the lanes of editions.
func (ls *lanes) editions() []*lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return slices.Clone(ls.all[1:])
}

// see counts an answer of an edition and says why it should be held, empty
// when it should not.
func (ls *lanes) see(l *lane, set Settlement) string {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return l.judgement.see(set)
}

func (ls *lanes) close() {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.closed = true
	for _, l := range ls.all {
		l.poke()
	}
	ls.more.Broadcast()
}
