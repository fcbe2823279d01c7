package admin

import (
	"net/url"
	"strings"
	"testing"

	"postrider/organisation"
	"postrider/store/storetest"
)

func TestFirstRunSaysWhatIsMissingOutOfTheDataItself(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Owner)
	page := text(t, w.do("GET", "/setup", nil))
	// The world of the tests lacks a postal address and a test mail.
	if strings.Count(page, "to do") != 2 || !strings.Contains(page, `<li aria-current="step">`) {
		t.Errorf("what is missing:\n%s", page)
	}
	if home := text(t, w.do("GET", "/", nil)); !strings.Contains(home, `href="/setup"`) {
		t.Error("the first page does not say what is missing")
	}
	if home := text(t, w.as(organisation.Editor).do("GET", "/", nil)); strings.Contains(home, `href="/setup"`) {
		t.Error("the first page asks somebody who may not do it")
	}
	form := url.Values{"name": {"Example Desk"}, "postal_address": {" "}, "zone": {"Europe/Stockholm"}, "language": {"en"}, "accent": {"#0b5c6b"}}
	w.wants(w.post("/setup/organisation", form), 422, "reached by post", "Example Desk")
	form.Set("postal_address", "Street 1")
	w.wants(w.post("/setup/organisation", form), 303, "Getting started")
	w.wants(w.post("/setup/sender", url.Values{"sender_name": {"Typed"}, "sender_address": {""}}), 422, "Typed", "Want an address")
	w.wants(w.post("/setup/sender", url.Values{"sender_name": {"The Desk"}, "sender_address": {"news@example.org"}}), 303)
	w.wants(w.post("/setup/test", url.Values{"to": {"nobody"}}), 422, "Want an address such as")
	w.wants(w.post("/setup/test", url.Values{"to": {"me@example.org"}}), 303, "me@example.org", "in line", `hx-get="/setup/test"`)
	if got := storetest.One[string](t, w.store, `SELECT subject FROM notices WHERE kind = 'test'`); !strings.HasPrefix(got, "[TEST] ") || len(got) < 20 {
		t.Errorf("the test mail's subject is %q, want the recap's", got)
	}
	storetest.Exec(t, w.store, `UPDATE notices SET state = 'accepted', code = 250, answer = 'queued as 1' WHERE kind = 'test'`)
	w.wants(w.do("GET", "/setup/test", nil), 200, "Your mail server took it", "250")
	w.wants(w.do("GET", "/setup", nil), 200, "Everything is set up")
	if home := text(t, w.do("GET", "/", nil)); strings.Contains(home, `href="/setup"`) {
		t.Error("the first page still asks")
	}
	o, err := w.office.Get(t.Context())
	if err != nil || o.PostalAddress != "Street 1" || o.Logo == "" {
		t.Errorf("kept %+v, %v", o, err)
	}
}
