package schedule

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"

	"postrider/internal/words"
)

// maxTimes is the number of times of day that are listed one by one.
const maxTimes = 6

// Explain returns the schedule as a plain English phrase without a full stop,
// such as "every Tuesday at 09:00, Europe/Stockholm".
func (s Schedule) Explain() string { return s.ExplainIn(words.English()) }

// ExplainIn is Explain in the language of a catalogue: "varje tisdag kl. 09:00,
// Europe/Stockholm".
func (s Schedule) ExplainIn(w *words.Words) string {
	switch {
	case s.loc == nil:
		return w.T("schedule.never")
	case s.once:
		return w.T("schedule.once", longDate(w, s.onceAt), clock(s.onceAt), s.zone)
	}
	when, byClock := s.explainTime(w)
	on, leads := s.explainDays(w)
	phrase := when + " " + on
	switch {
	case on == "" && byClock:
		phrase = w.T("schedule.every_day") + " " + when
	case on == "":
		phrase = when
	case leads && byClock:
		phrase = on + " " + when
	case leads:
		phrase = when + ", " + on
	}
	return phrase + ", " + s.zone
}

// explainTime returns the time of day, and whether it is one by the clock ("at
// 09:00") and not a pace ("every 15 minutes").
func (s *Schedule) explainTime(w *words.Words) (phrase string, byClock bool) {
	hours, minutes := bitList(s.hours), bitList(s.minutes)
	if len(hours)*len(minutes) <= maxTimes {
		var times []string
		for _, h := range hours {
			for _, m := range minutes {
				times = append(times, fmt.Sprintf("%02d:%02d", h, m))
			}
		}
		return w.T("schedule.at", w.List(times)), true
	}
	firstHour, lastHour := hours[0], hours[len(hours)-1]
	between := w.T("schedule.between", fmt.Sprintf("%02d:%02d", firstHour, minutes[0]), fmt.Sprintf("%02d:%02d", lastHour, minutes[len(minutes)-1]))
	all, unbroken := len(hours) == 24, lastHour-firstHour == len(hours)-1
	if all {
		between = ""
	}
	minutePace, hourPace := pace(minutes, 60), pace(hours, 24)
	switch {
	case minutePace != 0 && unbroken:
		phrase = everyMinutes(w, minutePace) + between
	case minutePace != 0:
		phrase = w.T("schedule.of_hours", everyMinutes(w, minutePace), numbers(w, hours))
	case len(minutes) == 1 && unbroken && !all:
		phrase = everyHours(w, 1) + between
	case hourPace != 0 && len(minutes) == 1 && minutes[0] == 0:
		phrase = everyHours(w, hourPace)
	case hourPace != 0:
		phrase = w.T("schedule.at_minute", everyHours(w, hourPace), numbers(w, minutes))
	case len(hours) == 1:
		phrase = w.T("schedule.minute_after", numbers(w, minutes), fmt.Sprintf("%02d:00", firstHour))
	default:
		phrase = w.T("schedule.minute_of", numbers(w, minutes), numbers(w, hours))
	}
	return phrase, false
}

func everyMinutes(w *words.Words, n int) string {
	switch n {
	case 1:
		return w.T("schedule.every_minute")
	case 2:
		return w.T("schedule.every_other_minute")
	}
	return w.T("schedule.every_minutes", n)
}

func everyHours(w *words.Words, n int) string {
	switch n {
	case 1:
		return w.T("schedule.every_hour")
	case 2:
		return w.T("schedule.every_other_hour")
	}
	return w.T("schedule.every_hours", n)
}

