package recaps

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postrider/internal/errs"
)

func wantRoundTrip(t *testing.T, r Recap) {
	t.Helper()
	src := r.MarkdownSource()
	again, err := ReadMarkdown("again.md", []byte(src))
	if err != nil {
		t.Fatalf("what was written cannot be read: %v\n%s", err, src)
	}
	if !again.Equal(r) {
		t.Fatalf("read\n%+v\nwant\n%+v\nfrom\n%s", again, r, src)
	}
}

func TestMarkdownSourceReadsAsTheSameRecap(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"harbour.md", "orchard.txt", "bullets.txt"} {
		wantRoundTrip(t, readFile(t, name))
	}
	wantRoundTrip(t, Sample())

	// Values that YAML would take for something else, or that break a naive quote.
	r := Sample()
	for _, s := range []string{"no", "2026", "null", "~", "a: b", "a # b", "'", `"`, "- x", "{x}", "[x]", "*x", "&x", "!x", "%x", "@x", "`x`",
		"|", ">", "---", "...", "0x1F", "1e3", "2026-05-01", "<<", "a\\nb", "人", "🌞 x", "x:", "? x", "=", "true", "12:30"} {
		r.Title, r.Organisation, r.Subject, r.Preheader, r.ImageAlt = s, s, s, s, s
		r.Event = Event{Name: s, Short: s, Place: s}
		r.People = []Person{{Name: s, Role: s}}
		r.Links = []Link{{Label: s}, {Label: "x " + s, URL: "https://x.example/?a=1&b=%20#c"}}
		wantRoundTrip(t, r)
	}
	r.People = []Person{} // although the lead lists somebody
	r.Lead = append(r.Lead, newText("The team was Ada Lovelace a Director."))
	wantRoundTrip(t, r)
}

func TestArticleSurvivesItsSource(t *testing.T) {
	t.Parallel()
	wantRoundTrip(t, articleFile(t, "whrcf.md"))
	wantRoundTrip(t, articleFile(t, "whrcf.txt"))
	wantRoundTrip(t, articleFile(t, "whrcf.html"))
}

// FuzzRead: whatever comes in, the answer is either a refusal with a place or a
// recap that holds its promises and survives its own source.
func FuzzRead(f *testing.F) {
	files, err := filepath.Glob(filepath.Join("testdata", "*.*"))
	if err != nil || len(files) == 0 {
		f.Fatalf("no seeds: %v", err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(filepath.Ext(name), b)
	}
	f.Add(".md", sampleSource)
	f.Add(".md", []byte("# T\n\n## 1. a\n\nb {weight=2}\n\n## 2. [c](https://x.example)\n\n```\nd\n"))
	f.Add(".md", []byte("# T\n\n- a\n\n<!-- -->\n\n- b\n\n## Takeaways\n1. a\n  - b\n2. [c][d]\n\n[d]: <https://x.example> 'e'\n"))
	f.Fuzz(func(t *testing.T, kind string, b []byte) {
		name := "fuzz" + kind
		u, err := Understand(Document{Name: name, Body: b, URL: "https://site.example/a/b"})
		r := u.Recap
		if err != nil {
			if !errs.Is(err, errs.Invalid) || !strings.HasPrefix(err.Error(), name) {
				t.Fatalf("refusal without kind or file: %v", err)
			}
			return
		}
		if err := r.Validate(); err != nil {
			t.Fatalf("read what does not validate: %v", err)
		}
		for _, k := range r.Takeaways {
			if h := strings.ToLower(k.HTML); strings.Contains(h, "<script") || strings.Contains(h, `href="javascript`) || k.Plain != oneLine(k.Plain) {
				t.Fatalf("takeaway %d: %q, %q", k.N, k.Plain, k.HTML)
			}
		}
		if len(u.LeftOut) > maxLeftOut {
			t.Fatalf("%d pieces are left out", len(u.LeftOut))
		}
		wantRoundTrip(t, r)
	})
}
