package organisation

import (
	"context"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
	"postrider/internal/secrets"
)

// Provider is whose accounts open operators' ones (OpenID Connect). There is
// at most one.
type Provider struct {
	Label    string   `json:"label"` // on the button: "Sign in with …"
	Issuer   string   `json:"issuer"`
	ClientID string   `json:"client_id"`
	Domains  []string `json:"domains"` // of addresses that it may let in; empty: all of the team
	Role     Role     `json:"role"`    // of people of these domains who are not in the team yet; empty: they do not get in
	Sealed   string   `json:"-"`
}

// ProviderStore keeps the provider and whose accounts there are whose here.
type ProviderStore interface {
	// Provider is NotFound where none is set.
	Provider(ctx context.Context) (Provider, error)
	SetProvider(ctx context.Context, p Provider, e audit.Entry) error
	// RemoveProvider also forgets whose accounts there are whose here.
	RemoveProvider(ctx context.Context, e audit.Entry) error
	// OperatorOf is NotFound for an account that nobody has come in with yet.
	OperatorOf(ctx context.Context, issuer, subject string) (OperatorID, error)
	// LinkIdentity is a Conflict where the account is somebody's already.
	LinkIdentity(ctx context.Context, issuer, subject string, of OperatorID, e audit.Entry) error
}

const maxDomains = 50

// Validate trims p and reports the first field that cannot be used.
func (p *Provider) Validate() error {
	p.Label, p.Issuer, p.ClientID = strings.TrimSpace(p.Label), strings.TrimSpace(p.Issuer), strings.TrimSpace(p.ClientID)
	u, err := url.Parse(p.Issuer)
	if err != nil || u.Scheme != "https" || u.Host == "" || len(p.Issuer) > maxURL || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return invalid("issuer", "want its address over https, as in https://login.example.org", nil)
	}
	if p.ClientID == "" || len(p.ClientID) > 500 || mailaddr.CheckName(p.ClientID[:min(len(p.ClientID), 100)]) != nil {
		return invalid("client_id", "want the client id that the provider gave you", nil)
	}
	if p.Label == "" {
		p.Label = u.Hostname()
	}
	if mailaddr.CheckName(p.Label) != nil || utf8.RuneCountInString(p.Label) > 60 {
		return invalid("label", "it is too long, or has characters that cannot be shown", nil)
	}
	var domains []string
	for _, d := range p.Domains {
		if d = strings.ToLower(strings.TrimPrefix(strings.TrimSpace(d), "@")); d == "" {
			continue
		}
		a, err := mailaddr.Parse("x@" + d)
		if err != nil {
			return invalid("domains", "want domains such as example.org", err)
		}
		domains = append(domains, a.Domain())
	}
	slices.Sort(domains)
	if p.Domains = slices.Compact(domains); len(p.Domains) > maxDomains {
		return invalid("domains", "there are more than 50", nil)
	}
	if p.Role != "" && p.Role.rank() == 0 {
		return invalid("role", "want owner, editor, reviewer or analyst, or nothing", nil)
	}
	if p.Role != "" && len(p.Domains) == 0 {
		return invalid("domains", "name the domains whose people may join by themselves: everybody else's account would do too", nil)
	}
	return nil
}

// admits reports whether an address is of one of the domains, whatever it is
// where none is named.
func (p Provider) admits(email string) bool {
	if len(p.Domains) == 0 {
		return true
	}
	a, err := mailaddr.Parse(email)
	return err == nil && slices.Contains(p.Domains, strings.ToLower(a.Domain()))
}

// Provider returns the one that is set, else NotFound.
func (p *Porter) Provider(ctx context.Context) (Provider, error) { return p.Store.Provider(ctx) }

// ProviderSecret is what the provider knows us by.
func (p *Porter) ProviderSecret(x Provider) (secrets.Secret, error) {
	return p.Secrets.Open(providerPlace(x), x.Sealed)
}

// providerPlace ties the secret to the issuer: nobody sends it elsewhere by
// changing the address.
func providerPlace(x Provider) string { return "provider:" + x.Issuer + " " + x.ClientID }

