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
	"postrider/internal/mailaddr"
	"postrider/internal/secrets"
	"postrider/internal/words"
	"postrider/web/pages"
	"postrider/web/respond"
)

// testTimeout is for looking at a mail server, which may not answer.
const testTimeout = 50 * time.Second

func (h *house) serverRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /servers", Needs: owner, Handle: h.servers},
		{Pattern: "GET /servers/new", Needs: owner, Handle: h.newServer},
		{Pattern: "POST /servers/new", Needs: owner, Handle: h.addServer, Timeout: testTimeout},
		{Pattern: "GET /servers/pace", Needs: owner, Handle: h.paces},
		{Pattern: "POST /servers/pace", Needs: owner, Handle: h.setPace},
		{Pattern: "GET /servers/signing", Needs: owner, Handle: h.signing},
		{Pattern: "POST /servers/signing", Needs: owner, Handle: h.makeKeys},
		{Pattern: "POST /servers/signing/activate", Needs: owner, Handle: h.activateKeys, Timeout: testTimeout},
		{Pattern: "POST /servers/signing/rotate", Needs: owner, Handle: h.rotateKeys},
		{Pattern: "GET /servers/{id}", Needs: owner, Handle: h.server},
		{Pattern: "GET /servers/{id}/edit", Needs: owner, Handle: h.editServerPage},
		{Pattern: "POST /servers/{id}/edit", Needs: owner, Handle: h.editServer},
		{Pattern: "POST /servers/{id}/test", Needs: owner, Handle: h.testServer, Timeout: testTimeout},
		{Pattern: "POST /servers/{id}/pause", Needs: owner, Handle: h.pauseServer},
		{Pattern: "POST /servers/{id}/resume", Needs: owner, Handle: h.resumeServer},
		{Pattern: "GET /servers/{id}/remove", Needs: owner, Handle: h.removeServerPage},
		{Pattern: "POST /servers/{id}/remove", Needs: owner, Handle: h.removeServer},
	}
}

func (h *house) serverTabs(r *http.Request, here string) tabsView {
	v := tabsView{Label: h.words(r).T("frame.servers"), Here: here}
	for _, p := range []place{{"frame.servers", "/servers", ""}, {"servers.paces", "/servers/pace", ""}, {"servers.signing", "/servers/signing", ""}} {
		v.Tabs = append(v.Tabs, h.links(r, []place{p})...)
	}
	return v
}

type serversView struct {
	Tabs   tabsView
	Rows   []serverRow
	Rescue bool // --smtp sets them aside for this process
}

// serverRow is a mail server with its state, as lists and its page show it.
type serverRow struct {
	delivery.Relay
	URL, Kind, Where    string
	Mark                pages.Mark
	Trouble, Since      string
	Handed, Limit       int
	WarmupEnds, WarmDay string
	Pace                int
}

func (h *house) servers(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Book.List(r.Context())
	if err != nil {
		return err
	}
	v := serversView{Tabs: h.serverTabs(r, "/servers")}
	for _, x := range all {
		row, err := h.serverRow(r, x)
		if err != nil {
			return err
		}
		v.Rows = append(v.Rows, row)
	}
	return h.page(w, r, "servers", h.frame(r, h.words(r).T("frame.servers"), "/servers"), v)
}

func serverURL(id delivery.RelayID) string { return "/servers/" + id.String() }

func (h *house) serverRow(r *http.Request, x delivery.Relay) (serverRow, error) {
	clock := h.clock(r, "")
	row := serverRow{Relay: x, URL: serverURL(x.ID), Where: x.Config.Host + ":" + strconv.Itoa(x.Config.Port), Mark: serverMark(clock.Words, x), Pace: x.PacePerMinute}
	if p, err := delivery.Preset(x.Kind); err == nil {
		row.Kind = p.Title
	}
	if x.Trouble != "" {
		row.Trouble, row.Since = respond.Sentence(clock.Words.Said(x.Trouble)), clock.When(x.TroubleAt)
	}
	var ends time.Time
	row.Limit, ends = x.DailyLimit(h.Now())
	if !ends.IsZero() {
		day := int(h.Now().Sub(x.Warmup.From.UTC().Truncate(24*time.Hour))/(24*time.Hour)) + 1
		row.WarmupEnds, row.WarmDay = clock.Day(ends), clock.Words.T("servers.warm_day", max(day, 1), len(x.Warmup.Limits))
	}
	today, _ := delivery.RelayDay(h.Now())
	var err error
	row.Handed, err = h.Store.HandedToday(r.Context(), x.ID, today)
	return row, err
}

