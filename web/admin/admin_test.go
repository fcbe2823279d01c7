package admin

import (
	"bytes"
	"context"
	"encoding/csv"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/events"
	"postrider/internal/auth"
	"postrider/internal/secrets"
	"postrider/internal/tokens"
	"postrider/internal/words"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/recaps/media"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

const token = "a-token-of-the-test"

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

type world struct {
	t          testing.TB
	store      *store.Store
	desk       *campaigns.Desk
	office     *organisation.Office
	porter     *organisation.Porter
	invitation organisation.InvitationID
	house      *house
	handler    http.Handler
	cookie     *http.Cookie
	now        time.Time
	edition    campaigns.EditionID
	ids        map[string]string // by a part of a pattern
	lang       string            // chosen, empty for none
	links      *answering
	writer     string // whose manuscripts it sees
}

const evil = `<script>alert(1)</script>"'><img src=x onerror=alert(2)>`

func build(t testing.TB) *world {
	t.Helper()
	ctx := context.Background()
	w := &world{t: t, now: noon, writer: "operator", links: &answering{}}
	now := func() time.Time { return w.now }
	w.store = storetest.Open(t, storetest.SQLite(t), store.Options{Now: now})
	keys, err := tokens.New(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	registry := &subscribers.Registry{Store: w.store, Now: now,
		Hash: func(canonical string) []string { return keys.Hashes(tokens.Forgotten, canonical) }}
	office := &organisation.Office{Store: w.store, Now: now}
	org := organisation.Default()
	org.Name, org.Sender, org.Zone = "Example Desk", "Desk <news@example.org>", "Europe/Stockholm"
	if _, err := office.Set(ctx, "test", org); err != nil {
		t.Fatal(err)
	}
	if _, err := registry.CreateList(ctx, "test", "weekly", "The weekly recap"); err != nil {
		t.Fatal(err)
	}
	for _, a := range []string{"ada@example.org", "+formula@example.org", "bo@example.org"} {
		if _, err := registry.Add(ctx, "test", subscribers.Newcomer{Email: a, Lists: []string{"weekly"}}); err != nil {
			t.Fatal(err)
		}
	}
	recap := recaps.Sample()
	recap.Title += " " + evil
	library := &recaps.Library{Store: w.store, Now: now}
	saved, err := library.Keep(ctx, "test", recap, "sample")
	if err != nil {
		t.Fatal(err)
	}
	w.desk = &campaigns.Desk{Store: w.store, Library: library, Office: office, BaseURL: "https://news.example.org", Now: now}
	if _, err := w.desk.Create(ctx, "test", campaigns.Campaign{Name: "Tuesdays " + evil, Recap: saved.ID, ListNames: []string{"weekly"},
		Sender: org.Sender, Schedule: "weekly tue 09:00", Zone: "Europe/Stockholm"}); err != nil {
		t.Fatal(err)
	}
	e, err := w.desk.Publish(ctx, "test", campaigns.Publication{Recap: saved, ListNames: []string{"weekly"}})
	if err != nil {
		t.Fatal(err)
	}
	w.edition = e.ID
	notebook := &recaps.Notebook{Store: w.store, Now: now}
	if err := w.desk.Freeze(ctx, e, noon); err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.FreezeSome(ctx, e, 100); err != nil {
		t.Fatal(err)
	}
	if err := w.store.AddShares(ctx, []events.ShareCount{{Edition: int64(e.ID), Day: "2026-11-23", Network: "x", People: 3, Machines: 1}}); err != nil {
		t.Fatal(err)
	}
	// One reader each in a state that has words of its own.
	all, err := w.store.Recipients(ctx, e.ID, "", 0, 10)
	if err != nil {
		t.Fatal(err)
	}
	set := `UPDATE recipients SET state = $2, code = $3, enhanced = $4, answer = $5, not_before = $6, attempts = 1 WHERE id = $1`
	storetest.Exec(t, w.store, set, int64(all[0].ID), "deferred", 451, "4.7.1", "slow down "+evil, noon.Add(42*time.Minute).UnixMilli())
	storetest.Exec(t, w.store, set, int64(all[1].ID), "refused", 550, "5.1.1", "=cmd|' /C calc'!A0", 0)
	sealer, err := secrets.New(bytes.Repeat([]byte{8}, 32))
	if err != nil {
		t.Fatal(err)
	}
	w.office = office
	w.porter = &organisation.Porter{Store: w.store, Hasher: auth.QuickHasher(), Secrets: sealer, Now: now}
	d := Deps{Store: w.store, Desk: w.desk, Library: library, Notebook: notebook, Album: &media.Album{Store: w.store, Now: now}, Office: office, Porter: w.porter, Keys: keys, Token: token, Links: w.links, Fetch: w.links.fetch, Remote: func(context.Context) (bool, error) { return true, nil }, Public: "https://news.example.org", URL: "http://127.0.0.1:8081", Now: now, Log: slog.New(slog.DiscardHandler)}
	invited, err := office.Invite(ctx, "test", organisation.Invitation{Email: "invited@example.org", Name: "Invited <script>alert(1)</script>", Role: organisation.Editor}, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.invitation = invited.ID
	w.furnish(&d, registry, sealer)
	w.house = open(d)
	w.handler = w.house.door.Handler(w.house.routes())
	return w
}

func (w *world) do(method, path string, body io.Reader, header ...string) *http.Response {
	w.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8081"+path, body)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	if w.cookie != nil {
		r.AddCookie(w.cookie)
	}
	if w.lang != "" {
		r.AddCookie(&http.Cookie{Name: langCookie, Value: w.lang})
	}
	rec := httptest.NewRecorder()
	w.handler.ServeHTTP(rec, r)
	return rec.Result()
}

func (w *world) signIn() *world {
	w.t.Helper()
	r := w.do("GET", "/?token="+token, nil)
	if r.StatusCode != http.StatusSeeOther || r.Header.Get("Location") != "/" || len(r.Cookies()) != 1 {
		w.t.Fatalf("the token answers %d %v", r.StatusCode, r.Header)
	}
	w.cookie = r.Cookies()[0]
	if !w.cookie.HttpOnly || w.cookie.SameSite != http.SameSiteLaxMode {
		w.t.Errorf("the cookie is %+v", w.cookie)
	}
	return w
}

func text(t testing.TB, r *http.Response) string {
	t.Helper()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// paths fills a pattern's names with things that exist.
func (w *world) path(pattern string) string {
	w.t.Helper()
	id := w.edition.String()
	switch {
	case strings.HasPrefix(pattern, "/team/"):
		if all := storetest.Column[int64](w.t, w.store, `SELECT id FROM operators WHERE email LIKE 'first%'`); len(all) > 0 {
			id = organisation.OperatorID(all[0]).String()
		}
	case strings.HasPrefix(pattern, "/invitations/"):
		id = w.invitation.String()
	case strings.HasPrefix(pattern, "/manuscripts/"):
		m, err := w.house.Notebook.Note(context.Background(), recaps.Manuscript{Actor: w.writer, Text: recaps.Sample().MarkdownSource()})
		if err != nil {
			w.t.Fatal(err)
		}
		id = m.ID.String()
	default:
		for _, table := range []string{"campaigns", "recaps"} {
			if strings.HasPrefix(pattern, "/"+table+"/") {
				id = campaigns.ID(storetest.One[int64](w.t, w.store, `SELECT min(id) FROM `+table)).String()
			}
		}
	}
	for part, other := range w.ids {
		if strings.Contains(pattern, part) {
			id = other
		}
	}
	return strings.NewReplacer("{$}", "", "{name}", w.ids["{name}"], "{file}", w.ids["{file}"], "{account}", w.ids["{account}"], "{post}", w.ids["{post}"], "{id}", id, "{what}", "mail", "{token}", w.house.Keys.Token(tokens.Invitation, int64(w.invitation))).Replace(pattern)
}

func TestNothingWithoutASession(t *testing.T) {
	t.Parallel()
	w := build(t)
	for _, route := range w.house.routes() {
		method, pattern, _ := strings.Cut(route.Pattern, " ")
		if route.Needs == anyone {
			continue
		}
		for _, path := range []string{w.path(pattern), "//" + w.path(pattern), w.path(pattern) + "?token=wrong-wrong-wrong-wrong"} {
			r := w.do(method, path, nil)
			page := text(t, r)
			if r.StatusCode != 401 && r.StatusCode != 403 || strings.Contains(page, "ada@example.org") || strings.Contains(page, "Tuesdays") {
				t.Errorf("%s %s without a session = %d", method, path, r.StatusCode)
			}
			if len(r.Cookies()) > 0 {
				t.Errorf("%s %s gives a cookie", method, path)
			}
		}
	}
	if got := storetest.One[string](t, w.store, `SELECT state FROM editions`); got != "sending" {
		t.Errorf("the edition is %s", got)
	}
}

func TestSessionsEnd(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	if got := w.do("GET", "/", nil).StatusCode; got != 200 {
		t.Fatalf("signed in: %d", got)
	}
	w.now = noon.Add(25 * time.Hour)
	if got := w.do("GET", "/", nil).StatusCode; got != 401 {
		t.Errorf("a day later: %d, want 401", got)
	}
	w.signIn()
	if got := w.do("POST", "/sign-out", nil).StatusCode; got != http.StatusSeeOther {
		t.Errorf("signing out: %d", got)
	}
	if got := w.do("GET", "/", nil).StatusCode; got != 401 {
		t.Errorf("after signing out: %d, want 401", got)
	}
	r := w.do("POST", "/sign-in", strings.NewReader("token="+token), "Content-Type", "application/x-www-form-urlencoded")
	if r.StatusCode != http.StatusSeeOther || len(r.Cookies()) != 1 {
		t.Errorf("the token typed: %d", r.StatusCode)
	}
	short := build(t)
	short.house.Token = ""
	if r := short.do("GET", "/?token=", nil); r.StatusCode != 401 {
		t.Errorf("an installation without a token lets in: %d", r.StatusCode)
	}
}

func TestEveryPageIsSafeAndChangesNothing(t *testing.T) {
	t.Parallel()
	for _, lang := range words.All() {
		t.Run(lang.Lang(), func(t *testing.T) {
			t.Parallel()
			everyPage(t, lang.Lang())
		})
	}
}

// everyPage looks at each page of the route table in one language.
func everyPage(t *testing.T, lang string) {
	t.Helper()
	w := build(t).as(organisation.Owner)
	w.lang = lang
	before := storetest.Column[string](t, w.store, `SELECT action || object FROM audit_log ORDER BY id`)
	// Each part of a tag by itself: a value in quotation marks may hold anything but such a mark.
	tag := regexp.MustCompile(`(?i)<script>alert|<img src=x|<[a-z](?:[^>"]|"[^"]*")*\s(on[a-z]+|style)\s*=|javascript:|ZgotmplZ|delivered|⟦`)
	for _, route := range w.house.routes() {
		method, pattern, _ := strings.Cut(route.Pattern, " ")
		if method != "GET" || pattern == "/assets/" || strings.HasPrefix(pattern, "/sign-in") { // for whoever is not signed in
			continue
		}
		for _, m := range []string{"GET", "HEAD"} {
			r := w.do(m, w.path(pattern), nil)
			if r.StatusCode != 200 {
				t.Errorf("%s %s = %d:\n%s", m, pattern, r.StatusCode, text(t, r))
				continue
			}
			policy := r.Header.Get("Content-Security-Policy")
			page := text(t, r)
			if strings.Contains(pattern, "/frame/") {
				if !strings.HasPrefix(policy, "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'") || strings.Contains(page, "<script>alert") {
					t.Errorf("%s: policy %q", pattern, policy)
				}
				continue
			}
			if strings.Contains(policy, "unsafe") || !strings.HasPrefix(policy, "default-src 'none'") {
				t.Errorf("%s: policy %q", pattern, policy)
			}
			if strings.HasPrefix(r.Header.Get("Content-Type"), "text/html") {
				if bad := tag.FindString(page); bad != "" {
					t.Errorf("%s holds %q", pattern, bad)
				}
				if !strings.Contains(page, `<html lang="`+lang+`"`) {
					t.Errorf("%s is not in %s", pattern, lang)
				}
			}
		}
	}
	after := storetest.Column[string](t, w.store, `SELECT action || object FROM audit_log ORDER BY id`)
	if strings.Join(before, " ") != strings.Join(after, " ") {
		t.Errorf("reading wrote to the audit log: %v, was %v", after, before)
	}
}

func TestHomeAnswersWhatIsNextAndWhoHasIt(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	page := text(t, w.do("GET", "/", nil))
	for _, want := range []string{"Tue 24 Nov, 09:00 Stockholm", "in 20 hours", "0 of 3 readers", "Every Tuesday"} {
		if !strings.Contains(page, want) {
			t.Errorf("the first page lacks %q", want)
		}
	}
	page = text(t, w.do("GET", editionURL(w.edition), nil))
	for _, want := range []string{"0 of 3 readers", "handed to the mail server", "1 reader at example.org waits until 13:42 Stockholm", "slow down", "rejected", "?state=refused", `hx-trigger="every 2s"`} {
		if !strings.Contains(page, want) {
			t.Errorf("the issue's page lacks %q", want)
		}
	}
	page = text(t, w.do("GET", editionURL(w.edition)+"/recipients?state=deferred", nil))
	if !strings.Contains(page, "ada@example.org") || strings.Contains(page, "bo@example.org") || !strings.Contains(page, "451 4.7.1") {
		t.Errorf("the readers who wait:\n%s", page)
	}
	if got := w.do("GET", editionURL(w.edition)+"/recipients?state=x'--", nil).StatusCode; got != 404 {
		t.Errorf("a state that does not exist: %d, want 404", got)
	}
}

func TestButtonsAskTheDesk(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	state := func() string { return storetest.One[string](t, w.store, `SELECT state FROM editions`) }
	for _, step := range []struct {
		do     string
		status int
		state  string
	}{
		{"approve", 409, "sending"}, {"pause", 303, "paused"}, {"pause", 409, "paused"}, {"resume", 303, "sending"},
		{"cancel", 303, "cancelled"}, {"cancel", 409, "cancelled"}, {"resume", 409, "cancelled"},
	} {
		path := editionURL(w.edition) + "/" + step.do
		cross := w.do("POST", path, nil, "Sec-Fetch-Site", "cross-site")
		if cross.StatusCode != http.StatusForbidden {
			t.Errorf("cross-site %s = %d, want 403", step.do, cross.StatusCode)
		}
		if r := w.do("POST", path, nil, "Sec-Fetch-Site", "same-origin"); r.StatusCode != step.status || state() != step.state {
			t.Errorf("%s = %d and %s, want %d and %s", step.do, r.StatusCode, state(), step.status, step.state)
		}
	}
	if got := storetest.One[int64](t, w.store, `SELECT count(*) FROM audit_log WHERE actor = 'operator' AND kind = 'edition'`); got != 3 {
		t.Errorf("%d entries by the operator in the audit log, want 3", got)
	}
	if got := w.do("GET", editionURL(w.edition)+"/cancel", nil).StatusCode; got != 409 {
		t.Errorf("asking to cancel what is cancelled: %d, want 409", got)
	}
	if got := w.do("GET", "/editions/0000000000000", nil).StatusCode; got != 404 {
		t.Errorf("an edition that does not exist: %d", got)
	}
}

func TestDecisionsAboutTheUncertain(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	storetest.Exec(t, w.store, `UPDATE recipients SET state = 'unknown', owner = 0 WHERE state = 'deferred'`)
	page := text(t, w.do("GET", editionURL(w.edition), nil))
	for _, want := range []string{"1 reader may not have it", "/resend", "/give-up"} {
		if !strings.Contains(page, want) {
			t.Errorf("the issue's page lacks %q", want)
		}
	}
	if r := w.do("POST", editionURL(w.edition)+"/give-up", nil, "Sec-Fetch-Site", "same-origin"); r.StatusCode != 303 {
		t.Errorf("leaving them = %d", r.StatusCode)
	}
	if page = text(t, w.do("GET", editionURL(w.edition), nil)); strings.Contains(page, "/resend") || !strings.Contains(page, "stays uncertain") {
		t.Error("after the decision the page still asks for it")
	}
	if r := w.do("POST", editionURL(w.edition)+"/resend", nil, "Sec-Fetch-Site", "same-origin"); r.StatusCode != 303 {
		t.Errorf("sending again = %d", r.StatusCode)
	}
	if n := storetest.One[int64](t, w.store, `SELECT count(*) FROM recipients WHERE state = 'queued' AND decided_at > 0`); n != 1 {
		t.Errorf("%d readers are queued again, want 1", n)
	}
}

func TestCSVRunsNoFormula(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	r := w.do("GET", editionURL(w.edition)+"/recipients.csv", nil)
	rows, err := csv.NewReader(r.Body).ReadAll()
	if err != nil || len(rows) != 4 {
		t.Fatalf("%d rows, %v; want 4", len(rows), err)
	}
	formulas := 0
	for _, row := range rows {
		for _, cell := range row {
			if cell != "" && strings.ContainsAny(cell[:1], "=+-@") {
				t.Errorf("a spreadsheet runs %q", cell)
			}
			if strings.HasPrefix(cell, "'+formula@") || strings.HasPrefix(cell, "'=cmd") {
				formulas++
			}
		}
	}
	if formulas != 2 {
		t.Errorf("%d cells made inert, want 2", formulas)
	}
}

func TestLedgerBarAddsUp(t *testing.T) {
	t.Parallel()
	for _, f := range []delivery.Figures{
		{Audience: 1, Accepted: 1}, {Audience: 12000, Accepted: 11960, Deferred: 31, Refused: 8, Unknown: 1},
		{Audience: 3, Queued: 1, Leased: 1, Sending: 1}, {Audience: 1_000_000, Queued: 999_991, Accepted: 1, Deferred: 1, Refused: 1, Unknown: 1, Suppressed: 1, Expired: 1, Cancelled: 1, Leased: 1, Sending: 1},
	} {
		x, n := 0, 0
		for _, p := range ledger(words.English(), 1, f) {
			if p.X != x || p.W < 1 {
				t.Errorf("%+v: part %s begins at %d and is %d wide, want it to begin at %d", f, p.State, p.X, p.W, x)
			}
			x += p.W
			n += p.N
		}
		if x != 1000 || n != f.Audience {
			t.Errorf("%+v: the bar is %d wide with %d readers", f, x, n)
		}
	}
}

func (w *world) wantAudit(action, actor string) {
	w.t.Helper()
	got := storetest.Column[string](w.t, w.store, `SELECT actor FROM audit_log WHERE action = $1 ORDER BY id`, action)
	if len(got) == 0 || got[len(got)-1] != actor {
		w.t.Errorf("the audit log says that %q was done by %q, want %q", action, got, actor)
	}
}
