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
	"postrider/web/pages"
)

// Malformed is an error of a request that cannot be read at all, as opposed to
// one whose values are wrong: it answers 400.
type Malformed struct{ Err error }

func (m *Malformed) Error() string { return m.Err.Error() }

// Unwrap gives the cause.
func (m *Malformed) Unwrap() error { return m.Err }

// withStatus is an answer that has no kind of its own.
type withStatus struct {
	status int
	problem
}

func (e *withStatus) Error() string { return e.Text }

type problem struct {
	Title, Text, Remedy string
	Reference           string
	Way                 *pages.Link
}

const (
	titleInternal = "This page could not be made"
	textInternal  = "The fault is on our side, and it has been recorded. Try again in a moment; if it stays, tell whoever looks after this installation."
)

var (
	errNoPage = &withStatus{http.StatusNotFound, problem{Title: "There is no page here",
		Text: "The address may be mistyped or cut off: open the link again from where it came."}}
	errMethod = &withStatus{http.StatusMethodNotAllowed, problem{Title: "This address does not take that request",
		Text: "Open it as a page instead."}}
	errBusy = &withStatus{http.StatusServiceUnavailable, problem{Title: "Too many requests at once",
		Text: "Try again in a few seconds; nothing has been changed."}}
	errForeign = &withStatus{http.StatusForbidden, problem{Title: "This request came from another site",
		Text: "For your safety nothing was done. Open the page here and press its button."}}
	errTooLarge = &withStatus{http.StatusRequestEntityTooLarge, problem{Title: "That is too much at once",
		Text: "Send less text: an article without its images is enough."}}
)

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
	p := describe(status, err)
	switch status {
	case http.StatusInternalServerError:
		p.Reference = ids.New[Door]().String()
		d.Log.Error("a request failed", "reference", p.Reference, "route", r.Pattern, "err", err)
	case http.StatusServiceUnavailable:
		w.Header().Set("Retry-After", strconv.Itoa(int(retryAfter.Seconds())))
		d.Log.Warn("a request has to wait", "route", r.Pattern, "err", err)
	}
	d.show(w, r, status, p)
}

func describe(status int, err error) problem {
	var own *withStatus
	if errors.As(err, &own) {
		return own.problem
	}
	text := Sentence(err.Error())
	switch status {
	case http.StatusBadRequest:
		return problem{Title: "That request could not be read", Text: text}
	case http.StatusUnprocessableEntity:
		return problem{Title: "Something has to be mended first", Text: text}
	case http.StatusNotFound:
		return problem{Title: "There is nothing here", Text: text}
	case http.StatusConflict:
		return problem{Title: "It has changed in the meantime", Text: text, Remedy: "Go back, look at its present state and decide again. Nothing was done."}
	case http.StatusForbidden:
		return problem{Title: "That is not allowed", Text: text}
	case http.StatusRequestEntityTooLarge:
		return errTooLarge.problem
	case http.StatusServiceUnavailable:
		return problem{Title: "Not just now", Text: "The database is busy, full or out of reach, so nothing was changed. Try again in a few seconds."}
	}
	return problem{Title: titleInternal, Text: textInternal}
}

func (d *Door) show(w http.ResponseWriter, r *http.Request, status int, p problem) {
	f := d.Frame(r)
	f.Title = p.Title
	if f.Brand.URL != "" && r.URL.Path != f.Brand.URL && status != http.StatusServiceUnavailable {
		p.Way = &pages.Link{Label: "Go to the first page", URL: f.Brand.URL}
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
