package admin

import (
	"net/http"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/notice"
	"postrider/internal/tokens"
	"postrider/internal/words"
	"postrider/organisation"
	"postrider/web/pages"
	"postrider/web/respond"
)

// teamRoutes are who works here: for owners.
func (h *house) teamRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /team", Needs: owner, Handle: h.team},
		{Pattern: "GET /team/invite", Needs: owner, Handle: h.invitePage},
		{Pattern: "POST /team/invite", Needs: owner, Handle: h.invite},
		{Pattern: "GET /invitations/{id}", Needs: owner, Handle: h.invitation},
		{Pattern: "POST /invitations/{id}/withdraw", Needs: owner, Handle: h.withdraw},
		{Pattern: "GET /team/{id}", Needs: owner, Handle: h.member},
		{Pattern: "POST /team/{id}/role", Needs: owner, Handle: h.changeRole},
		{Pattern: "POST /team/{id}/sign-out", Needs: owner, Handle: h.signOutMember},
		{Pattern: "GET /team/{id}/remove", Needs: owner, Handle: h.removePage},
		{Pattern: "POST /team/{id}/remove", Needs: owner, Handle: h.removeMember},
	}
}

// roleKeys and what each may do, in words.
var (
	roleKeys = map[organisation.Role]string{organisation.Owner: "team.owner", organisation.Editor: "team.editor",
		organisation.Reviewer: "team.reviewer", organisation.Analyst: "team.analyst"}
	roleHints = map[organisation.Role]string{organisation.Owner: "team.owner_may", organisation.Editor: "team.editor_may",
		organisation.Reviewer: "team.reviewer_may", organisation.Analyst: "team.analyst_may"}
)

func roleOptions(w *words.Words) []pages.Option {
	var out []pages.Option
	for _, r := range organisation.Roles() {
		out = append(out, pages.Option{Value: string(r), Label: words.Capital(w.T(roleKeys[r])), Hint: w.T(roleHints[r])})
	}
	return out
}

func languageOptions(w *words.Words, none string) []pages.Option {
	out := []pages.Option{{Label: none}}
	for _, l := range words.All() {
		out = append(out, pages.Option{Value: l.Lang(), Label: l.Name()})
	}
	return out
}

// memberView is one of the team.
type memberView struct {
	organisation.Operator
	URL      string
	RoleWord string
	Seen     string
	Since    string
	Factors  []string
	You      bool
	Form     pages.Form
	Roles    []pages.Option
	Sessions []sessionView
}

// invitationView is an invitation that is open.
type invitationView struct {
	organisation.Invitation
	URL      string
	RoleWord string
	By       string
	Expires  string
	Link     string // what the invited opens
	Mailed   bool
}

func (h *house) memberOf(r *http.Request, o organisation.Operator) memberView {
	w, clock := h.words(r), h.clock(r, "")
	v := memberView{Operator: o, URL: "/team/" + o.ID.String(), RoleWord: w.T(roleKeys[o.Role]), Seen: clock.When(o.SignedInAt), Since: clock.When(o.CreatedAt),
		You: o.ID == h.who(r).ID}
	for _, f := range []struct {
		has bool
		key string
	}{{o.Password, "team.has_password"}, {o.TOTP, "team.has_codes"}, {o.Passkeys > 0, "team.has_passkeys"}} {
		if f.has {
			v.Factors = append(v.Factors, w.T(f.key))
		}
	}
	return v
}

func (h *house) invitationOf(r *http.Request, i organisation.Invitation) invitationView {
	return invitationView{Invitation: i, URL: "/invitations/" + i.ID.String(), RoleWord: h.words(r).T(roleKeys[i.Role]),
		By: organisation.ActorName(i.InvitedBy), Expires: h.clock(r, "").When(i.ExpiresAt), Link: h.invitationLink(i.ID)}
}

// invitationLink holds a token that only this installation can make; it works
// as long as the invitation is kept.
func (h *house) invitationLink(id organisation.InvitationID) string {
	return h.URL + "/invitation/" + h.Keys.Token(tokens.Invitation, int64(id))
}

func (h *house) team(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Office.Operators(r.Context())
	if err != nil {
		return err
	}
	open, err := h.Office.Invitations(r.Context())
	if err != nil {
		return err
	}
	var v struct {
		Members     []memberView
		Invitations []invitationView
	}
	for _, o := range all {
		v.Members = append(v.Members, h.memberOf(r, o))
	}
	for _, i := range open {
		v.Invitations = append(v.Invitations, h.invitationOf(r, i))
	}
	return h.page(w, r, "team", h.frame(r, h.words(r).T("team.title"), "/team"), v)
}

