package admin

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
	"time"

	"postrider/internal/errs"
	"postrider/web/assets"
	"postrider/web/pages"
	"postrider/web/respond"
)

const (
	sessionAge  = 24 * time.Hour // since the last request
	maxSessions = 1000
	minToken    = 16
)

// sessions are who has come in, by the hash of what their cookie holds. They
// end with the process.
type sessions struct {
	now func() time.Time
	mu  sync.Mutex
	by  map[[sha256.Size]byte]time.Time // until when
}

func newSessions(now func() time.Time) *sessions {
	return &sessions{now: now, by: map[[sha256.Size]byte]time.Time{}}
}

// begin returns the secret of a new session.
func (s *sessions) begin() string {
	secret := rand.Text()
	now := s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	var oldest [sha256.Size]byte
	first := now.Add(2 * sessionAge)
	for k, until := range s.by {
		if until.Before(now) {
			delete(s.by, k)
		} else if until.Before(first) {
			oldest, first = k, until
		}
	}
	if len(s.by) >= maxSessions {
		delete(s.by, oldest)
	}
	s.by[sha256.Sum256([]byte(secret))] = now.Add(sessionAge)
	return secret
}

// knows reports whether a secret is of a session that goes on, and extends it.
func (s *sessions) knows(secret string) bool {
	k, now := sha256.Sum256([]byte(secret)), s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	until, ok := s.by[k]
	if !ok || until.Before(now) {
		delete(s.by, k)
		return false
	}
	s.by[k] = now.Add(sessionAge)
	return true
}

func (s *sessions) end(secret string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.by, sha256.Sum256([]byte(secret)))
}

// cookieName differs between installations: browsers do not tell ports apart.
func (h *house) cookieName() string { return "postrider_" + h.Keys.Fingerprint()[:8] }

func (h *house) secret(r *http.Request) string {
	c, err := r.Cookie(h.cookieName())
	if err != nil {
		return ""
	}
	return c.Value
}

// guard lets through whoever has a session, and what needs none. It decides by
// the route that would answer, never by the text of the path.
func (h *house) guard(w http.ResponseWriter, r *http.Request, pattern string) bool {
	switch {
	case pattern == "GET "+assets.Prefix, pattern == "POST /sign-in":
		return true
	case pattern == "GET /{$}" && r.URL.Query().Has("token"):
		h.enter(w, r, r.URL.Query().Get("token"))
		return false
	case h.sessions.knows(h.secret(r)):
		return true
	case r.Method != http.MethodGet && r.Method != http.MethodHead:
		h.door.Problem(w, r, errs.Forbiddenf("you are not signed in, or were signed out: open the administration again and repeat it"))
		return false
	}
	h.showSignIn(w, r, "")
	return false
}

// enter checks the token; the address with the token in it is left at once.
func (h *house) enter(w http.ResponseWriter, r *http.Request, token string) {
	if !h.opens(token) {
		h.showSignIn(w, r, "That is not the token of this installation. It changes with every start: take the one that the program showed last.")
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: h.cookieName(), Value: h.sessions.begin(), Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil,
	})
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (h *house) opens(token string) bool {
	want, got := sha256.Sum256([]byte(h.Token)), sha256.Sum256([]byte(strings.TrimSpace(token)))
	return len(h.Token) >= minToken && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

func (h *house) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	h.enter(w, r, r.PostForm.Get("token"))
	return nil
}

func (h *house) signOut(w http.ResponseWriter, r *http.Request) error {
	h.sessions.end(h.secret(r))
	http.SetCookie(w, &http.Cookie{Name: h.cookieName(), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: r.TLS != nil})
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}

// showSignIn is the only page without a session.
func (h *house) showSignIn(w http.ResponseWriter, r *http.Request, wrong string) {
	f := pages.Frame{Title: "Sign in", Brand: pages.Link{Label: "Postrider", URL: "/"}, Aside: "Administration", Narrow: true}
	if err := h.door.Page(w, http.StatusUnauthorized, "signin", f, wrong); err != nil {
		h.door.Problem(w, r, err)
	}
}
