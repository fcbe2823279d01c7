package store_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// ledgerOf makes an edition of n readers that is sending.
func ledgerOf(b *testing.B, s *store.Store, n int) campaigns.Edition {
	b.Helper()
	ctx := context.Background()
	var csv strings.Builder
	csv.WriteString("email\n")
	for i := range n {
		fmt.Fprintf(&csv, "reader%07d@example.org\n", i)
	}
	registry := &subscribers.Registry{Store: s, Now: time.Now}
	if _, err := registry.Import(ctx, strings.NewReader(csv.String()), subscribers.ImportOptions{Actor: "bench", Lists: []string{"news"}, Create: true}); err != nil {
		b.Fatal(err)
	}
	library := &recaps.Library{Store: s, Now: time.Now}
	saved, err := library.Keep(ctx, "bench", recaps.Sample(), "sample")
	if err != nil {
		b.Fatal(err)
	}
	desk := &campaigns.Desk{Store: s, Library: library, Office: &organisation.Office{Store: s, Now: time.Now}, BaseURL: "https://news.example.org", Now: time.Now}
	e, err := desk.Publish(ctx, "bench", campaigns.Publication{Recap: saved, ListNames: []string{"news"}, Sender: "News <news@example.org>"})
	if err != nil {
		b.Fatal(err)
	}
	if err := desk.Freeze(ctx, e, time.Now()); err != nil {
		b.Fatal(err)
	}
	for done := false; !done; {
		if e, err = desk.FindEdition(ctx, e.ID.String()); err != nil {
			b.Fatal(err)
		}
		if done, err = s.FreezeSome(ctx, e, 20_000); err != nil {
			b.Fatal(err)
		}
	}
	return e
}

// BenchmarkLedger claims, marks and settles one recipient per iteration, in
// leases of 192 and groups of 16 marks, as a courier of 8 connections does.
func BenchmarkLedger(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, s *store.Store) {
		ctx := context.Background()
		e := ledgerOf(b, s, b.N)
		owner, err := s.Enrol(ctx, "bench", time.Minute)
		if err != nil {
			b.Fatal(err)
		}
		b.ReportAllocs()
		b.ResetTimer()
		for done := 0; done < b.N; {
			leased, _, err := s.Lease(ctx, owner, e.ID, 192)
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
				for _, marks := range [][]delivery.Mark{begin, settle} {
					ok, err := s.Apply(ctx, owner, marks)
					if err != nil || !ok[0] {
						b.Fatalf("%v %v", ok, err)
					}
				}
				done += n
				leased = leased[n:]
			}
		}
	})
}
