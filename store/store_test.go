package store_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"postrider/internal/errs"
	"postrider/organisation"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func TestSQLiteSurvivesPowerLoss(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	got := must[map[string]string](t)(s.Pragmas(ctx, "synchronous", "journal_mode", "foreign_keys"))
	for name, want := range map[string]string{"synchronous": "2", "journal_mode": "wal", "foreign_keys": "1"} {
		if got[name] != want {
			t.Errorf("PRAGMA %s is %s, want %s", name, got[name], want)
		}
	}
	if fi, err := os.Stat(s.Path()); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the file's mode: %v, %v; want 0600", fi.Mode(), err)
	}
}

// go-sqlite3 binds $n by first appearance: without the dialect this test gives
// b, a on SQLite.
func TestArgumentsGoWhereTheirNumberSays(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		for _, writer := range []bool{false, true} {
			var first, second, twice string
			err := s.Row(ctx, writer, `SELECT CAST($2 AS TEXT), CAST($1 AS TEXT), CAST($2 AS TEXT)`, []any{"a", "b"}, &second, &first, &twice)
			if err != nil || first != "a" || second != "b" || twice != "b" {
				t.Errorf("writer %v: $1 = %q, $2 = %q and %q, %v", writer, first, second, twice, err)
			}
		}
	})
}

func TestReadersCannotWriteOnSQLite(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	var id int64
	err := s.Row(ctx, false, `INSERT INTO lists (id, name, title, created_at) VALUES (1, 'a', '', 0) RETURNING id`, nil, &id)
	if err == nil {
		t.Error("a reading connection wrote")
	}
}

