package admin

import (
	"net/http"
	"net/url"
	"strconv"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/web/pages"
	"postrider/web/respond"
)

const (
	recapsPage = 50
	recapBody  = 8 << 20 // a page with an article in it, or a text as a form writes it
)

// recapRoutes are the pages of recaps: look, write, approve.
func (h *house) recapRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /recaps", Needs: analyst, Handle: h.recaps},
		{Pattern: "GET /recaps/new", Needs: editor, Handle: h.newRecap},
		{Pattern: "POST /recaps/look", Needs: editor, Handle: h.lookAtText, MaxBody: sheetBody, Timeout: askTime},
		{Pattern: "POST /recaps/keep", Needs: editor, Handle: h.keepText, MaxBody: sheetBody},
		{Pattern: "GET /recaps/{id}", Needs: analyst, Handle: h.recap},
		{Pattern: "GET /recaps/{id}/edit", Needs: editor, Handle: h.editRecap},
		{Pattern: "GET /recaps/{id}/frame/{what}", Needs: analyst, Handle: h.recapFrame},
		{Pattern: "POST /recaps/{id}/approve", Needs: reviewer, Handle: h.approveRecap},
		{Pattern: "POST /recaps/{id}/send", Needs: editor, Handle: h.sendRecap},
		{Pattern: "POST /recaps/{id}/archive", Needs: editor, Handle: h.archiveRecap},
		{Pattern: "GET /manuscripts/{id}", Needs: editor, Handle: h.manuscript},
		{Pattern: "GET /manuscripts/{id}/frame/{what}", Needs: editor, Handle: h.manuscriptFrame},
		{Pattern: "POST /manuscripts/{id}/discard", Needs: editor, Handle: h.discardManuscript},
	}
}

func recapURL(id recaps.ID) string { return "/recaps/" + id.String() }

type recapsView struct {
	Recaps     []recapRow
	Unfinished []unfinishedRow
	Query      pages.Form
	States     []pages.Option
	Narrowed   bool
	First      string
	More       string
	CanWrite   bool
}

type recapRow struct {
	Title, URL, Changed string
	Revision, Takeaways int
	Mark                pages.Mark
}

type unfinishedRow struct{ Title, URL, Changed, Discard string }

var recapStates = []recaps.State{recaps.Draft, recaps.Approved, recaps.Archived}

func (h *house) recaps(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	search, state := q.Get("q"), recaps.State(q.Get("state"))
	var before recaps.ID
	if s := q.Get("before"); s != "" {
		var err error
		if before, err = recaps.ParseID(s); err != nil {
			return errs.NotFoundf("there is no such page of recaps: begin at its first")
		}
	}
	all, err := h.Store.FindRecaps(r.Context(), search, state, before, recapsPage+1)
	if err != nil {
		return err
	}
	t := h.words(r)
	v := recapsView{Query: pages.NewForm(q), Narrowed: search != "" || state != "", CanWrite: h.may(r, editor)}
	v.States = []pages.Option{{Label: t.T("recaps.any_state")}}
	for _, s := range recapStates {
		v.States = append(v.States, pages.Option{Value: string(s), Label: recapMark(t, s).Word})
	}
	if before != 0 {
		v.First = turned("/recaps", q, "before", "")
	}
	if len(all) > recapsPage {
		all = all[:recapsPage]
		v.More = turned("/recaps", q, "before", all[len(all)-1].ID.String())
	}
	clock := h.clock(r, "")
	for _, s := range all {
		v.Recaps = append(v.Recaps, recapRow{Title: s.Recap.Title, URL: recapURL(s.ID), Changed: clock.When(s.UpdatedAt), Revision: s.Number,
			Takeaways: len(s.Recap.Takeaways), Mark: recapMark(t, s.State)})
	}
	if before == 0 && v.CanWrite {
		if v.Unfinished, err = h.unfinished(r, clock); err != nil {
			return err
		}
	}
	return h.page(w, r, "recaps", h.frame(r, t.T("frame.recaps"), "/recaps"), v)
}

func (h *house) unfinished(r *http.Request, clock pages.Clock) ([]unfinishedRow, error) {
	all, err := h.Notebook.List(r.Context(), h.writer(r))
	if err != nil {
		return nil, err
	}
	var out []unfinishedRow
	for _, m := range all {
		row := unfinishedRow{Title: m.Heading(), URL: manuscriptURL(m.ID), Changed: clock.Ago(m.UpdatedAt), Discard: manuscriptURL(m.ID) + "/discard"}
		if row.Title == "" {
			row.Title = clock.Words.T("recaps.untitled")
		}
		out = append(out, row)
	}
	return out, nil
}

// turned is an address with one parameter of its query set, or taken out.
func turned(path string, q map[string][]string, name, value string) string {
	set := map[string][]string{}
	for k, v := range q {
		set[k] = v
	}
	delete(set, name)
	if value != "" {
		set[name] = []string{value}
	}
	if s := url.Values(set).Encode(); s != "" {
		return path + "?" + s
	}
	return path
}

