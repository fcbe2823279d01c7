package admin

import (
	"strings"
	"testing"
	"time"

	"postrider/organisation"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// TestApprovedIssueCanBeTakenBack: what is sent at once waits a minute, says so
// with its seconds, and is a draft again after Undo.
func TestApprovedIssueCanBeTakenBack(t *testing.T) {
	t.Parallel()
	w := build(t)
	ann := w.as(organisation.Editor)
	page := editionURL(w.edition)
	storetest.Exec(t, w.store, `DELETE FROM recipients`)
	storetest.Exec(t, w.store, `UPDATE editions SET state = 'in_review', due_at = 0, public_at = 0`)
	if r := w.as(organisation.Reviewer).do("POST", page+"/approve", nil, "Sec-Fetch-Site", "same-origin"); r.StatusCode != 303 {
		t.Fatalf("approving = %d: %s", r.StatusCode, text(t, r))
	}
	if due := storetest.One[int64](t, w.store, `SELECT due_at FROM editions WHERE state = 'scheduled'`); due != noon.Add(time.Minute).UnixMilli() {
		t.Errorf("it is due at %s, want a minute later", time.UnixMilli(due))
	}
	for _, want := range []string{`<span data-left="60">60</span>`, page + "/undo", `hx-trigger="every 2s"`, "Mon 23 Nov, 13:01 Stockholm"} {
		if got := text(t, ann.do("GET", page, nil)); !strings.Contains(got, want) {
			t.Errorf("the issue's page lacks %q:\n%s", want, got)
		}
	}
	if got := text(t, w.as(organisation.Analyst).do("GET", page, nil)); strings.Contains(got, "/undo") || strings.Contains(got, "/recipients") {
		t.Error("an analyst is shown what they may not do")
	}
	r := ann.do("POST", page+"/undo", nil, "Sec-Fetch-Site", "same-origin")
	if state := storetest.One[string](t, w.store, `SELECT state FROM editions`); r.StatusCode != 303 || state != "draft" {
		t.Fatalf("undo = %d, the issue is %s", r.StatusCode, state)
	}
	if len(r.Cookies()) != 1 {
		t.Fatalf("undo says nothing: %v", r.Cookies())
	}
	said := text(t, ann.do("GET", page, nil, "Cookie", r.Cookies()[0].String()))
	if !strings.Contains(said, "Taken back. Nobody has had it.") || !strings.Contains(said, page+"/approve") || strings.Contains(said, "data-left") {
		t.Errorf("after undo:\n%s", said)
	}
	if r := ann.do("POST", page+"/undo", nil, "Sec-Fetch-Site", "same-origin"); r.StatusCode != 409 {
		t.Errorf("undo twice = %d, want 409", r.StatusCode)
	}
}

// TestFewUncertainAreNoAlarm: below ten the first page asks quietly, and not at
// all once it is decided.
func TestFewUncertainAreNoAlarm(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	storetest.Exec(t, w.store, `UPDATE editions SET state = 'sent'`)
	storetest.Exec(t, w.store, `UPDATE relays SET trouble = ''`) // which is an alarm of its own
	storetest.Exec(t, w.store, `UPDATE recipients SET state = 'unknown', owner = 0, updated_at = $1`, noon.UnixMilli())
	page := text(t, w.do("GET", "/", nil))
	if !strings.Contains(page, "For 3 readers it is not certain") || strings.Contains(page, `class="state bad"`) {
		t.Errorf("three uncertain readers:\n%s", page)
	}
	page = text(t, w.do("GET", editionURL(w.edition), nil))
	if !strings.Contains(page, "3 readers may not have it") || !strings.Contains(page, "Thu 26 Nov, 13:00 Stockholm") {
		t.Errorf("the issue does not say when the question closes:\n%s", page)
	}
	storetest.Exec(t, w.store, `
		INSERT INTO recipients (id, edition_id, subscriber_id, state, updated_at)
		WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 7)
		SELECT i, $1, i, 'unknown', $2 FROM c`, int64(w.edition), noon.UnixMilli())
	if page = text(t, w.do("GET", "/", nil)); !strings.Contains(page, `class="state bad"`) {
		t.Errorf("ten uncertain readers are no alarm:\n%s", page)
	}
	if r := w.do("POST", editionURL(w.edition)+"/give-up", nil, "Sec-Fetch-Site", "same-origin"); r.StatusCode != 303 {
		t.Fatalf("leaving them = %d", r.StatusCode)
	}
	if page = text(t, w.do("GET", "/", nil)); strings.Contains(page, "not certain whether") {
		t.Error("the first page asks although it is decided")
	}
}

// TestPausedIssueSaysWhereItGoesOn and that nobody gets it twice.
func TestPausedIssueSaysWhereItGoesOn(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	w.do("POST", editionURL(w.edition)+"/pause", nil, "Sec-Fetch-Site", "same-origin")
	page := text(t, w.do("GET", editionURL(w.edition), nil))
	if !strings.Contains(page, "It continues at 0 of 3; nobody gets it twice.") || !strings.Contains(page, "/resume") {
		t.Errorf("the paused issue:\n%s", page)
	}
	if strings.Contains(page, "✓") {
		t.Error("a paused issue is shown as sent")
	}
}

// TestWhoLeftIsShownWithTheIssue: the number leads to the people, for whoever
// may see them.
func TestWhoLeftIsShownWithTheIssue(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Reviewer)
	at := editionURL(w.edition)
	w.wants(w.do("GET", at, nil), 200, "Nobody has unsubscribed from this issue")
	bo, err := w.store.SubscriberByEmail(t.Context(), "bo@example.org")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.store.LeaveEdition(t.Context(), int64(w.edition), bo.ID, subscribers.Sign{Source: "unsubscribe page"}, noon); err != nil {
		t.Fatal(err)
	}
	w.wants(w.do("GET", at, nil), 200, "1 reader has unsubscribed from this issue", at+"/left")
	w.wants(w.do("GET", at+"/left", nil), 200, "bo@example.org", readerURL(bo.ID), "Mon 23 Nov, 13:00 Stockholm")
	if page := text(t, w.as(organisation.Analyst).do("GET", at, nil)); !strings.Contains(page, "1 reader has unsubscribed") || strings.Contains(page, "/left") {
		t.Error("an analyst sees figures, and is led to no people")
	}
}

// TestHomeNamesWhatWaitsForAPerson: a draft that nobody has approved, for
// those who may, and a mail server that takes no mail, for those who can mend it.
func TestHomeNamesWhatWaitsForAPerson(t *testing.T) {
	t.Parallel()
	w := build(t)
	for role, wants := range map[organisation.Role][2]bool{
		organisation.Owner: {true, true}, organisation.Editor: {true, false}, organisation.Reviewer: {true, false}, organisation.Analyst: {},
	} {
		home := text(t, w.as(role).do("GET", "/", nil))
		if got := strings.Contains(home, "Look at it and approve it"); got != wants[0] {
			t.Errorf("the %s is told of the draft: %v, want %v", role, got, wants[0])
		}
		if got := strings.Contains(home, "It said 550"); got != wants[1] {
			t.Errorf("the %s is told of the mail server: %v, want %v", role, got, wants[1])
		}
	}
}
