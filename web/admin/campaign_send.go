package admin

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/subscribers"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

func asError(err error) (*errs.Error, bool) {
	var e *errs.Error
	ok := errors.As(err, &e)
	return e, ok
}

// datesView is what a schedule means: in words, and its next dates.
type datesView struct {
	Explain, Place string
	Dates          []dateView
}

const shownDates = 10

// dates explains a schedule. One that cannot be read is Invalid.
func (h *house) dates(r *http.Request, c campaigns.Campaign) (datesView, error) {
	s, err := c.Dates()
	if err != nil {
		return datesView{}, err
	}
	clock := h.clock(r, c.Zone)
	v := datesView{Explain: explained(h.words(r), c), Place: clock.Place()}
	for _, f := range s.NextN(h.Now(), shownDates) {
		v.Dates = append(v.Dates, dateView{When: clock.When(f.At), Until: clock.Until(f.At), UTC: f.At.UTC().Format("15:04") + " UTC", Note: clock.Words.Said(f.Note)})
	}
	return v, nil
}

// audienceView is who gets it, and who does not and why.
type audienceView struct {
	subscribers.Audience
	Left    []leftView
	Sample  []string
	Segment string // that narrows the lists
}

type leftView struct {
	N    int
	Word string
}

const audienceSample = 5

var exclusionKeys = map[subscribers.Exclusion]string{
	subscribers.ExcludedUnsubscribed: "campaigns.left_unsubscribed", subscribers.ExcludedPending: "campaigns.left_pending",
	subscribers.ExcludedPaused: "campaigns.left_paused", subscribers.ExcludedBounced: "campaigns.left_bounced",
	subscribers.ExcludedComplained: "campaigns.left_complained", subscribers.ExcludedSuppressed: "campaigns.left_suppressed",
	subscribers.ExcludedSegment: "campaigns.left_segment",
}

func (h *house) audienceOf(r *http.Request, lists []string, segment string) (audienceView, error) {
	ids, err := h.Store.ListsByName(r.Context(), lists)
	if err != nil {
		return audienceView{}, err
	}
	question := ""
	if segment != "" {
		g, err := h.Registry.Segment(r.Context(), segment)
		if err != nil {
			return audienceView{}, err
		}
		question = g.Question
	}
	a, err := h.Store.Audience(r.Context(), ids, question, h.Store.Now(), audienceSample)
	if err != nil {
		return audienceView{}, err
	}
	v := audienceView{Audience: a, Segment: segment}
	for _, why := range subscribers.Exclusions {
		if n := a.Left[why]; n > 0 {
			v.Left = append(v.Left, leftView{n, h.words(r).T(exclusionKeys[why])})
		}
	}
	for _, s := range a.Sample {
		name := s.Name
		if name == "" {
			name = pages.Mask(s.Email)
		}
		v.Sample = append(v.Sample, name)
	}
	return v, nil
}

// audiencePart is the audience alone: the page of a campaign fetches it when it
// has been shown, because counting a million takes a moment.
func (h *house) audiencePart(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v := outlookView{Campaign: c, URL: campaignURL(c.ID)}
	if v.Audience, err = h.audienceOf(r, c.ListNames, c.Segment); err != nil {
		return err
	}
	return h.page(w, r, "audience", h.frame(r, h.words(r).T("campaigns.audience"), "/campaigns"), v)
}

// outlookView is what would go out now, in all its forms, and to whom.
type outlookView struct {
	campaigns.Campaign
	URL        string
	Seen       string
	Nothing    bool // to send
	Look       lookView
	Titles     []string
	Unapproved []unapprovedView
	Audience   audienceView
	Type       bool // the number has to be typed
	F          pages.Form
	Known      []string // addresses of earlier tests
	Changed    bool     // since it was looked at
	Review     bool     // it waits for approval then
}

type unapprovedView struct{ Title, URL, ID, Number string }

func (h *house) outlookView(r *http.Request) (outlookView, error) {
	o, err := h.Desk.Outlook(r.Context(), r.PathValue("id"))
	if err != nil {
		return outlookView{}, err
	}
	v := outlookView{Campaign: o.Campaign, URL: campaignURL(o.Campaign.ID), Seen: o.Seen, Nothing: len(o.Recaps) == 0, Review: o.Campaign.Approval == campaigns.Each}
	for _, s := range o.Recaps {
		v.Titles = append(v.Titles, s.Recap.Title)
	}
	for _, s := range o.Unapproved() {
		v.Unapproved = append(v.Unapproved, unapprovedView{s.Recap.Title, recapURL(s.ID), s.ID.String(), strconv.Itoa(s.Number)})
	}
	if v.Nothing {
		return v, nil
	}
	takeaways := 0
	for _, s := range o.Recaps {
		takeaways += len(s.Recap.Takeaways)
	}
	seen, err := h.seenBy(r)
	if err != nil {
		return outlookView{}, err
	}
	v.Look = h.lookOf(r, o.Content.Rendered.Mail, seen, v.URL+"/frame/", "")
	v.Look.Recap, v.Look.Snippets = o.Recaps[0].Recap, pages.Snippets(h.words(r), o.Content.Rendered.Snippets, takeaways)
	v.Look.From = senderName(o.Content.Input.Organisation.Name, o.Campaign.Sender)
	if v.Look.Preheader, err = templates.Preheader(o.Content.Input); err != nil {
		return outlookView{}, err
	}
	return v, nil
}

