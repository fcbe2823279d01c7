package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"
)

// TestALostConnectionIsToBeTriedAgain: a door answers "try again" and not
// "broken" where the database went away in the middle of a request.
func TestALostConnectionIsToBeTriedAgain(t *testing.T) {
	t.Parallel()
	d := postgresDialect()
	for _, c := range []struct {
		err  error
		busy bool
	}{
		{io.ErrUnexpectedEOF, true},
		{fmt.Errorf("receiving: %w", io.EOF), true},
		{pgconn.ErrConnClosed, true},
		{driver.ErrBadConn, true},
		{&net.OpError{Op: "read", Err: syscall.ECONNRESET}, true},
		{&pgconn.PgError{Code: "57P01"}, true},
		{&pgconn.PgError{Code: "25P03"}, true},
		{&pgconn.PgError{Code: "23505"}, false},
		{context.Canceled, false},
		{context.DeadlineExceeded, false},
		{errors.New("something else"), false},
	} {
		if got := d.isBusy(c.err); got != c.busy {
			t.Errorf("%v (%T): busy is %v, want %v", c.err, c.err, got, c.busy)
		}
	}
}

// TestAStoppedTransactionNamesItsContext: who stops a courier while it begins
// learns that it was stopped, not that "the transaction is over".
func TestAStoppedTransactionNamesItsContext(t *testing.T) {
	t.Parallel()
	s, err := Open(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "postrider.db"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	ctx, stop := context.WithCancel(t.Context())
	err = s.update(ctx, "enrolling", func(t *tx) error {
		stop()
		for {
			// database/sql rolls back in a goroutine of its own.
			if err := t.exec(context.Background(), `SELECT 1`); err != nil {
				return err
			}
		}
	})
	if !errors.Is(err, context.Canceled) || errors.Is(err, sql.ErrTxDone) {
		t.Errorf("the error is %v, want that the context was cancelled", err)
	}
}
