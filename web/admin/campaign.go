package admin

import (
	"net/http"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/networks"
	"postrider/scheduler/almanac"
	"postrider/scheduler/schedule"
	"postrider/web/pages"
	"postrider/web/respond"
)

const campaignsPage = 50

// campaignRoutes are the pages of campaigns: plan, look, test, send.
func (h *house) campaignRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /campaigns", Needs: analyst, Handle: h.campaigns},
		{Pattern: "GET /campaigns/new", Needs: editor, Handle: h.newCampaign},
		{Pattern: "POST /campaigns", Needs: editor, Handle: h.createCampaign},
		{Pattern: "POST /campaigns/look", Needs: editor, Handle: h.lookAtCampaign},
		{Pattern: "GET /campaigns/{id}", Needs: analyst, Handle: h.campaign},
		{Pattern: "GET /campaigns/{id}/edit", Needs: editor, Handle: h.editCampaign},
		{Pattern: "POST /campaigns/{id}", Needs: editor, Handle: h.changeCampaign},
		{Pattern: "GET /campaigns/{id}/audience", Needs: reviewer, Handle: h.audiencePart},
		{Pattern: "GET /campaigns/{id}/preview", Needs: reviewer, Handle: h.previewCampaign},
		{Pattern: "GET /campaigns/{id}/frame/{what}", Needs: reviewer, Handle: h.campaignFrame},
		{Pattern: "POST /campaigns/{id}/test", Needs: editor, Handle: h.testCampaign},
		{Pattern: "GET /campaigns/{id}/send", Needs: editor, Handle: h.sendPage},
		{Pattern: "POST /campaigns/{id}/send", Needs: editor, Handle: h.sendCampaign},
		{Pattern: "POST /campaigns/{id}/approve", Needs: reviewer, Handle: h.approveCampaign},
		{Pattern: "POST /campaigns/{id}/pause", Needs: editor, Handle: h.pauseCampaign},
		{Pattern: "POST /campaigns/{id}/resume", Needs: editor, Handle: h.resumeCampaign},
		{Pattern: "POST /campaigns/{id}/archive", Needs: editor, Handle: h.archiveCampaign},
		{Pattern: "POST /campaigns/{id}/duplicate", Needs: editor, Handle: h.duplicateCampaign},
		{Pattern: "GET /campaigns/{id}/days", Needs: editor, Handle: h.daysOff},
		{Pattern: "POST /campaigns/{id}/days", Needs: editor, Handle: h.keepDaysOff, MaxBody: almanac.MaxBytes + 1<<20},
		{Pattern: "POST /campaigns/{id}/held", Needs: editor, Handle: h.decideHeld},
	}
}

type campaignsView struct {
	Campaigns []campaignRow
	States    []pages.Option
	State     string
	First     string
	More      string // URL of the next page
	CanWrite  bool
}

type campaignRow struct {
	Name, URL, Explain, Next string
	Lists                    []string
	Mark                     pages.Mark
}

func (h *house) campaigns(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	var before campaigns.ID
	if s := q.Get("before"); s != "" {
		id, err := ids.Parse[campaigns.Campaign](s)
		if err != nil {
			return errs.NotFoundf("there is no such page of campaigns: begin at its first")
		}
		before = campaigns.ID(id)
	}
	state := campaigns.State(q.Get("state"))
	all, err := h.Store.FindCampaigns(r.Context(), state, before, campaignsPage+1)
	if err != nil {
		return err
	}
	t := h.words(r)
	v := campaignsView{State: string(state), CanWrite: h.may(r, editor), States: []pages.Option{{Label: t.T("campaigns.not_archived")}}}
	for _, s := range []campaigns.State{campaigns.Active, campaigns.Paused, campaigns.Archived} {
		v.States = append(v.States, pages.Option{Value: string(s), Label: pages.CampaignMark(t, s).Word})
	}
	if before != 0 {
		v.First = turned("/campaigns", q, "before", "")
	}
	if len(all) > campaignsPage {
		all = all[:campaignsPage]
		v.More = turned("/campaigns", q, "before", all[len(all)-1].ID.String())
	}
	for _, c := range all {
		row := campaignRow{Name: c.Name, URL: campaignURL(c.ID), Explain: explained(t, c), Lists: c.ListNames, Mark: pages.CampaignMark(t, c.State)}
		if c.State == campaigns.Active {
			if firings, err := c.Next(h.Now(), 1); err == nil && len(firings) > 0 {
				row.Next = h.clock(r, c.Zone).When(firings[0].At)
			}
		}
		v.Campaigns = append(v.Campaigns, row)
	}
	return h.page(w, r, "campaigns", h.frame(r, t.T("frame.campaigns"), "/campaigns"), v)
}

