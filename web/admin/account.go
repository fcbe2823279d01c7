package admin

import (
	"errors"
	"html/template"
	"net/http"
	"time"

	"postrider/internal/auth"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/secrets"
	"postrider/organisation"
	"postrider/web/pages"
	"postrider/web/respond"
)

// accountRoutes are an operator's own: name, what lets them in, where they are
// signed in.
func (h *house) accountRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /account", Needs: analyst, Handle: h.account},
		{Pattern: "POST /account", Needs: analyst, Handle: h.saveAccount},
		{Pattern: "POST /account/first", Needs: owner, Handle: h.firstAccount},
		{Pattern: "GET /account/password", Needs: analyst, Handle: h.passwordPage},
		{Pattern: "POST /account/password", Needs: analyst, Handle: h.setPassword},
		{Pattern: "GET /account/codes", Needs: analyst, Handle: h.codesPage},
		{Pattern: "POST /account/codes", Needs: analyst, Handle: h.turnCodesOn},
		{Pattern: "POST /account/codes/off", Needs: analyst, Handle: h.turnCodesOff},
		{Pattern: "POST /account/codes/recovery", Needs: analyst, Handle: h.newRecovery},
		{Pattern: "POST /account/sessions/{id}/end", Needs: analyst, Handle: h.endSession},
		{Pattern: "POST /account/sessions/others/end", Needs: analyst, Handle: h.endOtherSessions},
	}
}

// enrolLife is how long the picture of a secret may be on the screen.
const enrolLife = 15 * time.Minute

// accountView is somebody's own page.
type accountView struct {
	organisation.Operator
	Form      pages.Form
	RoleWord  string
	Languages []pages.Option
	Sessions  []sessionView
	Others    int // sessions beside this one
	First     bool
	Keys      []passkeyView
	KeysHere  bool   // passkeys work at this address
	Suggested string // name of a new one
}

func (h *house) account(w http.ResponseWriter, r *http.Request) error {
	o := h.who(r)
	return h.accountWith(w, r, http.StatusOK, pages.NewForm(map[string][]string{"name": {o.Name}, "language": {o.Language}}))
}

func (h *house) accountWith(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	o, lang := h.who(r), h.words(r)
	v := accountView{Operator: o, Form: f, RoleWord: lang.T(roleKeys[o.Role]), Languages: languageOptions(lang, lang.T("account.language_browser")), First: o.ID == 0}
	if v.First {
		return h.pageWith(w, r, status, "account-first", h.frame(r, lang.T("account.first_title"), "/account"), v)
	}
	var err error
	if v.Sessions, err = h.sessionsOf(r, o.ID); err != nil {
		return err
	}
	v.Others, v.KeysHere, v.Suggested = len(v.Sessions)-1, h.passkeysHere(r), device(r.UserAgent())
	if v.Keys, err = h.passkeysOf(r, o); err != nil {
		return err
	}
	return h.pageWith(w, r, status, "account", h.frame(r, lang.T("account.title"), "/account"), v)
}

// own is the operator of an account that must be somebody's: with the token of
// the start there is none yet.
func (h *house) own(r *http.Request) (organisation.Operator, error) {
	o := h.who(r)
	if o.ID == 0 {
		return o, errs.Conflictf("%s", h.words(r).T("account.none_yet"))
	}
	return o, nil
}

// form reads a form of somebody who has an account.
func (h *house) form(r *http.Request) (organisation.Operator, pages.Form, error) {
	if err := r.ParseForm(); err != nil {
		return organisation.Operator{}, pages.Form{}, &respond.Malformed{Err: err}
	}
	o, err := h.own(r)
	return o, pages.NewForm(r.PostForm), err
}

func (h *house) saveAccount(w http.ResponseWriter, r *http.Request) error {
	o, form, err := h.form(r)
	if err != nil {
		return err
	}
	if _, err := h.Office.Rename(r.Context(), o.Actor(), o.ID, r.PostForm.Get("name"), r.PostForm.Get("language")); err != nil {
		if !form.AddError(err) {
			return err
		}
		return h.accountWith(w, r, http.StatusUnprocessableEntity, form)
	}
	return h.done(w, r, "/account", h.words(r).T("account.saved"), nil)
}

