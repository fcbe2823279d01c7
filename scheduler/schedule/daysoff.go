package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/internal/errs"
)

// Bounds of the days that a schedule leaves out.
const (
	maxDaysOff = 2000
	maxDayName = 100 // letters
	maxRun     = 366 // days from one date to another in one line
)

// DayOff is a day on which nothing is sent, and why.
type DayOff struct {
	Date string `json:"date"` // 2006-01-02, in the schedule's zone
	Name string `json:"name,omitempty"`
}

// ParseDaysOff reads one day a line: a date, or two with a slash between them
// for all days from the first to the second, then a name, which may be left
// out. Empty lines and those that begin with # are passed over. The days come
// back sorted, each once. Errors are Invalid, with the line and the remedy.
//
//	2026-12-24 Christmas Eve
//	2026-12-27/2027-01-06 Holidays
func ParseDaysOff(text string) ([]DayOff, error) {
	var out []DayOff
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || line[0] == '#' {
			continue
		}
		when, name, _ := strings.Cut(line, " ")
		from, to, run := strings.Cut(when, "/")
		if !run {
			to = from
		}
		first, err := time.Parse(time.DateOnly, from)
		last, err2 := time.Parse(time.DateOnly, to)
		switch {
		case err != nil || err2 != nil:
			return nil, dayError("line %d: %q is no day: write it as 2026-12-24, or 2026-12-24/2027-01-06 for all days between", i+1, when)
		case last.Before(first):
			return nil, dayError("line %d: %s lies before %s: write the earlier day first", i+1, to, from)
		case last.Sub(first) > maxRun*24*time.Hour:
			return nil, dayError("line %d: more than a year is left out: pause the campaign instead", i+1)
		}
		for d := first; !d.After(last); d = d.AddDate(0, 0, 1) {
			out = append(out, DayOff{d.Format(time.DateOnly), strings.TrimSpace(name)})
		}
	}
	return TidyDaysOff(out)
}

// TidyDaysOff sorts days and names each once. A day that is none, and more days
// than a schedule can leave out, are Invalid.
func TidyDaysOff(all []DayOff) ([]DayOff, error) {
	var out []DayOff
	for _, d := range all {
		if _, err := time.Parse(time.DateOnly, d.Date); err != nil {
			return nil, dayError("%q is no day: write it as 2026-12-24", d.Date)
		}
		if r := []rune(strings.Join(strings.Fields(d.Name), " ")); len(r) > maxDayName {
			d.Name = string(r[:maxDayName])
		} else {
			d.Name = string(r)
		}
		out = append(out, d)
	}
	slices.SortStableFunc(out, func(a, b DayOff) int { return strings.Compare(a.Date, b.Date) })
	out = slices.CompactFunc(out, func(a, b DayOff) bool { return a.Date == b.Date })
	if len(out) > maxDaysOff {
		return nil, dayError("these are %d days: at most %d can be left out", len(out), maxDaysOff)
	}
	return out, nil
}

func dayError(format string, args ...any) error {
	return &errs.Error{Kind: errs.Invalid, Field: "days_off", Text: fmt.Sprintf(format, args...)}
}

// WriteDaysOff is the text that ParseDaysOff reads back as these days.
func WriteDaysOff(all []DayOff) string {
	var b strings.Builder
	for i := 0; i < len(all); {
		j := i
		for j+1 < len(all) && j-i < maxRun && all[j+1].Name == all[i].Name && all[j+1].Date == dayAfter(all[j].Date) {
			j++
		}
		b.WriteString(all[i].Date)
		if j > i {
			b.WriteString("/" + all[j].Date)
		}
		if all[i].Name != "" {
			b.WriteString(" " + all[i].Name)
		}
		b.WriteString("\n")
		i = j + 1
	}
	return b.String()
}

func dayAfter(date string) string {
	t, err := time.Parse(time.DateOnly, date)
	if err != nil {
		return ""
	}
	return t.AddDate(0, 0, 1).Format(time.DateOnly)
}

// daysOff are the days that a schedule leaves out.
type daysOff struct {
	names map[string]string // by date
	moved []run             // where dates move to; empty where they are left out
}