func TestUniqueIsConflict(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		insert := `INSERT INTO lists (id, name, title, created_at) VALUES (1, 'a', '', 0)`
		if err := s.Statements(ctx, insert, insert); !errs.Is(err, errs.Conflict) {
			t.Errorf("twice the same: %v, want Conflict", err)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM lists`); n != 0 {
			t.Errorf("%d rows of a failed transaction stayed", n)
		}
	})
}

// half is a database without any table.
func half(t *testing.T, f func(t *testing.T, location string)) {
	t.Run("sqlite", func(t *testing.T) { t.Parallel(); f(t, storetest.SQLite(t)) })
	t.Run("postgres", func(t *testing.T) { t.Parallel(); f(t, storetest.EmptyPostgres(t)) })
}

func TestFailedMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	half(t, func(t *testing.T, location string) {
		s := storetest.Open(t, location, store.Options{NoMigrate: true})
		// A table of the migration's exists: it fails in the middle.
		if err := s.Statements(ctx, `CREATE TABLE recipients (id INTEGER)`); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Migrate(ctx); err == nil {
			t.Fatal("migrating over a foreign table went well")
		}
		for _, table := range []string{"schema_migrations", "installation", "subscribers"} {
			var n int
			if err := s.Row(ctx, true, `SELECT count(*) FROM `+table, nil, &n); err == nil {
				t.Errorf("table %s stayed", table)
			}
		}
		if err := s.Statements(ctx, `DROP TABLE recipients`); err != nil {
			t.Fatal(err)
		}
		if ran, err := s.Migrate(ctx); err != nil || len(ran) == 0 {
			t.Errorf("the next try: %v, %v", ran, err)
		}
	})
}

func TestCancelledMigrationLeavesNothing(t *testing.T) {
	t.Parallel()
	half(t, func(t *testing.T, location string) {
		s := storetest.Open(t, location, store.Options{NoMigrate: true})
		gone, cancel := context.WithCancel(ctx)
		cancel()
		if _, err := s.Migrate(gone); !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if pending, err := s.Pending(ctx); err != nil || len(pending) == 0 {
			t.Errorf("pending %v, %v", pending, err)
		}
		if _, err := s.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		if pending, err := s.Pending(ctx); err != nil || len(pending) != 0 {
			t.Errorf("afterwards pending %v, %v", pending, err)
		}
	})
}

func TestMigrateOnce(t *testing.T) {
	t.Parallel()
	half(t, func(t *testing.T, location string) {
		const nodes = 3
		var wg sync.WaitGroup
		for range nodes {
			s := storetest.Open(t, location, store.Options{NoMigrate: true})
			wg.Go(func() {
				if _, err := s.Migrate(ctx); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		s := storetest.Open(t, location, store.Options{})
		if ran, err := s.Migrate(ctx); err != nil || len(ran) != 0 {
			t.Errorf("a fourth: ran %v, %v", ran, err)
		}
	})
}

func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) {
		s := storetest.Open(t, location, store.Options{})
		for _, c := range []string{
			`INSERT INTO schema_migrations (version, checksum, applied_at) VALUES (9999, 'x', 0)`,
			`UPDATE schema_migrations SET checksum = 'of another build'`,
		} {
			storetest.Exec(t, s, c)
			if again, err := store.Open(ctx, location, store.Options{}); !errs.Is(err, errs.Conflict) {
				if err == nil {
					_ = again.Close()
				}
				t.Errorf("after %s: %v, want Conflict", c, err)
			}
			storetest.Exec(t, s, `DELETE FROM schema_migrations WHERE version = 9999`)
		}
	})
}

func TestSnapshotBeforeMigration(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	g := registry(s)
	list(t, g, "first")
	if _, err := s.MigrateTo(ctx, `CREATE TABLE more (id INTEGER); CREATE TABLE lists (id INTEGER)`); err == nil {
		t.Fatal("a migration that cannot run went well")
	}
	list(t, g, "second") // the older program goes on meanwhile
	if ran, err := s.MigrateTo(ctx, `DROP TABLE memberships; DROP TABLE lists`); err != nil || len(ran) != 1 {
		t.Fatalf("ran %v, %v", ran, err)
	}
	files := must[[]string](t)(filepath.Glob(s.Path() + ".before-*"))
	if len(files) != 1 || !strings.HasSuffix(files[0], ".before-9999") {
		t.Fatalf("snapshots: %v", files)
	}
	if fi, err := os.Stat(files[0]); err != nil || fi.Mode().Perm() != 0o600 {
		t.Errorf("the snapshot's mode: %v, %v; want 0600", fi.Mode(), err)
	}
	back := storetest.Open(t, "sqlite:"+files[0], store.Options{})
	if lists := must[[]subscribers.ListCounts](t)(registry(back).Lists(ctx, "", 0)); len(lists) != 2 {
		t.Errorf("the way back has %d lists, want the two from before", len(lists))
	}
}

func TestOpenRefusesOtherURLs(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "mysql://x", "sqlite:", "sqlite::memory:", "postrider.db"} {
		if _, err := store.Open(ctx, location, store.Options{}); !errs.Is(err, errs.Invalid) {
			t.Errorf("Open(%q): %v, want Invalid", location, err)
		}
	}
}

func TestOpenTakesAnyFileName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "100% of #1? ä.db")
	s := storetest.Open(t, "sqlite:"+path, store.Options{})
	list(t, registry(s), "news")
	if fi, err := os.Stat(path); err != nil || fi.Size() == 0 {
		t.Errorf("the file: %v, %v", fi, err)
	}
}

func TestNameHidesThePassword(t *testing.T) {
	t.Parallel()
	location := storetest.Postgres(t)
	u := must[*url.URL](t)(url.Parse(location))
	u.User = url.UserPassword("postgres", "canary")
	s := storetest.Open(t, u.String(), store.Options{})
	if strings.Contains(s.Name(), "canary") {
		t.Errorf("the name %s tells the password", s.Name())
	}
}

func TestOneProcessSendsFromAFile(t *testing.T) {
	t.Parallel()
	location := storetest.SQLite(t)
	a, b := storetest.Open(t, location, store.Options{}), storetest.Open(t, location, store.Options{})
	if err := a.Lock(); err != nil {
		t.Fatal(err)
	}
	if err := b.Lock(); !errs.Is(err, errs.Conflict) {
		t.Errorf("a second lock: %v, want Conflict", err)
	}
	a.Unlock()
	if err := b.Lock(); err != nil {
		t.Errorf("after the first let go: %v", err)
	}
}

func TestOrganisation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		office := &organisation.Office{Store: s, Now: registry(s).Now}
		if o, err := office.Get(ctx); !errs.Is(err, errs.NotFound) || o.Zone != "UTC" {
			t.Fatalf("before: %+v, %v; want the default and NotFound", o, err)
		}
		want := organisation.Organisation{Name: "Org", Zone: "Europe/Stockholm", Language: "sv", Sender: "Org <news@example.org>", Networks: nil}
		for _, name := range []string{"Org", "Org & Töchter"} {
			want.Name = name
			must[organisation.Organisation](t)(office.Set(ctx, "cli", want))
			if got := must[organisation.Organisation](t)(office.Get(ctx)); got.Name != name || got.Sender != want.Sender || got.Zone != want.Zone {
				t.Errorf("got %+v, want %+v", got, want)
			}
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE kind = 'organisation' AND actor = 'cli'`); n != 2 {
			t.Errorf("%d audit entries, want 2", n)
		}
		wantNoAddresses(t, s)
	})
}
