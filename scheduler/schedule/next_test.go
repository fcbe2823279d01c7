package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func parse(t testing.TB, text, zone string) Schedule {
	t.Helper()
	s, err := Parse(text, zone)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func moments(firings []Firing) []string {
	var out []string
	for _, f := range firings {
		out = append(out, f.At.Format(time.RFC3339))
	}
	return out
}

func instant(t testing.TB, text string) time.Time {
	t.Helper()
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// TestClockChanges has the cases that cron libraries are known to get wrong,
// written out from the tz database by hand.
func TestClockChanges(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, text, zone, after string
		want                    []string
		note                    string // of the first firing
	}{
		{"gap: once, at its end", "daily 02:30", "Europe/Stockholm", "2027-03-27T12:00:00+01:00",
			[]string{"2027-03-28T03:00:00+02:00", "2027-03-29T02:30:00+02:00"},
			"02:30 does not exist on 28 March 2027, sent at 03:00"},
		{"gap: several merge", "15,45 2,3 * * *", "Europe/Stockholm", "2027-03-28T00:00:00+01:00",
			[]string{"2027-03-28T03:00:00+02:00", "2027-03-28T03:15:00+02:00", "2027-03-28T03:45:00+02:00", "2027-03-29T02:15:00+02:00"},
			"times from 02:15 do not exist on 28 March 2027, sent at 03:00"},
		{"gap: its end is a time of its own", "0 2,3 * * *", "Europe/Stockholm", "2027-03-28T00:00:00+01:00",
			[]string{"2027-03-28T03:00:00+02:00", "2027-03-29T02:00:00+02:00"},
			"02:00 does not exist on 28 March 2027, sent at 03:00"},
		{"overlap: the first only", "daily 02:30", "Europe/Stockholm", "2026-10-24T12:00:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
			"02:30 happens twice on 25 October 2026, sent the first time"},
		{"overlap: asked between the two", "daily 02:30", "Europe/Stockholm", "2026-10-25T02:10:00+01:00",
			[]string{"2026-10-26T02:30:00+01:00"}, ""},
		{"every hour keeps both", "30 * * * *", "Europe/Stockholm", "2026-10-25T01:30:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T03:30:00+01:00"},
			"02:30 happens twice on 25 October 2026, sent both times"},
		{"every hour goes on past a gap", "30 * * * *", "Europe/Stockholm", "2027-03-28T01:00:00+01:00",
			[]string{"2027-03-28T01:30:00+01:00", "2027-03-28T03:30:00+02:00"}, ""},
		{"every quarter of an hour goes on past a gap", "*/15 * * * *", "Europe/Stockholm", "2027-03-28T01:30:00+01:00",
			[]string{"2027-03-28T01:45:00+01:00", "2027-03-28T03:00:00+02:00", "2027-03-28T03:15:00+02:00"}, ""},
		{"hours by step keep both", "30 */2 * * *", "Europe/Stockholm", "2026-10-25T00:30:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-10-25T04:30:00+01:00"},
			"02:30 happens twice on 25 October 2026, sent both times"},
		{"hours by step lose none to a gap", "30 */2 * * *", "Europe/Stockholm", "2027-03-28T00:30:00+01:00",
			[]string{"2027-03-28T03:00:00+02:00", "2027-03-28T04:30:00+02:00"},
			"02:30 does not exist on 28 March 2027, sent at 03:00"},
		{"a single hour is named, by step or not", "30 2/22 * * *", "Europe/Stockholm", "2026-10-25T00:30:00+02:00",
			[]string{"2026-10-25T02:30:00+02:00", "2026-10-26T02:30:00+01:00"},
			"02:30 happens twice on 25 October 2026, sent the first time"},
		{"half an hour, forward", "daily 09:00", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30",
			[]string{"2026-10-04T09:00:00+11:00"}, ""},
		{"half an hour, inside", "daily 02:15", "Australia/Lord_Howe", "2026-10-03T12:00:00+10:30",
			[]string{"2026-10-04T02:30:00+11:00", "2026-10-05T02:15:00+11:00"},
			"02:15 does not exist on 4 October 2026, sent at 02:30"},
		{"half an hour, back", "daily 01:45", "Australia/Lord_Howe", "2027-04-03T12:00:00+11:00",
			[]string{"2027-04-04T01:45:00+11:00", "2027-04-05T01:45:00+10:30"},
			"01:45 happens twice on 4 April 2027, sent the first time"},
		{"gap at midnight, weekly", "0 9 * * fri", "Africa/Cairo", "2027-04-23T09:00:00+02:00",
			[]string{"2027-04-30T09:00:00+03:00", "2027-05-07T09:00:00+03:00"}, ""},
		{"gap at midnight, inside", "@daily", "Africa/Cairo", "2027-04-29T00:00:00+02:00",
			[]string{"2027-04-30T01:00:00+03:00", "2027-05-01T00:00:00+03:00"},
			"00:00 does not exist on 30 April 2027, sent at 01:00"},
		{"gap at midnight, yearly", "0 9 28 3 *", "Asia/Beirut", "2026-11-01T00:00:00+02:00",
			[]string{"2027-03-28T09:00:00+03:00", "2028-03-28T09:00:00+03:00"}, ""},
		{"a day left out", "daily 09:00", "Pacific/Apia", "2011-12-29T08:00:00-10:00",
			[]string{"2011-12-29T09:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T09:00:00+14:00"}, ""},
		{"a day left out, explained", "0 9 30 12 *", "Pacific/Apia", "2011-12-29T12:00:00-10:00",
			[]string{"2011-12-31T00:00:00+14:00", "2012-12-30T09:00:00+14:00"},
			"09:00 does not exist on 30 December 2011, sent at 00:00 on 31 December 2011"},
		{"summer time in winter", "daily 02:30", "Africa/Casablanca", "2027-02-06T12:00:00+01:00",
			[]string{"2027-02-07T02:30:00+01:00", "2027-02-08T02:30:00Z"},
			"02:30 happens twice on 7 February 2027, sent the first time"},
		{"no summer time", "weekly tue 09:00", "Asia/Seoul", "2026-11-23T00:00:00Z",
			[]string{"2026-11-24T09:00:00+09:00", "2026-12-01T09:00:00+09:00"}, ""},
		{"by rule, leap year's last day", "daily 09:00", "Europe/Stockholm", "2040-12-30T12:00:00+01:00",
			[]string{"2040-12-31T09:00:00+01:00", "2041-01-01T09:00:00+01:00"}, ""},
		{"offsets with seconds", "@daily", "Africa/Monrovia", "1972-01-05T12:00:00Z",
			[]string{"1972-01-06T00:00:00-00:44", "1972-01-07T00:44:30Z", "1972-01-08T00:00:00Z"}, ""},
		{"once, in a gap", "once 2027-03-28T02:30", "Europe/Stockholm", "2026-01-01T00:00:00Z",
			[]string{"2027-03-28T03:00:00+02:00"}, "02:30 does not exist on 28 March 2027, sent at 03:00"},
		{"once, in an overlap", "once 2026-10-25T02:30", "Europe/Stockholm", "2026-01-01T00:00:00Z",
			[]string{"2026-10-25T02:30:00+02:00"}, "02:30 happens twice on 25 October 2026, sent the first time"},
		{"29 February across 2100", "0 0 29 2 *", "UTC", "2096-03-01T00:00:00Z",
			[]string{"2104-02-29T00:00:00Z", "2108-02-29T00:00:00Z"}, ""},
		{"day or weekday", "0 9 13 * fri", "UTC", "2027-01-12T00:00:00Z",
			[]string{"2027-01-13T09:00:00Z", "2027-01-15T09:00:00Z"}, ""},
		{"months without the day", "monthly 31 09:00", "UTC", "2027-03-31T09:00:00Z",
			[]string{"2027-05-31T09:00:00Z", "2027-07-31T09:00:00Z"}, ""},
		{"last working day", "monthly last working-day 09:00", "UTC", "2027-01-01T00:00:00Z",
			[]string{"2027-01-29T09:00:00Z", "2027-02-26T09:00:00Z", "2027-03-31T09:00:00Z"}, ""},
		{"fourth weekday", "monthly fourth thu 09:00", "UTC", "2026-11-01T00:00:00Z",
			[]string{"2026-11-26T09:00:00Z", "2026-12-24T09:00:00Z"}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			firings := parse(t, tt.text, tt.zone).NextN(instant(t, tt.after), len(tt.want))
			got := moments(firings)
			if tt.zone == "Africa/Monrovia" { // RFC 3339 has no offsets with seconds
				if firings[0].Offset != -2670 || firings[0].At.Unix() != instant(t, "1972-01-06T00:44:30Z").Unix() {
					t.Errorf("first at %v, offset %d; want 00:44:30 UTC, -2670", firings[0].At.UTC(), firings[0].Offset)
				}
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("%s after %s:\n got %v\nwant %v", tt.text, tt.after, got, tt.want)
			}
			if len(firings) > 0 && firings[0].Note != tt.note {
				t.Errorf("note %q, want %q", firings[0].Note, tt.note)
			}
		})
	}
}

