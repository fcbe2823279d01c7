// Package respond is what all houses of the web have in common: it turns
// handlers that return errors into answers with the right status, puts bounds
// on requests, sets the headers that keep browsers safe, packs what travels, and
// writes an access log without addresses or tokens. It knows no house's pages but the one that
// tells of a problem.
package respond

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"

	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/web/pages"
)

const (
	defaultBody    = 64 << 10
	defaultTimeout = 10 * time.Second
	// maxInFlight bounds what one house works on at once; the rest is asked to
	// come back.
	maxInFlight = 256
	retryAfter  = 5 * time.Second
)

// Needs says who may use a route, in a word that the house's Guard knows.
type Needs string

// Route is one line of a house's table.
type Route struct {
	Pattern string // of http.ServeMux, with its method; GET answers HEAD too
	Handle  func(w http.ResponseWriter, r *http.Request) error
	Needs   Needs         // who may use it; houses that everybody may see leave it empty
	MaxBody int64         // bytes; 0 means 64 KiB
	Timeout time.Duration // of the request's context; 0 means 10 s
}

// Door is the entrance of one house.
type Door struct {
	Log      *slog.Logger
	Book     *pages.Book
	Frame    func(r *http.Request) pages.Frame // around a page that tells of a problem
	Policy   Policy                            // Content-Security-Policy of its pages
	Referrer string                            // Referrer-Policy; empty means no-referrer
	// Exempt are the patterns whose requests other sites may send too.
	Exempt []string
	// Guard, where there is one, lets requests pass before any route sees them,
	// as what it returns. It answers itself and returns nil where it does not.
	// The pattern is that of the route that would answer, "" or "/" for none.
	Guard func(w http.ResponseWriter, r *http.Request, pattern string) *http.Request
	// Secure, where there is one, says whether the browser speaks HTTPS: then it
	// is told to go on doing so.
	Secure func(r *http.Request) bool
}

// Handler puts the routes behind the door.
func (d *Door) Handler(routes []Route) http.Handler {
	mux := http.NewServeMux()
	for _, route := range routes {
		mux.Handle(route.Pattern, d.handler(route))
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { d.stray(w, r, mux) })
	cross := http.NewCrossOriginProtection()
	for _, p := range d.Exempt {
		cross.AddInsecureBypassPattern(p)
	}
	slots := make(chan struct{}, maxInFlight)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		packed := &packer{ResponseWriter: w, packs: packs(r)}
		rec := &recorder{ResponseWriter: packed}
		began := time.Now() //nolint:forbidigo // a duration for the log, no stored value
		_, pattern := mux.Handler(r)
		defer func() {
			if v := recover(); v != nil {
				if v == http.ErrAbortHandler {
					panic(v)
				}
				d.panicked(rec, r, v)
			}
			packed.end()
			d.record(r, rec, pattern, time.Since(began))
		}()
		d.headers(rec, r)
		select {
		case slots <- struct{}{}:
			defer func() { <-slots }()
		default:
			d.Problem(rec, r, errBusy)
			return
		}
		if err := cross.Check(r); err != nil {
			d.Problem(rec, r, errForeign)
			return
		}
		asked := r
		if d.Guard != nil {
			if asked = d.Guard(rec, r, pattern); asked == nil {
				return
			}
		}
		mux.ServeHTTP(rec, asked)
	})
}

func (d *Door) handler(route Route) http.Handler {
	body, timeout := route.MaxBody, route.Timeout
	if body == 0 {
		body = defaultBody
	}
	if timeout == 0 {
		timeout = defaultTimeout
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), timeout)
		defer cancel()
		r = r.WithContext(ctx)
		if r.Body != nil && r.Body != http.NoBody {
			r.Body = http.MaxBytesReader(w, r.Body, body)
		}
		if err := route.Handle(w, r); err != nil {
			d.Problem(w, r, err)
		}
	})
}

// headers are set before any handler, which may replace them.
func (d *Door) headers(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	if d.Secure != nil && d.Secure(r) {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
	h.Set("Content-Security-Policy", d.Policy.String())
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	referrer := d.Referrer
	if referrer == "" {
		referrer = "no-referrer"
	}
	h.Set("Referrer-Policy", referrer)
}

// stray answers what no route matches: a page that does not exist, or one
// that does with another method.
func (d *Door) stray(w http.ResponseWriter, r *http.Request, mux *http.ServeMux) {
	var allowed []string
	for _, m := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		probe := r.Clone(r.Context())
		probe.Method = m
		if _, pattern := mux.Handler(probe); pattern != "/" && pattern != "" {
			allowed = append(allowed, m)
		}
	}
	if len(allowed) == 0 {
		d.Problem(w, r, errNoPage)
		return
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	d.Problem(w, r, errMethod)
}

// Page answers with a page. It is written to memory first, so that a page that
// fails does not end in the middle.
func (d *Door) Page(w http.ResponseWriter, status int, name string, f pages.Frame, content any) error {
	var b bytes.Buffer
	if err := d.Book.Write(&b, name, f, content); err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", d.Policy.With(f.StyleSources()...).String())
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the reader has gone: nobody is left to be told
	return nil
}

func (d *Door) panicked(w *recorder, r *http.Request, v any) {
	ref := ids.New[Door]().String()
	d.Log.Error("a request panicked", "reference", ref, "route", r.Pattern, "err", v, "stack", string(debug.Stack()))
	if !w.wrote {
		f := d.Frame(r)
		if f.Words == nil {
			f.Words = words.English()
		}
		p := describe(f.Words, http.StatusInternalServerError, nil)
		p.Reference = ref
		d.show(w, r, f, http.StatusInternalServerError, p)
	}
}

// record writes the access log: the route's pattern, never the path, which may
// hold a token, and never the query.
func (d *Door) record(r *http.Request, w *recorder, pattern string, took time.Duration) {
	level := slog.LevelDebug
	if w.status >= http.StatusInternalServerError {
		level = slog.LevelWarn
	}
	d.Log.Log(context.WithoutCancel(r.Context()), level, "answered", "method", r.Method, "route", pattern, "status", w.status,
		"bytes", w.bytes, "took", took.Round(time.Microsecond))
}

// recorder remembers what was answered.
type recorder struct {
	http.ResponseWriter
	status int
	bytes  int64
	wrote  bool
}

func (w *recorder) WriteHeader(status int) {
	if !w.wrote {
		w.status, w.wrote = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if !w.wrote {
		w.status, w.wrote = http.StatusOK, true
	}
	n, err := w.ResponseWriter.Write(b)
	w.bytes += int64(n)
	return n, err
}

// Unwrap is for http.ResponseController.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }
