// Package schedule says what a campaign's schedule means: it reads the text,
// computes the moments at which it fires in its zone, and puts both into plain
// English. It is pure: no clock, no goroutine, no store. It neither waits for a
// moment nor remembers which were met; that is the scheduler's work.
//
// # When a time does not exist, or exists twice
//
// A schedule is a set of wall-clock times in one zone of the tz database. The
// clock of that zone jumps, so there are three rules, chosen by the hours:
//
//   - Named hours ("0 9 * * 2", "30 2-4 * * *", all presets): a time fires when
//     the zone's clock first reads it or passes it. A time inside a gap so fires
//     at the gap's end, several of them together once, and a time that comes
//     twice fires the first time only. This holds for any gap: half an hour,
//     one at midnight, a whole day left out.
//   - Every hour ("*/15 * * * *", "0 * * * *", "0 0-23 * * *"): it fires at each
//     real moment whose reading matches. Times in a gap are not made up for, as
//     the next one is at most an hour away, and a repeated hour counts again.
//   - Hours by step ("0 */6 * * *"): both. A time in a gap fires at the gap's
//     end, lest a day lose its issue, and a repeated hour counts again.
//
// Days of month and weekdays join as in cron: where both are restricted either
// suffices, and a field is unrestricted when it holds "*" or "*/1".
package schedule

import (
	"time"
)

// wallLayout is the form of Firing.Wall and of one-off schedules.
const wallLayout = "2006-01-02T15:04"

// Schedule is a parsed schedule in its zone. It is a value, safe to copy and
// for concurrent use. The zero Schedule never fires.
type Schedule struct {
	text string // canonical
	zone string
	loc  *time.Location

	minutes, hours, months uint64 // bit n stands for n
	days                   days

	every bool // all 24 hours: only real moments count
	step  bool // hours by step: real moments, and the ends of gaps

	once   bool  // fires at onceAt alone
	onceAt int64 // wall clock, counted as if it were Unix seconds

	off *daysOff // nil: every day counts
}

// Firing is one moment at which a schedule fires. Wall and Offset are its key:
// two firings of one schedule never have both in common, and both follow from
// the moment alone, so they stay the same when the schedule's text changes.
type Firing struct {
	At     time.Time // in the schedule's zone
	Wall   string    // what the zone's clock reads then, as 2006-01-02T15:04
	Offset int       // seconds east of UTC at that moment
	Note   string    // for people: why it is not at the planned time, or not twice; mostly empty
}

// String returns the canonical text: Parse accepts it and gives an equal
// Schedule, given the same zone.
func (s Schedule) String() string { return s.text }

// Zone returns the IANA name of the schedule's zone.
func (s Schedule) Zone() string { return s.zone }

// Next returns the first firing strictly after a moment, false when there is
// none within twelve years (of a one-off: none at all) or before the year 10000.
// What it returns depends on the moment only, never on earlier calls: after a
// restart, the moment of the last firing on record is all that is needed.
func (s Schedule) Next(after time.Time) (Firing, bool) {
	from := max(after.Unix(), earliest)
	if s.loc == nil || from >= latest {
		return Firing{}, false
	}
	switch {
	case s.off != nil:
		return s.nextKept(after)
	case s.once:
		return s.nextOnce(from)
	case s.every:
		return s.nextReal(from)
	case s.step:
		civil, ok := s.nextCivil(from)
		repeat, again := s.nextReal(from)
		if !ok || again && repeat.At.Before(civil.At) {
			return repeat, again
		}
		return civil, ok
	}
	return s.nextCivil(from)
}

// NextN returns the next n firings strictly after a moment, oldest first, fewer
// when there are fewer.
func (s Schedule) NextN(after time.Time, n int) []Firing {
	var firings []Firing
	for len(firings) < n {
		f, ok := s.Next(after)
		if !ok {
			break
		}
		firings = append(firings, f)
		after = f.At
	}
	return firings
}

// Between returns the firings strictly after one moment up to and including
// another, oldest first, at most limit of them: those missed while nobody
// looked. When limit are returned there may be more; ask again from the last
// one's At.
func (s Schedule) Between(after, upTo time.Time, limit int) []Firing {
	var firings []Firing
	for len(firings) < limit {
		f, ok := s.Next(after)
		if !ok || f.At.After(upTo) {
			break
		}
		firings = append(firings, f)
		after = f.At
	}
	return firings
}
