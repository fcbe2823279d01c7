package admin

import (
	"context"
	"net/http"
	"strings"
	"testing"

	"postrider/organisation"
	"postrider/web/respond"
)

// as signs an operator in with that role and returns the world as they see it.
func (w *world) as(role organisation.Role) *world {
	w.t.Helper()
	ctx := context.Background()
	if all, err := w.office.Operators(ctx); err != nil || len(all) == 0 {
		if _, err := w.office.AddOperator(ctx, "test", organisation.Operator{Email: "first@example.org", Name: "First", Role: organisation.Owner}, "", true); err != nil {
			w.t.Fatal(err)
		}
	}
	email := string(role) + "@example.org"
	o, err := w.office.FindOperator(ctx, email)
	if err != nil {
		if o, err = w.office.AddOperator(ctx, "test", organisation.Operator{Email: email, Name: "The " + string(role), Role: role}, "", false); err != nil {
			w.t.Fatal(err)
		}
	}
	secret, err := w.porter.Begin(ctx, o, organisation.ByPassword, organisation.Visit{Network: "192.0.2.0/24"})
	if err != nil {
		w.t.Fatal(err)
	}
	seen := *w
	seen.writer = o.ID.String()
	seen.cookie = &http.Cookie{Name: "postrider_" + w.house.Keys.Fingerprint()[:8], Value: secret}
	return &seen
}

// spellings of a path that a careless comparison would let through.
func spellings(path string) []string {
	return []string{path, path + "/", "/" + path, strings.ToUpper(path), path + "?a=b", strings.Replace(path, "/", "/./", 1), path + "%2f"}
}

// TestEveryRouteHasItsRole asks every route of the table as every role, and as
// nobody, in spellings that a comparison of texts would miss.
func TestEveryRouteHasItsRole(t *testing.T) {
	t.Parallel()
	w := build(t)
	visitors := map[organisation.Role]*world{"": w}
	for _, role := range organisation.Roles() {
		visitors[role] = w.as(role)
	}
	roles := map[respond.Needs]bool{anyone: true}
	for _, role := range organisation.Roles() {
		roles[respond.Needs(role)] = true
	}
	for _, route := range w.house.routes() {
		if !roles[route.Needs] {
			t.Errorf("%s needs %q, which is nobody's role: say who may use it", route.Pattern, route.Needs)
			continue
		}
		method, pattern, _ := strings.Cut(route.Pattern, " ")
		methods := []string{method}
		if method == "GET" {
			methods = append(methods, "HEAD")
		}
		for role, visitor := range visitors {
			may := route.Needs == anyone || role.May(organisation.Role(route.Needs))
			if may && method != "GET" {
				continue // it would do it; the tests of each page see to that
			}
			for _, m := range methods {
				for i, path := range spellings(w.path(pattern)) {
					r := visitor.do(m, path, nil, "Sec-Fetch-Site", "same-origin", "X-HTTP-Method-Override", "GET", "X-Original-URL", "/sign-in")
					denied := r.StatusCode == http.StatusForbidden || r.StatusCode == http.StatusUnauthorized
					switch {
					case i == 0 && may && denied:
						t.Errorf("%s %s as %q = %d: its role may use it", m, path, role, r.StatusCode)
					case i == 0 && !may && !denied:
						t.Errorf("%s %s as %q = %d: its role may not use it", m, path, role, r.StatusCode)
					case i > 0 && !may && r.StatusCode < 300:
						t.Errorf("%s %s as %q = %d: another spelling opens it", m, path, role, r.StatusCode)
					}
				}
			}
		}
	}
}

// TestOtherSitesMayAskForNothing sends every request that changes something as
// a page of another site would.
func TestOtherSitesMayAskForNothing(t *testing.T) {
	t.Parallel()
	w := build(t)
	boss := w.as(organisation.Owner)
	for _, route := range w.house.routes() {
		method, pattern, _ := strings.Cut(route.Pattern, " ")
		if method == "GET" {
			continue
		}
		for _, headers := range [][]string{
			{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://evil.example"}, {"Origin", "null"},
			{"Origin", "http://127.0.0.1:9999"},
		} {
			if r := boss.do(method, w.path(pattern), nil, headers...); r.StatusCode != http.StatusForbidden || len(r.Cookies()) > 0 {
				t.Errorf("%s from elsewhere (%v) = %d, want 403 and no cookie", route.Pattern, headers, r.StatusCode)
			}
		}
	}
}

func TestAuditNamesWhoDidIt(t *testing.T) {
	t.Parallel()
	w := build(t)
	editor := w.as(organisation.Editor)
	if r := editor.do("POST", editionURL(w.edition)+"/pause", nil, "Sec-Fetch-Site", "same-origin"); r.StatusCode != http.StatusSeeOther {
		t.Fatalf("pausing = %d", r.StatusCode)
	}
	o, err := w.office.FindOperator(context.Background(), "editor@example.org")
	if err != nil {
		t.Fatal(err)
	}
	w.wantAudit("paused", o.ID.String()+" The editor")
}
