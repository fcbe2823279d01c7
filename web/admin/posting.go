package admin

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/internal/words"
	"postrider/web/pages"
	"postrider/web/respond"
)

func (h *house) postingRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /posting", Needs: owner, Handle: h.posting},
		{Pattern: "GET /posting/new", Needs: owner, Handle: h.newPosting},
		{Pattern: "POST /posting/new", Needs: owner, Handle: h.addPosting, Timeout: testTimeout},
		{Pattern: "GET /posting/{account}", Needs: owner, Handle: h.editPostingPage},
		{Pattern: "POST /posting/{account}", Needs: owner, Handle: h.editPosting, Timeout: testTimeout},
		{Pattern: "POST /posting/{account}/test", Needs: owner, Handle: h.testPosting, Timeout: testTimeout},
		{Pattern: "POST /posting/{account}/pause", Needs: owner, Handle: h.pausePosting},
		{Pattern: "POST /posting/{account}/resume", Needs: owner, Handle: h.resumePosting},
		{Pattern: "GET /posting/{account}/remove", Needs: owner, Handle: h.removePostingPage},
		{Pattern: "POST /posting/{account}/remove", Needs: owner, Handle: h.removePosting},
		{Pattern: "GET /editions/{id}/posts", Needs: analyst, Handle: h.editionPosts},
		{Pattern: "POST /editions/{id}/posts", Needs: editor, Handle: h.addPost},
		{Pattern: "GET /posts/{post}", Needs: analyst, Handle: h.post},
		{Pattern: "POST /posts/{post}/text", Needs: editor, Handle: h.rewordPost, Timeout: testTimeout},
		{Pattern: "POST /posts/{post}/done", Needs: editor, Handle: h.postDone},
		{Pattern: "POST /posts/{post}/confirm", Needs: reviewer, Handle: h.confirmPost},
		{Pattern: "POST /posts/{post}/skip", Needs: editor, Handle: h.skipPost},
		{Pattern: "POST /posts/{post}/again", Needs: editor, Handle: h.againPost},
		{Pattern: "POST /posts/{post}/withdraw", Needs: editor, Handle: h.withdrawPost, Timeout: testTimeout},
		{Pattern: "GET /campaigns/{id}/posts", Needs: editor, Handle: h.postPlan},
		{Pattern: "POST /campaigns/{id}/posts", Needs: editor, Handle: h.addPostPlan},
		{Pattern: "POST /campaigns/{id}/posts/remove", Needs: editor, Handle: h.removePostPlan},
	}
}

// accountRow is an account with its state.
type accountRow struct {
	delivery.Account
	URL, Title     string
	Mark           pages.Mark
	Trouble, Since string
}

func postingURL(id delivery.AccountID) string { return "/posting/" + id.String() }

func (h *house) accountRow(r *http.Request, a delivery.Account) accountRow {
	clock := h.clock(r, "")
	row := accountRow{Account: a, URL: postingURL(a.ID), Title: kindTitle(a.Kind), Mark: accountMark(clock.Words, a)}
	if a.Trouble != "" {
		row.Trouble, row.Since = respond.Sentence(a.Trouble), clock.When(a.TroubleAt)
	}
	return row
}

func kindTitle(k delivery.AccountKind) string {
	f, err := k.Facts()
	if err != nil {
		return string(k)
	}
	return f.Title
}

func accountMark(w *words.Words, a delivery.Account) pages.Mark {
	switch {
	case a.State == delivery.AccountPaused:
		return pages.NewMark(w, "posting.paused", "‖", "warn")
	case a.Trouble != "":
		return pages.NewMark(w, "posting.broken", "!", "bad")
	}
	return pages.NewMark(w, "posting.healthy", "✓", "good")
}

func (h *house) posting(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Herald.Book.List(r.Context())
	if err != nil {
		return err
	}
	var rows []accountRow
	for _, a := range all {
		rows = append(rows, h.accountRow(r, a))
	}
	return h.page(w, r, "posting", h.frame(r, h.words(r).T("posting.title"), "/settings"), map[string]any{"Rows": rows})
}

// accountForm is a new account, or one that is changed.
type accountForm struct {
	F             pages.Form
	Kinds         []pages.Option // to choose from, while none is chosen
	Facts         delivery.AccountFacts
	URL           string // of the account, empty for a new one
	Row           accountRow
	Name          string
	SecretLabel   string
	SecretHint    string
	HandleLabel   string
	Visibilities  []pages.Option
	Key           string // of a webhook, shown to the owner who checks with it
	ShowsFediFlag bool
}

