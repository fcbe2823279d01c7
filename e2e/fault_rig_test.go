package e2e_test

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"postrider/internal/inbox"
	"postrider/store/storetest"
)

// The rig of the fault drills: a mail server that counts, an installation on
// any database with any number of processes, and a judge that holds the ledger
// against what the mail server took.

// longForm reports whether the drills run as long as `make drill` wants them.
func longForm() bool { return os.Getenv("POSTRIDER_DRILL") == "1" }

// times is how often a fault strikes: few in `go test`, many in `make drill`.
func times(t testing.TB, few, many int) int {
	t.Helper()
	switch {
	case longForm():
		return many
	case testing.Short():
		t.Skip("not tested: this fault drill takes more than a few seconds")
	}
	return few
}

// counter is a mail server that takes everything at a distance and remembers
// who got how many mails, and when.
type counter struct {
	sink inbox.Sink
	mu   sync.Mutex
	took map[string][]time.Time
	all  int
	more chan struct{} // closed and replaced at each mail
}

func newCounter(t testing.TB, roundTrip time.Duration) *counter {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &counter{took: map[string][]time.Time{}, more: make(chan struct{})}
	c.sink.RoundTrip, c.sink.Took = roundTrip, c.take
	c.sink.Serve(l)
	t.Cleanup(c.sink.Close)
	return c
}

func (c *counter) take(to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.took[to] = append(c.took[to], time.Now())
	c.all++
	close(c.more)
	c.more = make(chan struct{})
}

// total is how many mails it has taken.
func (c *counter) total() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// until waits for the n-th mail and returns when it was there.
func (c *counter) until(t testing.TB, n int) time.Time {
	t.Helper()
	late := time.After(2 * patience)
	for {
		c.mu.Lock()
		all, more := c.all, c.more
		c.mu.Unlock()
		if all >= n {
			return time.Now()
		}
		select {
		case <-more:
		case <-late:
			t.Fatalf("the mail server has %d mails, want %d", all, n)
		}
	}
}

// reaches waits for the n-th mail, and reports whether it came before the
// sending process ended by itself.
func (c *counter) reaches(p *process, n int) bool {
	for {
		c.mu.Lock()
		all, more := c.all, c.more
		c.mu.Unlock()
		if all >= n {
			return true
		}
		select {
		case <-more:
		case <-p.done:
			return false
		}
	}
}

// smtp is its address for --smtp.
func (c *counter) smtp(conns int) string {
	return fmt.Sprintf("smtp://%s?conns=%d", c.sink.Addr(), conns)
}

// site is an installation that any number of processes may share.
type site struct {
	t        testing.TB
	db       string
	key      string
	relay    *counter
	conns    int
	env      []string
	program  string // empty: the one that ships
	audience int
	ask      func(query string, args ...any) int
}

func newSite(t testing.TB, db string, relay *counter, conns int) *site {
	t.Helper()
	return &site{t: t, db: db, key: filepath.Join(t.TempDir(), "postrider.key"), relay: relay, conns: conns}
}

// start starts a process of the site; db may be another way to its database.
func (s *site) start(args ...string) *process { s.t.Helper(); return s.startVia(s.db, args...) }

func (s *site) startVia(db string, args ...string) *process {
	s.t.Helper()
	return start(s.t, append(args, "--db", db, "--secret-file", s.key), func(c *exec.Cmd) {
		c.Env = append(c.Env, s.env...)
		if s.program != "" {
			c.Path = s.program
		}
	})
}

func (s *site) run(want int, args ...string) *process {
	s.t.Helper()
	p := s.start(args...)
	p.wantExit(want, 2*patience)
	return p
}

// node starts a process that only sends.
func (s *site) node() *process { s.t.Helper(); return s.nodeVia(s.db) }

func (s *site) nodeVia(db string) *process {
	s.t.Helper()
	return s.startVia(db, "serve", "--no-web", "--url", homeBase, "--log", "warn", "--smtp", s.relay.smtp(s.conns))
}

// readers imports n of them into the list "drill".
func (s *site) readers(n int) {
	s.t.Helper()
	var b strings.Builder
	b.WriteString("email,first_name\n")
	for i := range n {
		fmt.Fprintf(&b, "reader%06d@example.org,Reader %d\n", i, i)
	}
	list := filepath.Join(s.t.TempDir(), "readers.csv")
	if err := os.WriteFile(list, []byte(b.String()), 0o600); err != nil {
		s.t.Fatal(err)
	}
	s.audience = n
	s.run(0, "subscriber", "import", list, "--list", "drill")
}

// publish makes an edition and sends it over a mail server.
func (s *site) publish(want int, smtp string) report {
	s.t.Helper()
	return s.run(want, "publish", recapFile(s.t, "Harbour notes"), "--list", "drill", "--from", sender, "--url", homeBase,
		"--smtp", smtp, "--json", "--log", "error").figures()
}

