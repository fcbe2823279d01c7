package public

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/events"
	"postrider/internal/ids"
	"postrider/internal/tokens"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
	"postrider/templates"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// world is an installation with one list, one reader and one edition.
type world struct {
	t       *testing.T
	store   *store.Store
	keys    tokens.Keys
	shares  *events.Shares
	handler http.Handler
	log     *bytes.Buffer

	edition   campaigns.EditionID
	recipient delivery.RecipientID
	reader    subscribers.ID
}

func build(t *testing.T) *world {
	t.Helper()
	ctx := context.Background()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{Now: func() time.Time { return noon }})
	keys, err := tokens.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return noon }
	w := &world{t: t, store: s, keys: keys, log: &bytes.Buffer{}}
	log := slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	registry := &subscribers.Registry{Store: s, Now: now, Hash: func(canonical string) []string { return keys.Hashes(tokens.Forgotten, canonical) }}
	w.shares = &events.Shares{Log: s, Logger: log}
	office := &organisation.Office{Store: s, Now: now}
	org := organisation.Default()
	org.Name, org.Accent, org.Sender = "Example Desk", "#8a1c7c", "Desk <news@example.org>"
	if _, err := office.Set(ctx, "test", org); err != nil {
		t.Fatal(err)
	}
	for _, l := range [][2]string{{"weekly", "The weekly recap"}, {"other", "Other news"}} {
		if _, err := registry.CreateList(ctx, "test", l[0], l[1]); err != nil {
			t.Fatal(err)
		}
	}
	ada, err := registry.Add(ctx, "test", subscribers.Newcomer{Email: "ada.canary@example.org", Name: "Ada", Lists: []string{"weekly", "other"}})
	if err != nil {
		t.Fatal(err)
	}
	w.reader = ada.ID
	library := &recaps.Library{Store: s, Now: now}
	saved, err := library.Keep(ctx, "test", recaps.Sample(), "sample")
	if err != nil {
		t.Fatal(err)
	}
	desk := &campaigns.Desk{Store: s, Library: library, Office: office, BaseURL: "https://news.example.org", Now: now}
	e, err := desk.Publish(ctx, "test", campaigns.Publication{Recap: saved, ListNames: []string{"weekly"}})
	if err != nil {
		t.Fatal(err)
	}
	w.edition = e.ID
	w.handler = Handler(Deps{Store: s, Registry: registry, Keys: keys, Shares: w.shares, Base: "https://news.example.org", Now: now, Log: log})
	return w
}

// open sends the edition's audience into the ledger, which makes it public.
func (w *world) open() *world {
	w.t.Helper()
	ctx := context.Background()
	e, err := w.store.Edition(ctx, w.edition.String())
	if err != nil {
		w.t.Fatal(err)
	}
	desk := &campaigns.Desk{Store: w.store, Now: func() time.Time { return noon }}
	if err := desk.Freeze(ctx, e, noon); err != nil {
		w.t.Fatal(err)
	}
	if _, err := w.store.FreezeSome(ctx, e, 100); err != nil {
		w.t.Fatal(err)
	}
	all, err := w.store.Recipients(ctx, w.edition, "", 0, 10)
	if err != nil || len(all) != 1 {
		w.t.Fatalf("the ledger has %d rows, %v; want 1", len(all), err)
	}
	w.recipient = all[0].ID
	return w
}

func (w *world) token(p tokens.Purpose) string { return w.keys.Token(p, int64(w.recipient)) }

func (w *world) do(method, path string, body io.Reader, header ...string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(method, "https://news.example.org"+path, body)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result()
}

