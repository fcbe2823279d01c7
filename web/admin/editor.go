package admin

import (
	"errors"
	"net/http"
	"strconv"
	"strings"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/web/pages"
	"postrider/web/respond"
)

func manuscriptURL(id recaps.ManuscriptID) string { return "/manuscripts/" + id.String() }

// editorView is a text at work: what was typed, what becomes of it, and what
// stands in its way. The text comes back whatever happens.
type editorView struct {
	Sheet                 recaps.Manuscript
	ID                    string // of the manuscript, "" until it has been noted
	Recap                 string // id of the recap, "" for a new one
	Heading               string
	Back                  string
	Noted                 string // when, "" until it was
	Fresh                 bool   // nothing has been typed yet
	Look                  *lookView
	Wrong                 *wrongText
	Conflict              *conflictView
	Twin                  *twinView
	Pictures              picturesView
	Seen                  seenBy
	Address, AddressWrong string         // of a page or a feed that the text is made of
	Entries               []recaps.Entry // of a feed
	Original              *originalView  // of a translation
	Writers               writersView

	translationOf string // slug, where the text does not say it yet

	Imported bool // the text came from a file: it is looked at before it is kept

	leftOut []recaps.LeftOut // of a file that became Markdown

	CanApprove bool
	Example    string // of the block at the top of a text
}

// matterExample shows every key that the block at the top may have.
const matterExample = `---
subject: …
preheader: …
url: https://example.org/original
lang: en
image: https://example.org/photo.jpg
image_alt: …
hashtags: [Forum, Recap]
people:
  - name: Ada Lovelace
    role: Analyst
links:
  - label: Recording
    url: https://example.org/recording
---`

// wrongText is what keeps a text from being a recap.
type wrongText struct {
	Line  int    // 0: none in particular
	Quote string // the line
	Text  string
}

// conflictView is what somebody else kept in the meantime.
type conflictView struct {
	Number   int
	By, When string
	Theirs   string // as Markdown
	Lines    []diffLine
}

// twinView is another recap that has the address already.
type twinView struct {
	Title, URL, Free string
	ID               string
	Number           int
	Mark             pages.Mark
}

func (h *house) newRecap(w http.ResponseWriter, r *http.Request) error {
	if of := r.URL.Query().Get("of"); of != "" {
		v, err := h.translated(r, of, r.URL.Query().Get("lang"))
		if err != nil {
			return err
		}
		return h.showEditor(w, r, http.StatusOK, v)
	}
	return h.showEditor(w, r, http.StatusOK, editorView{Fresh: true})
}

func (h *house) editRecap(w http.ResponseWriter, r *http.Request) error {
	saved, err := h.Library.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	// What somebody began and did not keep goes on where it was left.
	all, err := h.Notebook.List(r.Context(), h.writer(r))
	if err != nil {
		return err
	}
	for _, m := range all {
		if m.Recap == saved.ID && !r.URL.Query().Has("anew") {
			http.Redirect(w, r, manuscriptURL(m.ID), http.StatusSeeOther)
			return nil
		}
	}
	v := editorView{Sheet: recaps.Manuscript{Recap: saved.ID, Base: saved.Number, Name: saved.Slug + ".md", Text: saved.Recap.MarkdownSource()}}
	look, err := h.lookAt(r, recaps.Understood{Recap: saved.Recap}, recapURL(saved.ID)+"/frame/", "", v.Sheet.Name, v.Sheet.Text)
	if err != nil && !errs.Is(err, errs.Invalid) {
		return err
	}
	if err == nil {
		v.Look = &look
	}
	return h.showEditor(w, r, http.StatusOK, v)
}

func (h *house) showEditor(w http.ResponseWriter, r *http.Request, status int, v editorView) error {
	t := h.words(r)
	v.Heading, v.Back, v.Example = t.T("recaps.new"), "/recaps", matterExample
	v.CanApprove = h.may(r, reviewer)
	if v.Sheet.ID != 0 {
		v.ID, v.Noted = v.Sheet.ID.String(), h.clock(r, "").Hour(v.Sheet.UpdatedAt)
	}
	if v.Sheet.Recap != 0 {
		v.Recap, v.Back, v.Heading = v.Sheet.Recap.String(), recapURL(v.Sheet.Recap), t.T("recaps.edit")
	}
	if err := h.album(r, &v.Pictures); err != nil {
		return err
	}
	var err error
	if v.Seen, err = h.seenBy(r); err != nil {
		return err
	}
	if v.Sheet.Recap != 0 {
		if v.Writers, err = h.writers(r, v.Sheet.Recap); err != nil {
			return err
		}
	}
	if err := h.besides(r, &v); err != nil {
		return err
	}
	return h.pageWith(w, r, status, "editor", h.frame(r, v.Heading, "/recaps"), v)
}

