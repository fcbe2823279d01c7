package admin

import (
	"context"
	"net/url"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/store/storetest"
)

// planned is a form as somebody fills it for a recap that is approved.
func (w *world) planned(name string) url.Values {
	w.t.Helper()
	saved, err := w.house.Library.Get(context.Background(), recaps.Sample().Slug)
	if err != nil {
		w.t.Fatal(err)
	}
	return url.Values{"name": {name}, "source": {"fixed"}, "recap": {saved.ID.String()}, "list": {"weekly"}, "from": {"Desk <news@example.org>"}, "approval": {"once"},
		"canonical": {"original"}, "when": {"weekly"}, "weekday": {"tue"}, "time": {"09:00"}, "zone": {"Europe/Stockholm"}}
}

func TestACampaignIsMadeAndChanged(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	form := w.planned("Wednesdays")
	form.Set("weekday", "sun")
	form.Set("time", "02:30")
	page := text(t, w.post("/campaigns/look", form))
	for _, want := range []string{`id="foreseen"`, "Every Sunday at 02:30", "01:30 UTC", "29 Nov", "3<small>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the look ahead lacks %q", want)
		}
	}
	r := w.post("/campaigns", form)
	at := r.Header.Get("Location")
	if r.StatusCode != 303 || !strings.HasPrefix(at, "/campaigns/") {
		t.Fatalf("made = %d to %q:\n%s", r.StatusCode, at, text(t, r))
	}
	made, err := w.store.Campaign(context.Background(), "Wednesdays")
	if err != nil || made.Schedule != "weekly sun 02:30" || !made.Approved() {
		t.Errorf("made is %+v, %v", made, err)
	}
	for name, c := range map[string]struct{ field, value, says string }{
		"sender": {"from", "nobody", `id="e-from"`}, "date": {"time", "25:00", `id="e-time"`}, "zone": {"zone", "Europe/Stokholm", `id="e-zone"`},
		"list": {"list", "", "at least one list"}, "name": {"name", "Wednesdays", "another name"}, "recap": {"recap", "", "needs its recap"},
	} {
		broken := w.planned("Another")
		broken.Set(c.field, c.value)
		if c.value == "" {
			broken.Del(c.field)
		}
		r := w.post("/campaigns", broken)
		if page := text(t, r); r.StatusCode != 422 || !strings.Contains(page, c.says) || !strings.Contains(page, `value="Desk &lt;news@example.org&gt;"`) && c.field != "from" {
			t.Errorf("%s = %d, wants %q:\n%s", name, r.StatusCode, c.says, page)
		}
	}
	edit := text(t, w.do("GET", at+"/edit", nil))
	if !strings.Contains(edit, `<option value="weekly" selected>`) || !strings.Contains(edit, `<option value="sun" selected>`) || !strings.Contains(edit, `value="02:30"`) {
		t.Error("the form does not show the schedule as it was chosen")
	}
	w.now = w.now.Add(time.Hour)
	form.Set("base", baseOf(made))
	form.Set("subject", "Ann’s")
	if r := w.post(at, form); r.StatusCode != 303 {
		t.Fatalf("changed = %d:\n%s", r.StatusCode, text(t, r))
	}
	form.Set("subject", "Bob’s")
	r = w.as(organisation.Owner).post(at, form)
	if page := text(t, r); r.StatusCode != 409 || !strings.Contains(page, "Ann’s") || !strings.Contains(page, "Bob’s") || strings.Contains(page, `name="base" value="`+baseOf(made)) {
		t.Errorf("a change of what was changed = %d:\n%s", r.StatusCode, page)
	}
	if got, err := w.store.Campaign(context.Background(), "Wednesdays"); err != nil || got.Subject != "Ann’s" {
		t.Errorf("kept is %q, %v", got.Subject, err)
	}
}

