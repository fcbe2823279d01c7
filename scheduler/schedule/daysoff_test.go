package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// holidays are those of the tests: three days in a row and one by itself.
const holidays = `
# of the house
2026-12-24/2026-12-26 Christmas
2027-03-28
`

func TestDaysOffAreLeftOutOrMoved(t *testing.T) {
	t.Parallel()
	days, err := ParseDaysOff(holidays)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, from string
		move       bool
		want       []string
	}{
		{"weekly thu 09:00", "2026-12-18", false, []string{"2026-12-31T09:00 24 December 2026 (Christmas) is left out", "2027-01-07T09:00"}},
		{"weekly thu 09:00", "2026-12-18", true, []string{"2026-12-27T09:00 moved from 24 December 2026 (Christmas)", "2026-12-31T09:00"}},
		{"daily 09:00", "2026-12-23", false, []string{"2026-12-23T09:00", "2026-12-27T09:00 26 December 2026 (Christmas) is left out"}},
		{"daily 09:00", "2026-12-23", true, []string{"2026-12-23T09:00", "2026-12-27T09:00", "2026-12-28T09:00"}}, // it fires on the 27th anyway
		{"weekly thu,sat 23:30", "2026-12-23", true, []string{"2026-12-27T23:30 moved from 24 December 2026 (Christmas)", "2026-12-31T23:30"}},
		{"30 0 24,27 12 *", "2026-12-23", true, []string{"2026-12-27T00:30", "2027-12-24T00:30"}},
		{"once 2026-12-25T10:00", "2026-12-23", true, []string{"2026-12-27T10:00 moved from 25 December 2026 (Christmas)"}},
		{"once 2026-12-25T10:00", "2026-12-23", false, nil},
		// A time that does not exist on its own day exists on the day it is moved to.
		{"30 2 28 3 *", "2027-01-01", true, []string{"2027-03-29T03:00 moved from 28 March 2027"}},
		{"*/30 * * * *", "2026-12-23T22:50", false, []string{"2026-12-23T23:00", "2026-12-23T23:30", "2026-12-27T00:00 26 December 2026 (Christmas) is left out"}},
	} {
		s, err := Parse(c.text, "Europe/Stockholm")
		if err != nil {
			t.Fatal(err)
		}
		layout := time.DateOnly
		if strings.Contains(c.from, "T") {
			layout = wallLayout
		}
		from, err := time.ParseInLocation(layout, c.from, s.loc)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, f := range s.Without(days, c.move).NextN(from, max(len(c.want), 1)) {
			got = append(got, strings.TrimSpace(f.Wall+" "+f.Note))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s, moved %v: %q, want %q", c.text, c.move, got, c.want)
		}
	}
}

// TestDaysOffMeetTheSameFirings asks from each firing and from any moment in
// between: nothing may depend on where one begins.
func TestDaysOffMeetTheSameFirings(t *testing.T) {
	t.Parallel()
	days, err := ParseDaysOff(holidays)
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"daily 09:00", "weekly thu,sat 23:30", "0 */6 * * *", "monthly last thu 00:15"} {
		for _, move := range []bool{false, true} {
			s, err := Parse(text, "Europe/Stockholm")
			if err != nil {
				t.Fatal(err)
			}
			s = s.Without(days, move)
			from := time.Date(2026, 12, 15, 0, 0, 0, 0, time.UTC)
			all := s.NextN(from, 60)
			for i, f := range all {
				if _, off := s.off.names[f.Wall[:10]]; off {
					t.Errorf("%s fires on a day off: %+v", text, f)
				}
				if i > 0 && !all[i-1].At.Before(f.At) {
					t.Errorf("%s: %v does not follow %v", text, f.At, all[i-1].At)
				}
				begin := from
				if i > 0 {
					begin = all[i-1].At
				}
				if again, ok := s.Next(begin.Add(f.At.Sub(begin) / 2)); !ok || !again.At.Equal(f.At) {
					t.Errorf("%s: asked half way before %v it is %v", text, f.At, again.At)
				}
			}
		}
	}
}

func TestDaysOffAreRefusedWithTheirLine(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"2026-12-24\n24/12 Eve":   "line 2",
		"2026-12-24/2026-12-01":   "earlier day first",
		"2026-12-24/2028-12-24":   "pause the campaign",
		"2026-02-30 Leap for joy": "no day",
	} {
		if _, err := ParseDaysOff(text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	days, err := ParseDaysOff("2026-12-25 Christmas\n2026-12-24  Christmas\n2026-12-24 again\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := WriteDaysOff(days); got != "2026-12-24/2026-12-25 Christmas\n" {
		t.Errorf("written back it is %q", got)
	}
}
