package admin

import (
	"bytes"
	"context"
	"fmt"
	"mime/multipart"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"postrider/internal/errs"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store/storetest"
)

const article = "# Notes from Oslo\n\nWhat we heard.\n\n## Key takeaways\n\n1. The first point.\n2. The second point.\n"

var manuscriptIn = regexp.MustCompile(`name="manuscript" value="([0-9a-z]+)"`)

func TestWritingARecapFromTheFirstLetterToItsApproval(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	// Half of it is no recap yet, and is noted all the same.
	r := w.post("/recaps/keep", url.Values{"text": {"# Notes from Oslo\n\nWhat we heard.\n"}})
	page := text(t, r)
	if r.StatusCode != 422 || !strings.Contains(page, "What we heard.</textarea>") && !strings.Contains(page, "What we heard.\n</textarea>") || !strings.Contains(page, "takeaways") {
		t.Fatalf("half a recap = %d:\n%s", r.StatusCode, page)
	}
	id := manuscriptIn.FindStringSubmatch(page)
	if id == nil {
		t.Fatal("what was typed has not been noted")
	}
	if list := text(t, w.do("GET", "/recaps", nil)); !strings.Contains(list, "Notes from Oslo") || !strings.Contains(list, "/manuscripts/"+id[1]) {
		t.Error("the list does not offer to go on with it")
	}
	if other := w.as(organisation.Owner).do("GET", "/manuscripts/"+id[1], nil); other.StatusCode != 404 {
		t.Errorf("somebody else reads it: %d", other.StatusCode)
	}
	r = w.post("/recaps/look", url.Values{"manuscript": {id[1]}, "text": {article}})
	if page = text(t, r); r.StatusCode != 200 || !strings.Contains(page, "/manuscripts/"+id[1]+"/frame/mail?v=") || !strings.Contains(page, "The second point.") {
		t.Fatalf("the preview = %d:\n%s", r.StatusCode, page)
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM recaps`); n != 1 {
		t.Errorf("a preview kept a recap: there are %d", n)
	}
	frame := w.do("GET", "/manuscripts/"+id[1]+"/frame/mail", nil)
	if body := text(t, frame); frame.StatusCode != 200 || !strings.HasPrefix(frame.Header.Get("Content-Security-Policy"), "sandbox") || !strings.Contains(body, "The first point.") {
		t.Errorf("the mail = %d, policy %q", frame.StatusCode, frame.Header.Get("Content-Security-Policy"))
	}
	r = w.post("/recaps/keep", url.Values{"manuscript": {id[1]}, "text": {article}})
	at := r.Header.Get("Location")
	if r.StatusCode != 303 || !strings.HasPrefix(at, "/recaps/") {
		t.Fatalf("keeping it = %d to %q", r.StatusCode, at)
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM manuscripts WHERE actor <> 'operator'`); n != 0 {
		t.Errorf("%d manuscripts are left of what was kept", n)
	}
	if r := w.post(at+"/approve", url.Values{"revision": {"7"}}); r.StatusCode != 409 {
		t.Errorf("approving a revision that was not read = %d", r.StatusCode)
	}
	if r := w.as(organisation.Reviewer).post(at+"/approve", url.Values{"revision": {"1"}}); r.StatusCode != 303 {
		t.Errorf("approving it = %d", r.StatusCode)
	}
	if page := text(t, w.do("GET", at, nil)); !strings.Contains(page, "/campaigns/new?recap=") {
		t.Error("an approved recap does not lead on to sending it")
	}
}

func TestTwoEditorsSeeBoth(t *testing.T) {
	t.Parallel()
	w := build(t)
	ann, bob := w.as(organisation.Editor), w.as(organisation.Owner)
	at := ann.post("/recaps/keep", url.Values{"text": {article}}).Header.Get("Location")
	id := strings.TrimPrefix(at, "/recaps/")
	change := func(old, new string) url.Values {
		return url.Values{"recap": {id}, "base": {"1"}, "text": {strings.Replace(article, old, new, 1)}}
	}
	if r := bob.post("/recaps/keep", change("first", "very first")); r.StatusCode != 303 {
		t.Fatalf("the faster = %d", r.StatusCode)
	}
	r := ann.post("/recaps/keep", change("second", "last"))
	page := text(t, r)
	if r.StatusCode != 409 || !strings.Contains(page, "The owner kept revision 2") || !strings.Contains(page, "The very first point.") || !strings.Contains(page, "The last point.") {
		t.Fatalf("the slower = %d:\n%s", r.StatusCode, page)
	}
	if !strings.Contains(page, `name="base" value="2"`) {
		t.Error("the slower cannot keep theirs knowingly")
	}
	both := change("second", "last")
	both.Set("base", "2")
	if r := ann.post("/recaps/keep", both); r.StatusCode != 303 {
		t.Errorf("kept knowingly = %d", r.StatusCode)
	}
	history := text(t, ann.do("GET", at+"/history", nil))
	for _, want := range []string{"3 ·", "2 ·", "1 ·", "The owner", "The editor"} {
		if !strings.Contains(history, want) {
			t.Errorf("the history lacks %q", want)
		}
	}
}

func TestTheSameTitleIsAsked(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	first := w.post("/recaps/keep", url.Values{"text": {article}}).Header.Get("Location")
	other := strings.Replace(article, "first", "other", 1)
	r := w.post("/recaps/keep", url.Values{"text": {other}})
	page := text(t, r)
	if r.StatusCode != 409 || !strings.Contains(page, first) || !strings.Contains(page, "notes-from-oslo-2") {
		t.Fatalf("the same title = %d:\n%s", r.StatusCode, page)
	}
	if r := w.post("/recaps/keep", url.Values{"text": {other}, "as": {"revision"}, "twin": {strings.TrimPrefix(first, "/recaps/")}, "twin_base": {"1"}}); r.Header.Get("Location") != first {
		t.Errorf("as a revision = %d to %s", r.StatusCode, r.Header.Get("Location"))
	}
	r = w.post("/recaps/keep", url.Values{"text": {strings.Replace(article, "first", "third", 1)}, "as": {"new"}})
	saved, err := w.house.Library.Get(context.Background(), "notes-from-oslo-2")
	if err != nil || r.Header.Get("Location") != recapURL(saved.ID) {
		t.Errorf("as one of its own: %d to %s, %v", r.StatusCode, r.Header.Get("Location"), err)
	}
}

