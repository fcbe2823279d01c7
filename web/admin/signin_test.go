package admin

import (
	"context"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"postrider/internal/auth"
	"postrider/internal/secrets"
	"postrider/organisation"
	"postrider/store/storetest"
	"postrider/web/respond"
)

const passphrase = "correct horse battery staple"

// ada is an owner with a password.
func (w *world) ada() organisation.Operator {
	w.t.Helper()
	hash, err := w.porter.Hash(context.Background(), "Ada", "ada@desk.example", passphrase)
	if err != nil {
		w.t.Fatal(err)
	}
	o, err := w.office.AddOperator(context.Background(), "test", organisation.Operator{Email: "ada@desk.example", Name: "Ada", Role: organisation.Owner}, hash, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return o
}

// browser keeps cookies, as people have one.
type browser struct {
	*world
	jar map[string]string
}

func (w *world) browser() *browser {
	seen := *w
	seen.cookie = nil
	return &browser{&seen, map[string]string{}}
}

func (b *browser) send(method, path string, values url.Values, header ...string) *http.Response {
	b.t.Helper()
	var cookies []string
	for name, value := range b.jar {
		cookies = append(cookies, name+"="+value)
	}
	header = append(header, "Cookie", strings.Join(cookies, "; "), "User-Agent", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0")
	if method == "POST" {
		header = append(header, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
	}
	r := b.do(method, path, strings.NewReader(values.Encode()), header...)
	for _, c := range r.Cookies() {
		if c.MaxAge < 0 {
			delete(b.jar, c.Name)
		} else {
			b.jar[c.Name] = c.Value
		}
	}
	return r
}

func (b *browser) signInAs(email, password string) *http.Response {
	b.t.Helper()
	return b.send("POST", "/sign-in", url.Values{"email": {email}, "password": {password}, "back": {"/campaigns"}})
}

// hidden is the value of a hidden field.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	m := regexp.MustCompile(`<input type="hidden" name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if m == nil {
		t.Fatalf("no hidden field %s in:\n%s", name, page)
	}
	return html.UnescapeString(m[1])
}

func TestSigningInWithAPassword(t *testing.T) {
	t.Parallel()
	w := build(t)
	w.ada()
	b := w.browser()
	page := text(t, b.send("GET", "/campaigns?x=1", nil))
	if !strings.Contains(page, `name="password"`) || strings.Contains(page, `name="token"`) || hidden(t, page, "back") != "/campaigns?x=1" {
		t.Fatalf("the page that asks:\n%s", page)
	}
	wrong, unknown := b.signInAs("ada@desk.example", "not her password"), b.signInAs("eve@desk.example", "not her password")
	a, c := text(t, wrong), strings.ReplaceAll(text(t, unknown), "eve@", "ada@")
	if wrong.StatusCode != 403 || unknown.StatusCode != 403 || a != c || !strings.Contains(a, "is wrong") || !strings.Contains(a, `value="ada@desk.example"`) {
		t.Errorf("a wrong password (%d) and an unknown account (%d) are told apart, or what was typed is gone", wrong.StatusCode, unknown.StatusCode)
	}
	if strings.Contains(a, "not her password") {
		t.Error("the page shows the password")
	}
	before := len(b.jar)
	r := b.signInAs("ada@desk.example", passphrase)
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/campaigns" || len(b.jar) != before+1 {
		t.Fatalf("the right password = %d %v", r.StatusCode, r.Header)
	}
	if page := text(t, b.send("GET", "/account", nil)); !strings.Contains(page, "Firefox, Linux") || !strings.Contains(page, "192.0.2.0/24") {
		t.Error("her page does not list the browser that she uses")
	}
	first := b.jar["postrider_"+w.house.Keys.Fingerprint()[:8]]
	if b.signInAs("ada@desk.example", passphrase); b.jar["postrider_"+w.house.Keys.Fingerprint()[:8]] == first {
		t.Error("signing in again keeps the session of before")
	}
	if r := b.send("GET", "/?token="+token, nil); r.StatusCode != 200 { // signed in: the token is not even looked at
		t.Errorf("the token beside a session = %d", r.StatusCode)
	}
	if r := w.browser().send("GET", "/?token="+token, nil); r.StatusCode != 401 || len(r.Cookies()) != 0 {
		t.Errorf("the token of the start with a team = %d", r.StatusCode)
	}
	away := b.send("POST", "/sign-in", url.Values{"email": {"ada@desk.example"}, "password": {passphrase}, "back": {"//evil.example/"}})
	if away.Header.Get("Location") != "/" {
		t.Errorf("the way back leads to %s", away.Header.Get("Location"))
	}
	w.wantAudit("did not get in", "visitor")
}

