package provider

import (
	"context"
	"crypto/x509"
	"net/url"
	"strings"
	"testing"
	"time"

	"postrider/internal/auth/provider/providertest"
	"postrider/internal/errs"
)

var ctx = context.Background()

const back = "https://desk.example.org/sign-in/provider/back"

func discover(t *testing.T, p *providertest.Provider, secret string) *Provider {
	t.Helper()
	got, err := Discover(ctx, Config{Issuer: p.Issuer, ClientID: providertest.ClientID, Secret: "x", Back: back, Now: p.Now, Trust: p.Trust})
	if err != nil {
		t.Fatal(err)
	}
	got.oauth.ClientSecret = secret
	return got
}

func query(t *testing.T, address string) url.Values {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

func TestProviderSaysWhoItIs(t *testing.T) {
	t.Parallel()
	there := providertest.Start(t, time.Now)
	p := discover(t, there, providertest.Secret)
	going, err := p.Begin()
	if err != nil || strings.Contains(going.URL, query(t, going.URL).Get("code_verifier")+"never") || strings.Contains(going.State, "https://") {
		t.Fatalf("%+v, %v", going, err)
	}
	answer := query(t, there.Approve(going.URL, map[string]any{"sub": "42", "email": "ada@example.org", "email_verified": "true", "name": "Ada"}))
	got, err := p.Finish(ctx, going.State, answer)
	if err != nil || got != (Identity{there.Issuer, "42", "ada@example.org", true, "Ada"}) {
		t.Fatalf("%+v, %v", got, err)
	}
	if _, err := p.Finish(ctx, going.State, answer); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the same code again: %v", err)
	}
}

func TestAnswersThatDoNotFitAreRefused(t *testing.T) {
	t.Parallel()
	there := providertest.Start(t, time.Now)
	claims := map[string]any{"sub": "42", "email": "ada@example.org", "email_verified": true}
	for name, c := range map[string]struct {
		secret string
		change func(claims map[string]any)
		alter  func(q url.Values)
		other  bool // the state of another sign-in
	}{
		"another state":     {alter: func(q url.Values) { q.Set("state", "x") }},
		"no state":          {alter: func(q url.Values) { q.Del("state") }},
		"no code":           {alter: func(q url.Values) { q.Del("code") }},
		"a refusal":         {alter: func(q url.Values) { q.Set("error", "access_denied") }},
		"another issuer":    {alter: func(q url.Values) { q.Set("iss", "https://evil.example") }},
		"another browser's": {other: true},
		"a wrong secret":    {secret: "guessed"},
		"a wrong nonce":     {change: func(c map[string]any) { c["nonce"] = "x" }},
		"for another":       {change: func(c map[string]any) { c["aud"] = "somebody-else" }},
		"from another":      {change: func(c map[string]any) { c["iss"] = "https://evil.example" }},
		"expired":           {change: func(c map[string]any) { c["exp"] = time.Now().Add(-time.Hour).Unix() }},
		"nobody":            {change: func(c map[string]any) { delete(c, "sub") }},
	} {
		t.Run(name, func(t *testing.T) {
			secret := c.secret
			if secret == "" {
				secret = providertest.Secret
			}
			p := discover(t, there, secret)
			going, err := p.Begin()
			if err != nil {
				t.Fatal(err)
			}
			there.Change = c.change
			answer := query(t, there.Approve(going.URL, claims))
			if c.alter != nil {
				c.alter(answer)
			}
			if c.other {
				if going, err = p.Begin(); err != nil {
					t.Fatal(err)
				}
			}
			if got, err := p.Finish(ctx, going.State, answer); !errs.Is(err, errs.Forbidden) || got != (Identity{}) {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
}

func TestWhatIsNoProviderIsSaid(t *testing.T) {
	t.Parallel()
	there := providertest.Start(t, time.Now)
	for name, c := range map[string]struct {
		issuer string
		trust  *x509.CertPool
	}{
		"over http": {"http://" + strings.TrimPrefix(there.Issuer, "https://"), there.Trust}, "unknown certificate": {there.Issuer, x509.NewCertPool()},
		"another name": {there.Issuer + "/", there.Trust}, "nothing": {"", nil}, "the metadata of a cloud": {"https://169.254.169.254/", nil},
		"credentials": {"https://a:b@" + strings.TrimPrefix(there.Issuer, "https://"), there.Trust},
	} {
		_, err := Discover(ctx, Config{Issuer: c.issuer, ClientID: "x", Secret: "canary", Back: back, Now: time.Now, Trust: c.trust})
		if !errs.Is(err, errs.Invalid) || strings.Contains(err.Error(), "canary") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
