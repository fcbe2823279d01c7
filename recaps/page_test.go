package recaps

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postrider/internal/errs"
)

func understand(t *testing.T, name string, d Document) Understood {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	d.Name, d.Body = name, b
	u, err := Understand(d)
	if err != nil {
		t.Fatal(err)
	}
	wantRoundTrip(t, u.Recap)
	return u
}

func TestPageBecomesARecap(t *testing.T) {
	t.Parallel()
	u := understand(t, "market.html", Document{URL: "https://stad.example/nytt/torget"})
	r := u.Recap
	if u.Format != FormatPage || r.Title != "Kvällen på torget" || r.Lang != "sv-SE" || r.URL != "https://stad.example/nytt/torget" ||
		r.Image != "https://stad.example/bilder/torget.jpg" || r.ImageAlt != "Fullt torg i skymningen" {
		t.Errorf("read as %s: %+v", u.Format, r)
	}
	if len(r.Lead) != 2 || !strings.HasPrefix(r.Lead[1].Plain, "Det blev sent.") {
		t.Errorf("the opening is %+v", r.Lead)
	}
	if len(r.Takeaways) != 3 {
		t.Fatalf("%d takeaways, want 3: %+v", len(r.Takeaways), r.Takeaways)
	}
	for n, want := range map[int][]string{
		0: {"<strong>Gå först.</strong>", `<a href="https://stad.example/gatan">gatan</a>`, "<li>färre <em>bilar</em></li>"},
		1: {"Hamnen är allas.", "<blockquote>"},
		2: {"Skolgården ska vara öppen på helgen."},
	} {
		for _, w := range want {
			if h := r.Takeaways[n].HTML; !strings.Contains(h, w) {
				t.Errorf("takeaway %d has not %q: %s", n+1, w, h)
			}
		}
	}
	for what, why := range map[string]string{
		"Hem Om oss": "navigation", "We use cookies": "site", "Läs också": "beside", "Stadsnytt, Lilla": "foot", "Nästa möte": "below the takeaways",
		"data:image/gif": "cannot show this picture", "Published 3 March": "wrote the article",
	} {
		found := false
		for _, l := range u.LeftOut {
			found = found || strings.Contains(l.What, what) && strings.Contains(l.Why, why)
		}
		if !found {
			t.Errorf("%q is not said to be left out (%s): %+v", what, why, u.LeftOut)
		}
	}
}

func TestPagesThatAreNoRecapAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ body, text string }{
		"no list":   {"<html><head><title>T</title></head><body><article><h1>T</h1><p>" + strings.Repeat("Many words of an article. ", 40) + "</p></article></body></html>", "numbered headings"},
		"empty":     {"<html></html>", "article"},
		"no title":  {"<html><body><p>" + strings.Repeat("Words. ", 80) + "</p><ol><li>a</li></ol></body></html>", "title"},
		"too many":  {"<html><body>" + strings.Repeat("<b></b>", maxElements+1) + "</body></html>", "too many elements"},
		"too large": {"<html>" + strings.Repeat(" ", MaxPage), "larger than 5 MB"},
	} {
		_, err := Understand(Document{Name: "x.html", Body: []byte(c.body)})
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.text) {
			t.Errorf("%s: %v, want Invalid with %q", name, err, c.text)
		}
	}
}

func TestPagesOfOldEncodingsAreRead(t *testing.T) {
	t.Parallel()
	body := "<html lang=\"fr\"><head><meta charset=\"iso-8859-1\"><title>L'\xe9t\xe9</title></head><body><article><p>" + strings.Repeat("Un \xe9t\xe9 \xe0 la mer. ", 30) +
		"</p><ol><li>D\xe9j\xe0</li></ol></article></body></html>"
	u, err := Understand(Document{Name: "https://x.example/a", Type: "text/html", Body: []byte(body)})
	if err != nil || u.Recap.Title != "L'été" || u.Recap.Takeaways[0].Plain != "Déjà" {
		t.Errorf("got %+v, %v", u.Recap, err)
	}
}

func TestFeedsBecomeRecaps(t *testing.T) {
	t.Parallel()
	u := understand(t, "news.atom", Document{URL: "https://neues.example/feed"})
	r := u.Recap
	if u.Format != FormatFeed || r.Title != "Was bleibt & was geht" || r.Lang != "de" || r.URL != "https://neues.example/lang" {
		t.Errorf("read as %s: %+v", u.Format, r)
	}
	if len(r.Takeaways) != 2 || r.Takeaways[0].Plain != "Gehen Mehr davon." || !strings.Contains(r.Takeaways[0].HTML, "https://neues.example/mehr") {
		t.Errorf("takeaways %+v", r.Takeaways)
	}
	if len(u.Entries) != 2 || u.Entries[0].Chosen || !u.Entries[1].Chosen || u.Entries[0].Title != "Kurz" {
		t.Errorf("entries %+v", u.Entries)
	}
	if len(u.LeftOut) == 0 || !strings.HasPrefix(u.LeftOut[0].What, "entry 1: Kurz") {
		t.Errorf("left out %+v", u.LeftOut)
	}
	u = understand(t, "news.json", Document{Entry: 1})
	if u.Format != FormatFeed || u.Recap.Title != "What we saw" || len(u.Recap.Lead) != 1 || len(u.Recap.Takeaways) != 2 {
		t.Errorf("JSON Feed gives %+v", u.Recap)
	}
	b, err := os.ReadFile(filepath.Join("testdata", "news.atom"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Understand(Document{Name: "f", Body: b, Entry: 1}); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "https://neues.example/kurz") {
		t.Errorf("an entry with its first line only: %v, want the address of its page", err)
	}
}

// TestWordsOfAPageSurvive: whatever an article's paragraphs and points say, the
// recap says the same words, and its source reads as the same recap.
func TestWordsOfAPageSurvive(t *testing.T) {
	t.Parallel()
	words := rapid.StringOfN(rapid.RuneFrom([]rune("ab1. )(*_`[]#;~|-+=!:/@\"'é人h{}$^?,")), 1, 40, -1)
	rapid.Check(t, func(t *rapid.T) {
		escape := strings.NewReplacer("&", "&amp;", "<", "&lt;")
		var points []string
		body := "<html><head><title>A title</title></head><body><article><h1>A title</h1><p>" + strings.Repeat("Here is what was said that evening. ", 20) + "</p><ol>"
		for range rapid.IntRange(1, 4).Draw(t, "points") {
			w := oneLine("x " + words.Draw(t, "words") + " y")
			points = append(points, w)
			body += "<li>" + escape.Replace(w) + "</li>"
		}
		r, err := Read("x.html", []byte(body+"</ol></article></body></html>"))
		if errs.Is(err, errs.Invalid) && strings.Contains(err.Error(), "link") {
			return // "x://" in the words: what looks like an address must be one
		}
		if err != nil {
			t.Fatal(err)
		}
		for i, p := range r.Takeaways {
			if i >= len(points) || p.Plain != points[i] {
				t.Fatalf("takeaway %d says %q, want %q (%s)", i+1, p.Plain, points[i], p.Markdown)
			}
		}
		if len(r.Takeaways) != len(points) {
			t.Fatalf("%d takeaways, want %d", len(r.Takeaways), len(points))
		}
		again, err := ReadMarkdown("again.md", []byte(r.MarkdownSource()))
		if err != nil || !again.Equal(r) {
			t.Fatalf("read again: %v\n%s", err, r.MarkdownSource())
		}
	})
}
