package respond

import (
	"context"
	"errors"
	"mime/multipart"
	"net/http"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/web/pages"
)

// Malformed is an error of a request that cannot be read at all, as opposed to
// one whose values are wrong: it answers 400.
type Malformed struct{ Err error }

func (m *Malformed) Error() string { return m.Err.Error() }

// Unwrap gives the cause.
func (m *Malformed) Unwrap() error { return m.Err }

// withStatus is an answer that has no kind of its own: key is of the texts of
// its page.
type withStatus struct {
	status int
	text   string // for whoever reads the error itself
	key    texts
}

func (e *withStatus) Error() string { return e.text }

// texts are the keys of a page's heading and of what it says.
type texts struct{ title, text string }

type problem struct {
	Title, Text, Remedy string
	Reference           string
	Way                 *pages.Link
}

var (
	errNoPage  = &withStatus{http.StatusNotFound, "there is no such page", texts{"problem.no_page", "problem.no_page_text"}}
	errMethod  = &withStatus{http.StatusMethodNotAllowed, "the address does not take the method", texts{"problem.method", "problem.method_text"}}
	errBusy    = &withStatus{http.StatusServiceUnavailable, "too many requests at once", texts{"problem.busy", "problem.busy_text"}}
	errForeign = &withStatus{http.StatusForbidden, "the request came from another site", texts{"problem.foreign", "problem.foreign_text"}}
)

// kinds are the pages of errors by their status; where there is no text, the
// error's own stands.
var kinds = map[int]texts{
	http.StatusBadRequest:            {"problem.malformed", ""},
	http.StatusUnprocessableEntity:   {"problem.invalid", ""},
	http.StatusNotFound:              {"problem.not_found", ""},
	http.StatusConflict:              {"problem.conflict", ""},
	http.StatusForbidden:             {"problem.forbidden", ""},
	http.StatusRequestEntityTooLarge: {"problem.too_large", "problem.too_large_text"},
	http.StatusServiceUnavailable:    {"problem.unavailable", "problem.unavailable_text"},
	http.StatusInternalServerError:   {"problem.internal", "problem.internal_text"},
}

// Status is the HTTP status of an error by its kind.
func Status(err error) int {
	var own *withStatus
	var large *http.MaxBytesError
	var malformed *Malformed
	switch {
	case errors.As(err, &own):
		return own.status
	case errors.As(err, &large), errors.Is(err, multipart.ErrMessageTooLarge):
		return http.StatusRequestEntityTooLarge
	case errors.As(err, &malformed):
		return http.StatusBadRequest
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusServiceUnavailable
	}
	switch errs.KindOf(err) {
	case errs.Invalid:
		return http.StatusUnprocessableEntity
	case errs.NotFound:
		return http.StatusNotFound
	case errs.Conflict:
		return http.StatusConflict
	case errs.Forbidden:
		return http.StatusForbidden
	case errs.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// Problem answers with the page that tells of an error: what happened, what it
// means, what to do. Errors without a kind are logged and shown by reference
// only. What has been begun to be answered is not answered again.
func (d *Door) Problem(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // the reader has gone
	}
	status := Status(err)
	if rec, ok := w.(*recorder); ok && rec.wrote {
		d.Log.Error("an answer broke off", "route", r.Pattern, "err", err)
		return
	}
	f := d.Frame(r)
	if f.Words == nil {
		f.Words = words.English()
	}
	p := describe(f.Words, status, err)
	switch status {
	case http.StatusInternalServerError:
		p.Reference = ids.New[Door]().String()
		d.Log.Error("a request failed", "reference", p.Reference, "route", r.Pattern, "err", err)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
		d.Log.Warn("a request has to wait", "route", r.Pattern, "err", err)
	}
	d.show(w, r, f, status, p)
}

func describe(w *words.Words, status int, err error) problem {
	var own *withStatus
	if errors.As(err, &own) {
		return problem{Title: w.T(own.key.title), Text: w.T(own.key.text)}
	}
	keys, ok := kinds[status]
	if !ok {
		keys = kinds[http.StatusInternalServerError]
	}
	p := problem{Title: w.T(keys.title)}
	if keys.text != "" {
		p.Text = w.T(keys.text)
	} else {
		p.Text = Sentence(w.Said(err.Error()))
	}
	if status == http.StatusConflict {
		p.Remedy = w.T("problem.conflict_remedy")
	}
	return p
}

func (d *Door) show(w http.ResponseWriter, r *http.Request, f pages.Frame, status int, p problem) {
	f.Title = p.Title
	if f.Brand.URL != "" && r.URL.Path != f.Brand.URL && status != http.StatusServiceUnavailable {
		p.Way = &pages.Link{Label: f.Words.T("problem.way"), URL: f.Brand.URL}
	}
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex")
	w.Header().Del("Etag")
	if err := d.Page(w, status, "problem", f, p); err != nil {
		d.Log.Error("the page of a problem failed", "err", err)
		http.Error(w, p.Title, status)
	}
}

// Sentence makes an error's text one: with a capital and a full stop.
func Sentence(s string) string {
	s = strings.TrimSpace(s)
	if s == "" {
		return ""
	}
	first, size := utf8.DecodeRuneInString(s)
	s = string(unicode.ToUpper(first)) + s[size:]
	if !strings.ContainsAny(s[len(s)-1:], ".!?:") {
		s += "."
	}
	return s
}
