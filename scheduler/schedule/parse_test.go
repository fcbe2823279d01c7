package schedule

import (
	"archive/zip"
	"go/build"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/internal/errs"
)

func TestParseRefusesWithRemedy(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, remedy string }{
		{"", "write five cron fields"},
		{" \t\n", "write five cron fields"},
		{strings.Repeat("0,", 100) + "0 9 * * *", "200 are enough"},
		{"0 9 * * tue\x00", "plain letters"},
		{"0\n9 * * *", "plain letters"},
		{"0 9 \uff15 * *", "plain letters"},
		{"CRON_TZ=Europe/Stockholm", "zone into its own field"},
		{"TZ=UTC", "zone into its own field"},
		{"TZ=UTC 0 9 * * *", "zone into its own field"},
		{"0 9 * * * tz=UTC", "zone into its own field"},
		{", * * * *", "the minute field \",\" has a comma with nothing beside it"},
		{"0 9, * * *", "the hour field \"9,\" has a comma"},
		{"0 9 1,,2 * *", "the day field"},
		{"* * * *", "4 of five"},
		{"0 0 9 * * *", "leave out the first"},
		{"0 0 9 * * * 2027", "7 of five"},
		{"60 * * * *", "0 to 59"},
		{"0 24 * * *", "0 to 23"},
		{"0 0 0 * *", "1 to 31"},
		{"0 0 * 13 *", "jan to dec"},
		{"0 0 * * 7", "0 is Sunday"},
		{"0 0 * * fri-mon", "backwards"},
		{"0 0 * * tuesday", "sun to sat"},
		{"0 0 * * tue#1", "cannot be read"},
		{"0 0 L * *", "1 to 31"},
		{"*-5 * * * *", "cannot be read"},
		{"*-nonsense * * * *", "cannot be read"},
		{"-5 * * * *", "cannot be read"},
		{"+5 * * * *", "cannot be read"},
		{"1-2-3 * * * *", "cannot be read"},
		{"1/2/3 * * * *", "a step that is not"},
		{"*/0 * * * *", "1 to 59"},
		{"*/90 * * * *", "1 to 59"},
		{"0 */24 * * *", "1 to 23"},
		{"99999999999999999999 * * * *", "0 to 59"},
		{"0 0 31 2 *", "never fires"},
		{"0 0 30-31 feb *", "never fires"},
		{"0 0 31 4,6,9,11 *", "never fires"},
		{"@every 10ms", "*/15 * * * *"},
		{"@every 1h", "*/15 * * * *"},
		{"@reboot", "@daily"},
		{"@daily 09:00", "nothing may follow"},
		{"dayly 09:00", `did you mean "daily"`},
		{"every tuesday", "write five cron fields"},
		{"daily", `"daily 09:00"`},
		{"daily 9", "09:00"},
		{"daily 24:00", "23:59"},
		{"daily 09:60", "23:59"},
		{"daily 09:0", "23:59"},
		{"daily 09:00 17:00", `"daily 09:00"`},
		{"weekly 09:00", `"weekly tue 09:00"`},
		{"weekly foo 09:00", "is no weekday"},
		{"weekly mon, 09:00", "is no weekday"},
		{"monthly 09:00", `"monthly 15 09:00"`},
		{"monthly 0 09:00", "no day of a month"},
		{"monthly 32 09:00", "no day of a month"},
		{"monthly 1, 09:00", "no day of a month"},
		{"monthly fifth tue 09:00", "first, second, third, fourth or last"},
		{"monthly first workday 09:00", "working-day"},
		{"once", "once 2026-12-01T09:00"},
		{"once tomorrow", "2026-12-01T09:00"},
		{"once 2027-02-29T09:00", "calendar"},
		{"once 2026-12-01T24:00", "calendar"},
		{"once 0026-12-01T09:00", "1970"},
		{"once 2026-12-01T09:00Z", "2026-12-01T09:00"},
	}
	for _, tt := range tests {
		s, err := Parse(tt.text, "Europe/Stockholm")
		wantInvalid(t, err, "schedule", tt.text, tt.remedy)
		if s != (Schedule{}) {
			t.Errorf("Parse(%q) returns %v beside its error", tt.text, s)
		}
	}
}

func wantInvalid(t *testing.T, err error, field, input, remedy string) {
	t.Helper()
	if !errs.Is(err, errs.Invalid) || !strings.HasPrefix(err.Error(), field+": ") || !strings.Contains(err.Error(), remedy) {
		t.Errorf("Parse(%.60q): %v; want Invalid, naming %s and %q", input, err, field, remedy)
	}
}

