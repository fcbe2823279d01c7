package store

import (
	"context"
	"database/sql"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/organisation"
)

// AddPasskey implements organisation.PasskeyStore.
func (s *Store) AddPasskey(ctx context.Context, p organisation.Passkey, e audit.Entry) error {
	return s.update(ctx, "adding a passkey", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO operator_passkeys (id, operator_id, credential, name, data, used_at, created_at)
			VALUES ($1, $2, $3, $4, $5, 0, $6)`, p.ID, p.Operator, p.Credential, p.Name, p.Record, millis(p.CreatedAt)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// Passkeys implements organisation.PasskeyStore.
func (s *Store) Passkeys(ctx context.Context, of organisation.OperatorID) ([]organisation.Passkey, error) {
	rows, err := s.reader().query(ctx, `
		SELECT id, operator_id, credential, name, data, used_at, created_at
		FROM operator_passkeys
		WHERE operator_id = $1
		ORDER BY id
		LIMIT 100`, of)
	all, err := collect(rows, err, func(r *sql.Rows) (organisation.Passkey, error) {
		var p organisation.Passkey
		var used, created int64
		err := r.Scan(&p.ID, &p.Operator, &p.Credential, &p.Name, &p.Record, &used, &created)
		p.UsedAt, p.CreatedAt = fromMillis(used), fromMillis(created)
		return p, err
	})
	return all, s.wrap("reading passkeys", err)
}

// RenamePasskey implements organisation.PasskeyStore.
func (s *Store) RenamePasskey(ctx context.Context, of organisation.OperatorID, id organisation.PasskeyID, name string, e audit.Entry) error {
	return s.update(ctx, "renaming a passkey", func(t *tx) error {
		if err := t.passkey(ctx, `UPDATE operator_passkeys SET name = $3 WHERE id = $1 AND operator_id = $2`, id, of, name); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// passkey changes one; none is NotFound.
func (t *tx) passkey(ctx context.Context, q string, args ...any) error {
	n, err := t.changed(ctx, q, args...)
	if err == nil && n == 0 {
		err = errs.NotFoundf("there is no such passkey any more")
	}
	return err
}

// RemovePasskey implements organisation.PasskeyStore.
func (s *Store) RemovePasskey(ctx context.Context, of organisation.OperatorID, id organisation.PasskeyID, but organisation.SessionID, e audit.Entry) error {
	return s.update(ctx, "removing a passkey", func(t *tx) error {
		if err := t.passkey(ctx, `DELETE FROM operator_passkeys WHERE id = $1 AND operator_id = $2`, id, of); err != nil {
			return err
		}
		return t.lockOut(ctx, of, but, e)
	})
}

// UsePasskey implements organisation.PasskeyStore.
func (s *Store) UsePasskey(ctx context.Context, of organisation.OperatorID, credential, record string, at time.Time) error {
	return s.update(ctx, "using a passkey", func(t *tx) error {
		return t.passkey(ctx, `UPDATE operator_passkeys SET data = $3, used_at = $4 WHERE credential = $1 AND operator_id = $2`, credential, of, record, millis(at))
	})
}
