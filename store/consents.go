package store

import (
	"context"
	"database/sql"
	"errors"

	"postrider/internal/ids"
	"postrider/subscribers"
)

// maxConsents bounds a reader's record as it is shown; rows are never dropped.
const maxConsents = 1000

// ConsentsOf implements subscribers.People.
func (s *Store) ConsentsOf(ctx context.Context, id subscribers.ID) ([]subscribers.Consent, error) {
	rows, err := s.reader().query(ctx, `
		SELECT c.list_id, c.purpose, c.action, c.source, coalesce(w.text, c.wording), coalesce(w.hash, ''), c.at
		FROM (
		  SELECT id, list_id, purpose, action, source, wording, wording_id, at
		  FROM consents
		  WHERE subscriber_id = $1
		  ORDER BY id DESC
		  LIMIT $2) c
		LEFT JOIN wordings w ON w.id = c.wording_id
		ORDER BY c.id`, int64(id), maxConsents)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.Consent, error) {
		var c subscribers.Consent
		var at int64
		err := r.Scan(&c.List, &c.Purpose, &c.Action, &c.Source, &c.Wording, &c.WordingHash, &at)
		c.At = fromMillis(at)
		return c, err
	})
	return out, s.wrap("reading a consent record", err)
}

// consent adds a line to a reader's record. What was agreed to is kept once, by
// its hash; what a reader says on leaving stays with the line.
func (t *tx) consent(ctx context.Context, who subscribers.ID, list subscribers.ListID, action subscribers.ConsentAction, sign subscribers.Sign, at int64) error {
	words, wording := sign.Reason, int64(0)
	if action != subscribers.Withdrawn && words != "" {
		var err error
		if wording, err = t.wording(ctx, words, at); err != nil {
			return err
		}
		words = ""
	}
	return t.exec(ctx, `
		INSERT INTO consents (id, subscriber_id, list_id, purpose, action, source, wording, wording_id, at)
		VALUES ($1, $2, $3, 'newsletter', $4, $5, $6, $7, $8)`,
		int64(ids.New[subscribers.Consent]()), int64(who), int64(list), string(action), sign.Source, words, wording, at)
}

// wording returns the id under which a wording is kept, and keeps a new one.
func (t *tx) wording(ctx context.Context, text string, at int64) (int64, error) {
	hash := subscribers.WordingHash(text)
	var id int64
	err := t.row(ctx, `SELECT id FROM wordings WHERE hash = $1`, hash).Scan(&id)
	if err == nil || !errors.Is(err, sql.ErrNoRows) {
		return id, err
	}
	if err := t.exec(ctx, `
		INSERT INTO wordings (id, hash, text, at) VALUES ($1, $2, $3, $4)
		ON CONFLICT (hash) DO NOTHING`, ids.Block(1), hash, text, at); err != nil {
		return 0, err
	}
	err = t.row(ctx, `SELECT id FROM wordings WHERE hash = $1`, hash).Scan(&id)
	return id, err
}
