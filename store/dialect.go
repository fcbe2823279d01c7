package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"io"
	"net"
	"regexp"
	"strings"
	"sync"

	"github.com/jackc/pgx/v5/pgconn"
	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/mattn/go-sqlite3"
)

// dialect is all that differs between the two databases.
type dialect struct {
	name string
	// placeholders turns $1 into what the driver binds by number.
	placeholders func(string) string
	// schema turns a migration's text into this database's own.
	schema func(string) string
	// bytewise follows a text that is compared byte by byte, as the indexes of
	// beginnings are.
	bytewise string
	// nameLike compares a name with a pattern in lower case, whatever the case of
	// its ASCII letters.
	nameLike string
	// skipLocked ends a SELECT that claims rows.
	skipLocked string
	// clock selects the database's time in milliseconds; empty: ours is the same.
	clock string
	// hold takes the lock that says that owner $1 lives, drop lets go of it, and
	// alive is true when nobody holds it; empty where a process lock says it.
	hold, drop, alive string
	// many runs statements in an open transaction and returns the rows that
	// each changed.
	many func(context.Context, *sql.Conn, *sql.Tx, []statement, map[string]*sql.Stmt) ([]int64, error)
	// texts is a subquery over the texts of one parameter, $1, and textList makes
	// that parameter.
	texts    string
	textList func([]string) any
	// copyIn stores rows of width values, each with the shared ones behind them,
	// faster than statements do; nil where nothing is faster.
	copyIn func(ctx context.Context, conn *sql.Conn, table string, columns []string, values []any, width int, shared []any) error
	// field reads a value out of the column fields, at the path that is this
	// parameter, and fieldPath makes that parameter of a field's name.
	field     func(param string) string
	fieldPath func(name string) string
	// number is a text column as a number, NULL where it holds none.
	number func(column string) string
	// keysFollow says that a key that is left out is the last one plus one.
	keysFollow bool
	// binaryOrder is true where texts compare byte by byte.
	binaryOrder bool
	// batchIsTx says that what many runs is a transaction by itself where none is open.
	batchIsTx bool
	// lockSchema begins a migration so that one process at a time migrates.
	lockSchema string
	// lockTeam lets one transaction at a time change who is an operator.
	lockTeam string
	// isUnique recognises a violated UNIQUE or PRIMARY KEY.
	isUnique func(error) bool
	// isLocked recognises that another process writes; nil where writers queue.
	isLocked func(error) bool
	// isBusy recognises "try again": locked, out of connections, restarting, disk full.
	isBusy func(error) bool
}

// bigKey is a primary key that SQLite should keep as the row's own number.
var bigKey = regexp.MustCompile(`BIGINT(\s+)PRIMARY KEY`)

// onlyPostgres is a line of a migration that is of no use to SQLite.
var onlyPostgres = regexp.MustCompile(`(?m)^.*-- postgres only$\n?`)

// onlySQLite is a line of a migration that PostgreSQL would not understand.
var onlySQLite = regexp.MustCompile(`(?m)^.*-- sqlite only$\n?`)

var dollar = regexp.MustCompile(`\$([0-9]+)`)

