package store

import (
	"context"
	"database/sql"
	"errors"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/subscribers"
)

// AddList implements subscribers.Lists.
func (s *Store) AddList(ctx context.Context, l subscribers.List, e audit.Entry) error {
	err := s.update(ctx, "creating a list", func(t *tx) error {
		if err := t.exec(ctx, `INSERT INTO lists (id, name, title, created_at) VALUES ($1, $2, $3, $4)`,
			int64(l.ID), l.Name, l.Title, millis(l.CreatedAt)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
	if errs.Is(err, errs.Conflict) {
		return errs.Conflictf("there is a list %q already", l.Name)
	}
	return err
}

// ListByName implements subscribers.Lists.
func (s *Store) ListByName(ctx context.Context, name string) (subscribers.List, error) {
	l := subscribers.List{Name: name}
	var created int64
	err := s.reader().row(ctx, `SELECT id, title, created_at FROM lists WHERE name = $1`, name).Scan(&l.ID, &l.Title, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return l, s.missing(ctx, "list", name, `SELECT name FROM lists ORDER BY name LIMIT 1000`)
	}
	l.CreatedAt = fromMillis(created)
	return l, s.wrap("reading a list", err)
}

// ListsByName returns the lists of these names in their order; a missing one
// is NotFound with the nearest name.
func (s *Store) ListsByName(ctx context.Context, names []string) ([]subscribers.ListID, error) {
	out := make([]subscribers.ListID, len(names))
	for i, name := range names {
		l, err := s.ListByName(ctx, name)
		if err != nil {
			return nil, err
		}
		out[i] = l.ID
	}
	return out, nil
}

// ListPage implements subscribers.Lists.
func (s *Store) ListPage(ctx context.Context, after string, limit int) ([]subscribers.ListCounts, error) {
	rows, err := s.reader().query(ctx, `
		SELECT l.id, l.name, l.title, l.created_at,
		       coalesce(sum(CASE WHEN m.state = 'pending' THEN 1 ELSE 0 END), 0),
		       coalesce(sum(CASE WHEN m.state = 'active' THEN 1 ELSE 0 END), 0),
		       coalesce(sum(CASE WHEN m.state = 'unsubscribed' THEN 1 ELSE 0 END), 0)
		FROM (SELECT id, name, title, created_at FROM lists WHERE name > $1 ORDER BY name LIMIT $2) l
		LEFT JOIN memberships m ON m.list_id = l.id
		GROUP BY l.id, l.name, l.title, l.created_at
		ORDER BY l.name`, after, limit)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.ListCounts, error) {
		var l subscribers.ListCounts
		var created int64
		err := r.Scan(&l.ID, &l.Name, &l.Title, &created, &l.Pending, &l.Active, &l.Unsubscribed)
		l.CreatedAt = fromMillis(created)
		return l, err
	})
	return out, s.wrap("listing lists", err)
}
