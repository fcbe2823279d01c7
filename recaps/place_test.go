package recaps

import (
	"strings"
	"testing"

	"postrider/internal/errs"
)

const kept = "i/0123456789abcdef01234567-1200.jpg"

func TestAPictureFindsItsPlace(t *testing.T) {
	t.Parallel()
	points := "1. One.\n2. Two.\n"
	for name, c := range map[string]struct{ src, alt, want string }{
		"below the title":     {"# Title\n\nOpening.\n\n" + points, "A harbour", "# Title\n\n![A harbour](" + kept + ")\n\nOpening.\n\n" + points},
		"without a title":     {"---\ntitle: Title\n---\n\nOpening.\n\n" + points, "", "---\ntitle: Title\n---\n![](" + kept + ")\n\nOpening.\n\n" + points},
		"in another's place":  {"# Title\n\n![old](https://example.org/a.jpg)\n\nOpening.\n\n" + points, "New [1]", "# Title\n\n![New \\[1\\]](" + kept + ")\n\nOpening.\n\n" + points},
		"in the front matter": {"---\ntitle: Title\nimage: old.jpg\nlang: en\nimage_alt: >\n  Long\n  words\nslug: s\n---\n# Title\n\n" + points, `A "harbour"`, "---\ntitle: Title\nimage: \"" + kept + "\"\nimage_alt: \"A \\\"harbour\\\"\"\nlang: en\nslug: s\n---\n# Title\n\n" + points},
		"only begun":          {"# Title", "x", "# Title\n\n![x](" + kept + ")\n\n"},
		"nothing yet":         {"", "x", "![x](" + kept + ")\n\n"},
	} {
		got, err := PlacePicture("a.md", c.src, kept, c.alt)
		if err != nil || got != c.want {
			t.Errorf("%s: %v\n%s\nwant\n%s", name, err, got, c.want)
		}
	}
	got, err := PlacePicture("", "A title\n\nOpening words.\n\n1. The first point.\n2. The second point.\n", kept, "A harbour")
	if err != nil {
		t.Fatal(err)
	}
	u, err := Understand(Document{Body: []byte(got)})
	if err != nil || u.Recap.Image != kept || u.Recap.ImageAlt != "A harbour" || u.Recap.Title != "A title" || len(u.Recap.Takeaways) != 2 {
		t.Errorf("plain text: %+v, %v\n%s", u.Recap, err, got)
	}
	if _, err := PlacePicture("a.md", "# T\n", "../x", ""); !errs.Is(err, errs.Invalid) {
		t.Errorf("a way out of the folder: %v", err)
	}
}

func TestATakeawayIsWeighed(t *testing.T) {
	t.Parallel()
	src := "# Title\n\nOpening.\n\n1. One.\n\n   More of it.\n2. Two. {weight=3}\n3. Three \\{weight=2}\n"
	for _, c := range []struct {
		n, weight int
		want      string
	}{
		{1, 5, strings.Replace(src, "More of it.", "More of it. {weight=5}", 1)},
		{2, 7, strings.Replace(src, "=3", "=7", 1)},
		{2, 0, strings.Replace(src, " {weight=3}", "", 1)},
		{3, 1, strings.Replace(src, "=2}", "=2} {weight=1}", 1)},
	} {
		got, err := WeighTakeaway("a.md", src, c.n, c.weight)
		if err != nil || got != c.want {
			t.Errorf("%d to %d: %v\n%s", c.n, c.weight, err, got)
		}
	}
	for _, c := range [][2]int{{0, 1}, {4, 1}, {1, 1000}, {1, -1}} {
		if _, err := WeighTakeaway("a.md", src, c[0], c[1]); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v: %v", c, err)
		}
	}
}

func TestLinesOfARecap(t *testing.T) {
	t.Parallel()
	got := Lines("a.md", "---\nsubject: Hello\n---\n\n# Title\n\nOpening.\n\nMore.\n\n1. One.\n2. Two.\n")
	for key, want := range map[string]int{"subject": 2, "title": 5, "lead[1]": 7, "lead[2]": 9, "takeaways[1]": 11, "takeaways[2]": 12} {
		if got[key] != want {
			t.Errorf("%s stands on line %d, want %d", key, got[key], want)
		}
	}
	if got := Lines("a.txt", "A title\n\n1. One.\n"); got != nil {
		t.Errorf("plain text: %v", got)
	}
}
