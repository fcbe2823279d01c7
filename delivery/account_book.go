package delivery

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/secrets"
)

// AccountStore keeps the accounts. Each change writes its audit entry in the
// same transaction. It sees secrets only as they are sealed.
type AccountStore interface {
	// AddAccount is a Conflict where there is one of that name.
	AddAccount(ctx context.Context, a Account, e audit.Entry) error
	// ChangeAccount keeps all of a but its state, and clears its trouble. It is
	// a Conflict where the row is not of time was any more.
	ChangeAccount(ctx context.Context, a Account, was time.Time, e audit.Entry) error
	// SetAccountState is a Conflict where the account is not in state from.
	SetAccountState(ctx context.Context, id AccountID, from, to AccountState, e audit.Entry) error
	// RemoveAccount is NotFound where it is gone; its posts that wait are cancelled.
	RemoveAccount(ctx context.Context, id AccountID, e audit.Entry) error
	// Accounts are all of them, by name.
	Accounts(ctx context.Context) ([]Account, error)
	// NoteAccountTrouble keeps why an account takes no post; empty clears it.
	NoteAccountTrouble(ctx context.Context, id AccountID, text string, at time.Time) error
}

// Opener opens an account at the other end.
type Opener interface {
	// Open logs in and looks, and returns the account with the handle that the
	// other end calls it by. Nothing is posted. An error is for people.
	Open(ctx context.Context, a Account, s AccountSecrets) (Account, error)
}

// AccountBook changes the accounts. It may be used at once from many places.
type AccountBook struct {
	Store   AccountStore
	Secrets *secrets.Sealer
	Opener  Opener // nil: accounts are kept untried
	Now     func() time.Time
}

// Add tries and keeps a new account, and returns it as kept. A webhook's key is
// made here; see Key. A field that cannot be used is an Invalid *errs.Error
// whose Field is its JSON key, or "secret".
func (b *AccountBook) Add(ctx context.Context, actor string, a Account, s AccountSecrets) (Account, error) {
	f, err := a.Kind.Facts()
	if err != nil {
		return Account{}, err
	}
	a.tidy(f)
	if err := a.Validate(); err != nil {
		return Account{}, err
	}
	if err := s.check(f); err != nil {
		return Account{}, err
	}
	if a, err = b.open(ctx, a, s); err != nil {
		return Account{}, err
	}
	a.ID, a.State, a.CreatedAt = ids.New[accountMark](), AccountActive, stamp(b.Now())
	a.UpdatedAt = a.CreatedAt
	if a.Kind == KindWebhook {
		s.Key = newWebhookKey()
	}
	if a.Sealed, err = b.seal(a.ID, s); err != nil {
		return Account{}, err
	}
	return a, b.Store.AddAccount(ctx, a, b.entry(actor, "added", a))
}

// tidy fills in what most accounts of the kind have.
func (a *Account) tidy(f AccountFacts) {
	a.Server = strings.TrimRight(strings.TrimSpace(a.Server), "/")
	a.Handle = strings.TrimSpace(a.Handle)
	if a.Server == "" {
		a.Server = f.Server
	}
	if a.Server != "" && !strings.Contains(a.Server, "://") {
		a.Server = "https://" + a.Server
	}
	if a.Kind == KindBluesky {
		a.Handle = strings.TrimPrefix(a.Handle, "@")
	}
}

func (b *AccountBook) open(ctx context.Context, a Account, s AccountSecrets) (Account, error) {
	if b.Opener == nil {
		return a, nil
	}
	opened, err := b.Opener.Open(ctx, a, s)
	if err != nil {
		return Account{}, fmt.Errorf("the account was tried and nothing is kept: %w", err)
	}
	a.Handle = opened.Handle
	return a, nil
}

// Change keeps a in the place of the account with its id, as it was read. The
// secret stays where s is nil; another server means that it must be given
// again, because it belongs to the old one. The kind stays. Somebody who was
// faster is a Conflict.
func (b *AccountBook) Change(ctx context.Context, actor string, a Account, s *AccountSecrets) (Account, error) {
	old, err := b.Find(ctx, a.ID.String())
	if err != nil {
		return Account{}, err
	}
	f, err := old.Kind.Facts()
	if err != nil {
		return Account{}, err
	}
	a.tidy(f)
	a.Kind, a.State, a.CreatedAt, a.Sealed = old.Kind, old.State, old.CreatedAt, old.Sealed
	if err := a.Validate(); err != nil {
		return Account{}, err
	}
	kept, err := b.Unseal(old)
	if err != nil && s == nil {
		return Account{}, err
	}
	switch {
	case s != nil:
		if err := s.check(f); err != nil {
			return Account{}, err
		}
		kept.Token = s.Token
	case old.Server != a.Server:
		return Account{}, badAccount("secret", "the server changes: give the "+f.Secret+" for the new one")
	}
	if a, err = b.open(ctx, a, kept); err != nil {
		return Account{}, err
	}
	if s != nil {
		if a.Sealed, err = b.seal(a.ID, kept); err != nil {
			return Account{}, err
		}
	}
	was := a.UpdatedAt
	a.Trouble, a.TroubleAt = "", time.Time{}
	a.UpdatedAt = later(stamp(b.Now()), was)
	return a, b.Store.ChangeAccount(ctx, a, was, b.entry(actor, "changed", a))
}

