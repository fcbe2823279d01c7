package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store"
	"postrider/web/pages"
	"postrider/web/respond"
)

func (h *house) setupRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /setup", Needs: owner, Handle: h.setup},
		{Pattern: "GET /setup/organisation", Needs: owner, Handle: h.setupOrganisation},
		{Pattern: "POST /setup/organisation", Needs: owner, Handle: h.keepSetupOrganisation},
		{Pattern: "GET /setup/test", Needs: owner, Handle: h.setupTest},
		{Pattern: "POST /setup/test", Needs: owner, Handle: h.sendSetupTest},
	}
}

// setupStep is one thing that a new installation needs before its first issue.
type setupStep struct {
	Title, Text, URL string
	Number           int
	Done             bool
	Mark             pages.Mark
	Next             bool   // the first that is missing
	Draft            string // URL of a recap that nobody has approved yet
	May              bool   // whoever asks may use its page
	places           []string
}

// setupState says what a new installation has and what is missing, out of the
// data itself: nothing remembers how far somebody came. Whoever has sent an
// issue has a mail server that works, wherever it is named.
func (h *house) setupState(r *http.Request) ([]setupStep, store.Setup, error) {
	org, err := h.Office.Get(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nil, store.Setup{}, err
	}
	facts, err := h.Store.Setup(r.Context())
	if err != nil {
		return nil, facts, err
	}
	t := h.words(r)
	recap, send := "/recaps/new", "/recaps"
	if facts.Recap {
		recap = recapURL(facts.Newest)
		send = recap + "#send"
	}
	steps := []setupStep{
		{Title: t.T("setup.organisation"), Text: t.T("setup.organisation_text"), URL: "/setup/organisation", Done: org.Name != "" && org.PostalAddress != "" && org.Sender != ""},
		{Title: t.T("setup.account"), Text: t.T("setup.account_text"), URL: "/account", Done: facts.Team},
		{Title: t.T("setup.server"), Text: t.T("setup.server_text"), URL: "/servers/new", Done: facts.Relay || facts.Tested || facts.Sent, places: []string{"/servers"}},
		{Title: t.T("setup.readers"), Text: t.T("setup.readers_text"), URL: "/imports", Done: facts.Reader, places: []string{"/imports", "/readers", "/lists"}},
		{Title: t.T("setup.recap"), Text: t.T("setup.recap_text"), URL: recap, Done: facts.Recap, places: []string{"/recaps", "/manuscripts"}},
		{Title: t.T("setup.test"), Text: t.T("setup.test_text"), URL: "/setup/test", Done: facts.Tested || facts.Sent},
		{Title: t.T("setup.issue"), Text: t.T("setup.issue_text"), URL: send, Done: facts.Sent || facts.Planned, places: []string{"/recaps/", "/campaigns"}},
	}
	if facts.NewestState == recaps.Draft && h.mayUse(r, "POST /recaps/{id}/approve") {
		steps[4].Draft = recap
	}
	needs := []string{"/setup/organisation", "/account", "/servers/new", "/imports", "/recaps/new", "/setup/test", "/campaigns/new"}
	missing := false
	for i := range steps {
		s := &steps[i]
		s.Number, s.May = i+1, h.mayUse(r, "GET "+needs[i])
		s.Next = !s.Done && !missing
		missing = missing || !s.Done
		s.Mark = pages.NewMark(t, "setup.missing", "○", "")
		if s.Done {
			s.Mark = pages.NewMark(t, "setup.done", "✓", "good")
		}
	}
	return steps, facts, nil
}

// setupView is the list of steps; Home shows it as long as one is missing.
type setupView struct {
	Steps []setupStep
	Done  int
	Next  *setupStep
	All   bool
	Sent  bool
	Local string // why mails to a server elsewhere wait, "" where they do not
}

func (h *house) setupOf(r *http.Request) (setupView, error) {
	steps, facts, err := h.setupState(r)
	v := setupView{Steps: steps, Sent: facts.Sent}
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

// setupBar leads from every page to the next step, until the first issue has
// begun; nil when there is nothing to lead to.
func (h *house) setupBar(r *http.Request) *pages.SetupBar {
	if path := r.URL.Path; path == "/" || path == "/setup" || h.begun.Load() || !h.mayUse(r, "GET /setup") {
		return nil
	}
	v, err := h.setupOf(r)
	if err != nil || v.Next == nil || v.Sent {
		h.begun.Store(err == nil && v.Sent)
		return nil
	}
	bar := &pages.SetupBar{Number: v.Next.Number, Of: len(v.Steps), Title: v.Next.Title, URL: v.Next.URL}
	page, _, _ := strings.Cut(v.Next.URL, "#")
	bar.Here = r.URL.Path == page || slices.ContainsFunc(v.Next.places, func(p string) bool { return strings.HasPrefix(r.URL.Path, p) })
	return bar
}

// nextStep leads on to what the set-up wants next, and says what was done.
func (h *house) nextStep(w http.ResponseWriter, r *http.Request, said string) error {
	v, err := h.setupOf(r)
	if err != nil {
		return err
	}
	to := "/setup"
	if v.Next != nil && !v.Sent {
		to = v.Next.URL
	}
	return h.done(w, r, to, said, nil)
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
	return h.showSetupOrganisation(w, r, http.StatusOK, pages.NewForm(values), org)
}

func (h *house) showSetupOrganisation(w http.ResponseWriter, r *http.Request, status int, form pages.Form, org organisation.Organisation) error {
	v := settingsView{F: form}
	h.fillSettings(r, &v, org)
	f := h.frame(r, h.words(r).T("setup.organisation"), "/")
	f.Narrow = true
	return h.pageWith(w, r, status, "setup-organisation", f, v)
}

// keepSetupOrganisation keeps who sends, and goes on. Readers see the
// organisation's name where no other is typed for the sender.
func (h *house) keepSetupOrganisation(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	org, err := h.Office.Get(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	t, f := h.words(r), pages.NewForm(r.PostForm)
	if strings.TrimSpace(f.Value("sender_name")) == "" {
		r.PostForm.Set("sender_name", f.Value("name"))
	}
	readOrganisation(r.PostForm, &f, &org)
	if strings.TrimSpace(f.Value("postal_address")) == "" {
		f.Add("postal_address", t.T("setup.want_address"))
	}
	if org.Sender == "" {
		f.Add("sender_address", t.T("settings.want_sender"))
	}
	if f.OK() {
		if _, err = h.Office.Set(r.Context(), h.actor(r), org); err == nil {
			return h.nextStep(w, r, t.T("setup.kept"))
		}
		if !wrongOrganisation(&f, err, t) {
			return err
		}
	}
	return h.showSetupOrganisation(w, r, http.StatusUnprocessableEntity, f, org)
}

// setupTestView is the test mail, and what became of the last one.
type setupTestView struct {
	F     pages.Form
	Last  *recipientView
	Live  bool
	Done  bool
	Local string
	Recap bool
	Next  string // URL of the step after
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
	v.Recap, v.Next = facts.Recap, "/setup"
	if facts.Recap && !facts.Sent && !facts.Planned {
		v.Next = recapURL(facts.Newest) + "#send"
	}
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
		err = h.Desk.TestRecap(r.Context(), h.actor(r), facts.Newest.String(), []string{f.Value("to")})
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
