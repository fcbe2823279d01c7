package admin

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

// sendView is the short way from a recap to its readers: a list and a moment,
// the rest as the organisation is set.
type sendView struct {
	F           pages.Form
	Lists       []pages.Option
	Whens       []pages.Option
	Place       string // whose clock the hour is read from
	URL, Longer string
	Draft       bool
}

// sendOf is that form for a recap; nil where whoever asks may not send, or the
// recap is over.
func (h *house) sendOf(r *http.Request, v recapView, form pages.Form) (*sendView, error) {
	if !v.CanSend {
		return nil, nil
	}
	t, clock := h.words(r), h.clock(r, "")
	s := &sendView{F: form, URL: v.URL + "/send", Longer: "/campaigns/new?recap=" + v.ID.String(), Place: clock.Place(), Draft: v.State == recaps.Draft}
	lists, err := h.Registry.Lists(r.Context(), "", maxOffered)
	if err != nil {
		return nil, err
	}
	if len(lists) > 1 {
		s.Lists = append(s.Lists, pages.Option{Label: t.T("recaps.choose_list")})
	}
	for _, l := range lists {
		label := l.Title
		if label == "" {
			label = l.Name
		}
		s.Lists = append(s.Lists, pages.Option{Value: l.Name, Label: label + " · " + t.T("campaigns.list_readers", l.Active)})
	}
	s.Whens = []pages.Option{{Value: "now", Label: t.T("recaps.send_now")}, {Value: "once", Label: t.T("recaps.send_later")}}
	return s, nil
}

// emptySend is the form before anybody has touched it.
func (h *house) emptySend(r *http.Request) pages.Form {
	clock := h.clock(r, "")
	tomorrow := clock.Now.In(clock.Zone).AddDate(0, 0, 1)
	return pages.NewForm(url.Values{"when": {"now"}, "date": {tomorrow.Format(time.DateOnly)}, "time": {"09:00"}})
}

// sendRecap makes the campaign that sends one recap to one list, and leads to
// the page that asks before it sends; or plans it for an hour, which approves
// a draft, because the button says so.
func (h *house) sendRecap(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v, err := h.recapHead(r)
	if err != nil {
		return err
	}
	t, f := h.words(r), pages.NewForm(r.PostForm)
	if v.State == recaps.Archived {
		return errs.Conflictf("%s", t.T("recaps.said_archived"))
	}
	org, err := h.Store.Organisation(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return err
	}
	list, later := f.Value("list"), f.Value("when") == "once"
	if list == "" {
		f.Add("list", t.T("recaps.want_list"))
	}
	if org.Sender == "" {
		f.Add("", t.T("setup.sender_first"))
	}
	c := campaigns.Campaign{Source: campaigns.Fixed, Recap: v.ID, ListNames: []string{list}, Sender: org.Sender, ReplyTo: org.ReplyTo, Zone: org.Zone,
		Canonical: templates.CanonicalOriginal, Approval: campaigns.Once}
	if later {
		c.Schedule = scheduleText(r.PostForm)
		if _, err := h.dates(r, c); err != nil {
			f.AddError(inForm(err, r.PostForm))
		}
	}
	if f.OK() {
		if c, err = h.campaignFor(r, c, v.Revision.Recap.Title); err == nil {
			return h.sendOrPlan(w, r, c, v.Saved)
		}
		if errs.Is(err, errs.NotFound) { // the list was removed in the meantime
			f.Add("list", respond.Sentence(err.Error()))
		} else if !f.AddError(inForm(err, r.PostForm)) {
			return err
		}
	}
	return h.showRecap(w, r, http.StatusUnprocessableEntity, v, f)
}

func (h *house) sendOrPlan(w http.ResponseWriter, r *http.Request, c campaigns.Campaign, saved recaps.Saved) error {
	if c.Schedule == "" {
		http.Redirect(w, r, campaignURL(c.ID)+"/send", http.StatusSeeOther)
		return nil
	}
	if saved.State == recaps.Draft {
		if _, err := h.Library.Approve(r.Context(), h.actor(r), saved.ID); err != nil {
			return err
		}
	}
	when := ""
	if next, err := c.Next(h.Now(), 1); err == nil && len(next) > 0 {
		when = h.clock(r, c.Zone).When(next[0].At)
	}
	return h.done(w, r, campaignURL(c.ID), h.words(r).T("recaps.said_planned", when), nil)
}

// campaignFor makes a campaign under the recap's title, or under the title with
// a number where that name is taken. One that was made so before, and sends
// the same by hand, is used again: whoever looked and went back leaves no
// second one behind.
func (h *house) campaignFor(r *http.Request, c campaigns.Campaign, title string) (campaigns.Campaign, error) {
	if c.Schedule == "" {
		before, err := h.Store.FindCampaigns(r.Context(), campaigns.Active, 0, maxOffered)
		if err != nil {
			return c, err
		}
		for _, b := range before {
			if b.Source == campaigns.Fixed && b.Recap == c.Recap && b.Schedule == "" && b.Segment == "" && b.Approval == c.Approval && b.Sender == c.Sender && slices.Equal(b.ListNames, c.ListNames) {
				return b, nil
			}
		}
	}
	const maxTitle = 180
	if letters := []rune(title); len(letters) > maxTitle {
		title = string(letters[:maxTitle])
	}
	var err error
	for n := 1; n <= 50; n++ {
		c.Name = title
		if n > 1 {
			c.Name = strings.TrimSpace(title) + " " + strconv.Itoa(n)
		}
		var made campaigns.Campaign
		if made, err = h.Desk.Create(r.Context(), h.actor(r), c); !errs.Is(err, errs.Conflict) {
			return made, err
		}
	}
	return c, err
}