func TestSendingAsksForWhatWasSeen(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	at := w.post("/campaigns", w.planned("By hand")).Header.Get("Location")
	page := text(t, w.do("GET", at+"/send", nil))
	seen := between(page, `name="seen" value="`, `"`)
	if seen == "" || !strings.Contains(page, "Send to 3 readers") || !strings.Contains(page, "sending it approves revision 1") {
		t.Fatalf("the question:\n%s", page)
	}
	if r := w.post(at+"/send", url.Values{"seen": {"another"}}); r.StatusCode != 409 || !strings.Contains(text(t, r), "changed while you looked") {
		t.Errorf("another version than was seen = %d", r.StatusCode)
	}
	// Twelve hundred more readers: the number has to be typed.
	storetest.Exec(t, w.store, `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1200)
		INSERT INTO subscribers (id, email, canonical, domain, name, fields, language, zone, address_state, created_at, updated_at)
		SELECT i, 'r' || i || '@example.org', 'r' || i || '@example.org', 'example.org', '', '{}', '', '', 'ok', 1, 1 FROM n`)
	storetest.Exec(t, w.store, `INSERT INTO memberships (list_id, subscriber_id, state, paused_until, joined_at, updated_at)
		SELECT (SELECT id FROM lists), id, 'active', 0, 1, 1 FROM subscribers WHERE id <= 1200`)
	for number, status := range map[string]int{"": 422, "1200": 422} {
		if r := w.post(at+"/send", url.Values{"seen": {seen}, "number": {number}}); r.StatusCode != status || !strings.Contains(text(t, r), "type 1,203") {
			t.Errorf("with the number %q = %d", number, r.StatusCode)
		}
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM editions WHERE campaign_id <> 0`); n != 0 {
		t.Fatalf("%d issues of refused orders", n)
	}
	r := w.post(at+"/send", url.Values{"seen": {seen}, "number": {"1,203"}})
	e, err := w.desk.FindEdition(context.Background(), "latest")
	if err != nil || r.StatusCode != 303 || r.Header.Get("Location") != editionURL(e.ID) || e.State != campaigns.Scheduled || !e.DueAt.Equal(w.now.Add(time.Minute)) {
		t.Fatalf("sent = %d, the issue is %s, due %s, %v", r.StatusCode, e.State, e.DueAt, err)
	}
	if saved, err := w.house.Library.Get(context.Background(), recaps.Sample().Slug); err != nil || saved.State != recaps.Approved {
		t.Errorf("the recap that was sent is %s, %v", saved.State, err)
	}
	if r := w.post(editionURL(e.ID)+"/undo", nil); r.StatusCode != 303 {
		t.Errorf("taking it back = %d", r.StatusCode)
	}
	if e, err = w.desk.FindEdition(context.Background(), "latest"); err != nil || e.State != campaigns.Draft {
		t.Errorf("taken back it is %s, %v", e.State, err)
	}
}

func between(s, from, to string) string {
	_, s, found := strings.Cut(s, from)
	if !found {
		return ""
	}
	s, _, _ = strings.Cut(s, to)
	return s
}

func TestATestGoesToWhomIsNamed(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	at := w.path("/campaigns/{id}")
	if r := w.post(at+"/test", url.Values{"to": {"nobody"}}); r.StatusCode != 422 || !strings.Contains(text(t, r), `id="e-to"`) {
		t.Errorf("to nobody = %d", r.StatusCode)
	}
	if r := w.post(at+"/test", url.Values{"to": {"boss@example.org; me@example.org"}, "plain": {"1"}}); r.StatusCode != 303 {
		t.Errorf("a test = %d", r.StatusCode)
	}
	if n := storetest.One[int](t, w.store, `SELECT count(*) FROM notices WHERE kind = 'test' AND subject NOT LIKE '[TEST]%'`); n != 2 {
		t.Errorf("%d test mails, want two without the mark", n)
	}
	if page := text(t, w.do("GET", at+"/preview", nil)); !strings.Contains(page, `value="boss@example.org"`) {
		t.Error("the addresses are not offered again")
	}
	if page := text(t, w.as(organisation.Reviewer).do("GET", at+"/preview", nil)); strings.Contains(page, "boss@example.org") {
		t.Error("somebody who may not test sees the addresses")
	}
}
