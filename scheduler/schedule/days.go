package schedule

import (
	"math/bits"
	"time"
)

const (
	allWeekdays = 1<<7 - 1 // Sunday is bit 0
	workingDays = 1<<time.Monday | 1<<time.Tuesday | 1<<time.Wednesday | 1<<time.Thursday | 1<<time.Friday
	allDays     = 1<<32 - 2 // bits 1 to 31
	last        = -1        // ordinal
)

// days says which days of a month match.
type days struct {
	ofMonth, ofWeek           uint64 // bit n stands for n
	monthIsFree, weekdaysFree bool   // the field restricts nothing

	// ordinal, where it is not 0, takes one day of those of ofWeek: the first
	// (1), second…, or the last. ofMonth says nothing then.
	ordinal int
}

// in returns the matching days of a month as bits 1 to 31. first is the weekday
// of its first day.
func (d days) in(year int, month time.Month, first time.Weekday) uint64 {
	valid := uint64(1)<<(lengthOf(year, month)+1) - 2
	const weeks = 1 | 1<<7 | 1<<14 | 1<<21 | 1<<28 | 1<<35
	byWeek := d.ofWeek * weeks >> first << 1 & valid
	byMonth := d.ofMonth & valid
	switch {
	case d.ordinal == last:
		return 1 << (bits.Len64(byWeek) - 1)
	case d.ordinal > 0:
		for range d.ordinal - 1 {
			byWeek &= byWeek - 1
		}
		return byWeek & -byWeek
	case d.monthIsFree || d.weekdaysFree:
		return byMonth & byWeek
	}
	return byMonth | byWeek
}

// ever reports whether any of the months has a matching day in some year.
func (d days) ever(months uint64) bool {
	if d.ordinal != 0 || !d.weekdaysFree {
		return true
	}
	for m := time.January; m <= time.December; m++ {
		const leapYear = 2000
		if months>>m&1 == 1 && d.in(leapYear, m, time.Sunday) != 0 {
			return true
		}
	}
	return false
}

func lengthOf(year int, month time.Month) int {
	switch month {
	case time.April, time.June, time.September, time.November:
		return 30
	case time.February:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
