package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
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
