package recaps

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestPlainTextIsSortedIntoARecap(t *testing.T) {
	t.Parallel()
	r := readFile(t, "orchard.txt")
	if r.Title != "What a year in the orchard taught us" || r.ImageAlt != "Volunteers under the old pear tree" {
		t.Errorf("title %q, image alt %q", r.Title, r.ImageAlt)
	}
	if len(r.Lead) != 2 || r.Lead[0].Plain != "Our orchard group looks back on twelve months of pruning, picking and *asking* for help." {
		t.Errorf("lead %+v", r.Lead)
	}
	if !slices.Equal(r.Links, []Link{{Label: "Read the diary", URL: "https://orchard.example/diary_2026/"}}) {
		t.Errorf("links %+v", r.Links)
	}
	var got []string
	for _, k := range r.Takeaways {
		got = append(got, k.Plain)
	}
	want := []string{
		"Prune in winter, when the tree sleeps.",
		"In 2025. was a bad year [for pears], so keep records_of_everything. A notebook is enough.",
		"Share the cider. Really.",
	}
	if !slices.Equal(got, want) {
		t.Errorf("takeaways %q, want %q", got, want)
	}
}

func TestTitleIsFound(t *testing.T) {
	t.Parallel()
	const prose, list = "It was a long day, and everyone who came had something to say about it.\n\n", "1. a\n2. b\n"
	for _, c := range []struct{ name, src, title, alt string }{
		{"alone", "T\n\n" + prose + list, "T", ""},
		{"caption above", "A photo\n\nT\n\n" + prose + list, "T", "A photo"},
		{"caption on the next line", "A photo\nT\n\n" + prose + list, "T", "A photo"},
		{"repeated title", "T\n\nT\n\n" + prose + list, "T", ""},
		{"wrapped title", "A title that\nis wrapped\n\n" + prose + list, "A title that is wrapped", ""},
		{"byline below", "T\n\nBy Ada Lovelace\n\n12 May 2026\n\n" + prose + list, "T", ""},
		{"question", "Why bother?\n\n" + prose + list, "Why bother?", ""},
		{"on the prose", "T\n" + prose + list, "T", ""},
		{"underlined", "T\n=====\n\n" + prose + list, "T", ""},
		{"no opening", "T\n\nKey takeaways\n\n" + list, "T", ""},
		{"only an introduction", "T\n\nKey takeaways:\n\n" + list, "T", ""},
		{"takeaways in the title", "Key takeaways\n\n" + list, "Key takeaways", ""},
		{"prose that begins like a byline", "T\n\nBy the end of the day everyone had spoken and nobody was tired.\n\n" + list, "T", ""},
	} {
		r, err := ReadText("x.txt", []byte(c.src))
		if err != nil || r.Title != c.title || r.ImageAlt != c.alt || len(r.Takeaways) != 2 {
			t.Errorf("%s: title %q, alt %q, %v; want %q, %q", c.name, r.Title, r.ImageAlt, err, c.title, c.alt)
		}
		if strings.Contains(c.src, "day") != (len(r.Lead) == 1) {
			t.Errorf("%s: lead %+v", c.name, r.Lead)
		}
	}
	if r, err := ReadText("x.txt", []byte(prose+list)); err == nil {
		t.Errorf("prose without a title was read as %+v", r)
	}
}

func TestListEndsWhereTheSiteBegins(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, tail, want string }{
		{"furniture at once", "b\nShare this\nTweet\n", "b"},
		{"furniture after a gap", "b\n\n\nShare with your friends\nScroll to top", "b"},
		{"other prose after a gap", "b\n\nWe use cookies.\n", "b"},
		{"wrapped", "people love to\nshare with others\n", "people love to share with others"},
		{"indented paragraph", "b\n\n   more\n\nOther news\n", "b more"},
	} {
		r, err := ReadText("x.txt", []byte("T\n\n1. a\n2. "+c.tail))
		if err != nil || len(r.Takeaways) != 2 || r.Takeaways[1].Plain != c.want {
			t.Errorf("%s: %v, %+v; want %q", c.name, err, r.Takeaways, c.want)
		}
	}
}

func TestLinksInText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want Link
	}{
		{"Click here is a link to Ada’s talk!", Link{Label: "Ada’s talk"}},
		{"Here is a link to the slides.", Link{Label: "slides"}},
		{"Click here to download the report", Link{Label: "report"}},
		{"https://x.example/a", Link{Label: "https://x.example/a", URL: "https://x.example/a"}},
		{"The slides: https://x.example/a", Link{Label: "The slides", URL: "https://x.example/a"}},
		{"The slides (https://x.example/a)", Link{Label: "The slides", URL: "https://x.example/a"}},
		{"Here we met again.", Link{}},
		{"We came. The slides are at https://x.example/a", Link{}},
	} {
		got, ok := textLink(c.text)
		if !ok {
			got = Link{}
		}
		if got != c.want {
			t.Errorf("%q is %+v, want %+v", c.text, got, c.want)
		}
	}
}

func TestPeopleAreRecognised(t *testing.T) {
	t.Parallel()
	ada, bob := "Ada Lovelace", "Bob Ross"
	for _, c := range []struct {
		text string
		want []Person
	}{
		{"Representing us was our Director Ada Lovelace and Bob Ross a Painter.", []Person{{ada, "Director"}, {bob, "Painter"}}},
		{"The speakers were Ada Lovelace, Director, and Bob Ross, Head of Trees and Clouds.", []Person{{ada, "Director"}, {bob, "Head of Trees and Clouds"}}},
		{"Our delegation included Ada Lovelace (Director, Engines) and others.", nil},
		{"Participants: Ada Lovelace, Bob Ross, and Ludwig van der Rohe.", []Person{{ada, ""}, {bob, ""}, {"Ludwig van der Rohe", ""}}},
		{"The team was Dr. Ada B. Lovelace (Director). It rained.", []Person{{"Dr. Ada B. Lovelace", "Director"}}},
		{"Participants were happy, tired, and full.", nil},
		{"The team was Ada Lovelace.", nil},
		{"Ada Lovelace and Bob Ross went home.", nil},
		{"The participants were from Sweden, South Korea, and Peru.", nil},
	} {
		if got := peopleIn([]Text{{Plain: c.text}}); !slices.Equal(got, c.want) {
			t.Errorf("%q: %+v, want %+v", c.text, got, c.want)
		}
	}
}

func TestEscapedTextReadsAsItself(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"1. a", "1) a", "- a", "+ a", "# a", "> a", "= a", "a * b * c", "_x_", "a_b_c", "`c`", "[x](y)", "![x](y)",
		"<b>", "&amp;", "&#65;", "~~x~~", "| a |", `\ `, `\*`, "https://x.example/a_b_c*d*?q=1&amp;b", "a@b.example", "www.x.example/_y_",
		"--- x", "***", "```", "ftp://x", "a\\", "http://[x](y)", "*", "2026. was"} {
		if got := newText(escapeMarkdown(oneLine(s))).Plain; got != oneLine(s) {
			t.Errorf("%q reads as %q", s, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		s := oneLine(rapid.StringOfN(rapid.RuneFrom([]rune("ab1. )(*_`[]<>&;#\\~|-+=!:/@\"'é人h")), 1, 40, -1).Draw(t, "text"))
		if got := newText(escapeMarkdown(s)).Plain; got != s {
			t.Fatalf("%q is escaped as %q and reads as %q", s, escapeMarkdown(s), got)
		}
	})
}