type recapView struct {
	recaps.Saved
	URL, Address, Changed, By string
	Mark                      pages.Mark
	Tabs                      []pages.Link
	Here                      string
	Look                      lookView
	Revision                  recaps.Revision
	Old                       bool           // an earlier revision is shown
	Hidden                    []pages.Option // of the form that asks to be shown otherwise
	Send                      *sendView

	CanApprove, CanEdit, CanArchive, CanSend bool
}

// recapHead reads what all pages of a recap show; the revision asked for, else
// the latest.
func (h *house) recapHead(r *http.Request) (recapView, error) {
	saved, err := h.Library.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return recapView{}, err
	}
	number := saved.Number
	if s := r.URL.Query().Get("revision"); s != "" {
		if number, err = strconv.Atoi(s); err != nil {
			return recapView{}, errs.NotFoundf("there is no revision %q", s)
		}
	}
	revision, err := h.Store.RecapRevision(r.Context(), saved.ID, number)
	if err != nil {
		return recapView{}, err
	}
	t, clock := h.words(r), h.clock(r, "")
	at := recapURL(saved.ID)
	v := recapView{Saved: saved, URL: at, Address: h.Public + "/r/" + saved.Slug, Changed: clock.When(revision.CreatedAt), By: h.nameOf(r, revision.Actor), Mark: recapMark(t, saved.State),
		Revision: revision, Old: number != saved.Number, Tabs: []pages.Link{{Label: t.T("recaps.tab_look"), URL: at}, {Label: t.T("recaps.tab_history"), URL: at + "/history"}, {Label: t.T("editor.tab_languages"), URL: at + "/languages"}}}
	v.CanEdit = h.may(r, editor)
	v.CanApprove = saved.State == recaps.Draft && h.may(r, reviewer) && !v.Old
	v.CanArchive = saved.State != recaps.Archived && v.CanEdit && !v.Old
	v.CanSend = saved.State != recaps.Archived && v.CanEdit && !v.Old
	return v, nil
}

func (h *house) recap(w http.ResponseWriter, r *http.Request) error {
	v, err := h.recapHead(r)
	if err != nil {
		return err
	}
	return h.showRecap(w, r, http.StatusOK, v, h.emptySend(r))
}

// showRecap shows a recap; send is what was typed to send it.
func (h *house) showRecap(w http.ResponseWriter, r *http.Request, status int, v recapView, send pages.Form) error {
	var err error
	if v.Send, err = h.sendOf(r, v, send); err != nil {
		return err
	}
	v.Here = v.URL
	frames := v.URL + "/frame/"
	query := ""
	if v.Old {
		query = "?revision=" + strconv.Itoa(v.Revision.Number)
		v.Hidden = []pages.Option{{Value: "revision", Label: strconv.Itoa(v.Revision.Number)}}
	}
	if v.Look, err = h.lookAt(r, recaps.Understood{Recap: v.Revision.Recap}, frames, query, v.Slug+".md", v.Revision.Recap.MarkdownSource()); err != nil {
		return err
	}
	return h.pageWith(w, r, status, "recap", h.frame(r, v.Revision.Recap.Title, "/recaps"), v)
}

func (h *house) recapFrame(w http.ResponseWriter, r *http.Request) error {
	v, err := h.recapHead(r)
	if err != nil {
		return err
	}
	return h.frameOf(w, r, v.Revision.Recap)
}

func (h *house) approveRecap(w http.ResponseWriter, r *http.Request) error {
	saved, err := h.Library.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	// Approved is what was read: the button names the revision.
	if s := r.PostForm.Get("revision"); s != "" && s != strconv.Itoa(saved.Number) {
		return errs.Conflictf("the recap has revision %d by now, and you read revision %s: look at it again", saved.Number, s)
	}
	if _, err := h.Library.Approve(r.Context(), h.actor(r), saved.ID); err != nil {
		return err
	}
	return h.done(w, r, recapURL(saved.ID), h.words(r).T("recaps.said_approved"), nil)
}

func (h *house) archiveRecap(w http.ResponseWriter, r *http.Request) error {
	saved, err := h.Library.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	if _, err := h.Library.Archive(r.Context(), h.actor(r), saved.ID); err != nil {
		return err
	}
	return h.done(w, r, recapURL(saved.ID), h.words(r).T("recaps.said_archived"), nil)
}

// nameOf says who an actor of the audit log is, in words for people.
func (h *house) nameOf(r *http.Request, actor string) string {
	return actorName(h.words(r), actor)
}

func actorName(t *words.Words, actor string) string {
	switch actor {
	case "cli":
		return t.T("recaps.by_command")
	case "operator", "":
		return t.T("recaps.by_operator")
	}
	return organisation.ActorName(actor)
}

func recapMark(t *words.Words, s recaps.State) pages.Mark {
	switch s {
	case recaps.Approved:
		return pages.NewMark(t, "states.approved", "✓", "good")
	case recaps.Archived:
		return pages.NewMark(t, "states.archived", "×", "")
	}
	return pages.NewMark(t, "states.draft", "○", "")
}

// writer is whose manuscripts a request sees. It is the id alone, because
// people change their names.
func (h *house) writer(r *http.Request) string {
	if o := h.who(r); o.ID != 0 {
		return o.ID.String()
	}
	return "operator"
}