func TestAFileIsLookedAtBeforeItIsKept(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	page := `<html><head><title>Notes from a page</title></head><body><article><h1>Notes from a page</h1><p>` + strings.Repeat("What we heard there was a lot. ", 20) +
		`</p><p>Here are the key takeaways:</p><ol><li>The first of the page.</li><li>The second of the page.</li></ol></article></body></html>`
	for name, body := range map[string]string{"notes.md": article, "notes.txt": "Notes\n\nWhat we heard.\n\n1. The first point.\n2. The second point.\n\nScroll to top\n", "notes.html": page} {
		var b bytes.Buffer
		form := multipart.NewWriter(&b)
		_ = form.WriteField("text", "what stood there")
		file, err := form.CreateFormFile("file", name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprint(file, body)
		_ = form.Close()
		r := w.do("POST", "/recaps/keep", &b, "Content-Type", form.FormDataContentType(), "Sec-Fetch-Site", "same-origin")
		got := text(t, r)
		if r.StatusCode != 200 || !strings.Contains(got, "This is what was understood") || !strings.Contains(got, "The first") || strings.Contains(got, "what stood there") {
			t.Errorf("%s = %d:\n%s", name, r.StatusCode, got)
		}
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM recaps`); n != 1 {
		t.Errorf("%d recaps: a file was kept unseen", n)
	}
	if _, err := w.house.Library.Get(context.Background(), "notes"); !errs.Is(err, errs.NotFound) {
		t.Errorf("kept: %v", err)
	}
}

func TestALineToMendIsNamed(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	broken := "---\ntitle: Notes\nurl: not an address\n---\n\nWhat we heard.\n\n1. One.\n"
	page := text(t, w.post("/recaps/look", url.Values{"text": {broken}}))
	if !strings.Contains(page, `data-line="3"`) || !strings.Contains(page, "url: not an address") {
		t.Errorf("the page does not name line 3:\n%s", page)
	}
	if page := text(t, w.post("/recaps/keep", url.Values{"text": {"  "}})); !strings.Contains(page, "nothing to keep yet") {
		t.Error("an empty text is not explained")
	}
}

func TestDiffShowsBoth(t *testing.T) {
	t.Parallel()
	got := ""
	for _, l := range diff("a\nb\nc\nd\ne\nf\ng\n", "a\nb\nc\nd\nE\nf\ng\nh\n") {
		if l.Apart {
			got += "…"
		}
		got += map[string]string{"": " ", "theirs": "-", "mine": "+"}[l.Only] + l.Text
	}
	if want := "… c d-e+E f g+h"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if out := diff("same", "same"); len(out) != 0 {
		t.Errorf("no difference is %+v", out)
	}
}

// TestARecapIsSentFromItsPage: a list and a moment are enough, and looking
// twice leaves one campaign.
func TestARecapIsSentFromItsPage(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	at := recapURL(recaps.ID(storetest.One[int64](t, w.store, `SELECT max(id) FROM recaps`)))
	count := func(where string) int64 {
		return storetest.One[int64](t, w.store, `SELECT count(*) FROM campaigns WHERE `+where)
	}
	before := count("1 = 1")
	w.wants(w.do("GET", at, nil), 200, `action="`+at+`/send"`, "The weekly recap · 3 readers", "approves it")
	w.wants(w.post(at+"/send", url.Values{"when": {"now"}}), 422, "Choose the list")
	w.wants(w.post(at+"/send", url.Values{"list": {"weekly"}, "when": {"once"}, "date": {"2020-01-01"}, "time": {"09:00"}}), 422, `aria-invalid="true"`)
	w.wants(w.post(at+"/send", url.Values{"list": {"nobodys"}, "when": {"now"}}), 422, "nobodys")
	if n := count("1 = 1"); n != before {
		t.Fatalf("what was refused made %d campaigns", n-before)
	}
	now := url.Values{"list": {"weekly"}, "when": {"now"}}
	action := w.wants(w.post(at+"/send", now), 303, "Send to 3 readers")
	w.wants(w.post(at+"/send", now), 303, "Send to 3 readers")
	if n := count("schedule = ''"); n != 1 {
		t.Errorf("looking twice made %d campaigns, want 1", n)
	}
	_, seen, _ := strings.Cut(text(t, w.do("GET", action, nil)), `name="seen" value="`)
	seen, _, _ = strings.Cut(seen, `"`)
	w.wants(w.post(action, url.Values{"seen": {seen}}), 303, "It goes out in a minute")
	storetest.Exec(t, w.store, `UPDATE recaps SET state = 'draft'`)
	w.wants(w.post(at+"/send", url.Values{"list": {"weekly"}, "when": {"once"}, "date": {"2026-12-01"}, "time": {"09:30"}}), 303, "Planned: it goes out Tue 1 Dec, 09:30 Stockholm")
	if state := storetest.One[string](t, w.store, `SELECT state FROM recaps`); state != "approved" {
		t.Errorf("what was planned is %s, so nothing would go out", state)
	}
	if page := text(t, w.as(organisation.Reviewer).do("GET", at, nil)); strings.Contains(page, at+"/send") {
		t.Error("a reviewer is offered what they may not do")
	}
}
