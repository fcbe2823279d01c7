package admin

import (
	"bytes"
	"mime/multipart"
	"net/url"
	"strings"
	"testing"

	"postrider/store/storetest"
)

func TestAPersonIsTaggedNotedHandedOutAndErased(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	to := w.wants(w.post("/readers/new", url.Values{"email": {"cy@example.org"}, "list": {"weekly"}, "consent": {"asked at the fair"}}), 303, "cy@example.org")
	w.wants(w.post(to+"/tag", url.Values{"add": {"VIP, from  Lund"}}), 303, `value="vip"`, `value="from lund"`)
	w.wants(w.post(to+"/tag", url.Values{"remove": {"vip"}}), 303, `value="from lund"`)
	if page := text(t, w.do("GET", to, nil)); strings.Contains(page, `value="vip"`) {
		t.Error("a tag that was taken away is still there")
	}
	w.wants(w.post(to+"/note", url.Values{"text": {"called us on Monday"}}), 303, "called us on Monday")
	data := text(t, w.do("GET", to+"/data.json", nil))
	for _, want := range []string{"cy@example.org", "from lund", "called us on Monday", "asked at the fair", `"weekly"`} {
		if !strings.Contains(data, want) {
			t.Errorf("the copy of their data lacks %q:\n%s", want, data)
		}
	}
	w.wants(w.post(to+"/erase", url.Values{"email": {"bo@example.org"}}), 422, "as it stands above")
	w.wants(w.post(to+"/erase", url.Values{"email": {"CY@example.org"}}), 303, "The person is erased")
	if n := storetest.One[int64](t, w.store, `SELECT count(*) FROM subscribers WHERE canonical = 'cy@example.org'`); n != 0 {
		t.Error("the person is still there")
	}
	if r := w.do("GET", to, nil); r.StatusCode != 404 {
		t.Errorf("their page answers %d", r.StatusCode)
	}
}

func TestTheDoNotMailListIsMovedOnItsPage(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	send := func(content string) string {
		var body bytes.Buffer
		form := multipart.NewWriter(&body)
		part, _ := form.CreateFormFile("file", "never.csv")
		_, _ = part.Write([]byte(content))
		_ = form.Close()
		r := w.do("POST", "/do-not-mail/import", &body, "Content-Type", form.FormDataContentType(), "Sec-Fetch-Site", "same-origin")
		if r.StatusCode == 303 {
			w.wants(r, 303)
			return ""
		}
		return text(t, r)
	}
	if page := send("what,reason,source,date\nx@example.org,asked us,phone,2026-01-02\n@bad.example,trap,,\n"); page != "" {
		t.Fatalf("refused:\n%s", page)
	}
	export := text(t, w.do("GET", "/do-not-mail/export.csv", nil))
	if !strings.Contains(export, `"x@example.org","asked us","phone","2026-01-02T00:00:00Z"`) || !strings.Contains(export, `"'@bad.example","trap","import"`) {
		t.Errorf("exported:\n%s", export)
	}
	if page := send("x@example.org\nno way\n"); !strings.Contains(page, "no way") || !strings.Contains(page, "Line 2") {
		t.Errorf("the refused line is not named:\n%s", page)
	}
}