func TestKeysTellTheRepeatedHourApart(t *testing.T) {
	t.Parallel()
	firings := parse(t, "0 * * * *", "America/New_York").NextN(instant(t, "2026-11-01T01:30:00-04:00").Add(-time.Hour), 2)
	for i, offset := range []int{-4 * 3600, -5 * 3600} {
		if f := firings[i]; f.Wall != "2026-11-01T01:00" || f.Offset != offset {
			t.Errorf("firing %d has the key %s, %d; want 2026-11-01T01:00, %d", i, f.Wall, f.Offset, offset)
		}
	}
}

// TestRestartMeetsTheSameFirings breaks off at random places and goes on from
// the last firing, or from the moment of breaking off.
func TestRestartMeetsTheSameFirings(t *testing.T) {
	t.Parallel()
	from, to := day1(2026, 10), day1(2027, 5)
	for _, zone := range []string{"Europe/Stockholm", "Africa/Cairo", "Australia/Lord_Howe", "America/Havana"} {
		for _, p := range promises {
			if p.dense {
				continue
			}
			s := parse(t, p.text, zone)
			whole := s.Between(from, to, 1<<20)
			var chain, pieces []Firing
			for f, ok := s.Next(from); ok && !f.At.After(to); f, ok = s.Next(f.At) {
				chain = append(chain, f)
			}
			for at := from; at.Before(to); at = at.Add(7*time.Hour + 13*time.Minute) {
				until := at.Add(7*time.Hour + 13*time.Minute)
				if until.After(to) {
					until = to
				}
				pieces = append(pieces, s.Between(at, until, 1<<20)...)
			}
			var limited []Firing
			for at := from; ; at = limited[len(limited)-1].At {
				part := s.Between(at, to, 3)
				if limited = append(limited, part...); len(part) < 3 {
					break
				}
			}
			for name, got := range map[string][]Firing{"one by one": chain, "in pieces": pieces, "by threes": limited, "NextN": s.NextN(from, len(whole))} {
				if !slices.Equal(got, whole) {
					t.Errorf("%s, %s: %s gives %d firings, %d at once, or others", s, zone, name, len(got), len(whole))
				}
			}
		}
	}
}

