package admin

import (
	"io"
	"net/http"
	"time"

	"postrider/internal/errs"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

const maxBarred = 64 << 20 // bytes of a file of entries

// barredRoutes move the do-not-mail list.
func (h *house) barredRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "GET /do-not-mail/export.csv", Needs: editor, Handle: h.exportDoNotMail, Timeout: csvTimeout},
		{Pattern: "POST /do-not-mail/import", Needs: editor, Handle: h.importDoNotMail, MaxBody: maxBarred, Timeout: csvTimeout},
	}
}

func (h *house) exportDoNotMail(w http.ResponseWriter, r *http.Request) error {
	longAnswer(w)
	w.Header().Set("Content-Type", "text/csv; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="do-not-mail.csv"`)
	_, err := h.Registry.ExportSuppressions(r.Context(), w)
	return err
}

// importDoNotMail reads a file of entries as it streams in.
func (h *house) importDoNotMail(w http.ResponseWriter, r *http.Request) error {
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(csvTimeout)) // not every server has deadlines
	longAnswer(w)
	form, err := r.MultipartReader()
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	f, t := pages.NewForm(nil), h.words(r)
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			f.Add("file", t.T("readers.bar_no_file"))
			return h.showDoNotMail(w, r, http.StatusUnprocessableEntity, f)
		}
		if err != nil {
			return err
		}
		if part.FormName() != "file" || part.FileName() == "" {
			continue
		}
		result, err := h.Registry.ImportSuppressions(r.Context(), h.actor(r), part, "", "import")
		if errs.Is(err, errs.Invalid) {
			f.Add("file", respond.Sentence(h.words(r).Said(err.Error())))
			return h.showDoNotMail(w, r, http.StatusUnprocessableEntity, f)
		}
		if err != nil {
			return err
		}
		return h.showBarredResult(w, r, f, result)
	}
}

// showBarredResult leads back where all is well, else names what was refused.
func (h *house) showBarredResult(w http.ResponseWriter, r *http.Request, f pages.Form, result subscribers.ImportResult) error {
	said := h.words(r).T("readers.bar_imported", result.Added, result.Unchanged)
	if result.Refused == 0 {
		return h.done(w, r, "/do-not-mail", said, nil)
	}
	f.Add("", said)
	for _, x := range result.Refusals[:min(len(result.Refusals), refusedShown)] {
		f.Add("", h.words(r).T("readers.bar_refused", x.Line, x.Email, h.words(r).Said(x.Reason)))
	}
	return h.showDoNotMail(w, r, http.StatusUnprocessableEntity, f)
}
