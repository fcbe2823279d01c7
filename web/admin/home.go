package admin

import (
	"context"
	"net/http"
	"slices"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/words"
	"postrider/scheduler/schedule"
	"postrider/web/pages"
)

const (
	homeCampaigns = 200
	homeEditions  = 100
	homeLatest    = 5
	homeLooked    = 20 // of the last editions, for what somebody has to decide
	manyUncertain = 10 // fewer than this never look like trouble
	liveSeconds   = 2
	calmSeconds   = 15
)

// homeView answers: what goes out next, who is getting it now, what needs me?
type homeView struct {
	Next    []nextView
	Sending []sendingView
	Needs   []needView
	Latest  []issueView
	Steps   *setupView // of the first run; nil when nothing is missing
	Setup   bool       // whoever asks may use the pages of the first run
	Every   int        // seconds between looks
	Say     string     // what goes on, for the ear
	Passed  bool       // some of Latest has been passed on
}

type nextView struct {
	At      time.Time
	When    string
	Until   string
	What    string
	URL     string
	Explain string
	Mark    pages.Mark
}

type sendingView struct {
	Title   string
	URL     string
	Figures delivery.Figures
	Parts   []segment
	Mark    pages.Mark
	Pace    string
}

type needView struct {
	Mark  pages.Mark
	Title string
	Text  string
	URL   string
}

type issueView struct {
	Title   string
	Number  int
	URL     string
	Mark    pages.Mark
	Figures delivery.Figures
	Waiting int
	When    string
	Parts   []segment
	Shares  int // share links opened by people
}

func (h *house) home(w http.ResponseWriter, r *http.Request) error {
	ctx := r.Context()
	all, err := h.Store.Campaigns(ctx, 0, homeCampaigns)
	if err != nil {
		return err
	}
	editions, err := h.Store.Editions(ctx, 0, homeEditions)
	if err != nil {
		return err
	}
	v := homeView{Every: calmSeconds}
	v.Next = h.next(r, all, editions)
	if err := h.look(r, &v, editions); err != nil {
		return err
	}
	if err := h.heldDates(r, &v, all); err != nil {
		return err
	}
	if err := h.postsForPeople(r, &v); err != nil {
		return err
	}
	if err := h.waitingRecaps(r, &v); err != nil {
		return err
	}
	if err := h.brokenServers(r, &v); err != nil {
		return err
	}
	if h.mayUse(r, "POST /editions/{id}/pause") {
		steps, err := h.setupOf(r)
		if err != nil {
			return err
		}
		if !steps.All {
			v.Steps, v.Setup = &steps, h.may(r, owner)
		}
	}
	if len(v.Sending) > 0 {
		first := v.Sending[0]
		v.Every, v.Say = liveSeconds, first.Title+": "+h.words(r).T("home.gathering")
		if first.Figures.Audience > 0 {
			v.Say = h.words(r).T("editions.say", first.Title, first.Figures.Accepted, first.Figures.Audience)
		}
	}
	f := h.frame(r, h.words(r).T("frame.home"), "/")
	f.Live, f.Reload = true, 10
	return h.page(w, r, "home", f, v)
}

// next are the coming dates of campaigns and the editions that wait for their
// hour, the nearest first.
func (h *house) next(r *http.Request, all []campaigns.Campaign, editions []campaigns.Edition) []nextView {
	now := h.Now()
	var out []nextView
	for _, c := range all {
		if c.State != campaigns.Active || c.Schedule == "" {
			continue
		}
		explain := explained(h.words(r), c)
		firings, err := c.Next(now, 1)
		if err != nil || len(firings) == 0 {
			continue
		}
		clock := h.clock(r, c.Zone)
		if n := firings[0].Note; n != "" {
			explain += " (" + clock.Words.Said(n) + ")"
		}
		mark := pages.NewMark(clock.Words, "home.by_itself", "◔", "live")
		if !c.Approved() {
			mark = pages.NewMark(clock.Words, "home.asks_first", "◐", "warn")
		}
		out = append(out, nextView{At: firings[0].At, When: clock.When(firings[0].At), Until: clock.Until(firings[0].At),
			What: c.Name, URL: campaignURL(c.ID), Explain: explain, Mark: mark})
	}
	for _, e := range editions {
		if e.State == campaigns.Scheduled && e.DueAt.After(now) {
			clock := h.clock(r, "")
			out = append(out, nextView{At: e.DueAt, When: clock.When(e.DueAt), Until: clock.Until(e.DueAt), What: e.Title, URL: editionURL(e.ID),
				Explain: clock.Words.T("home.issue_to", e.Number, clock.Words.List(e.ListNames)), Mark: pages.EditionMark(clock.Words, e.State)})
		}
	}
	slices.SortStableFunc(out, func(a, b nextView) int { return a.At.Compare(b.At) })
	return out[:min(len(out), 5)]
}

// explained is a campaign's schedule in words.
func explained(w *words.Words, c campaigns.Campaign) string {
	if c.Schedule == "" {
		return w.T("campaigns.by_hand")
	}
	s, err := schedule.Parse(c.Schedule, c.Zone)
	if err != nil {
		return c.Schedule
	}
	return words.Capital(s.ExplainIn(w))
}