func (h *house) previewCampaign(w http.ResponseWriter, r *http.Request) error {
	v, err := h.outlookView(r)
	if err != nil {
		return err
	}
	return h.showOutlook(w, r, http.StatusOK, v, "outlook")
}

// showOutlook shows what would go out; the page "outlook" also takes test mails.
func (h *house) showOutlook(w http.ResponseWriter, r *http.Request, status int, v outlookView, page string) error {
	var err error
	if v.Known, err = h.Store.TestAddresses(r.Context()); err != nil {
		return err
	}
	if !h.may(r, editor) {
		v.Known = nil
	}
	return h.pageWith(w, r, status, page, h.frame(r, v.Name, "/campaigns"), v)
}

func (h *house) campaignFrame(w http.ResponseWriter, r *http.Request) error {
	o, err := h.Desk.Outlook(r.Context(), r.PathValue("id"))
	switch {
	case err != nil:
		return err
	case len(o.Recaps) == 0:
		return errs.NotFoundf("there is nothing new to look at")
	}
	return h.showFrame(w, r, o.Content.Rendered.Mail, func() ([]byte, error) { return o.Content.Rendered.Page, nil })
}

// testCampaign mails what would go out to a few addresses.
func (h *house) testCampaign(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	typed := strings.FieldsFunc(r.PostForm.Get("to"), func(c rune) bool { return c == ',' || c == ';' || c == '\n' || c == '\r' || c == ' ' || c == '\t' })
	to, err := h.Desk.Test(r.Context(), h.actor(r), r.PathValue("id"), append(typed, r.PostForm["known"]...), r.PostForm.Get("plain") != "")
	if errs.Is(err, errs.Invalid) {
		v, failed := h.outlookView(r)
		if failed != nil {
			return failed
		}
		v.F = pages.NewForm(r.PostForm)
		v.F.AddError(inForm(err, r.PostForm))
		return h.showOutlook(w, r, http.StatusUnprocessableEntity, v, "outlook")
	}
	if err != nil {
		return err
	}
	return h.done(w, r, "/campaigns/"+r.PathValue("id")+"/preview#test", h.words(r).T("campaigns.said_tested", len(to)), nil)
}

// typedFrom is the number of readers from which it has to be typed before an
// issue is sent.
const typedFrom = 1000

func (h *house) sendPage(w http.ResponseWriter, r *http.Request) error {
	v, err := h.outlookView(r)
	if err != nil {
		return err
	}
	return h.showSend(w, r, http.StatusOK, v)
}

func (h *house) showSend(w http.ResponseWriter, r *http.Request, status int, v outlookView) error {
	var err error
	if v.Audience, err = h.audienceOf(r, v.ListNames, v.Segment); err != nil {
		return err
	}
	v.Type = v.Audience.Reached >= typedFrom
	return h.pageWith(w, r, status, "send", h.frame(r, v.Name, "/campaigns"), v)
}

// sendCampaign sends what was looked at, in a minute, so that it can be taken
// back. Whoever sends a recap that is a draft has read it: that approves it.
func (h *house) sendCampaign(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	v, err := h.outlookView(r)
	if err != nil {
		return err
	}
	v.F = pages.NewForm(r.PostForm)
	if v.Nothing || r.PostForm.Get("seen") != v.Seen {
		v.Changed = !v.Nothing
		return h.showSend(w, r, http.StatusConflict, v)
	}
	a, err := h.audienceOf(r, v.ListNames, v.Segment)
	if err != nil {
		return err
	}
	if a.Reached == 0 {
		return h.showSend(w, r, http.StatusUnprocessableEntity, v)
	}
	if typed := digits(r.PostForm.Get("number")); a.Reached >= typedFrom && typed != strconv.Itoa(a.Reached) {
		v.F.Add("number", h.words(r).T("campaigns.number_wrong", a.Reached))
		return h.showSend(w, r, http.StatusUnprocessableEntity, v)
	}
	if err := h.approveSeen(r, v); err != nil {
		return err
	}
	e, err := h.Desk.Send(r.Context(), h.actor(r), v.ID.String(), v.Seen, time.Time{})
	if err != nil {
		return err
	}
	if e.State == campaigns.InReview {
		return h.done(w, r, editionURL(e.ID), h.words(r).T("campaigns.said_review"), nil)
	}
	return h.done(w, r, editionURL(e.ID), h.words(r).T("campaigns.said_sent"), nil) // the page has the way back, beside its countdown
}

// approveSeen approves the drafts that were looked at before sending.
func (h *house) approveSeen(r *http.Request, v outlookView) error {
	for _, u := range v.Unapproved {
		id, err := recaps.ParseID(u.ID)
		if err != nil {
			return err
		}
		if _, err := h.Library.Approve(r.Context(), h.actor(r), id); err != nil {
			return err
		}
	}
	return nil
}

// digits leaves out what people put between the thousands.
func digits(s string) string {
	return strings.Map(func(c rune) rune {
		if c < '0' || c > '9' {
			return -1
		}
		return c
	}, s)
}
