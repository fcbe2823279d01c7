// Package storetest runs a test on both databases: a SQLite file in the test's
// own folder and a PostgreSQL that the test process starts for itself. It is
// the only kit for tests that store something; it has no fake.
//
// The PostgreSQL needs initdb and pg_ctl, in PATH or below /usr/lib/postgresql.
// Where they are missing the PostgreSQL half of a test is skipped with a line
// that says so, and with POSTRIDER_TEST_ALL=1 it fails instead.
package storetest

import (
	"context"
	"database/sql"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postrider/store"
)

// Each runs f on a fresh store of each database, as the parallel subtests
// "sqlite" and "postgres". The stores are closed when f returns.
func Each(t *testing.T, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	EachWith(t, store.Options{}, f)
}

// EachWith is Each with a clock or another option of one's own.
func EachWith(t *testing.T, o store.Options, f func(t *testing.T, s *store.Store)) {
	t.Helper()
	EachURL(t, func(t *testing.T, location string) { f(t, Open(t, location, o)) })
}

// EachURL hands f the URL of a fresh database of each kind, for tests that
// open it themselves: several nodes, another process. The PostgreSQL one has
// the schema already, the SQLite file does not exist yet.
func EachURL(t *testing.T, f func(t *testing.T, location string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		f(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		f(t, Postgres(t))
	})
}

// EachB runs a benchmark on both databases.
func EachB(b *testing.B, f func(b *testing.B, s *store.Store)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { f(b, Open(b, SQLite(b), store.Options{})) })
	b.Run("postgres", func(b *testing.B) { f(b, Open(b, Postgres(b), store.Options{})) })
}

// SQLite returns the URL of a file that does not exist yet, in a folder that
// goes away with the test.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "postrider.db")
}

// Open opens a store and closes it at the end of the test.
func Open(t testing.TB, location string, o store.Options) *store.Store {
	t.Helper()
	s, err := store.Open(context.Background(), location, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

// Look opens a store that other processes use, as it is, for Column and One.
func Look(t testing.TB, location string) *store.Store {
	t.Helper()
	return Open(t, location, store.Options{NoMigrate: true})
}

// Exec runs one statement with $1, $2… on the store's database, over a
// connection of its own, and returns how many rows it changed.
func Exec(t testing.TB, s *store.Store, query string, args ...any) int64 {
	t.Helper()
	db, rewrite := beside(t, s)
	defer db.Close()
	r, err := db.ExecContext(context.Background(), rewrite(query), args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return n
}

// Column returns the first column of a query's rows.
func Column[T any](t testing.TB, s *store.Store, query string, args ...any) []T {
	t.Helper()
	db, rewrite := beside(t, s)
	defer db.Close()
	rows, err := db.QueryContext(context.Background(), rewrite(query), args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var out []T
	for rows.Next() {
		var v T
		if err := rows.Scan(&v); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		out = append(out, v)
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return out
}

// One returns the only value of a query's only row.
func One[T any](t testing.TB, s *store.Store, query string, args ...any) T {
	t.Helper()
	all := Column[T](t, s, query, args...)
	if len(all) != 1 {
		t.Fatalf("%s: %d rows, want 1", query, len(all))
	}
	return all[0]
}

// Insert stores one row. Columns that values does not name get "" or 0, so that
// a test names what it is about and survives a new column.
func Insert(t testing.TB, s *store.Store, table string, values map[string]any) {
	t.Helper()
	schema := `SELECT column_name || ' ' || data_type FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1 ORDER BY ordinal_position`
	if s.Path() != "" {
		schema = `SELECT name || ' ' || type FROM pragma_table_info($1) ORDER BY cid`
	}
	var names, places []string
	var args []any
	for _, c := range Column[string](t, s, schema, table) {
		name, kind, _ := strings.Cut(c, " ")
		v, ok := values[name]
		switch {
		case ok:
		case strings.EqualFold(kind, "text"):
			v = ""
		default:
			v = 0
		}
		names, args = append(names, name), append(args, v)
		places = append(places, "$"+strconv.Itoa(len(args)))
	}
	for name := range values {
		if !slices.Contains(names, name) {
			t.Fatalf("table %s has no column %s", table, name)
		}
	}
	Exec(t, s, "INSERT INTO "+table+" ("+strings.Join(names, ", ")+") VALUES ("+strings.Join(places, ", ")+")", args...)
}

var dollar = regexp.MustCompile(`\$([0-9]+)`)

// beside opens the database of s a second time.
func beside(t testing.TB, s *store.Store) (*sql.DB, func(string) string) {
	t.Helper()
	driver, source, rewrite := "pgx", s.Name(), func(q string) string { return q }
	if s.Path() != "" {
		driver, source = "sqlite3", "file:"+(&url.URL{Path: s.Path()}).EscapedPath()+"?_busy_timeout=10000&_txlock=immediate&_foreign_keys=on"
		rewrite = func(q string) string { return dollar.ReplaceAllString(q, "?$1") }
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	return db, rewrite
}
