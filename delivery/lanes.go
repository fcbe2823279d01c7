package delivery

import (
	"context"
	"sync"
	"time"

	"postrider/campaigns"
)

// lane is one edition in this process: what has been leased and not yet begun.
type lane struct {
	edition campaigns.Edition
	letter  letter

	// Guarded by lanes.mu.
	mails     []Leased
	busy      int  // on a connection now
	stopped   bool // paused, held, cancelled or ending: nothing more is taken
	judgement judgement

	wake chan struct{} // 1 deep: the feeder should look again
}

func (l *lane) poke() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// lanes hands leased mails to connections, one edition after the other, so
// that a slow edition never stalls another.
type lanes struct {
	mu     sync.Mutex
	more   sync.Cond
	all    []*lane
	turn   int
	closed bool
}

func newLanes() *lanes {
	l := &lanes{}
	l.more.L = &l.mu
	return l
}

// take waits for a mail. It returns false when the lanes are closed.
func (ls *lanes) take() (*lane, Leased, bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for {
		if ls.closed {
			return nil, Leased{}, false
		}
		for i := range ls.all {
			l := ls.all[(ls.turn+i)%len(ls.all)]
			if l.stopped || len(l.mails) == 0 {
				continue
			}
			ls.turn = (ls.turn + i + 1) % len(ls.all)
			m := l.mails[0]
			l.mails = l.mails[1:]
			l.busy++
			if len(l.mails) < refill {
				l.poke()
			}
			return l, m, true
		}
		ls.more.Wait()
	}
}

// waiting reports whether a mail could be taken now.
func (ls *lanes) waiting() bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for _, l := range ls.all {
		if !l.stopped && len(l.mails) > 0 {
			return true
		}
	}
	return false
}

// done says that a mail taken from l is settled, or is given back when back is true.
func (ls *lanes) done(l *lane, m Leased, back bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.busy--
	if back {
		l.mails = append([]Leased{m}, l.mails...)
		ls.more.Signal()
	}
	if l.busy == 0 {
		l.poke()
	}
}

func (ls *lanes) add(l *lane) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.all = append(ls.all, l)
}

func (ls *lanes) put(l *lane, mails []Leased) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.mails = append(l.mails, mails...)
	ls.more.Broadcast()
}

// stop ends a lane and returns what was leased and not begun.
func (ls *lanes) stop(l *lane) []Leased {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	l.stopped = true
	left := l.mails
	l.mails = nil
	l.poke()
	return left
}

// state reads a lane for its feeder.
func (ls *lanes) state(l *lane) (mails, busy int, stopped bool) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return len(l.mails), l.busy, l.stopped || ls.closed
}

// remove forgets a lane.
func (ls *lanes) remove(gone *lane) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	for i, l := range ls.all {
		if l == gone {
			ls.all = append(ls.all[:i], ls.all[i+1:]...)
			ls.turn = 0
			return
		}
	}
}

// snapshot is a copy of the lanes.
func (ls *lanes) snapshot() []*lane {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return append([]*lane(nil), ls.all...)
}

// see counts an answer of an edition and reports whether it should be held.
func (ls *lanes) see(l *lane, aboutUs bool) bool {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	return l.judgement.see(aboutUs)
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

// refill is how few mails a lane may hold until its feeder leases more, and
// batch how many it leases.
const (
	refill = 64
	batch  = 192
)

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
