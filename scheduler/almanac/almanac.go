// Package almanac reads and writes calendar files (iCalendar, RFC 5545): days
// on which nothing is to be sent come in, what is planned goes out. It keeps
// nothing and asks for nothing: whoever calls has the bytes.
package almanac

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	ics "github.com/arran4/golang-ical"
	"github.com/teambition/rrule-go"

	"postrider/internal/errs"
	"postrider/scheduler/schedule"
)

// Bounds of a file.
const (
	MaxBytes  = 1 << 20
	years     = 5   // how far repeated days are taken
	maxOfRule = 366 // days of one event
	maxRules  = 500 // repeated events of a file
	oldest    = 100 // years since a repeated day began
)

// Is reports whether a file looks like a calendar.
func Is(file []byte) bool {
	return bytes.Contains(file[:min(len(file), 1000)], []byte("BEGIN:VCALENDAR"))
}

// DaysOff reads the whole-day events of a calendar file, such as a country's
// holidays: those from now on, and repeated ones for five years. Events at an
// hour are passed over and counted. A file that cannot be read, is too large or
// has no whole day is Invalid.
func DaysOff(file []byte, now time.Time) (days []schedule.DayOff, passed int, err error) {
	if len(file) > MaxBytes {
		return nil, 0, invalid("the calendar is larger than %d MB: name a smaller one", MaxBytes>>20)
	}
	defer func() {
		// A file that the parser was not made for.
		if recover() != nil {
			days, passed, err = nil, 0, invalid("this is no calendar that can be read: export it as .ics (iCalendar)")
		}
	}()
	if !Is(file) {
		return nil, 0, invalid("this is no calendar: choose a file that ends with .ics")
	}
	cal, err := ics.ParseCalendar(bytes.NewReader(file))
	if err != nil {
		return nil, 0, invalid("this calendar cannot be read: export it once more as .ics (iCalendar)")
	}
	from, rules := now.AddDate(0, 0, -2), 0
	for _, e := range cal.Events() {
		start, err := e.GetAllDayStartAt()
		if p := e.GetProperty(ics.ComponentPropertyDtStart); err != nil || p == nil || len(p.Value) != len("20060102") {
			passed++
			continue
		}
		if e.HasProperty(ics.ComponentPropertyRrule) {
			if rules++; rules > maxRules || start.Before(now.AddDate(-oldest, 0, 0)) {
				passed++
				continue
			}
		}
		name := ""
		if p := e.GetProperty(ics.ComponentPropertySummary); p != nil {
			name = p.Value
		}
		length := 1
		if end, err := e.GetAllDayEndAt(); err == nil && end.After(start) {
			length = min(int(end.Sub(start).Hours()/24+0.5), maxOfRule)
		}
		for _, first := range starts(e, civil(start), civil(from)) {
			for i := range length {
				if d := first.AddDate(0, 0, i); !d.Before(civil(from)) {
					days = append(days, schedule.DayOff{Date: d.Format(time.DateOnly), Name: name})
				}
			}
		}
	}
	if len(days) == 0 {
		return nil, passed, invalid("this calendar has no whole day from now on: choose one of holidays")
	}
	days, err = schedule.TidyDaysOff(days)
	return days, passed, err
}

// starts are the days on which an event begins. A rule that cannot be read
// leaves the first of them.
func starts(e *ics.VEvent, first, from time.Time) []time.Time {
	p := e.GetProperty(ics.ComponentPropertyRrule)
	if p == nil {
		return []time.Time{first}
	}
	option, err := rrule.StrToROption(p.Value)
	if err != nil || option.Freq > rrule.DAILY {
		return []time.Time{first}
	}
	option.Dtstart = first
	rule, err := rrule.NewRRule(*option)
	if err != nil {
		return []time.Time{first}
	}
	var out []time.Time
	next := rule.Iterator()
	for len(out) < maxOfRule {
		t, ok := next()
		if !ok || t.After(from.AddDate(years, 0, 0)) {
			break
		}
		if t.After(from.AddDate(-1, 0, 0)) {
			out = append(out, t)
		}
	}
	return out
}

// civil is a day's date at midnight UTC.
func civil(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
}

// Entry is something planned.
type Entry struct {
	Key  string // the same each time the same thing is written
	At   time.Time
	Name string
	Text string // more about it
	URL  string // its page
}

// quarter is how long an entry seems to take.
const quarter = 15 * time.Minute

// Write makes a calendar of these entries. made is its time.
func Write(name string, entries []Entry, made time.Time) []byte {
	cal := ics.NewCalendarFor("Postrider")
	cal.SetMethod(ics.MethodPublish)
	cal.SetXWRCalName(name)
	cal.SetRefreshInterval("PT1H", &ics.KeyValues{Key: "VALUE", Value: []string{"DURATION"}})
	for _, e := range entries {
		v := cal.AddEvent(e.Key)
		v.SetDtStampTime(made)
		v.SetStartAt(e.At)
		v.SetEndAt(e.At.Add(quarter))
		v.SetSummary(e.Name)
		if e.Text != "" {
			v.SetDescription(e.Text)
		}
		if e.URL != "" {
			v.SetURL(e.URL)
		}
		v.SetTimeTransparency(ics.TransparencyTransparent)
	}
	return []byte(cal.Serialize(ics.WithNewLineWindows))
}

func invalid(format string, args ...any) error {
	return &errs.Error{Kind: errs.Invalid, Field: "calendar", Text: strings.TrimSpace(fmt.Sprintf(format, args...))}
}