type inviteView struct {
	Form      pages.Form
	Roles     []pages.Option
	Languages []pages.Option
	Mails     bool // the invitation goes by mail, because there is a sender
}

func (h *house) invitePage(w http.ResponseWriter, r *http.Request) error {
	return h.inviteWith(w, r, http.StatusOK, pages.NewForm(map[string][]string{"role": {string(organisation.Editor)}}))
}

func (h *house) inviteWith(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	org, err := h.organisation(r)
	if err != nil {
		return err
	}
	lang := h.words(r)
	v := inviteView{Form: f, Roles: roleOptions(lang), Languages: languageOptions(lang, lang.T("account.language_browser")), Mails: org.Sender != ""}
	return h.pageWith(w, r, status, "invite", h.frame(r, lang.T("team.invite_title"), "/team"), v)
}

// organisation is who sends; the default one where none is set.
func (h *house) organisation(r *http.Request) (organisation.Organisation, error) {
	org, err := h.Office.Get(r.Context())
	if errs.Is(err, errs.NotFound) {
		err = nil
	}
	return org, err
}

func (h *house) invite(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	org, err := h.organisation(r)
	if err != nil {
		return err
	}
	asked := organisation.Invitation{Email: r.PostForm.Get("email"), Name: r.PostForm.Get("name"), Role: organisation.Role(r.PostForm.Get("role")), Language: r.PostForm.Get("language")}
	i, err := h.Office.Invite(r.Context(), h.actor(r), asked, h.letter(r, org))
	if err != nil {
		form := pages.NewForm(r.PostForm)
		if errs.Is(err, errs.Conflict) {
			form.Add("email", h.words(r).T("team.there_already"))
		} else if !form.AddError(err) {
			return err
		}
		return h.inviteWith(w, r, http.StatusUnprocessableEntity, form)
	}
	said := h.words(r).T("team.invited", i.Email)
	if org.Sender == "" {
		said = h.words(r).T("team.invited_by_hand")
	}
	return h.done(w, r, "/invitations/"+i.ID.String(), said, nil)
}

// letter writes the mail of an invitation, nil where there is no sender.
func (h *house) letter(r *http.Request, org organisation.Organisation) organisation.Letter {
	if org.Sender == "" {
		return nil
	}
	return func(i organisation.Invitation) *notice.Notice {
		lang := words.Match(i.Language, h.words(r).Lang())
		from := org.Name
		if from == "" {
			from = "Postrider"
		}
		by := h.who(r).Name
		if by == "" {
			by = from
		}
		hello := lang.T("team.mail_hello_nobody")
		if i.Name != "" {
			hello = lang.T("team.mail_hello", i.Name)
		}
		until := pages.In(lang, h.Now(), org.Zone).When(i.ExpiresAt)
		n := &notice.Notice{Kind: notice.Invitation, From: org.Sender, ReplyTo: org.ReplyTo, Subject: lang.T("team.mail_subject", from), Expires: i.ExpiresAt}
		n.To.Address, n.To.Name = i.Email, i.Name
		n.Text = strings.Join([]string{hello, lang.T("team.mail_what", by, from, lang.T(roleKeys[i.Role])), h.invitationLink(i.ID),
			lang.T("team.mail_until", until), lang.T("team.mail_not_you")}, "\n\n") + "\n"
		return n
	}
}

func (h *house) invitation(w http.ResponseWriter, r *http.Request) error {
	i, err := h.findInvitation(r)
	if err != nil {
		return err
	}
	org, err := h.organisation(r)
	if err != nil {
		return err
	}
	v := h.invitationOf(r, i)
	v.Mailed = org.Sender != ""
	return h.page(w, r, "invited", h.frame(r, i.Email, "/team"), v)
}

func (h *house) findInvitation(r *http.Request) (organisation.Invitation, error) {
	var id organisation.InvitationID
	if err := id.UnmarshalText([]byte(r.PathValue("id"))); err != nil {
		id = 0
	}
	i, err := h.Office.Invitation(r.Context(), id)
	if errs.Is(err, errs.NotFound) {
		err = errs.NotFoundf("%s", h.words(r).T("team.invitation_over"))
	}
	return i, err
}

func (h *house) withdraw(w http.ResponseWriter, r *http.Request) error {
	i, err := h.findInvitation(r)
	if err != nil {
		return err
	}
	if err := h.Office.Withdraw(r.Context(), h.actor(r), i.ID); err != nil {
		return err
	}
	return h.done(w, r, "/team", h.words(r).T("team.withdrawn", i.Email), nil)
}

