package admin

import (
	"net/http"
	"strconv"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/web/respond"
)

const historyPage = 100

// historyRoutes show what a recap said before, and bring it back.
func (h *house) historyRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /recaps/{id}/history", Needs: analyst, Handle: h.recapHistory},
		{Pattern: "POST /recaps/{id}/restore", Needs: editor, Handle: h.restoreRecap},
	}
}

type historyView struct {
	recapView
	History  []revisionRow
	From, To int // revisions that are compared
	Lines    []diffLine
	Compared bool
}

type revisionRow struct {
	Number                       int
	Title, When, By, Source, URL string
	Latest                       bool
}

// recapHistory lists revisions and shows where two of them differ: the two
// that are asked for, else the latest and the one before.
func (h *house) recapHistory(w http.ResponseWriter, r *http.Request) error {
	head, err := h.recapHead(r)
	if err != nil {
		return err
	}
	v := historyView{recapView: head}
	v.Here = v.URL + "/history"
	all, err := h.Store.RecapRevisions(r.Context(), v.ID, historyPage)
	if err != nil {
		return err
	}
	clock := h.clock(r, "")
	for i, x := range all {
		v.History = append(v.History, revisionRow{Number: x.Number, Title: x.Recap.Title, When: clock.When(x.CreatedAt), By: h.nameOf(r, x.Actor), Source: x.Source,
			URL: v.URL + "?revision=" + strconv.Itoa(x.Number), Latest: i == 0})
	}
	if len(all) < 2 {
		return h.page(w, r, "recaphistory", h.frame(r, v.Revision.Recap.Title, "/recaps"), v)
	}
	from, err := revisionIn(all, r.URL.Query().Get("from"), all[1])
	if err != nil {
		return err
	}
	to, err := revisionIn(all, r.URL.Query().Get("to"), all[0])
	if err != nil {
		return err
	}
	v.From, v.To, v.Compared = from.Number, to.Number, true
	v.Lines = diff(from.Recap.MarkdownSource(), to.Recap.MarkdownSource())
	return h.page(w, r, "recaphistory", h.frame(r, v.Revision.Recap.Title, "/recaps"), v)
}

// revisionIn is the revision with a number that an address gives.
func revisionIn(all []recaps.Revision, number string, other recaps.Revision) (recaps.Revision, error) {
	if number == "" {
		return other, nil
	}
	for _, x := range all {
		if strconv.Itoa(x.Number) == number {
			return x, nil
		}
	}
	return other, errs.NotFoundf("there is no revision %q", number)
}

// restoreRecap makes what a recap said before its next revision, a draft.
func (h *house) restoreRecap(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	number, err := strconv.Atoi(r.PostForm.Get("revision"))
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	before, err := h.Library.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	saved, err := h.Library.Restore(r.Context(), h.actor(r), before.ID, number)
	if err != nil {
		return err
	}
	said := h.words(r).T("editor.said_restored", number, saved.Number)
	if saved.Number == before.Number {
		said = h.words(r).T("editor.said_same", number)
	}
	return h.done(w, r, recapURL(saved.ID), said, nil)
}
