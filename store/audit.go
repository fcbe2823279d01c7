package store

import (
	"context"
	"database/sql"
	"strconv"
	"strings"

	"postrider/internal/audit"
)

// Audit returns at most limit lines of the audit log that fit the filter, the
// newest first, older than the line before; the zero Record begins with the
// newest.
func (s *Store) Audit(ctx context.Context, f audit.Filter, before audit.Record, limit int) ([]audit.Record, error) {
	var where []string
	var args []any
	add := func(condition string, values ...any) {
		for _, v := range values {
			args = append(args, v)
			condition = strings.Replace(condition, "?", "$"+strconv.Itoa(len(args)), 1)
		}
		where = append(where, condition)
	}
	if f.Actor != "" {
		add(`substr(actor, 1, 13) = ?`, f.ActorKey())
	}
	if f.Kind != "" {
		add(`kind = ?`, f.Kind)
	}
	if !f.From.IsZero() {
		add(`at >= ?`, millis(f.From))
	}
	if !f.Until.IsZero() {
		add(`at < ?`, millis(f.Until))
	}
	if before.ID != 0 {
		add(`(at, id) < (?, ?)`, millis(before.At), before.ID)
	}
	if len(where) == 0 {
		where = []string{`1 = 1`}
	}
	args = append(args, limit)
	rows, err := s.reader().query(ctx, `
		SELECT id, at, actor, action, kind, object, detail
		FROM audit_log
		WHERE `+strings.Join(where, " AND ")+`
		ORDER BY at DESC, id DESC
		LIMIT $`+strconv.Itoa(len(args)), args...)
	out, err := collect(rows, err, func(r *sql.Rows) (audit.Record, error) {
		var a audit.Record
		var at int64
		err := r.Scan(&a.ID, &at, &a.Actor, &a.Action, &a.Kind, &a.Object, &a.Detail)
		a.At = fromMillis(at)
		return a, err
	})
	return out, s.wrap("reading the audit log", err)
}

// AuditRecord is one line of the audit log, NotFound when there is none.
func (s *Store) AuditRecord(ctx context.Context, id audit.ID) (audit.Record, error) {
	a := audit.Record{ID: id}
	var at int64
	err := s.reader().row(ctx, `SELECT at, actor, action, kind, object, detail FROM audit_log WHERE id = $1`, id).
		Scan(&at, &a.Actor, &a.Action, &a.Kind, &a.Object, &a.Detail)
	a.At = fromMillis(at)
	return a, s.wrap("reading the audit log", err)
}