// run is days off in a row, and the first day behind them.
type run struct{ first, target string }

// Without returns the schedule without its firings on these days. With move
// they come on the first day behind that is not one of them, at the same time
// of day; where the schedule fires then anyway, once. Days that are no dates
// are passed over.
func (s Schedule) Without(days []DayOff, move bool) Schedule {
	if len(days) == 0 {
		return s
	}
	off := &daysOff{names: map[string]string{}}
	var dates []string
	for _, d := range days {
		if _, twice := off.names[d.Date]; !twice && dayAfter(d.Date) != "" {
			dates = append(dates, d.Date)
		}
		off.names[d.Date] = d.Name
	}
	slices.Sort(dates)
	for i := 0; move && i < len(dates); i++ {
		r := run{first: dates[i], target: dayAfter(dates[i])}
		for i+1 < len(dates) && dates[i+1] == r.target {
			i++
			r.target = dayAfter(dates[i])
		}
		off.moved = append(off.moved, r)
	}
	s.off = off
	return s
}

// nextKept is Next for a schedule that leaves days out.
func (s Schedule) nextKept(after time.Time) (Firing, bool) {
	base := s
	base.off = nil
	f, ok := s.nextOn(base, after)
	if moved, found := s.nextMoved(base, after); found && (!ok || moved.At.Before(f.At)) {
		return moved, true
	}
	return f, ok
}

// nextOn is the next firing of base that is not on a day off.
func (s Schedule) nextOn(base Schedule, after time.Time) (Firing, bool) {
	left := ""
	for {
		f, ok := base.Next(after)
		if !ok {
			return f, false
		}
		date := f.Wall[:len(time.DateOnly)]
		name, off := s.off.names[date]
		if !off {
			if left != "" && f.Note == "" {
				f.Note = left
			}
			return f, true
		}
		if len(s.off.moved) == 0 {
			left = dayOff(date, name) + " is left out"
		}
		after = f.At
		// A minute before midnight, so that nothing of the next day is passed over.
		if end := time.Date(f.At.Year(), f.At.Month(), f.At.Day(), 23, 58, 0, 0, s.loc); end.After(after) {
			after = end
		}
	}
}

// nextMoved is the next firing that was moved away from days off.
func (s Schedule) nextMoved(base Schedule, after time.Time) (Firing, bool) {
	var best Firing
	for _, r := range s.off.moved {
		if best.Wall != "" && r.target > best.Wall[:len(time.DateOnly)] {
			break // they are sorted
		}
		if r.target < after.In(s.loc).AddDate(0, 0, -1).Format(time.DateOnly) {
			continue
		}
		for _, f := range s.movedOf(base, r) {
			if f.At.After(after) && (best.Wall == "" || f.At.Before(best.At)) {
				best = f
			}
		}
	}
	return best, best.Wall != ""
}

// movedOf are the firings of one run of days off, on the day behind it.
func (s Schedule) movedOf(base Schedule, r run) []Firing {
	first, err := time.ParseInLocation(time.DateOnly, r.first, s.loc)
	if err != nil {
		return nil
	}
	var out []Firing
	seen := map[string]bool{}
	for at := first.Add(-time.Hour); ; {
		f, ok := base.Next(at)
		date := ""
		if ok {
			date = f.Wall[:len(time.DateOnly)]
		}
		if !ok || date >= r.target {
			return out
		}
		at = f.At
		hour := f.Wall[len(time.DateOnly):]
		if date < r.first || seen[hour] {
			continue
		}
		seen[hour] = true
		wall, err := time.Parse(wallLayout, r.target+hour)
		if err != nil {
			continue
		}
		once := Schedule{zone: s.zone, loc: s.loc, once: true, onceAt: wall.Unix()}
		if m, ok := once.Next(first.Add(-time.Hour)); ok {
			m.Note = "moved from " + dayOff(date, s.off.names[date])
			out = append(out, m)
		}
	}
}

// dayOff is a day with its name, for people.
func dayOff(date, name string) string {
	if t, err := time.Parse(time.DateOnly, date); err == nil {
		date = t.Format("2 January 2006")
	}
	if name != "" {
		date += " (" + name + ")"
	}
	return date
}
