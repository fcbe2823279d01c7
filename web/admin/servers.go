package admin

import (
	"net/http"
	"strconv"
	"strings"
	"time"

	"postrider/delivery"
	"postrider/internal/mailaddr"
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
