package admin

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/internal/words"
	"postrider/web/pages"
	"postrider/web/respond"
)

type newServerView struct {
	Presets []pages.Option
	Preset  *delivery.RelayPreset
	F       pages.Form
	Kind    string
	URL     string // of the server that is edited, "" for a new one
	Title   string
	TLS     []pages.Option
	Auth    []pages.Option
	Modes   []pages.Option
	Setup   bool
	Secret  bool // there is a password already
}

func (h *house) newServer(w http.ResponseWriter, r *http.Request) error {
	v := newServerView{Kind: r.URL.Query().Get("kind"), F: pages.NewForm(url.Values{})}
	if v.Kind == "" {
		for _, p := range delivery.Presets() {
			v.Presets = append(v.Presets, pages.Option{Value: "/servers/new?kind=" + string(p.Kind), Label: p.Title, Hint: p.Host})
		}
		f := h.frame(r, h.words(r).T("servers.add"), "/servers")
		return h.page(w, r, "server-kind", f, v)
	}
	p, err := delivery.Preset(delivery.RelayKind(v.Kind))
	if err != nil {
		return errs.NotFoundf("%s", h.words(r).T("servers.no_kind"))
	}
	x := p.Relay()
	x.Name = string(p.Kind)
	v.F = pages.NewForm(serverValues(x))
	return h.showServerForm(w, r, http.StatusOK, v)
}

// serverValues are a mail server's settings as its form shows them.
func serverValues(x delivery.Relay) url.Values {
	number := func(n int) string {
		if n == 0 {
			return ""
		}
		return strconv.Itoa(n)
	}
	return url.Values{
		"name": {x.Name}, "kind": {string(x.Kind)}, "host": {x.Config.Host}, "port": {strconv.Itoa(x.Config.Port)}, "tls": {string(x.Config.TLS)},
		"username": {x.Config.Username}, "auth": {x.Config.Auth}, "sender_mode": {string(x.SenderMode)}, "bounce_address": {x.BounceAddress}, "helo": {x.Config.Helo},
		"connections": {number(x.Config.Connections)}, "pace_per_minute": {number(x.PacePerMinute)}, "daily_cap": {number(x.DailyCap)},
		"weight": {number(x.Weight)}, "sender_domains": {strings.Join(x.SenderDomains, ", ")}, "warmup": {warmupText(x.Warmup)},
		"was": {x.UpdatedAt.Format(time.RFC3339Nano)},
	}
}

func warmupText(p delivery.Warmup) string {
	var out []string
	for _, n := range p.Limits {
		out = append(out, strconv.Itoa(n))
	}
	return strings.Join(out, ", ")
}

func (h *house) showServerForm(w http.ResponseWriter, r *http.Request, status int, v newServerView) error {
	t := h.words(r)
	p, err := delivery.Preset(delivery.RelayKind(v.Kind))
	if err != nil {
		return errs.NotFoundf("%s", t.T("servers.no_kind"))
	}
	v.Preset = &p
	v.TLS = []pages.Option{{Value: "required", Label: t.T("servers.tls_required")}, {Value: "implicit", Label: t.T("servers.tls_implicit")}, {Value: "none", Label: t.T("servers.tls_none")}}
	v.Auth = []pages.Option{{Label: t.T("servers.auth_any")}}
	for _, a := range []string{"plain", "login", "cram-md5", "scram-sha-256", "xoauth2"} {
		v.Auth = append(v.Auth, pages.Option{Value: a, Label: strings.ToUpper(a)})
	}
	v.Modes = []pages.Option{{Value: "verp", Label: t.T("servers.mode_verp")}, {Value: "plus", Label: t.T("servers.mode_plus")}, {Value: "fixed", Label: t.T("servers.mode_fixed")}}
	title := cmp.Or(v.Title, t.T("servers.add"))
	f := h.frame(r, title, "/servers")
	f.Narrow = true
	return h.pageWith(w, r, status, "server-form", f, v)
}

