package admin

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/subscribers"
	"postrider/subscribers/intake"
	"postrider/web/pages"
	"postrider/web/respond"
)

const (
	uploadTimeout = 10 * time.Minute
	tryTimeout    = 55 * time.Second
	importsShown  = 20
	refusedShown  = 20
	fieldOption   = "+" // a column becomes a field of its own title
)

func (h *house) importRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /imports", Needs: editor, Handle: h.imports},
		{Pattern: "POST /imports", Needs: editor, Handle: h.upload, MaxBody: intake.MaxBytes + 1<<20, Timeout: uploadTimeout},
		{Pattern: "POST /imports/undo", Needs: editor, Handle: h.undoImport, Timeout: uploadTimeout},
		{Pattern: "GET /imports/{id}", Needs: editor, Handle: h.importPage},
		{Pattern: "POST /imports/{id}/plan", Needs: editor, Handle: h.planImport, Timeout: tryTimeout, MaxBody: 512 << 10},
		{Pattern: "POST /imports/{id}/start", Needs: editor, Handle: h.startImport},
		{Pattern: "POST /imports/{id}/discard", Needs: editor, Handle: h.discardImport},
		{Pattern: "GET /imports/{id}/refused.csv", Needs: editor, Handle: h.refusedRows, Timeout: csvTimeout},
	}
}

type importsView struct {
	Tabs tabsView
	F    pages.Form
	Max  int // MB
	Rows []importRow
	Undo *undoView
}

type importRow struct {
	URL, Name, When, Who string
	Mark                 pages.Mark
	Result               subscribers.ImportResult
}

func (h *house) imports(w http.ResponseWriter, r *http.Request) error {
	return h.showImports(w, r, http.StatusOK, pages.NewForm(r.URL.Query()))
}

func (h *house) showImports(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	v := importsView{Tabs: h.readerTabs(r, "/imports"), F: f, Max: intake.MaxBytes >> 20}
	all, err := h.Clerk.List(r.Context(), importsShown)
	if err != nil {
		return err
	}
	clock := h.clock(r, "")
	for _, i := range all {
		v.Rows = append(v.Rows, importRow{URL: importURL(i.ID), Name: fileName(clock.Words, i), When: clock.When(i.CreatedAt), Mark: h.importMark(clock.Words, i), Result: i.Result})
	}
	if v.Undo, err = h.undoable(r); err != nil {
		return err
	}
	return h.pageWith(w, r, status, "imports", h.frame(r, h.words(r).T("imports.imports"), "/readers"), v)
}

func importURL(id intake.ID) string { return "/imports/" + id.String() }

func fileName(w *words.Words, f intake.File) string {
	if f.Name == "" {
		return w.T("imports.pasted")
	}
	return f.Name
}

func (h *house) importMark(w *words.Words, f intake.File) pages.Mark {
	switch f.Live(h.Now()) {
	case intake.Running:
		return pages.NewMark(w, "imports.running", "●", "live")
	case intake.Stopped:
		return pages.NewMark(w, "imports.stopped", "‖", "warn")
	case intake.Done:
		return pages.NewMark(w, "imports.done", "✓", "good")
	case intake.Failed:
		return pages.NewMark(w, "imports.failed", "!", "bad")
	}
	return pages.NewMark(w, "imports.waiting", "○", "")
}

// upload takes a file, or addresses that were pasted: the first part of the
// form that holds something. The file streams into the Clerk's folder.
func (h *house) upload(w http.ResponseWriter, r *http.Request) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(uploadTimeout)) // not every server has deadlines
	longAnswer(w)
	form, err := r.MultipartReader()
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	typed := url.Values{}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		f, taken, err := h.takePart(r, part, typed)
		if taken && err == nil {
			to := importURL(f.ID)
			if typed.Get("list") != "" {
				to += "?" + url.Values{"list": {typed.Get("list")}}.Encode()
			}
			http.Redirect(w, r, to, http.StatusSeeOther)
			return nil
		}
		if errs.Is(err, errs.Invalid) {
			shown := pages.NewForm(typed)
			shown.Add(part.FormName(), respond.Sentence(plainText(err)))
			return h.showImports(w, r, http.StatusUnprocessableEntity, shown)
		}
		if err != nil {
			return err
		}
	}
	shown := pages.NewForm(typed)
	shown.Add("file", h.words(r).T("imports.nothing"))
	return h.showImports(w, r, http.StatusUnprocessableEntity, shown)
}

// takePart keeps the part of a form that holds readers.
func (h *house) takePart(r *http.Request, part *multipart.Part, typed url.Values) (intake.File, bool, error) {
	const maxPaste = 8 << 20
	switch part.FormName() {
	case "file":
		if part.FileName() == "" {
			return intake.File{}, false, nil
		}
		f, err := h.Clerk.Take(r.Context(), h.actor(r), part.FileName(), part)
		return f, true, err
	case "pasted":
		text, err := io.ReadAll(io.LimitReader(part, maxPaste+1))
		if err != nil || strings.TrimSpace(string(text)) == "" {
			return intake.File{}, false, err
		}
		if len(text) > maxPaste {
			return intake.File{}, true, errs.Invalidf("%s", h.words(r).T("imports.paste_large"))
		}
		if len(text) < 32<<10 {
			typed.Set("pasted", string(text))
		}
		f, err := h.Clerk.Take(r.Context(), h.actor(r), "", strings.NewReader(addressLines(string(text))))
		return f, true, err
	case "list":
		text, err := io.ReadAll(io.LimitReader(part, 200))
		typed.Set("list", string(text))
		return intake.File{}, false, err
	}
	return intake.File{}, false, nil
}

