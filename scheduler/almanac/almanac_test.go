package almanac

import (
	"strings"
	"testing"
	"time"

	"postrider/scheduler/schedule"
)

const holidays = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//test//\r\n" +
	"BEGIN:VEVENT\r\nUID:1\r\nDTSTART;VALUE=DATE:20261224\r\nDTEND;VALUE=DATE:20261227\r\nSUMMARY:Jul\\, ledigt\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:2\r\nDTSTART;VALUE=DATE:20200606\r\nRRULE:FREQ=YEARLY\r\nSUMMARY:Nationaldagen\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:3\r\nDTSTART:20261201T090000Z\r\nDTEND:20261201T100000Z\r\nSUMMARY:Meeting\r\nEND:VEVENT\r\n" +
	"BEGIN:VEVENT\r\nUID:4\r\nDTSTART;VALUE=DATE:20251224\r\nSUMMARY:Long ago\r\nEND:VEVENT\r\n" +
	"END:VCALENDAR\r\n"

func TestHolidaysAreRead(t *testing.T) {
	t.Parallel()
	days, passed, err := DaysOff([]byte(holidays), time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC))
	if err != nil || passed != 1 {
		t.Fatalf("passed over are %d, %v; want the meeting alone", passed, err)
	}
	got := schedule.WriteDaysOff(days)
	want := "2026-12-24/2026-12-26 Jul, ledigt\n2027-06-06 Nationaldagen\n2028-06-06 Nationaldagen\n2029-06-06 Nationaldagen\n2030-06-06 Nationaldagen\n2031-06-06 Nationaldagen\n"
	if got != want {
		t.Errorf("read are\n%swant\n%s", got, want)
	}
}

func TestWhatIsNoCalendarIsRefused(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"a page":    "<html>",
		"nothing":   "",
		"half":      "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART",
		"a meeting": holidays[:strings.Index(holidays, "BEGIN:VEVENT")] + holidays[strings.Index(holidays, "BEGIN:VEVENT\r\nUID:3"):],
		"too much":  holidays + strings.Repeat(" ", MaxBytes),
	} {
		if days, _, err := DaysOff([]byte(file), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC)); err == nil {
			t.Errorf("%s: %d days were read", name, len(days))
		}
	}
}

// TestALongEventIsKept failed: what was read of it could not be read again.
func TestALongEventIsKept(t *testing.T) {
	t.Parallel()
	days, _, err := DaysOff([]byte("BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART:20270101\nDTEND:70000101\nEND:VEVENT\nEND:VCALENDAR\n"), time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
	if err != nil || len(days) != 366 {
		t.Fatalf("%d days, %v; want a year", len(days), err)
	}
	if again, err := schedule.ParseDaysOff(schedule.WriteDaysOff(days)); err != nil || len(again) != len(days) {
		t.Errorf("read again they are %d, %v", len(again), err)
	}
}

func FuzzDaysOff(f *testing.F) {
	f.Add([]byte(holidays))
	f.Add([]byte("BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nDTSTART;VALUE=DATE:20261224\r\nRRULE:FREQ=YEARLY;BYDAY=99MO\r\nEND:VEVENT\r\nEND:VCALENDAR"))
	f.Fuzz(func(t *testing.T, file []byte) {
		days, _, err := DaysOff(file, time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
		if err != nil {
			return
		}
		if _, err := schedule.ParseDaysOff(schedule.WriteDaysOff(days)); err != nil {
			t.Errorf("what was read cannot be kept: %v", err)
		}
	})
}

func TestWhatIsPlannedIsACalendar(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 12, 1, 9, 0, 0, 0, time.FixedZone("", 3600))
	out := string(Write("Newsletter", []Entry{{Key: "a@news", At: at, Name: "Weekly, no. 7", Text: "to members; planned", URL: "https://admin.example.org/x"}}, at))
	for _, want := range []string{"DTSTART:20261201T080000Z", "SUMMARY:Weekly\\, no. 7", "UID:a@news", "URL:https://admin.example.org/x", "TRANSP:TRANSPARENT", "\r\nEND:VCALENDAR\r\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing in\n%s", want, out)
		}
	}
}
