package preflight

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/recaps"
	"postrider/templates"
)

// good is an edition that nothing is to be said about.
func good() templates.Edition {
	r := recaps.Recap{Title: "What we learned at the harbour", Slug: "harbour", Lang: "en",
		Preheader: "Four things that surprised us at the harbour this week.",
		Lead:      []recaps.Text{text("We spent a day at the harbour and listened to those who live there, and here is what they told us about it.")}}
	for n := range 4 {
		r.Takeaways = append(r.Takeaways, recaps.Takeaway{N: n + 1, Anchor: fmt.Sprintf("a%d", n), Text: text(fmt.Sprintf("Point %d stands for itself.", n+1))})
	}
	return templates.Edition{ID: "e", Slug: "harbour", BaseURL: "https://news.example.org", Recaps: []recaps.Recap{r},
		Organisation: templates.Organisation{Name: "Org", PostalAddress: "1 Street\nTown", Accent: "#0b5c6b"}}
}

func text(s string) recaps.Text { return recaps.Text{Plain: s, HTML: "<p>" + s + "</p>"} }

func input(t *testing.T, change func(*templates.Edition)) Input {
	t.Helper()
	e := good()
	if change != nil {
		change(&e)
	}
	m, err := templates.RenderMail(e)
	if err != nil {
		t.Fatal(err)
	}
	return Input{Edition: e, Mail: m, Remote: true, Fields: []string{"city"}, Audience: &Audience{Reached: 10}}
}

func checks(all []Finding) string {
	var out []string
	for _, f := range all {
		out = append(out, string(f.Level)+" "+f.Check)
	}
	return strings.Join(out, ", ")
}

func TestNothingIsSaidOfAGoodMail(t *testing.T) {
	t.Parallel()
	if got := Check(t.Context(), input(t, nil), nil); len(got) != 0 {
		t.Errorf("found %+v", got)
	}
}

func TestNothingIsSaidOfAnyTheme(t *testing.T) {
	t.Parallel()
	for _, theme := range templates.Themes() {
		if got := Check(t.Context(), input(t, func(e *templates.Edition) { e.Theme = theme.Name }), nil); len(got) != 0 {
			t.Errorf("%s: found %+v", theme.Name, got)
		}
	}
}

func TestFindingsHaveALineAndOtherLanguages(t *testing.T) {
	t.Parallel()
	src := "---\nsubject: " + strings.Repeat("long ", 14) + "\n---\n# What we learned at the harbour\n\nWe spent a day at the harbour, and listened to those who live there.\n\n" +
		"In {{city}} [click here](https://example.org/x).\n\n1. One says [bank.example](https://evil.example/).\n2. Two of {{town}}.\n"
	u, err := recaps.Understand(recaps.Document{Name: "a.md", Body: []byte(src)})
	if err != nil {
		t.Fatal(err)
	}
	in := input(t, func(e *templates.Edition) { e.Recaps = []recaps.Recap{u.Recap} })
	in.Audience.Empty = map[string]int{"city": 3}
	all := Check(t.Context(), in, nil)
	Place(all, "a.md", src)
	lines := map[string]int{}
	for _, f := range all {
		lines[f.Check] = f.Line
		sv := words.For("sv")
		if f.Text != f.Say(words.English()) || f.Check != "merge_tag" && f.Text == f.Say(sv) {
			t.Errorf("%s says %q, in Swedish %q", f.Check, f.Text, f.Say(sv))
		}
	}
	for check, want := range map[string]int{"subject_length": 2, "link_text": 8, "empty_field": 8, "link_differs": 10, "merge_tag": 11} {
		if lines[check] != want {
			t.Errorf("%s stands on line %d, want %d: %+v", check, lines[check], want, all)
		}
	}
}

