package templates

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"postrider/internal/errs"
	"postrider/internal/golden"
	"postrider/recaps"
)

// everyBlock is a file with a block of each kind.
const everyBlock = `:: greeting
Dear {{first_name|friend}},

:: text
We were in **Lund**. Read [the programme](https://example.org/programme):

- one day in the {{city|town}} hall
- one day outside

## And then

1. We walked.
2. We talked.

> A word from the mayor.

\:: is no block.

:: recaps

:: divider

:: dates Where we meet
2027-05-03 18:00 | Opening, City Hall | https://example.org/opening
2027-05-04

:: button https://example.org/register
Register, {{first_name|friend}}

:: image https://example.org/hall.jpg | https://example.org/hall
The hall, full of people

:: recap one-thing
`

func blocks(t testing.TB) []Block {
	t.Helper()
	all, err := ParseBlocks("blocks.txt", everyBlock)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// withBlocks is the sample with a block of each kind and a second recap.
func withBlocks(t testing.TB, theme string) Edition {
	t.Helper()
	e := sample()
	second, err := recaps.ReadMarkdown("x.md", []byte("---\ntitle: One thing\nslug: one-thing\n---\nIt was short.\n\n1. It works, {{first_name|friend}}.\n"))
	if err != nil {
		t.Fatal(err)
	}
	e.Theme, e.Blocks, e.Recaps = theme, blocks(t), append(e.Recaps, second)
	return e
}

func TestGoldenBlocks(t *testing.T) {
	t.Parallel()
	for _, theme := range Themes() {
		r := render(t, withBlocks(t, theme.Name))
		label := theme.Name
		if label == "" {
			label = "default"
			golden.Check(t, "blocks/mail.txt.golden", r.Mail.Text.Fill(nil, reader()))
			golden.Check(t, "blocks/page.html.golden", r.Page)
		}
		golden.Check(t, "blocks/"+label+".html.golden", r.Mail.HTML.Fill(nil, reader()))
		if err := wellFormed(r.Mail.HTML.Fill(nil, reader())); err != nil {
			t.Errorf("%s: %v", label, err)
		}
	}
}

func TestBlocksStandInTheirOrder(t *testing.T) {
	t.Parallel()
	e := withBlocks(t, "")
	r := render(t, e)
	order := []string{"Dear Ada,", "the programme", "1. ", "Where we meet", "Register, Ada", "hall.jpg", "One thing"}
	body := string(r.Mail.HTML.Fill(nil, reader()))
	at := 0
	for _, want := range order[:2] {
		n := strings.Index(body[at:], want)
		if n < 0 {
			t.Fatalf("%q is not where it belongs", want)
		}
		at += n
	}
	if title := strings.Index(body, "<h1"); title < at || strings.Index(body, "Where we meet") < title {
		t.Error("the recap does not stand between the text and the dates")
	}
	if strings.Contains(string(r.Page), "Dear") {
		t.Error("the public page greets everybody")
	}
	if !strings.Contains(string(r.Page), "Where we meet") || !strings.Contains(string(r.Page), "Register, friend") {
		t.Error("the public page lacks dates or button")
	}
	last := len(e.Recaps[0].Takeaways) + 1
	if text := string(r.Mail.Text.Fill(nil, reader())); !strings.Contains(text, "It works, Ada.") || len(r.Takeaways) != last {
		t.Errorf("the second recap's takeaway is not number %d", last)
	}
}

func TestARecapBeforeTheOthersIsNumberedFirst(t *testing.T) {
	t.Parallel()
	e := withBlocks(t, "")
	e.Blocks = []Block{{Kind: BlockRecap, Recap: "one-thing"}}
	r := render(t, e)
	if !strings.Contains(string(r.Takeaways[0]), "It works") || strings.Contains(string(r.Takeaways[1]), "It works") {
		t.Error("takeaways are not numbered as they are shown")
	}
	if !strings.Contains(string(r.Mail.Subject.Fill(nil, nil)), recaps.Sample().Title) && recaps.Sample().Subject == "" {
		t.Error("the subject is not the edition's own recap's")
	}
}

func TestBlocksSurviveTheirFile(t *testing.T) {
	t.Parallel()
	all := blocks(t)
	again, err := ParseBlocks("again", WriteBlocks(all))
	if err != nil || !reflect.DeepEqual(all, again) {
		t.Errorf("written and read again they differ (%v):\n%s", err, WriteBlocks(all))
	}
}

func TestWrongBlocksSayWhere(t *testing.T) {
	t.Parallel()
	for source, want := range map[string]string{
		"hello":                                     "blocks.txt:1",
		":: recaps\n\n:: greting\nHi":               "blocks.txt:3",
		":: button javascript:alert(1)\nGo":         "leads nowhere",
		":: button https://example.org":             "has no words",
		":: dates\nsoon | a party":                  "is no date",
		":: dates":                                  "give 1 to 40 dates",
		":: image hall.jpg\nA hall":                 "postrider media add",
		":: text\nDear {{#if city}}x":               "is not closed",
		":: greeting\n{{first name}}":               "is not a merge tag",
		":: image https://a.example/x.png\n{{a|b}}": "holds {{",
		":: recaps\n:: recaps":                      "second place",
		":: divider\nwords":                         "has no text",
		":: recap":                                  "by its slug",
		":: text\n![x](cid:1)":                      "blocks.txt:1",
		strings.Repeat(":: divider\n", 31):          "at most 30",
	} {
		_, err := ParseBlocks("blocks.txt", source)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", source, err, want)
		}
	}
	e := withBlocks(t, "")
	e.Recaps = e.Recaps[:1]
	var bad *errs.Error
	if _, err := Render(e); !errors.As(err, &bad) || bad.Field != "block 8" {
		t.Errorf("a recap that the edition lacks: %v", err)
	}
}

func TestTagsOfBlocksAreKnown(t *testing.T) {
	t.Parallel()
	uses, err := Tags(Edition{Blocks: []Block{{Kind: BlockGreeting, Text: "Dear {{frst_name}}"}}})
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckTags(uses, nil); err == nil || !strings.Contains(err.Error(), "block 1") || !strings.Contains(err.Error(), "did you mean first_name?") {
		t.Errorf("an unknown tag in a block: %v", err)
	}
}

func FuzzBlocks(f *testing.F) {
	f.Add(everyBlock)
	f.Add(":: text\n- a\n  - b\n\n    c\n> > d\n")
	f.Fuzz(func(t *testing.T, source string) {
		all, err := ParseBlocks("f", source)
		if err != nil {
			return
		}
		again, err := ParseBlocks("f", WriteBlocks(all))
		if err != nil || !reflect.DeepEqual(all, again) {
			t.Fatalf("%v\n%#v\n%#v", err, all, again)
		}
		e := sample()
		for _, b := range all {
			if b.Kind != BlockRecap {
				e.Blocks = append(e.Blocks, b)
			}
		}
		m, err := RenderMail(e)
		if err != nil {
			t.Fatal(err)
		}
		if err := wellFormed(m.HTML.Fill(nil, reader())); err != nil {
			t.Fatal(err)
		}
	})
}
