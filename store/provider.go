package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/organisation"
)

// providerID is the row of the one identity provider.
const providerID = 1

// Provider implements organisation.ProviderStore.
func (s *Store) Provider(ctx context.Context) (organisation.Provider, error) {
	var p organisation.Provider
	var domains string
	err := s.reader().row(ctx, `SELECT label, issuer, client_id, secret, domains, role FROM identity_providers WHERE id = $1`, providerID).
		Scan(&p.Label, &p.Issuer, &p.ClientID, &p.Sealed, &domains, &p.Role)
	if errors.Is(err, sql.ErrNoRows) {
		return p, errs.NotFoundf("no identity provider is set")
	}
	if err != nil {
		return p, s.wrap("reading the identity provider", err)
	}
	if err := json.Unmarshal([]byte(domains), &p.Domains); err != nil {
		return p, fmt.Errorf("reading the domains of the identity provider: %w", err)
	}
	return p, nil
}

// SetProvider implements organisation.ProviderStore.
func (s *Store) SetProvider(ctx context.Context, p organisation.Provider, e audit.Entry) error {
	domains, err := toJSON(p.Domains)
	if err != nil {
		return err
	}
	return s.update(ctx, "keeping the identity provider", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO identity_providers (id, label, issuer, client_id, secret, domains, role, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
			ON CONFLICT (id) DO UPDATE
			SET label = excluded.label, issuer = excluded.issuer, client_id = excluded.client_id, secret = excluded.secret,
			    domains = excluded.domains, role = excluded.role, updated_at = excluded.updated_at`,
			providerID, p.Label, p.Issuer, p.ClientID, p.Sealed, domains, string(p.Role), millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// RemoveProvider implements organisation.ProviderStore.
func (s *Store) RemoveProvider(ctx context.Context, e audit.Entry) error {
	return s.update(ctx, "removing the identity provider", func(t *tx) error {
		n, err := t.changed(ctx, `DELETE FROM identity_providers WHERE id = $1`, providerID)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("no identity provider is set")
		}
		for _, q := range []string{`DELETE FROM operator_identities`, `DELETE FROM sign_ins WHERE kind = 'provider'`} {
			if err := t.exec(ctx, q); err != nil {
				return err
			}
		}
		return t.audit(ctx, e)
	})
}

// OperatorOf implements organisation.ProviderStore.
func (s *Store) OperatorOf(ctx context.Context, issuer, subject string) (organisation.OperatorID, error) {
	var id organisation.OperatorID
	err := s.reader().row(ctx, `SELECT operator_id FROM operator_identities WHERE issuer = $1 AND subject = $2`, issuer, subject).Scan(&id)
	return id, s.wrap("looking up an account of the identity provider", err)
}

// LinkIdentity implements organisation.ProviderStore.
func (s *Store) LinkIdentity(ctx context.Context, issuer, subject string, of organisation.OperatorID, e audit.Entry) error {
	return s.update(ctx, "linking an account of the identity provider", func(t *tx) error {
		if err := t.exec(ctx, `INSERT INTO operator_identities (issuer, subject, operator_id, created_at) VALUES ($1, $2, $3, $4)`,
			issuer, subject, of, millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}
