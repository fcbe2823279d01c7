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
	"postrider/web/respond"
)

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
	if err := h.readAddress(r, &v); err != nil {
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

// readAddress puts what an address holds in the place of the text, once it has
// been understood. What cannot be fetched or read leaves the text alone.
func (h *house) readAddress(r *http.Request, v *editorView) error {
	v.Address = strings.TrimSpace(r.PostFormValue("address"))
	entry, err := strconv.Atoi(r.PostFormValue("entry"))
	if err != nil {
		entry = 0
	}
	if v.Address == "" || entry == 0 && r.PostFormValue("fetch") == "" && strings.TrimSpace(v.Sheet.Text) != "" {
		return nil
	}
	d, err := h.Fetch(r.Context(), v.Address)
	if err == nil {
		d.Entry = entry
		var u recaps.Understood
		if u, err = recaps.Understand(d); err == nil {
			v.Imported, v.leftOut, v.Entries = true, u.LeftOut, u.Entries
			v.Sheet.Name, v.Sheet.Text = u.Recap.Slug+".md", u.Recap.MarkdownSource()
			return nil
		}
	}
	for _, kind := range []errs.Kind{errs.Invalid, errs.NotFound, errs.Forbidden, errs.Unavailable} {
		if errs.Is(err, kind) {
			v.AddressWrong = withoutField(err)
			return nil
		}
	}
	return err
}

// plainName keeps of a file's name what tells its kind.
func plainName(s string) string {
	s = path.Base(strings.ReplaceAll(strings.TrimSpace(s), `\`, "/"))
	if s == "." || s == "/" || len(s) > 200 || !utf8.ValidString(s) {
		return ""
	}
	return s
}