func sqliteDialect() dialect {
	// Given $n, go-sqlite3 binds by first appearance and silently swaps
	// arguments; given ?n it binds by number.
	var cache sync.Map
	return dialect{
		name: "sqlite",
		// Its LIKE ignores the case of ASCII letters; lower() knows no others either.
		nameLike: "s.name LIKE",
		placeholders: func(q string) string {
			if out, ok := cache.Load(q); ok {
				return out.(string)
			}
			out := dollar.ReplaceAllString(q, "?$1")
			cache.Store(q, out)
			return out
		},
		// Only the word INTEGER makes the key the row's number; BIGINT costs an
		// index beside each table. Texts compare byte by byte anyway.
		schema: func(text string) string {
			text = onlyPostgres.ReplaceAllString(text, "")
			return strings.ReplaceAll(bigKey.ReplaceAllString(text, "INTEGER${1}PRIMARY KEY"), ` COLLATE "C"`, "")
		},
		many:  manySQLite,
		texts: "SELECT value FROM json_each($1)",
		textList: func(all []string) any {
			b, _ := json.Marshal(all) // strings never fail
			return string(b)
		},
		field:     func(param string) string { return "json_extract(s.fields, " + param + ")" },
		fieldPath: func(name string) string { return `$."` + name + `"` },
		number: func(column string) string {
			return "CASE WHEN " + column + " <> '' AND " + column + " NOT GLOB '*[^0-9.-]*' THEN CAST(" + column + " AS REAL) END"
		},
		keysFollow:  true,
		binaryOrder: true,
		isUnique: func(err error) bool {
			var e sqlite3.Error
			return errors.As(err, &e) && (e.ExtendedCode == sqlite3.ErrConstraintUnique || e.ExtendedCode == sqlite3.ErrConstraintPrimaryKey)
		},
		isLocked: func(err error) bool {
			var e sqlite3.Error
			return errors.As(err, &e) && e.Code == sqlite3.ErrBusy
		},
		isBusy: func(err error) bool {
			var e sqlite3.Error
			if !errors.As(err, &e) {
				return false
			}
			switch e.Code {
			case sqlite3.ErrBusy, sqlite3.ErrLocked, sqlite3.ErrFull, sqlite3.ErrIoErr, sqlite3.ErrReadonly:
				return true
			}
			return false
		},
	}
}

func postgresDialect() dialect {
	return dialect{
		name:         "postgres",
		bytewise:     ` COLLATE "C"`,
		nameLike:     "lower(s.name) LIKE",
		placeholders: func(q string) string { return q },
		schema:       func(text string) string { return onlySQLite.ReplaceAllString(text, "") },
		skipLocked:   "FOR UPDATE SKIP LOCKED",
		clock:        "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint",
		many:         manyPostgres,
		texts:        "SELECT unnest(CAST($1 AS TEXT[]))",
		textList:     func(all []string) any { return all },
		copyIn:       copyPostgres,
		field:        func(param string) string { return "(CAST(s.fields AS JSONB) ->> CAST(" + param + " AS TEXT))" },
		fieldPath:    func(name string) string { return name },
		number: func(column string) string {
			return "CASE WHEN " + column + ` ~ '^-?[0-9]+(\.[0-9]+)?$' THEN CAST(` + column + " AS DOUBLE PRECISION) END"
		},
		batchIsTx:  true,
		hold:       "SELECT pg_try_advisory_lock($1)",
		drop:       "SELECT pg_advisory_unlock($1)",
		alive:      "SELECT pg_try_advisory_xact_lock($1)",
		lockSchema: "SELECT pg_advisory_xact_lock(7061992)",
		lockTeam:   "SELECT pg_advisory_xact_lock(7061993)",
		isUnique: func(err error) bool {
			var e *pgconn.PgError
			return errors.As(err, &e) && e.Code == "23505"
		},
		isBusy: func(err error) bool {
			var e *pgconn.PgError
			if !errors.As(err, &e) {
				return connectionLost(err)
			}
			switch e.Code[:2] {
			case "08", "40", "53", "55", "57", "58":
				return true
			}
			return e.Code == "25P03" // we slept in the middle of a transaction
		},
	}
}

// connectionLost recognises a server that went away, before or in the middle
// of a statement.
func connectionLost(err error) bool {
	for _, lost := range []error{io.EOF, io.ErrUnexpectedEOF, driver.ErrBadConn, pgconn.ErrConnClosed} {
		if errors.Is(err, lost) {
			return true
		}
	}
	var dial *pgconn.ConnectError
	var network *net.OpError
	return errors.As(err, &dial) || errors.As(err, &network)
}