func serverMark(w *words.Words, x delivery.Relay) pages.Mark {
	switch {
	case x.State == delivery.RelayPaused:
		return pages.NewMark(w, "servers.paused", "‖", "warn")
	case x.Trouble != "":
		return pages.NewMark(w, "servers.broken", "!", "bad")
	}
	return pages.NewMark(w, "servers.healthy", "✓", "good")
}

// serverView is one mail server, with what a test of it found.
type serverView struct {
	serverRow
	Tested *delivery.Check
	Steps  []stepView
	Hints  []string
	Others int // further active ones
	LogIn  string
}

type stepView struct {
	delivery.Step
	Title string // what was tested
	Mark  pages.Mark
}

var probeKeys = map[string]string{
	"connect": "servers.probe_connect", "greeting": "servers.probe_greeting", "tls": "servers.tls", "log-in": "servers.probe_login",
	"pipelining": "servers.probe_pipelining", "size": "servers.probe_size", "smtputf8": "servers.probe_letters", "sender": "servers.mode",
}

func (h *house) server(w http.ResponseWriter, r *http.Request) error {
	x, err := h.Book.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.showServer(w, r, x, nil)
}

func (h *house) showServer(w http.ResponseWriter, r *http.Request, x delivery.Relay, tested *delivery.Check) error {
	row, err := h.serverRow(r, x)
	if err != nil {
		return err
	}
	v := serverView{serverRow: row, Tested: tested, LogIn: x.Config.Username}
	if p, err := delivery.Preset(x.Kind); err == nil {
		v.Hints = p.Hints
	}
	v.Steps = steps(h.words(r), tested)
	return h.page(w, r, "server", h.frame(r, x.Name, "/servers"), v)
}

func steps(w *words.Words, c *delivery.Check) []stepView {
	if c == nil {
		return nil
	}
	var out []stepView
	for _, s := range c.Steps {
		mark := pages.NewMark(w, "servers.step_ok", "✓", "good")
		switch s.State {
		case delivery.StepHint:
			mark = pages.NewMark(w, "servers.step_hint", "◐", "warn")
		case delivery.StepFailed:
			mark = pages.NewMark(w, "servers.step_failed", "!", "bad")
		}
		s.Text, s.Remedy = respond.Sentence(w.Said(s.Text)), respond.Sentence(beforeCommand(w.Said(s.Remedy)))
		out = append(out, stepView{s, w.T(probeKeys[s.Name]), mark})
	}
	return out
}

// beforeCommand leaves out the command at the end of a remedy: on the page there
// is a button for it.
func beforeCommand(remedy string) string {
	text, _, found := strings.Cut(remedy, ": postrider ")
	if !found {
		text, _, _ = strings.Cut(remedy, " with postrider ")
	}
	return text
}

func (h *house) testServer(w http.ResponseWriter, r *http.Request) error {
	x, err := h.Book.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	c, err := h.tested(r, x)
	if err != nil {
		return err
	}
	return h.showServer(w, r, x, &c)
}

// tested looks at a mail server with the organisation's sender. No mail is sent.
func (h *house) tested(r *http.Request, x delivery.Relay) (delivery.Check, error) {
	from := ""
	if org, err := h.Store.Organisation(r.Context()); err == nil && org.Sender != "" {
		if sender, err := mailaddr.ParseFrom(org.Sender); err == nil {
			from = sender.Address
		}
	}
	return h.Book.Test(r.Context(), x.ID.String(), h.Prober, from)
}

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

func (h *house) pauseServer(w http.ResponseWriter, r *http.Request) error {
	x, err := h.Book.Pause(r.Context(), h.actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	t := h.words(r)
	return h.done(w, r, serverURL(x.ID), t.T("servers.now_paused", x.Name), &pages.Undo{URL: serverURL(x.ID) + "/resume", Label: t.T("servers.resume")})
}

func (h *house) resumeServer(w http.ResponseWriter, r *http.Request) error {
	x, err := h.Book.Resume(r.Context(), h.actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.done(w, r, serverURL(x.ID), h.words(r).T("servers.now_active", x.Name), nil)
}

func (h *house) removeServerPage(w http.ResponseWriter, r *http.Request) error {
	x, err := h.Book.Find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	all, err := h.Book.List(r.Context())
	if err != nil {
		return err
	}
	row, err := h.serverRow(r, x)
	if err != nil {
		return err
	}
	v := serverView{serverRow: row}
	for _, o := range all {
		if o.ID != x.ID && o.State == delivery.RelayActive {
			v.Others++
		}
	}
	return h.page(w, r, "server-remove", h.frame(r, x.Name, "/servers"), v)
}

func (h *house) removeServer(w http.ResponseWriter, r *http.Request) error {
	x, err := h.Book.Remove(r.Context(), h.actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.done(w, r, "/servers", h.words(r).T("servers.removed", x.Name), nil)
}
