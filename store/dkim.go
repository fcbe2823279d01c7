package store

import (
	"context"
	"database/sql"

	"postrider/delivery"
	"postrider/internal/audit"
	"postrider/internal/errs"
)

func scanSigningKey(r *sql.Rows) (delivery.SigningKey, error) {
	var k delivery.SigningKey
	var created int64
	err := r.Scan(&k.ID, &k.Domain, &k.Selector, &k.Algorithm, &k.Sealed, &k.Public, &k.State, &created)
	k.CreatedAt = fromMillis(created)
	return k, err
}

// AddSigningKeys implements delivery.SigningStore.
func (s *Store) AddSigningKeys(ctx context.Context, keys []delivery.SigningKey, e audit.Entry) error {
	err := s.update(ctx, "keeping DKIM keys", func(t *tx) error {
		for _, k := range keys {
			if err := t.exec(ctx, `
				INSERT INTO dkim_keys (id, domain, selector, algorithm, private_key, public_key, state, created_at)
				VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`,
				int64(k.ID), k.Domain, k.Selector, k.Algorithm, k.Sealed, k.Public, string(k.State), millis(k.CreatedAt)); err != nil {
				return err
			}
		}
		return t.audit(ctx, e)
	})
	if errs.Is(err, errs.Conflict) {
		return errs.Conflictf("this selector is taken: name another with --selector")
	}
	return err
}

// ActivateSigningKeys implements delivery.SigningStore.
func (s *Store) ActivateSigningKeys(ctx context.Context, domain string, e audit.Entry) error {
	return s.update(ctx, "activating DKIM keys", func(t *tx) error {
		if err := t.exec(ctx, `UPDATE dkim_keys SET state = 'retired', private_key = '' WHERE domain = $1 AND state = 'active'`, domain); err != nil {
			return err
		}
		if err := t.swap(ctx, "the keys of "+domain, `UPDATE dkim_keys SET state = 'active' WHERE domain = $1 AND state = 'next'`, domain); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// SigningKeys implements delivery.SigningStore.
func (s *Store) SigningKeys(ctx context.Context, domain string) ([]delivery.SigningKey, error) {
	rows, err := s.reader().query(ctx, `
		SELECT id, domain, selector, algorithm, private_key, public_key, state, created_at
		FROM dkim_keys
		WHERE domain = $1 OR CAST($1 AS TEXT) = ''
		ORDER BY domain, id
		LIMIT 10000`, domain)
	out, err := collect(rows, err, scanSigningKey)
	return out, s.wrap("reading DKIM keys", err)
}
