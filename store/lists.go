package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/subscribers"
)

// AddList implements subscribers.Lists.
func (s *Store) AddList(ctx context.Context, l subscribers.List, e audit.Entry) error {
	err := s.update(ctx, "creating a list", func(t *tx) error {
		if err := t.exec(ctx, `INSERT INTO lists (id, name, title, description, visibility, optin, welcome, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
			int64(l.ID), l.Name, l.Title, l.Description, visibility(l), optIn(l), onOff(l.Welcome), millis(l.CreatedAt)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
	if errs.Is(err, errs.Conflict) {
		return errs.Conflictf("there is a list %q already", l.Name)
	}
	return err
}

func visibility(l subscribers.List) string {
	if l.Public {
		return "public"
	}
	return "private"
}

func optIn(l subscribers.List) string {
	if l.SingleOptIn {
		return "single"
	}
	return "double"
}

func onOff(b bool) string {
	if b {
		return "on"
	}
	return "off"
}

// ChangeList implements subscribers.Lists.
func (s *Store) ChangeList(ctx context.Context, l subscribers.List, e audit.Entry) error {
	err := s.update(ctx, "changing a list", func(t *tx) error {
		n, err := t.changed(ctx, `UPDATE lists SET name = $2, title = $3, description = $4, visibility = $5, optin = $6, welcome = $7 WHERE id = $1`,
			int64(l.ID), l.Name, l.Title, l.Description, visibility(l), optIn(l), onOff(l.Welcome))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("there is no such list")
		}
		return t.audit(ctx, e)
	})
	if errs.Is(err, errs.Conflict) {
		return &errs.Error{Kind: errs.Conflict, Field: "name", Text: fmt.Sprintf("there is a list %q already", l.Name)}
	}
	return err
}

// ListByName implements subscribers.Lists.
func (s *Store) ListByName(ctx context.Context, name string) (subscribers.List, error) {
	l := subscribers.List{Name: name}
	var created int64
	err := s.reader().row(ctx, `SELECT id, title, description, visibility = 'public', optin = 'single', welcome = 'on', created_at FROM lists WHERE name = $1`, name).Scan(&l.ID, &l.Title, &l.Description, &l.Public, &l.SingleOptIn, &l.Welcome, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return l, s.missing(ctx, "list", name, `SELECT name FROM lists ORDER BY name LIMIT 1000`)
	}
	l.CreatedAt = fromMillis(created)
	return l, s.wrap("reading a list", err)
}

// ListByID implements subscribers.Lists.
func (s *Store) ListByID(ctx context.Context, id subscribers.ListID) (subscribers.List, error) {
	var name string
	err := s.reader().row(ctx, `SELECT name FROM lists WHERE id = $1`, int64(id)).Scan(&name)
	if errors.Is(err, sql.ErrNoRows) {
		return subscribers.List{}, errs.NotFoundf("there is no such list")
	}
	if err != nil {
		return subscribers.List{}, s.wrap("reading a list", err)
	}
	return s.ListByName(ctx, name)
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

// countsOf is how many readers a list l has in one state.
func countsOf(state subscribers.MembershipState) string {
	return `(SELECT CAST(coalesce(sum(c.count), 0) AS BIGINT) FROM list_counts c WHERE c.list_id = l.id AND c.state = '` + string(state) + `')`
}

// ListPage implements subscribers.Lists. The numbers are kept, not counted:
// triggers of migration 56 see to them.
func (s *Store) ListPage(ctx context.Context, after string, limit int) ([]subscribers.ListCounts, error) {
	rows, err := s.reader().query(ctx, `
		SELECT l.id, l.name, l.title, l.description, l.visibility = 'public', l.optin = 'single', l.welcome = 'on', l.created_at,
		       `+countsOf(subscribers.Pending)+`, `+countsOf(subscribers.Active)+`, `+countsOf(subscribers.Unsubscribed)+`
		FROM lists l
		WHERE l.name > $1
		ORDER BY l.name
		LIMIT $2`, after, limit)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.ListCounts, error) {
		var l subscribers.ListCounts
		var created int64
		err := r.Scan(&l.ID, &l.Name, &l.Title, &l.Description, &l.Public, &l.SingleOptIn, &l.Welcome, &created, &l.Pending, &l.Active, &l.Unsubscribed)
		l.CreatedAt = fromMillis(created)
		return l, err
	})
	return out, s.wrap("listing lists", err)
}

// ListNames are lists by name without counts, at most limit.
func (s *Store) ListNames(ctx context.Context, limit int) ([]subscribers.List, error) {
	rows, err := s.reader().query(ctx, `SELECT id, name, title, description, visibility = 'public', optin = 'single', welcome = 'on', created_at FROM lists ORDER BY name LIMIT $1`, limit)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.List, error) {
		var l subscribers.List
		var created int64
		err := r.Scan(&l.ID, &l.Name, &l.Title, &l.Description, &l.Public, &l.SingleOptIn, &l.Welcome, &created)
		l.CreatedAt = fromMillis(created)
		return l, err
	})
	return out, s.wrap("listing lists", err)
}

// FoldListCounts adds what sessions of PostgreSQL have counted to the lists'
// numbers, so that their rows stay few however many sessions there were. It
// waits for nobody: rows that are being changed are left for the next time. It
// may be called at any time, from several processes.
func (s *Store) FoldListCounts(ctx context.Context) error {
	if !s.Shared() {
		return nil // one row for each number
	}
	return s.update(ctx, "adding up the lists' numbers", func(t *tx) error {
		return t.exec(ctx, `
			WITH folded AS (
			  DELETE FROM list_counts
			  WHERE (list_id, state, slot) IN (SELECT list_id, state, slot FROM list_counts WHERE slot <> 0 FOR UPDATE SKIP LOCKED)
			  RETURNING list_id, state, count)
			INSERT INTO list_counts AS c (list_id, state, slot, count)
			SELECT list_id, state, 0, sum(count)
			FROM folded
			GROUP BY list_id, state
			ORDER BY list_id, state
			ON CONFLICT (list_id, state, slot) DO UPDATE SET count = c.count + excluded.count`)
	})
}
