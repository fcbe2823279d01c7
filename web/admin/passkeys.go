package admin

import (
	"encoding/binary"
	"encoding/json"
	"net"
	"net/http"
	"net/url"

	"postrider/internal/auth/passkey"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/organisation"
	"postrider/web/pages"
	"postrider/web/respond"
)

// passkeyRoutes ask for passkeys and take the answers. A script puts the
// browser's answer into a form: without scripts there are no passkeys, and
// everything else works.
func (h *house) passkeyRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "POST /sign-in/passkey", Needs: anyone, Handle: h.askPasskey},
		{Pattern: "POST /sign-in/passkey/answer", Needs: anyone, Handle: h.passkeyAnswer, MaxBody: keptBody},
		{Pattern: "POST /account/passkeys/ask", Needs: analyst, Handle: h.askNewPasskey},
		{Pattern: "POST /account/passkeys", Needs: analyst, Handle: h.addPasskey},
		{Pattern: "POST /account/passkeys/{id}/rename", Needs: analyst, Handle: h.renamePasskey},
		{Pattern: "POST /account/passkeys/{id}/remove", Needs: analyst, Handle: h.removePasskey},
	}
}

// site is what passkeys are for: the administration's own address, or
// localhost where somebody has opened that. Browsers allow no other.
func (h *house) site(r *http.Request) (*passkey.Site, error) {
	address := h.URL
	if !passkey.Allowed(address) || loopbackName(r.Host) {
		address = "http://" + r.Host
	}
	return passkey.For(address, h.issuer(r))
}

func loopbackName(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	return host == "localhost"
}

// passkeysHere reports whether passkeys work at the address of a request.
func (h *house) passkeysHere(r *http.Request) bool {
	if loopbackName(r.Host) {
		return true
	}
	u, err := url.Parse(h.URL)
	return err == nil && passkey.Allowed(h.URL) && u.Host == r.Host
}

// passkeyView is one of somebody's own.
type passkeyView struct {
	ID, Name, Since, Used string
}

func (h *house) passkeysOf(r *http.Request, o organisation.Operator) ([]passkeyView, error) {
	all, err := h.Porter.Passkeys(r.Context(), o.ID)
	if err != nil {
		return nil, err
	}
	clock := h.clock(r, "")
	var out []passkeyView
	for _, k := range all {
		out = append(out, passkeyView{ID: k.ID.String(), Name: k.Name, Since: clock.When(k.CreatedAt), Used: clock.When(k.UsedAt)})
	}
	return out, nil
}

// passkeyOwner is an operator as passkeys know one: by a number that says
// nothing, with the records of those that there are.
func (h *house) passkeyOwner(r *http.Request, o organisation.Operator) (passkey.Owner, error) {
	all, err := h.Porter.Passkeys(r.Context(), o.ID)
	if err != nil {
		return passkey.Owner{}, err
	}
	out := passkey.Owner{Handle: binary.BigEndian.AppendUint64(nil, uint64(o.ID)), Name: o.Email, Display: o.Name}
	for _, k := range all {
		out.Records = append(out.Records, k.Record)
	}
	return out, nil
}

func answerJSON(w http.ResponseWriter, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body)
	return nil
}

// askPasskey asks for a passkey of anybody's.
func (h *house) askPasskey(w http.ResponseWriter, r *http.Request) error {
	site, err := h.site(r)
	if err != nil {
		return err
	}
	q, err := site.Ask()
	if err != nil {
		return err
	}
	return h.ask(w, r, 0, q)
}

// ask keeps what the answer is checked against and hands the question to the
// script.
func (h *house) ask(w http.ResponseWriter, r *http.Request, of organisation.OperatorID, q passkey.Question) error {
	secret, err := h.Porter.StartStep(r.Context(), organisation.PasskeyStep, of, q.State)
	if err != nil {
		return err
	}
	h.setStep(w, r, secret)
	return answerJSON(w, http.StatusOK, map[string]any{"ask": q.Options})
}

