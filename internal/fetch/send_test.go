package fetch

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"

	"postrider/internal/errs"
)

func sender(t *testing.T, s *httptest.Server) *Client {
	t.Helper()
	c, err := New([]string{strings.TrimPrefix(s.URL, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSendCarriesABodyAndTellsTheStatus(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		w.Header().Set("Retry-After", "30")
		w.WriteHeader(http.StatusTooManyRequests)
		_, _ = io.WriteString(w, r.Method+" "+r.Header.Get("Authorization")+" "+string(b))
		if r.Header.Get("User-Agent") == "" {
			t.Error("no User-Agent: some servers answer 418")
		}
	}))
	defer s.Close()
	a, err := sender(t, s).Send(t.Context(), Request{Method: "PUT", URL: s.URL, Header: map[string]string{"Authorization": "Bearer x"}, Body: []byte("hello")})
	if err != nil || a.Status != 429 || a.Header("Retry-After") != "30" || string(a.Body) != "PUT Bearer x hello" {
		t.Fatalf("%d %s %v", a.Status, a.Body, err)
	}
}

// A redirect would take the credentials elsewhere.
func TestSendFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		http.Redirect(w, r, "/other", http.StatusTemporaryRedirect)
	}))
	defer s.Close()
	a, err := sender(t, s).Send(t.Context(), Request{Method: "POST", URL: s.URL, Body: []byte("x")})
	if err != nil || a.Status != http.StatusTemporaryRedirect || asked.Load() != 1 {
		t.Fatalf("%d requests, status %d, %v", asked.Load(), a.Status, err)
	}
}

// Whoever posts must know whether a post may be there.
func TestSendSaysWhatAnErrorLeavesOpen(t *testing.T) {
	t.Parallel()
	var asked atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			return // a connection to keep
		}
		asked.Add(1)
		_, _ = io.ReadAll(r.Body)
		panic(http.ErrAbortHandler) // the connection breaks without an answer
	}))
	defer s.Close()
	c := sender(t, s)
	for range 3 { // also on a connection that was kept, and with a key that net/http takes for leave to repeat
		if _, err := c.Get(t.Context(), s.URL); err != nil {
			t.Fatal(err)
		}
		before := asked.Load()
		_, err := c.Send(t.Context(), Request{Method: "POST", URL: s.URL + "/?token=secret", Header: map[string]string{"Idempotency-Key": "k"}, Body: []byte("x")})
		if !Uncertain(err) || strings.Contains(err.Error(), "secret") {
			t.Errorf("the answer was lost: %v, want uncertain", err)
		}
		if n := asked.Load() - before; n != 1 {
			t.Errorf("it was sent %d times", n)
		}
	}
	gone := httptest.NewServer(nil)
	refused := sender(t, gone)
	gone.Close()
	if _, err := refused.Send(t.Context(), Request{Method: "POST", URL: gone.URL}); err == nil || Uncertain(err) {
		t.Errorf("nobody listens: %v, want certain", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := c.Send(ctx, Request{Method: "POST", URL: s.URL}); err == nil || Uncertain(err) {
		t.Errorf("stopped before it began: %v, want certain", err)
	}
}

func TestSendIsGuarded(t *testing.T) {
	t.Parallel()
	v := newVictim(t)
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"http://127.0.0.1:" + v.port + "/", "http://169.254.169.254/", "file:///etc/passwd", "http://user:pass@example.org/"} {
		if _, err := c.Send(t.Context(), Request{Method: "POST", URL: target}); !errs.Is(err, errs.Forbidden) && !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want a refusal", target, err)
		}
	}
	if n := v.count.Load(); n != 0 {
		t.Errorf("%d connections reached this machine", n)
	}
}
