// Package provider lets people in by an account that they have elsewhere
// (OpenID Connect, authorization code with PKCE). It asks the provider who
// somebody is and believes nobody else; what that person may do here is for
// organisation to say. It keeps nothing.
package provider

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"postrider/internal/auth"
	"postrider/internal/errs"
	"postrider/internal/secrets"
)

const (
	patience  = 10 * time.Second // for one exchange
	maxAnswer = 1 << 20          // bytes
)

// Config is a provider and what it knows us by.
type Config struct {
	Issuer   string // https
	ClientID string
	Secret   secrets.Secret
	Back     string // our address that it leads back to
	Now      func() time.Time
	Trust    *x509.CertPool // nil: the authorities that the machine trusts
}

// Provider is one that has said where to ask. It is for one sign-in.
type Provider struct {
	config Config
	client *http.Client
	known  *oidc.Provider
	oauth  oauth2.Config
}

// Identity is whom the provider says that somebody is.
type Identity struct {
	Issuer   string
	Subject  string // never changes, unlike the address
	Email    string
	Verified bool // the provider has made sure of the address
	Name     string
}

// Discover asks the issuer where its pages are. An issuer that cannot be asked
// or is another than it says is Invalid with the field issuer.
func Discover(ctx context.Context, c Config) (*Provider, error) {
	bad := func(text string, err error) error {
		return &errs.Error{Kind: errs.Invalid, Field: "issuer", Text: text, Err: err}
	}
	if u, err := url.Parse(c.Issuer); err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, bad("want its address over https, as in https://login.example.org", nil)
	}
	p := &Provider{config: c, client: client(c.Trust)}
	known, err := oidc.NewProvider(oidc.ClientContext(ctx, p.client), c.Issuer)
	if err != nil {
		var other *oidc.IssuerMismatchError
		if errors.As(err, &other) {
			return nil, bad("it calls itself otherwise: take the address exactly as it says it", nil)
		}
		return nil, bad("it does not answer as a provider of OpenID Connect", cause(err))
	}
	p.known = known
	p.oauth = oauth2.Config{ClientID: c.ClientID, ClientSecret: c.Secret.Reveal(), Endpoint: known.Endpoint(), RedirectURL: c.Back,
		Scopes: []string{oidc.ScopeOpenID, "email", "profile"}}
	for _, address := range []string{p.oauth.Endpoint.AuthURL, p.oauth.Endpoint.TokenURL} {
		if u, err := url.Parse(address); err != nil || u.Scheme != "https" {
			return nil, bad("its pages are not all over https", nil)
		}
	}
	return p, nil
}

// client goes where it is told and nowhere else: no redirects, no proxy, https
// only, never to the addresses on which a cloud tells a machine its secrets. A
// provider on the organisation's own network is as good as any other.
func client(trust *x509.CertPool) *http.Client {
	dialer := &net.Dialer{Timeout: patience, Control: func(_, address string, _ syscall.RawConn) error {
		a, err := netip.ParseAddrPort(address)
		if err != nil || a.Addr().Unmap().IsLinkLocalUnicast() || a.Addr().Unmap().IsMulticast() || a.Addr().IsUnspecified() {
			return errs.Forbiddenf("no provider is at %s", address)
		}
		return nil
	}}
	return &http.Client{
		Timeout:       patience,
		Transport:     bounded{&http.Transport{DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trust}, TLSHandshakeTimeout: patience, DisableKeepAlives: true}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// bounded reads no more of an answer than any provider has to say, over https.
type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" {
		return nil, errs.Forbiddenf("a provider is asked over https only")
	}
	response, err := b.next.RoundTrip(r)
	if err == nil {
		response.Body = struct {
			io.Reader
			io.Closer
		}{io.LimitReader(response.Body, maxAnswer), response.Body}
	}
	return response, err
}

// Going is the way to the provider. State is what the way back is checked
// against, once, and is never given to the browser.
type Going struct{ URL, State string }

type state struct {
	State    string `json:"state"`
	Nonce    string `json:"nonce"`
	Verifier string `json:"verifier"`
}

// Begin makes the way to the provider.
func (p *Provider) Begin() (Going, error) {
	s := state{State: rand.Text(), Nonce: rand.Text(), Verifier: oauth2.GenerateVerifier()}
	kept, err := json.Marshal(s)
	if err != nil {
		return Going{}, err
	}
	return Going{URL: p.oauth.AuthCodeURL(s.State, oidc.Nonce(s.Nonce), oauth2.S256ChallengeOption(s.Verifier)), State: string(kept)}, nil
}

// errBack is said of every way back that does not fit.
var errBack = errs.Forbiddenf("the provider's answer did not fit: begin again")

// Finish checks the way back and asks the provider who it was. An answer that
// does not fit is Forbidden; a provider that does not answer is Unavailable.
func (p *Provider) Finish(ctx context.Context, kept string, answer url.Values) (Identity, error) {
	var s state
	if err := json.Unmarshal([]byte(kept), &s); err != nil || s.State == "" || !auth.Same(answer.Get("state"), s.State) {
		return Identity{}, errBack
	}
	// RFC 9207: one provider must not pass for another.
	if iss := answer.Get("iss"); iss != "" && iss != p.config.Issuer {
		return Identity{}, errBack
	}
	if answer.Get("error") != "" || answer.Get("code") == "" {
		return Identity{}, errBack
	}
	ctx = oidc.ClientContext(ctx, p.client)
	token, err := p.oauth.Exchange(ctx, answer.Get("code"), oauth2.VerifierOption(s.Verifier))
	if err != nil {
		var refused *oauth2.RetrieveError
		if errors.As(err, &refused) {
			return Identity{}, errBack
		}
		return Identity{}, errs.Unavailablef("asking the provider: %w", cause(err))
	}
	raw, _ := token.Extra("id_token").(string)
	id, err := p.known.VerifierContext(ctx, &oidc.Config{ClientID: p.config.ClientID, Now: p.config.Now}).Verify(ctx, raw)
	if err != nil || !auth.Same(id.Nonce, s.Nonce) {
		return Identity{}, errBack
	}
	var claims struct {
		Email    string `json:"email"`
		Verified flag   `json:"email_verified"`
		Name     string `json:"name"`
	}
	if err := id.Claims(&claims); err != nil || id.Subject == "" {
		return Identity{}, errBack
	}
	return Identity{Issuer: id.Issuer, Subject: id.Subject, Email: claims.Email, Verified: bool(claims.Verified), Name: claims.Name}, nil
}

// flag is a truth that some providers write as a text.
type flag bool

// UnmarshalJSON takes true and "true"; all else is no.
func (f *flag) UnmarshalJSON(b []byte) error {
	*f = string(b) == "true" || string(b) == `"true"`
	return nil
}

// cause leaves out the request, whose address or body may carry a secret.
func cause(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return of.Err
	}
	return errors.New("its answer cannot be read")
}
