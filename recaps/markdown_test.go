package recaps

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postrider/internal/errs"
)

func readFile(t *testing.T, name string) Recap {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	r, err := Read(name, b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestMarkdownIsSortedIntoARecap(t *testing.T) {
	t.Parallel()
	r := readFile(t, "harbour.md")
	if len(r.Lead) != 3 || len(r.Links) != 2 || len(r.Takeaways) != 5 {
		t.Fatalf("%d lead, %d links, %d takeaways: %+v", len(r.Lead), len(r.Links), len(r.Takeaways), r)
	}
	for _, c := range []struct{ what, got, want string }{
		{"lang", r.Lang, "sv"},
		{"image of the body", r.Image, "https://port.example/cranes.jpg"},
		{"its description", r.ImageAlt, "Cranes at dawn"},
		{"hashtag without #", r.Hashtags[1], "Öresund"},
		{"label of the front matter wins", r.Links[0].Label, "The programme"},
		{"link below the takeaways", r.Links[1].URL, "https://port.example/map"},
		{"reference is resolved", r.Lead[0].HTML, `<p>Two days, <em>three</em> quays and a lot of fog. See <a href="https://port.example/notes" title="Notes, 'raw'">the notes</a>.</p>`},
		{"nested list", r.Takeaways[0].HTML, "<p><strong>Tides wait for no one.</strong> Plan with a <code>buffer</code> of two hours &amp; tell the crew.</p>\n<ul>\n<li>ebb comes early</li>\n<li>flood comes late</li>\n</ul>"},
		{"nested source", r.Takeaways[0].Markdown, "**Tides wait for no one.** Plan with a `buffer` of two hours & tell the crew.\n- ebb comes early\n- flood comes late"},
		{"anchor", r.Takeaways[0].Anchor, "tides-wait-for-no-one-plan"},
		{"lazy line, tags left out", r.Takeaways[1].Plain, "Ropes wear out from the inside, says the manual twice. check rope && replace"},
		{"too little indent", r.Takeaways[2].Plain, "Fog *is* weather; 1 < 2. bring a horn"},
		{"East Asian line break", r.Takeaways[3].Plain, "水先案内人は朝が早い。"},
		{"anchor without Latin letters", r.Takeaways[3].Anchor, "takeaway-4"},
		{"bare address", r.Takeaways[4].HTML, `<p>Write to <a href="mailto:harbour@port.example">harbour@port.example</a> or <a href="https://port.example/x_y_z">https://port.example/x_y_z</a> today.</p>`},
	} {
		if c.got != c.want {
			t.Errorf("%s: %q, want %q", c.what, c.got, c.want)
		}
	}
	if strings.Contains(r.MarkdownSource(), "Buy a boat") {
		t.Error("a raw HTML block became content")
	}
}

func TestMarkdownNeedsNoFrontMatter(t *testing.T) {
	t.Parallel()
	r, err := ReadMarkdown("x.md", []byte(`# Day of the *lake*

![](lake.jpg)

The team was Ada Lovelace a Diver, and Bob Ross (Painter).

**[Click here is a link to the film!](https://lake.example/film)**&nbsp;

Our takeaways:

1. Swim.
`))
	if err != nil {
		t.Fatal(err)
	}
	want := Recap{Title: "Day of the lake", Slug: "day-of-the-lake", Lang: "en", Image: "lake.jpg",
		Lead:      []Text{newText("The team was Ada Lovelace a Diver, and Bob Ross (Painter).")},
		People:    []Person{{"Ada Lovelace", "Diver"}, {"Bob Ross", "Painter"}},
		Links:     []Link{{"film", "https://lake.example/film"}},
		Takeaways: []Takeaway{{N: 1, Anchor: "swim", Text: newText("Swim.")}},
	}
	if !r.Equal(want) {
		t.Errorf("read\n%+v\nwant\n%+v", r, want)
	}
}

func TestTakeawaysAreFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, src, lead, takeaways string }{
		{"below the heading, not the first list", "# T\n\n1. a\n2. b\n\n## Our takeaways\n\n1. c\n", "a b", "c"},
		{"bullets below the heading", "# T\n\n## Takeaways\n\n- a\n- b\n", "", "a|b"},
		{"introduced, not the first list", "# T\n\n1. a\n\nThese:\n\n1. c\n", "a", "c"},
		{"the first of several", "# T\n\n1. a\n\n<!-- -->\n\n[x](https://x.example)\n", "", "a"},
		{"title that speaks of takeaways", "# Key takeaways\n\n- a\n\nThese are them:\n\n1. b\n", "a", "b"},
		{"numbers continue after prose", "# T\n\n1. a\n\nmore\n\n2. b\n", "", "a more|b"},
		{"bold title above", "# T\n\nHello.\n\n**Our key takeaways**\n\n1. a\n", "Hello.", "a"},
		{"brackets", "# T\n\n1) a\n2) b\n", "", "a|b"},
		{"own start", "# T\n\n7. a\n8. b\n", "", "a|b"},
		{"long introduction stays", "# T\n\nWe went. We saw:\n\n1. a\n", "We went. We saw:", "a"},
		{"bullets that are announced", "# T\n\n- no\n\nOur key takeaways:\n\n- a\n- b\n", "no", "a|b"},
		{"numbered headings", "# T\n\nHello.\n\n## 1. First\n\nA [b](https://x.example).\n\n- c\n\n## 2) *Second*\n\nD.\n", "Hello.", "First A b. c|Second D."},
		{"named numbers", "# T\n\nLesson 1: Walk\n--------\n\na\n\nLesson 2 – Look\n-----\n", "", "Walk a|Look"},
		{"numbered headings below the heading", "# T\n\n1. no\n\n## Takeaways\n\n### 1. a\n\nb\n\n### 2. c\n", "no", "a b|c"},
		{"one numbered heading is a chapter", "# T\n\n## 1. Chapter\n\n1. a\n2. b\n", "", "a|b"},
		{"a heading with a year", "# T\n\n## 2019 was good\n\nSo was this.\n\n1. a\n", "2019 was good|So was this.", "a"},
		{"own section title", "# T\n\nHello.\n\n## Was bleibt\n\n1. a\n", "Hello.", "a"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r, err := ReadMarkdown("x.md", []byte(c.src))
			if err != nil {
				t.Fatal(err)
			}
			var lead, takeaways []string
			for _, l := range r.Lead {
				lead = append(lead, l.Plain)
			}
			for _, k := range r.Takeaways {
				takeaways = append(takeaways, k.Plain)
			}
			if got := strings.Join(lead, "|"); got != c.lead {
				t.Errorf("lead %q, want %q", got, c.lead)
			}
			if got := strings.Join(takeaways, "|"); got != c.takeaways {
				t.Errorf("takeaways %q, want %q", got, c.takeaways)
			}
		})
	}
}