func text(t *testing.T, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// state is every row that a request could change.
func (w *world) state() string {
	w.t.Helper()
	var out strings.Builder
	for _, q := range []string{
		`SELECT list_id || ' ' || state || ' ' || updated_at FROM memberships ORDER BY 1`,
		`SELECT id || ' ' || state || ' ' || updated_at FROM recipients ORDER BY 1`,
		`SELECT id || ' ' || state || ' ' || updated_at FROM editions ORDER BY 1`,
		`SELECT id || ' ' || action FROM audit_log ORDER BY 1`,
		`SELECT id || ' ' || kind FROM events ORDER BY 1`,
		`SELECT id || ' ' || action FROM consents ORDER BY 1`,
	} {
		fmt.Fprintln(&out, storetest.Column[string](w.t, w.store, q))
	}
	return out.String()
}

func TestReadingChangesNothing(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	before := w.state()
	slug := recaps.Sample().Slug
	paths := map[string]int{
		"/": 200, "/r/" + slug: 200, "/r/" + slug + "/1": 200, "/r/" + slug + "/99": 404, "/r/" + slug + "/01": 404, "/r/none": 404,
		"/s/" + w.edition.String() + "/x": 302, "/s/" + w.edition.String() + "/2/facebook": 302, "/s/" + w.edition.String() + "/viber": 200,
		"/s/" + w.edition.String() + "/nowhere": 404, "/s/" + w.edition.String() + "/99/x": 404, "/s/0000000000000/x": 404,
		"/u/" + w.token(tokens.Unsubscribe): 200, "/p/" + w.token(tokens.Preferences): 200,
		"/robots.txt": 200, "/healthz": 200, "/.well-known/postrider": 200, "/?before=junk": 404, "/nothing": 404, "/assets/none.css": 404,
	}
	for path, want := range paths {
		for _, method := range []string{http.MethodGet, http.MethodHead} {
			r := w.do(method, path, nil)
			if r.StatusCode != want {
				t.Errorf("%s %s = %d, want %d", method, path, r.StatusCode, want)
			}
			if r.Header.Get("Set-Cookie") != "" {
				t.Errorf("%s %s sets a cookie", method, path)
			}
			if csp := r.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("%s %s: policy %q", method, path, csp)
			}
			if r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("X-Frame-Options") != "DENY" {
				t.Errorf("%s %s lacks a safety header: %v", method, path, r.Header)
			}
		}
	}
	if after := w.state(); after != before {
		t.Errorf("reading changed rows:\n%s\nwas\n%s", after, before)
	}
}

func TestPagesAreSecretUntilTheFirstLease(t *testing.T) {
	t.Parallel()
	w := build(t)
	slug := recaps.Sample().Slug
	for _, path := range []string{"/r/" + slug, "/r/" + slug + "/1", "/s/" + w.edition.String() + "/x"} {
		if got := w.do("GET", path, nil).StatusCode; got != 404 {
			t.Errorf("GET %s = %d before the edition is public, want 404", path, got)
		}
	}
	w.open()
	for path, want := range map[string]int{"/r/" + slug: 200, "/s/" + w.edition.String() + "/x": 302} {
		if got := w.do("GET", path, nil).StatusCode; got != want {
			t.Errorf("GET %s = %d, want %d", path, got, want)
		}
	}
}

