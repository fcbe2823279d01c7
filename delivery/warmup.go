package delivery

import (
	"strconv"
	"strings"
	"time"
)

// Warmup lets a new mail server, or a new sender, send little at first: mailbox
// providers distrust whoever comes out of nowhere with a hundred thousand mails.
type Warmup struct {
	From   time.Time // its day, in UTC, is the first
	Limits []int     // mails on the first day, the second…; empty: no plan
}

// standardWarmup doubles from fifty mails to a hundred thousand in twelve days.
var standardWarmup = []int{50, 100, 200, 400, 800, 1600, 3200, 6400, 12_800, 25_600, 51_200, 102_400}

const maxWarmup = 120 // days

// ParseWarmup reads limits per day, separated by commas: "50, 100x3, 500" is
// fifty, three days of a hundred, five hundred. "standard" is our own table.
func ParseWarmup(s string) ([]int, error) {
	if strings.TrimSpace(s) == "standard" {
		return append([]int(nil), standardWarmup...), nil
	}
	var out []int
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		limit, times, repeated := strings.Cut(word, "x")
		n, err := strconv.Atoi(limit)
		days := 1
		if err == nil && repeated {
			days, err = strconv.Atoi(times)
		}
		if err != nil || n < 1 || n > maxCap || days < 1 || len(out)+days > maxWarmup {
			return nil, badRelay("warmup", `want mails per day, as in "50,100,200x3", for at most 120 days, or standard`, nil)
		}
		for range days {
			out = append(out, n)
		}
	}
	return out, nil
}

func (w Warmup) check() error {
	if len(w.Limits) > maxWarmup {
		return badRelay("warmup", "want at most 120 days", nil)
	}
	for _, n := range w.Limits {
		if n < 1 || n > maxCap {
			return badRelay("warmup", "want at least one mail on each day", nil)
		}
	}
	if len(w.Limits) > 0 && w.From.IsZero() {
		return badRelay("warmup", "say from which day on", nil)
	}
	return nil
}

// EndsAt is the first moment without a limit, zero where there is no plan.
func (w Warmup) EndsAt() time.Time {
	if len(w.Limits) == 0 {
		return time.Time{}
	}
	return startOfDay(w.From).AddDate(0, 0, len(w.Limits))
}

// limit is the plan's for the day of now, 0 where it has none.
func (w Warmup) limit(now time.Time) int {
	if len(w.Limits) == 0 || !now.Before(w.EndsAt()) {
		return 0
	}
	day := int(startOfDay(now).Sub(startOfDay(w.From)) / (24 * time.Hour)) // UTC has no other days
	return w.Limits[max(day, 0)]
}

// DailyLimit is how many mails the relay may get on the day of now, 0 for no
// limit: the smaller one of the warm-up plan and the daily cap. endsAt is when
// the plan ends, zero where none is under way.
func (r Relay) DailyLimit(now time.Time) (limit int, endsAt time.Time) {
	limit = r.Warmup.limit(now)
	if limit == 0 {
		return r.DailyCap, time.Time{}
	}
	if r.DailyCap > 0 {
		limit = min(limit, r.DailyCap)
	}
	return limit, r.Warmup.EndsAt()
}

// RelayDay is the day that DailyLimit counts in: "2027-03-01", in UTC, and when
// the next one begins.
func RelayDay(now time.Time) (day string, next time.Time) {
	start := startOfDay(now)
	return start.Format(time.DateOnly), start.AddDate(0, 0, 1)
}

func startOfDay(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }
