package admin

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"postrider/organisation"
	"postrider/store/storetest"
)

func TestAnAddressIsLookedAtBeforeItIsKept(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	form := url.Values{"text": {"what stood there"}, "address": {"https://org.example/page"}, "fetch": {"1"}}
	w.wants(w.post("/recaps/look", form), 200, "This is what was understood", "The first of page.", "Left out:", "A closing word", "https://org.example/page")
	if r := w.post("/recaps/keep", form); r.StatusCode != 200 {
		t.Errorf("fetched and kept unseen = %d", r.StatusCode)
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM recaps`); n != 1 {
		t.Errorf("%d recaps: a page was kept unseen", n)
	}
	form.Set("address", "https://private.example/")
	page := text(t, w.post("/recaps/look", form))
	if !strings.Contains(page, "on a private network") || !strings.Contains(page, "what stood there") || strings.Contains(page, "This is what was understood") {
		t.Errorf("a private address:\n%s", page)
	}
	form = url.Values{"address": {"https://org.example/feed"}}
	w.wants(w.post("/recaps/look", form), 200, "Articles of this feed", "The first of two.", `name="entry" value="2"`)
	form.Set("entry", "2")
	w.wants(w.post("/recaps/look", form), 200, "The first of one.")
}

func TestTakeawaysAreWeighedAndPutAnywhereWithoutScripts(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	three := article + "3. The third point.\n"
	w.wants(w.post("/recaps/move", url.Values{"text": {three}, "move": {"3-1"}}), 200, "1. The third point.\n2. The first point.\n3. The second point.")
	w.wants(w.post("/recaps/weigh", url.Values{"text": {three}, "weigh": {"2"}, "weight-2": {"7"}, "weight-1": {"9"}}), 200, "2. The second point. {weight=7}", "1. The first point.\n")
	w.wants(w.post("/recaps/weigh", url.Values{"text": {three}, "weigh": {"2"}, "weight-2": {"heavy"}}), 422, "use 1 to 999")
}

func TestTwoRevisionsAreComparedAndOneBroughtBack(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	at := w.post("/recaps/keep", url.Values{"text": {article}}).Header.Get("Location")
	id := strings.TrimPrefix(at, "/recaps/")
	for n, word := range []string{"opening", "final"} {
		w.post("/recaps/keep", url.Values{"recap": {id}, "base": {string(rune('1' + n))}, "text": {strings.Replace(article, "first", word, 1)}})
	}
	page := text(t, w.do("GET", at+"/history?from=1&to=3", nil))
	if !strings.Contains(page, "From revision 1 to 3") || !strings.Contains(page, "The first point.") || !strings.Contains(page, "The final point.") || strings.Contains(page, "The opening point.") {
		t.Errorf("from the first to the third:\n%s", page)
	}
	if r := w.do("GET", at+"/history?from=9", nil); r.StatusCode != 404 {
		t.Errorf("a revision that is not there = %d", r.StatusCode)
	}
	if r := w.as(organisation.Reviewer).post(at+"/restore", url.Values{"revision": {"1"}}); r.StatusCode != 403 {
		t.Errorf("a reviewer brings it back: %d", r.StatusCode)
	}
	w.wants(w.post(at+"/restore", url.Values{"revision": {"1"}}), 303, "What revision 1 said is revision 4 now", "The first point.")
	w.wants(w.post(at+"/restore", url.Values{"revision": {"1"}}), 303, "says what revision 1 said already")
}

func TestATranslationStandsBesideItsOriginal(t *testing.T) {
	t.Parallel()
	clock := build(t)
	w := clock.as(organisation.Editor)
	at := w.post("/recaps/keep", url.Values{"text": {article}}).Header.Get("Location")
	page := text(t, w.do("GET", "/recaps/new?of=notes-from-oslo&lang=sv", nil))
	if !strings.Contains(page, "translation_of: notes-from-oslo") || !strings.Contains(page, "lang: sv") || !strings.Contains(page, `id="show-original"`) {
		t.Fatalf("a new translation:\n%s", page)
	}
	swedish := "---\nslug: notes-from-oslo-sv\nlang: sv\ntranslation_of: notes-from-oslo\n---\n" + strings.NewReplacer("Notes from", "Anteckningar från", "first", "första").Replace(article)
	clock.now = clock.now.Add(time.Minute)
	sv := w.post("/recaps/keep", url.Values{"text": {swedish}}).Header.Get("Location")
	page = text(t, w.do("GET", at+"/languages", nil))
	if !strings.Contains(page, "Anteckningar från Oslo") || strings.Contains(page, "the original has changed since") {
		t.Errorf("the languages:\n%s", page)
	}
	clock.now = clock.now.Add(time.Minute)
	w.post("/recaps/keep", url.Values{"recap": {strings.TrimPrefix(at, "/recaps/")}, "base": {"1"}, "text": {strings.Replace(article, "second", "last", 1)}})
	w.wants(w.do("GET", sv+"/languages", nil), 200, "the original has changed since")
	w.wants(w.do("GET", sv+"/edit", nil), 200, "from revision 1 to 2", "The last point.", "The second point.")
	w.wants(w.do("GET", "/recaps/new?of=notes-from-oslo&lang=nonsense+code", nil), 200, "is no language")
}

func TestTwoAtOnceSeeEachOther(t *testing.T) {
	t.Parallel()
	w := build(t)
	ann, bob := w.as(organisation.Editor), w.as(organisation.Owner)
	at := ann.post("/recaps/keep", url.Values{"text": {article}}).Header.Get("Location")
	bob.post("/recaps/look", url.Values{"recap": {strings.TrimPrefix(at, "/recaps/")}, "base": {"1"}, "text": {article + "3. More.\n"}})
	const says = "The owner has been changing this recap since"
	ann.wants(ann.do("GET", at+"/edit", nil), 200, says, `hx-trigger="every 20s"`)
	if page := text(t, bob.do("GET", at+"/writers", nil)); strings.Contains(page, says) {
		t.Error("Bob is told of himself")
	}
	// Time goes on for the house that both are in.
	storetest.Exec(t, w.store, `UPDATE manuscripts SET updated_at = updated_at - $1`, (16 * time.Minute).Milliseconds())
	if page := text(t, ann.do("GET", at+"/writers", nil)); strings.Contains(page, says) {
		t.Error("who went away a quarter of an hour ago is still told of")
	}
}
