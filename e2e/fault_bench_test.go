package e2e_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"postrider/store/storetest"
)

// BenchmarkNodes sends to a mail server 50 ms away from one node and from two,
// with ten connections each, and reports the mails per second of the middle of
// the edition, when all nodes send. Two should reach 1.9 times one.
func BenchmarkNodes(b *testing.B) {
	for _, nodes := range []int{1, 2} {
		b.Run(fmt.Sprint(nodes), func(b *testing.B) {
			rate := 0.0
			for range b.N {
				rate += nodesRate(b, nodes)
			}
			b.ReportMetric(rate/float64(b.N), "mails/s")
			b.ReportMetric(0, "ns/op")
		})
	}
}

func nodesRate(b *testing.B, nodes int) float64 {
	b.Helper()
	s := newSite(b, storetest.Postgres(b), newCounter(b, 50*time.Millisecond), 10)
	s.readers(2000)
	id := s.edition()
	var running []*process
	for range nodes {
		running = append(running, s.node())
	}
	s.untilSent(id, 5*time.Minute)
	s.judge(id, 0)
	for _, p := range running {
		p.kill()
	}
	var times []time.Time
	for _, t := range s.relay.took {
		times = append(times, t...)
	}
	slices.SortFunc(times, time.Time.Compare)
	from, to := len(times)/4, len(times)*3/4
	return float64(to-from) / times[to].Sub(times[from]).Seconds()
}
