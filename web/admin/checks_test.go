package admin

import (
	"context"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"postrider/internal/errs"
	"postrider/organisation"
	"postrider/recaps"
)

// answering is the web: what is at gone.example is gone.
type answering struct{ asked atomic.Int64 }

func (a *answering) Look(_ context.Context, address string) (int, int64, error) {
	a.asked.Add(1)
	if strings.Contains(address, "gone.example") {
		return 410, -1, nil
	}
	return 999, -1, nil
}

// fetch answers with a page, or a feed of two articles.
func (a *answering) fetch(_ context.Context, address string) (recaps.Document, error) {
	page := func(n string) string {
		return `<html><head><title>Notes ` + n + `</title></head><body><nav><a href="/">Home</a></nav><article><h1>Notes ` + n + `</h1><p>` + strings.Repeat("What we heard there was a lot. ", 20) +
			`</p><p>Here are the key takeaways:</p><ol><li>The first of ` + n + `.</li><li>The second of ` + n + `.</li></ol><p>A closing word that has no place in a recap, however long it is.</p></article></body></html>`
	}
	switch {
	case strings.Contains(address, "private"):
		return recaps.Document{}, errs.Forbiddenf("it is on a private network: allow its host with --fetch-allow")
	case strings.Contains(address, "feed"):
		item := func(n string) string {
			return `<item><title>Notes ` + n + `</title><link>https://org.example/` + n + `</link><description><![CDATA[` + page(n) + `]]></description></item>`
		}
		return recaps.Document{Name: address, URL: address, Type: "application/rss+xml", Body: []byte(`<rss version="2.0"><channel><title>Feed</title>` + item("two") + item("one") + `</channel></rss>`)}, nil
	}
	return recaps.Document{Name: address, URL: address, Type: "text/html", Body: []byte(page("page"))}, nil
}

const linked = "# Notes from Oslo\n\nWhat we heard, in a [report](https://gone.example/x) and [another](https://shy.example/).\n\n1. The first [click here](http://plain.example/).\n2. The second {{city}}.\n"

func TestTheEditorChecksWhatIsWritten(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	page := text(t, w.post("/recaps/look", url.Values{"text": {linked}}))
	for _, want := range []string{"2 things keep it from being sent.", "says no postal address", "http://plain.example/ is not encrypted", `data-line="5"`, "click here", "To line 5"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if strings.Contains(page, "leads to nothing") || w.links.asked.Load() != 0 {
		t.Error("links were asked while somebody typed")
	}
	page = text(t, w.post("/recaps/look", url.Values{"text": {linked}, "links": {"1"}, "show": {"check"}}))
	if !strings.Contains(page, "The link https://gone.example/x leads to nothing (status 410)") || strings.Contains(page, "shy.example/ ") || w.links.asked.Load() < 3 {
		t.Errorf("asked %d links:\n%s", w.links.asked.Load(), page)
	}
	if !strings.Contains(page, `id="show-check" value="check" form="sheet" checked`) {
		t.Error("the check does not stay open")
	}
	// What was asked once is remembered, and nothing is asked again.
	n := w.links.asked.Load()
	if page = text(t, w.post("/recaps/look", url.Values{"text": {linked}})); !strings.Contains(page, "leads to nothing") || w.links.asked.Load() != n {
		t.Errorf("the answer is forgotten, or %d links were asked again", w.links.asked.Load()-n)
	}
	w.lang = "sv"
	if page = text(t, w.post("/recaps/look", url.Values{"text": {linked}})); !strings.Contains(page, "2 saker hindrar utskicket.") || !strings.Contains(page, "brevet saknar postadress") && !strings.Contains(page, "Brevet saknar postadress") {
		t.Errorf("in Swedish:\n%s", page)
	}
}

func TestACampaignsCheckKnowsItsReaders(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	at := w.path("/campaigns/{id}") + "/check"
	if page := text(t, w.do("GET", at, nil)); !strings.Contains(page, "Keeps it from being sent:") || w.links.asked.Load() != 0 {
		t.Errorf("asked %d links:\n%s", w.links.asked.Load(), page)
	}
	if page := text(t, w.post(at, url.Values{"links": {"1"}})); !strings.Contains(page, "were asked just now") || w.links.asked.Load() == 0 {
		t.Errorf("no links were asked:\n%s", page)
	}
	if r := w.as(organisation.Reviewer).post(at, url.Values{"links": {"1"}}); r.StatusCode != 403 {
		t.Errorf("a reviewer asks links: %d", r.StatusCode)
	}
}

func TestAMailIsSeenAsOthersSeeIt(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	greeting := strings.Replace(article, "What we heard.", "Hello {{first_name|friend}}.", 1)
	for name, c := range map[string]struct {
		form url.Values
		want string
	}{
		"Ada":            {url.Values{}, "Hello Ada."},
		"nobody's name":  {url.Values{"as": {"nameless"}}, "Hello friend."},
		"a long one":     {url.Values{"as": {"long"}}, "Hello Wolfeschlegelstein"},
		"right to left":  {url.Values{"as": {"rtl"}}, "Hello عبد الرحمن."},
		"a reader found": {url.Values{"reader": {"bo@"}}, "Hello friend."},
	} {
		c.form.Set("text", greeting)
		page := text(t, w.post("/recaps/look", c.form))
		if !strings.Contains(page, c.want) {
			t.Errorf("%s: the text part lacks %q:\n%s", name, c.want, page)
		}
		found := strings.Contains(page, "selected>bo@example.org")
		if found != (name == "a reader found") {
			t.Errorf("%s: bo@example.org is chosen: %v", name, found)
		}
	}
	page := text(t, w.post("/recaps/look", url.Values{"text": {greeting}, "reader": {"nobody@"}, "dark": {"1"}, "pictures": {"off"}, "as": {"rtl"}}))
	if !strings.Contains(page, "No address begins so.") || !strings.Contains(page, "as=rtl&amp;dark=1&amp;pictures=off&amp;v=") {
		t.Errorf("the frame is not asked for in the dark:\n%s", page)
	}
	at := w.path("/recaps/{id}") + "/frame/"
	light, dark := w.do("GET", at+"mail", nil), w.do("GET", at+"mail?dark=1&pictures=off", nil)
	if body := text(t, light); !strings.Contains(body, "@media (max-width:0)") || strings.Contains(body, "prefers-color-scheme") {
		t.Error("the light is the browser's choice")
	}
	if body := text(t, dark); !strings.Contains(body, "@media (min-width:0)") || !strings.Contains(dark.Header.Get("Content-Security-Policy"), "img-src 'none'") {
		t.Errorf("in the dark with pictures off: %q", dark.Header.Get("Content-Security-Policy"))
	}
	if body := text(t, w.do("GET", at+"source", nil)); !strings.Contains(body, "&lt;!DOCTYPE html") && !strings.Contains(body, "&lt;!doctype html") || strings.Contains(body, "<script>") {
		t.Errorf("the source is %.300s", body)
	}
	// Who may not see readers looks as the sample.
	if page := text(t, w.as(organisation.Analyst).do("GET", w.path("/recaps/{id}")+"?reader=bo@", nil)); strings.Contains(page, "bo@example.org") {
		t.Error("an analyst finds readers")
	}
}
