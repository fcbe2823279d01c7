package delivery_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/smtptest"
	"postrider/store"
	"postrider/store/storetest"
)

// takenOver is a ledger that says once that another process has taken the
// owner's work over, and is away when it is asked for a new owner.
type takenOver struct {
	delivery.Ledger
	beats, enrols atomic.Int32
}

func (l *takenOver) Beat(ctx context.Context, o delivery.OwnerID, ttl time.Duration) error {
	if l.beats.Add(1) == 1 {
		return errs.Conflictf("another process took the work over")
	}
	return l.Ledger.Beat(ctx, o, ttl)
}

func (l *takenOver) Enrol(ctx context.Context, node string, ttl time.Duration) (delivery.OwnerID, error) {
	if l.enrols.Add(1) == 2 {
		return 0, errs.Unavailablef("the database is restarting")
	}
	return l.Ledger.Enrol(ctx, node, ttl)
}

// TestBeginningAnewWaitsForTheDatabase: a database that restarts takes its
// nodes' locks away, and they begin anew while it is not quite back.
func TestBeginningAnewWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, readers(60)...)
		relay := smtptest.Start(t, "DOT -> wait 20ms; ok", smtptest.AllowFaults())
		e := o.publish(t)
		c := o.courier(relay, 2)
		ledger := &takenOver{Ledger: o.Store}
		c.Ledger, c.LeaseTTL = ledger, 600*time.Millisecond
		_, f := o.run(t, c, e.ID, sent)
		if f.Accepted != 60 || ledger.enrols.Load() < 3 {
			t.Errorf("after %d beginnings: %+v", ledger.enrols.Load(), f)
		}
	})
}
