package public

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"postrider/internal/tokens"
	"postrider/store/storetest"
	"postrider/subscribers"
)

var ownLink = regexp.MustCompile(`https://news\.example\.org(/own/\S+)`)

// ask presses a button of the preferences.
func (w *world) ask(f url.Values) (int, string) {
	r := w.do("POST", "/p/"+w.token(tokens.Preferences)+"/ask", strings.NewReader(f.Encode()), "Content-Type", formType)
	return r.StatusCode, text(w.t, r)
}

// mailed is the link of the newest notice, and whom it goes to.
func (w *world) mailed() (link, to string) {
	w.t.Helper()
	rows := storetest.Column[string](w.t, w.store, `SELECT email || ' ' || body FROM notices ORDER BY id`)
	if len(rows) == 0 {
		w.t.Fatal("no mail is on its way")
	}
	to, body, _ := strings.Cut(rows[len(rows)-1], " ")
	m := ownLink.FindStringSubmatch(body)
	if m == nil {
		w.t.Fatalf("no link in:\n%s", body)
	}
	return m[1], to
}

func (w *world) press(link string) (int, string) {
	r := w.do("POST", link, strings.NewReader("do=yes"), "Content-Type", formType)
	return r.StatusCode, text(w.t, r)
}

func (w *world) address() string {
	return storetest.One[string](w.t, w.store, `SELECT email FROM subscribers WHERE id = $1`, int64(w.reader))
}

func TestAddressIsChangedWhenBothSidesAgree(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	if code, page := w.ask(url.Values{"what": {"address"}, "to": {"no address"}}); code != 422 || !strings.Contains(page, "no address") {
		t.Errorf("a wrong address answers %d and loses it:\n%s", code, page)
	}
	code, page := w.ask(url.Values{"what": {"address"}, "to": {"Countess@example.net"}})
	if code != 200 || strings.Contains(page, "ada.canary") || !strings.Contains(page, "A mail is on its way to") {
		t.Fatalf("%d\n%s", code, page)
	}
	old, to := w.mailed()
	if to != "ada.canary@example.org" {
		t.Fatalf("the first mail goes to %s, not to the address on record", to)
	}
	for _, method := range []string{"GET", "HEAD"} {
		w.do(method, old, nil)
	}
	if w.notices() != 1 || w.address() != "ada.canary@example.org" {
		t.Fatal("opening the link did something")
	}
	if code, page := w.press(old); code != 200 || strings.Contains(page, "Countess") {
		t.Fatalf("%d\n%s", code, page)
	}
	w.press(old) // again: no second mail
	fresh, to := w.mailed()
	if to != "Countess@example.net" || w.notices() != 2 || w.address() != "ada.canary@example.org" {
		t.Fatalf("the second of %d mails goes to %s; the address is %s", w.notices(), to, w.address())
	}
	if code, page := w.press(fresh); code != 200 || !strings.Contains(page, "The address is changed") {
		t.Fatalf("%d\n%s", code, page)
	}
	if w.address() != "Countess@example.net" {
		t.Errorf("the address is %s", w.address())
	}
	if code, _ := w.press(fresh); code != 200 {
		t.Errorf("pressing twice answers %d", code)
	}
	w.wantMemberships(t, map[string]string{"weekly": "active", "other": "active"})
	if audit := storetest.Column[string](t, w.store, `SELECT action || detail FROM audit_log`); strings.Contains(strings.Join(audit, "\n"), "@") {
		t.Errorf("the audit log knows an address: %q", audit)
	}
}

func TestAnAddressOfSomebodyElseIsNotTakenNorTold(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	g := &subscribers.Registry{Store: w.store, Now: func() time.Time { return noon }}
	if _, err := g.Add(context.Background(), "test", subscribers.Newcomer{Email: "bea@example.org", Lists: []string{"weekly"}}); err != nil {
		t.Fatal(err)
	}
	_, free := w.ask(url.Values{"what": {"address"}, "to": {"nobody@example.org"}})
	_, taken := w.ask(url.Values{"what": {"address"}, "to": {"bea@example.org"}})
	if free != taken {
		t.Error("the page tells whether an address is known")
	}
	old, _ := w.mailed()
	w.press(old)
	fresh, to := w.mailed()
	if to != "bea@example.org" {
		t.Fatalf("the mail goes to %s", to)
	}
	if code, page := w.press(fresh); code != 409 || !strings.Contains(page, "Nothing was changed") {
		t.Errorf("%d\n%s", code, page)
	}
	if w.address() != "ada.canary@example.org" {
		t.Errorf("the address is %s", w.address())
	}
}