func TestTooManyTriesSayHowLong(t *testing.T) {
	t.Parallel()
	w := build(t)
	w.ada()
	b := w.browser()
	var r *http.Response
	for range 6 {
		r = b.signInAs("ada@desk.example", "not her password")
	}
	if page := text(t, r); r.StatusCode != http.StatusTooManyRequests || r.Header.Get("Retry-After") != "1" || !strings.Contains(page, "Wait 1 second,") {
		t.Errorf("the sixth try = %d, Retry-After %q", r.StatusCode, r.Header.Get("Retry-After"))
	}
}

// TestWhatWasTypedOutlivesTheSession sends a form when the session has lapsed.
func TestWhatWasTypedOutlivesTheSession(t *testing.T) {
	t.Parallel()
	w := build(t)
	o := w.ada()
	b := w.browser()
	b.signInAs("ada@desk.example", passphrase)
	w.now = w.now.Add(25 * time.Hour)
	b.world.now = w.now
	r := b.send("POST", "/account", url.Values{"name": {"Ada & Bo"}, "language": {"sv"}})
	page := text(t, r)
	if r.StatusCode != 401 || !strings.Contains(page, "has been kept") {
		t.Fatalf("a form of yesterday's session = %d:\n%s", r.StatusCode, page)
	}
	kept := hidden(t, page, "kept")
	r = b.send("POST", "/sign-in", url.Values{"email": {"ada@desk.example"}, "password": {"not her password"}, "kept": {kept}})
	if hidden(t, text(t, r), "kept") != kept {
		t.Fatal("a wrong password loses what was kept")
	}
	r = b.send("POST", "/sign-in", url.Values{"email": {"ada@desk.example"}, "password": {passphrase}, "kept": {kept}})
	page = text(t, r)
	if name := storetest.One[string](t, w.store, `SELECT name FROM operators WHERE id = $1`, int64(o.ID)); r.StatusCode != 200 || name != "Ada" {
		t.Fatalf("signing in = %d, and the name is %q already", r.StatusCode, name)
	}
	if r = b.send("POST", "/sign-in/resume", url.Values{"kept": {hidden(t, page, "kept")}}); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/account" {
		t.Errorf("sending it on = %d:\n%s", r.StatusCode, text(t, r))
	}
	if name := storetest.One[string](t, w.store, `SELECT name FROM operators WHERE id = $1`, int64(o.ID)); name != "Ada & Bo" {
		t.Errorf("the name is %q", name)
	}
	// With another role the door says no, as to any other request.
	analyst := w.as(organisation.Analyst)
	pause := w.house.boxes.Seal("form", []byte(`{"path":"`+editionURL(w.edition)+`/pause","type":"","body":""}`), w.now.Add(time.Hour))
	for what, sealed := range map[string]string{"somebody else's role": pause, "forged": "AAAA", "empty": ""} {
		if r := post(analyst, "/sign-in/resume", url.Values{"kept": {sealed}}); r.StatusCode < 400 {
			t.Errorf("%s = %d", what, r.StatusCode)
		}
	}
	if got := storetest.One[string](t, w.store, `SELECT state FROM editions`); got != "sending" {
		t.Errorf("an analyst paused the edition: %s", got)
	}
	// Whoever never had a session is not given anything to carry.
	if page := text(t, w.browser().send("POST", "/account", url.Values{"name": {"x"}})); strings.Contains(page, `name="kept"`) {
		t.Error("a stranger's form is kept")
	}
}

