package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postrider/campaigns/crier"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/web/pages"
	"postrider/web/respond"
)

// newsRoutes say who is told when something needs a person, and how.
func (h *house) newsRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /settings/news", Needs: owner, Handle: h.news},
		{Pattern: "POST /settings/news", Needs: owner, Handle: h.keepNews},
		{Pattern: "POST /settings/news/test", Needs: owner, Handle: h.testNews},
	}
}

type newsView struct {
	F         pages.Form
	HookKinds []pages.Option
	Kinds     []pages.Option
	HookHint  string
	PingHost  string
	Blind     bool
	Latest    []toldView
}

type toldView struct{ When, What, URL, How, Trouble string }

var newsKinds = map[crier.Kind]string{
	crier.KindHeld: "news.kind_held", crier.KindApproval: "news.kind_approval", crier.KindSkipped: "news.kind_skipped", crier.KindSent: "news.kind_sent",
	crier.KindDeferred: "news.kind_deferred", crier.KindServer: "news.kind_mail_server",
}

var newsCalls = map[string]string{"queued": "news.call_queued", "called": "news.call_called", "given_up": "news.call_given_up"}

const shownNews = 20

func (h *house) news(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Crier.Channels(r.Context())
	if err != nil {
		return err
	}
	v := url.Values{"mails": {strings.Join(c.Mails, "\n")}, "hook_kind": {string(c.HookKind)}}
	if c.Owners {
		v.Set("owners", "1")
	}
	for _, k := range crier.Kinds() {
		if c.Wants(k) {
			v.Add("kind", string(k))
		}
	}
	return h.showNews(w, r, http.StatusOK, pages.NewForm(v))
}

func (h *house) showNews(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	c, err := h.Crier.Channels(r.Context())
	if err != nil {
		return err
	}
	t := h.words(r)
	v := newsView{F: f, Blind: c.Blind(), PingHost: c.PingHost, HookHint: t.T("news.hook_hint"), HookKinds: []pages.Option{{Label: t.T("news.hook_none")},
		{Value: "json", Label: t.T("news.hook_json"), Hint: t.T("news.hook_json_hint")}, {Value: "ntfy", Label: t.T("news.hook_ntfy"), Hint: t.T("news.hook_ntfy_hint")}}}
	if c.HookHost != "" {
		v.HookHint = t.T("news.hook_kept", c.HookHost)
	}
	for _, k := range crier.Kinds() {
		v.Kinds = append(v.Kinds, pages.Option{Value: string(k), Label: t.T(newsKinds[k])})
	}
	latest, err := h.Store.LatestNews(r.Context(), shownNews)
	if err != nil {
		return err
	}
	clock := h.clock(r, "")
	for _, n := range latest {
		one := toldView{When: clock.When(n.At), What: n.Title, URL: n.Path, How: t.T("news.how_mails", n.Mails), Trouble: n.Trouble}
		if n.Call != "none" {
			one.How += " · " + t.T(newsCalls[n.Call])
		}
		v.Latest = append(v.Latest, one)
	}
	frame := h.frame(r, t.T("news.title"), "/settings")
	frame.Narrow = true
	return h.pageWith(w, r, status, "news", frame, v)
}

func (h *house) keepNews(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := r.PostForm
	wish := crier.Wish{Owners: v.Get("owners") != "", Mails: addresses(v.Get("mails")), HookKind: crier.HookKind(v.Get("hook_kind"))}
	for _, k := range crier.Kinds() {
		if !slices.Contains(v["kind"], string(k)) {
			wish.Quiet = append(wish.Quiet, k)
		}
	}
	if s := strings.TrimSpace(v.Get("hook")); s != "" {
		hook := secrets.Secret(s)
		wish.Hook = &hook
	}
	if s := strings.TrimSpace(v.Get("ping")); s != "" || v.Get("remove_ping") != "" {
		ping := secrets.Secret(s)
		wish.Ping = &ping
	}
	if _, err := h.Crier.Set(r.Context(), h.actor(r), wish); err != nil {
		f := pages.NewForm(v)
		if !f.AddError(inForm(err, v)) {
			return err
		}
		return h.showNews(w, r, http.StatusUnprocessableEntity, f)
	}
	return h.done(w, r, "/settings/news", h.words(r).T("news.kept"), nil)
}

// addresses are those that somebody typed, however they are told apart.
func addresses(typed string) []string {
	return strings.FieldsFunc(typed, func(c rune) bool { return strings.ContainsRune(",; \t\r\n", c) })
}

func (h *house) testNews(w http.ResponseWriter, r *http.Request) error {
	n, err := h.Crier.Test(r.Context(), h.actor(r))
	if errs.Is(err, errs.Unavailable) {
		return h.done(w, r, "/settings/news", respond.Sentence(err.Error()), nil)
	}
	if err != nil {
		return err
	}
	c, err := h.Crier.Channels(r.Context())
	if err != nil {
		return err
	}
	said := "news.tested"
	if c.HookKind != crier.HookNone {
		said = "news.tested_call"
	}
	return h.done(w, r, "/settings/news", h.words(r).T(said, n), nil)
}