func TestReadersGetTheirDataAndAreErased(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	w.ask(url.Values{"what": {"data"}})
	link, _ := w.mailed()
	if page := text(t, w.do("GET", link, nil)); strings.Contains(page, "ada.canary") || !strings.Contains(page, "Download the file") {
		t.Errorf("the page behind the link:\n%s", page)
	}
	r := w.do("POST", link, strings.NewReader("do=yes"), "Content-Type", formType)
	var d subscribers.Dossier
	if err := json.Unmarshal([]byte(text(t, r)), &d); err != nil || d.Subscriber.Email != "ada.canary@example.org" || len(d.Lists) != 2 || len(d.TimeLine) == 0 {
		t.Errorf("%v: %+v", err, d)
	}
	if got := r.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
		t.Errorf("Content-Disposition is %q", got)
	}
	w.ask(url.Values{"what": {"erase"}})
	link, _ = w.mailed()
	w.do("GET", link, nil)
	if w.address() != "ada.canary@example.org" {
		t.Fatal("opening the link erased somebody")
	}
	if code, page := w.press(link); code != 200 || !strings.Contains(page, "is erased") {
		t.Fatalf("%d\n%s", code, page)
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM subscribers`) + storetest.One[int](t, w.store, `SELECT count(*) FROM reader_requests`); n != 0 {
		t.Errorf("%d rows are left", n)
	}
	if code, _ := w.press(link); code != 404 {
		t.Errorf("the link answers %d after it", code)
	}
}

func TestOwnLinksAreForOnePurposeAndADay(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	w.ask(url.Values{"what": {"data"}})
	link, _ := w.mailed()
	token := link[strings.LastIndexByte(link, '/')+1:]
	for _, step := range []string{"erase", "move", "arrive", "nothing"} {
		if code, _ := w.press("/own/" + step + "/" + token); code != 404 {
			t.Errorf("the token for the data answers %d at %s", code, step)
		}
	}
	id, err := w.keys.Check(tokens.OwnData, token)
	if err != nil {
		t.Fatal(err)
	}
	// A right purpose for a request of another kind is as little worth.
	if code, _ := w.press("/own/erase/" + w.keys.Token(tokens.OwnErasure, id)); code != 404 {
		t.Errorf("a request for data erases: %d", code)
	}
	for _, p := range []tokens.Purpose{tokens.Unsubscribe, tokens.Bounce, tokens.Confirm} {
		r := w.do("POST", "/p/"+w.token(p)+"/ask", strings.NewReader("what=erase"), "Content-Type", formType)
		if r.StatusCode != 404 {
			t.Errorf("a token for %s asks to erase: %d", p, r.StatusCode)
		}
	}
	storetest.Exec(t, w.store, `UPDATE reader_requests SET created_at = created_at - 86400001`)
	if code, _ := w.press(link); code != 404 {
		t.Errorf("after a day the link answers %d", code)
	}
}

func TestAskingFloodsNobody(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	_, first := w.ask(url.Values{"what": {"erase"}})
	for range 20 {
		if _, page := w.ask(url.Values{"what": {"erase"}}); page != first {
			t.Fatal("the answer tells that nothing more is mailed")
		}
	}
	if n := w.notices(); n != 3 {
		t.Errorf("%d mails in an hour, want 3", n)
	}
}

func TestOwnWordsAreWhole(t *testing.T) {
	t.Parallel()
	if len(ownIn) != len(signUpTags) {
		t.Fatalf("%d languages, want %d", len(ownIn), len(signUpTags))
	}
	slot := regexp.MustCompile(`%\[\d\]s`)
	for i, words := range ownIn {
		got, english := reflect.ValueOf(words), reflect.ValueOf(ownIn[0])
		for f := range got.NumField() {
			name := got.Type().Field(f).Name
			if got.Field(f).String() == "" {
				t.Errorf("%s: %s is empty", signUpTags[i], name)
			}
			count := map[string]int{}
			for _, s := range slot.FindAllString(got.Field(f).String(), -1) {
				count[s]++
			}
			for _, s := range slot.FindAllString(english.Field(f).String(), -1) {
				count[s]--
			}
			for s, n := range count {
				if n != 0 {
					t.Errorf("%s: %s has %s more or less often than English", signUpTags[i], name, s)
				}
			}
		}
	}
}
