package delivery

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"
)

// maxGroup bounds the marks of one commit.
const maxGroup = 256

var (
	errFenced   = errors.New("the recipient is no longer ours to mail")
	errStopping = errors.New("stopping: no new mail is completed")
)

// recorder is the one writer of marks. It commits whatever has queued as soon
// as it is free, with no timer. The queue is one FIFO and a group is a prefix
// of it: the mark that settles a connection's mail is durable no later than
// mark A of its next one, so that a crash leaves at most one mail uncertain
// for each connection.
type recorder struct {
	ledger Ledger
	owner  OwnerID
	log    *slog.Logger

	mu       sync.Mutex
	work     sync.Cond
	queue    []entry
	stopping bool // no more marks A
	closed   bool // end when the queue is empty
	trouble  error
}

type entry struct {
	mark Mark
	done chan error // of mark A
}

func newRecorder(l Ledger, o OwnerID, log *slog.Logger) *recorder {
	r := &recorder{ledger: l, owner: o, log: log}
	r.work.L = &r.mu
	return r
}

// begin asks for mark A and returns at once. The channel gives nil when the
// mark is durable, else why the mail must be dropped.
func (r *recorder) begin(m Mark) <-chan error {
	done := make(chan error, 1)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case r.stopping:
		done <- errStopping
	case r.trouble != nil:
		done <- r.trouble
	default:
		r.queue = append(r.queue, entry{mark: m, done: done})
		r.work.Signal()
	}
	return done
}

// settle queues mark B.
func (r *recorder) settle(m Mark) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queue = append(r.queue, entry{mark: m})
	r.work.Signal()
}

// stop refuses marks A from here on.
func (r *recorder) stop() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopping = true
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
	group := make([]entry, 0, maxGroup)
	marks := make([]Mark, 0, maxGroup)
	for {
		group = r.prefix(group[:0])
		if len(group) == 0 {
			return
		}
		marks = marks[:0]
		for _, e := range group {
			marks = append(marks, e.mark)
		}
		ok, err := r.ledger.Apply(ctx, r.owner, marks)
		if err == nil {
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
func (r *recorder) prefix(group []entry) []entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) == 0 && !r.closed {
		r.work.Wait()
	}
	n := min(len(r.queue), maxGroup)
	group = append(group, r.queue[:n]...)
	r.queue = append(r.queue[:0], r.queue[n:]...)
	return group
}

func (r *recorder) answer(group []entry, ok []bool) {
	r.mu.Lock()
	r.trouble = nil
	r.mu.Unlock()
	for i, e := range group {
		switch {
		case e.done != nil && ok[i]:
			e.done <- nil
		case e.done != nil:
			e.done <- errFenced
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
		if e.done != nil {
			e.done <- err
			continue
		}
		r.queue = append(r.queue, e)
	}
	if len(r.queue) == 0 {
		r.trouble = nil // nothing will be retried, so the next mark A tries anew
	}
}