func TestPageIsServedAsStoredWithItsTag(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	path := "/r/" + recaps.Sample().Slug
	stored, err := w.store.EditionPage(t.Context(), w.edition, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := w.do("GET", path, nil)
	if got := text(t, r); got != string(stored) {
		t.Error("the page is not the stored bytes")
	}
	if csp := r.Header.Get("Content-Security-Policy"); !strings.Contains(csp, templates.PageStyleHash()) || !strings.Contains(csp, templates.PageAccentHash("#8a1c7c")) {
		t.Errorf("policy %q lets the page's own style not pass", csp)
	}
	tag := r.Header.Get("ETag")
	again := w.do("GET", path, nil, "If-None-Match", `"other", W/`+tag)
	if again.StatusCode != http.StatusNotModified || text(t, again) != "" {
		t.Errorf("with the same tag: %d, want 304 without a body", again.StatusCode)
	}
	// Nothing that a request says may change what others get from a cache.
	for _, h := range [][2]string{{"X-Forwarded-Host", "evil.example"}, {"Host", "evil.example"}, {"Accept-Language", "sv"}, {"Accept", "application/json"},
		{"X-Original-URL", "/admin"}, {"Cookie", "a=b"}, {"User-Agent", "<script>"}} {
		if got := text(t, w.do("GET", path, nil, h[0], h[1])); got != string(stored) {
			t.Errorf("header %s changes the page", h[0])
		}
	}
}

func TestShareIsCountedOnceForGetAndNotForHead(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	path := "/s/" + w.edition.String() + "/2/x"
	r := w.do("GET", path, nil, "User-Agent", "Mozilla/5.0 (a person's)")
	if to := r.Header.Get("Location"); !strings.HasPrefix(to, "https://x.com/intent/tweet?") {
		t.Errorf("leads to %q", to)
	}
	w.do("HEAD", path, nil, "User-Agent", "Mozilla/5.0 (a person's)")
	w.do("GET", path, nil, "User-Agent", "Slackbot 1.0")
	w.shares.Flush(t.Context())
	got, err := w.store.Shares(t.Context(), w.edition)
	if err != nil || len(got) != 1 || got[0].People != 1 || got[0].Machines != 1 || got[0].N != 2 || got[0].Network != "x" {
		t.Errorf("shares %+v, %v; want 1 person and 1 machine on x, takeaway 2", got, err)
	}
}

func TestOneClickUnsubscribes(t *testing.T) {
	t.Parallel()
	var form bytes.Buffer
	m := multipart.NewWriter(&form)
	_ = m.WriteField("List-Unsubscribe", "One-Click")
	_ = m.Close()
	for name, c := range map[string]struct{ body, kind string }{
		"urlencoded": {"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"},
		"multipart":  {form.String(), m.FormDataContentType()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := build(t).open()
			for try := range 3 { // mail programs repeat it
				r := w.do("POST", "/u/"+w.token(tokens.Unsubscribe), strings.NewReader(c.body), "Content-Type", c.kind,
					"Sec-Fetch-Site", "cross-site", "Origin", "https://mail.example.com")
				if r.StatusCode != 200 || r.Header.Get("Location") != "" || r.Header.Get("Set-Cookie") != "" {
					t.Fatalf("try %d: %d %v, want a plain 200", try, r.StatusCode, r.Header)
				}
				if kind := r.Header.Get("Content-Type"); kind != "text/plain; charset=utf-8" {
					t.Errorf("try %d answers %s", try, kind)
				}
			}
			w.wantMemberships(t, map[string]string{"weekly": "unsubscribed", "other": "active"})
			if got := storetest.One[string](t, w.store, `SELECT state FROM recipients`); got != "suppressed" {
				t.Errorf("the mail that waits is %s, want suppressed", got)
			}
		})
	}
}

func (w *world) wantMemberships(t *testing.T, want map[string]string) {
	t.Helper()
	for list, state := range want {
		got := storetest.One[string](t, w.store, `SELECT m.state FROM memberships m JOIN lists l ON l.id = m.list_id WHERE l.name = $1`, list)
		if got != state {
			t.Errorf("on %s: %s, want %s", list, got, state)
		}
	}
}

func TestUnsubscribePageActsOnlyOnItsButton(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	path := "/u/" + w.token(tokens.Unsubscribe)
	page := text(t, w.do("GET", path, nil))
	if !strings.Contains(page, "a•••@e•••.org") || !strings.Contains(page, "The weekly recap") || strings.Contains(page, "ada.canary") {
		t.Errorf("the page shows the wrong things:\n%s", page)
	}
	for _, body := range []string{"", "x=1", "leave=no", "List-Unsubscribe=Two-Clicks"} {
		r := w.do("POST", path, strings.NewReader(body), "Content-Type", "application/x-www-form-urlencoded")
		if r.StatusCode != http.StatusBadRequest {
			t.Errorf("POST %q = %d, want 400", body, r.StatusCode)
		}
	}
	w.wantMemberships(t, map[string]string{"weekly": "active"})
	r := w.do("POST", path, strings.NewReader("leave=yes"), "Content-Type", "application/x-www-form-urlencoded")
	if page := text(t, r); r.StatusCode != 200 || !strings.Contains(page, "You are unsubscribed") {
		t.Errorf("the button's answer: %d\n%s", r.StatusCode, page)
	}
	w.wantMemberships(t, map[string]string{"weekly": "unsubscribed", "other": "active"})
	if page := text(t, w.do("GET", path, nil)); !strings.Contains(page, "already unsubscribed") {
		t.Error("the link does not say that the reader has left")
	}
}

