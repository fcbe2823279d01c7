package public

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"postrider/internal/tokens"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// opened lets everybody join the list "weekly".
func opened(t *testing.T) (*world, subscribers.List) {
	t.Helper()
	w := build(t)
	ctx := context.Background()
	g := &subscribers.Registry{Store: w.store, Now: func() time.Time { return noon }}
	l, err := g.List(ctx, "weekly")
	if err == nil {
		l.Public = true
		l, err = g.ChangeList(ctx, "test", l)
	}
	if err != nil {
		t.Fatal(err)
	}
	return w, l
}

// filled is a form that a person sent five seconds after seeing it.
func (w *world) filled(l subscribers.List, email string) url.Values {
	shown := w.keys.Token(tokens.FormTime, noon.Add(-5*time.Second).UnixMilli())
	return url.Values{"email": {email}, "name": {"Canary Name"}, "list": {l.ID.String()}, "shown": {shown}, "lang": {"en"}}
}

const formType = "application/x-www-form-urlencoded"

func (w *world) signUp(f url.Values, header ...string) *http.Response {
	return w.do("POST", "/subscribe", strings.NewReader(f.Encode()), append([]string{"Content-Type", formType}, header...)...)
}

func (w *world) notices() int {
	return storetest.One[int](w.t, w.store, `SELECT count(*) FROM notices`)
}

var confirmLink = regexp.MustCompile(`https://news\.example\.org(/confirm/\S+)`)

