package store_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// BenchmarkFreeze writes the audience of an edition, one reader an iteration, as a
// courier does, while another connection to the database writes all the time. It reports the longest that one of those writes
// took, and the longest that the machine let its writer oversleep: less cannot be
// told apart from other work on the machine.
func BenchmarkFreeze(b *testing.B) {
	b.Run("sqlite", func(b *testing.B) { benchFreeze(b, storetest.SQLite(b)) })
	b.Run("postgres", func(b *testing.B) { benchFreeze(b, storetest.Postgres(b)) })
}

func benchFreeze(b *testing.B, location string) {
	const pause = 2 * time.Millisecond // a writer, not a siege
	ctx := context.Background()
	s, other := storetest.Open(b, location, store.Options{}), storetest.Open(b, location, store.Options{})
	e := freezing(b, s, b.N)
	var waited, overslept []time.Duration
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
			waited = append(waited, time.Since(began))
			began = time.Now()
			time.Sleep(pause)
			overslept = append(overslept, time.Since(began)-pause)
		}
	}()
	for done := false; !done; {
		var err error
		if done, err = s.FreezeSome(ctx, e, 20_000); err != nil {
			b.Fatal(err)
		}
	}
	b.StopTimer()
	close(stop)
	<-ended
	slices.Sort(waited)
	b.ReportMetric(float64(waited[len(waited)-1])/1e6, "longest-ms")
	b.ReportMetric(float64(waited[len(waited)*95/100])/1e6, "p95-ms")
	b.ReportMetric(float64(slices.Max(overslept))/1e6, "overslept-ms")
	b.ReportMetric(float64(len(waited)), "writes")
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