// findMember is the operator of the path, or a page that says that there is none.
func (h *house) findMember(r *http.Request) (organisation.Operator, error) {
	if _, err := ids.Parse[organisation.Operator](r.PathValue("id")); err != nil {
		return organisation.Operator{}, errs.NotFoundf("%s", h.words(r).T("team.no_member"))
	}
	o, err := h.Office.FindOperator(r.Context(), r.PathValue("id"))
	if errs.Is(err, errs.NotFound) {
		err = errs.NotFoundf("%s", h.words(r).T("team.no_member"))
	}
	return o, err
}

func (h *house) member(w http.ResponseWriter, r *http.Request) error {
	o, err := h.findMember(r)
	if err != nil {
		return err
	}
	return h.memberWith(w, r, http.StatusOK, o, pages.NewForm(map[string][]string{"role": {string(o.Role)}}))
}

func (h *house) memberWith(w http.ResponseWriter, r *http.Request, status int, o organisation.Operator, f pages.Form) error {
	sessions, err := h.sessionsOf(r, o.ID)
	if err != nil {
		return err
	}
	v := h.memberOf(r, o)
	v.Form, v.Roles, v.Sessions = f, roleOptions(h.words(r)), sessions
	return h.pageWith(w, r, status, "member", h.frame(r, o.Name, "/team"), v)
}

func (h *house) changeRole(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	o, err := h.findMember(r)
	if err != nil {
		return err
	}
	form := pages.NewForm(r.PostForm)
	changed, err := h.Office.SetRole(r.Context(), h.actor(r), o.ID, organisation.Role(r.PostForm.Get("role")))
	if errs.Is(err, errs.Conflict) {
		form.Add("role", h.words(r).T("team.last_owner"))
		return h.memberWith(w, r, http.StatusConflict, o, form)
	}
	if err != nil {
		if !form.AddError(err) {
			return err
		}
		return h.memberWith(w, r, http.StatusUnprocessableEntity, o, form)
	}
	return h.done(w, r, "/team/"+o.ID.String(), h.words(r).T("team.role_changed", o.Name, h.words(r).T(roleKeys[changed.Role])), nil)
}

func (h *house) signOutMember(w http.ResponseWriter, r *http.Request) error {
	o, err := h.findMember(r)
	if err != nil {
		return err
	}
	but := organisation.SessionID(0)
	if o.ID == h.who(r).ID {
		but = known(r).Session.ID
	}
	if err := h.Porter.EndOthers(r.Context(), h.actor(r), o.ID, but); err != nil {
		return err
	}
	return h.done(w, r, "/team/"+o.ID.String(), h.words(r).T("team.signed_out", o.Name), nil)
}

func (h *house) removePage(w http.ResponseWriter, r *http.Request) error {
	o, err := h.findMember(r)
	if err != nil {
		return err
	}
	return h.page(w, r, "member-remove", h.frame(r, o.Name, "/team"), h.memberOf(r, o))
}

func (h *house) removeMember(w http.ResponseWriter, r *http.Request) error {
	o, err := h.findMember(r)
	if err != nil {
		return err
	}
	if err := h.Office.RemoveOperator(r.Context(), h.actor(r), o.ID); err != nil {
		if errs.Is(err, errs.Conflict) {
			err = errs.Conflictf("%s", h.words(r).T("team.last_owner"))
		}
		return err
	}
	return h.done(w, r, "/team", h.words(r).T("team.removed", o.Name), nil)
}

// sessionView is a browser that somebody is signed in with.
type sessionView struct {
	ID      string
	Device  string
	Network string
	Began   string
	Seen    string
	Here    bool
}

func (h *house) sessionsOf(r *http.Request, id organisation.OperatorID) ([]sessionView, error) {
	all, err := h.Porter.Sessions(r.Context(), id)
	if err != nil {
		return nil, err
	}
	clock, lang := h.clock(r, ""), h.words(r)
	var out []sessionView
	for _, s := range all {
		v := sessionView{ID: s.ID.String(), Device: s.Device, Network: s.Network, Began: clock.When(s.CreatedAt), Seen: clock.When(s.SeenAt), Here: s.ID == known(r).Session.ID}
		if v.Device == "" {
			v.Device = lang.T("account.unknown_device")
		}
		if h.Now().Sub(s.SeenAt) < 2*time.Minute {
			v.Seen = lang.T("account.now")
		}
		out = append(out, v)
	}
	return out, nil
}
