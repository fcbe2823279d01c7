package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/notice"
	"postrider/organisation"
)

// maxOperators bounds the team, as every read is bounded.
const maxOperators = 1000

const operatorColumns = `
	o.id, o.email, o.name, o.role, o.language, o.password, o.totp, o.totp_step, o.signed_in_at, o.created_at,
	(SELECT count(*) FROM operator_codes c WHERE c.operator_id = o.id),
	(SELECT count(*) FROM operator_passkeys p WHERE p.operator_id = o.id)`

// operatorFields are the targets of operatorColumns.
type operatorFields struct {
	a               organisation.Account
	signed, created int64
}

func (f *operatorFields) targets() []any {
	return []any{&f.a.ID, &f.a.Email, &f.a.Name, &f.a.Role, &f.a.Language, &f.a.Hash, &f.a.Sealed, &f.a.Step, &f.signed, &f.created, &f.a.Codes, &f.a.Passkeys}
}

func (f *operatorFields) account() organisation.Account {
	f.a.Password, f.a.TOTP = f.a.Hash != "", f.a.Sealed != ""
	f.a.SignedInAt, f.a.CreatedAt = fromMillis(f.signed), fromMillis(f.created)
	return f.a
}

// Operators implements organisation.OperatorStore.
func (s *Store) Operators(ctx context.Context) ([]organisation.Operator, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+operatorColumns+`
		FROM operators o
		ORDER BY o.name, o.id
		LIMIT $1`, maxOperators)
	all, err := collect(rows, err, func(r *sql.Rows) (organisation.Operator, error) {
		var f operatorFields
		err := r.Scan(f.targets()...)
		return f.account().Operator, err
	})
	return all, s.wrap("reading the team", err)
}

// AccountOf implements organisation.FactorStore.
func (s *Store) AccountOf(ctx context.Context, canonical string) (organisation.Account, error) {
	return s.account(ctx, `o.canonical = $1`, canonical)
}

// Account implements organisation.FactorStore.
func (s *Store) Account(ctx context.Context, id organisation.OperatorID) (organisation.Account, error) {
	return s.account(ctx, `o.id = $1`, id)
}

func (s *Store) account(ctx context.Context, which string, arg any) (organisation.Account, error) {
	var f operatorFields
	err := s.reader().row(ctx, `SELECT `+operatorColumns+` FROM operators o WHERE `+which, arg).Scan(f.targets()...)
	if errors.Is(err, sql.ErrNoRows) {
		return organisation.Account{}, errs.NotFoundf("there is no such team member")
	}
	return f.account(), s.wrap("reading a team member", err)
}