var secretShown = regexp.MustCompile(`<code class="code">([A-Z2-7 ]+)</code>`)

func TestOneTimeCodesOnTheirPages(t *testing.T) {
	t.Parallel()
	w := build(t)
	w.ada()
	b, other := w.browser(), w.browser()
	b.signInAs("ada@desk.example", passphrase)
	other.signInAs("ada@desk.example", passphrase)
	page := text(t, b.send("GET", "/account/codes", nil))
	m := secretShown.FindStringSubmatch(page)
	if m == nil || !strings.Contains(page, `src="data:image/png;base64,`) {
		t.Fatalf("no secret to scan or to type:\n%s", page)
	}
	secret := secrets.Secret(strings.ReplaceAll(m[1], " ", ""))
	code := func() string {
		c, err := auth.Code(secret, w.now)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	wrong := text(t, b.send("POST", "/account/codes", url.Values{"sealed": {hidden(t, page, "sealed")}, "code": {"000000"}, "current": {passphrase}}))
	if again := secretShown.FindStringSubmatch(wrong); again == nil || again[1] != m[1] || !strings.Contains(wrong, "not the code of that picture") {
		t.Fatalf("after a wrong code the picture is another one:\n%s", wrong)
	}
	if r := b.send("POST", "/account/codes", url.Values{"sealed": {hidden(t, page, "sealed")}, "code": {code()}, "current": {"a borrowed browser"}}); r.StatusCode != 422 {
		t.Errorf("without the password = %d", r.StatusCode)
	}
	page = text(t, b.send("POST", "/account/codes", url.Values{"sealed": {hidden(t, page, "sealed")}, "code": {code()}, "current": {passphrase}}))
	recovery := regexp.MustCompile(`<code>([a-z2-7-]{19})</code>`).FindAllStringSubmatch(page, -1)
	if len(recovery) != 10 {
		t.Fatalf("%d recovery codes are shown:\n%s", len(recovery), page)
	}
	if r := other.send("GET", "/account", nil); r.StatusCode != 401 {
		t.Errorf("the other session = %d, want 401", r.StatusCode)
	}
	if r := b.send("GET", "/account", nil); r.StatusCode != 200 || strings.Contains(text(t, r), recovery[0][1]) {
		t.Errorf("this session = %d, or the codes are shown again", r.StatusCode)
	}
	w.now = w.now.Add(time.Minute)
	r := other.signInAs("ada@desk.example", passphrase)
	if page := text(t, r); r.StatusCode != 200 || !strings.Contains(page, `name="code"`) || hidden(t, page, "back") != "/campaigns" {
		t.Fatalf("the password alone = %d:\n%s", r.StatusCode, page)
	}
	half := other.jar["postrider_"+w.house.Keys.Fingerprint()[:8]+"_step"]
	if half == "" {
		t.Fatalf("no cookie of the half: %v", other.jar)
	}
	// Half a sign-in opens no page, under either name.
	for _, name := range []string{"", "_step"} {
		for _, route := range w.house.routes() {
			method, pattern, _ := strings.Cut(route.Pattern, " ")
			if route.Needs == anyone {
				continue
			}
			r := w.do(method, w.path(pattern), nil, "Cookie", "postrider_"+w.house.Keys.Fingerprint()[:8]+name+"="+half, "Sec-Fetch-Site", "same-origin")
			if r.StatusCode != http.StatusUnauthorized {
				t.Errorf("%s with half a sign-in = %d, want 401", route.Pattern, r.StatusCode)
			}
		}
	}
	if page := text(t, other.send("POST", "/sign-in/code", url.Values{"instead": {"recovery"}, "back": {"/editions"}})); !strings.Contains(page, `name="recovery"`) || hidden(t, page, "back") != "/editions" {
		t.Error("the other kind of code is not asked for")
	}
	used := code()
	if r := other.send("POST", "/sign-in/code", url.Values{"code": {used}, "back": {"/editions"}}); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/editions" {
		t.Fatalf("the right code = %d", r.StatusCode)
	}
	third := w.browser()
	third.signInAs("ada@desk.example", passphrase)
	if r := third.send("POST", "/sign-in/code", url.Values{"code": {used}}); r.StatusCode != http.StatusForbidden || !strings.Contains(text(t, r), "has been used") {
		t.Errorf("the same code again = %d", r.StatusCode)
	}
	if r := third.send("POST", "/sign-in/code", url.Values{"code": {recovery[4][1]}, "recovery": {"1"}}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("a recovery code = %d", r.StatusCode)
	}
	if r := third.send("POST", "/account/codes/off", url.Values{"current": {passphrase}}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("turning them off = %d", r.StatusCode)
	}
	w.wantAudit("turned one-time codes off", storetest.One[string](t, w.store, `SELECT actor FROM audit_log WHERE action = 'turned one-time codes on'`))
}

func TestPasswordChangeEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	w := build(t)
	w.ada()
	b, other := w.browser(), w.browser()
	b.signInAs("ada@desk.example", passphrase)
	other.signInAs("ada@desk.example", passphrase)
	for name, values := range map[string]url.Values{
		"too short":          {"current": {passphrase}, "password": {"short"}},
		"her own name":       {"current": {passphrase}, "password": {"ada@desk.example"}},
		"a wrong present":    {"current": {"not her password"}, "password": {"quite another one"}},
		"no present at all":  {"password": {"quite another one"}},
		"one letter over it": {"current": {passphrase}, "password": {strings.Repeat("abcdef", 60)}},
	} {
		if r := b.send("POST", "/account/password", values); r.StatusCode != 422 {
			t.Errorf("%s = %d, want 422", name, r.StatusCode)
		}
	}
	w.now = w.now.Add(time.Minute)
	if r := b.send("POST", "/account/password", url.Values{"current": {passphrase}, "password": {"quite another one"}}); r.StatusCode != 303 {
		t.Fatalf("a new password = %d", r.StatusCode)
	}
	if r := b.send("GET", "/account", nil); r.StatusCode != 200 {
		t.Errorf("this session = %d", r.StatusCode)
	}
	if r := other.send("GET", "/account", nil); r.StatusCode != 401 {
		t.Errorf("the other session = %d, want 401", r.StatusCode)
	}
	other.signInAs("ada@desk.example", "quite another one")
	if r := b.send("POST", "/account/sessions/others/end", nil); r.StatusCode != 303 {
		t.Errorf("signing out everywhere = %d", r.StatusCode)
	}
	if r := other.send("GET", "/account", nil); r.StatusCode != 401 {
		t.Errorf("the other session = %d, want 401", r.StatusCode)
	}
}

