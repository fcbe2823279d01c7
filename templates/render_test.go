package templates

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	nethtml "golang.org/x/net/html"

	"postrider/internal/errs"
	"postrider/internal/golden"
	"postrider/networks"
	"postrider/recaps"
)

// sample is the edition of the golden files.
func sample() Edition {
	r := recaps.Sample()
	return Edition{
		ID: "0m3k8p2q7r5tv", Slug: r.Slug, BaseURL: "https://news.example.org", Recaps: []recaps.Recap{r},
		Organisation: Organisation{
			Name: "Raoul Wallenberg Institute", URL: "https://rwi.example", Help: "news@rwi.example",
			PostalAddress: "Example Street 1\n220 02 Lund\nSweden", Accent: "#0b5c6b",
		},
		Published: time.Date(2026, 11, 24, 9, 0, 0, 0, time.FixedZone("CET", 3600)),
	}
}

// reader are the values of one reader.
func reader() map[string]string {
	return map[string]string{
		SlotUnsubscribeURL: "https://news.example.org/u/5h2k", SlotPreferencesURL: "https://news.example.org/p/5h2k",
		"first_name": "Ada",
	}
}

func render(t testing.TB, e Edition) Rendered {
	t.Helper()
	r, err := Render(e)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// documents are all that people see of a rendering, by name.
func documents(r Rendered, values map[string]string) map[string][]byte {
	docs := map[string][]byte{
		"mail": r.Mail.HTML.Fill(nil, values), "text": r.Mail.Text.Fill(nil, values),
		"subject": r.Mail.Subject.Fill(nil, values), "page": r.Page,
	}
	for n, b := range r.Takeaways {
		docs[fmt.Sprintf("takeaway %d", n+1)] = b
	}
	return docs
}

func TestGoldenSample(t *testing.T) {
	t.Parallel()
	r := render(t, sample())
	golden.Check(t, "mail.html.golden", r.Mail.HTML.Fill(nil, reader()))
	golden.Check(t, "mail.txt.golden", r.Mail.Text.Fill(nil, reader()))
	golden.Check(t, "page.html.golden", r.Page)
	golden.Check(t, "takeaway.html.golden", r.Takeaways[1])
	snippets, err := json.MarshalIndent(r.Snippets, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden.Check(t, "snippets.json.golden", append(snippets, '\n'))
}

func TestSampleMailIsSmall(t *testing.T) {
	t.Parallel()
	if n := len(render(t, sample()).Mail.HTML.Fill(nil, reader())); n > 40<<10 {
		t.Errorf("the sample's mail has %d bytes, more than 40 KiB", n)
	}
}

func TestRenderingIsDeterministic(t *testing.T) {
	t.Parallel()
	a, b := render(t, sample()), render(t, sample())
	if !reflect.DeepEqual(a, b) || a.Hash() != b.Hash() || len(a.Hash()) != 64 {
		t.Errorf("two renderings differ: %s and %s", a.Hash(), b.Hash())
	}
	seen := map[string]string{a.Hash(): "the sample"}
	for name, change := range map[string]func(*Edition){
		"subject":  func(e *Edition) { e.Subject = "Other" },
		"footer":   func(e *Edition) { e.Organisation.PostalAddress = "Elsewhere" },
		"takeaway": func(e *Edition) { e.Recaps[0].Takeaways[7].Text = recaps.Text{Plain: "New."} },
		"networks": func(e *Edition) { e.Networks = []networks.ID{"x"} },
		"fallback": func(e *Edition) { e.Subject = "Other{{a|b}}" },
		"accent":   func(e *Edition) { e.Organisation.Accent = "#702020" },
	} {
		e := sample()
		change(&e)
		h := render(t, e).Hash()
		if other, ok := seen[h]; ok {
			t.Errorf("a change of %s has the hash of %s", name, other)
		}
		seen[h] = name
	}
}

func TestRenderedSurvivesJSON(t *testing.T) {
	t.Parallel()
	r := render(t, sample())
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var back Rendered
	if err := json.Unmarshal(b, &back); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(r, back) {
		t.Error("a stored rendering differs from the rendering")
	}
}

func TestDocumentsAreWellFormed(t *testing.T) {
	t.Parallel()
	full := sample()
	full.Recaps = append(full.Recaps, recaps.Sample())
	full.Organisation.Logo = "https://rwi.example/logo.png"
	bare := Edition{Recaps: []recaps.Recap{{Title: "Bare", Takeaways: []recaps.Takeaway{{N: 1, Text: recaps.Text{Plain: "One."}}}}}}
	rtl := sample()
	rtl.Recaps[0].Lang = "ar"
	for name, e := range map[string]Edition{"sample": sample(), "two recaps": full, "bare": bare, "right to left": rtl} {
		for doc, b := range documents(render(t, e), reader()) {
			if bytes.Contains(b, []byte("{{")) || bytes.Contains(b, []byte("ZgotmplZ")) {
				t.Errorf("%s, %s: holds braces or a filtered value", name, doc)
			}
			if doc == "text" || doc == "subject" {
				continue
			}
			if err := wellFormed(b); err != nil {
				t.Errorf("%s, %s: %v", name, doc, err)
			}
			checkLinks(t, name+", "+doc, b)
		}
	}
}

// wellFormed reports the first element that is closed wrongly or never, and
// repeated ids.
func wellFormed(b []byte) error {
	void := map[string]bool{"area": true, "br": true, "hr": true, "img": true, "input": true, "link": true, "meta": true}
	var open []string
	ids := map[string]bool{}
	z := nethtml.NewTokenizer(bytes.NewReader(b))
	for {
		switch kind := z.Next(); kind {
		case nethtml.ErrorToken:
			if !errors.Is(z.Err(), io.EOF) {
				return z.Err()
			}
			if len(open) > 0 {
				return fmt.Errorf("%q is never closed", open)
			}
			return nil
		case nethtml.StartTagToken:
			token := z.Token()
			for _, a := range token.Attr {
				if a.Key == "id" && ids[a.Val] {
					return fmt.Errorf("id %q occurs twice", a.Val)
				} else if a.Key == "id" {
					ids[a.Val] = true
				}
			}
			if !void[token.Data] {
				open = append(open, token.Data)
			}
		case nethtml.EndTagToken:
			token := z.Token()
			if len(open) == 0 || open[len(open)-1] != token.Data {
				return fmt.Errorf("</%s> closes %q", token.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
}

// attributes lists the values of an attribute in a document.
func attributes(b []byte, names ...string) (values []string) {
	z := nethtml.NewTokenizer(bytes.NewReader(b))
	for z.Next() != nethtml.ErrorToken {
		for _, a := range z.Token().Attr {
			for _, n := range names {
				if a.Key == n {
					values = append(values, a.Val)
				}
			}
		}
	}
	return values
}

// checkLinks fails where a document leads anywhere but http, https or mailto,
// or runs anything.
func checkLinks(t *testing.T, name string, b []byte) {
	t.Helper()
	for _, href := range attributes(b, "href", "src", "action", "srcset", "background", "formaction") {
		u, err := url.Parse(href)
		if err != nil || u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "mailto" {
			t.Errorf("%s: leads to %q (%v)", name, href, err)
		}
	}
	z := nethtml.NewTokenizer(bytes.NewReader(b))
	for z.Next() != nethtml.ErrorToken {
		token := z.Token()
		for _, a := range token.Attr {
			if strings.HasPrefix(a.Key, "on") {
				t.Errorf("%s: %s has a handler %s=%q", name, token.Data, a.Key, a.Val)
			}
		}
		switch token.Data {
		case "iframe", "object", "embed", "form", "svg", "math", "base", "frame", "template":
			t.Errorf("%s: holds <%s>", name, token.Data)
		case "script":
			if token.Type == nethtml.StartTagToken && !strings.Contains(token.String(), "application/ld+json") {
				t.Errorf("%s: holds %s", name, token.String())
			}
		}
	}
}

// pageStyleOf is what stands in the style elements of a document.
func pageStyleOf(b []byte) (css []byte) {
	for {
		_, after, found := bytes.Cut(b, []byte("<style>"))
		if !found {
			return css
		}
		style, rest, _ := bytes.Cut(after, []byte("</style>"))
		css, b = append(css, style...), rest
	}
}

// vectors try to leave their place or to run.
var vectors = []string{
	`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `'><svg/onload=alert(1)>`, `</style><script>alert(1)</script>`,
	`</title><script>alert(1)</script>`, `</script><script>alert(1)</script>`, `javascript:alert(1)`, `JaVaScRiPt&#58;alert(1)`,
	"java\tscript:alert(1)", `data:text/html,<script>alert(1)</script>`, `vbscript:x`, `https://e.org/"onmouseover="alert(1)`,
	`--><script>alert(1)</script>`, `<![endif]--><script>alert(1)</script>`, `<a href="javascript:alert(1)">x</a>`,
	`<iframe src="https://evil.example">`, `<math><mtext><table><mglyph><style><img src=x onerror=alert(1)>`,
	`<form action=//evil.example><input>`, `<base href="//evil.example/">`, `url(javascript:x)`, `;background:url(//evil.example)`,
	"\u2028alert(1)", "\x00<script>", "<p style=\"position:fixed\">x</p>", "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">",
}

func TestHostileFieldsAreNeutralised(t *testing.T) {
	t.Parallel()
	for _, v := range vectors {
		text := recaps.Text{Plain: v, Markdown: v, HTML: v}
		e := Edition{
			ID: v, BaseURL: "https://news.example.org", Slug: v, Subject: v, Preheader: v, Published: time.Unix(0, 0).UTC(),
			Organisation: Organisation{Name: v, PostalAddress: v, URL: v, Accent: v, Logo: v, Help: v},
			Recaps: []recaps.Recap{{
				Title: "T" + v, Slug: v, URL: v, Lang: v, Organisation: v, Event: recaps.Event{Name: v, Short: v, Place: v},
				Image: v, ImageAlt: v, Subject: v, Preheader: v, Hashtags: []string{v}, Lead: []recaps.Text{text},
				People: []recaps.Person{{Name: v, Role: v}}, Links: []recaps.Link{{Label: v, URL: v}, {Label: "x", URL: v}},
				Takeaways: []recaps.Takeaway{{N: 1, Anchor: v, Text: text}},
			}},
		}
		values := reader()
		values["first_name"] = v
		e.Recaps[0].Takeaways = append(e.Recaps[0].Takeaways, recaps.Takeaway{N: 2, Text: recaps.Text{
			Plain: "{{first_name|x}}", HTML: `<p>{{first_name|x}} <a href="https://e.org/?x={{first_name|x}}">y</a></p>`}})
		r := render(t, e)
		for doc, b := range documents(r, values) {
			if doc == "text" || doc == "subject" {
				if bytes.ContainsAny(b, "\r\x00") || doc == "subject" && bytes.ContainsAny(b, "\n") {
					t.Errorf("%q in %s: control characters remain", v, doc)
				}
				continue
			}
			if err := wellFormed(b); err != nil {
				t.Errorf("%q in %s: %v", v, doc, err)
			}
			checkLinks(t, fmt.Sprintf("%q in %s", v, doc), b)
			for _, css := range append(attributes(b, "style"), string(pageStyleOf(b))) {
				if strings.Contains(css, "evil") || strings.Contains(css, "javascript") || strings.Contains(css, "position:fixed") {
					t.Errorf("%q in %s: reaches the style %q", v, doc, css)
				}
			}
		}
	}
}

func TestMistakesNameTheirField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		says   string
		change func(*Edition)
	}{
		{"without a recap", func(e *Edition) { e.Recaps = nil }},
		{"recap 1: has no title", func(e *Edition) { e.Recaps[0].Title = " " }},
		{"takeaway 3: {{env", func(e *Edition) { e.Recaps[0].Takeaways[2].Plain = `{{env "X"}}` }},
		{"lead paragraph 1: {{x", func(e *Edition) { e.Recaps[0].Lead[0].HTML = `<p>{{x` }},
		{"subject: {{", func(e *Edition) { e.Subject = "{{" }},
		{"preheader: {{", func(e *Edition) { e.Recaps[0].Preheader, e.Preheader = "", "{{X}}" }},
		{"title: holds {{", func(e *Edition) { e.Recaps[0].Title = "{{first_name}}" }},
		{"people: holds {{", func(e *Edition) { e.Recaps[0].People[0].Role = "{{x}}" }},
		{"postal address: holds {{", func(e *Edition) { e.Organisation.PostalAddress = "{{x}}" }},
		{"no theme", func(e *Edition) { e.Theme = "dark" }},
		{"canonical is", func(e *Edition) { e.Canonical = "ours" }},
		{"base url", func(e *Edition) { e.BaseURL = "news.example.org" }},
	} {
		e := sample()
		c.change(&e)
		if _, err := Render(e); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("error %v, want Invalid saying %q", err, c.says)
		}
	}
	e := sample()
	e.Networks = []networks.ID{"bluesy"}
	if _, err := Render(e); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), "bluesky") {
		t.Errorf("an unknown network gave %v", err)
	}
}

func TestWHRCFArticle(t *testing.T) {
	t.Parallel()
	const file = "../../shared/recaps/whrcf.md"
	b, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("NOT TESTED on the real article: %v", err)
	}
	recap, err := recaps.ReadMarkdown(file, b)
	if err != nil {
		t.Fatal(err)
	}
	e := sample()
	e.Recaps, e.Slug = []recaps.Recap{recap}, recap.Slug
	r := render(t, e)
	if len(r.Takeaways) != 8 {
		t.Fatalf("%d takeaway pages, want 8", len(r.Takeaways))
	}
	docs := documents(r, reader())
	for _, doc := range []string{"mail", "page", "text"} {
		if !bytes.Contains(docs[doc], []byte(recap.Title)) {
			t.Errorf("%s lacks the title", doc)
		}
		text := string(docs[doc])
		if doc != "text" {
			text = wordsIn(docs[doc])
		}
		for _, tk := range recap.Takeaways {
			if !strings.Contains(strings.Join(strings.Fields(text), " "), tk.Plain) {
				t.Errorf("%s lacks takeaway %d", doc, tk.N)
			}
		}
		for _, p := range recap.People {
			if !strings.Contains(text, p.Name) {
				t.Errorf("%s lacks %s", doc, p.Name)
			}
		}
		for _, n := range networks.All() {
			if link := e.BaseURL + "/s/" + e.ID + "/" + string(n.ID); n.Default && !bytes.Contains(docs[doc], []byte(link)) {
				t.Errorf("%s lacks %s", doc, link)
			}
		}
		for n := 1; n <= 8; n++ {
			if link := fmt.Sprintf("%s/r/%s/%d", e.BaseURL, e.Slug, n); !bytes.Contains(docs[doc], []byte(link)) {
				t.Errorf("%s lacks %s", doc, link)
			}
		}
	}
	for doc, b := range docs {
		if bytes.Contains(b, []byte("{{")) {
			t.Errorf("%s holds braces", doc)
		}
	}
}

