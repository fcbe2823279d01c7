// Package store keeps everything in one SQLite file or one PostgreSQL
// database. All SQL of Postrider is here, written once for both; the types it
// stores belong to the packages that own their meaning. It decides nothing: it
// changes states only from what to what it is told, and says Conflict where
// someone was faster.
package store

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"postrider/delivery"
	"postrider/internal/errs"
)

// synchronous is how SQLite commits. Nothing changes it but the linker: the
// drill of a power cut builds a program with NORMAL, which must lose mails, to
// prove that it would notice. (go-sqlite3 chooses NORMAL under WAL unless told.)
var synchronous = "FULL"

// Store is one open database. It is safe for concurrent use.
type Store struct {
	write    *sql.DB // SQLite: exactly one connection
	marks    *sql.DB // for the group commit; SQLite: the same as write
	read     *sql.DB // SQLite: read-only pool; PostgreSQL: the same as write
	dialect  dialect
	path     string // of the SQLite file, empty on PostgreSQL
	url      string
	lock     *os.File // held by the process that runs the Courier on SQLite
	now      func() time.Time
	owners   map[delivery.OwnerID]*sql.Conn // PostgreSQL: the sessions that hold our owners' locks
	ownersMu sync.Mutex
	stmts    map[string]*sql.Stmt // prepared on the writer's connection, by their text; never changed in place
	stmtMu   sync.Mutex
	chunk    atomic.Int64 // SQLite: how many readers are looked at while others wait; see FreezeSome
	offset   atomic.Int64 // database clock minus ours, nanoseconds; 0 on SQLite
}

// Options are what Open needs beside the URL.
type Options struct {
	// Now is the clock of stored times; time.Now where nil.
	Now func() time.Time
	// NoMigrate opens a database as it is, for commands that only look.
	NoMigrate bool
}

// Open connects to sqlite:FILE or postgres://… and brings the schema up to
// date, after a snapshot of a SQLite file that holds an older one. It fails
// with Invalid for a URL of neither kind and with Conflict where the schema is
// newer than this program.
func Open(ctx context.Context, location string, o Options) (*Store, error) {
	s := &Store{url: location, now: o.Now}
	if s.now == nil {
		s.now = time.Now
	}
	var err error
	switch {
	case strings.HasPrefix(location, "sqlite:"):
		err = s.openSQLite(strings.TrimPrefix(location, "sqlite:"))
	case strings.HasPrefix(location, "postgres://"), strings.HasPrefix(location, "postgresql://"):
		err = s.openPostgres(location)
	default:
		return nil, &errs.Error{Kind: errs.Invalid, Field: "--db", Text: "want sqlite:FILE or postgres://USER@HOST/NAME"}
	}
	if err != nil {
		return nil, err
	}
	if err := s.write.PingContext(ctx); err != nil {
		_ = s.Close()
		return nil, fmt.Errorf("opening the database %s: %w", s.Name(), err)
	}
	if s.path != "" {
		// A chunk of an import is larger than SQLite's 4 MB between checkpoints,
		// each of which writes and syncs the hot pages of all indexes again.
		if _, err := s.write.ExecContext(ctx, "PRAGMA wal_autocheckpoint = 8000; PRAGMA journal_size_limit = 67108864; PRAGMA busy_timeout = 1"); err != nil {
			_ = s.Close()
			return nil, fmt.Errorf("opening the database %s: %w", s.Name(), err)
		}
	}
	if err := s.SyncClock(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	if !o.NoMigrate {
		if _, err := s.Migrate(ctx); err != nil {
			_ = s.Close()
			return nil, err
		}
	}
	return s, nil
}

func (s *Store) openSQLite(path string) error {
	path = strings.TrimPrefix(path, "//")
	if path == "" || path == ":memory:" {
		return &errs.Error{Kind: errs.Invalid, Field: "--db", Text: "sqlite: wants a file name, as in sqlite:postrider.db"}
	}
	// Made by us first, so that addresses are not readable to everybody.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("opening the database file: %w", err)
	}
	if err := f.Close(); err != nil {
		return fmt.Errorf("opening the database file: %w", err)
	}
	s.path, s.dialect = path, sqliteDialect()
	file := (&url.URL{Path: path}).EscapedPath()
	s.write, err = sql.Open("sqlite3", "file:"+file+"?_journal_mode=WAL&_synchronous="+synchronous+"&_busy_timeout=5000&_foreign_keys=on&_txlock=immediate&_cache_size=-16000&_stmt_cache_size=64")
	if err != nil {
		return fmt.Errorf("opening the database file: %w", err)
	}
	s.write.SetMaxOpenConns(1)
	s.marks = s.write
	s.read, err = sql.Open("sqlite3", "file:"+file+"?_journal_mode=WAL&_busy_timeout=5000&_query_only=true&_cache_size=-2000&_stmt_cache_size=32")
	if err != nil {
		return fmt.Errorf("opening the database file: %w", err)
	}
	s.read.SetMaxOpenConns(8)
	s.read.SetMaxIdleConns(4)
	return nil
}