// AddOperator implements organisation.OperatorStore.
func (s *Store) AddOperator(ctx context.Context, o organisation.Operator, canonical, hash string, answers organisation.InvitationID, first bool, e audit.Entry) error {
	taken := false
	err := s.update(ctx, "adding a team member", func(t *tx) error {
		if err := t.lockTeam(ctx); err != nil {
			return err
		}
		var there, same int
		if err := t.row(ctx, `SELECT count(*), count(CASE WHEN canonical = $1 THEN 1 END) FROM operators`, canonical).Scan(&there, &same); err != nil {
			return err
		}
		if taken = same > 0; taken {
			return errs.Conflictf("somebody with that address is in the team already")
		}
		if first && there > 0 {
			return errs.Conflictf("there is a team already: sign in, or ask an owner for an invitation")
		}
		if there == 0 && o.Role != organisation.Owner {
			return errs.Conflictf("the first team member has to be an owner, who can let the others in: make that account first")
		}
		if there >= maxOperators {
			return errs.Conflictf("the team has %d members, which is as many as there can be", there)
		}
		if answers != 0 {
			n, err := t.changed(ctx, `DELETE FROM invitations WHERE id = $1 AND canonical = $2`, answers, canonical)
			if err != nil {
				return err
			}
			if n == 0 {
				return errs.NotFoundf("this invitation is over or has been used: ask whoever sent it for a new one")
			}
		}
		if err := t.exec(ctx, `
			INSERT INTO operators (id, email, canonical, name, role, language, password, totp, totp_step, signed_in_at, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, '', 0, 0, $8, $8)`,
			o.ID, o.Email, canonical, o.Name, string(o.Role), o.Language, hash, millis(o.CreatedAt)); err != nil {
			return err
		}
		// Whoever is in the team needs no invitation, and the token of the start
		// has done its work.
		if err := t.exec(ctx, `DELETE FROM invitations WHERE canonical = $1`, canonical); err != nil {
			return err
		}
		if err := t.exec(ctx, `UPDATE sessions SET ended_at = $1 WHERE operator_id = 0 AND ended_at = 0`, millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
	if taken {
		return &errs.Error{Kind: errs.Conflict, Field: "email", Text: "somebody with that address is in the team already"}
	}
	return err
}

// lockTeam lets one transaction at a time change who is in the team, so that
// two owners cannot take each other's role away. On SQLite there is one anyway.
func (t *tx) lockTeam(ctx context.Context) error {
	if t.d.lockTeam == "" {
		return nil
	}
	return t.exec(ctx, t.d.lockTeam)
}

// SetOperator implements organisation.OperatorStore.
func (s *Store) SetOperator(ctx context.Context, o organisation.Operator, e audit.Entry) error {
	return s.update(ctx, "keeping a team member", func(t *tx) error {
		if err := t.swap(ctx, "the team member", `UPDATE operators SET name = $2, language = $3, updated_at = $4 WHERE id = $1`,
			o.ID, o.Name, o.Language, millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// SetRole implements organisation.OperatorStore.
func (s *Store) SetRole(ctx context.Context, id organisation.OperatorID, role organisation.Role, e audit.Entry) error {
	return s.update(ctx, "changing a role", func(t *tx) error {
		if err := t.lockTeam(ctx); err != nil {
			return err
		}
		if err := t.swap(ctx, "the team member", `UPDATE operators SET role = $2, updated_at = $3 WHERE id = $1`, id, string(role), millis(e.At)); err != nil {
			return err
		}
		if err := t.anOwnerIsLeft(ctx); err != nil {
			return err
		}
		if err := t.endSessions(ctx, id, 0, e.At); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// RemoveOperator implements organisation.OperatorStore.
func (s *Store) RemoveOperator(ctx context.Context, id organisation.OperatorID, e audit.Entry) error {
	return s.update(ctx, "removing a team member", func(t *tx) error {
		if err := t.lockTeam(ctx); err != nil {
			return err
		}
		n, err := t.changed(ctx, `DELETE FROM operators WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("the team member has been removed already")
		}
		if err := t.anOwnerIsLeft(ctx); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM sessions WHERE operator_id = $1`, id); err != nil {
			return err
		}
		if err := t.exec(ctx, `DELETE FROM sign_ins WHERE operator_id = $1`, id); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

func (t *tx) anOwnerIsLeft(ctx context.Context) error {
	var owners int
	if err := t.row(ctx, `SELECT count(*) FROM operators WHERE role = 'owner'`).Scan(&owners); err != nil {
		return err
	}
	if owners == 0 {
		return errs.Conflictf("this is the last owner, and somebody must be able to let others in: make another team member an owner first")
	}
	return nil
}

// AddInvitation implements organisation.OperatorStore.
func (s *Store) AddInvitation(ctx context.Context, i organisation.Invitation, canonical string, n *notice.Notice, e audit.Entry) error {
	return s.update(ctx, "keeping an invitation", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM invitations WHERE canonical = $1 OR expires_at < $2`, canonical, millis(e.At)); err != nil {
			return err
		}
		var open int
		if err := t.row(ctx, `SELECT count(*) FROM invitations`).Scan(&open); err != nil {
			return err
		}
		if open >= maxOperators {
			return errs.Conflictf("%d invitations are open, which is as many as there can be: withdraw some first", open)
		}
		if err := t.exec(ctx, `
			INSERT INTO invitations (id, email, canonical, name, role, language, invited_by, expires_at, created_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
			i.ID, i.Email, canonical, i.Name, string(i.Role), i.Language, i.InvitedBy, millis(i.ExpiresAt), millis(i.CreatedAt)); err != nil {
			return err
		}
		if n != nil {
			if err := t.addNotice(ctx, *n, i.CreatedAt); err != nil {
				return err
			}
		}
		return t.audit(ctx, e)
	})
}

// Invitations implements organisation.OperatorStore.
func (s *Store) Invitations(ctx context.Context, at time.Time) ([]organisation.Invitation, error) {
	rows, err := s.reader().query(ctx, `
		SELECT id, email, name, role, language, invited_by, expires_at, created_at
		FROM invitations
		WHERE expires_at > $1
		ORDER BY id DESC
		LIMIT $2`, millis(at), maxOperators)
	all, err := collect(rows, err, func(r *sql.Rows) (organisation.Invitation, error) {
		var i organisation.Invitation
		var expires, created int64
		err := r.Scan(&i.ID, &i.Email, &i.Name, &i.Role, &i.Language, &i.InvitedBy, &expires, &created)
		i.ExpiresAt, i.CreatedAt = fromMillis(expires), fromMillis(created)
		return i, err
	})
	return all, s.wrap("reading the invitations", err)
}

// RemoveInvitation implements organisation.OperatorStore.
func (s *Store) RemoveInvitation(ctx context.Context, id organisation.InvitationID, e audit.Entry) error {
	return s.update(ctx, "withdrawing an invitation", func(t *tx) error {
		n, err := t.changed(ctx, `DELETE FROM invitations WHERE id = $1`, id)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("the invitation has been used or withdrawn already")
		}
		return t.audit(ctx, e)
	})
}
