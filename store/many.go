package store

import (
	"context"
	"database/sql"
	"fmt"
	"reflect"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// statement is SQL with its arguments.
type statement struct {
	query string
	args  []any
	// each says that it is an UPDATE ending in WHERE id = $1 and more, whose
	// arguments are numbers and texts: several with the same text, about different
	// rows, may run as one.
	each bool
}

// updateMany runs many statements in one transaction, then f with the rows
// that each changed, then commits. It is the group commit's way: prepared once
// on SQLite, one round trip for all on PostgreSQL. Where f does nothing it may
// be nil, and PostgreSQL needs no round trips to begin and to commit.
func (s *Store) updateMany(ctx context.Context, doing string, all []statement, f func(*tx, []int64) error) ([]int64, error) {
	prepared, err := s.prepared(ctx, all)
	if err != nil {
		return nil, s.wrap(doing, err)
	}
	conn, err := s.marks.Conn(ctx)
	if err != nil {
		return nil, s.wrap(doing, err)
	}
	defer conn.Close() // back to the pool
	if f == nil && s.dialect.batchIsTx {
		changed, err := s.dialect.many(ctx, conn, nil, all, prepared)
		return changed, s.wrap(doing, err)
	}
	t, err := s.begin(ctx, conn)
	if err != nil {
		return nil, s.wrap(doing, err)
	}
	changed, err := s.dialect.many(ctx, conn, t, all, prepared)
	if err == nil && f != nil {
		err = f(&tx{db: db{q: t, d: &s.dialect}, t: t}, changed)
	}
	if err != nil {
		_ = t.Rollback()
		return nil, s.wrap(doing, stopped(ctx, err))
	}
	return changed, s.wrap(doing, stopped(ctx, t.Commit()))
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
		runs := atOnce(all)
		for _, r := range runs {
			b.Queue(r.query, r.args...)
		}
		results := c.Conn().SendBatch(ctx, &b)
		for _, r := range runs {
			if err := r.read(results, changed); err != nil {
				_ = results.Close()
				return err
			}
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

// atOnceRun is one statement for PostgreSQL: one of ours, or all with one text.
type atOnceRun struct {
	statement
	of []int // indexes of ours
}

// read notes which rows the run changed.
func (r atOnceRun) read(results pgx.BatchResults, changed []int64) error {
	if !r.each {
		tag, err := results.Exec()
		changed[r.of[0]] = tag.RowsAffected()
		return err
	}
	rows, err := results.Query()
	if err != nil {
		return err
	}
	var n int64
	_, err = pgx.ForEachRow(rows, []any{&n}, func() error {
		changed[r.of[n-1]] = 1
		return nil
	})
	return err
}

// atOnce joins the statements that may run as one: planning each mark by itself
// costs PostgreSQL more than writing it. A text comes where it first appears.
func atOnce(all []statement) []atOnceRun {
	var runs []atOnceRun
	byText := map[string]int{}
	for i, one := range all {
		at, ok := byText[one.query]
		if !one.each || !ok {
			at = len(runs)
			runs = append(runs, atOnceRun{statement: one})
			if one.each {
				byText[one.query] = at
			}
		}
		runs[at].of = append(runs[at].of, i)
	}
	for i, r := range runs {
		if r.each {
			runs[i].query, runs[i].args = ofArrays(r.query, all, r.of)
		}
	}
	return runs
}

// ofArrays turns UPDATE … WHERE id = $1 … into the same of many rows: $n becomes
// the n-th column of arrays that are read side by side. It returns the places of
// the rows that it changed.
func ofArrays(query string, all []statement, of []int) (string, []any) {
	width := len(all[of[0]].args)
	args := make([]any, width)
	types, names := make([]string, width), make([]string, width)
	for k := range width {
		names[k] = "a" + strconv.Itoa(k+1)
		if reflect.TypeOf(all[of[0]].args[k]).Kind() == reflect.String {
			types[k] = "$" + strconv.Itoa(k+1) + "::text[]"
			args[k] = column(all, of, k, reflect.Value.String)
		} else {
			types[k] = "$" + strconv.Itoa(k+1) + "::bigint[]"
			args[k] = column(all, of, k, reflect.Value.Int)
		}
	}
	at := strings.LastIndex(query, "WHERE id = $1")
	from := "FROM unnest(" + strings.Join(types, ", ") + ") WITH ORDINALITY AS m(" + strings.Join(names, ", ") + ", place)\n"
	set, where := dollar.ReplaceAllString(query[:at], "m.a$1"), dollar.ReplaceAllString(query[at:], "m.a$1")
	return set + from + where + " RETURNING m.place", args
}

func column[T any](all []statement, of []int, k int, value func(reflect.Value) T) []T {
	out := make([]T, len(of))
	for i, n := range of {
		out[i] = value(reflect.ValueOf(all[n].args[k]))
	}
	return out
}
