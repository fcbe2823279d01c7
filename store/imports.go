package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/subscribers"
	"postrider/subscribers/intake"
)

const importColumns = "id, name, actor, state, size, done_bytes, options, result, reason, created_at, updated_at"

// importFigures are an import's as they are kept, with the one that commands
// do not print.
type importFigures struct {
	subscribers.ImportResult
	Left int `json:"left"`
}

func scanImport(r *sql.Rows) (intake.File, error) {
	var f intake.File
	var options, result string
	var created, updated int64
	if err := r.Scan(&f.ID, &f.Name, &f.Actor, &f.State, &f.Size, &f.Read, &options, &result, &f.Reason, &created, &updated); err != nil {
		return f, err
	}
	f.CreatedAt, f.UpdatedAt = fromMillis(created), fromMillis(updated)
	if err := json.Unmarshal([]byte(options), &f.Options); err != nil {
		return f, fmt.Errorf("reading the import %s: %w", f.ID, err)
	}
	var figures importFigures
	if err := json.Unmarshal([]byte(result), &figures); err != nil {
		return f, fmt.Errorf("reading the import %s: %w", f.ID, err)
	}
	f.Result = figures.ImportResult
	f.Result.Left = figures.Left
	return f, nil
}

// AddImport implements intake.Store.
func (s *Store) AddImport(ctx context.Context, f intake.File, e audit.Entry) error {
	options, err := toJSON(f.Options)
	if err != nil {
		return err
	}
	return s.update(ctx, "keeping an import", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO imports (`+importColumns+`)
			VALUES ($1, $2, $3, $4, $5, 0, $6, '{}', '', $7, $7)`,
			int64(f.ID), f.Name, f.Actor, string(f.State), f.Size, options, millis(f.CreatedAt)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// Import implements intake.Store.
func (s *Store) Import(ctx context.Context, id intake.ID) (intake.File, error) {
	rows, err := s.reader().query(ctx, `SELECT `+importColumns+` FROM imports WHERE id = $1`, int64(id))
	return one(s, "import", rows, err, scanImport)
}

// Imports implements intake.Store.
func (s *Store) Imports(ctx context.Context, limit int) ([]intake.File, error) {
	rows, err := s.reader().query(ctx, `SELECT `+importColumns+` FROM imports ORDER BY id DESC LIMIT $1`, limit)
	out, err := collect(rows, err, scanImport)
	return out, s.wrap("reading the imports", err)
}

// SetImportOptions implements intake.Store.
func (s *Store) SetImportOptions(ctx context.Context, id intake.ID, o intake.Options, at time.Time) error {
	options, err := toJSON(o)
	if err != nil {
		return err
	}
	return s.update(ctx, "planning an import", func(t *tx) error {
		return t.swap(ctx, "the import", `UPDATE imports SET options = $2, updated_at = $3 WHERE id = $1 AND state = 'waiting'`, int64(id), options, millis(at))
	})
}

// StartImport implements intake.Store.
func (s *Store) StartImport(ctx context.Context, id intake.ID, silentSince time.Time, e audit.Entry) error {
	return s.update(ctx, "starting an import", func(t *tx) error {
		if err := t.swap(ctx, "the import", `
			UPDATE imports
			SET state = 'running', done_bytes = 0, result = '{}', reason = '', updated_at = $2
			WHERE id = $1
			  AND (state IN ('waiting', 'stopped') OR state = 'running' AND updated_at < $3)`,
			int64(id), millis(e.At), millis(silentSince)); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM import_refusals WHERE import_id = $1`, int64(id)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// NoteImport implements intake.Store.
func (s *Store) NoteImport(ctx context.Context, f intake.File) error {
	result, err := toJSON(importFigures{f.Result, f.Result.Left})
	if err != nil {
		return err
	}
	return s.update(ctx, "noting an import", func(t *tx) error {
		return t.swap(ctx, "the import", `
			UPDATE imports
			SET state = $2, done_bytes = $3, result = $4, reason = $5, updated_at = $6
			WHERE id = $1 AND state = 'running'`,
			int64(f.ID), string(f.State), f.Read, result, f.Reason, millis(f.UpdatedAt))
	})
}

// AddRefused implements intake.Store.
func (s *Store) AddRefused(ctx context.Context, id intake.ID, all []intake.Refused) error {
	values := make([]any, 0, 4*len(all))
	for _, r := range all {
		cells, err := toJSON(r.Cells)
		if err != nil {
			return err
		}
		values = append(values, r.N, r.Line, cells, r.Reason)
	}
	return s.update(ctx, "keeping refused rows", func(t *tx) error {
		_, err := t.insert(ctx, bulk{
			into: "INSERT INTO import_refusals (import_id, n, line, cells, reason) VALUES", row: "($1, ?, ?, ?, ?)",
			tail: "ON CONFLICT (import_id, n) DO NOTHING", shared: []any{int64(id)},
		}, values)
		return err
	})
}

// RefusedRows implements intake.Store.
func (s *Store) RefusedRows(ctx context.Context, id intake.ID, after, limit int) ([]intake.Refused, error) {
	rows, err := s.reader().query(ctx, `
		SELECT n, line, cells, reason
		FROM import_refusals
		WHERE import_id = $1 AND n > $2
		ORDER BY n
		LIMIT $3`, int64(id), after, limit)
	out, err := collect(rows, err, func(r *sql.Rows) (intake.Refused, error) {
		var x intake.Refused
		var cells string
		if err := r.Scan(&x.N, &x.Line, &cells, &x.Reason); err != nil {
			return x, err
		}
		return x, json.Unmarshal([]byte(cells), &x.Cells)
	})
	return out, s.wrap("reading refused rows", err)
}

// DropImports implements intake.Store.
func (s *Store) DropImports(ctx context.Context, waiting, ended time.Time) ([]intake.ID, error) {
	var gone []intake.ID
	err := s.update(ctx, "forgetting old imports", func(t *tx) error {
		rows, err := t.query(ctx, `SELECT id FROM imports WHERE state IN ('waiting', 'stopped', 'failed') AND updated_at < $1 ORDER BY id LIMIT 1000`, millis(waiting))
		if gone, err = collect(rows, err, scanOne[intake.ID]); err != nil {
			return err
		}
		for _, id := range gone {
			if err := t.exec(ctx, `DELETE FROM imports WHERE id = $1 AND state = 'waiting'`, int64(id)); err != nil {
				return err
			}
		}
		return t.exec(ctx, `
			DELETE FROM import_refusals
			WHERE import_id IN (SELECT id FROM imports WHERE state <> 'running' AND updated_at < $1)`, millis(ended))
	})
	return gone, err
}

// RemoveImport implements intake.Store.
func (s *Store) RemoveImport(ctx context.Context, id intake.ID, e audit.Entry) error {
	return s.update(ctx, "forgetting an import", func(t *tx) error {
		n, err := t.changed(ctx, `DELETE FROM imports WHERE id = $1 AND state <> 'running'`, int64(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.Conflictf("the import is gone already, or runs now")
		}
		return t.audit(ctx, e)
	})
}
