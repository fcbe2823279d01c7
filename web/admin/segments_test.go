package admin

import (
	"context"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"postrider/organisation"
	"postrider/subscribers"
	"postrider/web/pages"
)

func TestQuestionsAreRowsAndBack(t *testing.T) {
	t.Parallel()
	w := build(t)
	lang := w.house.words(httptest.NewRequest("GET", "http://127.0.0.1:8081/segments", nil))
	for question, groups := range map[string]int{
		"list = weekly": 1, "list = weekly and tag = vip": 1, "language in (sv, no) or zone = Europe/Stockholm": 1, "not tag in (a, b)": 1,
		"list = weekly and (language = sv or field.city contains und) and not (tag = vip or tag = press)": 3, "name is empty": 1,
		"name is not empty and received >= 3": 1, "(added < 30d and list = weekly) or consent > 2026-03-01": 2,
		"list = weekly and (language = sv or (zone = x and tag = y))": 0, `name = "Lund, Malmö"`: 0, "not (list = weekly and tag = a)": 0,
	} {
		q, err := subscribers.ParseQuestion(question)
		if err != nil {
			t.Fatalf("%s: %v", question, err)
		}
		rows, ok := rowsOf(q)
		if ok != (groups > 0) || ok && len(rows.Groups) != groups {
			t.Errorf("%s: %d groups, %v, want %d", question, len(rows.Groups), ok, groups)
		}
		if !ok {
			continue
		}
		form := url.Values{}
		rows.write(form)
		var f pages.Form
		back := readRows(form).question(&f, lang)
		again, err := subscribers.ParseQuestion(back.String())
		if !f.OK() || err != nil || again.String() != back.String() {
			t.Errorf("%s came back as %s: %v %v", question, back, f.Problems(), err)
		}
		if n, m := w.selected(question), w.selected(back.String()); n != m {
			t.Errorf("%s selects %d, its rows %s select %d", question, n, back, m)
		}
	}
}

func (w *world) selected(question string) int {
	w.t.Helper()
	n, _, err := w.house.Registry.Count(context.Background(), question, 0)
	if err != nil {
		w.t.Fatalf("%s: %v", question, err)
	}
	return n
}

func TestASegmentIsBuiltWithoutScripts(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	form := url.Values{"name": {"Adas"}, "top": {"and"}, "g0.join": {"and"}, "g0.0.what": {"list"}, "g0.0.op": {"="}, "g0.0.value": {""}}
	w.wants(w.post("/segments/look", form), 200, "Say what to compare with")
	form.Set("g0.0.value", "weekly")
	w.wants(w.post("/segments/look", form), 200, "3<small>", "list = weekly", "bo@example.org")
	form.Set("text_was", "list = weekly")
	form.Set("text", "list = weekly")
	form.Set("do", "group")
	w.wants(w.post("/segments/look", form), 200, `name="g1.0.what"`, "Group 2", "at least one is true", `name="top"`)
	for k, v := range map[string]string{"g1.join": "none", "g1.0.what": "email", "g1.0.op": "begins", "g1.0.value": "bo", "do": "row 1"} {
		form.Set(k, v)
	}
	w.wants(w.post("/segments/look", form), 200, `name="g1.1.what"`, `value="bo"`)
	form.Del("do")
	w.wants(w.post("/segments/look", form), 200, "2<small>", "list = weekly and not email begins bo")
	form.Set("do", "drop 0 0")
	if page := text(t, w.post("/segments/look", form)); strings.Contains(page, `name="g1.0.what"`) || !strings.Contains(page, `value="bo"`) {
		t.Errorf("the first group is not gone:\n%s", page)
	}
	form.Del("do")
	w.wants(w.post("/segments/edit", form), 303, "Adas", "list = weekly and not email begins bo")
	w.wants(w.post("/segments/edit", form), 422, "of that name already")

	edit := url.Values{"was": {"Adas"}, "name": {"Not Bo"}, "text": {"emial = x"}, "text_was": {"list = weekly"}}
	w.wants(w.post("/segments/edit", edit), 422, "did you mean", "emial = x")
	edit.Set("text", "list = weakly")
	w.wants(w.post("/segments/edit", edit), 422, "there is no list", "weakly")
	edit.Set("text", "list = weekly and (email begins ada or (email begins bo and tag = x))")
	w.wants(w.post("/segments/look", edit), 200, "1<small>", "groups within groups")
	w.wants(w.post("/segments/edit", edit), 303, "Not Bo", "email begins ada or")
	w.wants(w.do("GET", segmentURL("Not Bo"), nil), 200, "groups within groups", "No campaign sends to it")

	plan := w.planned("Wednesdays")
	plan.Set("segment", "Not Bo")
	w.wants(w.post("/campaigns", plan), 303)
	w.wants(w.do("GET", segmentURL("Not Bo"), nil), 200, "these campaigns send to it: Wednesdays")
	w.wants(w.post("/segments/remove", url.Values{"segment": {"Not Bo"}}), 409)
	plan.Set("segment", "")
	made, err := w.store.Campaign(context.Background(), "Wednesdays")
	if err != nil {
		t.Fatal(err)
	}
	plan.Set("base", baseOf(made))
	w.wants(w.post(campaignURL(made.ID), plan), 303)
	w.wants(w.post("/segments/remove", url.Values{"segment": {"Not Bo"}}), 303, "No segment yet")
}

func TestTheSearchTakesQuestions(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	get := func(q url.Values) string { return text(t, w.do("GET", "/readers?"+q.Encode(), nil)) }
	page := get(url.Values{"q": {"email begins bo or email begins ada"}, "list": {"weekly"}})
	if !strings.Contains(page, "ada@example.org") || !strings.Contains(page, "bo@example.org") || strings.Contains(page, "formula@") || !strings.Contains(page, "Keep it as a segment") {
		t.Errorf("asked:\n%s", page)
	}
	if page := get(url.Values{"q": {"list = weekly"}, "list": {"weekly"}, "state": {"unsubscribed"}}); strings.Contains(page, "bo@example.org") {
		t.Errorf("who left:\n%s", page)
	}
	if page := get(url.Values{"q": {"list = weakly"}}); !strings.Contains(page, `id="e-q"`) || !strings.Contains(page, "did you mean") {
		t.Errorf("a list that is not there:\n%s", page)
	}
}
