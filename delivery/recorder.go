package delivery

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// maxGroup bounds the marks of one commit.
const maxGroup = 256

var (
	errFenced   = errors.New("the recipient is no longer ours to mail")
	errStopping = errors.New("stopping: no new mail is completed")
)

// recorder is the one writer of marks. It commits whatever has queued as soon
// as it is free and the connections that its last group let go on are back
// (see gather). The queue is one FIFO and a group is a prefix of it: the mark
// that settles a connection's mail is durable no later than mark A of its next
// one, so that a crash leaves at most one mail uncertain for each connection.
type recorder struct {
	ledger Ledger
	owner  OwnerID
	log    *slog.Logger

	mu       sync.Mutex
	work     sync.Cond
	queue    []entry
	asleep   bool // run waits for a first mark
	stopping bool // no more marks A
	closed   bool // end when the queue is empty
	trouble  error
	company  company
}

// company is what gather knows of the connections.
type company struct {
	lines   []*line // that may write their final dot since the last group
	away    int     // of them, those that have not asked for their next mark A
	waiting bool    // gather waits for them
	late    bool    // it has waited long enough
	alone   int     // groups for which it does not wait, because the relay is slow
	misses  int     // times in a row that it waited in vain
}

// line is one connection's slot at the recorder.
type line struct{ away bool }

// ticket is one asked mark A.
type ticket struct {
	Done    chan error  // nil when the mark is durable, else why the mail must be dropped
	granted atomic.Bool // set before Done is told
	refused atomic.Bool
}

func (t *ticket) tell(err error) {
	t.granted.Store(err == nil)
	t.refused.Store(err != nil)
	t.Done <- err
}

type entry struct {
	mark   Mark
	line   *line
	ticket *ticket // of mark A
}

func newRecorder(l Ledger, o OwnerID, log *slog.Logger) *recorder {
	r := &recorder{ledger: l, owner: o, log: log}
	r.work.L = &r.mu
	return r
}

// begin asks for mark A and returns at once.
func (r *recorder) begin(l *line, m Mark) *ticket {
	t := &ticket{Done: make(chan error, 1)}
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopping:
		t.tell(errStopping)
	case r.trouble != nil:
		t.tell(r.trouble)
	default:
		r.queue = append(r.queue, entry{mark: m, line: l, ticket: t})
	}
	r.back(l)
	return t
}

// settle queues mark B.
func (r *recorder) settle(l *line, m Mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(r.queue, entry{mark: m, line: l})
	r.wake()
}

// idle says that a connection will not ask for a mark soon.
func (r *recorder) idle(l *line) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.back(l)
}

func (r *recorder) back(l *line) {
	if l.away {
		l.away = false
		r.company.away--
	}
	r.wake()
}

// wake lets run go on where it has something to do.
func (r *recorder) wake() {
	if r.asleep && len(r.queue) > 0 || r.company.waiting && r.company.away == 0 {
		r.work.Signal()
	}
}

// stop refuses marks A from here on.
func (r *recorder) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopping = true
	r.work.Signal()
}

// close lets run end once everything queued is durable.
func (r *recorder) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopping, r.closed = true, true
	r.work.Signal()
}

// unwell is the database's trouble, nil while marks become durable.
func (r *recorder) unwell() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.trouble
}

// run commits groups until close, or until ctx ends with marks that the
// database did not take.
func (r *recorder) run(ctx context.Context) {
	wait := 50 * time.Millisecond
	var took time.Duration // by the last commit
	group := make([]entry, 0, maxGroup)
	marks := make([]Mark, 0, maxGroup)
	for {
		group = r.prefix(group[:0], took)
		if len(group) == 0 {
			return
		}
		marks = marks[:0]
		for _, e := range group {
			marks = append(marks, e.mark)
		}
		began := time.Now()
		ok, err := r.ledger.Apply(ctx, r.owner, marks)
		if err == nil {
			took = time.Since(began)
			r.answer(group, ok)
			wait = 50 * time.Millisecond
			continue
		}
		r.log.Error("writing the ledger", "err", err, "marks", len(marks))
		r.keepSettlements(group, err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
			wait = min(2*wait, 2*time.Second)
		}
	}
}

// prefix waits for work and takes the first marks of the queue.
func (r *recorder) prefix(group []entry, took time.Duration) []entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) == 0 && !r.closed {
		r.asleep = true
		r.work.Wait()
	}
	r.asleep = false
	r.gather(min(took, maxPatience))
	n := min(len(r.queue), maxGroup)
	group = append(group, r.queue[:n]...)
	rest := copy(r.queue, r.queue[n:])
	clear(r.queue[rest:])
	r.queue = r.queue[:rest]
	return group
}

// maxPatience bounds what gather waits, whatever a commit takes.
const maxPatience = 5 * time.Millisecond

// gather waits for the connections that the last group let write their final
// dots, so that their settlements and their next marks A share one commit. Else
// the first to come back takes a commit for itself and the others wait for two;
// a disk that takes a millisecond would be waited for twice as often. It waits
// at most as long as the last commit took, and stops trying for a while where a
// relay answers more slowly than that.
func (r *recorder) gather(patience time.Duration) {
	c := &r.company
	if c.alone > 0 {
		c.alone--
		return
	}
	if c.away == 0 || patience <= 0 {
		return
	}
	c.waiting, c.late = true, false
	timer := time.AfterFunc(patience, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		c.late = true
		r.work.Signal()
	})
	for c.away > 0 && !c.late && !r.stopping && len(r.queue) < maxGroup {
		r.work.Wait()
	}
	timer.Stop()
	c.waiting = false
	if !c.late {
		c.misses = 0
		return
	}
	c.misses = min(c.misses+1, 6)
	c.alone = 1<<c.misses - 1
}

func (r *recorder) answer(group []entry, ok []bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble = nil
	for _, l := range r.company.lines {
		l.away = false
	}
	r.company.lines, r.company.away = r.company.lines[:0], 0
	for i, e := range group {
		switch {
		case e.ticket != nil && ok[i]:
			e.line.away = true
			r.company.lines = append(r.company.lines, e.line)
			r.company.away++
			e.ticket.tell(nil)
		case e.ticket != nil:
			e.ticket.tell(errFenced)
		case !ok[i]:
			r.log.Info("mark came late", "recipient", e.mark.ID, "outcome", e.mark.State)
		}
	}
}

// keepSettlements fails the marks A of a group that was not committed, or of
// which that is not known, and puts its settlements back in front. A mail
// whose mark A fails is dropped before its final dot, and settled as such.
func (r *recorder) keepSettlements(group []entry, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.trouble = err
	all := append(append([]entry(nil), group...), r.queue...)
	r.queue = r.queue[:0]
	for _, e := range all {
		if e.ticket != nil {
			e.ticket.tell(err)
			continue
		}
		r.queue = append(r.queue, e)
	}
	if len(r.queue) == 0 {
		r.trouble = nil // nothing will be retried, so the next mark A tries anew
	}
}
