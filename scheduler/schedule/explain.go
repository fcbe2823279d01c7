package schedule

import (
	"fmt"
	"math/bits"
	"strconv"
	"strings"
	"time"
)

// maxTimes is the number of times of day that are listed one by one.
const maxTimes = 6

// Explain returns the schedule as a plain English phrase without a full stop,
// such as "every Tuesday at 09:00, Europe/Stockholm".
func (s Schedule) Explain() string {
	switch {
	case s.loc == nil:
		return "never"
	case s.once:
		return fmt.Sprintf("once on %s at %s, %s", date(s.onceAt), clock(s.onceAt), s.zone)
	}
	when, byClock := s.explainTime()
	on, leads := s.explainDays()
	phrase := when + " " + on
	switch {
	case on == "" && byClock:
		phrase = "every day " + when
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
func (s *Schedule) explainTime() (phrase string, byClock bool) {
	hours, minutes := bitList(s.hours), bitList(s.minutes)
	if len(hours)*len(minutes) <= maxTimes {
		var times []string
		for _, h := range hours {
			for _, m := range minutes {
				times = append(times, fmt.Sprintf("%02d:%02d", h, m))
			}
		}
		return "at " + list(times, "and"), true
	}
	firstHour, lastHour := hours[0], hours[len(hours)-1]
	between := fmt.Sprintf(" from %02d:%02d to %02d:%02d", firstHour, minutes[0], lastHour, minutes[len(minutes)-1])
	all, unbroken := len(hours) == 24, lastHour-firstHour == len(hours)-1
	if all {
		between = ""
	}
	minutePace, hourPace := pace(minutes, 60), pace(hours, 24)
	switch {
	case minutePace != 0 && unbroken:
		phrase = "every " + count(minutePace, "minute") + between
	case minutePace != 0:
		phrase = "every " + count(minutePace, "minute") + " of the hours " + numbers(hours)
	case len(minutes) == 1 && unbroken && !all:
		phrase = "every hour" + between
	case hourPace != 0 && len(minutes) == 1 && minutes[0] == 0:
		phrase = "every " + count(hourPace, "hour")
	case hourPace != 0:
		phrase = "every " + count(hourPace, "hour") + " at minute " + numbers(minutes)
	case len(hours) == 1:
		phrase = fmt.Sprintf("at minute %s after %02d:00", numbers(minutes), firstHour)
	default:
		phrase = "at minute " + numbers(minutes) + " of the hours " + numbers(hours)
	}
	return phrase, false
}

// explainDays returns the days, empty for every day, and whether the phrase
// goes before a time of day ("every Tuesday at 09:00").
func (s *Schedule) explainDays() (phrase string, leads bool) {
	d := s.days
	months := bitList(s.months)
	inMonths := ""
	if len(months) < 12 {
		inMonths = " in " + list(monthNames(months), "and")
	}
	byMonth, byWeek := bitList(d.ofMonth), weekdayNames(d.ofWeek)
	dayOfMonth, missing := "day "+numbers(byMonth)+" of the month", s.explainMissing()
	switch {
	case d.ordinal != 0:
		return "on the " + d.explainOrdinal() + " of the month" + inMonths, true
	case d.everyDay() && inMonths == "":
		return "", false
	case d.everyDay():
		return "every day" + inMonths, true
	case d.monthIsFree:
		return "every " + byWeek + inMonths, true
	case d.weekdaysFree && s.months == 1<<time.February && d.ofMonth == 1<<29:
		return "every leap year on 29 February", true
	case d.weekdaysFree && len(months)*len(byMonth) <= 4 && missing == "":
		var dates []string
		for _, m := range monthNames(months) {
			for _, n := range byMonth {
				dates = append(dates, strconv.Itoa(n)+" "+m)
			}
		}
		return "every year on " + list(dates, "and"), true
	case d.weekdaysFree:
		return "on " + dayOfMonth + missing + inMonths, false
	}
	return "on " + dayOfMonth + missing + " and also on every " + byWeek + inMonths, false
}

// explainMissing says that some of the days are not in all of the months.
func (s *Schedule) explainMissing() string {
	for _, m := range bitList(s.months) {
		if s.days.ofMonth>>(lengthOf(2001, time.Month(m))+1) != 0 {
			return " (where there is one)"
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

func (d days) explainOrdinal() string {
	which := ""
	for word, n := range ordinals {
		if n == d.ordinal {
			which = word
		}
	}
	switch d.ofWeek {
	case allWeekdays:
		return which + " day"
	case workingDays:
		return which + " working day"
	}
	return which + " " + weekdayNames(d.ofWeek)
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
func numbers(values []int) string {
	if n := len(values); n > maxTimes {
		step := values[1] - values[0]
		if i := 1; step > 1 {
			for i < n && values[i]-values[i-1] == step {
				i++
			}
			if i == n {
				return fmt.Sprintf("%d, %d, %d and so on to %d", values[0], values[1], values[2], values[n-1])
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
		parts = append(parts, fmt.Sprintf("%d to %d", values[i], values[j]))
		i = j
	}
	return list(parts, "and")
}

// weekdayNames lists weekdays from Monday on.
func weekdayNames(set uint64) string {
	if set == workingDays {
		return "Monday to Friday"
	}
	var names []string
	for i := range 7 {
		if d := time.Weekday((i + 1) % 7); set>>d&1 == 1 {
			names = append(names, d.String())
		}
	}
	return list(names, "and")
}

func monthNames(months []int) []string {
	names := make([]string, len(months))
	for i, m := range months {
		names[i] = time.Month(m).String()
	}
	return names
}

func list(words []string, last string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	end := len(words) - 1
	return strings.Join(words[:end], ", ") + " " + last + " " + words[end]
}

func count(n int, unit string) string {
	if n == 1 {
		return unit
	}
	return strconv.Itoa(n) + " " + unit + "s"
}