// readServer puts the form's settings into x. Numbers that are none are named in f.
func (h *house) readServer(f *pages.Form, x *delivery.Relay, t *words.Words) {
	x.Name, x.Config.Host, x.Config.TLS = f.Value("name"), f.Value("host"), delivery.TLSPolicy(f.Value("tls"))
	x.Config.Username, x.Config.Auth, x.Config.Helo = f.Value("username"), f.Value("auth"), f.Value("helo")
	x.SenderMode, x.BounceAddress = delivery.SenderMode(f.Value("sender_mode")), f.Value("bounce_address")
	for _, n := range []struct {
		name  string
		field *int
	}{{"port", &x.Config.Port}, {"connections", &x.Config.Connections}, {"pace_per_minute", &x.PacePerMinute}, {"daily_cap", &x.DailyCap}, {"weight", &x.Weight}} {
		text := strings.TrimSpace(f.Value(n.name))
		if *n.field = 0; text == "" {
			continue
		}
		number, err := strconv.Atoi(text)
		if err != nil {
			f.Add(n.name, t.T("servers.want_number"))
		}
		*n.field = number
	}
	x.Config.Host, x.Config.Port = delivery.SplitServer(x.Config.Host, x.Config.Port)
	x.SenderDomains = strings.FieldsFunc(f.Value("sender_domains"), func(r rune) bool { return r == ',' || r == ' ' || r == '\n' })
	limits, err := delivery.ParseWarmup(f.Value("warmup"))
	if err != nil {
		f.AddError(err)
	}
	if !slices.Equal(limits, x.Warmup.Limits) { // the same plan goes on where it is
		if x.Warmup = (delivery.Warmup{}); len(limits) > 0 {
			x.Warmup = delivery.Warmup{From: h.Now(), Limits: limits}
		}
	}
}

func (h *house) addServer(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := newServerView{Kind: r.PostForm.Get("kind"), F: pages.NewForm(r.PostForm)}
	p, err := delivery.Preset(delivery.RelayKind(v.Kind))
	if err != nil {
		return errs.NotFoundf("%s", h.words(r).T("servers.no_kind"))
	}
	x := p.Relay()
	h.readServer(&v.F, &x, h.words(r))
	if p.LogIn && x.Config.Username == "" {
		v.F.Add("username", h.words(r).T("servers.want_user"))
	}
	if !v.F.OK() {
		return h.showServerForm(w, r, http.StatusUnprocessableEntity, v)
	}
	x, err = h.Book.Add(r.Context(), h.actor(r), x, delivery.Credentials{Password: secrets.Secret(r.PostForm.Get("password"))})
	if err != nil {
		return h.serverWrong(w, r, v, err)
	}
	c, err := h.tested(r, x)
	if err != nil {
		return err
	}
	return h.showServer(w, r, x, &c)
}

func (h *house) serverWrong(w http.ResponseWriter, r *http.Request, v newServerView, err error) error {
	switch {
	case errs.Is(err, errs.Conflict) && v.URL == "":
		v.F.Add("name", h.words(r).T("servers.taken"))
	case errs.Is(err, errs.Conflict):
		v.F.Add("", h.words(r).T("servers.changed_meanwhile"))
	case !v.F.AddError(err):
		return err
	}
	return h.showServerForm(w, r, http.StatusUnprocessableEntity, v)
}

func (h *house) editServerPage(w http.ResponseWriter, r *http.Request) error {
	x, err := h.Book.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.showServerForm(w, r, http.StatusOK, newServerView{Kind: string(x.Kind), URL: serverURL(x.ID), Title: x.Name, Secret: x.Sealed != "", F: pages.NewForm(serverValues(x))})
}

func (h *house) editServer(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	x, err := h.Book.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := newServerView{Kind: string(x.Kind), URL: serverURL(x.ID), Title: x.Name, Secret: x.Sealed != "", F: pages.NewForm(r.PostForm)}
	h.readServer(&v.F, &x, h.words(r))
	if x.UpdatedAt, err = time.Parse(time.RFC3339Nano, v.F.Value("was")); err != nil {
		return &respond.Malformed{Err: err}
	}
	if !v.F.OK() {
		return h.showServerForm(w, r, http.StatusUnprocessableEntity, v)
	}
	var given *delivery.Credentials
	if p := r.PostForm.Get("password"); p != "" && x.Config.Username != "" {
		given = &delivery.Credentials{Password: secrets.Secret(p)}
	}
	if x, err = h.Book.Change(r.Context(), h.actor(r), x, given); err != nil {
		return h.serverWrong(w, r, v, err)
	}
	return h.done(w, r, serverURL(x.ID), h.words(r).T("servers.kept"), nil)
}
