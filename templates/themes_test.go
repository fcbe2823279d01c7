package templates

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"postrider/internal/errs"
	"postrider/internal/golden"
	"postrider/recaps"
)

// recapsOf are the recaps that each theme is looked at with.
func recapsOf(t testing.TB) map[string]recaps.Recap {
	t.Helper()
	read := func(source string) recaps.Recap {
		r, err := recaps.ReadMarkdown("x.md", []byte(source))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	var long strings.Builder
	long.WriteString("---\ntitle: Everything that was said in three days, told point by point for those who could not be there\nslug: long\n---\n" +
		"We wrote down everything.\n\n## Key takeaways\n\n")
	for n := range 40 {
		fmt.Fprintf(&long, "%d. **Point %d.** What was said here takes a few lines, with *emphasis*, a [link](https://example.org/%d) and a list:\n   - one thing\n   - another thing\n\n", n+1, n+1, n)
	}
	return map[string]recaps.Recap{
		"sample": recaps.Sample(),
		"short":  read("---\ntitle: One thing\nslug: short\n---\n1. It works, {{first_name|friend}}.\n"),
		"long":   read(long.String()),
		"arabic": read("---\ntitle: ما تعلمناه في منتدى المدن\nslug: arabic\nlang: ar\nhashtags: [المدن]\npeople:\n  - {name: ليلى حداد, role: مديرة البرامج}\nlinks:\n  - {label: كلمة الافتتاح, url: \"https://example.org/ar\"}\n---\n" +
			"التقينا في **لوند** يوم {{date 2027-05-03}} مع 200 من الجيران.\n\n## أهم النقاط\n\n1. **الحقوق تبدأ من الحي.** شارك الناس في القرار.\n2. لا أحد يعمل وحده: راجع [البرنامج](https://example.org/programme).\n"),
		"korean": read("---\ntitle: 세계인권도시포럼에서 배운 것\nslug: korean\nlang: ko\nimage: https://example.org/forum.jpg\nimage_alt: 포럼 참가자들\nlinks:\n  - {label: 개회 연설, url: \"https://example.org/ko\"}\n---\n" +
			"우리는 {{date 2027-05-03}} 광주에서 여러 도시의 경험을 들었습니다.\n\n## 핵심 내용\n\n1. **인권은 동네에서 시작됩니다.** 주민이 함께 결정합니다.\n2. 혼자서는 할 수 없습니다.\n"),
	}
}

func themed(theme string, r recaps.Recap) Edition {
	e := sample()
	e.Theme, e.Slug, e.Recaps = theme, r.Slug, []recaps.Recap{r}
	return e
}

// TestGoldenThemes keeps each theme with each recap; the text part and the page
// do not depend on the theme.
func TestGoldenThemes(t *testing.T) {
	t.Parallel()
	for name, r := range recapsOf(t) {
		for _, theme := range Themes() {
			rendered := render(t, themed(theme.Name, r))
			label := theme.Name
			if label == "" {
				label = "default"
			}
			golden.Check(t, "themes/"+name+"-"+label+".html.golden", rendered.Mail.HTML.Fill(nil, reader()))
			if theme.Name == "" {
				golden.Check(t, "themes/"+name+".txt.golden", rendered.Mail.Text.Fill(nil, reader()))
				golden.Check(t, "themes/"+name+".page.golden", rendered.Page)
			}
		}
	}
}

// TestThemesKeepThePromises: whatever a theme looks like, every takeaway is there
// in order, the way out and the address too, and nothing is without words.
func TestThemesKeepThePromises(t *testing.T) {
	t.Parallel()
	for name, r := range recapsOf(t) {
		for _, theme := range Themes() {
			m, err := RenderMail(themed(theme.Name, r))
			if err != nil {
				t.Fatal(err)
			}
			body := string(m.HTML.Fill(nil, reader()))
			root, err := html.Parse(strings.NewReader(body))
			if err != nil {
				t.Fatal(err)
			}
			var hrefs []string
			words := ""
			for n := range root.Descendants() {
				switch {
				case n.Type == html.TextNode && n.Parent.DataAtom != atom.Style && n.Parent.DataAtom != atom.Title:
					words += n.Data
				case n.DataAtom == atom.A:
					hrefs = append(hrefs, attr(n, "href"))
				case n.DataAtom == atom.Img && !slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == "alt" }):
					t.Errorf("%s, %q: a picture without alt", name, theme.Name)
				case n.DataAtom == atom.Table && attr(n, "role") == "":
					t.Errorf("%s, %q: a table that a screen reader reads out as one", name, theme.Name)
				}
			}
			words = strings.Join(strings.Fields(words), " ")
			at := 0
			for _, p := range r.Takeaways {
				pieces, _ := ParseSlots(p.Plain, EscapeNone)
				want := strings.Join(strings.Fields(string(Part{inLanguageOf(r.Lang, pieces)}.Fill(nil, reader()))), " ")
				first := strings.Join(strings.Fields(want)[:min(4, len(strings.Fields(want)))], " ")
				i := strings.Index(words[at:], first)
				if i < 0 {
					t.Errorf("%s, %q: takeaway %d is not where it belongs: %q", name, theme.Name, p.N, first)
					continue
				}
				at += i
			}
			for _, want := range []string{reader()[SlotUnsubscribeURL], reader()[SlotPreferencesURL], "https://news.example.org/r/" + r.Slug} {
				if !slices.Contains(hrefs, want) {
					t.Errorf("%s, %q: no link to %s", name, theme.Name, want)
				}
			}
			if !strings.Contains(words, "220 02 Lund") {
				t.Errorf("%s, %q: the postal address is missing", name, theme.Name)
			}
			if dir := direction(r.Lang); !strings.Contains(body, `dir="`+dir+`"`) {
				t.Errorf("%s, %q: is not written %s", name, theme.Name, dir)
			}
			if name != "long" && len(body) > 60_000 {
				t.Errorf("%s, %q: %d bytes", name, theme.Name, len(body))
			}
		}
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func TestUnknownThemesAreRefused(t *testing.T) {
	t.Parallel()
	e := sample()
	e.Theme = "leter"
	if _, err := RenderMail(e); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "did you mean letter?") {
		t.Errorf("a mistyped theme: %v", err)
	}
}

// BenchmarkThemes makes everything of an edition: mail, page, a page for each
// takeaway, snippets. The target is 20 ms together with compiling its MIME.
func BenchmarkThemes(b *testing.B) {
	for _, theme := range Themes() {
		b.Run("theme="+theme.Name, func(b *testing.B) {
			e := themed(theme.Name, recaps.Sample())
			for b.Loop() {
				if _, err := Render(e); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
