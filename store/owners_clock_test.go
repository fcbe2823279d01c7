package store_test

import (
	"testing"
	"time"

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
