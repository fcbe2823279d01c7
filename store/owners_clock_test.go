package store_test

import (
	"context"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/store/storetest"
)

// TestAWrongClockTakesNothingLive: a node whose clock is wrong by minutes
// follows the database's: it takes over nobody who lives, leases nothing that
// is not due, and lives as long as the others think.
func TestAWrongClockTakesNothingLive(t *testing.T) {
	t.Parallel()
	location := storetest.Postgres(t)
	for _, wrong := range []time.Duration{5 * time.Minute, -5 * time.Minute} {
		right, other := newNewsroom(t, location), newNewsroom(t, location)
		other.clock.forward(wrong)
		e, o, _, _ := right.working(t)
		storetest.Exec(t, right.Store, `UPDATE recipients SET not_before = $2 WHERE edition_id = $1 AND state = 'queued'`, int64(e), right.Now().Add(2*time.Minute).UnixMilli())
		mine := other.owner(t)
		if err := other.Beat(ctx, mine, time.Minute); err != nil {
			t.Fatal(err)
		}
		if got := other.lease(t, mine, e, 9); len(got) != 0 {
			t.Errorf("wrong by %v, it leased %d rows that are due in two minutes", wrong, len(got))
		}
		if err := right.Beat(ctx, o, time.Minute); err != nil {
			t.Errorf("beside a node that is wrong by %v: %v", wrong, err)
		}
		if err := other.Beat(ctx, mine, time.Minute); err != nil {
			t.Errorf("wrong by %v: %v", wrong, err)
		}
		if f := right.figures(t, e); f.Leased != 3 || f.Sending != 3 || f.Queued != 3 {
			t.Errorf("beside a node that is wrong by %v: %+v", wrong, f)
		}
	}
}

// TestASleeperKeepsNobodyWaiting: a node that is suspended in the middle of a
// transaction, its own row locked, is taken over all the same, soon enough for
// a lease of 30 seconds. Its transaction comes to nothing.
func TestASleeperKeepsNobodyWaiting(t *testing.T) {
	t.Parallel()
	location := storetest.Postgres(t)
	n, other := newNewsroom(t, location), newNewsroom(t, location)
	e, o, _, _ := n.working(t)
	next := other.owner(t)
	stopped, wake, woken := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() { woken <- n.Asleep(ctx, stopped, wake, `UPDATE owners SET until = 1 WHERE id = $1`, int64(o)) }()
	<-stopped
	storetest.Exec(t, other.Store, `UPDATE recipients SET epoch = epoch WHERE id > $1`, 0) // the others' own work goes on
	if err := other.Beat(ctx, next, time.Minute); err != nil {
		t.Fatal(err)
	}
	within, stop := context.WithTimeout(ctx, 20*time.Second)
	defer stop()
	if err := other.Asleep(within, make(chan struct{}), closed(), `DELETE FROM owners WHERE id = $1`, int64(o)); err != nil {
		t.Errorf("the sleeper's row stays locked: %v", err)
	}
	close(wake)
	if err := <-woken; !errs.Is(err, errs.Unavailable) {
		t.Errorf("the sleeper's transaction ended with %v, want Unavailable", err)
	}
	if f := other.figures(t, e); f.Audience != 9 {
		t.Errorf("afterwards: %+v", f)
	}
}

func closed() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}
