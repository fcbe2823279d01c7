package admin

import (
	"net/http"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/scheduler/schedule"
	"postrider/web/pages"
)

const campaignsPage = 50

type campaignsView struct {
	Campaigns []campaignRow
	More      string // URL of the next page
	First     bool
}

type campaignRow struct {
	Name, URL, Explain, Next string
	Lists                    []string
	Mark                     pages.Mark
}

func (h *house) campaigns(w http.ResponseWriter, r *http.Request) error {
	var after campaigns.ID
	if s := r.URL.Query().Get("after"); s != "" {
		id, err := ids.Parse[campaigns.Campaign](s)
		if err != nil {
			return errs.NotFoundf("there is no such page of campaigns: begin at its first")
		}
		after = campaigns.ID(id)
	}
	all, err := h.Store.Campaigns(r.Context(), after, campaignsPage+1)
	if err != nil {
		return err
	}
	v := campaignsView{First: after == 0}
	if len(all) > campaignsPage {
		all = all[:campaignsPage]
		v.More = "/campaigns?after=" + all[len(all)-1].ID.String()
	}
	for _, c := range all {
		row := campaignRow{Name: c.Name, URL: campaignURL(c.ID), Explain: explained(h.words(r), c), Lists: c.ListNames, Mark: pages.CampaignMark(h.words(r), c.State)}
		if c.State == campaigns.Active {
			if firings, err := c.Next(h.Now(), 1); err == nil && len(firings) > 0 {
				row.Next = h.clock(r, c.Zone).When(firings[0].At)
			}
		}
		v.Campaigns = append(v.Campaigns, row)
	}
	return h.page(w, r, "campaigns", h.frame(r, h.words(r).T("frame.campaigns"), "/campaigns"), v)
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

	CanApprove, CanPause, CanResume bool
	Standing                        string
}

type dateView struct{ When, Until, Note string }

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
	v := campaignView{Campaign: c, URL: campaignURL(c.ID), Mark: pages.CampaignMark(h.words(r), c.State), Explain: explained(h.words(r), c), Place: clock.Place(),
		CanPause: c.State == campaigns.Active, CanResume: c.State == campaigns.Paused,
		CanApprove: c.Approval == campaigns.Once && c.ApprovedAt.IsZero() && c.State != campaigns.Archived}
	switch {
	case c.Approval == campaigns.Each:
		v.Standing = clock.Words.T("campaigns.each")
	case c.ApprovedAt.IsZero():
		v.Standing = clock.Words.T("campaigns.not_approved")
	default:
		v.Standing = clock.Words.T("campaigns.standing", c.ApprovedBy, clock.When(c.ApprovedAt))
	}
	firings, err := c.Next(h.Now(), 10)
	if err != nil {
		return err
	}
	for _, f := range firings {
		v.Dates = append(v.Dates, dateView{When: clock.When(f.At), Until: clock.Until(f.At), Note: f.Note})
	}
	v.Months = months(clock.Words, firings)
	if err := h.past(r, &v, clock); err != nil {
		return err
	}
	return h.page(w, r, "campaign", h.frame(r, c.Name, "/campaigns"), v)
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
				f, err := h.figures(r.Context(), e)
				if err != nil {
					return err
				}
				p.URL, p.Title = editionURL(e.ID), e.Title
				v.Editions = append(v.Editions, issue(e, f, clock))
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