func lead(html string) func(*templates.Edition) {
	return func(e *templates.Edition) {
		e.Recaps[0].Lead = append(e.Recaps[0].Lead, recaps.Text{Plain: html, HTML: "<p>" + html + "</p>"})
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*templates.Edition)
		after  func(*Input)
		want   string
	}{
		"no postal address": {func(e *templates.Edition) { e.Organisation.PostalAddress = "" }, nil, "blocks postal_address"},
		"the same at home":  {func(e *templates.Edition) { e.Organisation.PostalAddress = "" }, func(in *Input) { in.Remote = false }, "advice postal_address"},
		"no way out": {nil, func(in *Input) {
			in.Mail.HTML = templates.Part{Pieces: []templates.Piece{{Text: strings.Repeat("word ", 30)}}}
		}, "blocks unsubscribe"},
		"a way out for some": {nil, func(in *Input) {
			in.Mail.Text.Pieces = []templates.Piece{{Slot: "x", Cond: true, Then: []templates.Piece{{Slot: "unsubscribe_url"}}}}
		}, "blocks unsubscribe"},
		"nobody":                {nil, func(in *Input) { in.Audience.Reached = 0 }, "blocks audience"},
		"localhost":             {lead(`See <a href="http://localhost:8080/x">our new page</a>.`), nil, "blocks local_link"},
		"a private host":        {lead(`See <a href="https://10.0.0.7/x">our new page</a>.`), nil, "blocks local_link"},
		"a base on localhost":   {func(e *templates.Edition) { e.BaseURL = "http://127.0.0.1:8080" }, nil, "blocks local_link"},
		"plain http":            {lead(`See <a href="http://example.org/x">our new page</a>.`), nil, "blocks plain_link"},
		"a mistyped tag":        {lead(`In {{ctiy}}.`), nil, "blocks merge_tag"},
		"fields are not known":  {lead(`In {{ctiy}}.`), func(in *Input) { in.Fields = nil }, ""},
		"click here":            {lead(`To read it, <a href="https://example.org/x">click here</a>.`), nil, "advice link_text"},
		"klicka här":            {lead(`<a href="https://example.org/x">Klicka här!</a>`), nil, "advice link_text"},
		"another host is shown": {lead(`<a href="https://evil.example/x">www.bank.example/login</a>`), nil, "advice link_differs"},
		"the same host":         {lead(`<a href="https://www.bank.example/login?x=1">bank.example</a> and <a href="https://e.example/">e.g. this</a>`), nil, ""},
		"a long subject":        {func(e *templates.Edition) { e.Subject = strings.Repeat("long ", 14) }, nil, "advice subject_length"},
		"a subject of tags":     {func(e *templates.Edition) { e.Subject = "{{city}}" }, nil, "advice subject_length"},
		"a short preheader":     {func(e *templates.Edition) { e.Preheader = "Short." }, nil, "advice preheader_length"},
		"a repeated subject":    {func(e *templates.Edition) { e.Preheader = "What we learned at the harbour"; e.Subject = e.Preheader }, nil, "advice preheader_length"},
		"a picture unsaid":      {func(e *templates.Edition) { e.Recaps[0].Image = "https://example.org/a.jpg" }, nil, "advice alt"},
		"a pale colour":         {func(e *templates.Edition) { e.Organisation.Accent = "#ffe680" }, nil, "advice contrast"},
		"pale words on white": {nil, func(in *Input) {
			in.Mail.HTML.Pieces = append(slices.Clone(in.Mail.HTML.Pieces), templates.Piece{Text: `<p style="color:#999999">Hardly read</p><p style="color:#999">again</p><p style="color:#767676;background:#fff">fine</p>`})
		}, "advice contrast, advice contrast"},
		"white on dark is fine": {nil, func(in *Input) {
			in.Mail.HTML.Pieces = append(slices.Clone(in.Mail.HTML.Pieces), templates.Piece{Text: `<table bgcolor="#0b5c6b"><tr><td><p style="color:#ffffff">Read</p><p style="display:none;color:#eee">hidden</p></td></tr></table>`})
		}, ""},
		"a picture alone": {nil, func(in *Input) {
			in.Mail.HTML = templates.Part{Pieces: []templates.Piece{{Text: `<img src="https://e.example/a.png" alt="x"><a href="`}, {Slot: "unsubscribe_url"}, {Text: `">leave</a>`}}}
		}, "advice image_only"},
		"a picture without alt": {nil, func(in *Input) {
			in.Mail.HTML.Pieces = append(slices.Clone(in.Mail.HTML.Pieces), templates.Piece{Text: `<img src="https://e.example/a.png"><img src="data:image/gif;base64,x" alt="">`})
		}, "advice alt, advice data_uri"},
		"near Gmail's limit": {nil, func(in *Input) {
			in.Mail.HTML.Pieces = append(slices.Clone(in.Mail.HTML.Pieces), templates.Piece{Text: strings.Repeat(" ", 80_000)})
		}, "advice size"},
		"empty for some":  {lead(`In {{city}}. {{city|x}}`), func(in *Input) { in.Audience.Empty = map[string]int{"city": 3} }, "advice empty_field"},
		"with a fallback": {lead(`In {{city|town}}.`), func(in *Input) { in.Audience.Empty = map[string]int{"city": 3} }, ""},
	} {
		in := input(t, c.change)
		if c.after != nil {
			c.after(&in)
		}
		got := Check(t.Context(), in, nil)
		if checks(got) != c.want {
			t.Errorf("%s: found %q, want %q: %+v", name, checks(got), c.want, got)
		}
		if Blocked(got) != strings.Contains(c.want, "blocks") {
			t.Errorf("%s: blocked is %v", name, Blocked(got))
		}
	}
}