func TestSigningUpTakesAButtonInAMail(t *testing.T) {
	t.Parallel()
	w, l := opened(t)
	form := text(t, w.do("GET", "/subscribe", nil))
	if !strings.Contains(form, `action="/subscribe"`) || !strings.Contains(form, l.ID.String()) || strings.Contains(form, "Other news") {
		t.Fatalf("the form:\n%s", form)
	}
	r := w.signUp(w.filled(l, "New@example.org"))
	if r.StatusCode != 200 || w.notices() != 1 {
		t.Fatalf("%d, %d notices:\n%s", r.StatusCode, w.notices(), text(t, r))
	}
	mail := storetest.One[string](t, w.store, `SELECT email || ' ' || subject || ' ' || body FROM notices`)
	if strings.Contains(mail, "Canary") || !strings.HasPrefix(mail, "New@example.org ") {
		t.Errorf("the mail repeats what somebody else may have typed:\n%s", mail)
	}
	link := confirmLink.FindStringSubmatch(mail)
	if link == nil {
		t.Fatalf("no link in:\n%s", mail)
	}
	before := w.state()
	for _, method := range []string{"GET", "HEAD"} {
		if r := w.do(method, link[1], nil); r.StatusCode != 200 {
			t.Fatalf("%s: %d", method, r.StatusCode)
		}
	}
	if w.state() != before || storetest.One[int](t, w.store, `SELECT count(*) FROM subscribers`) != 1 {
		t.Fatal("looking at the page changed something")
	}
	for range 2 {
		r := w.do("POST", link[1], strings.NewReader("confirm=yes"), "Content-Type", formType)
		if page := text(t, r); r.StatusCode != 200 || !strings.Contains(page, "Welcome") {
			t.Fatalf("%d:\n%s", r.StatusCode, page)
		}
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM memberships m JOIN subscribers s ON s.id = m.subscriber_id WHERE s.canonical = 'new@example.org' AND m.state = 'active'`); n != 1 {
		t.Errorf("on %d lists, want 1", n)
	}
	consents := storetest.Column[string](t, w.store, `SELECT c.action || ' ' || w.text FROM consents c JOIN wordings w ON w.id = c.wording_id JOIN subscribers s ON s.id = c.subscriber_id WHERE s.canonical = 'new@example.org' ORDER BY c.id`)
	if len(consents) != 2 || !strings.HasPrefix(consents[0], "given I would like to receive mail from Example Desk") || !strings.HasPrefix(consents[1], "confirmed ") {
		t.Errorf("the record: %q", consents)
	}
	if kept := storetest.Column[string](t, w.store, `SELECT email || name FROM signups`); len(kept) != 1 || kept[0] != "" {
		t.Errorf("the settled sign-up keeps %q", kept)
	}
	if strings.Contains(w.log.String(), "example.org") && strings.Contains(strings.ToLower(w.log.String()), "new@") {
		t.Error("the log has the address")
	}
}

func TestSigningUpTellsNothingAndFloodsNobody(t *testing.T) {
	t.Parallel()
	w, l := opened(t)
	ctx := context.Background()
	g := &subscribers.Registry{Store: w.store, Now: func() time.Time { return noon }}
	if _, err := g.Suppress(ctx, "test", "barred@example.org", "", ""); err != nil {
		t.Fatal(err)
	}
	answers := map[string]bool{}
	for _, email := range []string{"unknown@example.org", "ada.canary@example.org", "barred@example.org", "unknown@example.org"} {
		answers[text(t, w.signUp(w.filled(l, email)))] = true
	}
	if len(answers) != 1 {
		t.Errorf("%d different answers, want one", len(answers))
	}
	if n := w.notices(); n != 2 {
		t.Errorf("%d mails, want one to each address that may get one", n)
	}
	for name, change := range map[string]func(url.Values){
		"the hidden field":  func(f url.Values) { f.Set("website", "http://x") },
		"faster than hands": func(f url.Values) { f.Set("shown", w.keys.Token(tokens.FormTime, noon.UnixMilli())) },
		"a forged time":     func(f url.Values) { f.Set("shown", "AAAAAAAAAAAAAAAAAAAAAAAAAAAA") },
	} {
		f := w.filled(l, "bot@example.org")
		change(f)
		if page := text(t, w.signUp(f)); !answers[page] || w.notices() != 2 {
			t.Errorf("%s: %d mails, or another answer", name, w.notices())
		}
	}
	for i := range 40 { // one network
		w.signUp(w.filled(l, fmt.Sprintf("flood%d@example.org", i)))
	}
	if n := w.notices(); n != subscribers.DefaultSignUpBudget.NetworkHour {
		t.Errorf("%d mails for one network, want %d", n, subscribers.DefaultSignUpBudget.NetworkHour)
	}
}

func TestSigningUpRefusesWhatIsWrong(t *testing.T) {
	t.Parallel()
	w, l := opened(t)
	f := w.filled(l, "not an address")
	r := w.signUp(f)
	if page := text(t, r); r.StatusCode != 422 || !strings.Contains(page, `value="not an address"`) || !strings.Contains(page, `value="Canary Name"`) || !strings.Contains(page, `aria-invalid="true"`) {
		t.Errorf("%d:\n%s", r.StatusCode, page)
	}
	private := storetest.One[int64](t, w.store, `SELECT id FROM lists WHERE name = 'other'`)
	f = w.filled(l, "x@example.org")
	f.Set("list", subscribers.ListID(private).String())
	if r := w.signUp(f); r.StatusCode != 422 || w.notices() != 0 {
		t.Errorf("a private list: %d, %d mails", r.StatusCode, w.notices())
	}
	for _, path := range []string{"/confirm/" + strings.Repeat("A", 28), "/confirm/" + w.keys.Token(tokens.Unsubscribe, 1), "/confirm/" + w.keys.Token(tokens.Confirm, 12345)} {
		if r := w.do("POST", path, strings.NewReader("confirm=yes"), "Content-Type", formType); r.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", path, r.StatusCode)
		}
	}
}

func TestProgramsSignUpWithJSON(t *testing.T) {
	t.Parallel()
	w, _ := opened(t)
	r := w.do("POST", "/subscribe", strings.NewReader(`{"email": "j@example.org", "lists": ["weekly"]}`), "Content-Type", "application/json", "Origin", "https://elsewhere.example", "Sec-Fetch-Site", "cross-site")
	if r.StatusCode != 202 || w.notices() != 1 {
		t.Errorf("%d, %d mails: %s", r.StatusCode, w.notices(), text(t, r))
	}
	r = w.do("POST", "/subscribe", strings.NewReader(`{"email": "j", "lists": ["weekly"]}`), "Content-Type", "application/json")
	if body := text(t, r); r.StatusCode != 422 || !strings.Contains(body, "missing its @") {
		t.Errorf("%d: %s", r.StatusCode, body)
	}
}

func TestSignUpWordsAreWhole(t *testing.T) {
	t.Parallel()
	w, _ := opened(t)
	if len(signUpIn) != len(signUpTags) {
		t.Fatalf("%d languages of %d", len(signUpIn), len(signUpTags))
	}
	for i, tag := range signUpTags {
		v := fmt.Sprintf("%q", signUpIn[i])
		if strings.Contains(v, `""`) || !strings.Contains(signUpIn[i].Wording, "%s") || !strings.Contains(signUpIn[i].Letter, "%[1]s") || !strings.Contains(signUpIn[i].Letter, "%[2]s") {
			t.Errorf("%s: %s", tag, v)
		}
		page := text(t, w.do("GET", "/subscribe?lang="+tag.String(), nil))
		if !strings.Contains(page, `lang="`+tag.String()+`" dir="`) || !strings.Contains(page, signUpIn[i].Join) {
			t.Errorf("%s:\n%s", tag, page)
		}
	}
}