// look sorts the latest editions into what is being sent, what needs somebody
// and the comparison of the last ones.
func (h *house) look(r *http.Request, v *homeView, editions []campaigns.Edition) error {
	clock := h.clock(r, "")
	people := h.mayUse(r, "GET /editions/{id}/recipients")
	for i, e := range editions {
		busy := e.State == campaigns.Sending || e.State == campaigns.Freezing || e.State == campaigns.Scheduled && !e.DueAt.After(h.Now())
		begun := !e.PublicAt.IsZero()
		var f delivery.Figures
		if busy || i < homeLooked || e.State == campaigns.Held || e.State == campaigns.EditionPaused {
			var err error
			if f, err = h.figures(r.Context(), e); err != nil {
				return err
			}
		}
		parts := ledger(clock.Words, e.ID, f)
		if !people {
			unlink(parts)
		}
		if busy {
			v.Sending = append(v.Sending, sendingView{Title: e.Title, URL: editionURL(e.ID), Figures: f, Parts: parts, Mark: pages.EditionMark(clock.Words, e.State),
				Pace: h.pace(clock.Words, e, f, clock.Now)})
		}
		if err := h.needsOf(r, v, e, f, clock.Words); err != nil {
			return err
		}
		if begun && f.Audience > 0 && len(v.Latest) < homeLatest {
			row := issue(e, f, clock)
			row.Parts = parts
			shares, err := h.shares(r.Context(), e.ID)
			if err != nil {
				return err
			}
			for _, n := range shares {
				row.Shares += n.People
			}
			v.Passed = v.Passed || row.Shares > 0
			v.Latest = append(v.Latest, row)
		}
	}
	return nil
}

// needsOf adds what one edition wants from a person. A few uncertain readers are
// a question, not a trouble.
func (h *house) needsOf(r *http.Request, v *homeView, e campaigns.Edition, f delivery.Figures, w *words.Words) error {
	if text := need(w, e, f); text != "" {
		v.Needs = append(v.Needs, needView{Mark: pages.EditionMark(w, e.State), Title: e.Title, Text: text, URL: editionURL(e.ID)})
	}
	if f.Unknown == 0 || e.State == campaigns.Sending {
		return nil
	}
	n, err := h.Store.Undecided(r.Context(), e.ID)
	if err != nil || n == 0 {
		return err
	}
	mark := pages.NewMark(w, "states.recipient_unknown", "?", "")
	if n >= manyUncertain {
		mark.Class = "bad"
	}
	v.Needs = append(v.Needs, needView{Mark: mark, Title: e.Title, Text: w.T("editions.needs_decision", n), URL: editionURL(e.ID)})
	return nil
}

func issue(e campaigns.Edition, f delivery.Figures, clock pages.Clock) issueView {
	at := e.PublicAt
	if at.IsZero() {
		at = e.DueAt
	}
	if at.IsZero() {
		at = e.CreatedAt
	}
	return issueView{Title: e.Title, Number: e.Number, URL: editionURL(e.ID), Mark: pages.EditionMark(clock.Words, e.State), Figures: f, Waiting: f.Waiting(), When: clock.When(at)}
}

// need says what an edition wants from a person, "" for nothing.
func need(w *words.Words, e campaigns.Edition, f delivery.Figures) string {
	switch e.State {
	case campaigns.InReview, campaigns.EditionReady:
		return w.T("editions.needs_approval")
	case campaigns.Held:
		return held(w, e, f)
	case campaigns.EditionPaused:
		return w.T("editions.needs_going_on", f.Waiting())
	}
	return ""
}

func held(w *words.Words, e campaigns.Edition, f delivery.Figures) string {
	reason := words.Capital(w.Said(e.Reason))
	if reason == "" {
		reason = words.Capital(w.T("states.held"))
	}
	if f.Audience > 0 {
		return w.T("editions.held_waiting", reason, f.Waiting())
	}
	return reason + "."
}

// heldDates adds the planned dates that opened nothing because somebody has to
// decide.
func (h *house) heldDates(r *http.Request, v *homeView, all []campaigns.Campaign) error {
	const recent = 7 * 24 * time.Hour
	for _, c := range all {
		if c.State == campaigns.Archived || c.Schedule == "" {
			continue
		}
		latest, err := h.occurrences(r.Context(), c.ID, 1)
		if err != nil {
			return err
		}
		for _, o := range latest {
			if o.State != campaigns.OccurrenceHeld && o.State != campaigns.OccurrenceFailed || h.Now().Sub(o.DueAt) > recent {
				continue
			}
			v.Needs = append(v.Needs, needView{Mark: pages.OccurrenceMark(h.words(r), o.State), Title: c.Name, URL: campaignURL(c.ID),
				Text: h.clock(r, c.Zone).When(o.DueAt) + ": " + h.words(r).Said(o.Reason) + "."})
		}
	}
	return nil
}

func (h *house) occurrences(ctx context.Context, c campaigns.ID, n int) ([]campaigns.Occurrence, error) {
	return h.Store.Occurrences(ctx, c, n)
}
