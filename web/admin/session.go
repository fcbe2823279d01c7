package admin

import (
	"context"
	"net/http"
	"strings"

	"postrider/internal/auth"
	"postrider/internal/errs"
	"postrider/organisation"
	"postrider/web/respond"
)

const minToken = 16

// Who may use a route: the least role, or anyone, who need not be signed in.
// A route without a word is closed to everybody.
const (
	anyone   respond.Needs = "anyone"
	analyst                = respond.Needs(organisation.Analyst)
	reviewer               = respond.Needs(organisation.Reviewer)
	editor                 = respond.Needs(organisation.Editor)
	owner                  = respond.Needs(organisation.Owner)
)

type knownKey struct{}

// who is the operator that makes a request. Behind the guard, where a route
// needs a role, there always is one; with the token of the start it is the
// zero Operator with the role owner.
func (h *house) who(r *http.Request) organisation.Operator { return known(r).Operator }

func known(r *http.Request) organisation.Known {
	k, _ := r.Context().Value(knownKey{}).(organisation.Known)
	return k
}

// signedIn reports whether a request has a session.
func signedIn(r *http.Request) bool { return known(r).Session.ID != 0 }

// actor is who the audit log names for a request.
func (h *house) actor(r *http.Request) string { return h.who(r).Actor() }

// visit is where a request comes from.
func (h *house) visit(r *http.Request) organisation.Visit {
	return organisation.Visit{Device: device(r.UserAgent()), Network: respond.Network(h.Proxies.Client(r))}
}

// secure reports whether the browser speaks HTTPS: to us, to a proxy that we
// trust, or because the administration's own address is https and the request
// was for it.
func (h *house) secure(r *http.Request) bool {
	if h.Proxies.HTTPS(r) {
		return true
	}
	host, https := strings.CutPrefix(h.URL, "https://")
	return https && strings.EqualFold(r.Host, host)
}

// cookieName differs between installations: browsers do not tell ports apart.
// Over HTTPS its beginning has the browser see to it that no other host and no
// plain connection sets it.
func (h *house) cookieName(r *http.Request) string {
	name := "postrider_" + h.Keys.Fingerprint()[:8]
	if h.secure(r) {
		return "__Host-" + name
	}
	return name
}

func (h *house) secret(r *http.Request) string {
	c, err := r.Cookie(h.cookieName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

// setCookie hands the browser the secret of a session, or takes it away.
func (h *house) setCookie(w http.ResponseWriter, r *http.Request, secret string) {
	c := &http.Cookie{Name: h.cookieName(r), Value: secret, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: h.secure(r)}
	if secret == "" {
		c.MaxAge = -1
	}
	http.SetCookie(w, c)
}

// guard lets through whoever may use the route that would answer: it decides by
// that route's line in the table, never by the text of the path.
func (h *house) guard(w http.ResponseWriter, r *http.Request, pattern string) *http.Request {
	k, lapsed, err := h.Porter.Who(r.Context(), h.secret(r), h.visit(r))
	if err != nil && !errs.Is(err, errs.NotFound) {
		h.door.Problem(w, r, err)
		return nil
	}
	if err == nil {
		r = r.WithContext(context.WithValue(r.Context(), knownKey{}, k))
	}
	needs, listed := h.needs[pattern]
	switch {
	case pattern == "GET /{$}" && r.URL.Query().Has("token") && !signedIn(r):
		h.enter(w, r, r.URL.Query().Get("token"), signInView{Back: "/"})
		return nil
	case listed && needs == anyone:
		return r
	case signedIn(r) && !listed: // a page that does not exist: the door says so
		if pattern == "" || pattern == "/" {
			return r
		}
	case signedIn(r) && k.Operator.Role.May(organisation.Role(needs)):
		return r
	case !signedIn(r):
		v := signInView{Back: backTo(r), Lapsed: lapsed}
		if lapsed && listed && r.Method == http.MethodPost {
			v.Kept, v.Lost = h.keep(w, r)
		}
		h.showSignIn(w, r, http.StatusUnauthorized, v)
		return nil
	}
	h.door.Problem(w, r, errs.Forbiddenf("%s", h.words(r).T("signin.role", h.words(r).T(roleKeys[k.Operator.Role]))))
	return nil
}

// enter checks the token; the address with the token in it is left at once.
func (h *house) enter(w http.ResponseWriter, r *http.Request, token string, v signInView) {
	if !h.opens(token) {
		v.Said = h.words(r).T("signin.wrong_token")
		h.showSignIn(w, r, http.StatusUnauthorized, v)
		return
	}
	secret, err := h.Porter.BeginFirst(r.Context(), h.visit(r))
	if errs.Is(err, errs.Forbidden) {
		v.Said = h.words(r).T("signin.token_over")
		h.showSignIn(w, r, http.StatusUnauthorized, v)
		return
	}
	if err == nil {
		err = h.arrive(w, r, secret, v)
	}
	if err != nil {
		h.door.Problem(w, r, err)
	}
}

func (h *house) opens(token string) bool {
	return len(h.Token) >= minToken && auth.Same(h.Token, strings.TrimSpace(token))
}

// letIn begins a session for an operator who has just shown who they are, and
// sets its cookie. A session that the browser had before ends.
func (h *house) letIn(w http.ResponseWriter, r *http.Request, o organisation.Operator, m organisation.Method) error {
	if err := h.endHere(r); err != nil {
		return err
	}
	secret, err := h.Porter.Begin(r.Context(), o, m, h.visit(r))
	if err != nil {
		return err
	}
	h.setCookie(w, r, secret)
	return nil
}

// endHere ends the session of this browser, where it has one.
func (h *house) endHere(r *http.Request) error {
	k := known(r)
	if k.Session.ID == 0 {
		return nil
	}
	err := h.Porter.End(r.Context(), k.Operator.Actor(), k.Operator.ID, k.Session.ID)
	if errs.Is(err, errs.NotFound) {
		err = nil // it has ended in the meantime
	}
	return err
}

func (h *house) signOut(w http.ResponseWriter, r *http.Request) error {
	if err := h.endHere(r); err != nil {
		return err
	}
	h.setCookie(w, r, "")
	http.Redirect(w, r, "/", http.StatusSeeOther)
	return nil
}
