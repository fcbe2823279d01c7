package organisation

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"postrider/internal/audit"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
)

// maxPasskeys is how many one operator may have.
const maxPasskeys = 20

type passkeyMark struct{}

// PasskeyID identifies a passkey. It is no secret.
type PasskeyID = ids.ID[passkeyMark]

// Passkey is one that an operator signs in with.
type Passkey struct {
	ID         PasskeyID  `json:"id"`
	Operator   OperatorID `json:"operator"`
	Name       string     `json:"name"` // as its owner calls it
	Credential string     `json:"-"`    // finds it
	Record     string     `json:"-"`    // its public key and counter
	UsedAt     time.Time  `json:"used_at,omitzero"`
	CreatedAt  time.Time  `json:"created_at"`
}

// PasskeyStore keeps passkeys.
type PasskeyStore interface {
	// AddPasskey is a Conflict where it is kept already.
	AddPasskey(ctx context.Context, p Passkey, e audit.Entry) error
	// Passkeys are those of an operator, the oldest first.
	Passkeys(ctx context.Context, of OperatorID) ([]Passkey, error)
	// RenamePasskey and RemovePasskey are NotFound where that operator has no
	// such passkey. Removing one ends all sessions of the operator but one.
	RenamePasskey(ctx context.Context, of OperatorID, id PasskeyID, name string, e audit.Entry) error
	RemovePasskey(ctx context.Context, of OperatorID, id PasskeyID, but SessionID, e audit.Entry) error
	// UsePasskey keeps the record as it is after a sign-in; NotFound.
	UsePasskey(ctx context.Context, of OperatorID, credential, record string, at time.Time) error
}

func passkeyName(name string) (string, error) {
	name = strings.TrimSpace(name)
	if name == "" {
		return "", invalid("name", "give it a name, such as the device that it is on", nil)
	}
	if err := mailaddr.CheckName(name); err != nil || utf8.RuneCountInString(name) > 60 {
		return "", invalid("name", "it is too long, or has characters that cannot be shown", err)
	}
	return name, nil
}

// AddPasskey keeps a passkey whose answer was checked.
func (p *Porter) AddPasskey(ctx context.Context, o Operator, name, credential, record string) error {
	name, err := passkeyName(name)
	if err != nil {
		return err
	}
	if o.Passkeys >= maxPasskeys {
		return invalid("name", "there are twenty passkeys already: remove one that you no longer use", nil)
	}
	k := Passkey{ID: ids.New[passkeyMark](), Operator: o.ID, Name: name, Credential: credential, Record: record, CreatedAt: p.Now()}
	return p.Store.AddPasskey(ctx, k, p.entry(o.Actor(), "added a passkey", o.ID, ""))
}

// CheckPasskeyName reports whether a passkey may be called so, as Invalid.
func CheckPasskeyName(name string) error {
	_, err := passkeyName(name)
	return err
}

// Passkeys are those of an operator, the oldest first.
func (p *Porter) Passkeys(ctx context.Context, of OperatorID) ([]Passkey, error) {
	return p.Store.Passkeys(ctx, of)
}

// RenamePasskey calls one otherwise.
func (p *Porter) RenamePasskey(ctx context.Context, o Operator, id PasskeyID, name string) error {
	name, err := passkeyName(name)
	if err != nil {
		return err
	}
	return p.Store.RenamePasskey(ctx, o.ID, id, name, p.entry(o.Actor(), "renamed a passkey", o.ID, ""))
}

// RemovePasskey forgets one, and ends all sessions of its owner but one.
func (p *Porter) RemovePasskey(ctx context.Context, o Operator, id PasskeyID, but SessionID) error {
	return p.Store.RemovePasskey(ctx, o.ID, id, but, p.entry(o.Actor(), "removed a passkey", o.ID, ""))
}

// WithPasskey lets in the owner of a passkey whose answer was checked.
func (p *Porter) WithPasskey(ctx context.Context, id OperatorID, credential, record string, v Visit) (Progress, error) {
	if err := p.Store.UsePasskey(ctx, id, credential, record, p.Now()); err != nil {
		return Progress{}, err
	}
	account, err := p.Store.Account(ctx, id)
	if err != nil {
		return Progress{}, err
	}
	session, err := p.Begin(ctx, account.Operator, ByPasskey, v)
	return Progress{Session: session, Operator: account.Operator}, err
}

// PasskeyFailed writes a line about an answer that did not fit.
func (p *Porter) PasskeyFailed(ctx context.Context) error { return p.failed(ctx, 0, "wrong passkey") }
