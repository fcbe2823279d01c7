package admin

import (
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

// retentionField is one kind of data with its days.
type retentionField struct {
	Name, Label, Hint string
}

func retentionFields(w *words.Words) []retentionField {
	labels := map[string][2]string{
		"unconfirmed": {w.T("settings.keep_unconfirmed"), w.T("settings.keep_unconfirmed_hint")},
		"networks":    {w.T("settings.keep_networks"), w.T("settings.keep_networks_hint")},
		"notices":     {w.T("settings.keep_notices"), w.T("settings.keep_notices_hint")},
		"returns":     {w.T("settings.keep_returns"), w.T("settings.keep_returns_hint")},
	}
	var out []retentionField
	for _, l := range new(subscribers.Retention).Limits() {
		said := labels[l.Field]
		out = append(out, retentionField{l.Field, said[0], said[1] + " " + w.T("settings.days_from_to", l.Least, l.Most)})
	}
	return out
}

func retentionValues(r subscribers.Retention) url.Values {
	v := url.Values{}
	for _, l := range r.Limits() {
		v.Set(l.Field, strconv.Itoa(*l.Days))
	}
	return v
}

func (h *house) retention(w http.ResponseWriter, r *http.Request) error {
	kept, err := h.Registry.Retention(r.Context())
	if err != nil {
		return err
	}
	return h.showRetention(w, r, http.StatusOK, pages.NewForm(retentionValues(kept)))
}

// retentionView is the form of how long data is kept.
type retentionView struct {
	F      pages.Form
	Fields []retentionField
}

func (h *house) showRetention(w http.ResponseWriter, r *http.Request, status int, form pages.Form) error {
	f := h.frame(r, h.words(r).T("settings.retention"), "/settings")
	f.Narrow = true
	return h.pageWith(w, r, status, "retention", f, retentionView{F: form, Fields: retentionFields(h.words(r))})
}

// keepRetention sets the days. What is no number stands beside its field.
func (h *house) keepRetention(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	f := pages.NewForm(r.PostForm)
	kept, err := h.Registry.Retention(r.Context())
	if err != nil {
		return err
	}
	for _, l := range kept.Limits() {
		if !r.PostForm.Has(l.Field) {
			continue
		}
		if *l.Days, err = strconv.Atoi(strings.TrimSpace(r.PostForm.Get(l.Field))); err != nil {
			f.Add(l.Field, h.words(r).T("settings.days_from_to", l.Least, l.Most))
		}
	}
	if f.OK() {
		err = h.Registry.SetRetention(r.Context(), h.actor(r), kept)
		if err == nil {
			return h.done(w, r, "/settings/retention", h.words(r).T("settings.retention_kept"), nil)
		}
		if !errs.Is(err, errs.Invalid) || !f.AddError(err) {
			return err
		}
	}
	return h.showRetention(w, r, http.StatusUnprocessableEntity, f)
}
