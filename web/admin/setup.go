package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/organisation"
	"postrider/web/pages"
	"postrider/web/respond"
)

func (h *house) setupRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /setup", Needs: owner, Handle: h.setup},
		{Pattern: "GET /setup/organisation", Needs: owner, Handle: h.setupOrganisation},
		{Pattern: "POST /setup/organisation", Needs: owner, Handle: h.keepSetupOrganisation},
		{Pattern: "GET /setup/sender", Needs: owner, Handle: h.setupSender},
		{Pattern: "POST /setup/sender", Needs: owner, Handle: h.keepSetupSender},
		{Pattern: "GET /setup/test", Needs: owner, Handle: h.setupTest},
		{Pattern: "POST /setup/test", Needs: owner, Handle: h.sendSetupTest},
	}
}

// setupStep is one thing that a new installation needs.
type setupStep struct {
	Key, Title, Text, URL string
	Done                  bool
	Mark                  pages.Mark
	Next                  bool // the first that is missing
}

// setupState says what a new installation has and what is missing, out of the
// data itself: nothing remembers how far somebody came.
func (h *house) setupState(r *http.Request) ([]setupStep, error) {
	org, err := h.Office.Get(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nil, err
	}
	facts, err := h.Store.Setup(r.Context())
	if err != nil {
		return nil, err
	}
	t := h.words(r)
	steps := []setupStep{
		{Key: "organisation", Title: t.T("setup.organisation"), Text: t.T("setup.organisation_text"), URL: "/setup/organisation", Done: org.Name != "" && org.PostalAddress != ""},
		{Key: "account", Title: t.T("setup.account"), Text: t.T("setup.account_text"), URL: "/account", Done: facts.Team},
		{Key: "server", Title: t.T("setup.server"), Text: t.T("setup.server_text"), URL: "/servers/new", Done: facts.Relay},
		{Key: "sender", Title: t.T("setup.sender"), Text: t.T("setup.sender_text"), URL: "/setup/sender", Done: org.Sender != ""},
		{Key: "readers", Title: t.T("setup.readers"), Text: t.T("setup.readers_text"), URL: "/imports", Done: facts.Reader},
		{Key: "recap", Title: t.T("setup.recap"), Text: t.T("setup.recap_text"), URL: "/recaps/new", Done: facts.Recap},
		{Key: "test", Title: t.T("setup.test"), Text: t.T("setup.test_text"), URL: "/setup/test", Done: facts.Tested},
	}
	missing := false
	for i := range steps {
		s := &steps[i]
		s.Next = !s.Done && !missing
		missing = missing || !s.Done
		s.Mark = pages.NewMark(t, "setup.missing", "○", "")
		if s.Done {
			s.Mark = pages.NewMark(t, "setup.done", "✓", "good")
		}
	}
	return steps, nil
}

// setupView is the list of steps; Home shows it as long as one is missing.
type setupView struct {
	Steps []setupStep
	Done  int
	Next  *setupStep
	All   bool
	Local string // why mails to a server elsewhere wait, "" where they do not
}

func (h *house) setupOf(r *http.Request) (setupView, error) {
	steps, err := h.setupState(r)
	v := setupView{Steps: steps}
	for i, s := range steps {
		if s.Done {
			v.Done++
		}
		if s.Next {
			v.Next = &steps[i]
		}
	}
	v.All = v.Done == len(steps)
	return v, err
}

func (h *house) setup(w http.ResponseWriter, r *http.Request) error {
	v, err := h.setupOf(r)
	if err != nil {
		return err
	}
	if v.Local, err = h.keptLocal(r); err != nil {
		return err
	}
	f := h.frame(r, h.words(r).T("setup.title"), "/")
	f.Narrow = true
	return h.page(w, r, "setup", f, v)
}

// keptLocal says what follows from public pages without an https address:
// nothing goes to a mail server elsewhere, and the links in mails that one on
// this machine passes on open here only.
func (h *house) keptLocal(r *http.Request) (string, error) {
	if strings.HasPrefix(h.Public, "https://") {
		return "", nil
	}
	all, err := h.Book.List(r.Context())
	switch {
	case err != nil || len(all) == 0:
		return "", err
	case slices.ContainsFunc(all, func(x delivery.Relay) bool {
		return x.State == delivery.RelayActive && !delivery.Loopback(x.Config.Host)
	}):
		return h.words(r).T("setup.needs_https", h.Public), nil
	}
	return h.words(r).T("setup.links_local", h.Public), nil
}