func TestParseRefusesZones(t *testing.T) {
	t.Parallel()
	tests := []struct{ zone, remedy string }{
		{"", "Europe/Stockholm"},
		{"Local", "another machine"},
		{"local", "another machine"},
		{"localtime", "there is no zone"},
		{"posixrules", "there is no zone"},
		{"right/Europe/Stockholm", `did you mean "Europe/Stockholm"`},
		{"../../etc/localtime", "there is no zone"},
		{"/etc/localtime", "there is no zone"},
		{"Europe/Stokholm", `did you mean "Europe/Stockholm"`},
		{"europe/stockholm", `did you mean "Europe/Stockholm"`},
		{"Europe/Stockholm ", `did you mean "Europe/Stockholm"`},
		{"Stockholm", `did you mean "Europe/Stockholm"`},
		{"New York", `did you mean "America/New_York"`},
		{"Asia/Soul", `did you mean "Asia/Seoul"`},
		{"utc", `did you mean "UTC"`},
		{"PST", `such as "Europe/Stockholm"`},
		{"UTC+2", "zone"},
		{strings.Repeat("Europe/", 100_000), "there is no zone"},
	}
	for _, tt := range tests {
		_, err := Parse("daily 09:00", tt.zone)
		wantInvalid(t, err, "zone", tt.zone, tt.remedy)
	}
}

func TestCanonicalText(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, canonical string }{
		{"  0   9 * *\tTUE \n", "0 9 * * tue"},
		{"0 9 ? * Mon-Fri", "0 9 * * mon-fri"},
		{"0/15 * ?/2 JAN *", "0/15 * */2 jan *"},
		{"@Midnight", "@daily"},
		{"@annually", "@yearly"},
		{"Daily 9:05", "daily 09:05"},
		{"weekly Sunday,tue,MON 09:00", "weekly mon,tue,sun 09:00"},
		{"monthly FIRST tuesday 9:00", "monthly first tue 09:00"},
		{"monthly 15,1,15 09:00", "monthly 1,15 09:00"},
		{"monthly last day 23:59", "monthly last day 23:59"},
		{"ONCE 2026-12-01t09:00", "once 2026-12-01T09:00"},
	}
	for _, tt := range tests {
		s := parse(t, tt.text, "Europe/Stockholm")
		if s.String() != tt.canonical || s.Zone() != "Europe/Stockholm" {
			t.Errorf("Parse(%q) = %q in %s, want %q", tt.text, s, s.Zone(), tt.canonical)
		}
		sameSchedule(t, s, parse(t, s.String(), s.Zone()))
	}
}

// sameSchedule compares all but the location, which each Parse loads anew.
func sameSchedule(t testing.TB, a, b Schedule) {
	t.Helper()
	a.loc, b.loc = nil, nil
	if a != b {
		t.Errorf("%q was parsed again to %q:\n%+v\n%+v", a, b, a, b)
	}
}

// TestZonesAreGosOwn fails when a new Go brings new zones: renew zones.txt with
// the sorted names of its lib/time/zoneinfo.zip, less "Factory".
func TestZonesAreGosOwn(t *testing.T) {
	t.Parallel()
	for _, zone := range Zones() {
		if _, err := findZone(zone); err != nil {
			t.Errorf("%s is listed but: %v", zone, err)
		}
	}
	archive, err := zip.OpenReader(filepath.Join(build.Default.GOROOT, "lib", "time", "zoneinfo.zip"))
	if err != nil {
		t.Skipf("the list of zones is not compared with Go's: %v", err)
	}
	defer func() { _ = archive.Close() }()
	var names []string
	for _, f := range archive.File {
		if !strings.HasSuffix(f.Name, "/") && f.Name != "Factory" {
			names = append(names, f.Name)
		}
	}
	slices.Sort(names)
	if !slices.Equal(names, Zones()) {
		t.Errorf("zones.txt has %d zones, Go's database %d, or others", len(Zones()), len(names))
	}
}

func FuzzParse(f *testing.F) {
	for _, p := range promises {
		f.Add(p.text, "Europe/Stockholm")
	}
	for _, text := range []string{"TZ=UTC", "CRON_TZ=Europe/Stockholm", ", * * * *", "@every 10ms", "once 2026-12-01T09:00", "0 0 31 2 *", "*/9 1-5/2,7 ? feb-nov/3 sat"} {
		f.Add(text, "Africa/Cairo")
	}
	f.Add("daily 09:00", "Local")
	after := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, text, zone string) {
		s, err := Parse(text, zone)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("Parse(%q, %q): %v, want Invalid", text, zone, err)
			}
			return
		}
		sameSchedule(t, s, parse(t, s.String(), s.Zone()))
		if !strings.HasSuffix(s.Explain(), ", "+zone) {
			t.Errorf("%q is explained as %q", s, s.Explain())
		}
		firings := s.NextN(after, 3)
		if len(firings) < 3 && !s.once {
			t.Errorf("%q fires only %d times", s, len(firings))
		}
		last := after
		for _, f := range firings {
			if !f.At.After(last) || f.At.Format(wallLayout) != f.Wall {
				t.Errorf("%q fires at %v (%s), after %v", s, f.At, f.Wall, last)
			}
			last = f.At
		}
	})
}