func TestAnchorsAndSlugs(t *testing.T) {
	t.Parallel()
	r, err := ReadMarkdown("x.md", []byte("# Ærø & Łódź: „Größe“, don’t panic\n\n1. Same words\n2. Same words\n3. same-words 2\n4. ***!?***\n5. 人\n"))
	if err != nil {
		t.Fatal(err)
	}
	if r.Slug != "aero-lodz-grosse-dont-panic" {
		t.Errorf("slug %q", r.Slug)
	}
	for i, want := range []string{"same-words", "same-words-2", "same-words-2-2", "takeaway-4", "takeaway-5"} {
		if got := r.Takeaways[i].Anchor; got != want {
			t.Errorf("anchor %d is %q, want %q", i+1, got, want)
		}
	}
	a, errA := ReadMarkdown("x.md", []byte("# 人権都市\n\n1. a\n"))
	b, errB := ReadMarkdown("x.md", []byte("# 人権村\n\n1. a\n"))
	if errA != nil || errB != nil || a.Slug == b.Slug || !slugForm.MatchString(a.Slug) {
		t.Errorf("slugs %q, %q: %v, %v; want two that differ", a.Slug, b.Slug, errA, errB)
	}
	if got := slugOf(strings.Repeat("word ", 40), 80); len(got) > 80 || strings.HasSuffix(got, "-") || !strings.HasSuffix(got, "word") {
		t.Errorf("long slug %q", got)
	}
}

