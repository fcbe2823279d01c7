package admin

import (
	"errors"
	"math"
	"net/http"
	"strconv"
	"time"

	"postrider/internal/errs"
	"postrider/organisation"
	"postrider/web/pages"
	"postrider/web/respond"
)

// signInRoutes are how people come in and go.
func (h *house) signInRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /sign-in", Needs: anyone, Handle: h.signInPage},
		{Pattern: "POST /sign-in", Needs: anyone, Handle: h.signIn, MaxBody: keptBody},
		{Pattern: "GET /sign-in/code", Needs: anyone, Handle: h.codePage},
		{Pattern: "POST /sign-in/code", Needs: anyone, Handle: h.code, MaxBody: keptBody},
		{Pattern: "POST /sign-in/resume", Needs: analyst, Handle: h.resumeKept, MaxBody: keptBody},
		{Pattern: "POST /sign-out", Needs: analyst, Handle: h.signOut},
		{Pattern: "GET /invitation/{token}", Needs: anyone, Handle: h.invitationPage},
		{Pattern: "POST /invitation/{token}", Needs: anyone, Handle: h.accept},
	}
}

// signInView is the page on which people sign in, and its second step.
type signInView struct {
	Form     pages.Form
	Said     string // what is wrong, or what happened
	Back     string // where to go afterwards
	Kept     string // a form that was sent when the session had lapsed, sealed
	Lost     bool   // there was one, and it was too large to be kept
	Lapsed   bool
	Token    bool   // there is no team yet: the token of the start lets in
	Provider string // its label, where one is set
	Passkeys bool   // they work at this address
	Recovery bool   // the second step asks for a recovery code
}

// backTo is the page that somebody asked for, for after the sign-in.
func backTo(r *http.Request) string {
	if r.Method != http.MethodGet && r.Method != http.MethodHead || r.URL.Path == "/sign-in" {
		return "/"
	}
	return ownOr(r.URL.RequestURI(), "/")
}

func ownOr(path, other string) string {
	if ownPath(path) && len(path) < 2000 {
		return path
	}
	return other
}

// showSignIn answers with the page that asks who somebody is.
func (h *house) showSignIn(w http.ResponseWriter, r *http.Request, status int, v signInView) {
	if err := h.signInWith(w, r, status, v); err != nil {
		h.door.Problem(w, r, err)
	}
}

func (h *house) signInWith(w http.ResponseWriter, r *http.Request, status int, v signInView) error {
	team, err := h.Office.Operators(r.Context())
	if err != nil {
		return err
	}
	v.Token, v.Passkeys = len(team) == 0, h.passkeysHere(r)
	x, err := h.Porter.Provider(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	v.Provider = x.Label
	return h.door.Page(w, status, "signin", h.outside(r, h.words(r).T("signin.title")), v)
}

// outside is the frame of a page for somebody who is not signed in.
func (h *house) outside(r *http.Request, title string) pages.Frame {
	f := h.bare(r, title)
	f.Aside, f.Narrow = f.Words.T("frame.administration"), true
	if r.Method != http.MethodGet {
		f.Desk.Path = "/sign-in"
	}
	return f
}

func (h *house) signInPage(w http.ResponseWriter, r *http.Request) error {
	if signedIn(r) {
		http.Redirect(w, r, "/", http.StatusSeeOther)
		return nil
	}
	return h.signInWith(w, r, http.StatusOK, signInView{Back: "/"})
}

func (h *house) signIn(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := h.typed(r)
	if token := r.PostForm.Get("token"); token != "" {
		h.enter(w, r, token, v)
		return nil
	}
	got, err := h.Porter.WithPassword(r.Context(), r.PostForm.Get("email"), r.PostForm.Get("password"), h.visit(r))
	if err != nil {
		status, said := h.whyNot(r, err, "signin.wrong")
		if said == "" {
			return err
		}
		v.Said = said
		return h.signInWith(w, r, h.tellWait(w, err, status), v)
	}
	if got.Second != "" {
		h.setStep(w, r, got.Second)
		return h.codeWith(w, r, http.StatusOK, v)
	}
	return h.arrive(w, r, got.Session, v)
}

// typed is what a form of signing in brings along.
func (h *house) typed(r *http.Request) signInView {
	return signInView{Form: pages.NewForm(r.PostForm), Back: ownOr(r.PostForm.Get("back"), "/"), Kept: r.PostForm.Get("kept"),
		Recovery: r.PostForm.Get("recovery") != ""}
}

// whyNot says why somebody did not get in; "" for what is no answer of theirs.
func (h *house) whyNot(r *http.Request, err error, key string) (int, string) {
	var many *organisation.TooMany
	switch {
	case errors.As(err, &many):
		return http.StatusTooManyRequests, h.waitWords(r, many.Wait)
	case errs.Is(err, errs.Forbidden):
		return http.StatusForbidden, h.words(r).T(key)
	}
	return 0, ""
}

// waitWords says for how long nothing is looked at.
func (h *house) waitWords(r *http.Request, wait time.Duration) string {
	if wait < 100*time.Second {
		return h.words(r).T("signin.wait_seconds", int(math.Ceil(wait.Seconds())))
	}
	return h.words(r).T("signin.wait_minutes", int(math.Ceil(wait.Minutes())))
}

// tellWait tells programs what the page tells people.
func (h *house) tellWait(w http.ResponseWriter, err error, status int) int {
	var many *organisation.TooMany
	if errors.As(err, &many) {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(many.Wait.Seconds()))))
	}
	return status
}

