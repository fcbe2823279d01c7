package schedule

import (
	"fmt"
	"os"
	"sort"
	"strings"
	"testing"
	"time"
)

// reading is what a wall clock shows, to the minute.
type reading struct {
	year    int
	month   time.Month
	day     int
	weekday time.Weekday
	hour    int
	minute  int
}

// promise is one schedule text and, written anew by hand, what it asks for.
type promise struct {
	text    string
	matches func(*reading) bool
	gaps    bool // a time in a gap fires at its end
	repeats bool // a repeated time fires again
	dense   bool // fires so often that only days around changes are compared
}

func at(hour, minute int) func(*reading) bool {
	return func(r *reading) bool { return r.hour == hour && r.minute == minute }
}

var promises = []promise{
	{"daily 09:00", at(9, 0), true, false, false},
	{"30 2 * * *", at(2, 30), true, false, false},
	{"@daily", at(0, 0), true, false, false},
	{"30 0 * * *", at(0, 30), true, false, false},
	{"45 1 * * *", at(1, 45), true, false, false},
	{"59 23 * * *", at(23, 59), true, false, false},
	{"15,45 1-3 * * *", func(r *reading) bool {
		return r.hour >= 1 && r.hour <= 3 && (r.minute == 15 || r.minute == 45)
	}, true, false, false},
	{"* 2 * * *", func(r *reading) bool { return r.hour == 2 }, true, false, false},
	{"weekly tue 09:00", func(r *reading) bool { return r.weekday == time.Tuesday && r.hour == 9 && r.minute == 0 }, true, false, false},
	{"30 2 * * sun", func(r *reading) bool { return r.weekday == time.Sunday && r.hour == 2 && r.minute == 30 }, true, false, false},
	{"0 0 * * fri,sat", func(r *reading) bool {
		return (r.weekday == time.Friday || r.weekday == time.Saturday) && r.hour == 0 && r.minute == 0
	}, true, false, false},
	{"monthly last working-day 09:00", func(r *reading) bool {
		if r.hour != 9 || r.minute != 0 || r.weekday == time.Saturday || r.weekday == time.Sunday {
			return false
		}
		left := time.Date(r.year, r.month+1, 0, 0, 0, 0, 0, time.UTC).Day() - r.day
		return left == 0 || r.weekday == time.Friday && left <= 2
	}, true, false, false},
	{"monthly last sun 02:30", func(r *reading) bool {
		next := time.Date(r.year, r.month, r.day+7, 0, 0, 0, 0, time.UTC)
		return r.weekday == time.Sunday && next.Month() != r.month && r.hour == 2 && r.minute == 30
	}, true, false, false},
	{"monthly first tue 00:00", func(r *reading) bool {
		return r.weekday == time.Tuesday && r.day <= 7 && r.hour == 0 && r.minute == 0
	}, true, false, false},
	{"0 9 13,30 * fri", func(r *reading) bool {
		return (r.day == 13 || r.day == 30 || r.weekday == time.Friday) && r.hour == 9 && r.minute == 0
	}, true, false, false},
	{"0 9 28-31 3,10,12 ?", func(r *reading) bool {
		return r.day >= 28 && (r.month == 3 || r.month == 10 || r.month == 12) && r.hour == 9 && r.minute == 0
	}, true, false, false},
	{"0 */2 * * *", func(r *reading) bool { return r.hour%2 == 0 && r.minute == 0 }, true, true, false},
	{"30 1/12 * * *", func(r *reading) bool { return r.hour%12 == 1 && r.minute == 30 }, true, true, false},
	{"0 * * * *", func(r *reading) bool { return r.minute == 0 }, false, true, false},
	{"15 0-23 * * sun", func(r *reading) bool { return r.minute == 15 && r.weekday == time.Sunday }, false, true, false},
	{"*/15 * * * *", func(r *reading) bool { return r.minute%15 == 0 }, false, true, true},
	{"* * * * *", func(*reading) bool { return true }, false, true, true},
}

// moment is a firing in numbers.
type moment struct{ at, offset int64 }

const (
	windowDays = 400
	near       = 3 * 24 * time.Hour // around a change, for dense promises
)

