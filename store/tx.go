package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

// querier is what a read needs: the pool or a transaction.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// db runs SQL in the dialect of its store.
type db struct {
	q querier
	d *dialect
}

func (d db) query(ctx context.Context, q string, args ...any) (*sql.Rows, error) {
	return d.q.QueryContext(ctx, d.d.placeholders(q), args...)
}

func (d db) row(ctx context.Context, q string, args ...any) *sql.Row {
	return d.q.QueryRowContext(ctx, d.d.placeholders(q), args...)
}

// tx is one write transaction.
type tx struct {
	db
	t *sql.Tx
}

func (t *tx) exec(ctx context.Context, q string, args ...any) error {
	_, err := t.t.ExecContext(ctx, t.d.placeholders(q), args...)
	return err
}

// changed runs a statement and returns how many rows it changed.
func (t *tx) changed(ctx context.Context, q string, args ...any) (int64, error) {
	r, err := t.t.ExecContext(ctx, t.d.placeholders(q), args...)
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// swap runs a compare-and-set on one row; no row is a Conflict that says what.
func (t *tx) swap(ctx context.Context, what, q string, args ...any) error {
	n, err := t.changed(ctx, q, args...)
	if err != nil {
		return err
	}
	if n == 0 {
		return errs.Conflictf("%s: it has changed in the meantime, or its state does not allow it", what)
	}
	return nil
}

// audit writes an entry beside the change it tells about.
func (t *tx) audit(ctx context.Context, e audit.Entry) error {
	return t.exec(ctx, `
		INSERT INTO audit_log (id, at, actor, action, kind, object, detail)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		ids.New[audit.Entry](), millis(e.At), e.Actor, e.Action, e.Kind, e.Object, e.Detail)
}

// reader reads outside a transaction.
func (s *Store) reader() db { return db{q: s.read, d: &s.dialect} }

// update runs f in a write transaction. A busy or full database comes back as
// Unavailable, so that a door can ask to try again.
func (s *Store) update(ctx context.Context, doing string, f func(*tx) error) error {
	t, err := s.begin(ctx, s.write)
	if err != nil {
		return s.wrap(doing, err)
	}
	if err := f(&tx{db: db{q: t, d: &s.dialect}, t: t}); err != nil {
		_ = t.Rollback()
		return s.wrap(doing, stopped(ctx, err))
	}
	if err := t.Commit(); err != nil {
		return s.wrap(doing, stopped(ctx, err))
	}
	return nil
}

// stopped names the cause of a transaction that database/sql rolled back
// because its context ended: in between it says only that the transaction is
// over, and who stopped it would take that for a failure.
func stopped(ctx context.Context, err error) error {
	if errors.Is(err, sql.ErrTxDone) && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// beginner is a pool or one of its connections.
type beginner interface {
	BeginTx(ctx context.Context, o *sql.TxOptions) (*sql.Tx, error)
}

// A SQLite file has no queue of writers: whoever asks at the right moment is
// next. SQLite itself asks less and less often, every 100 ms in the end, and so
// may miss the gaps that somebody leaves who writes a lot. We ask every
// millisecond, as long as waiting makes sense.
const (
	askEvery   = time.Millisecond
	writerWait = 5 * time.Second
)

// begin begins a write transaction.
func (s *Store) begin(ctx context.Context, b beginner) (*sql.Tx, error) {
	began := time.Now()
	for {
		t, err := b.BeginTx(ctx, nil)
		if err == nil || s.dialect.isLocked == nil || !s.dialect.isLocked(err) || time.Since(began) > writerWait {
			return t, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(askEvery):
		}
	}
}

// wrap adds what was being done, and a kind where the database's error has one.
func (s *Store) wrap(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errs.KindOf(err) != errs.Internal:
		return fmt.Errorf("%s: %w", doing, err)
	case errors.Is(err, sql.ErrNoRows):
		return errs.NotFoundf("%s: not found", doing)
	case s.dialect.isUnique(err):
		return errs.Conflictf("%s: it exists already: %w", doing, err)
	case s.dialect.isBusy(err):
		return errs.Unavailablef("%s: the database is busy or full: %w", doing, err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// collect reads all rows with scan.
func collect[T any](rows *sql.Rows, err error, scan func(*sql.Rows) (T, error)) ([]T, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, err
		}
		out = append(out, v)
	}
	return out, rows.Err()
}

func toJSON(v any) (string, error) {
	b, err := json.Marshal(v)
	return string(b), err
}