func (h *house) newPosting(w http.ResponseWriter, r *http.Request) error {
	v := accountForm{F: pages.NewForm(url.Values{"kind": {r.URL.Query().Get("kind")}})}
	return h.showAccount(w, r, http.StatusOK, v, delivery.AccountKind(r.URL.Query().Get("kind")))
}

// kindHints say of each kind where its secret comes from.
var kindHints = map[delivery.AccountKind]string{
	delivery.KindMastodon: "posting.kind_mastodon", delivery.KindBluesky: "posting.kind_bluesky", delivery.KindTelegram: "posting.kind_telegram",
	delivery.KindWebhook: "posting.kind_webhook", delivery.KindSlack: "posting.kind_chat", delivery.KindDiscord: "posting.kind_chat",
	delivery.KindTeams: "posting.kind_chat", delivery.KindMattermost: "posting.kind_chat", delivery.KindMatrix: "posting.kind_matrix",
	delivery.KindNtfy: "posting.kind_ntfy",
}

var secretLabels = map[string]string{
	"access token": "posting.secret_token", "app password": "posting.secret_app", "bot token": "posting.secret_bot",
	"address": "posting.secret_address", "webhook address": "posting.secret_address", "topic address": "posting.secret_topic",
}

var handleLabels = map[delivery.AccountKind]string{
	delivery.KindBluesky: "posting.handle_bluesky", delivery.KindTelegram: "posting.handle_telegram", delivery.KindMatrix: "posting.handle_matrix",
}

func (h *house) showAccount(w http.ResponseWriter, r *http.Request, status int, v accountForm, kind delivery.AccountKind) error {
	t := h.words(r)
	title := t.T("posting.add")
	for _, f := range delivery.AccountKinds() {
		v.Kinds = append(v.Kinds, pages.Option{Value: "/posting/new?kind=" + string(f.Kind), Label: f.Title, Hint: t.T(kindHints[f.Kind])})
	}
	if facts, err := kind.Facts(); err == nil {
		v.Facts, v.Kinds = facts, nil
		v.SecretLabel, v.ShowsFediFlag = t.T(secretLabels[facts.Secret]), kind == delivery.KindMastodon
		if v.SecretHint = t.T("posting.secret_hint"); v.URL != "" {
			v.SecretHint = t.T("posting.secret_stays")
		}
		if facts.NeedHandle {
			v.HandleLabel = t.T(handleLabels[kind])
		}
		title = facts.Title
	}
	v.Visibilities = []pages.Option{{Value: "", Label: t.T("posting.visibility_default")}, {Value: "public", Label: t.T("posting.visibility_public")},
		{Value: "unlisted", Label: t.T("posting.visibility_unlisted")}, {Value: "private", Label: t.T("posting.visibility_private")}}
	if v.Name != "" {
		title = v.Name
	}
	f := h.frame(r, title, "/settings")
	f.Narrow = true
	return h.pageWith(w, r, status, "posting-form", f, v)
}

// typedAccount reads the form of an account.
func typedAccount(a delivery.Account, f pages.Form) (delivery.Account, *delivery.AccountSecrets) {
	a.Name, a.Server, a.Handle, a.Visibility, a.Warning = f.Value("name"), f.Value("server"), f.Value("handle"), f.Value("visibility"), f.Value("warning")
	if secret := f.Value("secret"); secret != "" {
		return a, &delivery.AccountSecrets{Token: secrets.Secret(secret)}
	}
	return a, nil
}

// notKept shows a form again with what is wrong with it: a field, or what the
// other end said.
func notKept(f *pages.Form, err error) bool {
	var refused *delivery.PostError
	if f.AddError(err) {
		return true
	}
	if errors.As(err, &refused) || errs.Is(err, errs.Conflict) || errs.Is(err, errs.Unavailable) || errs.Is(err, errs.Forbidden) || errs.Is(err, errs.NotFound) {
		f.Add("", respond.Sentence(err.Error()))
		return true
	}
	return false
}

