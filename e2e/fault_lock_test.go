package e2e_test

import (
	"context"
	"database/sql"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/store/storetest"
)

// beside opens a SQLite file as another program would.
func beside(t testing.TB, db string) *sql.Conn {
	t.Helper()
	pool, err := sql.Open("sqlite3", "file:"+strings.TrimPrefix(db, "sqlite:")+"?_busy_timeout=20000") // the program's own driver
	if err != nil {
		t.Fatal(err)
	}
	conn, err := pool.Conn(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = conn.Close() // a test that failed may have left it broken
		_ = pool.Close()
	})
	return conn
}

func must(t testing.TB, c *sql.Conn, statement string) {
	t.Helper()
	if _, err := c.ExecContext(context.Background(), statement); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// TestFileThatOthersHold: another program holds the write lock of the SQLite
// file for seconds, a long reader keeps it from being tidied up, and a copy is
// made, all while mails are sent and people unsubscribe.
func TestFileThatOthersHold(t *testing.T) {
	t.Parallel()
	const conns = 8
	holds := times(t, 2, 12)
	db := storetest.SQLite(t)
	s := newSite(t, db, newCounter(t, 20*time.Millisecond), conns)
	s.readers(300 + 200*holds)
	paths := s.leaving()
	id := s.edition()
	p, base := s.pages()
	s.relay.until(t, 20)

	reader := beside(t, db)
	must(t, reader, "BEGIN")
	if err := reader.QueryRowContext(context.Background(), "SELECT count(*) FROM recipients").Scan(new(int)); err != nil {
		t.Fatal(err)
	}
	people := visitors(t, base, paths)
	writer := beside(t, db)
	for i := range holds {
		must(t, writer, "BEGIN IMMEDIATE")
		time.Sleep(time.Duration(1+3*(i%3)) * time.Second) // 1, 4, 7: the fault itself
		must(t, writer, "ROLLBACK")
		s.relay.until(t, s.relay.total()+conns+1)
	}
	backup := filepath.Join(t.TempDir(), "copy.db")
	must(t, beside(t, db), "VACUUM INTO '"+backup+"'")
	must(t, reader, "ROLLBACK")
	people.stop()
	s.untilSent(id, 5*time.Minute)
	s.judge(id, 0)
	if n := s.count(`SELECT count(*) FROM memberships WHERE state = 'unsubscribed'`); n < people.gone {
		t.Errorf("%d people were told to be unsubscribed, %d are", people.gone, n)
	}
	copied := storetest.Look(t, "sqlite:"+backup)
	if ok := storetest.One[string](t, copied, `PRAGMA integrity_check`); ok != "ok" {
		t.Errorf("the copy is damaged: %s", ok)
	}
	if n := storetest.One[int](t, copied, `SELECT count(*) FROM recipients WHERE edition_id = (SELECT max(edition_id) FROM recipients)`); n != s.audience {
		t.Errorf("the copy has %d recipients of %d", n, s.audience)
	}
	if p.ended() {
		t.Error("serve ended because others held its file")
	}
	slices.Sort(people.waits)
	at := func(share float64) time.Duration {
		return people.waits[int(share*float64(len(people.waits)-1))].Round(time.Millisecond)
	}
	t.Logf("figures: %d locks of 1 to 7 s: of %d requests to unsubscribe %d were put off; half waited at most %v, 99 %% %v, the slowest %v",
		holds, len(people.waits), people.late, at(0.5), at(0.99), at(1))
}

// crowd are people who unsubscribe one after the other.
type crowd struct {
	stop func()

	mu         sync.Mutex
	waits      []time.Duration
	gone, late int // answered 200 and 503
}

// visitors let four people at a time unsubscribe until stop is called.
func visitors(t *testing.T, base string, paths map[string]string) *crowd {
	t.Helper()
	c := &crowd{}
	next, done := make(chan string), make(chan struct{})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for path := range next {
				c.leave(t, base+path)
				time.Sleep(20 * time.Millisecond) // people, not a flood
			}
		})
	}
	all.Go(func() {
		defer close(next)
		for _, path := range paths {
			select {
			case next <- path:
			case <-done:
				return
			}
		}
	})
	c.stop = func() { close(done); all.Wait() }
	return c
}

func (c *crowd) leave(t *testing.T, link string) {
	began := time.Now()
	answer, err := browser.Post(link, "application/x-www-form-urlencoded", strings.NewReader("List-Unsubscribe=One-Click"))
	if err != nil {
		t.Error(err)
		return
	}
	_ = answer.Body.Close() // only its status counts
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waits = append(c.waits, time.Since(began))
	switch answer.StatusCode {
	case http.StatusOK:
		c.gone++
	case http.StatusServiceUnavailable:
		c.late++
	default:
		t.Errorf("unsubscribing while the file is held: status %d", answer.StatusCode)
	}
}