// Test opens an account as it is kept, and keeps or clears its trouble.
func (b *AccountBook) Test(ctx context.Context, ref string) (Account, error) {
	a, err := b.Find(ctx, ref)
	if err != nil {
		return Account{}, err
	}
	s, err := b.Unseal(a)
	if err != nil {
		return Account{}, err
	}
	trouble := ""
	if b.Opener != nil {
		if _, err = b.Opener.Open(ctx, a, s); err != nil {
			trouble = err.Error()
		}
	}
	if noted := b.Store.NoteAccountTrouble(ctx, a.ID, trouble, b.Now()); noted != nil && err == nil {
		err = noted
	}
	return a, err
}

// List returns all accounts by name, without secrets.
func (b *AccountBook) List(ctx context.Context) ([]Account, error) { return b.Store.Accounts(ctx) }

// Find returns the account of an id or a name. A missing one is NotFound with
// the nearest name.
func (b *AccountBook) Find(ctx context.Context, ref string) (Account, error) {
	all, err := b.Store.Accounts(ctx)
	if err != nil {
		return Account{}, err
	}
	var names []string
	for _, a := range all {
		if a.Name == ref || a.ID.String() == ref {
			return a, nil
		}
		names = append(names, a.Name)
	}
	switch near := errs.Nearest(ref, names); {
	case near != "":
		return Account{}, errs.NotFoundf("there is no account %q: did you mean %q?", ref, near)
	case len(names) == 0:
		return Account{}, errs.NotFoundf("there is no account %q, and no other: add one with postrider account add", ref)
	}
	return Account{}, errs.NotFoundf("there is no account %q: there are %s", ref, strings.Join(names, ", "))
}

// Pause keeps posts from the account; Resume lets them go out again.
func (b *AccountBook) Pause(ctx context.Context, actor, ref string) (Account, error) {
	return b.turn(ctx, actor, ref, AccountActive, AccountPaused, "paused")
}

// Resume lets posts go out again.
func (b *AccountBook) Resume(ctx context.Context, actor, ref string) (Account, error) {
	return b.turn(ctx, actor, ref, AccountPaused, AccountActive, "resumed")
}

func (b *AccountBook) turn(ctx context.Context, actor, ref string, from, to AccountState, action string) (Account, error) {
	a, err := b.Find(ctx, ref)
	if err != nil {
		return Account{}, err
	}
	if err := b.Store.SetAccountState(ctx, a.ID, from, to, b.entry(actor, action, a)); err != nil {
		return Account{}, err
	}
	a.State = to
	return a, nil
}

// Remove forgets an account with its secret. What was posted stays in the
// ledger; what waits is cancelled.
func (b *AccountBook) Remove(ctx context.Context, actor, ref string) (Account, error) {
	a, err := b.Find(ctx, ref)
	if err != nil {
		return Account{}, err
	}
	return a, b.Store.RemoveAccount(ctx, a.ID, b.entry(actor, "removed", a))
}

// Key is the key with which the receiver of a webhook checks its signature.
func (b *AccountBook) Key(ctx context.Context, ref string) (secrets.Secret, error) {
	a, err := b.Find(ctx, ref)
	if err != nil {
		return "", err
	}
	s, err := b.Unseal(a)
	if err == nil && s.Key == "" {
		return "", errs.NotFoundf("the account %q signs nothing: only webhooks have a key", a.Name)
	}
	return s.Key, err
}

// newWebhookKey is 24 random bytes as standardwebhooks.com writes them.
func newWebhookKey() secrets.Secret {
	var b [24]byte
	_, _ = rand.Read(b[:]) // never fails
	return secrets.Secret("whsec_" + base64.StdEncoding.EncodeToString(b[:]))
}

type sealedAccount struct {
	Token string `json:"token"`
	Key   string `json:"key,omitempty"`
}

func (b *AccountBook) seal(id AccountID, s AccountSecrets) (string, error) {
	plain, err := json.Marshal(sealedAccount{Token: s.Token.Reveal(), Key: s.Key.Reveal()})
	if err != nil {
		return "", err
	}
	return b.Secrets.Seal(accountPlace(id), secrets.Secret(plain))
}

// Unseal returns an account's secrets: for who posts, not for pages.
func (b *AccountBook) Unseal(a Account) (AccountSecrets, error) {
	plain, err := b.Secrets.Open(accountPlace(a.ID), a.Sealed)
	if err != nil {
		return AccountSecrets{}, fmt.Errorf("the account %q: %w", a.Name, err)
	}
	var s sealedAccount
	if err := json.Unmarshal([]byte(plain.Reveal()), &s); err != nil {
		return AccountSecrets{}, errs.Conflictf("the account %q: its secret cannot be read: set it again", a.Name)
	}
	return AccountSecrets{Token: secrets.Secret(s.Token), Key: secrets.Secret(s.Key)}, nil
}

func accountPlace(id AccountID) string { return "account:" + id.String() }

func (b *AccountBook) entry(actor, action string, a Account) audit.Entry {
	return audit.Entry{At: b.Now(), Actor: actor, Action: action, Kind: "account", Object: int64(a.ID), Detail: string(a.Kind)}
}