func TestInvitationBecomesAnAccount(t *testing.T) {
	t.Parallel()
	w := build(t)
	boss := w.as(organisation.Owner)
	r := post(boss, "/team/invite", url.Values{"email": {"bo@desk.example"}, "name": {"Bo"}, "role": {"reviewer"}, "language": {"sv"}})
	if r.StatusCode != 303 || !strings.HasPrefix(r.Header.Get("Location"), "/invitations/") {
		t.Fatalf("inviting = %d:\n%s", r.StatusCode, text(t, r))
	}
	mail := storetest.One[string](t, w.store, `SELECT subject || ' ' || body FROM notices WHERE email = 'bo@desk.example' AND kind = 'invitation'`)
	link := regexp.MustCompile(`http://127\.0\.0\.1:8081(/invitation/[\w-]+)`).FindStringSubmatch(mail)
	if link == nil || !strings.Contains(mail, "Du är inbjuden till Example Desk") || !strings.Contains(mail, "granskare") {
		t.Fatalf("the mail reads %q", mail)
	}
	if page := text(t, boss.do("GET", r.Header.Get("Location"), nil)); !strings.Contains(page, link[0]) {
		t.Error("the page does not show the link")
	}
	for name, values := range map[string]url.Values{
		"an address twice": {"email": {"BO@desk.example"}, "role": {"editor"}}, "no address": {"email": {"bo"}, "role": {"editor"}}, "no role": {"email": {"cy@desk.example"}, "role": {"king"}},
		"of the team": {"email": {"owner@example.org"}, "role": {"editor"}},
	} {
		want := 422
		if name == "an address twice" {
			want = 303 // a new invitation takes the place of the old one
		}
		if r := post(boss, "/team/invite", values); r.StatusCode != want {
			t.Errorf("%s = %d, want %d", name, r.StatusCode, want)
		}
	}
	b := w.browser()
	if r := b.send("GET", link[1], nil); r.StatusCode != 404 {
		t.Errorf("an invitation that another took the place of = %d, want 404", r.StatusCode)
	}
	link = regexp.MustCompile(`http://127\.0\.0\.1:8081(/invitation/[\w-]+)`).FindStringSubmatch(
		storetest.Column[string](t, w.store, `SELECT body FROM notices WHERE email = 'BO@desk.example' ORDER BY id DESC`)[0])
	if r := b.send("GET", link[1][:len(link[1])-1], nil); r.StatusCode != 404 {
		t.Errorf("a link that was cut off = %d", r.StatusCode)
	}
	if r := b.send("POST", link[1], url.Values{"name": {"Bo"}, "password": {"short"}}); r.StatusCode != 422 || !strings.Contains(text(t, r), `value="Bo"`) {
		t.Errorf("a short password = %d, or the name is lost", r.StatusCode)
	}
	if r := b.send("POST", link[1], url.Values{"name": {"Bo"}, "password": {"a long walk by the sea"}}); r.StatusCode != 303 {
		t.Fatalf("joining = %d:\n%s", r.StatusCode, text(t, r))
	}
	if page := text(t, b.send("GET", "/account", nil)); !strings.Contains(page, "editor") {
		t.Error("Bo is not signed in as an editor")
	}
	if r := w.browser().send("POST", link[1], url.Values{"name": {"Eve"}, "password": {"a long walk by the sea"}}); r.StatusCode != 404 {
		t.Errorf("the same link again = %d, want 404", r.StatusCode)
	}
}

func TestTokenMakesTheFirstAccountAndEnds(t *testing.T) {
	t.Parallel()
	w := build(t)
	b, other := w.browser(), w.browser()
	b.send("GET", "/?token="+token, nil)
	other.send("GET", "/?token="+token, nil)
	if page := text(t, b.send("GET", "/account", nil)); !strings.Contains(page, `action="/account/first"`) {
		t.Fatal("the token's page does not offer an account")
	}
	if r := b.send("POST", "/account/first", url.Values{"name": {"Ada"}, "email": {"ada"}, "password": {passphrase}}); r.StatusCode != 422 {
		t.Errorf("an address that is none = %d", r.StatusCode)
	}
	if r := b.send("POST", "/account/first", url.Values{"name": {"Ada"}, "email": {"ada@desk.example"}, "password": {passphrase}}); r.StatusCode != 303 {
		t.Fatalf("the first account = %d:\n%s", r.StatusCode, text(t, r))
	}
	if r := b.send("GET", "/team", nil); r.StatusCode != 200 || !strings.Contains(text(t, r), "Ada") {
		t.Errorf("Ada sees the team: %d", r.StatusCode)
	}
	if r := other.send("GET", "/", nil); r.StatusCode != 401 {
		t.Errorf("the token's other session = %d, want 401", r.StatusCode)
	}
	if r := other.send("POST", "/account/first", url.Values{"name": {"Eve"}, "email": {"eve@desk.example"}, "password": {passphrase}}); r.StatusCode != 401 {
		t.Errorf("a second first account = %d", r.StatusCode)
	}
}

