package recaps

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postrider/internal/errs"
)

// movable are texts of all shapes that takeaways come in.
func movable(t testing.TB) map[string]string {
	t.Helper()
	head := "---\ntitle: Notes\nhashtags: [A, B]   # a remark\n---\n\nWhat   we heard.  \n\n"
	all := map[string]string{
		"plain":     head + "## Key takeaways\n\n1. One.\n2. Two.\n3. Three.\n",
		"no end":    head + "1. One.\n2. Two.\n3. Three.",
		"loose":     head + "1. **One.**\n\n   More of it.\n\n   - a\n   - b\n\n2. Two.\n3. Three.\n\n\n4. Four {weight=7}\n",
		"bullets":   head + "## Key takeaways\n\n- One,\nlazily.\n* * *\n",
		"ten":       head + "1. a\n2. b\n3. c\n4. d\n5. e\n6. f\n7. g\n8. h\n9. i\n\n   two\n\n10. j\n\n    > quoted\n\n11. k\n",
		"ones":      head + "1. One.\n1. Two.\n1. Three.\n",
		"brackets":  head + "1) One.\n2) Two\n   and more.\n3) Three.\n",
		"sections":  head + "## 1. One\n\nIts words.\n\n- x\n\n## 2. Two\n\nOthers.\n\n## Point 3: Three\n\nLast.\n",
		"footed":    head + "1. One.\n2. Two with [a link][x].\n3. Three.\n\n[The recording](https://example.org/r)\n\n[x]: https://example.org/x\n",
		"torn":      head + "1. One.\n\nIts second paragraph.\n\n2. Two.\n\nAlso more.\n\n3. Three.\n",
		"sample":    Sample().MarkdownSource(),
		"long head": "# Notes\n\n" + strings.Repeat("Words. ", 40) + "\n\n![A quay](https://example.org/q.jpg)\n\nThese are our takeaways:\n\n1. One.\n2. Two.\n",
	}
	for _, name := range []string{"whrcf.md", "harbour.md"} {
		if b, err := os.ReadFile(filepath.Join("testdata", name)); err == nil {
			all[name] = string(b)
		}
	}
	return all
}

func TestMovingATakeawayChangesNothingElse(t *testing.T) {
	t.Parallel()
	for name, src := range movable(t) {
		r, err := readMarkdown(name, src, func(string, string) {})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		count := len(r.Takeaways)
		spots, err := takeawaySpots(name, src)
		if err != nil || len(spots) != count {
			t.Fatalf("%s: %d spots of %d takeaways, %v", name, len(spots), count, err)
		}
		for n := 1; n <= count; n++ {
			for to := 1; to <= count; to++ {
				moved, err := MoveTakeaway(name, src, n, to)
				if err != nil {
					t.Errorf("%s: %d to %d: %v", name, n, to, err)
					continue
				}
				if above := src[:spots[0].start]; !strings.HasPrefix(moved, above) {
					t.Errorf("%s: %d to %d changed what stands above:\n%s", name, n, to, moved)
				}
				if below := src[spots[count-1].end:]; !strings.HasSuffix(moved, below) {
					t.Errorf("%s: %d to %d changed what stands below:\n%s", name, n, to, moved)
				}
				after, err := readMarkdown(name, moved, func(string, string) {})
				if err != nil || after.Takeaways[to-1].Plain != r.Takeaways[n-1].Plain {
					t.Errorf("%s: %d is not at %d: %v\n%s", name, n, to, err, moved)
					continue
				}
				back, err := MoveTakeaway(name, moved, to, n)
				if err != nil || back != src && name != "torn" {
					t.Errorf("%s: %d to %d and back is not what it was: %v\n%s", name, n, to, err, back)
				}
			}
		}
	}
}

func TestMovedTakeawaysCountOn(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ src, want string }{
		"numbers": {"# T\n\nLead.\n\n1. One.\n2. Two.\n3. Three.\n", "# T\n\nLead.\n\n1. Two.\n2. Three.\n3. One.\n"},
		"tens":    {"# T\n\nLead.\n\n8. One.\n\n   More.\n9. Two.\n10. Three.\n", "# T\n\nLead.\n\n8. Two.\n9. Three.\n10. One.\n\n    More.\n"},
		"torn":    {"# T\n\nLead.\n\n1. One.\n\nMore.\n\n2. Two.\n3. Three.\n", "# T\n\nLead.\n\n1. Two.\n\n2. Three.\n3. One.\n\n   More.\n"},
	} {
		if got, err := MoveTakeaway("t.md", c.src, 1, 3); err != nil || got != c.want {
			t.Errorf("%s: %v, %q, want %q", name, err, got, c.want)
		}
	}
	for _, places := range [][2]int{{0, 1}, {1, 4}, {4, 1}} {
		if _, err := MoveTakeaway("t.md", "# T\n\nLead.\n\n1. One.\n2. Two.\n3. Three.\n", places[0], places[1]); !errs.Is(err, errs.Invalid) {
			t.Errorf("%v: %v, want Invalid", places, err)
		}
	}
}

func FuzzMoveTakeaway(f *testing.F) {
	for _, src := range movable(f) {
		f.Add(src, 1, 2)
	}
	f.Fuzz(func(t *testing.T, src string, n, to int) {
		r, err := readMarkdown("f.md", src, func(string, string) {})
		if err != nil {
			return
		}
		moved, err := MoveTakeaway("f.md", src, n, to)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatal(err)
			}
			return
		}
		after, err := readMarkdown("f.md", moved, func(string, string) {})
		if err != nil || len(after.Takeaways) != len(r.Takeaways) || after.Takeaways[to-1].Plain != r.Takeaways[n-1].Plain {
			t.Fatalf("%d to %d of %q gives %q: %v", n, to, src, moved, err)
		}
	})
}
