package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// presets read the schedules in words, by their first word. Each gets all
// words, in lower case, and makes them canonical.
var presets = map[string]func(*Schedule, []string) error{
	"once":    (*Schedule).readOnce,
	"daily":   (*Schedule).readDaily,
	"weekly":  (*Schedule).readWeekly,
	"monthly": (*Schedule).readMonthly,
}

// presetNames is for suggestions, so it has the forms that start with "@" too.
func presetNames() []string {
	return []string{"once", "daily", "weekly", "monthly", "@hourly", "@daily", "@weekly", "@monthly", "@yearly"}
}

func (s *Schedule) readOnce(words []string) error {
	if len(words) != 2 {
		return invalid(`"once" takes a date and a time in one word: write "once 2026-12-01T09:00"`)
	}
	at, err := parseWall(words[1])
	if err != nil {
		return err
	}
	s.once, s.onceAt = true, at
	words[1] = time.Unix(at, 0).UTC().Format(wallLayout)
	return nil
}

func (s *Schedule) readDaily(words []string) error {
	if len(words) != 2 {
		return invalid(`"daily" takes a time: write "daily 09:00"`)
	}
	s.days = days{ofMonth: allDays, ofWeek: allWeekdays, monthIsFree: true, weekdaysFree: true}
	return s.readClock(&words[1])
}

func (s *Schedule) readWeekly(words []string) error {
	if len(words) != 3 {
		return invalid(`"weekly" takes weekdays and a time: write "weekly tue 09:00" or "weekly mon,thu 09:00"`)
	}
	s.days = days{ofMonth: allDays, monthIsFree: true}
	for name := range strings.SplitSeq(words[1], ",") {
		d, ok := weekday(name)
		if !ok {
			return invalid("%q is no weekday: take mon, tue, wed, thu, fri, sat or sun, with commas between several", name)
		}
		s.days.ofWeek |= 1 << d
	}
	// Weeks begin with Monday in words, as most of the world writes them.
	var names []string
	for i := range 7 {
		if d := time.Weekday((i + 1) % 7); s.days.ofWeek>>d&1 == 1 {
			names = append(names, short(d))
		}
	}
	words[1] = strings.Join(names, ",")
	return s.readClock(&words[2])
}

// ordinals are the words for days.ordinal.
var ordinals = map[string]int{"first": 1, "second": 2, "third": 3, "fourth": 4, "last": last}

func (s *Schedule) readMonthly(words []string) error {
	const remedy = `write "monthly 15 09:00", "monthly first tue 09:00" or "monthly last working-day 09:00"`
	switch len(words) {
	case 3:
		s.days = days{ofWeek: allWeekdays, weekdaysFree: true}
		var names []string
		for text := range strings.SplitSeq(words[1], ",") {
			n, ok := number(text)
			if !ok || n < 1 || n > 31 {
				return invalid("%q is no day of a month: %s", text, remedy)
			}
			s.days.ofMonth |= 1 << n
		}
		for n := 1; n <= 31; n++ {
			if s.days.ofMonth>>n&1 == 1 {
				names = append(names, fmt.Sprint(n))
			}
		}
		words[1] = strings.Join(names, ",")
	case 4:
		ordinal, ok := ordinals[words[1]]
		if !ok {
			return invalid("%q is not first, second, third, fourth or last: %s", words[1], remedy)
		}
		s.days.ordinal = ordinal
		d, isWeekday := weekday(words[2])
		switch {
		case words[2] == "day":
			s.days.ofWeek = allWeekdays
		case words[2] == "working-day":
			s.days.ofWeek = workingDays
		case isWeekday:
			s.days.ofWeek = 1 << d
			words[2] = short(d)
		default:
			return invalid("%q is no weekday, working-day or day: %s", words[2], remedy)
		}
	default:
		return invalid(`"monthly" takes a day and a time: %s`, remedy)
	}
	return s.readClock(&words[len(words)-1])
}

// readClock reads the time of day of a preset.
func (s *Schedule) readClock(word *string) error {
	hours, minutes, _ := strings.Cut(*word, ":")
	h, okHour := number(hours)
	m, okMinute := number(minutes)
	if !okHour || !okMinute || len(hours) > 2 || len(minutes) != 2 || h > 23 || m > 59 {
		return invalid("%q is no time of day: write it as 09:00, up to 23:59", *word)
	}
	*word = fmt.Sprintf("%02d:%02d", h, m)
	s.hours, s.minutes, s.months = 1<<h, 1<<m, 1<<13-2
	return nil
}

// weekday reads "tue" or "tuesday".
func weekday(text string) (time.Weekday, bool) {
	i := slices.IndexFunc(weekdays, func(d time.Weekday) bool {
		return text == short(d) || text == strings.ToLower(d.String())
	})
	return time.Weekday(i), i >= 0
}

var weekdays = []time.Weekday{time.Sunday, time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday, time.Saturday}

func short(d time.Weekday) string { return strings.ToLower(d.String()[:3]) }
