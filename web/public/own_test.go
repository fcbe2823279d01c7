package public

import (
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"postrider/internal/tokens"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// speaks makes the reader's language another one.
func (w *world) speaks(lang string) {
	w.t.Helper()
	g := &subscribers.Registry{Store: w.store, Now: func() time.Time { return noon }}
	s, err := g.Get(context.Background(), w.reader)
	if err == nil {
		s.Language = lang
		_, err = g.Edit(context.Background(), "test", s)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) post(path string, f url.Values) *http.Response {
	return w.do("POST", path, strings.NewReader(f.Encode()), "Content-Type", formType)
}

func TestReadersLeaveInTheirLanguageAndMaySayWhy(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	path := "/u/" + w.token(tokens.Unsubscribe)
	for i, tag := range signUpTags {
		w.speaks(tag.String())
		words := readerIn[i]
		page := text(t, w.do("GET", path, nil, "Accept-Language", "en"))
		if !strings.Contains(page, "<h1>"+words.Leave+"</h1>") || !strings.Contains(page, words.Nothing) || !strings.Contains(page, `lang="`+tag.String()+`"`) {
			t.Errorf("in %s:\n%s", tag, page)
		}
		if strings.Contains(page, `dir="rtl"`) != (tag.String() == "ar") {
			t.Errorf("in %s the page runs the wrong way", tag)
		}
	}
	w.post(path, url.Values{"why": {"said before leaving"}})
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM consents WHERE wording LIKE 'said before%'`); n != 0 {
		t.Error("a reason was kept of somebody who has not left")
	}
	w.wantMemberships(t, map[string]string{"weekly": "active"})
	w.speaks("sv")
	if page := text(t, w.post(path, url.Values{"leave": {"yes"}})); !strings.Contains(page, "Prenumerationen är avslutad") || !strings.Contains(page, `name="why"`) {
		t.Errorf("after leaving:\n%s", page)
	}
	if page := text(t, w.post(path, url.Values{"why": {"För många brev"}})); !strings.Contains(page, readerIn[1].Thanks) {
		t.Errorf("after the reason:\n%s", page)
	}
	if got := storetest.One[string](t, w.store, `SELECT wording FROM consents WHERE list_id = 0`); got != "För många brev" {
		t.Errorf("kept %q", got)
	}
	w.wantMemberships(t, map[string]string{"weekly": "unsubscribed", "other": "active"})
}

func TestPreferencesChangeLanguageZoneAndPause(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	path := "/p/" + w.token(tokens.Preferences)
	other := subscribers.ListID(storetest.One[int64](t, w.store, `SELECT id FROM lists WHERE name = 'other'`)).String()
	for i, tag := range signUpTags {
		w.speaks(tag.String())
		if page := text(t, w.do("GET", path, nil)); !strings.Contains(page, "<h1>"+readerIn[i].Yours+"</h1>") || strings.Contains(page, "ada.canary") {
			t.Errorf("in %s:\n%s", tag, page)
		}
	}
	w.speaks("en")
	form := url.Values{"save": {"yes"}, "list": {other}, "language": {"de"}, "zone": {"Asia/Tokyo"}, "until": {"2026-11-01"}}
	r := w.post(path, form)
	if page := text(t, r); r.StatusCode != 422 || !strings.Contains(page, `value="2026-11-01"`) || !strings.Contains(page, "<option selected>Asia/Tokyo") {
		t.Errorf("a day that is over: %d\n%s", r.StatusCode, page)
	}
	w.wantMemberships(t, map[string]string{"weekly": "active", "other": "active"})
	form.Set("until", "2026-12-24")
	r = w.post(path, form)
	if page := text(t, r); r.StatusCode != 200 || !strings.Contains(page, "Gespeichert") || !strings.Contains(page, "Dezember") && !strings.Contains(page, `value="2026-12-24"`) {
		t.Errorf("%d\n%s", r.StatusCode, page)
	}
	w.wantMemberships(t, map[string]string{"weekly": "unsubscribed", "other": "active"})
	if got := storetest.One[string](t, w.store, `SELECT language || ' ' || zone FROM subscribers`); got != "de Asia/Tokyo" {
		t.Errorf("kept %q", got)
	}
	tokyo := time.Date(2026, 12, 23, 15, 0, 0, 0, time.UTC).UnixMilli()
	if got := storetest.One[int64](t, w.store, `SELECT paused_until FROM memberships WHERE state = 'active'`); got != tokyo {
		t.Errorf("paused until %s, want the beginning of the day in Tokyo", time.UnixMilli(got).UTC())
	}
	for _, bad := range []url.Values{{"save": {"yes"}, "list": {other}, "language": {"xx"}}, {"save": {"yes"}, "list": {other}, "zone": {"Mars/Olympus"}}} {
		w.post(path, bad)
	}
	if got := storetest.One[string](t, w.store, `SELECT language || ' ' || zone FROM subscribers`); got != "de Asia/Tokyo" {
		t.Errorf("what is not offered was kept: %q", got)
	}
	form.Set("until", "")
	w.post(path, form)
	if got := storetest.One[int64](t, w.store, `SELECT paused_until FROM memberships WHERE state = 'active'`); got != 0 {
		t.Error("the pause goes on")
	}
}

func TestReaderWordsAreWhole(t *testing.T) {
	t.Parallel()
	if len(readerIn) != len(signUpTags) || len(ownNames) != len(signUpTags) {
		t.Fatal("a language is missing")
	}
	for i, words := range readerIn {
		v, en := reflect.ValueOf(words), reflect.ValueOf(readerIn[0])
		for f := range v.NumField() {
			got, model := v.Field(f).String(), en.Field(f).String()
			if got == "" || i > 0 && got == model {
				t.Errorf("%s: %s is %q", signUpTags[i], v.Type().Field(f).Name, got)
			}
			for _, slot := range []string{"%[1]s", "%[2]s"} {
				if strings.Contains(got, slot) != strings.Contains(model, slot) {
					t.Errorf("%s: %s has other slots than the English one", signUpTags[i], v.Type().Field(f).Name)
				}
			}
		}
	}
}
