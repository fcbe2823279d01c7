package store

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/organisation"
)

// SetLogo implements organisation.Store.
func (s *Store) SetLogo(ctx context.Context, o organisation.Organisation, l organisation.Logo, e audit.Entry) error {
	return s.update(ctx, "keeping the logo", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO logos (name, kind, body, created_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (name) DO NOTHING`,
			l.Name, l.Kind, base64.StdEncoding.EncodeToString(l.Body), millis(e.At)); err != nil {
			return err
		}
		n, err := t.changed(ctx, `UPDATE organisations SET logo = $2, updated_at = $3 WHERE id = $1`, organisationID, o.Logo, millis(e.At))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.Conflictf("the organisation is gone: name it again")
		}
		return t.audit(ctx, e)
	})
}

// Logo returns an uploaded logo by its name; a missing one is NotFound.
func (s *Store) Logo(ctx context.Context, name string) (organisation.Logo, error) {
	l := organisation.Logo{Name: name}
	var body string
	err := s.reader().row(ctx, `SELECT kind, body FROM logos WHERE name = $1`, name).Scan(&l.Kind, &body)
	if errors.Is(err, sql.ErrNoRows) {
		return l, errs.NotFoundf("there is no such logo")
	}
	if err != nil {
		return l, s.wrap("reading the logo", err)
	}
	if l.Body, err = base64.StdEncoding.DecodeString(body); err != nil {
		return l, fmt.Errorf("reading the logo: %w", err)
	}
	return l, nil
}