func TestUnconfirmedSignUpsAreForgotten(t *testing.T) {
	t.Parallel()
	w, l := opened(t)
	w.signUp(w.filled(l, "late@example.org"))
	ctx := context.Background()
	later := func(days int) *subscribers.Registry {
		return &subscribers.Registry{Store: w.store, Now: func() time.Time { return noon.AddDate(0, 0, days) }}
	}
	for days, want := range map[int]string{6: "late@example.org"} {
		if _, err := later(days).Tidy(ctx); err != nil {
			t.Fatal(err)
		}
		if got := storetest.One[string](t, w.store, `SELECT email FROM signups`); got != want {
			t.Errorf("after %d days %q", days, got)
		}
	}
	if _, err := later(8).Tidy(ctx); err != nil {
		t.Fatal(err)
	}
	if got := storetest.One[string](t, w.store, `SELECT email || name || network FROM signups`); got != "" {
		t.Errorf("after 8 days %q", got)
	}
	if _, err := later(31).Tidy(ctx); err != nil {
		t.Fatal(err)
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM signups`); n != 0 {
		t.Errorf("after 31 days %d rows", n)
	}
}

// TestWhoJoinsIsGreeted: at once where the list says so, with one answer for
// all, and a link to leave that is worth nothing elsewhere.
func TestWhoJoinsIsGreeted(t *testing.T) {
	t.Parallel()
	w, l := opened(t)
	ctx := context.Background()
	g := &subscribers.Registry{Store: w.store, Now: func() time.Time { return noon }}
	l.SingleOptIn = true
	if _, err := g.ChangeList(ctx, "test", l); err != nil {
		t.Fatal(err)
	}
	if err := g.Unsubscribe(ctx, w.reader, nil, subscribers.Sign{Actor: "reader"}); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Suppress(ctx, "test", "barred@example.org", "", ""); err != nil {
		t.Fatal(err)
	}
	answers := map[string]bool{}
	for _, email := range []string{"new@example.org", "ada.canary@example.org", "barred@example.org"} {
		f := w.filled(l, email)
		f.Set("lang", "sv")
		answers[text(t, w.signUp(f))] = true
	}
	if len(answers) != 1 {
		t.Errorf("%d answers, want one", len(answers))
	}
	w.wantMemberships(t, map[string]string{"other": "unsubscribed"})
	got := storetest.Column[string](t, w.store, `SELECT kind || ' ' || email || ' ' || subject FROM notices ORDER BY id`)
	if len(got) != 2 || got[0] != "welcome new@example.org Välkommen till Example Desk" || !strings.HasPrefix(got[1], "confirmation ada.canary@example.org ") {
		t.Fatalf("mails: %q", got)
	}
	body := storetest.One[string](t, w.store, `SELECT body FROM notices WHERE kind = 'welcome'`)
	link := regexp.MustCompile(`https://news\.example\.org/p/(\S+)`).FindStringSubmatch(body)
	if link == nil || !strings.Contains(body, "– The weekly recap") || strings.Contains(body, "Canary") {
		t.Fatalf("the welcome:\n%s", body)
	}
	if page := text(t, w.do("GET", "/p/"+link[1], nil)); !strings.Contains(page, "n•••@e•••.org") {
		t.Errorf("its link leads to\n%s", page)
	}
	for _, path := range []string{"/u/", "/confirm/"} {
		if r := w.do("GET", path+link[1], nil); r.StatusCode != 404 {
			t.Errorf("%s: %d, want 404", path, r.StatusCode)
		}
	}
	if len(welcomeIn) != len(signUpTags) {
		t.Error("a language lacks its welcome")
	}
}
