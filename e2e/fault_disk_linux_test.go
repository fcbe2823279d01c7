package e2e_test

import (
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"postrider/store/storetest"
)

// smallDisk mounts a file system of so many bytes.
func smallDisk(t testing.TB, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Skipf("not tested: mounting a small disk needs root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Errorf("unmounting the small disk: %v", err)
		}
	})
	return dir
}

// fill writes until nothing more fits, and returns how to make room again.
func fill(t testing.TB, dir string) (room func()) {
	t.Helper()
	path := filepath.Join(dir, "filler")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 20; size > 0; {
		_, err := f.Write(make([]byte, size))
		switch {
		case errors.Is(err, syscall.ENOSPC):
			size /= 2
		case err != nil:
			t.Fatal(err)
		}
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// TestDiskThatIsFull: the disk of the database fills up while mails are sent
// and an import runs. Nobody is marked wrongly; a request to unsubscribe is
// put off and never falsely confirmed; all goes on once there is room.
func TestDiskThatIsFull(t *testing.T) {
	t.Parallel()
	const conns = 8
	events := times(t, 1, 20)
	disk := smallDisk(t, "96m") // what is sent in the long form needs room as well
	s := newSite(t, "sqlite:"+filepath.Join(disk, "postrider.db"), newCounter(t, 20*time.Millisecond), conns)
	s.readers(300 + 300*events)
	paths := s.leaving()
	id := s.edition()
	p, base := s.pages()
	var slowest worst
	puts, confirmed := 0, map[string]bool{}
	for range events {
		s.relay.until(t, s.relay.total()+50)
		room := fill(t, disk)
		for email, path := range paths { // until one does not fit
			delete(paths, email)
			answer := oneClick(t, base+path)
			if answer.status == http.StatusOK {
				confirmed[email] = true
				continue
			}
			if answer.status != http.StatusServiceUnavailable || answer.header.Get("Retry-After") == "" {
				t.Errorf("unsubscribing on a full disk: status %d, Retry-After %q", answer.status, answer.header.Get("Retry-After"))
			}
			puts++
			break
		}
		more := filepath.Join(t.TempDir(), "more.csv")
		if err := os.WriteFile(more, []byte("email\n"+manyAddresses(20_000)), 0o600); err != nil {
			t.Fatal(err)
		}
		s.run(1, "subscriber", "import", more, "--list", "other")
		room()
		back := time.Now()
		slowest.add(s.relay.until(t, s.relay.total()+conns+1).Sub(back))
	}
	s.untilSent(id, 5*time.Minute)
	s.judge(id, 0)
	if puts != events {
		t.Errorf("of %d times that the disk was full %d requests were put off", events, puts)
	}
	for email := range confirmed {
		if n := s.count(`SELECT count(*) FROM memberships m JOIN subscribers u ON u.id = m.subscriber_id WHERE u.email = $1 AND m.state = 'unsubscribed'`, email); n != 1 {
			t.Errorf("%s was told to be unsubscribed and is not", email)
		}
	}
	if ok := storetest.One[string](t, storetest.Look(t, s.db), `PRAGMA integrity_check`); ok != "ok" {
		t.Errorf("the database is damaged: %s", ok)
	}
	if p.ended() {
		t.Error("serve ended because the disk was full")
	}
	t.Logf("figures: %d times a full disk: %d requests put off, %d fitted; mails flow again %v after there is room at most", events, puts, len(confirmed), slowest)
	if longForm() && time.Duration(slowest) > 10*time.Second {
		t.Errorf("mails flowed again after %v, want 10 s", slowest)
	}
}