// addressLines makes one address a line of addresses that were pasted with
// commas or semicolons between them, as a mail program copies them. What has
// names in cells stays as it is.
func addressLines(text string) string {
	words := strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" ,;\t\r\n", r) })
	for _, w := range words {
		if !strings.Contains(strings.Trim(w, "<>"), "@") {
			return text
		}
	}
	for i, w := range words {
		words[i] = strings.Trim(w, "<>")
	}
	return strings.Join(words, "\n") + "\n"
}

// plainText is an error's own words, without the place.
func plainText(err error) string {
	var e *errs.Error
	if errors.As(err, &e) && e.Text != "" && e.Err == nil {
		return e.Text
	}
	return err.Error()
}

// importView is a file on its way: its columns, what would happen, what happens.
type importView struct {
	intake.File
	URL     string
	Title   string
	Mark    pages.Mark
	State   intake.State // as it is now
	F       pages.Form
	Columns []columnView
	Lists   []pages.Option
	Tried   *subscribers.ImportResult
	Refused []subscribers.Refusal
	More    int // refused rows that are not shown
	Left    int
	Percent int
	Gone    bool // the file is not here
	Reader  string
	Said    string
}

type columnView struct {
	N       int
	Title   string
	Cells   []string
	Options []pages.Option
	Chosen  string
}

func (h *house) findImport(r *http.Request) (intake.File, error) {
	return h.Clerk.Find(r.Context(), r.PathValue("id"))
}

func (h *house) importPage(w http.ResponseWriter, r *http.Request) error {
	f, err := h.findImport(r)
	if err != nil {
		return err
	}
	v := h.importOf(r, f)
	if v.State != intake.Waiting {
		return h.showImport(w, r, http.StatusOK, v)
	}
	values := url.Values{"consent": {f.Options.Consent}, "source": {f.Options.Source}, "list": f.Options.Lists}
	if !f.Options.ConsentAt.IsZero() {
		values.Set("consent_at", f.Options.ConsentAt.Format(time.DateOnly))
	}
	if list := r.URL.Query().Get("list"); list != "" && len(f.Options.Lists) == 0 {
		values.Set("list", list)
	}
	if f.Options.NoHeader {
		values.Set("no_header", "1")
	}
	for i, c := range f.Options.Columns {
		values.Set("column:"+strconv.Itoa(i), chosen(c, f.Options.Titles[i]))
	}
	v.F = pages.NewForm(values)
	return h.showImport(w, r, http.StatusOK, v)
}

// chosen is the option of a column that goes to a place.
func chosen(to, title string) string {
	if to != "" && to == subscribers.FieldName(title) && !slices.Contains([]string{"email", "name", "language", "zone"}, to) {
		return fieldOption
	}
	return to
}

func (h *house) importOf(r *http.Request, f intake.File) importView {
	t := h.words(r)
	v := importView{File: f, URL: importURL(f.ID), Title: fileName(t, f), Mark: h.importMark(t, f), State: f.Live(h.Now()), Percent: f.Percent(), Left: f.Result.Left}
	if len(f.Options.Lists) > 0 {
		v.Reader = "/readers?" + url.Values{"list": {f.Options.Lists[0]}}.Encode()
	}
	if v.State == intake.Running {
		v.Said = t.T("imports.progress", v.Percent, f.Result.Added+f.Result.Updated+f.Result.Unchanged)
	}
	return v
}

func (h *house) showImport(w http.ResponseWriter, r *http.Request, status int, v importView) error {
	if v.State == intake.Waiting {
		if err := h.mapping(r, &v); err != nil {
			return err
		}
	}
	f := h.frame(r, v.Title, "/readers")
	if v.State == intake.Running {
		f.Live, f.Reload = true, 3
	}
	return h.pageWith(w, r, status, "import", f, v)
}

func (h *house) discardImport(w http.ResponseWriter, r *http.Request) error {
	f, err := h.findImport(r)
	if err != nil {
		return err
	}
	if err := h.Clerk.Discard(r.Context(), h.actor(r), f); err != nil {
		return err
	}
	return h.done(w, r, "/imports", h.words(r).T("imports.discarded"), nil)
}

func (h *house) refusedRows(w http.ResponseWriter, r *http.Request) error {
	f, err := h.findImport(r)
	if err != nil {
		return err
	}
	longAnswer(w)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="refused-`+f.ID.String()+`.csv"`)
	return h.Clerk.WriteRefused(r.Context(), w, f)
}
