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

	"postrider/internal/auth/provider/providertest"
	"postrider/organisation"
	"postrider/store/storetest"
)

// withProvider sets a provider that runs beside the test.
func withProvider(t *testing.T, domains, role string) (*world, *world, *providertest.Provider) {
	t.Helper()
	w := build(t)
	there := providertest.Start(t, func() time.Time { return w.now })
	w.house.trust = there.Trust
	boss := w.as(organisation.Owner)
	r := post(boss, "/team/provider", url.Values{"label": {"Example Login"}, "issuer": {there.Issuer}, "client_id": {providertest.ClientID}, "secret": {providertest.Secret},
		"domains": {domains}, "role": {role}})
	if r.StatusCode != http.StatusSeeOther {
		t.Fatalf("setting the provider = %d:\n%s", r.StatusCode, text(t, r))
	}
	return w, boss, there
}

var goesTo = regexp.MustCompile(`^0; url=(https://.*)$`)

// visit signs in at the provider as the owner of these claims and returns the
// answer to the way back.
func (b *browser) visit(there *providertest.Provider, claims map[string]any, more url.Values) *http.Response {
	b.t.Helper()
	if more == nil {
		more = url.Values{"back": {"/campaigns"}}
	}
	r := b.send("POST", "/sign-in/provider", more)
	m := goesTo.FindStringSubmatch(r.Header.Get("Refresh"))
	page := text(b.t, r)
	if m == nil || !strings.Contains(html.UnescapeString(page), m[1]) {
		b.t.Fatalf("the page that leads there = %d, Refresh %q:\n%s", r.StatusCode, r.Header.Get("Refresh"), page)
	}
	return b.send("GET", strings.TrimPrefix(there.Approve(m[1], claims), b.house.URL), nil, "Sec-Fetch-Site", "cross-site")
}

func TestSigningInAtAProvider(t *testing.T) {
	t.Parallel()
	w, boss, there := withProvider(t, "", "")
	ada := w.ada()
	if page := text(t, w.browser().send("GET", "/", nil)); !strings.Contains(page, "Sign in with Example Login") {
		t.Fatal("the page that asks has no button")
	}
	b := w.browser()
	claims := map[string]any{"sub": "42", "email": "ADA@desk.example", "email_verified": true, "name": "Ada L."}
	if r := b.visit(there, claims, nil); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/campaigns" {
		t.Fatalf("Ada comes back = %d:\n%s", r.StatusCode, text(t, r))
	}
	if page := text(t, b.send("GET", "/account", nil)); !strings.Contains(page, "ada@desk.example") {
		t.Error("she is not signed in as herself")
	}
	// The account is hers by its subject from now on, whatever its address is.
	claims["email"], claims["email_verified"] = "other@desk.example", false
	if r := w.browser().visit(there, claims, nil); r.StatusCode != http.StatusSeeOther {
		t.Errorf("with another address there = %d", r.StatusCode)
	}
	for name, claims := range map[string]map[string]any{
		"a stranger":              {"sub": "43", "email": "eve@desk.example", "email_verified": true},
		"an address unchecked":    {"sub": "44", "email": "ada@desk.example", "email_verified": false},
		"no address at all":       {"sub": "45"},
		"an owner's, unchecked":   {"sub": "46", "email": "owner@example.org"},
		"hers, checked by no one": {"sub": "47", "email": "ada@desk.example", "email_verified": "no"},
	} {
		r := w.browser().visit(there, claims, nil)
		if r.StatusCode != http.StatusForbidden || !strings.Contains(text(t, r), "Ask an owner") {
			t.Errorf("%s = %d, want 403", name, r.StatusCode)
		}
	}
	if got := storetest.One[string](t, w.store, `SELECT secret FROM identity_providers`); strings.Contains(got, providertest.Secret) || got == "" {
		t.Errorf("the client secret is kept as %q", got)
	}
	if page := text(t, boss.do("GET", "/team/provider", nil)); strings.Contains(page, providertest.Secret) {
		t.Error("the page shows the client secret")
	}
	if err := w.office.RemoveOperator(context.Background(), "test", ada.ID); err != nil {
		t.Fatal(err)
	}
	if r := w.browser().visit(there, map[string]any{"sub": "42", "email": "ada@desk.example", "email_verified": true}, nil); r.StatusCode != http.StatusForbidden {
		t.Errorf("whoever was removed = %d, want 403", r.StatusCode)
	}
	if r := post(boss, "/team/provider/remove", nil); r.StatusCode != http.StatusSeeOther {
		t.Errorf("removing it = %d", r.StatusCode)
	}
	if r := w.browser().send("POST", "/sign-in/provider", nil); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a provider = %d", r.StatusCode)
	}
}