func (h *house) manuscriptOf(r *http.Request) (recaps.Manuscript, error) {
	id, err := recaps.ParseManuscriptID(r.PathValue("id"))
	if err != nil {
		return recaps.Manuscript{}, errs.NotFoundf("there is no such text of yours: it was kept or thrown away")
	}
	return h.Notebook.Get(r.Context(), h.writer(r), id)
}

func (h *house) manuscript(w http.ResponseWriter, r *http.Request) error {
	m, err := h.manuscriptOf(r)
	if err != nil {
		return err
	}
	v := editorView{Sheet: m}
	if err := h.judge(r, &v); err != nil {
		return err
	}
	return h.showEditor(w, r, http.StatusOK, v)
}

func (h *house) discardManuscript(w http.ResponseWriter, r *http.Request) error {
	m, err := h.manuscriptOf(r)
	if errs.Is(err, errs.NotFound) {
		http.Redirect(w, r, "/recaps", http.StatusSeeOther)
		return nil
	}
	if err != nil {
		return err
	}
	if err := h.Notebook.Discard(r.Context(), h.writer(r), m.ID); err != nil {
		return err
	}
	return h.done(w, r, "/recaps", h.words(r).T("recaps.said_discarded"), nil)
}

func (h *house) manuscriptFrame(w http.ResponseWriter, r *http.Request) error {
	m, err := h.manuscriptOf(r)
	if err != nil {
		return err
	}
	u, err := understand(m)
	if err != nil {
		return err
	}
	return h.frameOf(w, r, u.Recap)
}

func understand(m recaps.Manuscript) (recaps.Understood, error) {
	return recaps.Understand(recaps.Document{Name: m.Name, Body: []byte(m.Text)})
}

// judge says what becomes of the text, or what is wrong with it.
func (h *house) judge(r *http.Request, v *editorView) error {
	if strings.TrimSpace(v.Sheet.Text) == "" {
		v.Fresh = true
		return nil
	}
	u, err := understand(v.Sheet)
	if err == nil {
		var look lookView
		// The frames' address changes with the text, so that they are fetched again.
		version := "?v=" + strconv.FormatInt(v.Sheet.UpdatedAt.UnixMilli(), 36)
		if look, err = h.lookAt(r, u, manuscriptURL(v.Sheet.ID)+"/frame/", version, v.Sheet.Name, v.Sheet.Text); err == nil {
			v.Look = &look
			if v.leftOut != nil {
				look.LeftOut = v.leftOut
			}
		}
	}
	if errs.Is(err, errs.Invalid) {
		v.Wrong = wrongIn(v.Sheet.Text, err)
		return nil
	}
	return err
}

func wrongIn(text string, err error) *wrongText {
	wrong := &wrongText{Text: respond.Sentence(err.Error())}
	var e *errs.Error
	if !errors.As(err, &e) {
		return wrong
	}
	at := *e
	at.File, at.Line = "", 0
	wrong.Text, wrong.Line = respond.Sentence(at.Error()), e.Line
	if lines := strings.Split(text, "\n"); e.Line > 0 && e.Line <= len(lines) {
		wrong.Quote = strings.TrimSpace(lines[e.Line-1])
		if q := []rune(wrong.Quote); len(q) > 120 {
			wrong.Quote = string(q[:119]) + "…"
		}
	}
	return wrong
}

// lookAtText notes what was typed and shows what becomes of it. Nothing is
// kept as a recap. A script asks for it while somebody types, a button else.
func (h *house) lookAtText(w http.ResponseWriter, r *http.Request) error {
	v, err := h.readSheet(r)
	if err != nil {
		return err
	}
	if err := h.judge(r, &v); err != nil {
		return err
	}
	return h.showEditor(w, r, http.StatusOK, v)
}
