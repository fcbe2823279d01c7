package e2e_test

import (
	"net/http"
	"path/filepath"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"postrider/store/storetest"
)

// mayGrowTo limits the size of the files that a process writes, as `ulimit -f`
// and LimitFSIZE= do: a write beyond it fails with "file too large".
func mayGrowTo(t testing.TB, pid int, size uint64) {
	t.Helper()
	limit := syscall.Rlimit{Cur: size, Max: ^uint64(0)}
	if _, _, err := syscall.RawSyscall6(syscall.SYS_PRLIMIT64, uintptr(pid), syscall.RLIMIT_FSIZE, uintptr(unsafe.Pointer(&limit)), 0, 0, 0); err != 0 {
		t.Skipf("not tested: limiting the files of another process: %v", err)
	}
}

// putOff asks to unsubscribe until one request is answered that nothing can be
// written now, and notes those that are confirmed.
func putOff(t testing.TB, base string, paths map[string]string, confirmed map[string]bool) {
	t.Helper()
	for email, path := range paths {
		delete(paths, email)
		answer := oneClick(t, base+path)
		if answer.status == http.StatusOK {
			confirmed[email] = true
			continue
		}
		if answer.status != http.StatusServiceUnavailable || answer.header.Get("Retry-After") == "" {
			t.Errorf("unsubscribing while nothing can be written: status %d, Retry-After %q", answer.status, answer.header.Get("Retry-After"))
		}
		return
	}
	t.Error("while nothing can be written everybody was told to be unsubscribed")
}

// sound wants whoever was told so to be unsubscribed, and a file without damage.
func (s *site) sound(confirmed map[string]bool) {
	s.t.Helper()
	for email := range confirmed {
		if n := s.count(`SELECT count(*) FROM memberships m JOIN subscribers u ON u.id = m.subscriber_id WHERE u.email = $1 AND m.state = 'unsubscribed'`, email); n != 1 {
			s.t.Errorf("%s was told to be unsubscribed and is not", email)
		}
	}
	if ok := storetest.One[string](s.t, storetest.Look(s.t, s.db), `PRAGMA integrity_check`); ok != "ok" {
		s.t.Errorf("the database is damaged: %s", ok)
	}
}

// TestFilesThatMayNotGrow: a limit on the size of files strikes while mails are
// sent. Nobody is marked wrongly, nobody is told falsely to be unsubscribed, and
// the same process goes on once the limit is gone.
func TestFilesThatMayNotGrow(t *testing.T) {
	t.Parallel()
	const conns = 8
	events := times(t, 2, 20)
	s := newSite(t, "sqlite:"+filepath.Join(t.TempDir(), "postrider.db"), newCounter(t, 20*time.Millisecond), conns)
	s.readers(200 + 200*events)
	paths := s.leaving()
	id := s.edition()
	p, base := s.pages()
	var slowest worst
	confirmed := map[string]bool{}
	for range events {
		s.relay.until(t, s.relay.total()+50)
		mayGrowTo(t, p.cmd.Process.Pid, 4096)
		putOff(t, base, paths, confirmed)
		mayGrowTo(t, p.cmd.Process.Pid, ^uint64(0))
		back := time.Now()
		slowest.add(s.relay.until(t, s.relay.total()+conns+1).Sub(back))
	}
	s.untilSent(id, 5*time.Minute)
	s.judge(id, 0)
	s.sound(confirmed)
	if p.ended() {
		t.Error("serve ended because its files may not grow")
	}
	t.Logf("figures: %d times files may not grow: mails flow again %v after they may at most", events, slowest)
	if longForm() && time.Duration(slowest) > 10*time.Second {
		t.Errorf("mails flowed again after %v, want 10 s", slowest)
	}
}