// TestSizeIsThatOfTheLongestReader: a field may push the footer behind the
// place where Gmail clips.
func TestSizeIsThatOfTheLongestReader(t *testing.T) {
	t.Parallel()
	in := input(t, lead(`{{city}}`))
	in.Audience.Longest = []map[string]string{{"city": "x"}}
	if got := Check(t.Context(), in, nil); len(got) != 0 {
		t.Errorf("a short city: %+v", got)
	}
	in.Audience.Longest = append(in.Audience.Longest, map[string]string{"city": strings.Repeat("å", gmailClips/2)})
	got := Check(t.Context(), in, nil)
	if checks(got) != "advice size" || !strings.Contains(got[0].Text, "Gmail hides what comes after 102,400, the link to unsubscribe too") {
		t.Errorf("a long city: %+v", got)
	}
}

func TestNumbersOfReadersAreNamed(t *testing.T) {
	t.Parallel()
	in := input(t, lead(`In {{city}} and {{city}}`))
	in.Audience.Empty = map[string]int{"city": 1234}
	got := Check(t.Context(), in, nil)
	if len(got) != 1 || got[0].Readers != 1234 || got[0].Field != "lead paragraph 2" {
		t.Errorf("found %+v", got)
	}
}

type answers struct {
	status map[string]int
	sizes  map[string]int64
	errs   map[string]error
	asked  atomic.Int64
	now    atomic.Int64
	most   atomic.Int64
}

func (a *answers) Look(_ context.Context, address string) (int, int64, error) {
	a.asked.Add(1)
	a.most.Store(max(a.most.Load(), a.now.Add(1)))
	defer a.now.Add(-1)
	status, ok := a.status[address]
	if !ok {
		status = 200
	}
	size, ok := a.sizes[address]
	if !ok {
		size = -1
	}
	return status, size, a.errs[address]
}

func TestLinksAreAskedOnceAndOnlyDeadOnesTold(t *testing.T) {
	t.Parallel()
	var links []string
	for _, name := range []string{"gone", "missing", "down", "login", "shy", "odd", "private", "slow", "fine", "fine", "big", "own"} {
		host := "https://" + name + ".example/"
		if name == "own" {
			host = "https://news.example.org/r/harbour"
		}
		links = append(links, `<a href="`+host+`">a page of `+name+`</a>`)
	}
	in := input(t, func(e *templates.Edition) {
		lead(strings.Join(links, " "))(e)
		e.Recaps[0].Image, e.Recaps[0].ImageAlt = "https://pictures.example/a.jpg", "The harbour"
		e.ID = "x"
	})
	a := &answers{
		status: map[string]int{"https://gone.example/": 410, "https://missing.example/": 404, "https://down.example/": 503, "https://login.example/": 401,
			"https://shy.example/": 403, "https://odd.example/": 999},
		errs:  map[string]error{"https://private.example/": errs.Forbiddenf("no"), "https://slow.example/": errs.Unavailablef("it does not answer")},
		sizes: map[string]int64{"https://pictures.example/a.jpg": 2_000_000, "https://big.example/": 2_000_000},
	}
	var told []string
	for _, f := range Check(t.Context(), in, a) {
		told = append(told, f.Check+" "+strings.Fields(f.Text)[2])
	}
	want := []string{"dead_link https://gone.example/", "dead_link https://missing.example/", "dead_link https://down.example/",
		"dead_link https://private.example/", "dead_link https://slow.example/", "image_weight https://pictures.example/a.jpg"}
	slices.Sort(told)
	slices.Sort(want)
	if !slices.Equal(told, want) {
		t.Errorf("told are\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
	if n := a.asked.Load(); n != 11 {
		t.Errorf("%d addresses were asked, want 11: each once, none of our own", n)
	}
	if a.most.Load() > askers {
		t.Errorf("%d were asked at a time", a.most.Load())
	}
}