// explainDays returns the days, empty for every day, and whether the phrase
// goes before a time of day ("every Tuesday at 09:00").
func (s *Schedule) explainDays(w *words.Words) (phrase string, leads bool) {
	d := s.days
	months := bitList(s.months)
	inMonths := ""
	if len(months) < 12 {
		inMonths = w.T("schedule.in_months", w.List(monthNames(w, months)))
	}
	byMonth, byWeek := bitList(d.ofMonth), weekdayNames(w, d.ofWeek)
	missing := s.explainMissing(w)
	dayOfMonth := w.T("schedule.day_of_month", numbers(w, byMonth)) + missing
	switch {
	case d.ordinal != 0:
		return d.explainOrdinal(w) + inMonths, true
	case d.everyDay() && inMonths == "":
		return "", false
	case d.everyDay():
		return w.T("schedule.every_day") + inMonths, true
	case d.monthIsFree:
		return w.T("schedule.every", byWeek) + inMonths, true
	case d.weekdaysFree && s.months == 1<<time.February && d.ofMonth == 1<<29:
		return w.T("schedule.leap"), true
	case d.weekdaysFree && len(months)*len(byMonth) <= 4 && missing == "":
		var dates []string
		for _, m := range monthNames(w, months) {
			for _, n := range byMonth {
				dates = append(dates, strconv.Itoa(n)+" "+m)
			}
		}
		return w.T("schedule.every_year", w.List(dates)), true
	case d.weekdaysFree:
		return dayOfMonth + inMonths, false
	}
	return dayOfMonth + w.T("schedule.also", byWeek) + inMonths, false
}

// explainMissing says that some of the days are not in all of the months.
func (s *Schedule) explainMissing(w *words.Words) string {
	for _, m := range bitList(s.months) {
		if s.days.ofMonth>>(lengthOf(2001, time.Month(m))+1) != 0 {
			return w.T("schedule.where_one")
		}
	}
	return ""
}

// everyDay reports whether the days restrict nothing.
func (d days) everyDay() bool {
	everyDate, everyWeekday := d.ofMonth == allDays, d.ofWeek == allWeekdays
	if d.monthIsFree || d.weekdaysFree {
		return everyDate && everyWeekday
	}
	return everyDate || everyWeekday
}

// ordinalKeys are the words for days.ordinal in the catalogue.
var ordinalKeys = map[int]string{
	1: "schedule.first", 2: "schedule.second", 3: "schedule.third", 4: "schedule.fourth", last: "schedule.last",
}

func (d days) explainOrdinal(w *words.Words) string {
	which := w.T(ordinalKeys[d.ordinal])
	switch d.ofWeek {
	case allWeekdays:
		return w.T("schedule.nth_day", which)
	case workingDays:
		return w.T("schedule.nth_working_day", which)
	}
	return w.T("schedule.nth_weekday", which, weekdayNames(w, d.ofWeek))
}

// pace returns n where the values are 0, n, 2n… through a whole cycle that n
// divides, else 0.
func pace(values []int, cycle int) int {
	n := cycle / len(values)
	if n*len(values) != cycle || n == cycle {
		return 0
	}
	for i, v := range values {
		if v != i*n {
			return 0
		}
	}
	return n
}

func bitList(set uint64) []int {
	var values []int
	for ; set != 0; set &= set - 1 {
		values = append(values, bits.TrailingZeros64(set))
	}
	return values
}

// numbers lists values: three or more in a row as a range, a longer run by step
// as its beginning and its end.
func numbers(w *words.Words, values []int) string {
	if n := len(values); n > maxTimes {
		step := values[1] - values[0]
		if i := 1; step > 1 {
			for i < n && values[i]-values[i-1] == step {
				i++
			}
			if i == n {
				return w.T("schedule.so_on", values[0], values[1], values[2], values[n-1])
			}
		}
	}
	var parts []string
	for i := 0; i < len(values); i++ {
		j := i
		for j+1 < len(values) && values[j+1] == values[j]+1 {
			j++
		}
		if j-i < 2 {
			parts = append(parts, strconv.Itoa(values[i]))
			continue
		}
		parts = append(parts, w.T("schedule.to", values[i], values[j]))
		i = j
	}
	return w.List(parts)
}

// weekdayNames lists weekdays from Monday on.
func weekdayNames(w *words.Words, set uint64) string {
	if set == workingDays {
		return w.T("schedule.working_days")
	}
	var names []string
	for i := range 7 {
		if d := time.Weekday((i + 1) % 7); set>>d&1 == 1 {
			names = append(names, w.Weekday(d))
		}
	}
	return w.List(names)
}

func monthNames(w *words.Words, months []int) []string {
	names := make([]string, len(months))
	for i, m := range months {
		names[i] = strings.Fields(w.T("time.months"))[m-1]
	}
	return names
}

// longDate is a day with its month in full: "1 December 2026".
func longDate(w *words.Words, wall int64) string {
	t := time.Unix(wall, 0).UTC()
	return strconv.Itoa(t.Day()) + " " + w.Month(t)
}
