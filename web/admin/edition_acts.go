package admin

import (
	"context"
	"net/http"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/organisation"
	"postrider/web/pages"
	"postrider/web/respond"
)

// editionRoutes are the issues: their pages, and what can be done with them.
func (h *house) editionRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /editions", Needs: analyst, Handle: h.editions},
		{Pattern: "GET /editions/{id}", Needs: analyst, Handle: h.edition},
		{Pattern: "GET /editions/{id}/recipients", Needs: reviewer, Handle: h.recipients},
		{Pattern: "GET /editions/{id}/recipients.csv", Needs: editor, Handle: h.recipientsCSV, Timeout: csvTimeout},
		{Pattern: "GET /editions/{id}/left", Needs: reviewer, Handle: h.departures},
		{Pattern: "GET /editions/{id}/mail", Needs: analyst, Handle: h.mail},
		{Pattern: "GET /editions/{id}/phone", Needs: analyst, Handle: h.phone},
		{Pattern: "GET /editions/{id}/text", Needs: analyst, Handle: h.text},
		{Pattern: "GET /editions/{id}/page", Needs: analyst, Handle: h.pageTab},
		{Pattern: "GET /editions/{id}/snippets", Needs: analyst, Handle: h.snippets},
		{Pattern: "GET /editions/{id}/frame/mail", Needs: analyst, Handle: h.mailFrame},
		{Pattern: "GET /editions/{id}/frame/page", Needs: analyst, Handle: h.pageFrame},
		{Pattern: "POST /editions/{id}/approve", Needs: reviewer, Handle: h.act(change{do: h.approve, said: "editions.did_approve"})},
		{Pattern: "POST /editions/{id}/undo", Needs: editor, Handle: h.act(change{do: only(h.Desk.Undo), said: "editions.did_undo"})},
		{Pattern: "POST /editions/{id}/pause", Needs: editor, Handle: h.act(change{do: only(h.Desk.Pause), said: "editions.did_pause", back: "resume"})},
		{Pattern: "POST /editions/{id}/resume", Needs: editor, Handle: h.act(change{do: only(h.Desk.Resume), said: "editions.did_resume"})},
		{Pattern: "POST /editions/{id}/resend", Needs: editor, Handle: h.act(change{do: h.Desk.Resend, said: "editions.did_resend"})},
		{Pattern: "POST /editions/{id}/give-up", Needs: editor, Handle: h.act(change{do: h.Desk.GiveUp, said: "editions.did_give_up"})},
		{Pattern: "GET /editions/{id}/cancel", Needs: editor, Handle: h.cancelPage},
		{Pattern: "POST /editions/{id}/cancel", Needs: editor, Handle: h.act(change{do: only(h.Desk.Cancel), said: "editions.did_cancel"})},
	}
}

// mayUse reports whether whoever asks may use a route.
func (h *house) mayUse(r *http.Request, pattern string) bool {
	needs, ok := h.needs[pattern]
	return ok && h.who(r).Role.May(organisation.Role(needs))
}

func (h *house) cancelPage(w http.ResponseWriter, r *http.Request) error {
	v, err := h.view(r)
	if err != nil {
		return err
	}
	if !campaigns.CanMove(v.State, campaigns.Cancelled) {
		return errs.Conflictf("%s", h.words(r).T("editions.cannot_cancel", v.Mark.Word))
	}
	return h.page(w, r, "cancel", h.frame(r, h.words(r).T("editions.cancel_title", v.Title), "/editions"), v)
}

// change is what a button does with an edition, and the key of what the page
// says then, with the number of readers that it touched. back is the button
// that takes it back, where there is one.
type change struct {
	do   func(ctx context.Context, actor string, e campaigns.Edition) (int, error)
	said string
	back string
}

// only is a change that counts nobody.
func only(do func(context.Context, string, campaigns.Edition) error) func(context.Context, string, campaigns.Edition) (int, error) {
	return func(ctx context.Context, actor string, e campaigns.Edition) (int, error) { return 0, do(ctx, actor, e) }
}

// approve lets an edition go out at its time, or, where that has come, after
// the minute in which it can be taken back.
func (h *house) approve(ctx context.Context, actor string, e campaigns.Edition) (int, error) {
	return 0, h.Desk.Schedule(ctx, actor, e, e.DueAt)
}

// act is a button: it finds the edition, asks the Desk, and shows the edition
// again.
func (h *house) act(c change) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		e, err := h.Desk.FindEdition(r.Context(), r.PathValue("id"))
		if err != nil {
			return err
		}
		n, err := c.do(r.Context(), h.actor(r), e)
		if err != nil {
			return err
		}
		words, to := h.words(r), editionURL(e.ID)
		var undo *pages.Undo
		if c.back != "" {
			undo = &pages.Undo{URL: to + "/" + c.back, Label: words.T("frame.undo")}
		}
		return h.done(w, r, to, words.T(c.said, n), undo)
	}
}
