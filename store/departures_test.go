package store_test

import (
	"testing"
	"time"

	"postrider/store/storetest"
	"postrider/subscribers"
)

// TestWhoLeavesIsCountedWithItsEdition: once, by the edition that was
// answered, and without an address after an erasure.
func TestWhoLeavesIsCountedWithItsEdition(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 4)...)
		one, other := n.sending(t, "news"), n.sending(t, "news")
		at := n.Now().Truncate(time.Millisecond)
		sign := subscribers.Sign{Source: "unsubscribe page"}
		for _, who := range []string{"r0000@example.org", "r0001@example.org", "r0000@example.org"} {
			must[int](t)(n.LeaveEdition(ctx, int64(one), n.find(t, who), sign, at))
		}
		if a, b := must[int](t)(n.Departed(ctx, one)), must[int](t)(n.Departed(ctx, other)); a != 2 || b != 0 {
			t.Errorf("%d and %d have left, want 2 and 0", a, b)
		}
		rows, err := n.Departures(ctx, one, 0, 1)
		if err != nil || len(rows) != 1 || rows[0].Email != "r0000@example.org" || !rows[0].At.Equal(at) {
			t.Fatalf("the first who left is %+v, %v", rows, err)
		}
		storetest.Exec(t, n.Store, `UPDATE events SET subscriber_id = 1 WHERE subscriber_id = $1`, int64(n.find(t, "r0001@example.org")))
		rows, err = n.Departures(ctx, one, rows[0].ID, 10)
		if err != nil || len(rows) != 1 || rows[0].Email != "" {
			t.Errorf("behind the first are %+v, %v; want one without an address", rows, err)
		}
	})
}
