package admin

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/subscribers"
	"postrider/subscribers/intake"
	"postrider/web/pages"
	"postrider/web/respond"
)

// mapping fills the table of columns with the first rows of the file.
func (h *house) mapping(r *http.Request, v *importView) error {
	look, err := h.Clerk.Look(v.ID)
	if errs.Is(err, errs.Conflict) {
		v.Gone = true
		return nil
	}
	if err != nil {
		return err
	}
	t := h.words(r)
	lists, err := h.listNames(r)
	if err != nil {
		return err
	}
	for _, l := range lists {
		v.Lists = append(v.Lists, pages.Option{Value: l.Name, Label: l.Name})
	}
	for i, title := range look.Titles {
		c := columnView{N: i, Title: title, Chosen: v.F.Value("column:" + strconv.Itoa(i))}
		for _, row := range look.Rows[:min(3, len(look.Rows))] {
			c.Cells = append(c.Cells, row[i])
		}
		c.Options = []pages.Option{{Label: t.T("imports.to_nothing")}, {Value: "email", Label: t.T("imports.to_email")}, {Value: "name", Label: t.T("imports.to_name")},
			{Value: "first_name", Label: t.T("imports.to_first_name")}, {Value: "last_name", Label: t.T("imports.to_last_name")},
			{Value: "language", Label: t.T("imports.to_language")}, {Value: "zone", Label: t.T("imports.to_zone")}}
		field := subscribers.FieldName(title)
		if look.NoHeader || field == "" {
			field = "field_" + strconv.Itoa(i+1)
		}
		c.Options = append(c.Options, pages.Option{Value: fieldOption, Label: t.T("imports.to_field", field)})
		if strings.HasPrefix(c.Chosen, "list:") {
			c.Options = append(c.Options, pages.Option{Value: c.Chosen, Label: t.T("imports.to_list", c.Chosen[len("list:"):])})
		}
		if !slices.ContainsFunc(c.Options, func(o pages.Option) bool { return o.Value == c.Chosen }) {
			c.Chosen = fieldOption
		}
		v.Columns = append(v.Columns, c)
	}
	return nil
}

// options reads the form of a file. Problems stand in f.
func (h *house) importOptions(r *http.Request, f *pages.Form, file intake.File) intake.Options {
	t := h.words(r)
	o := intake.Options{NoHeader: f.Has("no_header", nil), Consent: f.Value("consent"), Source: f.Value("source")}
	email := 0
	for i, title := range file.Options.Titles {
		to := f.Value("column:" + strconv.Itoa(i))
		if to == "email" {
			email++
		}
		if to == fieldOption {
			if to = subscribers.FieldName(title); to == "" || o.NoHeader {
				to = "field_" + strconv.Itoa(i+1)
			}
		}
		o.Columns = append(o.Columns, to)
	}
	if email != 1 {
		f.Add("columns", t.T("imports.one_email"))
	}
	o.Lists = append(o.Lists, r.PostForm["list"]...)
	if name := strings.TrimSpace(f.Value("new_list")); name != "" {
		if err := subscribers.CheckListName(name); err != nil {
			f.Add("new_list", respond.Sentence(plainText(err)))
		}
		o.Lists = append(o.Lists, name)
	}
	if len(o.Lists) == 0 && !slices.ContainsFunc(o.Columns, func(c string) bool { return strings.HasPrefix(c, "list:") }) {
		f.Add("new_list", t.T("imports.want_list"))
	}
	if strings.TrimSpace(o.Consent) == "" {
		f.Add("consent", t.T("imports.want_consent"))
	}
	if s := f.Value("consent_at"); s != "" {
		day, err := time.Parse(time.DateOnly, s)
		if err != nil || day.After(h.Now()) {
			f.Add("consent_at", t.T("imports.want_day"))
		}
		o.ConsentAt = day
	}
	return o
}

// planImport shows what the import would do; nothing is stored.
func (h *house) planImport(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	f, err := h.findImport(r)
	if err != nil {
		return err
	}
	v := h.importOf(r, f)
	if v.State != intake.Waiting {
		http.Redirect(w, r, v.URL, http.StatusSeeOther)
		return nil
	}
	v.F = pages.NewForm(r.PostForm)
	o := h.importOptions(r, &v.F, f)
	if !v.F.OK() {
		return h.showImport(w, r, http.StatusUnprocessableEntity, v)
	}
	tried, err := h.Clerk.Plan(r.Context(), f, o)
	if errs.Is(err, errs.Invalid) {
		v.F.Add("columns", respond.Sentence(err.Error()))
		return h.showImport(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	v.Tried, v.Refused = &tried, tried.Refusals[:min(len(tried.Refusals), refusedShown)]
	v.More = tried.Refused - len(v.Refused)
	return h.showImport(w, r, http.StatusOK, v)
}

func (h *house) startImport(w http.ResponseWriter, r *http.Request) error {
	f, err := h.findImport(r)
	if err != nil {
		return err
	}
	if len(f.Options.Lists) == 0 && f.State == intake.Waiting {
		http.Redirect(w, r, importURL(f.ID), http.StatusSeeOther) // it was not tried yet
		return nil
	}
	if err := h.Clerk.Start(r.Context(), h.actor(r), f); err != nil {
		return err
	}
	http.Redirect(w, r, importURL(f.ID), http.StatusSeeOther)
	return nil
}
