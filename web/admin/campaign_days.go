package admin

import (
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/scheduler/almanac"
	"postrider/scheduler/schedule"
	"postrider/web/pages"
	"postrider/web/respond"
)

// daysView is the page of the days on which a campaign sends nothing, and of
// how late a date is still sent.
type daysView struct {
	Name, URL string
	F         pages.Form
	Thens     []pages.Option
}

// maxLateHours is more than anybody waits for a newsletter.
const maxLateHours = 24 * 14

func (h *house) daysOff(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	then := c.OnDayOff
	if then == "" {
		then = campaigns.DropDate
	}
	v := url.Values{"days_off": {schedule.WriteDaysOff(c.DaysOff)}, "on_day_off": {string(then)}, "late": {strconv.Itoa(int(c.LateLimit / time.Hour))}, "base": {baseOf(c)}}
	return h.showDaysOff(w, r, http.StatusOK, c, pages.NewForm(v))
}

func (h *house) showDaysOff(w http.ResponseWriter, r *http.Request, status int, c campaigns.Campaign, f pages.Form) error {
	t := h.words(r)
	v := daysView{Name: c.Name, URL: campaignURL(c.ID), F: f, Thens: []pages.Option{{Value: "drop", Label: t.T("campaigns.off_drop")}, {Value: "move", Label: t.T("campaigns.off_move")}}}
	return h.pageWith(w, r, status, "days", h.frame(r, t.T("campaigns.days_off"), "/campaigns"), v)
}

// keepDaysOff reads a calendar into the list first, to be looked at, and keeps
// the list when it is sent without a file.
func (h *house) keepDaysOff(w http.ResponseWriter, r *http.Request) error {
	c, err := h.Store.Campaign(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	file, _, err := r.FormFile("calendar")
	if err != nil && r.MultipartForm == nil {
		return &respond.Malformed{Err: err}
	}
	f := pages.NewForm(r.Form)
	days, wrong := schedule.ParseDaysOff(r.FormValue("days_off"))
	if err == nil && wrong == nil {
		defer file.Close()
		body, err := io.ReadAll(io.LimitReader(file, almanac.MaxBytes+1))
		if err != nil {
			return &respond.Malformed{Err: err}
		}
		if len(body) > 0 {
			return h.readCalendar(w, r, c, f, days, body)
		}
	}
	hours, bad := strconv.Atoi(strings.TrimSpace(r.FormValue("late")))
	if bad != nil || hours < 1 || hours > maxLateHours {
		f.Add("late", h.words(r).T("campaigns.late_wrong", maxLateHours))
	}
	base, bad := time.Parse(time.RFC3339Nano, r.FormValue("base"))
	if bad != nil {
		return &respond.Malformed{Err: bad}
	}
	if wrong == nil && f.OK() {
		c.DaysOff, c.OnDayOff, c.LateLimit = days, campaigns.OnDayOff(r.FormValue("on_day_off")), time.Duration(hours)*time.Hour
		if _, wrong = h.Desk.Change(r.Context(), h.actor(r), c, base); wrong == nil {
			return h.done(w, r, campaignURL(c.ID), h.words(r).T("campaigns.said_days"), nil)
		}
	}
	if wrong != nil && !f.AddError(wrong) {
		return wrong
	}
	return h.showDaysOff(w, r, http.StatusUnprocessableEntity, c, f)
}

// readCalendar shows the list with a calendar's days in it. Nothing is kept yet.
func (h *house) readCalendar(w http.ResponseWriter, r *http.Request, c campaigns.Campaign, f pages.Form, days []schedule.DayOff, body []byte) error {
	more, _, err := almanac.DaysOff(body, h.Now())
	if err == nil {
		days, err = schedule.TidyDaysOff(append(days, more...))
	}
	if err != nil {
		if !errs.Is(err, errs.Invalid) || !f.AddError(err) {
			return err
		}
		return h.showDaysOff(w, r, http.StatusUnprocessableEntity, c, f)
	}
	r.Form.Set("days_off", schedule.WriteDaysOff(days))
	r.Form.Set("read", h.words(r).T("campaigns.calendar_read", len(more)))
	return h.showDaysOff(w, r, http.StatusOK, c, pages.NewForm(r.Form))
}

// offInWords says how many days are off and what becomes of their dates.
func offInWords(t *words.Words, c campaigns.Campaign) string {
	switch {
	case len(c.DaysOff) == 0:
		return t.T("campaigns.off_none")
	case c.OnDayOff == campaigns.MoveDate:
		return t.T("campaigns.off_moved", len(c.DaysOff))
	}
	return t.T("campaigns.off_dropped", len(c.DaysOff))
}
