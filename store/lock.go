package store

import (
	"fmt"
	"os"
	"syscall"

	"postrider/internal/errs"
)

// Lock makes this process the one that runs Courier and scheduler on a SQLite
// file. It returns Conflict where another process is. On PostgreSQL it does
// nothing: any number of nodes may send. The operating system releases the
// lock when the process dies, however it dies.
func (s *Store) Lock() error {
	if s.path == "" || s.lock != nil {
		return nil
	}
	f, err := os.OpenFile(s.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("opening the lock file: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = f.Close()
		return errs.Conflictf("another Postrider is sending from %s", s.path)
	}
	s.lock = f
	return nil
}

// Unlock lets another process send. It may be called without a lock.
func (s *Store) Unlock() {
	if s.lock != nil {
		_ = s.lock.Close()
		s.lock = nil
	}
}