// notAsleep ends a transaction whose process has stopped in the middle of it, a
// suspended machine or a cut cable: the rows that it has locked would keep all
// other nodes waiting, also those that want to take its work over.
const notAsleep = "SET idle_in_transaction_session_timeout = '5s'"

// noCompiling: PostgreSQL would compile each chunk of a freezing edition to
// machine code, for which it takes longer than to run it.
const noCompiling = "SET jit = off"

// byKey lets PostgreSQL plan the few statements of the group commit once, always
// by the key of their rows. Left to itself it plans them anew for each group,
// which costs as much as running them; and a plan made while the ledger is
// empty would read all of it later.
const byKey = "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; SET enable_mergejoin = off"

func (s *Store) openPostgres(location string) error {
	config, err := pgx.ParseConfig(location)
	if err != nil {
		return &errs.Error{Kind: errs.Invalid, Field: "--db", Text: "cannot read the database URL", Err: err}
	}
	db, marks := openPool(config, notAsleep+"; "+noCompiling), openPool(config, notAsleep+"; "+byKey)
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(8)
	marks.SetMaxOpenConns(2)
	s.write, s.read, s.marks, s.dialect = db, db, marks, postgresDialect()
	return nil
}

// openPool makes connections that begin with settings.
func openPool(config *pgx.ConnConfig, settings string) *sql.DB {
	return stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, settings)
		return err
	}))
}

// Close releases the connections and the process lock.
func (s *Store) Close() error {
	s.ownersMu.Lock()
	for o, conn := range s.owners {
		_ = conn.Close()
		delete(s.owners, o)
	}
	s.ownersMu.Unlock()
	var first error
	for _, db := range []*sql.DB{s.read, s.write, s.marks} {
		if db == nil {
			continue
		}
		if err := db.Close(); err != nil && first == nil {
			first = err
		}
	}
	s.Unlock()
	return first
}

// Name says which database this is, without secrets.
func (s *Store) Name() string {
	if s.path != "" {
		return "sqlite:" + s.path
	}
	u, err := url.Parse(s.url)
	if err != nil {
		return "postgres"
	}
	return u.Redacted()
}

// Path is the SQLite file, empty on PostgreSQL.
func (s *Store) Path() string { return s.path }

// Shared reports whether several processes may send from this database at the
// same time: true on PostgreSQL.
func (s *Store) Shared() bool { return s.path == "" }

// ServerProcess is the number of the process that serves one of our connections,
// false where that is no PostgreSQL on this machine.
func (s *Store) ServerProcess(ctx context.Context) (int, bool) {
	if !s.Shared() {
		return 0, false
	}
	var pid int
	var local bool
	err := s.reader().row(ctx, `SELECT pg_backend_pid(), coalesce(host(inet_server_addr()), '127.0.0.1') IN ('127.0.0.1', '::1')`).Scan(&pid, &local)
	return pid, err == nil && local
}

// Now is the clock that leases and due times are measured with: the
// database's on PostgreSQL, so that a node with a wrong clock cannot take live
// work.
func (s *Store) Now() time.Time { return s.now().Add(time.Duration(s.offset.Load())) }

// SyncClock reads the database's clock. The Courier calls it at each heartbeat.
func (s *Store) SyncClock(ctx context.Context) error {
	if s.dialect.clock == "" {
		return nil
	}
	before := s.now()
	var ms int64
	if err := s.write.QueryRowContext(ctx, s.dialect.clock).Scan(&ms); err != nil {
		return s.wrap("reading the database's clock", err)
	}
	half := s.now().Sub(before) / 2
	s.offset.Store(int64(time.UnixMilli(ms).Sub(before.Add(half))))
	return nil
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
