package admin

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
	"unicode/utf8"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/web/pages"
	"postrider/web/respond"
)

func manuscriptURL(id recaps.ManuscriptID) string { return "/manuscripts/" + id.String() }

// editorView is a text at work: what was typed, what becomes of it, and what
// stands in its way. The text comes back whatever happens.
type editorView struct {
	Sheet    recaps.Manuscript
	ID       string // of the manuscript, "" until it has been noted
	Recap    string // id of the recap, "" for a new one
	Heading  string
	Back     string
	Noted    string // when, "" until it was
	Fresh    bool   // nothing has been typed yet
	Look     *lookView
	Wrong    *wrongText
	Conflict *conflictView
	Twin     *twinView
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
	look, err := h.lookAt(r, recaps.Understood{Recap: saved.Recap}, recapURL(saved.ID)+"/frame/", "")
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
		if look, err = h.lookAt(r, u, manuscriptURL(v.Sheet.ID)+"/frame/", version); err == nil {
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

// keepText keeps what was typed: a new recap, or the next revision of one.
func (h *house) keepText(w http.ResponseWriter, r *http.Request) error {
	v, err := h.readSheet(r)
	if err != nil {
		return err
	}
	if err := h.judge(r, &v); err != nil {
		return err
	}
	if v.Fresh {
		v.Wrong = &wrongText{Text: h.words(r).T("recaps.nothing_typed")}
	}
	if v.Wrong != nil {
		return h.showEditor(w, r, http.StatusUnprocessableEntity, v)
	}
	if v.Imported {
		return h.showEditor(w, r, http.StatusOK, v) // a file is looked at before it is kept
	}
	saved, err := h.keepSheet(r, &v)
	if errs.Is(err, errs.Conflict) && (v.Conflict != nil || v.Twin != nil) {
		return h.showEditor(w, r, http.StatusConflict, v)
	}
	if err != nil {
		return err
	}
	if err := h.Notebook.Discard(r.Context(), h.writer(r), v.Sheet.ID); err != nil {
		return err
	}
	said := "recaps.said_kept"
	if r.PostFormValue("then") == "approve" && h.may(r, reviewer) {
		if saved, err = h.Library.Approve(r.Context(), h.actor(r), saved.ID); err != nil {
			return err
		}
		said = "recaps.said_kept_approved"
	}
	return h.done(w, r, recapURL(saved.ID), h.words(r).T(said, saved.Number), nil)
}

// keepSheet hands the text to the Library. Where somebody else was faster, or has
// the address, v says so and the error is a Conflict.
func (h *house) keepSheet(r *http.Request, v *editorView) (recaps.Saved, error) {
	ctx, recap := r.Context(), v.Look.Recap
	source := v.Sheet.Name
	if source == "" {
		source = "editor"
	}
	if v.Sheet.Recap != 0 {
		saved, err := h.Library.Revise(ctx, h.actor(r), v.Sheet.Recap, v.Sheet.Base, recap, source)
		if errs.Is(err, errs.Conflict) {
			return saved, h.showBoth(r, v, err)
		}
		return saved, err
	}
	switch as := r.PostFormValue("as"); as {
	case "new":
		free, err := h.Library.FreeSlug(ctx, recap.Slug)
		if err != nil {
			return recaps.Saved{}, err
		}
		recap.Slug = free
	case "revision":
		id, err := recaps.ParseID(r.PostFormValue("twin"))
		if err != nil {
			return recaps.Saved{}, err
		}
		base, err := strconv.Atoi(r.PostFormValue("twin_base"))
		if err != nil {
			return recaps.Saved{}, &respond.Malformed{Err: err}
		}
		v.Sheet.Recap, v.Sheet.Base = id, base
		saved, err := h.Library.Revise(ctx, h.actor(r), id, base, recap, source)
		if errs.Is(err, errs.Conflict) {
			return saved, h.showBoth(r, v, err)
		}
		return saved, err
	}
	saved, err := h.Library.Create(ctx, h.actor(r), recap, source)
	if errs.Is(err, errs.Conflict) {
		return saved, h.showTwin(r, v, recap.Slug, err)
	}
	return saved, err
}

// showBoth puts what somebody else kept beside the text, which from now on is a
// change of that: kept again, it takes its place knowingly.
func (h *house) showBoth(r *http.Request, v *editorView, conflict error) error {
	saved, err := h.Library.Get(r.Context(), v.Sheet.Recap.String())
	if err != nil {
		return err
	}
	revision, err := h.Store.RecapRevision(r.Context(), saved.ID, saved.Number)
	if err != nil {
		return err
	}
	theirs := saved.Recap.MarkdownSource()
	v.Conflict = &conflictView{Number: saved.Number, By: h.nameOf(r, revision.Actor), When: h.clock(r, "").When(revision.CreatedAt), Theirs: theirs,
		Lines: diff(theirs, v.Look.Recap.MarkdownSource())}
	v.Sheet.Base = saved.Number
	if v.Sheet, err = h.Notebook.Note(r.Context(), v.Sheet); err != nil {
		return err
	}
	return conflict
}

func (h *house) showTwin(r *http.Request, v *editorView, slug string, conflict error) error {
	saved, err := h.Library.Get(r.Context(), slug)
	if err != nil {
		return err
	}
	free, err := h.Library.FreeSlug(r.Context(), slug)
	if err != nil {
		return err
	}
	v.Twin = &twinView{Title: saved.Recap.Title, URL: recapURL(saved.ID), Free: h.Public + "/r/" + free, ID: saved.ID.String(), Number: saved.Number,
		Mark: recapMark(h.words(r), saved.State)}
	return conflict
}

// readSheet reads the form and notes it: from then on nothing typed is lost. A
// chosen file takes the place of the text.
func (h *house) readSheet(r *http.Request) (editorView, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	if kind == "multipart/form-data" {
		err = r.ParseMultipartForm(recapBody)
		if r.MultipartForm != nil {
			defer func() { _ = r.MultipartForm.RemoveAll() }() // what did not fit into memory
		}
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return editorView{}, &respond.Malformed{Err: err}
	}
	m := recaps.Manuscript{Actor: h.writer(r), Name: plainName(r.PostFormValue("name")), Text: strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n")}
	if id, err := recaps.ParseManuscriptID(r.PostFormValue("manuscript")); err == nil {
		old, err := h.Notebook.Get(r.Context(), m.Actor, id)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return editorView{}, err
		}
		if err == nil { // else it was kept or thrown away in another window: this text is a new one
			m.ID, m.CreatedAt = old.ID, old.CreatedAt
		}
	}
	if id, err := recaps.ParseID(r.PostFormValue("recap")); err == nil {
		if m.Base, err = strconv.Atoi(r.PostFormValue("base")); err != nil {
			return editorView{}, &respond.Malformed{Err: err}
		}
		m.Recap = id
	}
	v := editorView{Sheet: m}
	if err := v.readFile(r); err != nil {
		return v, err
	}
	if v.Wrong == nil && strings.TrimSpace(v.Sheet.Text) != "" {
		v.Sheet, err = h.Notebook.Note(r.Context(), v.Sheet)
	}
	return v, err
}

// readFile puts a chosen file in the place of the text. What is no Markdown
// becomes Markdown, once it has been understood.
func (v *editorView) readFile(r *http.Request) error {
	file, header, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) || err == nil && header.Size == 0 {
		return nil
	}
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	defer func() { _ = file.Close() }() // only read from
	all, err := io.ReadAll(io.LimitReader(file, recaps.MaxPage+1))
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	name := plainName(header.Filename)
	u, err := recaps.Understand(recaps.Document{Name: name, Body: all})
	v.Imported = true
	switch {
	case err == nil && u.Format != recaps.FormatMarkdown && u.Format != recaps.FormatText:
		v.leftOut = u.LeftOut
		v.Sheet.Name, v.Sheet.Text = strings.TrimSuffix(name, path.Ext(name))+".md", u.Recap.MarkdownSource()
	case utf8.Valid(all):
		v.Sheet.Name, v.Sheet.Text = name, strings.ReplaceAll(strings.TrimPrefix(string(all), "\uFEFF"), "\r\n", "\n")
	case err == nil:
		v.Sheet.Name, v.Sheet.Text = strings.TrimSuffix(name, path.Ext(name))+".md", u.Recap.MarkdownSource()
	default:
		v.Wrong = wrongIn("", err) // what stood in the box stays
	}
	return nil
}

// plainName keeps of a file's name what tells its kind.
func plainName(s string) string {
	s = path.Base(strings.ReplaceAll(strings.TrimSpace(s), `\`, "/"))
	if s == "." || s == "/" || len(s) > 200 || !utf8.ValidString(s) {
		return ""
	}
	return s
}