// observe walks every minute that the zone's clock shows, and every second
// around a change, and records what the promises ask for. It shares nothing
// with the code under test but the time package's idea of an offset.
func observe(loc *time.Location, from, to time.Time, ps []promise, close func(time.Time) bool) [][]moment {
	fired := make([][]moment, len(ps))
	offsetAt := func(sec int64) int64 { _, o := time.Unix(sec, 0).In(loc).Zone(); return int64(o) }
	var shown, skipped reading
	var today reading // kept, as most minutes are on the day of the one before
	var date int64
	show := func(minutes int64) reading {
		if d := floorDiv(minutes, 24*60); d != date || today.day == 0 {
			t := time.Unix(minutes*60, 0).UTC()
			today.year, today.month, today.day = t.Date()
			today.weekday, date = t.Weekday(), d
		}
		ofDay := minutes - date*24*60
		today.hour, today.minute = int(ofDay/60), int(ofDay%60)
		return today
	}
	sec := from.Add(-2 * near).Unix()
	offset := offsetAt(sec)
	highest := floorDiv(sec+offset, 60)
	for sec <= to.Unix() {
		now := floorDiv(sec+offset, 60)
		whole := now*60 == sec+offset
		if whole || now > highest {
			shown = show(now)
			passed := now // the last reading that was jumped over, if any
			if whole {
				passed--
			}
			recorded, isClose := sec > from.Unix(), close(time.Unix(sec, 0))
			for i := range ps {
				if !recorded {
					break
				}
				p := &ps[i]
				if p.dense && !isClose {
					continue
				}
				fires := whole && (p.repeats || now > highest) && p.matches(&shown)
				if p.gaps {
					for m := highest + 1; m <= passed && !fires; m++ {
						skipped = show(m)
						fires = p.matches(&skipped)
					}
				}
				if fires {
					fired[i] = append(fired[i], moment{sec, offset})
				}
			}
			highest = max(highest, now)
		}
		next := (now+1)*60 - offset
		if after := offsetAt(next); after == offset {
			sec = next
			continue
		}
		sec++
		offset = offsetAt(sec)
	}
	return fired
}