func TestShapesThatParseForHoursAreRefused(t *testing.T) {
	t.Parallel()
	// Without the bounds this test takes longer than its time limit.
	for _, unit := range []string{"> ", "+ ", "1. ", "- + ", "[a](", "**a_ "} {
		src := "# T\n\n1. x\n\n" + strings.Repeat(unit, (MaxBytes-100)/len(unit))
		if _, err := Read("x.md", []byte(src)); !errs.Is(err, errs.Invalid) || !strings.HasPrefix(err.Error(), "x.md:") {
			t.Errorf("2 MiB of %q: %v, want a refusal with its line", unit, err)
		}
	}
	for _, head := range []string{"T\n\n1. x\n", "T\n\n"} {
		if _, err := ReadText("x.txt", []byte(head+strings.Repeat("a\n", 200<<10)+"\n1. y\n")); err != nil {
			t.Errorf("many short lines: %v", err)
		}
	}
	if _, err := Read("x.md", []byte("# T\n\n"+strings.Repeat("* ", 40)+"\n\n1. x\n")); err != nil {
		t.Errorf("a rule is no nested list: %v", err)
	}
}

// TestHeadingsAreKnownInManyLanguages: bullets below them are the takeaways,
// and not those of the list before.
func TestHeadingsAreKnownInManyLanguages(t *testing.T) {
	t.Parallel()
	for lang, headings := range map[string][]string{
		"en": {"Key takeaways", "Our Take-aways", "Five lessons learned", "The main findings"},
		"sv": {"Det viktigaste", "Våra lärdomar"}, "de": {"Das Wichtigste", "Die wichtigsten Erkenntnisse"},
		"fr": {"Les points clés", "L’essentiel"}, "es": {"Puntos clave", "Las conclusiones"}, "it": {"I punti chiave"},
		"pt": {"Pontos-chave", "Lições aprendidas"}, "nl": {"De belangrijkste punten"}, "da": {"Hovedpointer"}, "no": {"Hovedpunktene"},
		"fi": {"Keskeiset havainnot"}, "pl": {"Najważniejsze wnioski"}, "ko": {"핵심 포인트", "포럼의 주요 시사점"}, "ar": {"أهم النقاط"},
		"ja": {"フォーラムの要点", "学んだこと"}, "zh": {"主要收获", "論壇要點"},
	} {
		for _, h := range headings {
			r, err := ReadMarkdown("x.md", []byte("# T\n\n- no\n- no\n\n## "+h+"\n\n- a\n- b\n"))
			if err != nil || len(r.Takeaways) != 2 || r.Takeaways[0].Plain != "a" {
				t.Errorf("%s, %q: %+v, %v", lang, h, r.Takeaways, err)
			}
		}
	}
	for _, h := range []string{"Stakeaways", "The conclusionesque", "Talking points", "Points", "Punkter på dagordningen"} {
		if saysTakeaways(h) {
			t.Errorf("%q is taken for a heading of takeaways", h)
		}
	}
}

func TestTakeawaysKeepTheirShape(t *testing.T) {
	t.Parallel()
	r, err := ReadMarkdown("x.md", []byte("# T\n\n1. **Lead-in.** A [link](https://x.example) and\n   - one\n     - two\n   > quoted\n2. b {weight=30}\n3. c\\{weight=3}\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<strong>Lead-in.</strong>", `<a href="https://x.example">link</a>`, "<ul>\n<li>one\n<ul>\n<li>two", "<blockquote>"} {
		if !strings.Contains(r.Takeaways[0].HTML, want) {
			t.Errorf("%q is not in %s", want, r.Takeaways[0].HTML)
		}
	}
	if b := r.Takeaways[1]; b.Weight != 30 || b.Plain != "b" {
		t.Errorf("the second has weight %d and says %q", b.Weight, b.Plain)
	}
	if c := r.Takeaways[2]; c.Weight != 0 || c.Plain != "c{weight=3}" {
		t.Errorf("the third has weight %d and says %q", c.Weight, c.Plain)
	}
	wantRoundTrip(t, r)
	for _, source := range []string{"{weight=3}", "a {weight=3}\n\n       {weight=4}"} {
		if r, err := ReadMarkdown("x.md", []byte("# T\n\n1. "+source+"\n2. b\n")); err == nil {
			wantRoundTrip(t, r)
		}
	}
}
