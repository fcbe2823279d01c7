package schedule

import (
	"fmt"
	"math/bits"
	"time"
)

// Wall-clock readings are counted like Unix seconds, as if the zone were UTC.
// Moments are Unix seconds. Both are int64; wall names the first.
const (
	minute = 60
	hour   = 60 * minute
	day    = 24 * hour

	// horizon is how far Next looks: a 29 February is at most eight years away,
	// across a century that is no leap year.
	horizon = 12 * 366 * day

	// span is more than any clock ever jumped (a whole day: Manila, Alaska,
	// Kwajalein, Apia) or is away from UTC.
	span = 36 * hour
)

// Next answers within these years, so that sums stay small and Firing.Wall
// keeps its form.
var (
	earliest = time.Date(1, 1, 3, 0, 0, 0, 0, time.UTC).Unix()
	latest   = time.Date(9999, 12, 29, 0, 0, 0, 0, time.UTC).Unix()
)

// nextCivil finds the first reading that the zone's clock has neither shown nor
// passed by the moment from, and the moment when it will.
func (s *Schedule) nextCivil(from int64) (Firing, bool) {
	wall := floorMinute(s.highest(from)) + minute
	wall, ok := s.nextWall(wall, min(wall+horizon, latest))
	if !ok {
		return Firing{}, false
	}
	return s.firing(wall), true
}

// nextOnce is nextCivil for the one reading of a one-off.
func (s *Schedule) nextOnce(from int64) (Firing, bool) {
	if s.onceAt <= s.highest(from) {
		return Firing{}, false
	}
	return s.firing(s.onceAt), true
}

// nextReal finds the first moment after from whose own reading matches, stretch
// by stretch of constant offset.
func (s *Schedule) nextReal(from int64) (Firing, bool) {
	limit := min(from+horizon, latest)
	offset, end := s.stretch(from)
	wall := floorMinute(from+offset) + minute
	for {
		if next, ok := s.nextWall(wall, min(end, limit)+offset-1); ok {
			at := next - offset
			f := s.at(at, offset)
			if _, twice := s.again(next, at); twice || s.reach(next) < at {
				f.Note = fmt.Sprintf("%s happens twice on %s, sent both times", clock(next), date(next))
			}
			return f, true
		}
		if end >= limit {
			return Firing{}, false
		}
		from = end
		offset, end = s.stretch(from)
		wall = floorMinute(from + offset + minute - 1)
	}
}

// firing makes the Firing of a reading by the rule for named hours.
func (s *Schedule) firing(wall int64) Firing {
	at := s.reach(wall)
	offset, _ := s.stretch(at)
	f := s.at(at, offset)
	reads := at + offset
	switch _, twice := s.again(wall, at); {
	case floorMinute(reads) > wall:
		f.Note = s.gapNote(wall, reads)
	case twice && s.step:
		f.Note = fmt.Sprintf("%s happens twice on %s, sent both times", clock(wall), date(wall))
	case twice:
		f.Note = fmt.Sprintf("%s happens twice on %s, sent the first time", clock(wall), date(wall))
	}
	return f
}

// gapNote explains a firing at a gap's end, where the clock reads reads.
func (s *Schedule) gapNote(wall, reads int64) string {
	missing := clock(wall) + " does not exist on " + date(wall)
	if !s.once {
		if _, more := s.nextWall(wall+minute, floorMinute(reads)-1); more {
			missing = "times from " + clock(wall) + " do not exist on " + date(wall)
		}
	}
	sent := clock(reads)
	if date(reads) != date(wall) {
		sent += " on " + date(reads)
	}
	return missing + ", sent at " + sent
}

func (s *Schedule) at(at, offset int64) Firing {
	return Firing{
		At:     time.Unix(at, 0).In(s.loc),
		Wall:   time.Unix(at+offset, 0).UTC().Format(wallLayout),
		Offset: int(offset),
	}
}

// stretch returns the offset at a moment and a later moment up to which it
// certainly holds, which need not be the last such.
//
// Only the end of ZoneBounds is used: where the zone's table has run out and
// its rule takes over, its start can lie before the table's last change. Its
// end can be the first second of a leap year's 31 December all that day long,
// so a day's end stands in for it.
func (s *Schedule) stretch(at int64) (offset, end int64) {
	t := time.Unix(at, 0).In(s.loc)
	_, seconds := t.Zone()
	_, bound := t.ZoneBounds()
	end = latest + horizon
	if !bound.IsZero() {
		end = bound.Unix()
	}
	if end <= at {
		end = at - floorMod(at, day) + day
	}
	return int64(seconds), end
}

// highest returns the highest reading that the zone's clock has shown by a
// moment, to the second. In a repeated hour that is not the present one.
func (s *Schedule) highest(at int64) int64 {
	highest := int64(-1 << 62)
	for t := at - span; ; {
		offset, end := s.stretch(t)
		if end > at {
			return max(highest, at+offset)
		}
		highest = max(highest, end+offset-1)
		t = end
	}
}

// reach returns the first moment at which the zone's clock shows a reading or
// has passed it.
func (s *Schedule) reach(wall int64) int64 {
	for t := wall - span; ; {
		offset, end := s.stretch(t)
		if wall-offset < end {
			return max(t, wall-offset)
		}
		t = end
	}
}

// again returns the moment at which the zone's clock shows a reading once more,
// having shown it at the moment at.
func (s *Schedule) again(wall, at int64) (int64, bool) {
	_, end := s.stretch(at)
	for t := end; t <= at+span; t = end {
		var offset int64
		offset, end = s.stretch(t)
		if repeat := wall - offset; repeat >= t && repeat < end {
			return repeat, true
		}
	}
	return 0, false
}

// nextWall returns the first matching reading from wall (a whole minute) up to
// limit, both included.
func (s *Schedule) nextWall(wall, limit int64) (int64, bool) {
	if wall > limit {
		return 0, false
	}
	year, month, first := time.Unix(wall, 0).UTC().Date()
	start := int(floorMod(wall, day) / minute) // minute of the first day looked at
	for {
		begin := time.Date(year, month, 1, 0, 0, 0, 0, time.UTC)
		if begin.Unix() > limit {
			return 0, false
		}
		var left uint64
		if s.months>>month&1 == 1 {
			left = s.days.in(year, month, begin.Weekday()) >> first << first
		}
		for ; left != 0; left &= left - 1 {
			d := bits.TrailingZeros64(left)
			if d != first {
				start = 0
			}
			if m, ok := s.nextMinute(start); ok {
				found := begin.Unix() + int64(d-1)*day + int64(m)*minute
				return found, found <= limit
			}
		}
		first, start = 1, 0
		if month++; month > time.December {
			year, month = year+1, time.January
		}
	}
}

// nextMinute returns the first matching minute of a day, counted from midnight,
// that is not before from.
func (s *Schedule) nextMinute(from int) (int, bool) {
	h, m := from/60, from%60
	if s.hours>>h&1 == 1 {
		if left := s.minutes >> m; left != 0 {
			return from + bits.TrailingZeros64(left), true
		}
	}
	left := s.hours >> (h + 1) << (h + 1)
	if left == 0 {
		return 0, false
	}
	return bits.TrailingZeros64(left)*60 + bits.TrailingZeros64(s.minutes), true
}

func floorMod(a, b int64) int64 { return ((a % b) + b) % b }

func floorMinute(wall int64) int64 { return wall - floorMod(wall, minute) }

func clock(wall int64) string { return time.Unix(wall, 0).UTC().Format("15:04") }

func date(wall int64) string { return time.Unix(wall, 0).UTC().Format("2 January 2006") }
