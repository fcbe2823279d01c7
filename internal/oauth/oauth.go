// Package oauth gets access tokens for a mail server's XOAUTH2 log-in out of a
// refresh token (RFC 6749 §6). It opens no browser and asks nobody: the refresh
// token is made once, by a person, with the provider's own tools.
package oauth

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"postrider/internal/errs"
	"postrider/internal/secrets"
)

const (
	maxAnswer = 64 << 10 // bytes
	timeout   = 15 * time.Second
	early     = time.Minute     // a token is renewed so long before its end
	lifetime  = 5 * time.Minute // of a token that does not say
)

// Config says where tokens come from.
type Config struct {
	TokenURL     string // https
	ClientID     string
	ClientSecret secrets.Secret // may be empty: public clients have none
	RefreshToken secrets.Secret
	Scope        string // may be empty: as granted
}

// Source gets tokens and keeps the last one while it is valid. It is safe for
// concurrent use; several that ask at once wait for one answer.
type Source struct {
	config Config
	client *http.Client
	now    func() time.Time

	turn    chan struct{} // holds one value: whoever has it may ask
	mu      sync.Mutex
	token   secrets.Secret
	until   time.Time
	refresh secrets.Secret // the provider may give another with each token
}

// New makes a Source that has not asked yet. trust nil means the authorities
// that the machine trusts.
func New(c Config, now func() time.Time, trust *x509.CertPool) *Source {
	transport := &http.Transport{TLSClientConfig: &tls.Config{MinVersion: tls.VersionTLS12, RootCAs: trust}, TLSHandshakeTimeout: timeout, ForceAttemptHTTP2: true, MaxIdleConns: 1, IdleConnTimeout: time.Minute}
	s := &Source{config: c, now: now, turn: make(chan struct{}, 1), refresh: c.RefreshToken, client: &http.Client{
		Transport: transport, Timeout: timeout,
		// A token goes to the address that was given, not to where it points.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s.turn <- struct{}{}
	return s
}

// Token returns a token that is valid for another minute. It fails with
// Forbidden where the provider wants a person to allow the access again, with
// Unavailable where trying later may help.
func (s *Source) Token(ctx context.Context) (secrets.Secret, error) {
	if t, ok := s.kept(); ok {
		return t, nil
	}
	select {
	case <-s.turn:
		defer func() { s.turn <- struct{}{} }()
	case <-ctx.Done():
		return "", errs.Unavailablef("waiting for an access token: %w", context.Cause(ctx))
	}
	if t, ok := s.kept(); ok { // somebody else asked meanwhile
		return t, nil
	}
	return s.ask(ctx)
}

func (s *Source) kept() (secrets.Secret, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.token, s.token != "" && s.now().Before(s.until)
}

// answer is RFC 6749 §5.1 and §5.2.
type answer struct {
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	ExpiresIn    int64  `json:"expires_in"` // seconds
	Error        string `json:"error"`
}

func (s *Source) ask(ctx context.Context) (secrets.Secret, error) {
	u, err := url.Parse(s.config.TokenURL)
	if err != nil || u.Scheme != "https" || u.Host == "" {
		return "", errs.Invalidf("the address for access tokens is not https: set it again")
	}
	form := url.Values{"grant_type": {"refresh_token"}, "client_id": {s.config.ClientID}}
	s.mu.Lock()
	form.Set("refresh_token", s.refresh.Reveal())
	s.mu.Unlock()
	if secret := s.config.ClientSecret; secret != "" {
		form.Set("client_secret", secret.Reveal())
	}
	if s.config.Scope != "" {
		form.Set("scope", s.config.Scope)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, u.String(), strings.NewReader(form.Encode()))
	if err != nil {
		return "", errs.Invalidf("the address for access tokens cannot be used: set it again")
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Accept", "application/json")
	began := s.now()
	response, err := s.client.Do(request)
	if err != nil {
		return "", errs.Unavailablef("no access token from %s: %w", u.Host, cause(err))
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil || len(body) > maxAnswer {
		return "", errs.Unavailablef("the answer of %s about an access token broke off or is too long", u.Host)
	}
	var a answer
	if err := json.Unmarshal(bytes.TrimSpace(body), &a); err != nil {
		a = answer{}
	}
	if response.StatusCode != http.StatusOK || a.AccessToken == "" {
		return "", refusal(u.Host, response.StatusCode, a.Error)
	}
	return s.keep(a, began)
}

// keep remembers a token.
func (s *Source) keep(a answer, began time.Time) (secrets.Secret, error) {
	// It becomes part of a command line of the log-in.
	if strings.ContainsFunc(a.AccessToken, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errs.Unavailablef("the access token has characters that no token has")
	}
	valid := time.Duration(min(max(a.ExpiresIn, 0), 24*3600)) * time.Second
	if a.ExpiresIn <= 0 {
		valid = lifetime
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.token, s.until = secrets.Secret(a.AccessToken), began.Add(valid-min(early, valid/2))
	if a.RefreshToken != "" {
		s.refresh = secrets.Secret(a.RefreshToken)
	}
	return s.token, nil
}

// refusal tells what a person must mend from what will pass.
func refusal(host string, status int, code string) error {
	switch code {
	case "invalid_grant":
		return errs.Forbiddenf("%s no longer accepts the refresh token: allow the access again and set the new one", host)
	case "invalid_client", "unauthorized_client":
		return errs.Forbiddenf("%s does not know the client: check client id and client secret", host)
	case "invalid_scope", "invalid_request", "unsupported_grant_type":
		return errs.Forbiddenf("%s does not understand the request (%s): check scope and address", host, code)
	}
	if status == http.StatusTooManyRequests || status >= 500 {
		return errs.Unavailablef("%s gives no access token now (status %d): we try again", host, status)
	}
	return errs.Forbiddenf("%s gives no access token (status %d): check its address, client id and client secret", host, status)
}

// cause leaves out the request, whose address may carry what should not be logged.
func cause(err error) error {
	var of *url.Error
	if errors.As(err, &of) {
		return fmt.Errorf("%s: %w", strings.ToLower(of.Op), of.Err)
	}
	return err
}
