package admin

import (
	"bytes"
	"context"
	"mime/multipart"
	"net/http"
	"strings"
	"testing"

	"postrider/campaigns"
	"postrider/organisation"
)

// sendDays posts the page of days off, with a calendar where one is given.
func (w *world) sendDays(at, days, then, late, base, calendar string) *http.Response {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for k, v := range map[string]string{"days_off": days, "on_day_off": then, "late": late, "base": base} {
		_ = form.WriteField(k, v)
	}
	if calendar != "" {
		file, _ := form.CreateFormFile("calendar", "holidays.ics")
		_, _ = file.Write([]byte(calendar))
	}
	form.Close()
	return w.do("POST", at+"/days", &body, "Content-Type", form.FormDataContentType(), "Sec-Fetch-Site", "same-origin")
}

func TestDaysOffComeFromAListOrACalendar(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	at := w.post("/campaigns", w.planned("Daily")).Header.Get("Location")
	find := func() campaigns.Campaign {
		c, err := w.store.Campaign(context.Background(), "Daily")
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	base := baseOf(find())
	const calendar = "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261201\r\nSUMMARY:Founders\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
	r := w.sendDays(at, "2026-12-24 Eve\n", "move", "3", base, calendar)
	if page := text(t, r); r.StatusCode != 200 || !strings.Contains(page, "2026-12-01 Founders\n2026-12-24 Eve\n</textarea>") || len(find().DaysOff) != 0 {
		t.Errorf("a calendar that is read = %d, kept are %v:\n%s", r.StatusCode, find().DaysOff, page)
	}
	for wrong, says := range map[[2]string]string{{"24/12", "3"}: "Line 1", {"2026-12-24", "0"}: `id="e-late"`, {"2026-12-24", "soon"}: `id="e-late"`} {
		r := w.sendDays(at, wrong[0], "move", wrong[1], base, "")
		if page := text(t, r); r.StatusCode != 422 || !strings.Contains(page, says) || !strings.Contains(page, wrong[0]) {
			t.Errorf("%v = %d, wants %q:\n%s", wrong, r.StatusCode, says, page)
		}
	}
	if r := w.sendDays(at, "2026-12-24", "move", "3", base, "<html>"); r.StatusCode != 422 || !strings.Contains(text(t, r), `id="e-calendar"`) {
		t.Errorf("what is no calendar = %d", r.StatusCode)
	}
	w.now = w.now.Add(1)
	if r := w.sendDays(at, "2026-12-01 Founders\n2026-12-24 Eve\n", "move", "3", base, ""); r.StatusCode != 303 {
		t.Fatalf("kept = %d:\n%s", r.StatusCode, text(t, r))
	}
	if c := find(); len(c.DaysOff) != 2 || c.OnDayOff != campaigns.MoveDate || c.LateLimit.Hours() != 3 {
		t.Errorf("kept is %v, %s, %s", c.DaysOff, c.OnDayOff, c.LateLimit)
	}
	if page := text(t, w.do("GET", at, nil)); !strings.Contains(page, "moved from 1 December 2026 (Founders)") || !strings.Contains(page, "3 hours") {
		t.Errorf("the campaign's page does not tell of a date that was moved:\n%s", page)
	}
}
