package store_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// BenchmarkFreeze writes the audience of an edition to a SQLite file, one reader an iteration,
// in the chunks and with the rests of a courier, while another connection to the
// file writes all the time. It reports the longest that one of those writes
// took.
func BenchmarkFreeze(b *testing.B) {
	location := storetest.SQLite(b)
	ctx := context.Background()
	s, other := storetest.Open(b, location, store.Options{}), storetest.Open(b, location, store.Options{})
	e := freezing(b, s, b.N)
	var longest, writes atomic.Int64
	ended, stop := make(chan struct{}), make(chan struct{})
	b.ResetTimer()
	go func() {
		defer close(ended)
		for {
			select {
			case <-stop:
				return
			default:
			}
			began := time.Now()
			if _, _, err := other.TakePace(ctx, "domain:example.org", 60_000, 60_000, 1, time.Now()); err != nil {
				b.Error(err)
				return
			}
			longest.Store(max(longest.Load(), int64(time.Since(began))))
			writes.Add(1)
			time.Sleep(2 * time.Millisecond) // a writer, not a siege
		}
	}()
	for done := false; !done; {
		var err error
		if done, err = s.FreezeSome(ctx, e, 2_500); err != nil {
			b.Fatal(err)
		}
		time.Sleep(3 * time.Millisecond) // as the courier rests
	}
	b.StopTimer()
	close(stop)
	<-ended
	b.ReportMetric(float64(longest.Load())/1e6, "longest-ms")
	b.ReportMetric(float64(writes.Load()), "writes")
}

// freezing makes an edition of n readers that is freezing.
func freezing(b *testing.B, s *store.Store, n int) campaigns.Edition {
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
	if e, err = desk.FindEdition(ctx, e.ID.String()); err != nil {
		b.Fatal(err)
	}
	return e
}
