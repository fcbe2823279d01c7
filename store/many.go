package store

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// statement is SQL with its arguments.
type statement struct {
	query string
	args  []any
}

// updateMany runs many statements in one transaction, then f with the rows
// that each changed, then commits. It is the group commit's way: prepared once
// on SQLite, one round trip for all on PostgreSQL.
func (s *Store) updateMany(ctx context.Context, doing string, all []statement, f func(*tx, []int64) error) error {
	prepared, err := s.prepared(ctx, all)
	if err != nil {
		return s.wrap(doing, err)
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return s.wrap(doing, err)
	}
	defer conn.Close() // back to the pool
	t, err := conn.BeginTx(ctx, nil)
	if err != nil {
		return s.wrap(doing, err)
	}
	changed, err := s.dialect.many(ctx, conn, t, all, prepared)
	if err == nil {
		err = f(&tx{db: db{q: t, d: &s.dialect}, t: t}, changed)
	}
	if err != nil {
		_ = t.Rollback()
		return s.wrap(doing, err)
	}
	return s.wrap(doing, t.Commit())
}

// prepared keeps one prepared statement per query for the writer's only
// connection. PostgreSQL's driver keeps its own.
func (s *Store) prepared(ctx context.Context, all []statement) (map[string]*sql.Stmt, error) {
	if s.path == "" {
		return nil, nil
	}
	s.stmtMu.Lock()
	defer s.stmtMu.Unlock()
	for _, one := range all {
		if s.stmts[one.query] != nil {
			continue
		}
		stmt, err := s.write.PrepareContext(ctx, s.dialect.placeholders(one.query))
		if err != nil {
			return nil, err
		}
		next := map[string]*sql.Stmt{one.query: stmt} // copied: readers hold the old map without the lock
		for k, v := range s.stmts {
			next[k] = v
		}
		s.stmts = next
	}
	return s.stmts, nil
}

func manySQLite(ctx context.Context, _ *sql.Conn, t *sql.Tx, all []statement, prepared map[string]*sql.Stmt) ([]int64, error) {
	changed := make([]int64, len(all))
	inTx := map[string]*sql.Stmt{}
	for i, one := range all {
		stmt := inTx[one.query]
		if stmt == nil {
			stmt = t.StmtContext(ctx, prepared[one.query])
			inTx[one.query] = stmt
		}
		r, err := stmt.ExecContext(ctx, one.args...)
		if err != nil {
			return nil, err
		}
		if changed[i], err = r.RowsAffected(); err != nil {
			return nil, err
		}
	}
	return changed, nil
}

func manyPostgres(ctx context.Context, conn *sql.Conn, _ *sql.Tx, all []statement, _ map[string]*sql.Stmt) ([]int64, error) {
	changed := make([]int64, len(all))
	err := conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver's connection is a %T", driver)
		}
		var b pgx.Batch
		for _, one := range all {
			b.Queue(one.query, one.args...)
		}
		results := c.Conn().SendBatch(ctx, &b)
		for i := range all {
			tag, err := results.Exec()
			if err != nil {
				_ = results.Close()
				return err
			}
			changed[i] = tag.RowsAffected()
		}
		return results.Close()
	})
	return changed, err
}

// copyPostgres streams rows in with COPY.
func copyPostgres(ctx context.Context, conn *sql.Conn, table string, columns []string, values []any, width int, shared []any) error {
	return conn.Raw(func(driver any) error {
		c, ok := driver.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("the driver's connection is a %T", driver)
		}
		row := make([]any, 0, width+len(shared))
		n := 0
		_, err := c.Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
			if n == len(values) {
				return nil, nil
			}
			row = append(append(row[:0], values[n:n+width]...), shared...)
			n += width
			return row, nil
		}))
		return err
	})
}
