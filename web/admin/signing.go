package admin

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/internal/words"
	"postrider/web/pages"
	"postrider/web/respond"
)

type signingView struct {
	Tabs    tabsView
	F       pages.Form
	Domains []domainView
	Wrong   string // why keys could not be activated
	At      string // the domain that it is about
}

type domainView struct {
	Name   string
	Keys   []keyView
	Next   bool
	Active bool
}

type keyView struct {
	delivery.SigningKey
	Record, Value string
	Mark          pages.Mark
	Show          bool // its record belongs into the DNS
	ID            string
}

func (h *house) signing(w http.ResponseWriter, r *http.Request) error {
	v := signingView{F: pages.NewForm(r.URL.Query())}
	if org, err := h.Store.Organisation(r.Context()); err == nil && v.F.Value("domain") == "" {
		if sender, err := mailaddr.ParseFrom(org.Sender); err == nil {
			v.F = pages.NewForm(map[string][]string{"domain": {sender.Address[strings.LastIndexByte(sender.Address, '@')+1:]}})
		}
	}
	return h.showSigning(w, r, http.StatusOK, v)
}

func (h *house) showSigning(w http.ResponseWriter, r *http.Request, status int, v signingView) error {
	keys, err := h.Ring.List(r.Context())
	if err != nil {
		return err
	}
	v.Tabs = h.serverTabs(r, "/servers/signing")
	for _, k := range keys {
		if n := len(v.Domains); n == 0 || v.Domains[n-1].Name != k.Domain {
			v.Domains = append(v.Domains, domainView{Name: k.Domain})
		}
		d := &v.Domains[len(v.Domains)-1]
		shown := keyView{SigningKey: k, Mark: keyMark(h.words(r), k.State), Show: k.State != delivery.SigningRetired, ID: "k-" + k.ID.String()}
		shown.Record, shown.Value = k.Record()
		d.Keys = append(d.Keys, shown)
		d.Next, d.Active = d.Next || k.State == delivery.SigningNext, d.Active || k.State == delivery.SigningActive
	}
	return h.pageWith(w, r, status, "signing", h.frame(r, h.words(r).T("servers.signing"), "/servers"), v)
}

func keyMark(w *words.Words, s delivery.SigningState) pages.Mark {
	switch s {
	case delivery.SigningActive:
		return pages.NewMark(w, "servers.key_active", "✓", "good")
	case delivery.SigningRetired:
		return pages.NewMark(w, "servers.key_retired", "×", "")
	}
	return pages.NewMark(w, "servers.key_next", "○", "")
}

func (h *house) makeKeys(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v := signingView{F: pages.NewForm(r.PostForm)}
	keys, err := h.Ring.Make(r.Context(), h.actor(r), v.F.Value("domain"), "")
	switch {
	case err == nil:
		return h.done(w, r, "/servers/signing", h.words(r).T("servers.keys_made", keys[0].Domain), nil)
	case errs.Is(err, errs.Conflict):
		v.F.Add("domain", h.words(r).T("servers.keys_wait"))
	case !v.F.AddError(err):
		return err
	}
	return h.showSigning(w, r, http.StatusUnprocessableEntity, v)
}

func (h *house) activateKeys(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	domain := r.PostForm.Get("domain")
	_, err := h.Ring.Activate(r.Context(), h.actor(r), domain, true)
	if errs.Is(err, errs.Conflict) || errs.Is(err, errs.Unavailable) {
		text := strings.TrimSuffix(respond.Sentence(beforeCommand(h.words(r).Said(err.Error()))), ".") + "."
		return h.showSigning(w, r, http.StatusConflict, signingView{F: pages.NewForm(nil), Wrong: text, At: domain})
	}
	if err != nil {
		return err
	}
	return h.done(w, r, "/servers/signing", h.words(r).T("servers.keys_sign", domain), nil)
}

func (h *house) rotateKeys(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	keys, err := h.Ring.Rotate(r.Context(), h.actor(r), r.PostForm.Get("domain"))
	if err != nil {
		return err
	}
	return h.done(w, r, "/servers/signing", h.words(r).T("servers.keys_made", keys[0].Domain), nil)
}

type pacesView struct {
	Tabs     tabsView
	F        pages.Form
	Rows     []paceRow
	Families []pages.Option
}

type paceRow struct {
	Name      string
	Family    bool
	PerMinute int
}

func (h *house) paces(w http.ResponseWriter, r *http.Request) error {
	return h.showPaces(w, r, http.StatusOK, pages.NewForm(r.URL.Query()))
}

func (h *house) showPaces(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	rules, err := h.Store.PaceRules(r.Context())
	if err != nil {
		return err
	}
	v := pacesView{Tabs: h.serverTabs(r, "/servers/pace"), F: f}
	for _, key := range slices.Sorted(maps.Keys(rules)) {
		kind, name, _ := strings.Cut(key, ":")
		v.Rows = append(v.Rows, paceRow{Name: name, Family: kind == "family", PerMinute: rules[key]})
	}
	for _, name := range delivery.Families() {
		v.Families = append(v.Families, pages.Option{Value: name})
	}
	return h.pageWith(w, r, status, "paces", h.frame(r, h.words(r).T("servers.paces"), "/servers"), v)
}

func (h *house) setPace(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	f, t := pages.NewForm(r.PostForm), h.words(r)
	what := strings.ToLower(strings.TrimSpace(f.Value("for")))
	key := delivery.PaceFamily(what)
	if !slices.Contains(delivery.Families(), what) {
		domain, err := mailaddr.ParseDomain(what)
		if err != nil || !strings.Contains(what, ".") {
			f.Add("for", t.T("servers.want_domain"))
		}
		key = delivery.PaceDomain(domain)
	}
	n := 0
	if r.PostForm.Get("off") == "" {
		var err error
		if n, err = strconv.Atoi(strings.TrimSpace(f.Value("per_minute"))); err != nil || n < 1 || n > 1_000_000 {
			f.Add("per_minute", t.T("servers.want_number"))
		}
	}
	if !f.OK() {
		return h.showPaces(w, r, http.StatusUnprocessableEntity, f)
	}
	if err := h.Book.SetPace(r.Context(), h.actor(r), key, n); err != nil {
		return err
	}
	return h.done(w, r, "/servers/pace", t.T("servers.kept"), nil)
}
