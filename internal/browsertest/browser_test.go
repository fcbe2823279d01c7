package browsertest

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// witness keeps what a page would have failed its test with.
type witness struct {
	testing.TB
	said []string
}

func (w *witness) Helper() {}
func (w *witness) Errorf(format string, args ...any) {
	w.said = append(w.said, fmt.Sprintf(format, args...))
}

func serve(t *testing.T, pages map[string]string) string {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			fmt.Fprintf(w, `<!doctype html><html lang=en><title>Answer</title><main><h1>%s</h1></main>`, r.FormValue("name"))
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, pages[r.URL.Path])
	}))
	t.Cleanup(s.Close)
	return s.URL
}

func TestPageIsUsedAsAPersonDoes(t *testing.T) {
	t.Parallel()
	b := Start(t)
	base := serve(t, map[string]string{"/": `<!doctype html><html lang=en><meta name=viewport content="width=device-width"><title>Form</title><main><h1>Form</h1>
		<form method=post><label for=name>Name</label><input id=name name=name value=old><button>Save</button></form></main>`})
	p := b.Page(Phone)
	p.Open(base + "/")
	p.Accessible()
	p.Fill("#name", "Ada")
	p.Follow("button")
	p.WantText("h1", "Ada")
	if p.Status() != 200 {
		t.Errorf("the status is %d", p.Status())
	}
	p.Picture(filepath.Join(t.TempDir(), "page.png"))
}

func TestFaultsAreNoticed(t *testing.T) {
	t.Parallel()
	b := Start(t)
	base := serve(t, map[string]string{"/": `<!doctype html><html lang=en><meta name=viewport content="width=device-width"><title>Bad</title><main><h1>Bad</h1>
		<img src="http://localhost:1/pixel.gif"><div style="width:2000px">wide</div>
		<script>console.error("broken"); nowhere()</script></main>`})
	w := &witness{TB: t}
	p := b.Page(Phone)
	p.t = w
	p.Open(base + "/")
	p.Accessible()
	p.report()
	all := strings.Join(w.said, "\n")
	for _, want := range []string{"image-alt", "2", "wide in a window of 360", "broken", "nowhere", "another host: localhost:1"} {
		if !strings.Contains(all, want) {
			t.Errorf("nothing was said about %q:\n%s", want, all)
		}
	}
}
