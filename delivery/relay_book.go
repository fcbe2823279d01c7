package delivery

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/secrets"
)

// RelayStore keeps the relays. Each change writes its audit entry in the same
// transaction. It sees credentials only as they are sealed.
type RelayStore interface {
	// AddRelay is a Conflict where there is one of that name.
	AddRelay(ctx context.Context, r Relay, e audit.Entry) error
	// ChangeRelay keeps all of r but its state and trouble, and clears the
	// trouble. It is a Conflict where the row is not of time was any more.
	ChangeRelay(ctx context.Context, r Relay, was time.Time, e audit.Entry) error
	// SetRelayState is a Conflict where the relay is not in state from.
	SetRelayState(ctx context.Context, id RelayID, from, to RelayState, e audit.Entry) error
	// RemoveRelay is NotFound where it is gone already.
	RemoveRelay(ctx context.Context, id RelayID, e audit.Entry) error
	// Relays are all of them, by name.
	Relays(ctx context.Context) ([]Relay, error)
	// SetPaceRule keeps a pace for a key, or removes it where perMinute is 0.
	SetPaceRule(ctx context.Context, key string, perMinute int, e audit.Entry) error
	// NoteTrouble keeps why a relay takes no mail; an empty text clears it.
	NoteTrouble(ctx context.Context, id RelayID, text string, at time.Time) error
}

// RelayBook changes the relays. It may be used at once from many places.
type RelayBook struct {
	Store   RelayStore
	Secrets *secrets.Sealer
	Now     func() time.Time
	// Tokens makes the source of access tokens for a log-in by XOAUTH2; nil:
	// the password is the token.
	Tokens func(OAuth) TokenSource
}

// Add checks and keeps a new relay with its credentials and returns it as kept.
// A field that cannot be used is an Invalid *errs.Error whose Field is its JSON key.
func (b *RelayBook) Add(ctx context.Context, actor string, r Relay, c Credentials) (Relay, error) {
	if err := r.Validate(); err != nil {
		return Relay{}, err
	}
	r.ID, r.CreatedAt = ids.New[relayMark](), stamp(b.Now())
	r.UpdatedAt = r.CreatedAt
	r.Trouble, r.TroubleAt = "", time.Time{}
	if err := b.seal(&r, c); err != nil {
		return Relay{}, err
	}
	return bare(r), b.Store.AddRelay(ctx, bare(r), b.entry(actor, "added", r, string(r.Kind)))
}

// Change keeps r in the place of the relay with its id, as it was read. The
// credentials stay where c is nil; other host means that they must be given
// again, because they belong to the old one. Somebody who was faster is a Conflict.
func (b *RelayBook) Change(ctx context.Context, actor string, r Relay, c *Credentials) (Relay, error) {
	if err := r.Validate(); err != nil {
		return Relay{}, err
	}
	old, err := b.Find(ctx, r.ID.String())
	if err != nil {
		return Relay{}, err
	}
	r.Sealed = old.Sealed
	switch {
	case c != nil:
		if err := b.seal(&r, *c); err != nil {
			return Relay{}, err
		}
	case old.Sealed != "" && old.Config.Host != r.Config.Host:
		return Relay{}, badRelay("password", "the host changes: give the password for the new one", nil)
	case r.Config.Username == "":
		r.Sealed = ""
	case r.Sealed == "":
		return Relay{}, badRelay("password", "the user name needs a password", nil)
	}
	was := r.UpdatedAt
	r.CreatedAt, r.State = old.CreatedAt, old.State
	r.Trouble, r.TroubleAt = "", time.Time{}
	r.UpdatedAt = later(stamp(b.Now()), was)
	return bare(r), b.Store.ChangeRelay(ctx, bare(r), was, b.entry(actor, "changed", r, ""))
}

// seal encrypts credentials into r.
func (b *RelayBook) seal(r *Relay, c Credentials) error {
	r.Sealed = ""
	if r.Config.Username == "" {
		if c != (Credentials{}) {
			return badRelay("username", "a password needs a user name", nil)
		}
		return nil
	}
	if err := c.check(r.Config.Auth); err != nil {
		return err
	}
	plain, err := json.Marshal(sealedCredentials{
		Password: c.Password.Reveal(), TokenURL: c.OAuth.TokenURL, ClientID: c.OAuth.ClientID,
		ClientSecret: c.OAuth.ClientSecret.Reveal(), RefreshToken: c.OAuth.RefreshToken.Reveal(), Scope: c.OAuth.Scope,
	})
	if err != nil {
		return err
	}
	r.Sealed, err = b.Secrets.Seal(place(r.ID), secrets.Secret(plain))
	return err
}

// sealedCredentials are Credentials as they are encrypted.
type sealedCredentials struct {
	Password     string `json:"password,omitempty"`
	TokenURL     string `json:"token_url,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	RefreshToken string `json:"refresh_token,omitempty"`
	Scope        string `json:"scope,omitempty"`
}

func place(id RelayID) string { return "relay:" + id.String() }

func (c Credentials) check(auth string) error {
	const maxSecret = 8 << 10
	for _, s := range []string{c.Password.Reveal(), c.OAuth.ClientSecret.Reveal(), c.OAuth.RefreshToken.Reveal(), c.OAuth.ClientID, c.OAuth.Scope, c.OAuth.TokenURL} {
		if len(s) > maxSecret || !printable(s) {
			return badRelay("password", "it is too long, or has a line break or control character", nil)
		}
	}
	o := c.OAuth
	switch {
	case o == (OAuth{}) && c.Password == "":
		return badRelay("password", "the user name needs a password", nil)
	case o == (OAuth{}):
		return nil
	case auth != "xoauth2":
		return badRelay("auth", "a refresh token is for the log-in xoauth2", nil)
	case o.RefreshToken == "" || o.ClientID == "":
		return badRelay("oauth", "want token address, client id and refresh token together", nil)
	case !strings.HasPrefix(o.TokenURL, "https://"):
		return badRelay("oauth_token_url", "want an https address, such as https://oauth2.googleapis.com/token", nil)
	}
	return nil
}

// Ready lists the active relays with all that Mailer.Dial needs, secrets among
// it: for the Courier, not for pages.
func (b *RelayBook) Ready(ctx context.Context) ([]Relay, error) {
	all, err := b.Store.Relays(ctx)
	if err != nil {
		return nil, err
	}
	var out []Relay
	for _, r := range all {
		if r.State != RelayActive {
			continue
		}
		if r, err = b.Unseal(r); err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}

// Unseal completes one relay as Ready does.
func (b *RelayBook) Unseal(r Relay) (Relay, error) {
	r.Config.Name = r.Name
	if r.Sealed == "" {
		return r, nil
	}
	plain, err := b.Secrets.Open(place(r.ID), r.Sealed)
	if err != nil {
		return Relay{}, fmt.Errorf("the mail server %q: %w", r.Name, err)
	}
	var c sealedCredentials
	if err := json.Unmarshal([]byte(plain.Reveal()), &c); err != nil {
		return Relay{}, errs.Conflictf("the mail server %q: its password cannot be read: set it again", r.Name)
	}
	r.Config.Password = secrets.Secret(c.Password)
	if c.RefreshToken != "" && b.Tokens != nil {
		r.Config.Token = b.Tokens(OAuth{TokenURL: c.TokenURL, ClientID: c.ClientID, Scope: c.Scope,
			ClientSecret: secrets.Secret(c.ClientSecret), RefreshToken: secrets.Secret(c.RefreshToken)})
	}
	return r, nil
}

// List returns all relays by name, without secrets.
func (b *RelayBook) List(ctx context.Context) ([]Relay, error) { return b.Store.Relays(ctx) }

// Find returns the relay of an id or a name, without secrets. A missing one is
// NotFound with the nearest name.
func (b *RelayBook) Find(ctx context.Context, ref string) (Relay, error) {
	all, err := b.Store.Relays(ctx)
	if err != nil {
		return Relay{}, err
	}
	var names []string
	for _, r := range all {
		if r.Name == ref || r.ID.String() == ref {
			return r, nil
		}
		names = append(names, r.Name)
	}
	switch near := errs.Nearest(ref, names); {
	case near != "":
		return Relay{}, errs.NotFoundf("there is no mail server %q: did you mean %q?", ref, near)
	case len(names) == 0:
		return Relay{}, errs.NotFoundf("there is no mail server %q, and no other: add one with postrider relay add", ref)
	}
	return Relay{}, errs.NotFoundf("there is no mail server %q: there are %s", ref, strings.Join(names, ", "))
}

// Pause keeps further mails from the relay; those on the wire are finished. A
// paused one is a Conflict.
func (b *RelayBook) Pause(ctx context.Context, actor, ref string) (Relay, error) {
	return b.turn(ctx, actor, ref, RelayActive, RelayPaused, "paused")
}

// Resume lets mails go to the relay again.
func (b *RelayBook) Resume(ctx context.Context, actor, ref string) (Relay, error) {
	return b.turn(ctx, actor, ref, RelayPaused, RelayActive, "resumed")
}

func (b *RelayBook) turn(ctx context.Context, actor, ref string, from, to RelayState, action string) (Relay, error) {
	r, err := b.Find(ctx, ref)
	if err != nil {
		return Relay{}, err
	}
	if err := b.Store.SetRelayState(ctx, r.ID, from, to, b.entry(actor, action, r, "")); err != nil {
		return Relay{}, err
	}
	r.State = to
	return r, nil
}

// Remove forgets a relay with its password. The ledger keeps its name.
func (b *RelayBook) Remove(ctx context.Context, actor, ref string) (Relay, error) {
	r, err := b.Find(ctx, ref)
	if err != nil {
		return Relay{}, err
	}
	return r, b.Store.RemoveRelay(ctx, r.ID, b.entry(actor, "removed", r, ""))
}

// SetPace keeps how many mails a minute a recipient domain or mail-host family
// gets over all nodes and mail servers; key is PaceDomain or PaceFamily, 0 takes
// the limit away.
func (b *RelayBook) SetPace(ctx context.Context, actor, key string, perMinute int) error {
	if perMinute < 0 || perMinute > maxPace {
		return badRelay("per_minute", "want mails per minute from 1 to 1000000", nil)
	}
	return b.Store.SetPaceRule(ctx, key, perMinute, audit.Entry{At: b.Now(), Actor: actor, Action: "paced", Kind: "relay", Detail: fmt.Sprintf("%s: %d a minute", key, perMinute)})
}

func (b *RelayBook) entry(actor, action string, r Relay, detail string) audit.Entry {
	return audit.Entry{At: b.Now(), Actor: actor, Action: action, Kind: "relay", Object: int64(r.ID), Detail: detail}
}

// bare is r as the database keeps it.
func bare(r Relay) Relay {
	r.Config.Name, r.Config.Password, r.Config.Token = "", "", nil
	return r
}

// stamp is a time as the database keeps it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

// later is t, or just after was where two changes share a millisecond: the
// time tells them apart.
func later(t, was time.Time) time.Time {
	if t.After(was) {
		return t
	}
	return was.Add(time.Millisecond)
}
