package store

import (
	"context"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/organisation"
)

// SetPassword implements organisation.FactorStore.
func (s *Store) SetPassword(ctx context.Context, id organisation.OperatorID, hash string, but organisation.SessionID, e audit.Entry) error {
	return s.update(ctx, "keeping a password", func(t *tx) error {
		if err := t.swap(ctx, "the account", `UPDATE operators SET password = $2, updated_at = $3 WHERE id = $1`, id, hash, millis(e.At)); err != nil {
			return err
		}
		return t.lockOut(ctx, id, but, e)
	})
}

// lockOut ends what was begun with the factors of before.
func (t *tx) lockOut(ctx context.Context, id organisation.OperatorID, but organisation.SessionID, e audit.Entry) error {
	if err := t.endSessions(ctx, id, but, e.At); err != nil {
		return err
	}
	return t.audit(ctx, e)
}

// SetTOTP implements organisation.FactorStore.
func (s *Store) SetTOTP(ctx context.Context, id organisation.OperatorID, sealed string, step int64, codes []string, but organisation.SessionID, e audit.Entry) error {
	return s.update(ctx, "keeping one-time codes", func(t *tx) error {
		if err := t.swap(ctx, "the account", `UPDATE operators SET totp = $2, totp_step = $3, updated_at = $4 WHERE id = $1`, id, sealed, step, millis(e.At)); err != nil {
			return err
		}
		if err := t.setCodes(ctx, id, codes); err != nil {
			return err
		}
		return t.lockOut(ctx, id, but, e)
	})
}

// DropTOTP implements organisation.FactorStore.
func (s *Store) DropTOTP(ctx context.Context, id organisation.OperatorID, but organisation.SessionID, e audit.Entry) error {
	return s.update(ctx, "turning one-time codes off", func(t *tx) error {
		if err := t.swap(ctx, "the account", `UPDATE operators SET totp = '', totp_step = 0, updated_at = $2 WHERE id = $1`, id, millis(e.At)); err != nil {
			return err
		}
		if err := t.setCodes(ctx, id, nil); err != nil {
			return err
		}
		return t.lockOut(ctx, id, but, e)
	})
}

// SetCodes implements organisation.FactorStore.
func (s *Store) SetCodes(ctx context.Context, id organisation.OperatorID, codes []string, e audit.Entry) error {
	return s.update(ctx, "keeping recovery codes", func(t *tx) error {
		if err := t.setCodes(ctx, id, codes); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

func (t *tx) setCodes(ctx context.Context, id organisation.OperatorID, codes []string) error {
	if err := t.exec(ctx, `DELETE FROM operator_codes WHERE operator_id = $1`, id); err != nil {
		return err
	}
	for _, c := range codes {
		if err := t.exec(ctx, `INSERT INTO operator_codes (operator_id, hash) VALUES ($1, $2)`, id, c); err != nil {
			return err
		}
	}
	return nil
}

// UseStep implements organisation.FactorStore.
func (s *Store) UseStep(ctx context.Context, id organisation.OperatorID, step int64) error {
	return s.update(ctx, "accepting a code", func(t *tx) error {
		return t.swap(ctx, "the code", `UPDATE operators SET totp_step = $2 WHERE id = $1 AND totp_step < $2`, id, step)
	})
}

// UseCode implements organisation.FactorStore.
func (s *Store) UseCode(ctx context.Context, id organisation.OperatorID, fingerprint string, e audit.Entry) error {
	return s.update(ctx, "accepting a recovery code", func(t *tx) error {
		n, err := t.changed(ctx, `DELETE FROM operator_codes WHERE operator_id = $1 AND hash = $2`, id, fingerprint)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("there is no such recovery code")
		}
		return t.audit(ctx, e)
	})
}
