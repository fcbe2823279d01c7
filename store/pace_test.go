package store_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/store"
	"postrider/store/storetest"
)

func TestTokenBucketFills(t *testing.T) {
	t.Parallel()
	start := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for i, step := range []struct {
			n, ms   int
			granted int
			next    int // ms, 0: none
		}{ // 600 a minute are one each 100 ms; five at most are saved up
			{n: 3, ms: 0, granted: 3},
			{n: 3, ms: 0, granted: 2, next: 100},
			{n: 1, ms: 50, granted: 0, next: 100},
			{n: 1, ms: 99, granted: 0, next: 100},
			{n: 1, ms: 100, granted: 1},
			{n: 1, ms: 100, granted: 0, next: 200},
			{n: 9, ms: 350, granted: 2, next: 400},
			{n: 9, ms: 120, granted: 0, next: 400}, // a clock that lags
			{n: 9, ms: 100_000, granted: 5, next: 100_100},
			{n: 9, ms: 1_000_000_000, granted: 5, next: 1_000_000_100},
		} {
			granted, next, err := s.TakePace(ctx, "relay:x", 600, 5, step.n, at(step.ms))
			if err != nil {
				t.Fatal(err)
			}
			if granted != step.granted || (step.next == 0) != next.IsZero() || step.next != 0 && !next.Equal(at(step.next)) {
				t.Errorf("step %d: granted %d, next %s; want %d, %s", i, granted, next, step.granted, at(step.next))
			}
		}
		if granted, next, err := s.TakePace(ctx, "relay:y", 0, 1, 1000, start); granted != 1000 || !next.IsZero() || err != nil {
			t.Errorf("no pace: %d, %s, %v", granted, next, err)
		}
	})
}

// TestTokenBucketIsShared: eight workers on two connections to the database
// never get more than the bucket allows, and in the end all of it.
func TestTokenBucketIsShared(t *testing.T) {
	t.Parallel()
	start := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
	storetest.EachURL(t, func(t *testing.T, location string) {
		nodes := []*store.Store{storetest.Open(t, location, store.Options{}), storetest.Open(t, location, store.Options{})}
		const rounds, burst = 30, 10 // one token each 10 ms, a round each 20 ms
		var total atomic.Int64
		for round := range rounds {
			var workers sync.WaitGroup
			for w := range 8 {
				workers.Go(func() {
					granted, _, err := nodes[w%2].TakePace(ctx, "domain:gmail.com", 6000, burst, 3, start.Add(time.Duration(round)*20*time.Millisecond))
					if err != nil {
						t.Error(err)
					}
					total.Add(int64(granted))
				})
			}
			workers.Wait()
			if got, most := total.Load(), int64(burst+2*round); got != most {
				t.Fatalf("round %d: %d granted, the bucket had %d", round, got, most)
			}
		}
	})
}

func TestDaysAreCounted(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		r, err := relayBook(t, s).Add(ctx, "test", relayNamed("main"), delivery.Credentials{Password: "x"})
		if err != nil {
			t.Fatal(err)
		}
		day, _ := delivery.RelayDay(time.Date(2027, 3, 1, 23, 30, 0, 0, time.FixedZone("", -3600)))
		if day != "2027-03-02" {
			t.Errorf("the day is %s: days are those of UTC", day)
		}
		var workers sync.WaitGroup
		for range 8 {
			workers.Go(func() {
				for range 5 {
					if err := s.CountHanded(ctx, r.ID, day, 3); err != nil {
						t.Error(err)
					}
				}
			})
		}
		workers.Wait()
		if err := s.CountHanded(ctx, r.ID, day, -20); err != nil {
			t.Fatal(err)
		}
		if n, err := s.HandedToday(ctx, r.ID, day); n != 100 || err != nil {
			t.Errorf("%d handed, %v; want 100", n, err)
		}
		if n, err := s.HandedToday(ctx, r.ID, "2027-03-03"); n != 0 || err != nil {
			t.Errorf("%d handed tomorrow, %v", n, err)
		}
		for range 2 {
			if err := s.CountHanded(ctx, r.ID, "2027-03-04", -5); err != nil {
				t.Fatal(err)
			}
		}
		if n, err := s.HandedToday(ctx, r.ID, "2027-03-04"); n != 0 || err != nil {
			t.Errorf("%d handed, %v; want 0", n, err)
		}
	})
}

func BenchmarkTokenBucket(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, s *store.Store) {
		now := time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC)
		for b.Loop() {
			now = now.Add(time.Second)
			if granted, _, err := s.TakePace(ctx, "family:google", 60_000, 1000, 100, now); granted != 100 || err != nil {
				b.Fatalf("%d granted, %v", granted, err)
			}
		}
	})
}