func TestBusyDatabaseIsNeverASuccess(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	// A trigger stands for the full disk: the change cannot be made.
	storetest.Exec(t, w.store, `CREATE TRIGGER full BEFORE UPDATE ON memberships BEGIN SELECT RAISE(ABORT, 'disk full'); END`)
	r := w.do("POST", "/u/"+w.token(tokens.Unsubscribe), strings.NewReader("List-Unsubscribe=One-Click"), "Content-Type", "application/x-www-form-urlencoded")
	if r.StatusCode < 500 || strings.Contains(text(t, r), "You are unsubscribed") {
		t.Errorf("answers %d although nothing was changed", r.StatusCode)
	}
	w.wantMemberships(t, map[string]string{"weekly": "active"})
}

func TestTokensAreForOnePurposeAndUnforgeable(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	good := w.token(tokens.Unsubscribe)
	bad := []string{
		w.token(tokens.Preferences), w.token(tokens.Bounce), good[:27], good + "A", strings.ToLower(good), "x", strings.Repeat("A", 28),
		w.keys.Token(tokens.Unsubscribe, int64(ids.Block(1))), // ours, but of nobody
	}
	for i := range good {
		b := []byte(good)
		b[i] = map[bool]byte{true: 'B', false: 'A'}[b[i] == 'A']
		bad = append(bad, string(b))
	}
	before := w.state()
	for _, token := range bad {
		if got := w.do("GET", "/u/"+token, nil).StatusCode; got != 404 {
			t.Errorf("GET /u/%s = %d, want 404", token, got)
		}
		r := w.do("POST", "/u/"+token, strings.NewReader("List-Unsubscribe=One-Click"), "Content-Type", "application/x-www-form-urlencoded")
		if r.StatusCode != 404 {
			t.Errorf("POST /u/%s = %d, want 404", token, r.StatusCode)
		}
	}
	if got := w.do("GET", "/p/"+good, nil).StatusCode; got != 404 {
		t.Errorf("the unsubscribe token opens the preferences: %d", got)
	}
	if w.state() != before {
		t.Error("a forged token changed something")
	}
}

func TestPreferencesSaveWhatIsTicked(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	path := "/p/" + w.token(tokens.Preferences)
	lists := storetest.Column[int64](t, w.store, `SELECT id FROM lists WHERE name = 'other'`)
	other := subscribers.ListID(lists[0]).String()
	body := "save=yes&list=" + other + "&list=0000000000zzz"
	kind := []string{"Content-Type", "application/x-www-form-urlencoded"}
	cross := w.do("POST", path, strings.NewReader(body), append(kind, "Sec-Fetch-Site", "cross-site")...)
	if cross.StatusCode != http.StatusForbidden {
		t.Errorf("a cross-site POST answers %d, want 403", cross.StatusCode)
	}
	w.wantMemberships(t, map[string]string{"weekly": "active", "other": "active"})
	if r := w.do("POST", path, strings.NewReader(body), kind...); r.StatusCode != 200 || !strings.Contains(text(t, r), "Saved") {
		t.Errorf("saving answers %d", r.StatusCode)
	}
	w.wantMemberships(t, map[string]string{"weekly": "unsubscribed", "other": "active"})
	weekly := subscribers.ListID(storetest.One[int64](t, w.store, `SELECT id FROM lists WHERE name = 'weekly'`)).String()
	w.do("POST", path, strings.NewReader("save=yes&list="+weekly), kind...)
	w.wantMemberships(t, map[string]string{"weekly": "active", "other": "unsubscribed"})
	if page := text(t, w.do("GET", path, nil)); strings.Contains(page, "ada.canary") || !strings.Contains(page, "a•••@e•••.org") {
		t.Error("the page shows the address")
	}
}

