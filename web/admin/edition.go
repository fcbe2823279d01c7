package admin

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/networks"
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
	Campaign    string
	CampaignURL string
	Figures     delivery.Figures
	Parts       []segment
	Lines       []string // what the figures mean, in sentences
	Live        int      // seconds between looks, 0 when nothing moves any more
	Due         string
	Until       string
	Opened      string
	Ended       string
	Approved    string
	PageURL     string
	Tab         string
	Shares      []shareRow

	Undecided int // not certain, and nobody has decided about them

	CanApprove, CanPause, CanResume, CanCancel bool
	ApproveWords                               string
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
	v := editionView{Edition: e, URL: editionURL(e.ID), Mark: pages.EditionMark(h.words(r), e.State)}
	if v.Figures, err = h.figures(r.Context(), e); err != nil {
		return v, err
	}
	if v.Undecided, err = h.Store.Undecided(r.Context(), e.ID); err != nil {
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
	v.Due, v.Until, v.Opened, v.Ended = clock.When(e.DueAt), clock.Until(e.DueAt), clock.When(e.PublicAt), clock.When(e.EndedAt)
	if e.ApprovedBy != "" {
		v.Approved = clock.Words.T("editions.approved_by", e.ApprovedBy, clock.When(e.ApprovedAt))
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
	v.can(clock)
	v.Lines, err = h.lines(r.Context(), v, clock)
	return v, err
}

// can says which buttons there are; the Desk decides again when one is pressed.
func (v *editionView) can(clock pages.Clock) {
	v.CanApprove = v.State == campaigns.InReview || v.State == campaigns.EditionReady
	v.CanPause = campaigns.CanMove(v.State, campaigns.EditionPaused)
	v.CanResume = v.State == campaigns.EditionPaused || v.State == campaigns.Held
	v.CanCancel = campaigns.CanMove(v.State, campaigns.Cancelled)
	v.ApproveWords = clock.Words.T("editions.approve_now")
	if v.DueAt.After(clock.Now) {
		v.ApproveWords = clock.Words.T("editions.approve_for", clock.When(v.DueAt))
	}
}

// lines say what the figures mean and what happens next.
func (h *house) lines(ctx context.Context, v editionView, clock pages.Clock) ([]string, error) {
	var out []string
	if text := need(clock.Words, v.Edition, v.Figures); text != "" {
		out = append(out, text)
	}
	if v.State == campaigns.Cancelled && v.Reason != "" {
		out = append(out, words.Capital(v.Reason)+".")
	}
	if text := h.pace(clock.Words, v, clock.Now); text != "" {
		out = append(out, text)
	}
	waits, err := h.waits(ctx, v, clock)
	if err != nil {
		return nil, err
	}
	out = append(out, waits...)
	if v.Undecided > 0 {
		out = append(out, clock.Words.T("editions.undecided", v.Undecided))
	} else if v.Figures.Unknown > 0 {
		out = append(out, clock.Words.T("editions.decided", v.Figures.Unknown))
	}
	return out, nil
}

// shownWaits bounds the domains that are named.
const shownWaits = 5

// waits say who waits for another try, by domain, with the mail server's words.
func (h *house) waits(ctx context.Context, v editionView, clock pages.Clock) ([]string, error) {
	if v.Figures.Deferred == 0 || v.State.Final() {
		return nil, nil
	}
	all, err := h.Store.Waits(ctx, v.ID, shownWaits)
	if err != nil {
		return nil, err
	}
	var out []string
	named := 0
	for _, w := range all {
		if w.Text != "" {
			out = append(out, clock.Words.T("editions.wait_said", w.Readers, w.Domain, clock.Hour(w.Next), w.Text))
		} else {
			out = append(out, clock.Words.T("editions.wait", w.Readers, w.Domain, clock.Hour(w.Next)))
		}
		named += w.Readers
	}
	if rest := v.Figures.Deferred - named; rest > 0 {
		out = append(out, clock.Words.T("editions.wait_rest", rest))
	}
	return out, nil
}

// shares are the counts of share links by network, the most used first.
func (h *house) shares(ctx context.Context, id campaigns.EditionID) ([]shareRow, error) {
	counts, err := h.Store.Shares(ctx, id)
	if err != nil {
		return nil, err
	}
	var rows []shareRow
	at := map[string]int{}
	for _, c := range counts {
		i, ok := at[c.Network]
		if !ok {
			i = len(rows)
			at[c.Network] = i
			name := c.Network
			if net, err := networks.Find(c.Network); err == nil {
				name = net.Name
			}
			rows = append(rows, shareRow{Name: name})
		}
		rows[i].People += c.People
		rows[i].Machines += c.Machines
	}
	slices.SortFunc(rows, func(a, b shareRow) int {
		if a.People != b.People {
			return b.People - a.People
		}
		return strings.Compare(a.Name, b.Name)
	})
	return rows, nil
}

func (h *house) cancelPage(w http.ResponseWriter, r *http.Request) error {
	v, err := h.view(r)
	if err != nil {
		return err
	}
	if !v.CanCancel {
		return errs.Conflictf("%s", h.words(r).T("editions.cannot_cancel", v.Mark.Word))
	}
	return h.page(w, r, "cancel", h.frame(r, h.words(r).T("editions.cancel_title", v.Title), "/editions"), v)
}

// decide makes a button of a decision about the uncertain.
func decide(do func(ctx context.Context, actor string, e campaigns.Edition) (int, error)) func(context.Context, string, campaigns.Edition) error {
	return func(ctx context.Context, actor string, e campaigns.Edition) error {
		_, err := do(ctx, actor, e)
		return err
	}
}

// change is a button: it finds the edition, asks the Desk, and shows the
// edition again.
func (h *house) change(do func(ctx context.Context, actor string, e campaigns.Edition) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, err := h.Desk.FindEdition(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		if err := do(r.Context(), h.actor(r), e); err != nil {
			return err
		}
		http.Redirect(w, r, editionURL(e.ID), http.StatusSeeOther)
		return nil
	}
}