func (h *house) passkeyAnswer(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := h.typed(r)
	refuse := func() error {
		v.Said = h.words(r).T("signin.wrong_passkey")
		return h.signInWith(w, r, http.StatusForbidden, v)
	}
	site, err := h.site(r)
	if err != nil {
		return err
	}
	begun, err := h.Porter.TakeStep(r.Context(), organisation.PasskeyStep, h.step(r))
	if errs.Is(err, errs.NotFound) || err == nil && begun.Operator != 0 {
		return refuse()
	}
	if err != nil {
		return err
	}
	var id organisation.OperatorID
	_, record, err := site.Check(begun.Data, []byte(r.PostForm.Get("answer")), func(handle []byte) (passkey.Owner, error) {
		if len(handle) != 8 {
			return passkey.Owner{}, errs.NotFoundf("no such passkey")
		}
		id = organisation.OperatorID(binary.BigEndian.Uint64(handle))
		o, err := h.Office.FindOperator(r.Context(), id.String())
		if err != nil {
			return passkey.Owner{}, err
		}
		return h.passkeyOwner(r, o)
	})
	if errs.Is(err, errs.Forbidden) {
		if err := h.Porter.PasskeyFailed(r.Context()); err != nil {
			return err
		}
		return refuse()
	}
	if err != nil {
		return err
	}
	got, err := h.Porter.WithPasskey(r.Context(), id, record.ID, record.Text, h.visit(r))
	if errs.Is(err, errs.NotFound) {
		return refuse() // removed at this moment
	}
	if err != nil {
		return err
	}
	return h.arrive(w, r, got.Session, v)
}

// askNewPasskey asks for a new passkey of whoever is signed in, once the
// present password is right.
func (h *house) askNewPasskey(w http.ResponseWriter, r *http.Request) error {
	o, form, err := h.form(r)
	if err != nil {
		return err
	}
	if err := organisation.CheckPasskeyName(r.PostForm.Get("name")); err != nil {
		form.Add("name", h.words(r).T("account.passkey_name_wrong"))
	}
	if err := h.confirm(r, &form, o); err != nil {
		return err
	}
	if !form.OK() {
		return answerJSON(w, http.StatusUnprocessableEntity, map[string]string{"wrong": form.Problems()[0].Text})
	}
	site, err := h.site(r)
	if err != nil {
		return err
	}
	who, err := h.passkeyOwner(r, o)
	if err != nil {
		return err
	}
	q, err := site.AskNew(who)
	if err != nil {
		return err
	}
	return h.ask(w, r, o.ID, q)
}

func (h *house) addPasskey(w http.ResponseWriter, r *http.Request) error {
	o, form, err := h.form(r)
	if err != nil {
		return err
	}
	site, err := h.site(r)
	if err != nil {
		return err
	}
	begun, err := h.Porter.TakeStep(r.Context(), organisation.PasskeyStep, h.step(r))
	if errs.Is(err, errs.NotFound) || err == nil && begun.Operator != o.ID {
		return errs.Conflictf("%s", h.words(r).T("account.open_too_long"))
	}
	if err != nil {
		return err
	}
	who, err := h.passkeyOwner(r, o)
	if err != nil {
		return err
	}
	record, err := site.New(who, begun.Data, []byte(r.PostForm.Get("answer")))
	if err == nil {
		err = h.Porter.AddPasskey(r.Context(), o, r.PostForm.Get("name"), record.ID, record.Text)
	}
	if errs.Is(err, errs.Forbidden) {
		form.Add("passkey", h.words(r).T("signin.wrong_passkey"))
		return h.accountWith(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return err
	}
	h.dropStep(w, r)
	return h.done(w, r, "/account", h.words(r).T("account.passkey_added", r.PostForm.Get("name")), nil)
}

// findPasskey is the one of the path, of whoever asks.
func (h *house) findPasskey(r *http.Request) (organisation.Operator, organisation.PasskeyID, pages.Form, error) {
	o, form, err := h.form(r)
	if err != nil {
		return o, 0, form, err
	}
	id, err := ids.Parse[organisation.Passkey](r.PathValue("id"))
	if err != nil {
		err = errs.NotFoundf("%s", h.words(r).T("account.no_passkey"))
	}
	return o, organisation.PasskeyID(id), form, err
}

func (h *house) renamePasskey(w http.ResponseWriter, r *http.Request) error {
	o, id, form, err := h.findPasskey(r)
	if err != nil {
		return err
	}
	err = h.Porter.RenamePasskey(r.Context(), o, id, r.PostForm.Get("name"))
	if errs.Is(err, errs.Invalid) {
		form.Add("passkey", h.words(r).T("account.passkey_name_wrong"))
		return h.accountWith(w, r, http.StatusUnprocessableEntity, form)
	}
	if err != nil {
		return h.passkeyGone(r, err)
	}
	return h.done(w, r, "/account", h.words(r).T("account.saved"), nil)
}

func (h *house) passkeyGone(r *http.Request, err error) error {
	if errs.Is(err, errs.NotFound) {
		return errs.NotFoundf("%s", h.words(r).T("account.no_passkey"))
	}
	return err
}

func (h *house) removePasskey(w http.ResponseWriter, r *http.Request) error {
	o, id, _, err := h.findPasskey(r)
	if err != nil {
		return err
	}
	if err := h.Porter.RemovePasskey(r.Context(), o, id, known(r).Session.ID); err != nil {
		return h.passkeyGone(r, err)
	}
	return h.done(w, r, "/account", h.words(r).T("account.passkey_removed"), nil)
}
