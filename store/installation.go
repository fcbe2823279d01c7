package store

import (
	"context"
	"database/sql"
	"errors"

	"postrider/internal/errs"
)

// Note reads a fact about this installation, empty when it is not set.
func (s *Store) Note(ctx context.Context, name string) (string, error) {
	var v string
	err := s.reader().row(ctx, `SELECT value FROM installation WHERE name = $1`, name).Scan(&v)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return v, s.wrap("reading about the installation", err)
}

// SetNote writes a fact about this installation.
func (s *Store) SetNote(ctx context.Context, name, value string) error {
	return s.update(ctx, "writing about the installation", func(t *tx) error { return t.setNote(ctx, name, value) })
}

func (t *tx) setNote(ctx context.Context, name, value string) error {
	return t.exec(ctx, `
		INSERT INTO installation (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
}

// ClaimNote writes a fact that may be written once and returns the one that
// holds: ours, or an earlier one.
func (s *Store) ClaimNote(ctx context.Context, name, value string) (string, error) {
	err := s.update(ctx, "writing about the installation", func(t *tx) error {
		return t.exec(ctx, `INSERT INTO installation (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING`, name, value)
	})
	if err != nil {
		return "", err
	}
	v, err := s.Note(ctx, name)
	if err == nil && v == "" {
		return "", errs.Unavailablef("reading %s back: it is not there yet", name)
	}
	return v, err
}
