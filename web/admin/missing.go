package admin

import (
	"net/http"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/subscribers"
)

// missingView is one thing that an installation needs before its first mail.
type missingView struct {
	Label string
	Done  bool
	URL   string // where it is done, "" where this program has no page for it
}

// needStep is one of these in the table.
type needStep struct {
	key   string
	setup string   // of the wizard
	pages []string // others that do it too, the first that there is
}

var needSteps = []needStep{
	{"home.step_organisation", "organisation", []string{"/settings"}},
	{"home.step_sender", "sender", []string{"/settings"}},
	{"home.step_server", "server", []string{"/servers"}},
	{"home.step_readers", "readers", []string{"/readers/import", "/imports/new", "/readers"}},
	{"home.step_recap", "recap", []string{"/recaps/new", "/recaps"}},
	{"home.step_campaign", "", []string{"/campaigns/new", "/campaigns"}},
}

// missing is the checklist of the set-up, nil when nothing is missing or when
// whoever asks cannot do any of it.
func (h *house) missing(r *http.Request, editions []campaigns.Edition) ([]missingView, error) {
	if !h.mayUse(r, "POST /editions/{id}/pause") {
		return nil, nil
	}
	done, err := h.isDone(r, editions)
	if err != nil {
		return nil, err
	}
	w, left := h.words(r), 0
	var out []missingView
	for i, s := range needSteps {
		v := missingView{Label: w.T(s.key), Done: done[i]}
		if !v.Done {
			left++
			v.URL = h.wayTo(r, s)
		}
		out = append(out, v)
	}
	if left == 0 {
		return nil, nil
	}
	return out, nil
}

// wayTo is where a step is done: in the wizard, else on the page that there is.
func (h *house) wayTo(r *http.Request, s needStep) string {
	if s.setup != "" {
		for _, pattern := range []string{"GET /setup/" + s.setup, "GET /setup/{step}"} {
			if h.mayUse(r, pattern) {
				return "/setup/" + s.setup
			}
		}
	}
	for _, p := range s.pages {
		if h.mayUse(r, "GET "+p) {
			return p
		}
	}
	return ""
}

// isDone says which steps are done, in the order of the table.
func (h *house) isDone(r *http.Request, editions []campaigns.Edition) ([]bool, error) {
	ctx := r.Context()
	org, err := h.Store.Organisation(ctx)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nil, err
	}
	relays, err := h.Store.Relays(ctx)
	if err != nil {
		return nil, err
	}
	readers, err := h.Store.Subscribers(ctx, subscribers.Query{Limit: 1})
	if err != nil {
		return nil, err
	}
	recaps, err := h.Store.Recaps(ctx, 0, 1)
	if err != nil {
		return nil, err
	}
	all, err := h.Store.Campaigns(ctx, 0, 1)
	if err != nil {
		return nil, err
	}
	sent := false // then a mail server is there, whatever the database says: --smtp names one
	for _, e := range editions {
		sent = sent || !e.PublicAt.IsZero()
	}
	return []bool{org.Name != "" && org.PostalAddress != "", org.Sender != "", sent || len(relays) > 0, len(readers) > 0, len(recaps) > 0, sent || len(all) > 0}, nil
}