// edition publishes to the readers. It is frozen, and held because its mail
// server speaks no TLS: the first process with a better one goes on with it.
func (s *site) edition() (id string) {
	s.t.Helper()
	r := s.publish(3, "smtps://"+s.relay.sink.Addr())
	if r.State != "held" || r.Queued+r.Leased != s.audience || s.relay.total() != 0 {
		s.t.Fatalf("the edition does not wait: %+v", r)
	}
	return r.Edition
}

// leaving sends an edition to all readers and returns the path of everybody's
// unsubscribe link.
func (s *site) leaving() map[string]string {
	s.t.Helper()
	relay := smtpServer(s.t, "")
	s.publish(0, "smtp://"+relay.Addr()+"?conns=8").wantAllAccepted(s.t, s.audience)
	paths := map[string]string{}
	for _, m := range relay.Accepted() {
		link := strings.Trim(readLetter(s.t, m.Data).header.Get("List-Unsubscribe"), "<>")
		paths[m.To] = strings.TrimPrefix(link, homeBase)
	}
	return paths
}

// figures reads an edition's.
func (s *site) figures(id string) report {
	s.t.Helper()
	return s.run(0, "report", id, "--json", "--log", "error").figures()
}

// pages starts a process that sends and serves the public pages.
func (s *site) pages() (p *process, base string) {
	s.t.Helper()
	p = s.start("serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--log", "warn", "--smtp", s.relay.smtp(s.conns))
	return p, p.says(`Public pages\s+(http://\S+)`)
}

// oneClick is what a mail program posts to unsubscribe.
func oneClick(t testing.TB, link string) page {
	t.Helper()
	return post(t, link, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")
}

// untilSent waits for the end of an edition.
func (s *site) untilSent(id string, within time.Duration) report {
	s.t.Helper()
	var r report
	eventually(s.t, within, func() string {
		if r = s.figures(id); r.State != "sent" {
			return fmt.Sprintf("the edition is not sent: %+v", r)
		}
		return ""
	})
	return r
}

// count asks the database for one number.
func (s *site) count(query string, args ...any) int {
	s.t.Helper()
	if s.ask == nil {
		db := storetest.Look(s.t, s.db)
		s.ask = func(query string, args ...any) int {
			s.t.Helper()
			return storetest.One[int](s.t, db, query, args...)
		}
	}
	return s.ask(query, args...)
}

// owns reports whether a process is an owner in the ledger.
func (s *site) owns(p *process) bool {
	s.t.Helper()
	return s.ownerOf(p) != 0
}

// ownerOf is a process's owner in the ledger, 0 where it has none.
func (s *site) ownerOf(p *process) int {
	s.t.Helper()
	return s.count(`SELECT coalesce(max(id), 0) FROM owners WHERE node LIKE $1`, "%/"+strconv.Itoa(p.cmd.Process.Pid))
}

// verdict is what a drill found. All but Unknown and UnknownKept must be 0.
type verdict struct {
	Lost, Doubled, NotAccepted, Unfinished int
	Unknown, UnknownKept                   int
}

// judge wants at most unknown recipients of an edition that are not certain,
// and nothing else wrong.
func (s *site) judge(id string, unknown int) {
	s.t.Helper()
	v := s.verdict(id)
	if v.Lost+v.Doubled+v.NotAccepted+v.Unfinished != 0 || v.Unknown > unknown {
		s.t.Errorf("edition of %d: %+v, want at most %d unknown and nothing else", s.audience, v, unknown)
	}
	s.t.Logf("figures: %d readers: %+v", s.audience, v)
}

// verdict holds the ledger of an edition against what the mail server took.
func (s *site) verdict(id string) verdict {
	s.t.Helper()
	var rows []struct{ Email, State string }
	s.run(0, "edition", "recipients", id, "--json", "--log", "error").value(&rows)
	s.relay.mu.Lock()
	defer s.relay.mu.Unlock()
	v := verdict{Lost: s.audience - len(rows)}
	for _, r := range rows {
		n := len(s.relay.took[r.Email])
		switch {
		case n > 1:
			v.Doubled++
		case r.State == "accepted" && n == 0:
			v.NotAccepted++
		case r.State == "unknown" && n == 1:
			v.UnknownKept++
		case r.State != "accepted" && r.State != "unknown" && r.State != "suppressed":
			v.Unfinished++
		}
		if r.State == "unknown" {
			v.Unknown++
		}
	}
	return v
}

// signalled stops or continues a process.
func (p *process) signalled(s syscall.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("signal %v: %v", s, err)
	}
}

// worst keeps the longest of several waits.
type worst time.Duration

func (w *worst) add(d time.Duration) { *w = max(*w, worst(d)) }

func (w worst) String() string { return time.Duration(w).Round(10 * time.Millisecond).String() }

// manyAddresses are lines of a CSV with nothing but addresses.
func manyAddresses(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "other%06d@example.net\n", i)
	}
	return b.String()
}