func floorDiv(a, b int64) int64 {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// window is a stretch of days in a zone.
type window struct {
	zone string
	from time.Time
}

// check compares what schedules do in a window with what was observed.
func check(t *testing.T, w window) {
	t.Helper()
	loc, err := findZone(w.zone)
	if err != nil {
		t.Fatal(err)
	}
	to := w.from.AddDate(0, 0, windowDays)
	spots := append(changes(loc, w.from, to), w.from)
	nearChange := func(at time.Time) bool {
		for _, c := range spots {
			if at.After(c.Add(-near)) && !at.After(c.Add(near)) {
				return true
			}
		}
		return false
	}
	for i, want := range observe(loc, w.from, to, promises, nearChange) {
		p := promises[i]
		s, err := Parse(p.text, w.zone)
		if err != nil {
			t.Fatal(err)
		}
		var got []Firing
		for _, part := range parts(p.dense, w.from, to, spots) {
			got = append(got, s.Between(part[0], part[1], 1<<20)...)
		}
		compare(t, s, got, want)
	}
}

// parts returns what to ask for: all of the window or, for dense promises,
// the days near changes, without overlaps.
func parts(dense bool, from, to time.Time, spots []time.Time) [][2]time.Time {
	if !dense {
		return [][2]time.Time{{from, to}}
	}
	var out [][2]time.Time
	end := from
	for _, c := range append(spots[len(spots)-1:], spots[:len(spots)-1]...) {
		a, b := c.Add(-near), c.Add(near)
		if a.Before(end) {
			a = end
		}
		if b.After(to) {
			b = to
		}
		if a.Before(b) {
			out, end = append(out, [2]time.Time{a, b}), b
		}
	}
	return out
}

func compare(t *testing.T, s Schedule, got []Firing, want []moment) {
	t.Helper()
	type key struct {
		wall   string
		offset int
	}
	keys := map[key]bool{}
	for i := range max(len(got), len(want)) {
		switch {
		case i >= len(got):
			t.Errorf("%s, %s: nothing after %d firings, want %v", s, s.Zone(), len(got), time.Unix(want[i].at, 0).In(s.loc))
			return
		case i >= len(want):
			t.Errorf("%s, %s: fired at %v, want nothing", s, s.Zone(), got[i].At)
			return
		}
		f, w := got[i], want[i]
		wall := time.Unix(w.at+w.offset, 0).UTC().Format(wallLayout)
		if f.At.Unix() != w.at || f.Offset != int(w.offset) || f.Wall != wall || f.At.Nanosecond() != 0 {
			t.Errorf("%s, %s: firing %d is at %v (wall %s, offset %d), want %v (%s, %d)", s, s.Zone(), i,
				f.At, f.Wall, f.Offset, time.Unix(w.at, 0).In(s.loc), wall, w.offset)
			return
		}
		if k := (key{f.Wall, f.Offset}); keys[k] {
			t.Errorf("%s, %s: key %v occurs twice", s, s.Zone(), k)
			return
		} else {
			keys[k] = true
		}
	}
}

// changes finds the seconds at which the offset changes, looking every half hour.
func changes(loc *time.Location, from, to time.Time) []time.Time {
	var found []time.Time
	offsetAt := func(t time.Time) int { _, o := t.In(loc).Zone(); return o }
	last := offsetAt(from)
	for t := from; t.Before(to); t = t.Add(30 * time.Minute) {
		if offset := offsetAt(t); offset != last {
			back := sort.Search(1800, func(n int) bool { return offsetAt(t.Add(-time.Duration(n)*time.Second)) == last })
			found, last = append(found, t.Add(-time.Duration(back-1)*time.Second)), offset
		}
	}
	return found
}

func TestEveryMinuteIsAsObserved(t *testing.T) {
	t.Parallel()
	windows := []window{
		{"Europe/Stockholm", day1(2026, 11)},
		{"Africa/Cairo", day1(2026, 11)},       // gap at midnight
		{"Australia/Lord_Howe", day1(2026, 9)}, // half an hour
		{"Pacific/Apia", day1(2011, 3)},        // a day left out
		{"America/New_York", day1(2039, 12)},   // by rule, and a leap year's last day
		{"Asia/Seoul", day1(2026, 11)},
		{"Africa/Casablanca", day1(2026, 11)}, // four changes a year, summer time in winter
		{"Asia/Beirut", day1(2026, 11)},       // gap and repeat at midnight
		{"America/Havana", day1(2026, 10)},    // hour 0 comes twice
		{"Asia/Kathmandu", day1(1985, 8)},     // 15 minutes
		{"Antarctica/Troll", day1(2026, 10)},  // two hours
		{"America/Santiago", day1(2026, 3)},
		{"Europe/Dublin", day1(1968, 1)},
		{"Europe/London", day1(1941, 1)},     // double summer time
		{"Africa/Monrovia", day1(1971, 6)},   // 44 minutes 30 seconds
		{"Europe/Amsterdam", day1(1936, 12)}, // in some databases 19 minutes 32 seconds
		{"Pacific/Kwajalein", day1(1993, 3)}, // a day left out
		{"Asia/Manila", day1(1844, 6)},
		{"America/Juneau", day1(1867, 1)}, // a day repeated
	}
	if testing.Short() {
		windows = windows[:4]
	}
	for _, w := range windows {
		t.Run(fmt.Sprint(w.zone, w.from.Year()), func(t *testing.T) {
			t.Parallel()
			check(t, w)
		})
	}
}

func day1(year int, month time.Month) time.Time {
	return time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
}

// TestEveryHistory does the same for each history of offsets in the database:
// the months to come, and around the boldest change and the first of each zone.
func TestEveryHistory(t *testing.T) {
	t.Parallel()
	if os.Getenv("POSTRIDER_DRILL") != "1" {
		t.Skip("the full tz database is not walked: set POSTRIDER_DRILL=1")
	}
	seen := map[string]bool{}
	for _, zone := range Zones() {
		loc, err := findZone(zone)
		if err != nil {
			t.Fatal(err)
		}
		for _, w := range historicWindows(zone, loc) {
			if print := fingerprint(loc, w.from); !seen[print] {
				seen[print] = true
				t.Run(fmt.Sprintf("%s/%d", zone, w.from.Year()), func(t *testing.T) {
					t.Parallel()
					check(t, w)
				})
			}
		}
	}
	t.Logf("%d windows of %d days, %d texts each", len(seen), windowDays, len(promises))
}

func historicWindows(zone string, loc *time.Location) []window {
	windows := []window{{zone, day1(2026, 11)}, {zone, day1(2027, 12)}}
	var first, boldest time.Time
	var jump int
	previous := time.Date(1840, 1, 1, 0, 0, 0, 0, time.UTC)
	_, last := previous.In(loc).Zone()
	for c := previous; c.Year() < 2038; c = c.Add(6 * time.Hour) {
		_, offset := c.In(loc).Zone()
		if offset == last {
			continue
		}
		if first.IsZero() {
			first = c
		}
		if d := max(offset-last, last-offset); d > jump {
			boldest, jump = c, d
		}
		last = offset
	}
	if jump > 0 {
		windows = append(windows, window{zone, first.AddDate(0, 0, -100)}, window{zone, boldest.AddDate(0, 0, -200)})
	}
	return windows
}

// fingerprint is equal for windows of equal offsets.
func fingerprint(loc *time.Location, from time.Time) string {
	start, end := from.Add(-3*near), from.AddDate(0, 0, windowDays+4)
	var b strings.Builder
	for _, c := range append(changes(loc, start, end), start) {
		_, offset := c.In(loc).Zone()
		fmt.Fprintf(&b, "%d:%d ", c.Unix(), offset)
	}
	return b.String()
}
