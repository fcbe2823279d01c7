package oauth

import (
	"context"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"postrider/internal/errs"
)

// provider is a token server over TLS.
func provider(t *testing.T, h http.HandlerFunc) (address string, roots *x509.CertPool) {
	t.Helper()
	s := httptest.NewTLSServer(h)
	t.Cleanup(s.Close)
	roots = x509.NewCertPool()
	roots.AddCert(s.Certificate())
	return s.URL + "/token", roots
}

type clock struct{ at atomic.Int64 }

func (c *clock) now() time.Time           { return time.Unix(1_800_000_000, c.at.Load()) }
func (c *clock) forward(by time.Duration) { c.at.Add(int64(by)) }

func TestTokensAreKeptWhileValid(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	var seen sync.Map
	address, roots := provider(t, func(w http.ResponseWriter, r *http.Request) {
		n := asked.Add(1)
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		seen.Store(n, r.PostForm.Encode())
		fmt.Fprintf(w, `{"access_token":"t%d","expires_in":3600,"refresh_token":"r%d","token_type":"Bearer"}`, n, n)
	})
	c := &clock{}
	s := New(Config{TokenURL: address, ClientID: "id", ClientSecret: "cs", RefreshToken: "r0", Scope: "smtp offline"}, c.now, roots)
	want := func(token string) {
		t.Helper()
		if got, err := s.Token(t.Context()); err != nil || got.Reveal() != token {
			t.Errorf("token %q, %v; want %q", got.Reveal(), err, token)
		}
	}
	var waiting sync.WaitGroup
	for range 8 {
		waiting.Go(func() { want("t1") })
	}
	waiting.Wait()
	c.forward(58 * time.Minute)
	want("t1")
	c.forward(time.Minute)
	want("t2")
	if asked.Load() != 2 {
		t.Errorf("asked %d times", asked.Load())
	}
	for n, want := range map[int64]string{1: "r0", 2: "r1"} {
		form, _ := seen.Load(n)
		if form != "client_id=id&client_secret=cs&grant_type=refresh_token&refresh_token="+want+"&scope=smtp+offline" {
			t.Errorf("request %d was %v", n, form)
		}
	}
}

func TestRefusalsNameTheRemedy(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		status int
		body   string
		kind   errs.Kind
		text   string
	}{
		{"taken back", 400, `{"error":"invalid_grant","error_description":"canary"}`, errs.Forbidden, "allow the access again"},
		{"wrong client", 401, `{"error":"invalid_client"}`, errs.Forbidden, "client secret"},
		{"busy", 503, `canary`, errs.Unavailable, "try again"},
		{"too often", 429, `{}`, errs.Unavailable, "try again"},
		{"not found", 404, `<html>canary`, errs.Forbidden, "check its address"},
		{"a redirect", 302, ``, errs.Forbidden, "status 302"},
		{"no token", 200, `{"token_type":"Bearer"}`, errs.Forbidden, "gives no access token"},
		{"no JSON", 200, `canary`, errs.Forbidden, "gives no access token"},
		{"a line break", 200, `{"access_token":"a\r\nQUIT"}`, errs.Unavailable, "characters"},
		{"a flood", 200, `{"access_token":"` + strings.Repeat("a", maxAnswer) + `"}`, errs.Unavailable, "too long"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int64
			address, roots := provider(t, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.Header().Set("Location", "/elsewhere")
				w.WriteHeader(test.status)
				fmt.Fprint(w, test.body)
			})
			s := New(Config{TokenURL: address, ClientID: "id", RefreshToken: "canary"}, time.Now, roots)
			token, err := s.Token(t.Context())
			if token != "" || !errs.Is(err, test.kind) || !strings.Contains(err.Error(), test.text) || strings.Contains(err.Error(), "canary") {
				t.Errorf("%v", err)
			}
			if asked.Load() != 1 {
				t.Errorf("asked %d times", asked.Load())
			}
		})
	}
}

func TestTokensGoOverTLSOnly(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"http://127.0.0.1:1/token", "", "ftp://x/y", "https://"} {
		if _, err := New(Config{TokenURL: address}, time.Now, nil).Token(t.Context()); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v", address, err)
		}
	}
	address, _ := provider(t, func(http.ResponseWriter, *http.Request) { t.Error("asked without knowing who it is") })
	if _, err := New(Config{TokenURL: address, RefreshToken: "canary"}, time.Now, nil).Token(t.Context()); !errs.Is(err, errs.Unavailable) || strings.Contains(err.Error(), "canary") {
		t.Errorf("an unknown certificate: %v", err)
	}
}

func TestWaitingForATokenCanBeGivenUp(t *testing.T) {
	t.Parallel()
	reached, release := make(chan struct{}), make(chan struct{})
	address, roots := provider(t, func(w http.ResponseWriter, _ *http.Request) {
		close(reached)
		<-release
		fmt.Fprint(w, `{"access_token":"t"}`)
	})
	s := New(Config{TokenURL: address, RefreshToken: "r"}, time.Now, roots)
	var first sync.WaitGroup
	first.Go(func() {
		if got, err := s.Token(t.Context()); err != nil || got.Reveal() != "t" {
			t.Errorf("the first one: %v", err)
		}
	})
	<-reached
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Token(ctx); !errs.Is(err, errs.Unavailable) {
		t.Errorf("given up: %v", err)
	}
	close(release)
	first.Wait()
}