func TestProviderLetsItsDomainsJoin(t *testing.T) {
	t.Parallel()
	w, _, there := withProvider(t, "desk.example, @Example.NET", "reviewer")
	b := w.browser()
	if r := b.visit(there, map[string]any{"sub": "1", "email": "new@example.net", "email_verified": true, "name": "Newcomer"}, nil); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("somebody of the domain = %d:\n%s", r.StatusCode, text(t, r))
	}
	o, err := w.office.FindOperator(context.Background(), "new@example.net")
	if err != nil || o.Role != organisation.Reviewer || o.Name != "Newcomer" || o.Password {
		t.Errorf("they joined as %+v, %v", o, err)
	}
	for name, claims := range map[string]map[string]any{
		"another domain":       {"sub": "2", "email": "eve@evil.example", "email_verified": true},
		"a domain like it":     {"sub": "3", "email": "eve@notdesk.example", "email_verified": true},
		"below it":             {"sub": "4", "email": "eve@sub.desk.example", "email_verified": true},
		"unchecked":            {"sub": "5", "email": "eve@desk.example"},
		"in the team, outside": {"sub": "6", "email": "owner@example.org", "email_verified": true},
	} {
		if r := w.browser().visit(there, claims, nil); r.StatusCode != http.StatusForbidden {
			t.Errorf("%s = %d, want 403", name, r.StatusCode)
		}
	}
}

func TestTheWayBackIsOneBrowsersAndOnce(t *testing.T) {
	t.Parallel()
	w, _, there := withProvider(t, "", "")
	w.ada()
	claims := map[string]any{"sub": "42", "email": "ada@desk.example", "email_verified": true}
	hers, evil := w.browser(), w.browser()
	going := goesTo.FindStringSubmatch(evil.send("POST", "/sign-in/provider", nil).Header.Get("Refresh"))[1]
	back := strings.TrimPrefix(there.Approve(going, map[string]any{"sub": "66"}), w.house.URL)
	// A way back that somebody else has begun must not sign her in as them.
	for name, b := range map[string]*browser{"without a cookie": w.browser(), "with her own": hers} {
		if name == "with her own" {
			hers.send("POST", "/sign-in/provider", nil)
		}
		if r := b.send("GET", back, nil); r.StatusCode == http.StatusOK || len(b.jar) > 1 {
			t.Errorf("%s: somebody else's way back = %d %v", name, r.StatusCode, b.jar)
		}
	}
	b := w.browser()
	r := b.visit(there, claims, nil)
	if r.StatusCode != http.StatusSeeOther {
		t.Fatalf("her own = %d", r.StatusCode)
	}
	if r := w.browser().send("GET", "/sign-in/provider/back?code=x&state=y", nil); r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/sign-in" {
		t.Errorf("a made-up way back = %d", r.StatusCode)
	}
	// What was typed before comes along.
	w.now = w.now.Add(25 * time.Hour)
	page := text(t, b.send("POST", "/account", url.Values{"name": {"Ada & Bo"}}))
	r = b.visit(there, claims, url.Values{"kept": {hidden(t, page, "kept")}})
	if r.StatusCode != http.StatusOK {
		t.Fatalf("back with something typed = %d", r.StatusCode)
	}
	if r := b.send("POST", "/sign-in/resume", url.Values{"kept": {hidden(t, text(t, r), "kept")}}); r.StatusCode != http.StatusSeeOther {
		t.Errorf("sending it on = %d", r.StatusCode)
	}
	if n := storetest.One[int64](t, w.store, `SELECT count(*) FROM operators WHERE name = 'Ada & Bo'`); n != 1 {
		t.Error("what was typed is lost")
	}
}

func TestProviderSettingsAreChecked(t *testing.T) {
	t.Parallel()
	w, boss, there := withProvider(t, "", "")
	good := url.Values{"label": {"Example Login"}, "issuer": {there.Issuer}, "client_id": {providertest.ClientID}}
	if r := post(boss, "/team/provider", good); r.StatusCode != http.StatusSeeOther {
		t.Errorf("without the secret again = %d:\n%s", r.StatusCode, text(t, r))
	}
	other := providertest.Start(t, func() time.Time { return w.now })
	for name, c := range map[string]struct{ field, value string }{
		"over http":          {"issuer", strings.Replace(there.Issuer, "https", "http", 1)},
		"nobody there":       {"issuer", "https://127.0.0.1:1"},
		"another provider":   {"issuer", other.Issuer}, // its certificate is unknown
		"another client":     {"client_id", "another"},
		"a domain":           {"domains", "not a domain!"},
		"joins from all":     {"role", "editor"},
		"a role that is not": {"role", "king"},
	} {
		values := url.Values{}
		for k, v := range good {
			values[k] = v
		}
		values.Set(c.field, c.value)
		r := post(boss, "/team/provider", values)
		if page := text(t, r); r.StatusCode != http.StatusUnprocessableEntity || !strings.Contains(page, `class="bad"`) || !strings.Contains(page, there.Issuer) && c.field != "issuer" {
			t.Errorf("%s = %d", name, r.StatusCode)
		}
	}
	if got := storetest.One[string](t, w.store, `SELECT issuer || ' ' || client_id FROM identity_providers`); got != there.Issuer+" "+providertest.ClientID {
		t.Errorf("kept is %q", got)
	}
}
