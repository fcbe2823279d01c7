package store

import (
	"context"
	"database/sql"
	"time"

	"postrider/internal/errs"
	"postrider/recaps"
)

const manuscriptColumns = `id, actor, recap_id, base, name, body, created_at, updated_at`

func scanManuscript(r *sql.Rows) (recaps.Manuscript, error) {
	var m recaps.Manuscript
	var created, updated int64
	err := r.Scan(&m.ID, &m.Actor, &m.Recap, &m.Base, &m.Name, &m.Text, &created, &updated)
	m.CreatedAt, m.UpdatedAt = fromMillis(created), fromMillis(updated)
	return m, err
}

// PutManuscript implements recaps.ManuscriptStore.
func (s *Store) PutManuscript(ctx context.Context, m recaps.Manuscript, keep int) error {
	return s.update(ctx, "keeping a manuscript", func(t *tx) error {
		n, err := t.changed(ctx, `
			INSERT INTO manuscripts (`+manuscriptColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE
			SET recap_id = excluded.recap_id, base = excluded.base, name = excluded.name, body = excluded.body, updated_at = excluded.updated_at
			WHERE manuscripts.actor = excluded.actor`,
			m.ID, m.Actor, m.Recap, m.Base, m.Name, m.Text, millis(m.CreatedAt), millis(m.UpdatedAt))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("there is no such manuscript of yours")
		}
		return t.exec(ctx, `
			DELETE FROM manuscripts
			WHERE actor = $1
			  AND id NOT IN (SELECT id FROM manuscripts WHERE actor = $1 ORDER BY updated_at DESC, id DESC LIMIT $2)`, m.Actor, keep)
	})
}

// Manuscript implements recaps.ManuscriptStore.
func (s *Store) Manuscript(ctx context.Context, actor string, id recaps.ManuscriptID) (recaps.Manuscript, error) {
	rows, err := s.reader().query(ctx, `SELECT `+manuscriptColumns+` FROM manuscripts WHERE id = $1 AND actor = $2`, id, actor)
	return one(s, "manuscript", rows, err, scanManuscript)
}

// Manuscripts implements recaps.ManuscriptStore.
func (s *Store) Manuscripts(ctx context.Context, actor string, limit int) ([]recaps.Manuscript, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+manuscriptColumns+`
		FROM manuscripts
		WHERE actor = $1
		ORDER BY updated_at DESC, id DESC
		LIMIT $2`, actor, limit)
	out, err := collect(rows, err, scanManuscript)
	return out, s.wrap("reading manuscripts", err)
}

// Writers implements recaps.ManuscriptStore.
func (s *Store) Writers(ctx context.Context, recap recaps.ID, since time.Time, limit int) ([]recaps.Writer, error) {
	rows, err := s.reader().query(ctx, `
		SELECT actor, created_at, updated_at
		FROM manuscripts
		WHERE recap_id = $1
		  AND updated_at > $2
		ORDER BY updated_at DESC, id DESC
		LIMIT $3`, recap, millis(since), limit)
	out, err := collect(rows, err, func(r *sql.Rows) (recaps.Writer, error) {
		var w recaps.Writer
		var began, last int64
		err := r.Scan(&w.Actor, &began, &last)
		w.Since, w.Last = fromMillis(began), fromMillis(last)
		return w, err
	})
	return out, s.wrap("asking who is writing", err)
}

// DropManuscript implements recaps.ManuscriptStore.
func (s *Store) DropManuscript(ctx context.Context, actor string, id recaps.ManuscriptID) error {
	return s.update(ctx, "throwing a manuscript away", func(t *tx) error {
		return t.exec(ctx, `DELETE FROM manuscripts WHERE id = $1 AND actor = $2`, id, actor)
	})
}