// SetProvider checks and keeps the provider. The secret stays where none is
// given and neither issuer nor client has changed.
func (p *Porter) SetProvider(ctx context.Context, actor string, x Provider, secret secrets.Secret) (Provider, error) {
	if err := x.Validate(); err != nil {
		return x, err
	}
	old, err := p.Store.Provider(ctx)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return x, err
	}
	switch {
	case secret != "" && len(secret.Reveal()) > 1000:
		return x, invalid("secret", "it is longer than any client secret", nil)
	case secret != "":
		if x.Sealed, err = p.Secrets.Seal(providerPlace(x), secret); err != nil {
			return x, err
		}
	case old.Sealed == "" || providerPlace(old) != providerPlace(x):
		return x, invalid("secret", "give the client secret of this provider", nil)
	default:
		x.Sealed = old.Sealed
	}
	return x, p.Store.SetProvider(ctx, x, audit.Entry{At: p.Now(), Actor: actor, Action: "changed", Kind: "provider", Object: 1, Detail: x.Issuer})
}

// RemoveProvider forgets the provider: nobody comes in by it any more.
func (p *Porter) RemoveProvider(ctx context.Context, actor string) error {
	return p.Store.RemoveProvider(ctx, audit.Entry{At: p.Now(), Actor: actor, Action: "removed", Kind: "provider", Object: 1})
}

// Identity is whom a provider says that somebody is, checked by the caller.
type Identity struct {
	Issuer, Subject, Email, Name string
	Verified                     bool // the provider has made sure of the address
}

// errStranger is said of somebody whom the provider knows and we do not.
var errStranger = errs.Forbiddenf("this account is not one of the team's: ask an owner for an invitation")

// WithIdentity lets in whose account at the provider it is. The first time it
// is found by its address, if the provider has made sure of that; somebody of
// an allowed domain may join by it where the provider has a role for them.
// Everybody else is Forbidden.
func (p *Porter) WithIdentity(ctx context.Context, x Provider, i Identity, v Visit) (Progress, error) {
	refuse := func(why string) (Progress, error) {
		if err := p.failed(ctx, 0, why); err != nil {
			return Progress{}, err
		}
		return Progress{}, errStranger
	}
	if i.Issuer != x.Issuer || i.Subject == "" || !p.mayUse(x, i) {
		return refuse("an account of the provider that is not allowed")
	}
	id, err := p.Store.OperatorOf(ctx, i.Issuer, i.Subject)
	if errs.Is(err, errs.NotFound) {
		id, err = p.link(ctx, x, i)
	}
	if errs.Is(err, errs.NotFound) {
		return refuse("an account of the provider that is not in the team")
	}
	if err != nil {
		return Progress{}, err
	}
	account, err := p.Store.Account(ctx, id)
	if err != nil {
		return Progress{}, err
	}
	session, err := p.Begin(ctx, account.Operator, ByProvider, v)
	return Progress{Session: session, Operator: account.Operator}, err
}

// mayUse wants an address of an allowed domain wherever domains are named.
func (p *Porter) mayUse(x Provider, i Identity) bool {
	return len(x.Domains) == 0 || i.Verified && x.admits(i.Email)
}

// link finds whose account it is by its address, or lets somebody join.
func (p *Porter) link(ctx context.Context, x Provider, i Identity) (OperatorID, error) {
	none := errs.NotFoundf("nobody has that account")
	key := canonical(i.Email)
	if !i.Verified || key == "" {
		return 0, none
	}
	account, err := p.Store.AccountOf(ctx, key)
	if errs.Is(err, errs.NotFound) && x.Role != "" {
		account.Operator, err = p.join(ctx, x, i)
	}
	if err != nil {
		return 0, err
	}
	return account.ID, p.Store.LinkIdentity(ctx, i.Issuer, i.Subject, account.ID, p.entry(account.Actor(), "linked an account of the provider", account.ID, ""))
}

func (p *Porter) join(ctx context.Context, x Provider, i Identity) (Operator, error) {
	o := Operator{Email: i.Email, Name: strings.TrimSpace(i.Name), Role: x.Role}
	if o.Name == "" || mailaddr.CheckName(o.Name) != nil || utf8.RuneCountInString(o.Name) > 100 {
		o.Name = localPart(i.Email)
	}
	if err := o.Validate(); err != nil {
		return o, err
	}
	o.ID, o.CreatedAt = ids.New[operatorMark](), p.Now()
	e := audit.Entry{At: o.CreatedAt, Actor: o.Actor(), Action: "added", Kind: "operator", Object: int64(o.ID), Detail: string(o.Role) + ", by the provider"}
	return o, p.Store.AddOperator(ctx, o, canonical(o.Email), "", 0, false, e)
}