func TestOwnersLookAfterTheTeam(t *testing.T) {
	t.Parallel()
	w := build(t)
	boss := w.as(organisation.Owner)
	editor := w.as(organisation.Editor)
	o, err := w.office.FindOperator(context.Background(), "editor@example.org")
	if err != nil {
		t.Fatal(err)
	}
	url0 := "/team/" + o.ID.String()
	if r := post(boss, url0+"/role", url.Values{"role": {"analyst"}}); r.StatusCode != 303 {
		t.Fatalf("another role = %d", r.StatusCode)
	}
	if r := editor.do("GET", "/", nil); r.StatusCode != 401 {
		t.Errorf("after another role the session = %d, want 401", r.StatusCode)
	}
	w.wantAudit("changed role", boss.actorOf("owner@example.org"))
	if got := storetest.One[string](t, w.store, `SELECT detail FROM audit_log WHERE action = 'changed role'`); got != "editor → analyst" {
		t.Errorf("the audit log says %q", got)
	}
	if r := post(boss, url0+"/role", url.Values{"role": {"king"}}); r.StatusCode != 422 {
		t.Errorf("a role that there is not = %d", r.StatusCode)
	}
	if page := text(t, boss.do("GET", url0+"/remove", nil)); !strings.Contains(page, "Remove The editor") {
		t.Error("the page does not ask")
	}
	if r := post(boss, url0+"/remove", nil); r.StatusCode != 303 {
		t.Errorf("removing = %d", r.StatusCode)
	}
	if r := boss.do("GET", url0, nil); r.StatusCode != 404 {
		t.Errorf("whoever was removed = %d, want 404", r.StatusCode)
	}
	for _, email := range []string{"first@example.org", "owner@example.org"} {
		last, err := w.office.FindOperator(context.Background(), email)
		if err != nil {
			t.Fatal(err)
		}
		r := post(boss, "/team/"+last.ID.String()+"/role", url.Values{"role": {"editor"}})
		if want := map[string]int{"first@example.org": 303, "owner@example.org": 409}[email]; r.StatusCode != want {
			t.Errorf("%s becomes an editor = %d, want %d", email, r.StatusCode, want)
		}
	}
}

func (w *world) actorOf(email string) string {
	w.t.Helper()
	o, err := w.office.FindOperator(context.Background(), email)
	if err != nil {
		w.t.Fatal(err)
	}
	return o.Actor()
}

// TestCookiesOverHTTPS: behind a proxy that is trusted, and behind none.
func TestCookiesOverHTTPS(t *testing.T) {
	t.Parallel()
	w := build(t)
	w.ada()
	sign := func(header ...string) *http.Response {
		return w.do("POST", "/sign-in", strings.NewReader(url.Values{"email": {"ada@desk.example"}, "password": {passphrase}}.Encode()),
			append(header, "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")...)
	}
	r := sign("X-Forwarded-Proto", "https")
	if c := r.Cookies()[0]; c.Secure || strings.HasPrefix(c.Name, "__Host-") || r.Header.Get("Strict-Transport-Security") != "" {
		t.Errorf("anybody can say that it is HTTPS: %v", c)
	}
	var err error
	if w.house.Proxies, err = respond.ParseProxies("192.0.2.0/24"); err != nil { // where httptest asks from
		t.Fatal(err)
	}
	r = sign("X-Forwarded-Proto", "https", "X-Forwarded-For", "203.0.113.9")
	c := r.Cookies()[0]
	if !c.Secure || !c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" || !strings.HasPrefix(c.Name, "__Host-postrider_") {
		t.Errorf("over HTTPS the cookie is %v", c)
	}
	if got := r.Header.Get("Strict-Transport-Security"); got != "max-age=31536000" {
		t.Errorf("Strict-Transport-Security is %q", got)
	}
	if got := storetest.Column[string](t, w.store, `SELECT network FROM sessions ORDER BY id`); got[len(got)-1] != "203.0.113.0/24" {
		t.Errorf("the sessions are of %v", got)
	}
}
