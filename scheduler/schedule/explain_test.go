package schedule

import (
	"testing"

	"postrider/internal/words"
)

func TestExplain(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"* * * * *", "every minute"},
		{"*/15 * * * *", "every 15 minutes"},
		{"*/7 * * * *", "every hour at minute 0, 7, 14 and so on to 56"},
		{"30-59 * * * *", "every hour at minute 30 to 59"},
		{"30-59 9 * * *", "at minute 30 to 59 after 09:00"},
		{"@hourly", "every hour"},
		{"30 * * * *", "every hour at minute 30"},
		{"0 */2 * * *", "every 2 hours"},
		{"30 */2 * * *", "every 2 hours at minute 30"},
		{"0 */6 * * *", "every day at 00:00, 06:00, 12:00 and 18:00"},
		{"0 */5 * * mon", "every Monday at 00:00, 05:00, 10:00, 15:00 and 20:00"},
		{"0 9-17 * * *", "every hour from 09:00 to 17:00"},
		{"5 1-23 * * *", "every hour from 01:05 to 23:05"},
		{"5,50 9-17 * * *", "at minute 5 and 50 of the hours 9 to 17"},
		{"*/15 9-17 * * 1-5", "every 15 minutes from 09:00 to 17:45, every Monday to Friday"},
		{"*/30 */2 * * *", "every 30 minutes of the hours 0, 2, 4 and so on to 22"},
		{"*/15 * 1 * *", "every 15 minutes on day 1 of the month"},
		{"* 2 * * *", "every minute from 02:00 to 02:59"},
		{"0 9 * * tue", "every Tuesday at 09:00"},
		{"0 9,17 * * tue,thu", "every Tuesday and Thursday at 09:00 and 17:00"},
		{"0 9 * * sat,sun,mon", "every Monday, Saturday and Sunday at 09:00"},
		{"0 9 * 7 *", "every day in July at 09:00"},
		{"0 9 * 6-8 tue", "every Tuesday in June, July and August at 09:00"},
		{"0 9 1,15 * *", "at 09:00 on day 1 and 15 of the month"},
		{"0 9 */2 * *", "at 09:00 on day 1, 3, 5 and so on to 31 of the month (where there is one)"},
		{"0 9 13 * fri", "at 09:00 on day 13 of the month and also on every Friday"},
		{"0 9 31 1-3 mon", "at 09:00 on day 31 of the month (where there is one) and also on every Monday in January, February and March"},
		{"0 9 1-31 * fri", "every day at 09:00"},
		{"0 9 13 * 0-6", "every day at 09:00"},
		{"0 9 13 * */1", "at 09:00 on day 13 of the month"},
		{"0 0 29 2 *", "every leap year on 29 February at 00:00"},
		{"0 0 24 12 *", "every year on 24 December at 00:00"},
		{"0 9 1 1,7 *", "every year on 1 January and 1 July at 09:00"},
		{"0 0 30 2,3 *", "at 00:00 on day 30 of the month (where there is one) in February and March"},
		{"@yearly", "every year on 1 January at 00:00"},
		{"@monthly", "at 00:00 on day 1 of the month"},
		{"@weekly", "every Sunday at 00:00"},
		{"@daily", "every day at 00:00"},
		{"daily 09:00", "every day at 09:00"},
		{"weekly mon,thu 09:00", "every Monday and Thursday at 09:00"},
		{"monthly first tue 09:00", "on the first Tuesday of the month at 09:00"},
		{"monthly last working-day 09:00", "on the last working day of the month at 09:00"},
		{"monthly last day 09:00", "on the last day of the month at 09:00"},
		{"monthly 15 09:00", "at 09:00 on day 15 of the month"},
		{"once 2026-12-01T09:00", "once on 1 December 2026 at 09:00"},
	}
	for _, tt := range tests {
		if got := parse(t, tt.text, "Europe/Stockholm").Explain(); got != tt.want+", Europe/Stockholm" {
			t.Errorf("%q is explained as\n%q, want\n%q", tt.text, got, tt.want)
		}
	}
	if got := (Schedule{}).Explain(); got != "never" {
		t.Errorf("the zero Schedule is explained as %q", got)
	}
}

func TestExplainInSwedish(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"*/15 9-17 * * 1-5":              "var 15:e minut mellan 09:00 och 17:45, varje måndag till fredag",
		"0 */2 * * *":                    "varannan timme",
		"0 9,17 * * tue,thu":             "varje tisdag och torsdag kl. 09:00 och 17:00",
		"0 9 * 6-8 tue":                  "varje tisdag i juni, juli och augusti kl. 09:00",
		"0 9 13 * fri":                   "kl. 09:00 den 13 i månaden och även varje fredag",
		"0 9 1 1,7 *":                    "varje år den 1 januari och 1 juli kl. 09:00",
		"daily 09:00":                    "varje dag kl. 09:00",
		"monthly first tue 09:00":        "den första tisdagen i månaden kl. 09:00",
		"monthly last working-day 09:00": "den sista arbetsdagen i månaden kl. 09:00",
		"once 2026-12-01T09:00":          "en gång, den 1 december 2026 kl. 09:00",
	} {
		if got := parse(t, text, "Europe/Stockholm").ExplainIn(words.For("sv")); got != want+", Europe/Stockholm" {
			t.Errorf("%q is explained as\n%q, want\n%q", text, got, want)
		}
	}
}
