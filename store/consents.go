package store

import (
	"context"
	"database/sql"

	"postrider/internal/ids"
	"postrider/subscribers"
)

// maxConsents bounds a reader's record as it is shown; rows are never dropped.
const maxConsents = 1000

// ConsentsOf implements subscribers.People.
func (s *Store) ConsentsOf(ctx context.Context, id subscribers.ID) ([]subscribers.Consent, error) {
	rows, err := s.reader().query(ctx, `
		SELECT list_id, purpose, action, source, wording, at
		FROM (
		  SELECT id, list_id, purpose, action, source, wording, at
		  FROM consents
		  WHERE subscriber_id = $1
		  ORDER BY id DESC
		  LIMIT $2) newest
		ORDER BY id`, int64(id), maxConsents)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.Consent, error) {
		var c subscribers.Consent
		var at int64
		err := r.Scan(&c.List, &c.Purpose, &c.Action, &c.Source, &c.Wording, &at)
		c.At = fromMillis(at)
		return c, err
	})
	return out, s.wrap("reading a consent record", err)
}

// consent adds a line to a reader's record.
func (t *tx) consent(ctx context.Context, who subscribers.ID, list subscribers.ListID, action subscribers.ConsentAction, sign subscribers.Sign, at int64) error {
	return t.exec(ctx, `
		INSERT INTO consents (id, subscriber_id, list_id, purpose, action, source, wording, at)
		VALUES ($1, $2, $3, 'newsletter', $4, $5, $6, $7)`,
		int64(ids.New[subscribers.Consent]()), int64(who), int64(list), string(action), sign.Source, sign.Reason, at)
}