// wordsIn is the visible text of a document.
func wordsIn(b []byte) string {
	var out strings.Builder
	skip := false
	z := nethtml.NewTokenizer(bytes.NewReader(b))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return out.String()
		case nethtml.StartTagToken:
			name, _ := z.TagName()
			skip = string(name) == "style" || string(name) == "script"
		case nethtml.EndTagToken:
			skip = false
		case nethtml.TextToken:
			if !skip {
				out.WriteString(z.Token().Data)
			}
		}
	}
}

func BenchmarkRender(b *testing.B) {
	e := sample()
	for b.Loop() {
		if _, err := Render(e); err != nil {
			b.Fatal(err)
		}
	}
}

// TestKeptPicturesAreShownInTheirWidths: mails take the narrow version, sharp
// screens and pages the wide one; without an address of ours there is none.
func TestKeptPicturesAreShownInTheirWidths(t *testing.T) {
	t.Parallel()
	e := sample()
	e.Recaps[0].Image = "i/0123456789abcdef01234567-1200.jpg"
	r, err := Render(e)
	if err != nil {
		t.Fatal(err)
	}
	base := e.BaseURL + "/i/0123456789abcdef01234567"
	mail := string(r.Mail.HTML.Fill(nil, nil))
	if !strings.Contains(mail, `src="`+base+`-600.jpg" srcset="`+base+`-1200.jpg 2x"`) {
		t.Errorf("the mail shows another picture: %s", mail)
	}
	if !strings.Contains(string(r.Page), `src="`+base+`-1200.jpg"`) {
		t.Error("the page shows another picture")
	}
	for _, other := range []string{"photo.jpg", "i/../x-1200.jpg", "i/0123-1200.jpg"} {
		e.Recaps[0].Image = other
		if m, err := RenderMail(e); err != nil || strings.Contains(string(m.HTML.Fill(nil, nil)), "1200") {
			t.Errorf("%s is shown: %v", other, err)
		}
	}
}
