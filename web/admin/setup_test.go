package admin

import (
	"net/url"
	"strings"
	"testing"

	"postrider/organisation"
	"postrider/recaps"
	"postrider/store/storetest"
)

func TestFirstRunSaysWhatIsMissingOutOfTheDataItself(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Owner)
	page := text(t, w.do("GET", "/setup", nil))
	// The world of the tests lacks a postal address; its issue is on its way, so mail works.
	if strings.Count(page, "to do") != 1 || !strings.Contains(page, `<li aria-current="step">`) {
		t.Errorf("what is missing:\n%s", page)
	}
	for _, role := range []organisation.Role{organisation.Owner, organisation.Editor, organisation.Analyst} {
		home := text(t, w.as(role).do("GET", "/", nil))
		if got, want := strings.Contains(home, `href="/setup"`), role == organisation.Owner; got != want {
			t.Errorf("the first page leads the %s to the set-up: %v, want %v", role, got, want)
		}
		if got, want := strings.Contains(home, "Who sends"), role != organisation.Analyst; got != want {
			t.Errorf("the first page says to the %s what is missing: %v, want %v", role, got, want)
		}
	}
	w = w.as(organisation.Owner)
	form := url.Values{"name": {"Example Desk"}, "postal_address": {" "}, "zone": {"Europe/Stockholm"}, "language": {"en"}, "accent": {"#0b5c6b"}, "sender_address": {""}}
	w.wants(w.post("/setup/organisation", form), 422, "reached by post", "Want an address", "Example Desk")
	form.Set("postal_address", "Street 1")
	form.Set("sender_address", "news@example.org")
	w.wants(w.post("/setup/organisation", form), 303, "Everything is set up")
	w.wants(w.post("/setup/test", url.Values{"to": {"nobody"}}), 422, "Want an address such as")
	w.wants(w.post("/setup/test", url.Values{"to": {"me@example.org"}}), 303, "me@example.org", "in line", `hx-get="/setup/test"`)
	if got := storetest.One[string](t, w.store, `SELECT subject FROM notices WHERE kind = 'test'`); !strings.HasPrefix(got, "[TEST] ") || len(got) < 20 {
		t.Errorf("the test mail's subject is %q, want the recap's", got)
	}
	storetest.Exec(t, w.store, `UPDATE notices SET state = 'accepted', code = 250, answer = 'queued as 1' WHERE kind = 'test'`)
	w.wants(w.do("GET", "/setup/test", nil), 200, "Your mail server took it", "250")
	if home := text(t, w.do("GET", "/", nil)); strings.Contains(home, `href="/setup"`) {
		t.Error("the first page still asks")
	}
	o, err := w.office.Get(t.Context())
	if err != nil || o.PostalAddress != "Street 1" || o.Logo == "" || o.Sender != `"Example Desk" <news@example.org>` {
		t.Errorf("kept %+v, %v", o, err)
	}
}

// TestEachPageLeadsToTheNextStep walks the first run by the line that stands
// on each page: it never claims more than there is, and is gone with the first
// issue.
func TestEachPageLeadsToTheNextStep(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Owner)
	storetest.Exec(t, w.store, `UPDATE editions SET public_at = 0, state = 'draft'`)
	storetest.Exec(t, w.store, `UPDATE campaigns SET schedule = ''`)
	storetest.Exec(t, w.store, `UPDATE relays SET state = 'paused'`)
	storetest.Exec(t, w.store, `UPDATE organisations SET postal_address = 'Street 1'`)
	recap := storetest.One[int64](t, w.store, `SELECT max(id) FROM recaps`)
	at := recapURL(recaps.ID(recap))
	bar := func(path, want string) {
		t.Helper()
		if page := text(t, w.do("GET", path, nil)); !strings.Contains(page, want) {
			t.Errorf("%s lacks %q", path, want)
		}
	}
	bar("/readers", "Next is step 3 of 7: Mail server")
	bar("/servers/new", "Step 3 of 7: Mail server")
	storetest.Exec(t, w.store, `UPDATE relays SET state = 'active'`)
	bar("/servers", "Next is step 6 of 7: A test mail")
	bar("/setup", "It is still a draft")
	w.wants(w.post("/setup/test", url.Values{"to": {"me@example.org"}}), 303)
	storetest.Exec(t, w.store, `UPDATE notices SET state = 'accepted' WHERE kind = 'test'`)
	bar("/setup/test", `href="`+at+`#send"`)
	bar("/readers", "Next is step 7 of 7")
	bar(at, "Step 7 of 7")
	// A plan whose recap is a draft sends nothing: that is not "set up".
	storetest.Exec(t, w.store, `UPDATE campaigns SET schedule = 'weekly tue 09:00'`)
	storetest.Exec(t, w.store, `UPDATE recaps SET state = 'draft'`)
	bar("/readers", "Next is step 7 of 7")
	w.wants(w.post(at+"/approve", url.Values{}), 303)
	bar("/setup", "Everything is set up")
	if page := text(t, w.do("GET", "/readers", nil)); strings.Contains(page, "setup-bar") {
		t.Error("the line stands there when all is done")
	}
	if page := text(t, w.as(organisation.Editor).do("GET", "/readers", nil)); strings.Contains(page, "setup-bar") {
		t.Error("the line leads somebody where they may not go")
	}
}
