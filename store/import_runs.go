package store

import (
	"context"
	"database/sql"
	"errors"

	"postrider/internal/audit"
	"postrider/subscribers"
)

const runColumns = "id, digest, file, actor, source, state, added, updated, unchanged, refused, suppressed, started_at, updated_at"

func scanRun(r *sql.Rows) (subscribers.ImportRecord, error) {
	var i subscribers.ImportRecord
	var started, updated int64
	err := r.Scan(&i.ID, &i.Digest, &i.File, &i.Actor, &i.Source, &i.State, &i.Added, &i.Updated, &i.Unchanged, &i.Refused, &i.Suppressed, &started, &updated)
	i.StartedAt, i.UpdatedAt = fromMillis(started), fromMillis(updated)
	return i, err
}

// BeginImport implements subscribers.People.
func (s *Store) BeginImport(ctx context.Context, r subscribers.ImportRecord, e audit.Entry) (subscribers.ImportRecord, error) {
	err := s.update(ctx, "beginning an import", func(t *tx) error {
		err := t.row(ctx, `
			SELECT id
			FROM (SELECT id, digest, state FROM import_runs ORDER BY id DESC LIMIT 1) newest
			WHERE digest = $1 AND state = 'running'`, r.Digest).Scan(&r.ID)
		if err == nil {
			e.Action = "import went on"
		} else if !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		r.State = subscribers.ImportRunning
		if err := t.exec(ctx, `
			INSERT INTO import_runs (`+runColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, 0, 0, 0, $7, 0, $8, $8)
			ON CONFLICT (id) DO UPDATE SET updated_at = excluded.updated_at`,
			int64(r.ID), r.Digest, r.File, r.Actor, r.Source, string(r.State), r.Refused, millis(r.StartedAt)); err != nil {
			return err
		}
		e.Object = int64(r.ID)
		return t.audit(ctx, e)
	})
	return r, err
}

// EndImport implements subscribers.People. What an earlier try had added counts too.
func (s *Store) EndImport(ctx context.Context, r subscribers.ImportRecord, e audit.Entry) error {
	return s.update(ctx, "ending an import", func(t *tx) error {
		if err := t.swap(ctx, "ending an import", `
			UPDATE import_runs
			SET state = $2, added = $3, updated = $4, unchanged = $5, refused = $6, suppressed = $7, updated_at = $8
			WHERE id = $1 AND state = 'running'`,
			int64(r.ID), string(r.State), r.Added, r.Updated, r.Unchanged, r.Refused, r.Suppressed, millis(r.UpdatedAt)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// ImportRuns implements subscribers.People.
func (s *Store) ImportRuns(ctx context.Context, limit int) ([]subscribers.ImportRecord, error) {
	rows, err := s.reader().query(ctx, `SELECT `+runColumns+` FROM import_runs ORDER BY id DESC LIMIT $1`, limit)
	out, err := collect(rows, err, scanRun)
	return out, s.wrap("listing imports", err)
}

// untouched is true of a reader to whom nothing happened but the import $1.
const untouched = `
	s.import_id = $1
	AND NOT EXISTS (SELECT 1 FROM recipients r WHERE r.subscriber_id = s.id)
	AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.subscriber_id = s.id AND (m.import_id <> $1 OR m.updated_at <> m.joined_at))
	AND NOT EXISTS (SELECT 1 FROM consents c WHERE c.subscriber_id = s.id AND c.action <> 'given')
	AND NOT EXISTS (SELECT 1 FROM notes n WHERE n.subscriber_id = s.id AND n.import_id <> $1)
	AND s.updated_at = s.created_at`

// UndoImport implements subscribers.People. Each step does the first thing that
// is left to do, for at most limit rows.
func (s *Store) UndoImport(ctx context.Context, id subscribers.ImportID, limit int, e audit.Entry) (subscribers.Undone, bool, error) {
	var u subscribers.Undone
	last := false
	err := s.update(ctx, "undoing an import", func(t *tx) error {
		if err := t.swap(ctx, "undoing an import", `UPDATE import_runs SET state = 'undoing', updated_at = $2 WHERE id = $1 AND state <> 'undone'`, int64(id), millis(e.At)); err != nil {
			return err
		}
		for _, step := range []struct {
			count *int
			do    func(context.Context, subscribers.ImportID, int, audit.Entry) (int, error)
		}{{&u.Removed, t.undoReaders}, {&u.Left, t.undoMembers}, {&u.Restored, t.undoChanges}, {&u.Unsuppressed, t.undoSuppressions}} {
			n, err := step.do(ctx, id, limit, e)
			if err != nil {
				return err
			}
			if *step.count = n; n > 0 {
				e.Detail = u.Detail()
				return t.audit(ctx, e)
			}
		}
		last = true
		for _, q := range []string{`DELETE FROM tags WHERE import_id = $1`, `DELETE FROM notes WHERE import_id = $1`} {
			if err := t.exec(ctx, q, int64(id)); err != nil {
				return err
			}
		}
		if err := t.exec(ctx, `UPDATE import_runs SET state = 'undone', updated_at = $2 WHERE id = $1`, int64(id), millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
	return u, last, err
}

func (t *tx) undoReaders(ctx context.Context, id subscribers.ImportID, limit int, _ audit.Entry) (int, error) {
	rows, err := t.query(ctx, `SELECT s.id FROM subscribers s WHERE `+untouched+` ORDER BY s.id LIMIT $2`, int64(id), limit)
	who, err := collect(rows, err, scanOne[int64])
	if err != nil || len(who) == 0 {
		return 0, err
	}
	for _, p := range fixedParts(len(who)) {
		args := make([]any, p.n)
		for i, w := range who[p.from : p.from+p.n] {
			args[i] = w
		}
		for _, q := range []string{`DELETE FROM consents WHERE subscriber_id IN (`, `DELETE FROM subscribers WHERE id IN (`} {
			if err := t.exec(ctx, q+parameters(1, p.n)+`)`, args...); err != nil {
				return 0, err
			}
		}
	}
	return len(who), nil
}

// undoMembers takes readers who stay off the lists that the import put them on.
func (t *tx) undoMembers(ctx context.Context, id subscribers.ImportID, limit int, e audit.Entry) (int, error) {
	rows, err := t.query(ctx, `
		SELECT list_id, subscriber_id
		FROM memberships
		WHERE import_id = $1 AND state <> 'unsubscribed' AND updated_at = joined_at
		ORDER BY list_id, subscriber_id
		LIMIT $2`, int64(id), limit)
	places, err := collect(rows, err, func(r *sql.Rows) (p onList, err error) {
		err = r.Scan(&p.list, &p.who)
		return p, err
	})
	if err != nil {
		return 0, err
	}
	for _, p := range places {
		if err := t.exec(ctx, `DELETE FROM memberships WHERE list_id = $1 AND subscriber_id = $2`, int64(p.list), int64(p.who)); err != nil {
			return 0, err
		}
		sign := subscribers.Sign{Actor: e.Actor, Source: "import undone"}
		if err := t.consent(ctx, p.who, p.list, subscribers.Withdrawn, sign, millis(e.At)); err != nil {
			return 0, err
		}
		if err := t.withdrawUnlisted(ctx, p.who, millis(e.At), "import undone"); err != nil {
			return 0, err
		}
	}
	return len(places), nil
}

// undoChanges puts values back where nobody has changed them since.
func (t *tx) undoChanges(ctx context.Context, id subscribers.ImportID, limit int, e audit.Entry) (int, error) {
	rows, err := t.query(ctx, `SELECT subscriber_id FROM import_changes WHERE import_id = $1 ORDER BY subscriber_id LIMIT $2`, int64(id), limit)
	who, err := collect(rows, err, scanOne[int64])
	if err != nil {
		return 0, err
	}
	for _, w := range who {
		if err := t.exec(ctx, `
			UPDATE subscribers
			SET name = c.name, fields = c.fields, language = c.language, zone = c.zone, updated_at = $3
			FROM import_changes c
			WHERE subscribers.id = $2 AND c.subscriber_id = $2 AND c.import_id = $1`,
			int64(id), w, millis(e.At)); err != nil {
			return 0, err
		}
		if err := t.exec(ctx, `DELETE FROM import_changes WHERE import_id = $1 AND subscriber_id = $2`, int64(id), w); err != nil {
			return 0, err
		}
	}
	return len(who), nil
}

func (t *tx) undoSuppressions(ctx context.Context, id subscribers.ImportID, _ int, _ audit.Entry) (int, error) {
	n, err := t.changed(ctx, `DELETE FROM suppressions WHERE import_id = $1`, int64(id))
	return int(n), err
}
