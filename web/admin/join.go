package admin

import (
	"net/http"

	"postrider/internal/errs"
	"postrider/internal/tokens"
	"postrider/organisation"
	"postrider/web/pages"
	"postrider/web/respond"
)

// joinView is the page that an invitation leads to.
type joinView struct {
	Form      pages.Form
	Email     string
	RoleWord  string
	By, Whose string
	Expires   string
	Languages []pages.Option
}

// invited is the invitation of the link.
func (h *house) invited(r *http.Request) (organisation.Invitation, error) {
	over := errs.NotFoundf("%s", h.words(r).T("team.invitation_over"))
	id, err := h.Keys.Check(tokens.Invitation, r.PathValue("token"))
	if err != nil {
		return organisation.Invitation{}, over
	}
	i, err := h.Office.Invitation(r.Context(), organisation.InvitationID(id))
	if errs.Is(err, errs.NotFound) {
		err = over
	}
	return i, err
}

func (h *house) invitationPage(w http.ResponseWriter, r *http.Request) error {
	i, err := h.invited(r)
	if err != nil {
		return err
	}
	return h.joinWith(w, r, http.StatusOK, i, pages.NewForm(map[string][]string{"name": {i.Name}, "language": {i.Language}}))
}

func (h *house) joinWith(w http.ResponseWriter, r *http.Request, status int, i organisation.Invitation, f pages.Form) error {
	org, err := h.organisation(r)
	if err != nil {
		return err
	}
	lang := h.words(r)
	v := joinView{Form: f, Email: i.Email, RoleWord: lang.T(roleKeys[i.Role]), By: organisation.ActorName(i.InvitedBy), Whose: org.Name,
		Expires: h.clock(r, "").When(i.ExpiresAt), Languages: languageOptions(lang, lang.T("account.language_browser"))}
	if v.Whose == "" {
		v.Whose = "Postrider"
	}
	return h.door.Page(w, status, "join", h.outside(r, lang.T("team.join_title")), v)
}

func (h *house) accept(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	i, err := h.invited(r)
	if err != nil {
		return err
	}
	form, name := pages.NewForm(r.PostForm), r.PostForm.Get("name")
	probe := organisation.Operator{Email: i.Email, Name: name, Role: i.Role, Language: r.PostForm.Get("language")}
	if err := probe.Validate(); err != nil && !form.AddError(err) {
		return err
	}
	h.checkPassword(r, &form, r.PostForm.Get("password"), name, i.Email)
	if !form.OK() {
		return h.joinWith(w, r, http.StatusUnprocessableEntity, i, form)
	}
	hash, err := h.Porter.Hash(r.Context(), name, i.Email, r.PostForm.Get("password"))
	if err != nil {
		return err
	}
	o, err := h.Office.Accept(r.Context(), i.ID, name, r.PostForm.Get("language"), hash)
	if err != nil {
		return err
	}
	if err := h.letIn(w, r, o, organisation.ByInvite); err != nil {
		return err
	}
	return h.done(w, r, "/", h.words(r).T("team.welcome", o.Name), nil)
}