// firstAccount makes the first operator out of whoever has the token of the
// start, and signs them in: the token has done its work.
func (h *house) firstAccount(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	form := pages.NewForm(r.PostForm)
	o := organisation.Operator{Email: r.PostForm.Get("email"), Name: r.PostForm.Get("name"), Role: organisation.Owner, Language: r.PostForm.Get("language")}
	if err := o.Validate(); err != nil && !form.AddError(err) {
		return err
	}
	h.checkPassword(r, &form, r.PostForm.Get("password"), o.Name, o.Email)
	if !form.OK() {
		return h.accountWith(w, r, http.StatusUnprocessableEntity, form)
	}
	hash, err := h.Porter.Hash(r.Context(), o.Name, o.Email, r.PostForm.Get("password"))
	if err != nil {
		return err
	}
	o, err = h.Office.AddOperator(r.Context(), h.actor(r), o, hash, true)
	if err != nil {
		return err
	}
	if err := h.letIn(w, r, o, organisation.BySetup); err != nil {
		return err
	}
	return h.nextStep(w, r, h.words(r).T("account.first_done"))
}

var weaknessKeys = map[auth.Weakness]string{
	auth.TooShort: "account.too_short", auth.TooLong: "account.too_long", auth.Untyped: "account.untyped", auth.Repeats: "account.repeats", auth.Familiar: "account.familiar",
}

// checkPassword puts what is wrong with a new password beside its field.
func (h *house) checkPassword(r *http.Request, f *pages.Form, password, name, email string) {
	local, _, _ := cutLast(email, '@')
	switch weak := auth.Weak(password, name, local, email); weak {
	case auth.Strong:
	case auth.TooShort:
		f.Add("password", h.words(r).T(weaknessKeys[weak], auth.MinPassword))
	case auth.TooLong:
		f.Add("password", h.words(r).T(weaknessKeys[weak], auth.MaxPassword))
	default:
		f.Add("password", h.words(r).T(weaknessKeys[weak]))
	}
}

func cutLast(s string, sep byte) (before, after string, found bool) {
	for i := len(s) - 1; i >= 0; i-- {
		if s[i] == sep {
			return s[:i], s[i+1:], true
		}
	}
	return s, "", false
}

// confirm asks for the present password, before something that a borrowed
// browser must not do, and puts what is wrong into the form.
func (h *house) confirm(r *http.Request, f *pages.Form, o organisation.Operator) error {
	err := h.Porter.Confirm(r.Context(), o.ID, r.PostForm.Get("current"), h.visit(r))
	var many *organisation.TooMany
	switch {
	case errors.As(err, &many):
		f.Add("current", h.waitWords(r, many.Wait))
	case errs.Is(err, errs.Invalid):
		f.Add("current", h.words(r).T("account.wrong_current"))
	default:
		return err
	}
	return nil
}

type passwordView struct {
	organisation.Operator
	Form pages.Form
}

func (h *house) passwordPage(w http.ResponseWriter, r *http.Request) error {
	if _, err := h.own(r); err != nil {
		return err
	}
	return h.passwordWith(w, r, http.StatusOK, pages.Form{})
}

func (h *house) passwordWith(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	return h.pageWith(w, r, status, "account-password", h.frame(r, h.words(r).T("account.password_title"), "/account"), passwordView{h.who(r), f})
}

func (h *house) setPassword(w http.ResponseWriter, r *http.Request) error {
	o, form, err := h.form(r)
	if err != nil {
		return err
	}
	h.checkPassword(r, &form, r.PostForm.Get("password"), o.Name, o.Email)
	if form.OK() {
		if err := h.confirm(r, &form, o); err != nil {
			return err
		}
	}
	if !form.OK() {
		return h.passwordWith(w, r, http.StatusUnprocessableEntity, form)
	}
	if err := h.Porter.SetPassword(r.Context(), o.Actor(), o, r.PostForm.Get("password"), known(r).Session.ID); err != nil {
		return err
	}
	return h.done(w, r, "/account", h.words(r).T("account.password_set"), nil)
}

// codesView is the page that turns one-time codes on, and off.
type codesView struct {
	organisation.Operator
	Form    pages.Form
	QR      template.URL // a picture as a data: URL
	Secret  string       // in groups of four
	Sealed  string
	Shown   []string // recovery codes, this once
	Current bool     // the present password is asked for
}

func (h *house) codesPage(w http.ResponseWriter, r *http.Request) error {
	o, err := h.own(r)
	if err != nil {
		return err
	}
	if o.TOTP {
		return h.codesWith(w, r, http.StatusOK, codesView{})
	}
	e, err := auth.Enrol(h.issuer(r), o.Email)
	if err != nil {
		return err
	}
	return h.codesWith(w, r, http.StatusOK, h.enrolment(o, e))
}

