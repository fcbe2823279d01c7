package store

import (
	"context"
	"database/sql"
	"time"

	"postrider/delivery"
	"postrider/internal/audit"
	"postrider/internal/errs"
)

const accountColumns = `
	id, name, kind, state, server, handle, visibility, warning, secret, trouble, trouble_at, created_at, updated_at`

func scanAccount(r *sql.Rows) (delivery.Account, error) {
	var a delivery.Account
	var trouble, created, updated int64
	err := r.Scan(&a.ID, &a.Name, &a.Kind, &a.State, &a.Server, &a.Handle, &a.Visibility, &a.Warning, &a.Sealed, &a.Trouble, &trouble, &created, &updated)
	a.TroubleAt, a.CreatedAt, a.UpdatedAt = fromMillis(trouble), fromMillis(created), fromMillis(updated)
	return a, err
}

// AddAccount implements delivery.AccountStore.
func (s *Store) AddAccount(ctx context.Context, a delivery.Account, e audit.Entry) error {
	err := s.update(ctx, "adding an account", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO accounts (`+accountColumns+`)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, '', 0, $10, $11)`,
			a.ID, a.Name, string(a.Kind), string(a.State), a.Server, a.Handle, a.Visibility, a.Warning, a.Sealed, millis(a.CreatedAt), millis(a.UpdatedAt)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
	return accountTaken(a, err)
}

func accountTaken(a delivery.Account, err error) error {
	if errs.Is(err, errs.Conflict) {
		return errs.Conflictf("there is an account %q already, or somebody has changed it: choose another name, or look again", a.Name)
	}
	return err
}

// ChangeAccount implements delivery.AccountStore.
func (s *Store) ChangeAccount(ctx context.Context, a delivery.Account, was time.Time, e audit.Entry) error {
	err := s.update(ctx, "changing an account", func(t *tx) error {
		if err := t.swap(ctx, "the account "+a.Name, `
			UPDATE accounts
			SET name = $2, server = $3, handle = $4, visibility = $5, warning = $6, secret = $7, updated_at = $8, trouble = '', trouble_at = 0
			WHERE id = $1 AND updated_at = $9`,
			a.ID, a.Name, a.Server, a.Handle, a.Visibility, a.Warning, a.Sealed, millis(a.UpdatedAt), millis(was)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
	return accountTaken(a, err)
}

// SetAccountState implements delivery.AccountStore.
func (s *Store) SetAccountState(ctx context.Context, id delivery.AccountID, from, to delivery.AccountState, e audit.Entry) error {
	return s.update(ctx, "changing an account", func(t *tx) error {
		if err := t.swap(ctx, "the account is not "+string(from), `
			UPDATE accounts
			SET state = $3, updated_at = CASE WHEN updated_at < $4 THEN $4 ELSE updated_at + 1 END
			WHERE id = $1 AND state = $2`, id, string(from), string(to), millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// RemoveAccount implements delivery.AccountStore.
func (s *Store) RemoveAccount(ctx context.Context, id delivery.AccountID, e audit.Entry) error {
	return s.update(ctx, "removing an account", func(t *tx) error {
		n, err := t.changed(ctx, `DELETE FROM accounts WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("the account is gone already")
		}
		if err := t.exec(ctx, `
			UPDATE posts SET state = 'cancelled', reason = 'the account was removed', updated_at = $2
			WHERE account_id = $1 AND state IN ('queued', 'deferred')`, id, millis(e.At)); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM post_plans WHERE account_id = $1`, id); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// Accounts implements delivery.AccountStore.
func (s *Store) Accounts(ctx context.Context) ([]delivery.Account, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+accountColumns+`
		FROM accounts
		ORDER BY name
		LIMIT 1000`)
	out, err := collect(rows, err, scanAccount)
	return out, s.wrap("reading the accounts", err)
}

// NoteAccountTrouble implements delivery.AccountStore. The time of a trouble is
// that of its first notice.
func (s *Store) NoteAccountTrouble(ctx context.Context, id delivery.AccountID, text string, at time.Time) error {
	return s.update(ctx, "noting an account's trouble", func(t *tx) error {
		return t.exec(ctx, `
			UPDATE accounts
			SET trouble_at = CASE WHEN CAST($2 AS TEXT) = '' THEN 0 WHEN trouble = '' THEN $3 ELSE trouble_at END, trouble = $2
			WHERE id = $1 AND trouble <> $2`, id, text, millis(at))
	})
}
