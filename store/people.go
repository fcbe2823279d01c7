package store

import (
	"context"
	"database/sql"

	"postrider/internal/audit"
	"postrider/subscribers"
)

// ChangeTags implements subscribers.People.
func (s *Store) ChangeTags(ctx context.Context, id subscribers.ID, add, remove []string, e audit.Entry) (int, error) {
	var changed int64
	err := s.update(ctx, "tagging a reader", func(t *tx) error {
		if err := t.lockSubscriber(ctx, id); err != nil {
			return err
		}
		for _, tag := range add {
			n, err := t.changed(ctx, `
				INSERT INTO tags (tag, subscriber_id) VALUES ($1, $2)
				ON CONFLICT (tag, subscriber_id) DO NOTHING`, tag, int64(id))
			if err != nil {
				return err
			}
			changed += n
		}
		for _, tag := range remove {
			n, err := t.changed(ctx, `DELETE FROM tags WHERE tag = $1 AND subscriber_id = $2`, tag, int64(id))
			if err != nil {
				return err
			}
			changed += n
		}
		if changed == 0 {
			return nil
		}
		return t.audit(ctx, e)
	})
	return int(changed), err
}

// AddNote implements subscribers.People.
func (s *Store) AddNote(ctx context.Context, n subscribers.Note, e audit.Entry) error {
	return s.update(ctx, "keeping a note", func(t *tx) error {
		if err := t.lockSubscriber(ctx, n.Subscriber); err != nil {
			return err
		}
		if err := t.exec(ctx, `INSERT INTO notes (id, subscriber_id, actor, text, at) VALUES ($1, $2, $3, $4, $5)`,
			int64(n.ID), int64(n.Subscriber), n.Actor, n.Text, millis(n.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// TimeLine implements subscribers.People.
func (s *Store) TimeLine(ctx context.Context, id subscribers.ID, limit int) ([]subscribers.Moment, error) {
	rows, err := s.reader().query(ctx, `
		SELECT at, kind, what, text, who
		FROM (
		  SELECT c.at AS at, 'consent' AS kind, c.action AS what, coalesce(w.text, c.wording) AS text, c.source AS who
		  FROM consents c LEFT JOIN wordings w ON w.id = c.wording_id
		  WHERE c.subscriber_id = $1
		  UNION ALL
		  SELECT r.updated_at, 'mail', r.state, CASE WHEN r.reason <> '' THEN r.reason ELSE r.answer END, r.relay
		  FROM recipients r
		  WHERE r.subscriber_id = $1
		  UNION ALL
		  SELECT a.at, 'change', a.action, a.detail, a.actor
		  FROM audit_log a
		  WHERE a.kind = 'subscriber' AND a.object = $1
		  UNION ALL
		  SELECT n.at, 'note', 'noted', n.text, n.actor
		  FROM notes n
		  WHERE n.subscriber_id = $1) moments
		ORDER BY at DESC, kind, what
		LIMIT $2`, int64(id), limit)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.Moment, error) {
		var m subscribers.Moment
		var at int64
		err := r.Scan(&at, &m.Kind, &m.What, &m.Text, &m.Who)
		m.At = fromMillis(at)
		return m, err
	})
	return out, s.wrap("reading a time line", err)
}