func (h *house) addPosting(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := accountForm{F: pages.NewForm(r.PostForm)}
	kind := delivery.AccountKind(r.PostForm.Get("kind"))
	a, s := typedAccount(delivery.Account{Kind: kind}, v.F)
	if s == nil {
		s = &delivery.AccountSecrets{}
	}
	added, err := h.Herald.Book.Add(r.Context(), h.actor(r), a, *s)
	if err == nil {
		return h.done(w, r, "/posting", h.words(r).T("posting.added", added.Name), nil)
	}
	if !notKept(&v.F, err) {
		return err
	}
	return h.showAccount(w, r, http.StatusUnprocessableEntity, v, kind)
}

func (h *house) editPostingPage(w http.ResponseWriter, r *http.Request) error {
	a, err := h.Herald.Book.Find(r.Context(), r.PathValue("account"))
	if err != nil {
		return err
	}
	f := pages.NewForm(url.Values{"name": {a.Name}, "server": {a.Server}, "handle": {a.Handle}, "visibility": {a.Visibility}, "warning": {a.Warning}, "as_of": {a.UpdatedAt.Format(time.RFC3339Nano)}})
	return h.showPosting(w, r, http.StatusOK, a, f)
}

func (h *house) showPosting(w http.ResponseWriter, r *http.Request, status int, a delivery.Account, f pages.Form) error {
	v := accountForm{F: f, URL: postingURL(a.ID), Row: h.accountRow(r, a), Name: a.Name}
	if a.Kind == delivery.KindWebhook {
		key, err := h.Herald.Book.Key(r.Context(), a.ID.String())
		if err != nil {
			return err
		}
		v.Key = key.Reveal()
	}
	return h.showAccount(w, r, status, v, a.Kind)
}

func (h *house) editPosting(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	a, err := h.Herald.Book.Find(r.Context(), r.PathValue("account"))
	if err != nil {
		return err
	}
	f := pages.NewForm(r.PostForm)
	changed, s := typedAccount(a, f)
	if at, err := time.Parse(time.RFC3339Nano, f.Value("as_of")); err == nil {
		changed.UpdatedAt = at // as it was read: who was faster is not overwritten
	}
	changed, err = h.Herald.Book.Change(r.Context(), h.actor(r), changed, s)
	if err == nil {
		return h.done(w, r, "/posting", h.words(r).T("posting.kept", changed.Name), nil)
	}
	if !notKept(&f, err) {
		return err
	}
	return h.showPosting(w, r, http.StatusUnprocessableEntity, a, f)
}

func (h *house) testPosting(w http.ResponseWriter, r *http.Request) error {
	a, err := h.Herald.Book.Test(r.Context(), r.PathValue("account"))
	f := pages.NewForm(nil)
	switch {
	case err == nil:
		return h.done(w, r, postingURL(a.ID), h.words(r).T("posting.tested", a.Name), nil)
	case a.ID == 0 || !notKept(&f, err):
		return err
	}
	return h.done(w, r, postingURL(a.ID), f.Problems()[0].Text, nil)
}

func (h *house) pausePosting(w http.ResponseWriter, r *http.Request) error {
	a, err := h.Herald.Book.Pause(r.Context(), h.actor(r), r.PathValue("account"))
	if err != nil {
		return err
	}
	return h.done(w, r, "/posting", h.words(r).T("posting.now_paused", a.Name), &pages.Undo{URL: postingURL(a.ID) + "/resume", Label: h.words(r).T("frame.undo")})
}

func (h *house) resumePosting(w http.ResponseWriter, r *http.Request) error {
	a, err := h.Herald.Book.Resume(r.Context(), h.actor(r), r.PathValue("account"))
	if err != nil {
		return err
	}
	return h.done(w, r, "/posting", h.words(r).T("posting.now_used", a.Name), nil)
}

func (h *house) removePostingPage(w http.ResponseWriter, r *http.Request) error {
	a, err := h.Herald.Book.Find(r.Context(), r.PathValue("account"))
	if err != nil {
		return err
	}
	f := h.frame(r, a.Name, "/settings")
	f.Narrow = true
	return h.page(w, r, "posting-remove", f, h.accountRow(r, a))
}

func (h *house) removePosting(w http.ResponseWriter, r *http.Request) error {
	a, err := h.Herald.Book.Remove(r.Context(), h.actor(r), r.PathValue("account"))
	if err != nil {
		return err
	}
	return h.done(w, r, "/posting", h.words(r).T("posting.removed", a.Name), nil)
}
