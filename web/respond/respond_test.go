package respond

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"postrider/internal/errs"
	"postrider/web/pages"
)

func door(log *bytes.Buffer, routes ...Route) http.Handler {
	d := &Door{
		Log: slog.New(slog.NewTextHandler(log, nil)), Book: pages.Open("public"),
		Frame: func(*http.Request) pages.Frame { return pages.Frame{Brand: pages.Link{Label: "Here", URL: "/"}} },
	}
	return d.Handler(routes)
}

func TestErrorsBecomeStatuses(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err    error
		status int
		shown  string // part of the page
	}{
		"invalid":     {fmt.Errorf("saving: %w", errs.Invalidf("the address is missing its @")), 422, "the address is missing its @."},
		"malformed":   {&Malformed{errors.New("bad escape")}, 400, "Bad escape."},
		"not found":   {errs.NotFoundf("no such thing"), 404, "No such thing."},
		"conflict":    {errs.Conflictf("somebody was faster"), 409, "Nothing was done."},
		"forbidden":   {errs.Forbiddenf("not yours"), 403, "Not yours."},
		"unavailable": {errs.Unavailablef("database is locked"), 503, "nothing was changed"},
		"late":        {fmt.Errorf("reading: %w", context.DeadlineExceeded), 503, "nothing was changed"},
		"internal":    {errors.New("secret-canary"), 500, "Reference"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log bytes.Buffer
			h := door(&log, Route{Pattern: "GET /x", Handle: func(http.ResponseWriter, *http.Request) error { return c.err }})
			rec := httptest.NewRecorder()
			h.ServeHTTP(rec, httptest.NewRequest("GET", "/x?secret", nil))
			page := rec.Body.String()
			if rec.Code != c.status || !strings.Contains(page, c.shown) {
				t.Errorf("%d, want %d with %q:\n%s", rec.Code, c.status, c.shown, page)
			}
			if (rec.Header().Get("Retry-After") != "") != (c.status == 503) {
				t.Errorf("Retry-After is %q", rec.Header().Get("Retry-After"))
			}
			if strings.Contains(page, "canary") || strings.Contains(page, "locked") {
				t.Error("the page tells of our insides")
			}
			if c.status == 500 && !strings.Contains(log.String(), "secret-canary") {
				t.Error("nobody is told what happened")
			}
		})
	}
}

func TestPanicIsAnswered(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	h := door(&log, Route{Pattern: "GET /x", Handle: func(http.ResponseWriter, *http.Request) error { panic("canary") }})
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/x", nil))
	if rec.Code != 500 || strings.Contains(rec.Body.String(), "canary") || !strings.Contains(log.String(), "canary") {
		t.Errorf("%d, log %s", rec.Code, log.String())
	}
}

func TestNoMoreThanItsShareAtOnce(t *testing.T) {
	t.Parallel()
	hold, in := make(chan struct{}), make(chan struct{}, maxInFlight)
	h := door(&bytes.Buffer{}, Route{Pattern: "GET /x", Handle: func(http.ResponseWriter, *http.Request) error {
		in <- struct{}{}
		<-hold
		return nil
	}})
	done := make(chan struct{}, maxInFlight)
	for range maxInFlight {
		go func() {
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest("GET", "/x", nil))
			done <- struct{}{}
		}()
	}
	for range maxInFlight {
		<-in
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, httptest.NewRequest("GET", "/x", nil))
	if rec.Code != 503 || rec.Header().Get("Retry-After") == "" {
		t.Errorf("one too many: %d, want 503", rec.Code)
	}
	close(hold)
	for range maxInFlight {
		<-done
	}
}

func TestForeignDocumentsOpenTheirLinksBeside(t *testing.T) {
	t.Parallel()
	for doc, want := range map[string]string{
		"<html><HEAD><title>x</title></HEAD>": `<html><HEAD><base target="_blank"><title>x</title></HEAD>`,
		"<p>no head":                          "<p>no head",
		"":                                    "",
		"<html>\u0130<head></head>":           "<html>\u0130<head></head>", // lower case is longer: left alone
	} {
		rec := httptest.NewRecorder()
		Foreign(rec, []byte(doc), NoRemote)
		if got := rec.Body.String(); got != want {
			t.Errorf("%q is shown as %q, want %q", doc, got, want)
		}
	}
}

func TestPublishedAllowsOnlyTheStylesOfItsHead(t *testing.T) {
	t.Parallel()
	rec := httptest.NewRecorder()
	Published(rec, []byte("<head><style>a{}</style><style>b{}</style></head><body><style>evil{}</style></body>"))
	csp := rec.Header().Get("Content-Security-Policy")
	for style, want := range map[string]bool{"a{}": true, "b{}": true, "evil{}": false} {
		if strings.Contains(csp, pages.StyleSource(style)) != want {
			t.Errorf("style %s: allowed %v, want %v", style, !want, want)
		}
	}
}
