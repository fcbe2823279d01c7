package e2e_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"postrider/store/storetest"
)

// TestNodeThatSleepsPastItsLease: of three nodes one is stopped until its
// lease is over and goes on afterwards. The others take its work over; nothing
// is lost or sent twice, and what it had on the wire is not certain.
func TestNodeThatSleepsPastItsLease(t *testing.T) {
	t.Parallel()
	const conns, lease = 10, 2 * time.Second
	events := times(t, 2, 50)
	s := newSite(t, storetest.Postgres(t), newCounter(t, 100*time.Millisecond), conns)
	s.env = []string{"POSTRIDER_TEST_LEASE=" + lease.String()}
	s.readers(600 * events)
	id := s.edition()
	nodes := []*process{s.node(), s.node(), s.node()}
	s.relay.until(t, 50)
	var slowest worst
	most, before := 0, 0
	for i := range events {
		n := nodes[i%len(nodes)]
		eventually(t, patience, func() string {
			if !s.owns(n) {
				return "the node does not send"
			}
			return ""
		})
		n.signalled(syscall.SIGSTOP)
		began := time.Now()
		eventually(t, patience, func() string {
			if s.owns(n) {
				return "nobody takes the sleeping node's work over"
			}
			return ""
		})
		slowest.add(time.Since(began))
		after := s.count(`SELECT count(*) FROM recipients WHERE state = 'unknown'`)
		most, before = max(most, after-before), after
		n.signalled(syscall.SIGCONT)
	}
	s.untilSent(id, 10*time.Minute)
	s.judge(id, conns*events)
	if most > conns {
		t.Errorf("%d were not certain after one event, want at most %d", most, conns)
	}
	t.Logf("figures: %d sleeps past a lease of %v: taken over after %v at most, at most %d not certain", events, lease, slowest, most)
	if limit := lease + 5*time.Second; longForm() && time.Duration(slowest) > limit {
		t.Errorf("taken over after %v, want %v", slowest, limit)
	}
}

// TestNodeThatIsKilled: the others notice at once, long before its lease of
// 30 seconds is over.
func TestNodeThatIsKilled(t *testing.T) {
	t.Parallel()
	const conns = 10
	events := times(t, 2, 20)
	s := newSite(t, storetest.Postgres(t), newCounter(t, 100*time.Millisecond), conns)
	s.readers(500 + 500*events)
	id := s.edition()
	nodes := []*process{s.node(), s.node()}
	var slowest worst
	for i := range events {
		n := nodes[i%len(nodes)]
		s.relay.until(t, s.relay.total()+50)
		eventually(t, patience, func() string {
			if !s.owns(n) {
				return "the node does not send"
			}
			return ""
		})
		n.kill()
		began := time.Now()
		eventually(t, 20*time.Second, func() string { // the others look every 5 s
			if s.owns(n) {
				return "nobody takes the killed node's work over"
			}
			return ""
		})
		slowest.add(time.Since(began))
		nodes[i%len(nodes)] = s.node()
	}
	s.untilSent(id, 5*time.Minute)
	s.judge(id, conns*events)
	t.Logf("figures: %d kills beside another node: taken over after %v at most", events, slowest)
}

// TestTwoNodesFireOnce: a campaign for each minute fires once a minute,
// whichever of two nodes is faster.
func TestTwoNodesFireOnce(t *testing.T) {
	t.Parallel()
	minutes := times(t, 1, 5)
	const conns = 2
	s := newSite(t, storetest.Postgres(t), newCounter(t, 0), conns)
	list, want := readers(5)
	in := install{t: t, dir: t.TempDir()}
	s.run(0, "subscriber", "import", in.file("a.csv", list), "--list", "news")
	s.run(0, "campaign", "create", "minutely", "--recap", recapFile(t, "Harbour notes"), "--list", "news", "--from", sender,
		"--schedule", "* * * * *", "--zone", "UTC")
	a, b := s.node(), s.node()
	for i := range minutes {
		s.relay.until(t, (i+1)*len(want))
	}
	eventually(t, patience, func() string {
		if s.count(`SELECT count(*) FROM editions WHERE state = 'sent'`) < minutes {
			return "the edition is not sent"
		}
		return ""
	})
	editions := s.count(`SELECT count(*) FROM editions`)
	if n := s.count(`SELECT count(DISTINCT wall) FROM occurrences`); n != editions || s.count(`SELECT count(*) FROM occurrences`) != n {
		t.Errorf("%d editions and %d occurrences for %d minutes", editions, s.count(`SELECT count(*) FROM occurrences`), n)
	}
	a.signal(syscall.SIGTERM, 0)
	b.signal(syscall.SIGTERM, 0)
	for to, when := range s.relay.took {
		if sent := s.count(`SELECT count(*) FROM recipients r JOIN subscribers u ON u.id = r.subscriber_id WHERE u.email = $1 AND r.state = 'accepted'`, to); len(when) != sent {
			t.Errorf("%s has %d mails of %d editions", to, len(when), sent)
		}
	}
	if log := a.stderr() + b.stderr(); strings.Contains(log, "level=ERROR") {
		t.Errorf("two nodes beside each other log errors:\n%s", log)
	}
}