// Unsubscribing is what mail programs post; signing up is what forms on other
// sites post, and all that it does is ask the address by mail.
func TestOtherSitesMayPostOnlyToUnsubscribeAndSignUp(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	h := open(Deps{Store: w.store, Keys: w.keys, Now: func() time.Time { return noon }, Log: slog.New(slog.DiscardHandler)})
	for _, route := range h.routes() {
		method, pattern, _ := strings.Cut(route.Pattern, " ")
		path := strings.NewReplacer("{$}", "", "{slug}", "a", "{n}", "1", "{edition}", "b", "{network}", "x", "{token}", "t", "{step}", "data").Replace(pattern)
		for _, m := range []string{"POST", "PUT", "PATCH", "DELETE"} {
			r := w.do(m, path, nil, "Sec-Fetch-Site", "cross-site", "Origin", "https://evil.example")
			want := http.StatusForbidden
			if (strings.HasPrefix(path, "/u/") || path == "/subscribe") && m == "POST" {
				want = http.StatusNotFound // passed the door; the token is nobody's, no list is public
			}
			if r.StatusCode != want {
				t.Errorf("cross-site %s %s = %d, want %d", m, path, r.StatusCode, want)
			}
			same := w.do(m, path, nil)
			if m != method && same.StatusCode != http.StatusMethodNotAllowed && !(m == "POST" && (strings.HasPrefix(path, "/u/") || strings.HasPrefix(path, "/p/") || strings.HasPrefix(path, "/confirm/") || strings.HasPrefix(path, "/own/") || path == "/subscribe")) {
				t.Errorf("%s %s = %d, want 405", m, path, same.StatusCode)
			}
			if same.StatusCode == http.StatusMethodNotAllowed && !strings.Contains(same.Header.Get("Allow"), method) {
				t.Errorf("%s %s: Allow %q", m, path, same.Header.Get("Allow"))
			}
		}
	}
}

func TestBodiesAreBounded(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	r := w.do("POST", "/u/"+w.token(tokens.Unsubscribe), strings.NewReader("leave=yes&x="+strings.Repeat("x", 1<<20)), "Content-Type", "application/x-www-form-urlencoded")
	if r.StatusCode != http.StatusRequestEntityTooLarge {
		t.Errorf("a megabyte answers %d, want 413", r.StatusCode)
	}
	w.wantMemberships(t, map[string]string{"weekly": "active"})
}

func TestLogKnowsNoReader(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	for _, p := range []tokens.Purpose{tokens.Unsubscribe, tokens.Preferences} {
		w.do("GET", "/u/"+w.token(p)+"?email=ada.canary@example.org", nil)
		w.do("GET", "/p/"+w.token(p), nil)
	}
	w.do("POST", "/u/"+w.token(tokens.Unsubscribe), strings.NewReader("leave=yes"), "Content-Type", "application/x-www-form-urlencoded")
	log := w.log.String()
	if !strings.Contains(log, "/u/{token}") {
		t.Fatalf("nothing was logged:\n%s", log)
	}
	for _, canary := range []string{"ada.canary", "email=", w.token(tokens.Unsubscribe), w.token(tokens.Preferences)} {
		if strings.Contains(log, canary) {
			t.Errorf("the log holds %q:\n%s", canary, log)
		}
	}
}

func TestWellKnownTellsTheInstallation(t *testing.T) {
	t.Parallel()
	w := build(t)
	var got map[string]string
	if err := json.NewDecoder(w.do("GET", "/.well-known/postrider", nil).Body).Decode(&got); err != nil || got["postrider"] != w.keys.Fingerprint() {
		t.Errorf("%v, %v; want the fingerprint %s", got, err, w.keys.Fingerprint())
	}
}

func TestArchiveListsEachRecapOnce(t *testing.T) {
	t.Parallel()
	w := build(t)
	if page := text(t, w.do("GET", "/", nil)); strings.Contains(page, "/r/") || !strings.Contains(page, "Nothing has been published yet") {
		t.Errorf("the archive shows what is not public:\n%s", page)
	}
	w.open()
	page := text(t, w.do("GET", "/", nil))
	if strings.Count(page, `href="/r/`) != 1 || !strings.Contains(page, "Example Desk") || !strings.Contains(page, "--organisation:#8a1c7c") {
		t.Errorf("the archive:\n%s", page)
	}
}