type campaignView struct {
	campaigns.Campaign
	URL      string
	Mark     pages.Mark
	Explain  string
	Place    string
	Dates    []dateView
	Months   []month
	Past     []pastView
	Editions []issueView

	CanApprove, CanPause, CanResume, CanWrite, CanSend, CanLook bool
	Standing                                                    string
	Held                                                        *heldView
	RecapTitle, RecapURL                                        string
	NetworkNames                                                []string
	Off, Late                                                   string // its days off, and how late a date is still sent
}

// heldView is a date that waits for a person.
type heldView struct{ When, Reason, Next string }

type dateView struct{ When, Until, UTC, Note string }

type pastView struct {
	When, Reason, URL, Title string
	Mark                     pages.Mark
}

func (h *house) campaign(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	clock := h.clock(r, c.Zone)
	v := campaignView{Campaign: c, URL: campaignURL(c.ID), Mark: pages.CampaignMark(clock.Words, c.State), Explain: explained(clock.Words, c), Place: clock.Place()}
	v.can(h.may(r, editor), h.may(r, reviewer))
	switch {
	case c.Approval == campaigns.Each:
		v.Standing = clock.Words.T("campaigns.each")
	case c.ApprovedAt.IsZero():
		v.Standing = clock.Words.T("campaigns.not_approved")
	default:
		v.Standing = clock.Words.T("campaigns.standing", h.nameOf(r, c.ApprovedBy), clock.When(c.ApprovedAt))
	}
	if c.Schedule != "" {
		firings, err := c.Next(h.Now(), shownDates)
		if err != nil {
			return err
		}
		dates, err := h.dates(r, c)
		if err != nil {
			return err
		}
		v.Dates, v.Months = dates.Dates, months(clock.Words, firings)
	}
	v.Off, v.Late = offInWords(clock.Words, c), clock.Words.T("campaigns.late_hours", int(c.LateLimit/time.Hour))
	if err := h.campaignFacts(r, &v, clock); err != nil {
		return err
	}
	if err := h.past(r, &v, clock); err != nil {
		return err
	}
	return h.page(w, r, "campaign", h.frame(r, c.Name, "/campaigns"), v)
}

// can says which buttons there are; the Desk decides again when one is pressed.
func (v *campaignView) can(write, review bool) {
	alive := v.State != campaigns.Archived
	v.CanWrite, v.CanSend, v.CanLook = write, write && alive, review
	v.CanPause, v.CanResume = write && v.State == campaigns.Active, write && v.State == campaigns.Paused
	v.CanApprove = review && v.Approval == campaigns.Once && v.ApprovedAt.IsZero() && alive
}

// campaignFacts are the recap, the networks, the date that waits for a person
// and the latest issues.
func (h *house) campaignFacts(r *http.Request, v *campaignView, clock pages.Clock) error {
	ctx := r.Context()
	if v.Recap != 0 {
		saved, err := h.Library.Get(ctx, v.Recap.String())
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		if err == nil {
			v.RecapTitle, v.RecapURL = saved.Recap.Title, recapURL(saved.ID)
		}
	}
	for _, id := range v.Networks {
		if n, err := networks.Find(string(id)); err == nil {
			v.NetworkNames = append(v.NetworkNames, n.Name)
		}
	}
	o, err := h.Store.HeldOccurrence(ctx, v.ID)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	if err == nil && v.CanWrite {
		v.Held = &heldView{When: clock.When(o.DueAt), Reason: o.Reason}
		if len(v.Dates) > 0 && v.State == campaigns.Active {
			v.Held.Next = v.Dates[0].When
		}
	}
	editions, err := h.Store.CampaignEditions(ctx, v.ID, shownDates)
	if err != nil {
		return err
	}
	for _, e := range editions {
		f, err := h.Store.Figures(ctx, e.ID)
		if err != nil {
			return err
		}
		v.Editions = append(v.Editions, issue(e, f, clock))
	}
	return nil
}