// issuer is what the app on the telephone shows.
func (h *house) issuer(r *http.Request) string {
	if org, err := h.organisation(r); err == nil && org.Name != "" {
		return org.Name
	}
	return "Postrider"
}

// enrolment shows a secret. It is not kept before its first code has come back:
// the page carries it, sealed for this operator.
func (h *house) enrolment(o organisation.Operator, e auth.Enrolment) codesView {
	secret := e.Secret.Reveal()
	v := codesView{QR: template.URL(e.QR), //nolint:gosec // our own picture
		Sealed: h.boxes.Seal("totp "+o.ID.String(), []byte(secret), h.Now().Add(enrolLife))}
	for i := 0; i < len(secret); i += 4 {
		v.Secret += secret[i:min(i+4, len(secret))] + " "
	}
	return v
}

func (h *house) codesWith(w http.ResponseWriter, r *http.Request, status int, v codesView) error {
	v.Operator = h.who(r)
	v.Current = v.Operator.Password
	return h.pageWith(w, r, status, "account-codes", h.frame(r, h.words(r).T("account.codes_title"), "/account"), v)
}

func (h *house) turnCodesOn(w http.ResponseWriter, r *http.Request) error {
	o, form, err := h.form(r)
	if err != nil {
		return err
	}
	if o.TOTP {
		return errs.Conflictf("%s", h.words(r).T("account.codes_on_already"))
	}
	secret, err := h.boxes.Open("totp "+o.ID.String(), r.PostForm.Get("sealed"), h.Now())
	if err != nil {
		return errs.Conflictf("%s", h.words(r).T("account.open_too_long"))
	}
	if err := h.confirm(r, &form, o); err != nil {
		return err
	}
	var codes []string
	if form.OK() {
		codes, err = h.Porter.EnrolTOTP(r.Context(), o, secrets.Secret(secret), r.PostForm.Get("code"), known(r).Session.ID)
		if errs.Is(err, errs.Invalid) {
			form.Add("code", h.words(r).T("account.wrong_code"))
		} else if err != nil {
			return err
		}
	}
	if !form.OK() {
		e, err := auth.EnrolAgain(h.issuer(r), o.Email, secrets.Secret(secret))
		if err != nil {
			return err
		}
		v := h.enrolment(o, e)
		v.Form = form
		return h.codesWith(w, r, http.StatusUnprocessableEntity, v)
	}
	return h.codesWith(w, r, http.StatusOK, codesView{Shown: codes})
}

func (h *house) turnCodesOff(w http.ResponseWriter, r *http.Request) error {
	o, form, err := h.form(r)
	if err != nil {
		return err
	}
	if err := h.confirm(r, &form, o); err != nil {
		return err
	}
	if !form.OK() {
		return h.codesWith(w, r, http.StatusUnprocessableEntity, codesView{Form: form})
	}
	if err := h.Porter.DropTOTP(r.Context(), o.Actor(), o.ID, known(r).Session.ID); err != nil {
		return err
	}
	return h.done(w, r, "/account", h.words(r).T("account.codes_off"), nil)
}

func (h *house) newRecovery(w http.ResponseWriter, r *http.Request) error {
	o, form, err := h.form(r)
	if err != nil {
		return err
	}
	if err := h.confirm(r, &form, o); err != nil {
		return err
	}
	if !form.OK() {
		return h.codesWith(w, r, http.StatusUnprocessableEntity, codesView{Form: form})
	}
	codes, err := h.Porter.NewCodes(r.Context(), o)
	if err != nil {
		return err
	}
	return h.codesWith(w, r, http.StatusOK, codesView{Shown: codes})
}

func (h *house) endSession(w http.ResponseWriter, r *http.Request) error {
	o, err := h.own(r)
	if err != nil {
		return err
	}
	id, err := ids.Parse[organisation.Session](r.PathValue("id"))
	if err == nil {
		err = h.Porter.End(r.Context(), o.Actor(), o.ID, organisation.SessionID(id))
	}
	if err != nil && !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Invalid) {
		return err
	}
	return h.done(w, r, "/account", h.words(r).T("account.session_ended"), nil)
}

func (h *house) endOtherSessions(w http.ResponseWriter, r *http.Request) error {
	o, err := h.own(r)
	if err != nil {
		return err
	}
	if err := h.Porter.EndOthers(r.Context(), o.Actor(), o.ID, known(r).Session.ID); err != nil {
		return err
	}
	return h.done(w, r, "/account", h.words(r).T("account.others_ended"), nil)
}
