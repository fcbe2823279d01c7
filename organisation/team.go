package organisation

import (
	"context"
	"slices"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
	"postrider/internal/notice"
)

// invitationLife is how long an invitation may be answered.
const invitationLife = 7 * 24 * time.Hour

// Operators are the team, by name.
func (f *Office) Operators(ctx context.Context) ([]Operator, error) { return f.Store.Operators(ctx) }

// FindOperator returns one by id or address. Nobody is NotFound.
func (f *Office) FindOperator(ctx context.Context, who string) (Operator, error) {
	all, err := f.Store.Operators(ctx)
	if err != nil {
		return Operator{}, err
	}
	key := canonical(who)
	for _, o := range all {
		if o.ID.String() == who || key != "" && canonical(o.Email) == key {
			return o, nil
		}
	}
	return Operator{}, errNoOperator(who)
}

// AddOperator keeps a new one. hash is what auth.Hasher made of the password,
// empty for somebody who comes in another way. The first one may be added by
// whoever has the token of the start; then it is a Conflict when somebody else
// was faster.
func (f *Office) AddOperator(ctx context.Context, actor string, o Operator, hash string, first bool) (Operator, error) {
	if err := o.Validate(); err != nil {
		return Operator{}, err
	}
	if first && o.Role != Owner {
		return Operator{}, invalid("role", "the first team member is an owner: somebody must be able to let the others in", nil)
	}
	return f.add(ctx, actor, o, hash, 0, first)
}

func (f *Office) add(ctx context.Context, actor string, o Operator, hash string, answers InvitationID, first bool) (Operator, error) {
	o.ID, o.CreatedAt = ids.New[operatorMark](), f.Now()
	o.Password, o.TOTP, o.Codes, o.Passkeys, o.SignedInAt = hash != "", false, 0, 0, time.Time{}
	if actor == "" {
		actor = o.Actor() // whoever answers an invitation
	}
	e := audit.Entry{At: o.CreatedAt, Actor: actor, Action: "added", Kind: "operator", Object: int64(o.ID), Detail: string(o.Role)}
	err := f.Store.AddOperator(ctx, o, canonical(o.Email), hash, answers, first, e)
	return o, err
}

// Rename keeps an operator's name and language.
func (f *Office) Rename(ctx context.Context, actor string, id OperatorID, name, language string) (Operator, error) {
	o, err := f.FindOperator(ctx, id.String())
	if err != nil {
		return o, err
	}
	o.Name, o.Language = name, language
	if err := o.Validate(); err != nil {
		return o, err
	}
	return o, f.Store.SetOperator(ctx, o, f.entry(actor, "renamed", o, ""))
}

// SetRole gives an operator another role and ends their sessions, so that no
// page that is open goes on with the old one. The last owner stays one:
// Conflict.
func (f *Office) SetRole(ctx context.Context, actor string, id OperatorID, role Role) (Operator, error) {
	if role.rank() == 0 {
		return Operator{}, invalid("role", "want owner, editor, reviewer or analyst", nil)
	}
	o, err := f.FindOperator(ctx, id.String())
	if err != nil || o.Role == role {
		return o, err
	}
	was := o.Role
	o.Role = role
	return o, f.Store.SetRole(ctx, id, role, f.entry(actor, "changed role", o, string(was)+" → "+string(role)))
}

// RemoveOperator takes an operator out with their sessions and everything that
// lets them in. What they did stays in the audit log under their name. The last
// owner stays: Conflict.
func (f *Office) RemoveOperator(ctx context.Context, actor string, id OperatorID) error {
	o, err := f.FindOperator(ctx, id.String())
	if err != nil {
		return err
	}
	return f.Store.RemoveOperator(ctx, id, f.entry(actor, "removed", o, string(o.Role)))
}

func (f *Office) entry(actor, action string, o Operator, detail string) audit.Entry {
	return audit.Entry{At: f.Now(), Actor: actor, Action: action, Kind: "operator", Object: int64(o.ID), Detail: detail}
}

// Letter writes the notice of an invitation, in the words and language of
// whoever shows pages; nil: none is sent, and the link is handed over by hand.
type Letter func(Invitation) *notice.Notice

// Invite keeps an invitation and has its notice sent. Somebody who is in the
// team already is a Conflict; an older invitation to the same address ends.
func (f *Office) Invite(ctx context.Context, actor string, i Invitation, letter Letter) (Invitation, error) {
	a, err := mailaddr.Parse(strings.TrimSpace(i.Email))
	if err != nil {
		return i, invalid("email", "", err)
	}
	i.Email, i.Name = a.String(), strings.TrimSpace(i.Name)
	probe := Operator{Email: i.Email, Name: i.Name, Role: i.Role, Language: i.Language}
	if probe.Name == "" {
		probe.Name = "x" // the invited says it
	}
	if err := probe.Validate(); err != nil {
		return i, err
	}
	if _, err := f.FindOperator(ctx, i.Email); !errs.Is(err, errs.NotFound) {
		if err == nil {
			err = &errs.Error{Kind: errs.Conflict, Field: "email", Text: "somebody with that address is in the team already"}
		}
		return i, err
	}
	i.ID, i.CreatedAt, i.InvitedBy = ids.New[invitationMark](), f.Now(), actor
	i.ExpiresAt = i.CreatedAt.Add(invitationLife)
	var n *notice.Notice
	if letter != nil {
		n = letter(i)
	}
	e := audit.Entry{At: i.CreatedAt, Actor: actor, Action: "invited", Kind: "invitation", Object: int64(i.ID), Detail: string(i.Role)}
	return i, f.Store.AddInvitation(ctx, i, canonical(i.Email), n, e)
}

// Invitations are all that may still be answered, newest first.
func (f *Office) Invitations(ctx context.Context) ([]Invitation, error) {
	return f.Store.Invitations(ctx, f.Now())
}

// Invitation returns one that may still be answered, else NotFound.
func (f *Office) Invitation(ctx context.Context, id InvitationID) (Invitation, error) {
	all, err := f.Invitations(ctx)
	if err != nil {
		return Invitation{}, err
	}
	if n := slices.IndexFunc(all, func(i Invitation) bool { return i.ID == id }); n >= 0 {
		return all[n], nil
	}
	return Invitation{}, errs.NotFoundf("this invitation is over or has been used: ask whoever sent it for a new one")
}

// Withdraw ends an invitation.
func (f *Office) Withdraw(ctx context.Context, actor string, id InvitationID) error {
	return f.Store.RemoveInvitation(ctx, id, audit.Entry{At: f.Now(), Actor: actor, Action: "withdrew", Kind: "invitation", Object: int64(id)})
}

// Accept makes an operator of whoever answers an invitation, once.
func (f *Office) Accept(ctx context.Context, id InvitationID, name, language, hash string) (Operator, error) {
	i, err := f.Invitation(ctx, id)
	if err != nil {
		return Operator{}, err
	}
	o := Operator{Email: i.Email, Name: name, Role: i.Role, Language: language}
	if err := o.Validate(); err != nil {
		return o, err
	}
	return f.add(ctx, "", o, hash, i.ID, false)
}
