package templates

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postrider/internal/browsertest"
	"postrider/recaps"
)

// awkward are words that do not break and values that nobody planned for.
func awkward(t *testing.T) Edition {
	t.Helper()
	e := withBlocks(t, "")
	long := strings.Repeat("Donaudampfschifffahrtsgesellschaft", 4)
	r, err := recaps.ReadMarkdown("x.md", []byte("---\ntitle: "+long+"\nslug: awkward\nimage: https://example.org/wide.jpg\nimage_alt: "+long+"\npeople:\n  - {name: "+long+", role: "+long+"}\n---\n"+
		"See https://example.org/"+strings.Repeat("path", 40)+" and `"+long+"`.\n\n1. "+long+" {{first_name}}\n2. Two.\n"))
	if err != nil {
		t.Fatal(err)
	}
	e.Recaps[0] = r
	e.Slug = r.Slug
	for n := range e.Blocks {
		switch b := &e.Blocks[n]; b.Kind {
		case BlockText:
			b.Text += "\n\n" + long
		case BlockButton, BlockGreeting:
			b.Text = long[:100] + " {{first_name}}"
		case BlockDates:
			b.Dates[0].Text = long
		}
	}
	e.Organisation.Footer = long
	return e
}

// shown are all documents that are looked at, by name, with pictures that do
// not come.
func shown(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	editions := map[string]Edition{"awkward": awkward(t), "blocks": withBlocks(t, "")}
	for name, r := range recapsOf(t) {
		editions[name] = themed("", r)
	}
	values := reader()
	values["first_name"] = strings.Repeat("Ada", 30)
	for name, e := range editions {
		for _, theme := range Themes() {
			e.Theme = theme.Name
			r := render(t, e)
			out[name+" "+theme.Name] = string(r.Mail.HTML.Fill(nil, values))
			if theme.Name == "" {
				out[name+" page"] = string(r.Page)
			}
		}
	}
	for name, body := range out {
		out[name] = pictures.ReplaceAllString(body, `$1="/missing.png"`)
	}
	return out
}

var pictures = regexp.MustCompile(`(src|srcset)="https://[^"]*"`)

// inFrames looks at every frame: what is wider than it, and what can hardly be
// read on what is behind it.
const inFrames = `(() => {
const rgb = s => (s.match(/[\d.]+/g) || [0, 0, 0, 0]).map(Number);
const lum = c => { const f = v => (v /= 255) <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; return .2126 * f(c[0]) + .7152 * f(c[1]) + .0722 * f(c[2]) };
const out = [];
for (const frame of document.querySelectorAll("iframe")) {
	const d = frame.contentDocument, w = d.documentElement.clientWidth, view = frame.contentWindow;
	if (d.documentElement.scrollWidth > w) {
		const who = [...d.querySelectorAll("body *")].find(e => { const b = e.getBoundingClientRect(); return b.right > w + 1 || b.left < -1 });
		out.push(frame.title + " is " + d.documentElement.scrollWidth + " px wide: " + (who ? who.outerHTML.slice(0, 160) : ""));
	}
	if (w !== 600) continue;
	const told = new Set(), walk = d.createTreeWalker(d.body, 4);
	while (walk.nextNode()) {
		const e = walk.currentNode.parentElement, style = view.getComputedStyle(e);
		if (!walk.currentNode.data.trim() || ["STYLE", "SCRIPT", "TITLE"].includes(e.tagName) || style.display === "none" || !e.getClientRects().length || e.getBoundingClientRect().height < 2) continue;
		let up = e, ground = [0, 0, 0, 0];
		while (up && !(ground = rgb(view.getComputedStyle(up).backgroundColor), ground.length < 4 || ground[3] > 0)) up = up.parentElement;
		if (!up) ground = matchMedia("(prefers-color-scheme: dark)").matches ? [18, 18, 18] : [255, 255, 255];
		const a = lum(rgb(style.color)), b = lum(ground), ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
		const text = frame.title + ": contrast " + ratio.toFixed(1) + " of " + e.outerHTML.slice(0, 100);
		if (ratio < 4.5 && !told.has(e.className)) { told.add(e.className); out.push(text) }
	}
}
return out })()`

// TestNothingOverflows opens each theme with each recap, the blocks and awkward
// words at 320, 600 and 1,000 px, in light and dark, with pictures off.
func TestNothingOverflows(t *testing.T) {
	if testing.Short() {
		t.Skip("not tested: a browser with ninety mails takes a while")
	}
	docs := shown(t)
	var index strings.Builder
	index.WriteString("<!DOCTYPE html><html lang=en><title>All</title><body style='margin:0'>")
	for name := range docs {
		for _, width := range []int{320, 600, 1000} {
			fmt.Fprintf(&index, "<iframe title='%s at %d' style='border:0;width:%dpx;height:600px' src='/doc?%s'></iframe>\n", name, width, width, strings.ReplaceAll(name, " ", "+"))
		}
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, found := docs[strings.ReplaceAll(r.URL.RawQuery, "+", " ")]
		switch {
		case r.URL.Path == "/":
			body = index.String()
		case !found:
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write([]byte(body))
	}))
	t.Cleanup(server.Close)
	p := browsertest.Start(t).Page(browsertest.Desk)
	p.Open(server.URL + "/")
	for _, dark := range []bool{false, true} {
		v := browsertest.Desk
		v.Dark = dark
		p.Look(v)
		var wrong []string
		p.Eval(inFrames, &wrong)
		for _, w := range wrong {
			t.Errorf("dark %t: %s", dark, w)
		}
	}
	p.Look(browsertest.Desk)
	readsInOrder(t, p)
	folder := os.Getenv("POSTRIDER_PICTURES")
	if folder == "" {
		return
	}
	for name := range docs {
		for _, width := range []int64{320, 600, 1000} {
			for _, dark := range []bool{false, true} {
				p.Look(browsertest.View{Width: width, Height: 800, Dark: dark})
				p.Open(server.URL + "/doc?" + strings.ReplaceAll(name, " ", "+"))
				p.Picture(filepath.Join(folder, fmt.Sprintf("mail-%s-%d-%t.png", strings.ReplaceAll(name, " ", "-"), width, dark)))
			}
		}
	}
}

// readsInOrder: without pictures a mail says the same, from its title to the
// way out, with words where a picture would be.
func readsInOrder(t *testing.T, p *browsertest.Page) {
	t.Helper()
	for _, theme := range Themes() {
		var said string
		p.Eval(`(() => { const d = document.querySelector("iframe[title='blocks `+theme.Name+` at 600']").contentDocument; let s = "";
			const walk = d.createTreeWalker(d.body, 5);
			while (walk.nextNode()) { const n = walk.currentNode; s += n.nodeType === 3 ? n.data : n.tagName === "IMG" ? " " + n.alt + " " : "" }
			return s.replace(/\s+/g, " ") })()`, &said)
		order := []string{"Dear Ada", "We were in Lund", "one day in the town hall", recaps.Sample().Title, "Key takeaways", "The energy is real", "Who took part",
			"Where we meet", "3 May 2027, 18:00", "Opening, City Hall", "Register, Ada", "The hall, full of people", "One thing", "It works, Ada", "Share with your friends", "Unsubscribe", "220 02 Lund"}
		at := 0
		for _, want := range order {
			n := strings.Index(said[at:], want)
			if n < 0 {
				t.Errorf("%q with pictures off: %q is not behind %q", theme.Name, want, order[max(0, slices.Index(order, want)-1)])
				break
			}
			at += n
		}
	}
}
