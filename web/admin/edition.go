package admin

import (
	"net/http"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/web/pages"
)

const editionsPage = 50

type editionsView struct {
	Issues []issueView
	Older  string
	First  bool
}

func (h *house) editions(w http.ResponseWriter, r *http.Request) error {
	var before campaigns.EditionID
	if s := r.URL.Query().Get("before"); s != "" {
		id, err := ids.Parse[campaigns.Edition](s)
		if err != nil {
			return errs.NotFoundf("there is no such page of issues: begin at its first")
		}
		before = campaigns.EditionID(id)
	}
	all, err := h.Store.Editions(r.Context(), before, editionsPage+1)
	if err != nil {
		return err
	}
	v := editionsView{First: before == 0}
	if len(all) > editionsPage {
		all = all[:editionsPage]
		v.Older = "/editions?before=" + all[len(all)-1].ID.String()
	}
	clock := h.clock(r, "")
	for _, e := range all {
		f, err := h.figures(r.Context(), e)
		if err != nil {
			return err
		}
		v.Issues = append(v.Issues, issue(e, f, clock))
	}
	return h.page(w, r, "editions", h.frame(r, clock.Words.T("frame.issues"), "/editions"), v)
}

// editionView is one issue: the headline, the ledger, and what can be done.
type editionView struct {
	campaigns.Edition
	URL         string
	Mark        pages.Mark
	AllURL      string // the people of the issue, "" for whoever may not see them
	Campaign    string
	CampaignURL string
	Figures     delivery.Figures
	Parts       []segment
	Lines       []string // what happens now and next, in sentences
	Say         string   // the same for the ear, short
	Live        int      // seconds between looks, 0 when nothing moves any more
	Due         string
	Until       string
	Opened      string
	Ended       string
	Approved    string
	PageURL     string
	Tab         string
	Shares      []shareRow
	Departed    int // readers who unsubscribed from it

	Undecided int    // not certain, and nobody has decided about them
	Closes    string // when that question closes by itself
	Left      int    // seconds until it begins, while they are counted down; else 0

	CanApprove, CanPause, CanResume, CanCancel, CanUndo, CanDecide, CanCSV bool
	ApproveWords, ResumeWords                                              string
}

type shareRow struct {
	Name             string
	People, Machines int
}

func (h *house) edition(w http.ResponseWriter, r *http.Request) error {
	v, err := h.view(r)
	if err != nil {
		return err
	}
	if v.Shares, err = h.shares(r.Context(), v.ID); err != nil {
		return err
	}
	if v.Departed, err = h.Store.Departed(r.Context(), v.ID); err != nil {
		return err
	}
	f := h.frame(r, v.Title, "/editions")
	if v.Live > 0 {
		f.Live, f.Reload = true, 10
	}
	return h.page(w, r, "edition", f, v)
}

// view reads what all pages of an edition show.
func (h *house) view(r *http.Request) (editionView, error) {
	e, err := h.Desk.FindEdition(r.Context(), r.PathValue("id"))
	if err != nil {
		return editionView{}, err
	}
	v := editionView{Edition: e, URL: editionURL(e.ID), Mark: pages.EditionMark(h.words(r), e.State), CanCSV: h.mayUse(r, "GET /editions/{id}/recipients.csv")}
	if v.Figures, err = h.figures(r.Context(), e); err != nil {
		return v, err
	}
	zone := ""
	if e.Campaign != 0 {
		c, err := h.Store.Campaign(r.Context(), e.Campaign.String())
		if err != nil && !errs.Is(err, errs.NotFound) {
			return v, err
		}
		zone, v.Campaign, v.CampaignURL = c.Zone, c.Name, campaignURL(e.Campaign)
	}
	clock := h.clock(r, zone)
	v.Parts = ledger(clock.Words, e.ID, v.Figures)
	if v.AllURL = recipientsURL(e.ID, ""); !h.mayUse(r, "GET /editions/{id}/recipients") {
		v.AllURL = ""
		unlink(v.Parts)
	}
	if err := h.undecided(r, &v, clock); err != nil {
		return v, err
	}
	v.Due, v.Until, v.Opened, v.Ended = clock.When(e.DueAt), clock.Until(e.DueAt), clock.When(e.PublicAt), clock.When(e.EndedAt)
	if e.ApprovedBy != "" {
		v.Approved = clock.Words.T("editions.approved_by", h.nameOf(r, e.ApprovedBy), clock.When(e.ApprovedAt))
	}
	if !e.PublicAt.IsZero() {
		v.PageURL = h.Public + "/r/" + e.Slug
	}
	switch e.State {
	case campaigns.Sending, campaigns.Freezing:
		v.Live = liveSeconds
	case campaigns.Scheduled, campaigns.Held, campaigns.EditionPaused:
		v.Live = calmSeconds
	}
	h.can(r, &v, clock)
	v.Lines, err = h.lines(r.Context(), &v, clock)
	v.Say = words.Capital(v.Mark.Word)
	if v.Figures.Audience > 0 {
		v.Say = clock.Words.T("editions.say", v.Mark.Word, v.Figures.Accepted, v.Figures.Audience)
	}
	return v, err
}

// undecided reads about whom a person may decide, and until when.
func (h *house) undecided(r *http.Request, v *editionView, clock pages.Clock) error {
	if v.Figures.Unknown == 0 {
		return nil
	}
	n, since, err := h.Store.UndecidedSince(r.Context(), v.ID)
	if err != nil || n == 0 {
		return err
	}
	v.Undecided, v.Closes = n, clock.When(since.Add(campaigns.DecideWithin))
	return nil
}

// can says which buttons there are for whoever asks; the guard and the Desk
// decide again when one is pressed.
func (h *house) can(r *http.Request, v *editionView, clock pages.Clock) {
	w := clock.Words
	act := func(what string) bool { return h.mayUse(r, "POST /editions/{id}/"+what) }
	v.CanApprove = (v.State == campaigns.InReview || v.State == campaigns.EditionReady || v.State == campaigns.Draft) && act("approve")
	v.CanPause = campaigns.CanMove(v.State, campaigns.EditionPaused) && act("pause")
	v.CanResume = (v.State == campaigns.EditionPaused || v.State == campaigns.Held) && act("resume")
	v.CanUndo = v.State == campaigns.Scheduled && act("undo")
	v.CanDecide = v.Undecided > 0 && act("resend")
	v.ApproveWords = w.T("editions.approve_now")
	if v.DueAt.After(clock.Now) {
		v.ApproveWords = w.T("editions.approve_for", clock.When(v.DueAt))
	}
	v.ResumeWords = w.T("editions.resume")
	if left := v.DueAt.Sub(clock.Now); v.State == campaigns.Scheduled && left > 0 && left <= countdown {
		v.Left, v.Live = int((left+time.Second-1)/time.Second), liveSeconds
	}
	// While the seconds are counted there is one way to stop it: taking it back.
	v.CanCancel = campaigns.CanMove(v.State, campaigns.Cancelled) && act("cancel") && !(v.Left > 0 && v.CanUndo)
}

// countdown is when the seconds until an edition begins are counted.
const countdown = 2 * campaigns.UndoWindow
