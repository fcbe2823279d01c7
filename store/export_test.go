package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"postrider/subscribers"
)

// Pragmas reads settings of the writing connection.
func (s *Store) Pragmas(ctx context.Context, names ...string) (map[string]string, error) {
	out := map[string]string{}
	for _, n := range names {
		var v string
		if err := s.write.QueryRowContext(ctx, "PRAGMA "+n).Scan(&v); err != nil {
			return nil, fmt.Errorf("%s: %w", n, err)
		}
		out[n] = v
	}
	return out, nil
}

// Row runs a query of one row in the store's dialect, as writer or as reader.
func (s *Store) Row(ctx context.Context, writer bool, query string, args []any, dest ...any) error {
	if !writer {
		return s.reader().row(ctx, query, args...).Scan(dest...)
	}
	return s.update(ctx, "testing", func(t *tx) error { return t.row(ctx, query, args...).Scan(dest...) })
}

// Statements runs statements in one write transaction.
func (s *Store) Statements(ctx context.Context, statements ...string) error {
	return s.update(ctx, "testing", func(t *tx) error {
		for _, q := range statements {
			if err := t.exec(ctx, q); err != nil {
				return err
			}
		}
		return nil
	})
}

// MigrateTo runs the migrations and one more, of version 9999.
func (s *Store) MigrateTo(ctx context.Context, sql string) ([]string, error) {
	all, err := migrations()
	if err != nil {
		return nil, err
	}
	return s.migrate(ctx, append(all, migration{version: 9999, name: "9999_next.sql", sql: sql, checksum: "next"}))
}

// Asleep runs a statement in a write transaction and stops in the middle of it,
// as a machine that was suspended would, until wake is closed. It closes stopped
// when it has come that far.
func (s *Store) Asleep(ctx context.Context, stopped, wake chan struct{}, statement string, args ...any) error {
	return s.update(ctx, "testing", func(t *tx) error {
		if err := t.exec(ctx, statement, args...); err != nil {
			return err
		}
		close(stopped)
		<-wake
		return nil
	})
}

// MigrationText is the SQL of the migration with this number.
func MigrationText(version int) (string, error) {
	all, err := migrations()
	if err != nil {
		return "", err
	}
	for _, m := range all {
		if m.version == version {
			return m.sql, nil
		}
	}
	return "", fmt.Errorf("there is no migration %d", version)
}

// LedgerQueries are queries that must stay fast whatever the ledger's size.
func LedgerQueries() map[string]string {
	return map[string]string{"count": countStates, "next": nextDue, "accepted": firstOf("accepted"), "all": firstOf("")}
}

// FreezeQueries are those of a chunk of an edition for so many lists.
func FreezeQueries(s *Store, lists int) (next, insert string) {
	return nextMembers(lists), s.dialect.insertMembers(lists, "")
}

// Plan is how SQLite runs a query.
func (s *Store) Plan(ctx context.Context, query string) (string, error) {
	rows, err := s.read.QueryContext(ctx, "EXPLAIN QUERY PLAN "+s.dialect.placeholders(query), 1, 2, 3, 4, 5, 6, 7, 8, 9)
	steps, err := collect(rows, err, func(r *sql.Rows) (string, error) {
		var a, b, c int
		var detail string
		return detail, r.Scan(&a, &b, &c, &detail)
	})
	return strings.Join(steps, "\n"), err
}

// QuestionSQL is the text that a question becomes.
func QuestionSQL(s *Store, q subscribers.Question, now time.Time) (string, error) {
	c := compiler{db: s.reader(), now: now}
	return c.where(context.Background(), q)
}
