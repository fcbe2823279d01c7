package store_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/store/storetest"
)

// TestNobodyIsAskedForever: what nobody decides about closes after 72 hours,
// done by the system, and evidence still turns it accepted.
func TestNobodyIsAskedForever(t *testing.T) {
	inNewsrooms(t, func(t *testing.T, n *newsroom) {
		n.join(t, "news", emails(0, 5)...)
		one, other := n.sending(t, "news"), n.sending(t, "news")
		unsure := func(e campaigns.EditionID, who string, since time.Time) {
			storetest.Exec(t, n.Store, `UPDATE recipients SET state = 'unknown', updated_at = $3 WHERE edition_id = $1 AND subscriber_id = $2`,
				int64(e), int64(n.find(t, who)), since.UnixMilli())
		}
		began := n.Now()
		unsure(one, "r0000@example.org", began)
		unsure(one, "r0001@example.org", began)
		unsure(other, "r0000@example.org", began)
		unsure(other, "r0002@example.org", began.Add(time.Hour))

		n.clock.forward(campaigns.DecideWithin - time.Minute)
		if closed := must[int](t)(n.desk.CloseUncertain(ctx)); closed != 0 {
			t.Errorf("a minute early %d are closed", closed)
		}
		n.clock.forward(2 * time.Minute)
		if closed := must[int](t)(n.desk.CloseUncertain(ctx)); closed != 3 {
			t.Errorf("%d are closed after 72 hours, want 3", closed)
		}
		if closed := must[int](t)(n.desk.CloseUncertain(ctx)); closed != 0 {
			t.Errorf("%d are closed twice", closed)
		}
		if a, b := must[int](t)(n.Undecided(ctx, one)), must[int](t)(n.Undecided(ctx, other)); a != 0 || b != 1 {
			t.Errorf("%d and %d wait for a decision, want 0 and 1", a, b)
		}
		if f := n.figures(t, one); f.Unknown != 2 || f.Queued != 3 {
			t.Errorf("closing changed what is known: %+v", f)
		}
		said := storetest.Column[string](t, n.Store, `SELECT detail FROM audit_log WHERE actor = 'courier' AND action = 'gave_up' AND kind = 'edition' ORDER BY object`)
		if want := []string{"uncertain for 72 hours: 2", "uncertain for 72 hours: 1"}; !slices.Equal(said, want) {
			t.Errorf("the audit log says %q, want %q", said, want)
		}

		recipient := storetest.One[int64](t, n.Store, fmt.Sprintf(`SELECT id FROM recipients WHERE edition_id = %d AND subscriber_id = %d`,
			int64(one), int64(n.find(t, "r0000@example.org"))))
		storetest.Exec(t, n.Store, `INSERT INTO events (id, kind, edition_id, recipient_id, subscriber_id, detail, at) VALUES (1, 'click', $1, $2, $3, '', 0)`,
			int64(one), recipient, int64(n.find(t, "r0000@example.org")))
		if settled := must[int](t)(n.ApplyEvidence(ctx)); settled != 1 {
			t.Errorf("evidence settles %d, want the one whose question had closed", settled)
		}
		if f := n.figures(t, one); f.Accepted != 1 || f.Unknown != 1 {
			t.Errorf("after the click: %+v", f)
		}
	})
}