func (h *house) setupOrganisation(w http.ResponseWriter, r *http.Request) error {
	org, err := h.Office.Get(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	values := organisationValues(org)
	if errs.Is(err, errs.NotFound) {
		values.Set("zone", "") // the browser knows better than UTC
		values.Set("language", h.words(r).Lang())
	}
	return h.showSetupForm(w, r, http.StatusOK, "setup-organisation", h.words(r).T("setup.organisation"), pages.NewForm(values), org)
}

func (h *house) showSetupForm(w http.ResponseWriter, r *http.Request, status int, page, title string, form pages.Form, org organisation.Organisation) error {
	v := settingsView{F: form}
	h.fillSettings(r, &v, org)
	f := h.frame(r, title, "/")
	f.Narrow = true
	return h.pageWith(w, r, status, page, f, v)
}

func (h *house) keepSetupOrganisation(w http.ResponseWriter, r *http.Request) error {
	return h.keepSetup(w, r, "setup-organisation", "setup.organisation", func(f *pages.Form, o *organisation.Organisation, t *words.Words) {
		if strings.TrimSpace(f.Value("postal_address")) == "" {
			f.Add("postal_address", t.T("setup.want_address"))
		}
	})
}

func (h *house) setupSender(w http.ResponseWriter, r *http.Request) error {
	org, err := h.Office.Get(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	values := organisationValues(org)
	if values.Get("sender_name") == "" {
		values.Set("sender_name", org.Name)
	}
	return h.showSetupForm(w, r, http.StatusOK, "setup-sender", h.words(r).T("setup.sender"), pages.NewForm(values), org)
}

func (h *house) keepSetupSender(w http.ResponseWriter, r *http.Request) error {
	return h.keepSetup(w, r, "setup-sender", "setup.sender", func(f *pages.Form, o *organisation.Organisation, t *words.Words) {
		if o.Sender == "" {
			f.Add("sender_address", t.T("settings.want_sender"))
		}
	})
}

// keepSetup keeps what a step's form has, and goes on.
func (h *house) keepSetup(w http.ResponseWriter, r *http.Request, page, title string, check func(*pages.Form, *organisation.Organisation, *words.Words)) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	org, err := h.Office.Get(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	t, f := h.words(r), pages.NewForm(r.PostForm)
	readOrganisation(r.PostForm, &f, &org)
	if check(&f, &org, t); f.OK() {
		if _, err = h.Office.Set(r.Context(), h.actor(r), org); err == nil {
			http.Redirect(w, r, "/setup", http.StatusSeeOther)
			return nil
		}
		if !wrongOrganisation(&f, err, t) {
			return err
		}
	}
	return h.showSetupForm(w, r, http.StatusUnprocessableEntity, page, t.T(title), f, org)
}

// setupTestView is the test mail, and what became of the last one.
type setupTestView struct {
	F     pages.Form
	Last  *recipientView
	Live  bool
	Done  bool
	Local string
	Recap bool
}

func (h *house) setupTest(w http.ResponseWriter, r *http.Request) error {
	return h.showSetupTest(w, r, http.StatusOK, pages.NewForm(url.Values{"to": {h.who(r).Email}}))
}

func (h *house) showSetupTest(w http.ResponseWriter, r *http.Request, status int, form pages.Form) error {
	v := setupTestView{F: form}
	last, any, err := h.Store.LastTest(r.Context())
	if err != nil {
		return err
	}
	if any {
		row := recipient(last, h.clock(r, ""))
		v.Last, v.Done = &row, last.State == delivery.Accepted
		v.Live = last.State == delivery.Queued || last.State == delivery.LeasedRow || last.State == delivery.SendingRow
	}
	facts, err := h.Store.Setup(r.Context())
	if err != nil {
		return err
	}
	v.Recap = facts.Recap
	if v.Local, err = h.keptLocal(r); err != nil {
		return err
	}
	f := h.frame(r, h.words(r).T("setup.test"), "/")
	f.Narrow = true
	if v.Live {
		f.Live, f.Reload = true, 3
	}
	return h.pageWith(w, r, status, "setup-test", f, v)
}

func (h *house) sendSetupTest(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	f, t := pages.NewForm(r.PostForm), h.words(r)
	facts, err := h.Store.Setup(r.Context())
	if err != nil {
		return err
	}
	if facts.Recap {
		err = h.Desk.TestRecap(r.Context(), h.actor(r), facts.FirstRecap, []string{f.Value("to")})
	} else {
		err = h.Desk.TestMail(r.Context(), h.actor(r), f.Value("to"), t.T("setup.mail_subject"), t.T("setup.mail_text"))
	}
	switch {
	case err == nil:
		http.Redirect(w, r, "/setup/test", http.StatusSeeOther)
		return nil
	case errs.Is(err, errs.Conflict):
		f.Add("to", t.T("setup.sender_first"))
	case errs.Is(err, errs.Invalid):
		f.Add("to", t.T("setup.want_to"))
	default:
		return err
	}
	return h.showSetupTest(w, r, http.StatusUnprocessableEntity, f)
}
