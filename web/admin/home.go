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
	homeLatest    = 10
	liveSeconds   = 2
	calmSeconds   = 15
)

// homeView answers: what goes out next, who is getting it now, what needs me?
type homeView struct {
	Next    []nextView
	Sending []sendingView
	Needs   []needView
	Latest  []issueView
	Every   int // seconds between looks
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
	if len(v.Sending) > 0 {
		v.Every = liveSeconds
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
			explain += " (" + n + ")"
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
	return words.Capital(s.Explain())
}

// look sorts the latest editions into what is being sent, what needs somebody
// and the table of the last ones.
func (h *house) look(r *http.Request, v *homeView, editions []campaigns.Edition) error {
	clock := h.clock(r, "")
	for i, e := range editions {
		busy := e.State == campaigns.Sending || e.State == campaigns.Freezing || e.State == campaigns.Scheduled && !e.DueAt.After(h.Now())
		var f delivery.Figures
		if busy || i < homeLatest || e.State == campaigns.Held || e.State == campaigns.EditionPaused {
			var err error
			if f, err = h.figures(r.Context(), e); err != nil {
				return err
			}
		}
		if busy {
			v.Sending = append(v.Sending, sendingView{Title: e.Title, URL: editionURL(e.ID), Figures: f, Parts: ledger(clock.Words, e.ID, f), Mark: pages.EditionMark(clock.Words, e.State)})
		}
		if text := need(clock.Words, e, f); text != "" && (i < homeLatest || e.State != campaigns.Sent) {
			v.Needs = append(v.Needs, needView{Mark: pages.EditionMark(clock.Words, e.State), Title: e.Title, Text: text, URL: editionURL(e.ID)})
		}
		if i < homeLatest {
			v.Latest = append(v.Latest, issue(e, f, clock))
		}
	}
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
	case campaigns.Sent:
		if f.Unknown > 0 {
			return w.T("editions.needs_decision", f.Unknown)
		}
	}
	return ""
}

func held(w *words.Words, e campaigns.Edition, f delivery.Figures) string {
	reason := words.Capital(e.Reason)
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
				Text: h.clock(r, c.Zone).When(o.DueAt) + ": " + o.Reason + "."})
		}
	}
	return nil
}

func (h *house) occurrences(ctx context.Context, c campaigns.ID, n int) ([]campaigns.Occurrence, error) {
	return h.Store.Occurrences(ctx, c, n)
}