// past are the dates that were, each with the edition it opened or the reason
// why none.
func (h *house) past(r *http.Request, v *campaignView, clock pages.Clock) error {
	occurrences, err := h.occurrences(r.Context(), v.ID, 20)
	if err != nil {
		return err
	}
	for _, o := range occurrences {
		p := pastView{When: clock.When(o.DueAt), Reason: o.Reason, Mark: pages.OccurrenceMark(clock.Words, o.State)}
		if o.Edition != 0 {
			e, err := h.Store.Edition(r.Context(), o.Edition.String())
			if err != nil && !errs.Is(err, errs.NotFound) {
				return err
			}
			if err == nil {
				p.URL, p.Title = editionURL(e.ID), e.Title
			}
		}
		v.Past = append(v.Past, p)
	}
	return nil
}

func (h *house) approveCampaign(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Desk.Approve(r.Context(), h.actor(r), r.PathValue("id"))
	return h.backTo(w, r, c, err)
}

func (h *house) pauseCampaign(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Desk.SetState(r.Context(), h.actor(r), r.PathValue("id"), campaigns.Paused)
	return h.backTo(w, r, c, err)
}

func (h *house) resumeCampaign(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Desk.SetState(r.Context(), h.actor(r), r.PathValue("id"), campaigns.Active)
	return h.backTo(w, r, c, err)
}

func (h *house) archiveCampaign(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Desk.SetState(r.Context(), h.actor(r), r.PathValue("id"), campaigns.Archived)
	if err != nil {
		return err
	}
	return h.done(w, r, campaignURL(c.ID), h.words(r).T("campaigns.said_archived"), nil)
}

func (h *house) duplicateCampaign(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Desk.Duplicate(r.Context(), h.actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	return h.done(w, r, campaignURL(c.ID)+"/edit", h.words(r).T("campaigns.said_duplicated"), nil)
}

// decideHeld sends a date that was held because it was late, or lets it go by.
func (h *house) decideHeld(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	decide, said := h.Desk.SkipHeld, "campaigns.said_skipped"
	switch r.PostForm.Get("decision") {
	case "send":
		decide, said = h.Desk.SendHeld, "campaigns.said_held_sent"
	case "next":
		decide = h.Desk.LeaveToNext
	case "skip":
	default:
		return errs.Invalidf("send it, leave it to the next date or skip it: use the buttons of the page")
	}
	o, err := decide(r.Context(), h.actor(r), r.PathValue("id"))
	if err != nil {
		return err
	}
	if o.Edition != 0 {
		return h.done(w, r, editionURL(o.Edition), h.words(r).T(said), nil)
	}
	return h.done(w, r, campaignURL(o.Campaign), h.words(r).T("campaigns.said_skipped"), nil)
}

func (h *house) backTo(w http.ResponseWriter, r *http.Request, c campaigns.Campaign, err error) error {
	if err != nil {
		return err
	}
	http.Redirect(w, r, campaignURL(c.ID), http.StatusSeeOther)
	return nil
}

// month is a calendar page with the days marked on which a campaign fires.
type month struct {
	Name  string
	Days  [7]string // of the week, in full
	Weeks [][7]day
}

type day struct {
	N   int // 0: not of this month
	Hit bool
}

// months draws at most the first three months that have a date. Weeks begin
// with Monday.
func months(w *words.Words, firings []schedule.Firing) []month {
	var out []month
	hits := map[string]bool{}
	var firsts []time.Time
	for _, f := range firings {
		hits[f.At.Format(time.DateOnly)] = true
		first := time.Date(f.At.Year(), f.At.Month(), 1, 0, 0, 0, 0, time.UTC)
		if len(firsts) == 0 || !firsts[len(firsts)-1].Equal(first) {
			firsts = append(firsts, first)
		}
	}
	for _, first := range firsts[:min(len(firsts), 3)] {
		m := month{Name: words.Capital(w.Month(first))}
		for i := range m.Days {
			m.Days[i] = words.Capital(w.Weekday(time.Weekday((i + 1) % 7)))
		}
		column := (int(first.Weekday()) + 6) % 7
		var week [7]day
		for d := first; d.Month() == first.Month(); d = d.AddDate(0, 0, 1) {
			week[column] = day{N: d.Day(), Hit: hits[d.Format(time.DateOnly)]}
			if column++; column == 7 {
				m.Weeks, week, column = append(m.Weeks, week), [7]day{}, 0
			}
		}
		if column > 0 {
			m.Weeks = append(m.Weeks, week)
		}
		out = append(out, m)
	}
	return out
}
