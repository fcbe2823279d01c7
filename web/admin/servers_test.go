package admin

import (
	"bytes"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"postrider/store/storetest"
)

func TestAMailServerIsAddedTestedAndMended(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	form := url.Values{"kind": {"brevo"}, "name": {"letters"}, "host": {"smtp-relay.brevo.com"}, "port": {"587x"}, "tls": {"required"}, "sender_mode": {"fixed"}, "connections": {"5"}}
	w.wants(w.post("/servers/new", form), 422, "whole number", "wants a user name", `value="letters"`)
	form.Set("port", "587")
	form.Set("host", "smtp-relay.brevo.com:2525")
	form.Set("username", "ida")
	form.Set("password", "a-secret-of-ida")
	page := text(t, w.post("/servers/new", form))
	for _, want := range []string{"It cannot be used yet", "535 5.7.8", "Check user name and password", "<strong>Log-in:</strong>", "smtp-relay.brevo.com:2525", "No mail was sent"} {
		if !strings.Contains(page, want) {
			t.Errorf("the test of the new server lacks %q:\n%s", want, page)
		}
	}
	if strings.Contains(page, "postrider relay") || strings.Contains(page, "a-secret") {
		t.Error("the page shows a command, or the password")
	}
	w.wants(w.post("/servers/new", form), 422, "already")
	_, id, _ := strings.Cut(page, `action="/servers/`)
	id, _, _ = strings.Cut(id, "/")
	at := "/servers/" + id
	edit := text(t, w.do("GET", at+"/edit", nil))
	if strings.Contains(edit, "a-secret") {
		t.Error("the form shows the password")
	}
	_, was, _ := strings.Cut(edit, `name="was" value="`)
	was, _, _ = strings.Cut(was, `"`)
	form.Set("was", strings.ReplaceAll(was, "&#43;", "+"))
	form.Set("password", "")
	form.Set("pace_per_minute", "120")
	form.Set("warmup", "50, 100x2")
	w.wants(w.post(at+"/edit", form), 303, "at most 120 mails a minute", "day 1 of 3")
	w.wants(w.post(at+"/edit", form), 422, "in the meantime")
	w.wants(w.post(at+"/pause", nil), 303, "letters gets no further mails", "Let it take mails again")
	w.wants(w.do("GET", at+"/remove", nil), 200, "The other 1 mail server goes on")
	w.wants(w.post(at+"/remove", nil), 303, "letters is gone")
	page = text(t, w.do("GET", "/servers", nil))
	for _, want := range []string{"takes no mail", "It said 550", "0 of 50", "warm-up until"} {
		if !strings.Contains(page, want) {
			t.Errorf("the list of mail servers lacks %q", want)
		}
	}
	if n := storetest.One[int64](t, w.store, `SELECT count(*) FROM audit_log WHERE actor = 'operator' AND kind = 'relay'`); n != 4 {
		t.Errorf("%d entries by the operator in the audit log, want 4", n)
	}
}

func TestPacesAndKeysOnTheirPages(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	w.wants(w.post("/servers/pace", url.Values{"for": {"nowhere"}, "per_minute": {"x"}}), 422, "Want a domain", "whole number")
	w.wants(w.post("/servers/pace", url.Values{"for": {"google"}, "per_minute": {"60"}}), 303, "google", "family of mail hosts")
	w.wants(w.post("/servers/pace", url.Values{"for": {"google"}, "off": {"1"}}), 303, "No pace is set")
	if n := storetest.One[int64](t, w.store, `SELECT count(*) FROM audit_log WHERE action = 'paced'`); n != 2 {
		t.Errorf("%d entries about paces in the audit log, want 2", n)
	}
	w.wants(w.do("GET", "/servers/signing", nil), 200, "pr202611._domainkey.example.org", "v=DKIM1; k=rsa; p=", "not used yet")
	w.wants(w.post("/servers/signing", url.Values{"domain": {"example.org"}}), 422, "wait already")
	w.wants(w.post("/servers/signing/activate", url.Values{"domain": {"example.org"}}), 409, "There is no TXT record at pr202611._domainkey.example.org yet")
	w.wants(w.post("/servers/signing", url.Values{"domain": {"other.example"}}), 303, "pr202611._domainkey.other.example")
}

func TestSettingsAreKeptAndNothingTypedIsLost(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	form := url.Values{"name": {"The Institute"}, "postal_address": {"Street 1\r\n123 45 Town"}, "accent": {"#f5c211"}, "zone": {"Mars"}, "language": {"en"},
		"sender_name": {"News, Ltd"}, "sender_address": {"news@example.org"}, "reply_to": {""}, "networks_shown": {"1"}, "network": {"bluesky", "x"}}
	w.wants(w.post("/settings", form), 422, "time zone such as", "The Institute", "is too little to read")
	form.Set("zone", "Europe/Stockholm")
	form.Set("sender_address", "news.example.org")
	w.wants(w.post("/settings", form), 422, "Want an address such as news@example.org", "News, Ltd")
	form.Set("sender_address", "news@example.org")
	w.wants(w.post("/settings", form), 303, "The Institute", "123 45 Town", `value="News, Ltd"`)
	o, err := w.office.Get(t.Context())
	if err != nil || o.Sender != `"News, Ltd" <news@example.org>` || len(o.Networks) != 2 || o.Logo == "" {
		t.Errorf("kept as %+v, %v", o, err)
	}
	send := func(content []byte) *http.Response {
		var body bytes.Buffer
		m := multipart.NewWriter(&body)
		part, _ := m.CreateFormFile("logo", "logo.png")
		_, _ = part.Write(content)
		_ = m.Close()
		return w.do("POST", "/settings/logo", &body, "Content-Type", m.FormDataContentType(), "Sec-Fetch-Site", "same-origin")
	}
	w.wants(send([]byte("<svg/>")), 422, "PNG, JPEG, GIF", "The Institute")
	w.wants(send(picture(t)), 303, `<img src="/logo/`)
	w.wants(w.post("/settings/logo/remove", nil), 303, "No logo")
}