// arrive gives the browser its session and leads on: to the page that was asked
// for, or to what was typed when the session before had lapsed.
func (h *house) arrive(w http.ResponseWriter, r *http.Request, session string, v signInView) error {
	if err := h.endHere(r); err != nil {
		return err
	}
	h.setCookie(w, r, session)
	h.dropStep(w, r)
	if v.Kept == "" {
		http.Redirect(w, r, v.Back, http.StatusSeeOther)
		return nil
	}
	return h.door.Page(w, http.StatusOK, "signin-kept", h.outside(r, h.words(r).T("signin.kept_title")), v)
}

// stepName is the cookie of a sign-in that has begun. It is no session.
func (h *house) stepName(r *http.Request) string { return h.cookieName(r) + "_step" }

func (h *house) setStep(w http.ResponseWriter, r *http.Request, secret string) {
	http.SetCookie(w, &http.Cookie{Name: h.stepName(r), Value: secret, Path: "/", MaxAge: 15 * 60, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: h.secure(r)})
}

func (h *house) dropStep(w http.ResponseWriter, r *http.Request) {
	if h.step(r) == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{Name: h.stepName(r), Path: "/", MaxAge: -1, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: h.secure(r)})
}

func (h *house) step(r *http.Request) string {
	c, err := r.Cookie(h.stepName(r))
	if err != nil {
		return ""
	}
	return c.Value
}

// codePage is the second step, asked for again.
func (h *house) codePage(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.Porter.StepOf(r.Context(), organisation.SecondStep, h.step(r)); err != nil {
		if errs.Is(err, errs.NotFound) {
			http.Redirect(w, r, "/sign-in", http.StatusSeeOther)
			return nil
		}
		return err
	}
	return h.codeWith(w, r, http.StatusOK, signInView{Back: "/", Recovery: r.URL.Query().Has("recovery")})
}

func (h *house) codeWith(w http.ResponseWriter, r *http.Request, status int, v signInView) error {
	return h.door.Page(w, status, "signin-code", h.outside(r, h.words(r).T("signin.code_title")), v)
}

func (h *house) code(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := h.typed(r)
	if other := r.PostForm.Get("instead"); other != "" { // the other kind of code, nothing is checked
		v.Recovery = other == "recovery"
		return h.codeWith(w, r, http.StatusOK, v)
	}
	got, err := h.Porter.WithCode(r.Context(), h.step(r), r.PostForm.Get("code"), v.Recovery, h.visit(r))
	if errs.Is(err, errs.NotFound) {
		h.dropStep(w, r)
		v.Said = h.words(r).T("signin.step_over")
		return h.signInWith(w, r, http.StatusUnauthorized, v)
	}
	if err != nil {
		key := "signin.wrong_code"
		if v.Recovery {
			key = "signin.wrong_recovery"
		}
		status, said := h.whyNot(r, err, key)
		if said == "" {
			return err
		}
		v.Said = said
		return h.codeWith(w, r, h.tellWait(w, err, status), v)
	}
	return h.arrive(w, r, got.Session, v)
}
