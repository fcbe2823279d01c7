package admin

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postrider/organisation"
)

func post(w *world, path string, values url.Values) *http.Response {
	return w.do("POST", path, strings.NewReader(values.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
}

func TestLanguageIsKept(t *testing.T) {
	t.Parallel()
	w := build(t)
	if r := post(w, "/language", url.Values{"lang": {"sv"}, "back": {"//evil.example"}}); r.StatusCode != 303 || r.Header.Get("Location") != "/" {
		t.Fatalf("choosing before signing in = %d %v", r.StatusCode, r.Header)
	}
	ada := w.as(organisation.Editor)
	if page := text(t, ada.do("GET", "/", nil)); !strings.Contains(page, `<html lang="en"`) {
		t.Fatal("the page is not in English at first")
	}
	if r := post(ada, "/language", url.Values{"lang": {"sv"}, "back": {"/campaigns"}}); r.StatusCode != 303 || r.Header.Get("Location") != "/campaigns" {
		t.Fatalf("choosing = %d %v", r.StatusCode, r.Header)
	}
	for _, want := range []string{`<html lang="sv"`, "Det som skickas härnäst", "tis 24 nov 09:00 Stockholm"} {
		if page := text(t, ada.do("GET", "/", nil, "Accept-Language", "en")); !strings.Contains(page, want) {
			t.Errorf("another browser of the same operator shows no %q", want)
		}
	}
	if r := post(ada, "/language", url.Values{"lang": {"tlh"}}); r.StatusCode != 422 {
		t.Errorf("a language that there is not = %d, want 422", r.StatusCode)
	}
}

func TestNavigationShowsWhatTheRoleMaySee(t *testing.T) {
	t.Parallel()
	w := build(t)
	h := w.house
	h.needs["GET /team"], h.needs["GET /audit"] = owner, owner
	for role, want := range map[organisation.Role]bool{organisation.Owner: true, organisation.Analyst: false} {
		page := text(t, w.as(role).do("GET", "/", nil))
		if got := strings.Contains(page, `href="/audit"`); got != want || !strings.Contains(page, `href="/editions"`) {
			t.Errorf("%s sees the audit log in the navigation: %t, want %t", role, got, want)
		}
	}
}

func TestWaysBackStayHere(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"", "nonsense", strings.Repeat("a", 5000), "eyJUZXh0IjoieCIsIlVuZG8iOnsiVVJMIjoiLy9ldmlsLmV4YW1wbGUiLCJMYWJlbCI6InkifX0"} {
		if f := readFlash(value); f.Undo != nil {
			t.Errorf("%q leads to %+v", value, f.Undo)
		}
	}
	for path, want := range map[string]bool{"/": true, "/a?b=c": true, "": false, "a": false, "//evil.example": false, "/\\evil.example": false, "https://x": false, "/a\nb": false} {
		if ownPath(path) != want {
			t.Errorf("ownPath(%q) = %t", path, !want)
		}
	}
}
