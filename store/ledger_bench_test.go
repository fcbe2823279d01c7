package store_test

import (
	"context"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/store"
	"postrider/store/storetest"
)

// ledgerOf makes an edition of n readers that is sending.
func ledgerOf(b *testing.B, s *store.Store, n int) campaigns.Edition {
	b.Helper()
	ctx, e := context.Background(), freezing(b, s, n)
	for done := false; !done; {
		var err error
		if done, err = s.FreezeSome(ctx, e, 20_000); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

// BenchmarkLedger claims, marks and settles one recipient per iteration, in
// leases of 192 and groups of 8 marks, as a courier of 8 connections does, and
// tells what each of the three takes.
func BenchmarkLedger(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, s *store.Store) {
		ctx := context.Background()
		e := ledgerOf(b, s, b.N)
		owner, err := s.Enrol(ctx, "bench", time.Minute)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		var claiming, marking, settling time.Duration
		b.ResetTimer()
		for done := 0; done < b.N; {
			began := time.Now()
			leased, _, err := s.Lease(ctx, owner, e.ID, 192)
			claiming += time.Since(began)
			if err != nil || len(leased) == 0 {
				b.Fatalf("leased %d: %v", len(leased), err)
			}
			for len(leased) > 0 {
				n := min(8, len(leased))
				var begin, settle []delivery.Mark
				for _, l := range leased[:n] {
					begin = append(begin, delivery.Mark{Kind: delivery.MarkSending, ID: l.ID, Epoch: l.Epoch, Relay: "bench", At: time.Now()})
					settle = append(settle, delivery.Mark{Kind: delivery.MarkSettled, ID: l.ID, Epoch: l.Epoch, Relay: "bench", At: time.Now(),
						Settlement: delivery.Settlement{State: delivery.Accepted, Reply: delivery.Reply{Code: 250, Enhanced: "2.0.0", Text: "taken"}}})
				}
				for i, marks := range [][]delivery.Mark{begin, settle} {
					began := time.Now()
					ok, err := s.Apply(ctx, owner, marks)
					if err != nil || !ok[0] {
						b.Fatalf("%v %v", ok, err)
					}
					*[]*time.Duration{&marking, &settling}[i] += time.Since(began)
				}
				done += n
				leased = leased[n:]
			}
		}
		for what, took := range map[string]time.Duration{"claim": claiming, "mark": marking, "settle": settling} {
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), what+"-ns/mail")
		}
	})
}