func TestBoundsOfTheQuestion(t *testing.T) {
	t.Parallel()
	s := parse(t, "daily 09:00", "UTC")
	nine := instant(t, "2026-12-01T09:00:00Z")
	if f, _ := s.Next(nine); !f.At.Equal(nine.AddDate(0, 0, 1)) {
		t.Errorf("Next(09:00) = %v: must be strictly after", f.At)
	}
	if f, _ := s.Next(nine.Add(-1)); !f.At.Equal(nine) {
		t.Errorf("Next(a nanosecond before 09:00) = %v", f.At)
	}
	if got := s.Between(nine.Add(-1), nine, 9); len(got) != 1 {
		t.Errorf("Between up to 09:00 gives %d firings: its end is included", len(got))
	}
	if got := s.Between(nine, nine.AddDate(1, 0, 0), 0); got != nil {
		t.Errorf("Between with limit 0 gives %d", len(got))
	}
	once := parse(t, "once 2026-12-01T09:00", "UTC")
	if f, ok := once.Next(nine); ok {
		t.Errorf("a one-off fires after its time, at %v", f.At)
	}
	if got := once.NextN(nine.AddDate(-30, 0, 0), 5); len(got) != 1 || got[0].Wall != "2026-12-01T09:00" {
		t.Errorf("a one-off fires at %v", got)
	}
	if f, ok := (Schedule{}).Next(nine); ok {
		t.Errorf("the zero Schedule fires at %v", f.At)
	}
	if f, ok := s.Next(time.Time{}); !ok || f.At.Year() != 1 {
		t.Errorf("Next(zero time) = %v, %v", f.At, ok)
	}
	for _, year := range []int{-5_000_000, -1, 9998, 9999, 10_000, 5_000_000} {
		for _, text := range []string{"daily 09:00", "* * * * *", "0 */5 29 2 *", "once 2026-12-01T09:00"} {
			if f, ok := parse(t, text, "Europe/Stockholm").Next(time.Date(year, 12, 31, 23, 0, 0, 0, time.UTC)); ok && (year > 9998 || f.At.Year() > 9999) {
				t.Errorf("%s after the year %d fires at %v", text, year, f.At)
			}
		}
	}
}

func TestFiringsAreInTheirZone(t *testing.T) {
	t.Parallel()
	f, _ := parse(t, "daily 09:00", "Asia/Kathmandu").Next(day1(2026, 11))
	if name := f.At.Location().String(); name != "Asia/Kathmandu" || f.Offset != 20700 || !strings.HasSuffix(f.Wall, "T09:00") {
		t.Errorf("fires at %v in %s, key %s, %d", f.At, name, f.Wall, f.Offset)
	}
}

func BenchmarkNext(b *testing.B) {
	for _, text := range []string{"daily 09:00", "daily 02:30", "*/15 * * * *", "0 */6 * * *", "monthly last working-day 09:00", "0 0 29 2 *"} {
		b.Run(text, func(b *testing.B) {
			s := parse(b, text, "Europe/Stockholm")
			at := day1(2026, 11)
			b.ReportAllocs()
			for b.Loop() {
				f, _ := s.Next(at)
				if at = f.At; at.Year() > 2100 {
					at = day1(2026, 11)
				}
			}
		})
	}
}

func BenchmarkParse(b *testing.B) {
	for b.Loop() {
		parse(b, "0 9 * * tue", "Europe/Stockholm")
	}
}
