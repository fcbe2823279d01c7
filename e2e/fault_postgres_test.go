package e2e_test

import (
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"
)

// recovery is how soon mails flow again once the database answers.
const recovery = 5 * time.Second

// TestDatabaseThatCrashes: PostgreSQL is restarted as after a crash, and its
// sessions are ended in storms, while two nodes send.
func TestDatabaseThatCrashes(t *testing.T) {
	t.Parallel()
	const conns = 10
	events := times(t, 4, 40)
	c := newCluster(t)
	s := newSite(t, at(c.address()), newCounter(t, 40*time.Millisecond), conns)
	s.readers(600 + 300*events)
	id := s.edition()
	a, b := s.node(), s.node()
	random := rand.New(rand.NewPCG(8, 0))
	var slowest worst
	for i := range events {
		s.relay.until(t, s.relay.total()+20+random.IntN(80))
		if i%2 == 0 {
			c.control("restart")
		} else {
			for range 5 {
				c.terminate()
			}
		}
		back := time.Now()
		slowest.add(s.relay.until(t, s.relay.total()+2*conns+1).Sub(back)) // more than were on the wire
	}
	s.untilSent(id, 5*time.Minute)
	s.judge(id, 2*conns*events)
	if a.ended() || b.ended() {
		t.Error("a node ended because its database was away")
	}
	t.Logf("figures: %d restarts and storms of ended sessions: mails flow again after %v at most", events, slowest)
	if longForm() && time.Duration(slowest) > recovery {
		t.Errorf("mails flowed again after %v, want %v", slowest, recovery)
	}
}

// TestNodeCutOffFromItsDatabase: the network between one of two nodes and the
// database breaks, or swallows everything without a word, for longer than a
// lease. The other takes the work over; the cut-off one comes back.
func TestNodeCutOffFromItsDatabase(t *testing.T) {
	t.Parallel()
	const conns, lease = 10, 2 * time.Second
	events := times(t, 2, 20)
	c := newCluster(t)
	proxy := toxiproxy.NewProxy(toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop()), "database", "127.0.0.1:0", c.address())
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	s := newSite(t, at(c.address()), newCounter(t, 100*time.Millisecond), conns)
	s.env = []string{"POSTRIDER_TEST_LEASE=" + lease.String()}
	s.readers(400 + 500*events)
	id := s.edition()
	far, near := s.nodeVia(at(proxy.Listen)), s.node()
	s.relay.until(t, 50)
	var slowest worst
	for i := range events {
		eventually(t, patience, func() string {
			if !s.owns(far) {
				return "the far node does not send"
			}
			return ""
		})
		cut, mend := cuts(t, proxy, i%2 == 0)
		owner := s.ownerOf(far)
		cut()
		began := time.Now()
		eventually(t, patience, func() string {
			if s.ownerOf(far) == owner {
				return "nobody takes the work of the cut-off node over"
			}
			return ""
		})
		slowest.add(time.Since(began))
		mend()
	}
	s.untilSent(id, 5*time.Minute)
	s.judge(id, conns*events)
	eventually(t, patience, func() string {
		if !s.owns(far) {
			return "the far node has not come back"
		}
		return ""
	})
	if far.ended() || near.ended() {
		t.Error("a node ended because of the network")
	}
	t.Logf("figures: %d cuts of the network to the database: taken over after %v at most", events, slowest)
	if limit := lease + 5*time.Second; longForm() && time.Duration(slowest) > limit {
		t.Errorf("taken over after %v, want %v", slowest, limit)
	}
}

// cuts are a way to cut a proxy's network and one to mend it: loud ones break
// the connections, silent ones keep them and swallow what is sent.
func cuts(t testing.TB, p *toxiproxy.Proxy, loud bool) (cut, mend func()) {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	if loud {
		return p.Stop, func() { check(p.Start()) }
	}
	return func() {
			for _, way := range []string{"upstream", "downstream"} {
				_, err := p.Toxics.AddToxicJson(strings.NewReader(`{"name":"` + way + `","type":"timeout","stream":"` + way + `","attributes":{"timeout":0}}`))
				check(err)
			}
		}, func() {
			p.Toxics.ResetToxics(t.Context())
		}
}
