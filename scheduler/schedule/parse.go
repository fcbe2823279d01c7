package schedule

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/robfig/cron/v3"

	"postrider/internal/errs"
)

// maxText is the longest schedule text taken, in bytes.
const maxText = 200

const forms = `write five cron fields ("0 9 * * tue"), "daily 09:00", "weekly tue 09:00", ` +
	`"monthly first tue 09:00" or "once 2026-12-01T09:00"`

// invalid is a refusal of the text. The zone's are made in zone.go.
func invalid(format string, args ...any) error {
	return &errs.Error{Kind: errs.Invalid, Field: "schedule", Text: fmt.Sprintf(format, args...)}
}

// Parse reads a schedule in a zone, an IANA name such as "Europe/Stockholm".
// Letters may be of either case. The text is one of
//
//	0 9 * * tue                      minute, hour, day of month, month, weekday
//	@hourly @daily @weekly @monthly @yearly, also @midnight and @annually
//	daily 09:00
//	weekly tue 09:00                 or several: mon,thu
//	monthly first tue 09:00          first, second, third, fourth, last
//	monthly last working-day 09:00   Monday to Friday; also day
//	monthly 15 09:00                 or several: 1,15
//	once 2026-12-01T09:00
//
// In cron text 0 is Sunday, "?" is "*", and N/S counts from N by S. Months
// without the day asked for are left out.
//
// All errors are Invalid and name the field, "schedule" or "zone", and the
// remedy. Refused are, beside what cannot be read: a zone within the text
// (CRON_TZ=), seconds, @every, steps beyond their field, and what would never
// fire, such as "0 0 31 2 *". A one-off in the past is accepted: Next says so.
func Parse(text, zone string) (Schedule, error) {
	text = strings.TrimSpace(text)
	if len(text) > maxText {
		return Schedule{}, invalid("the schedule has %d characters: %d are enough for any", len(text), maxText)
	}
	if at := strings.IndexFunc(text, func(r rune) bool { return r < ' ' && r != '\t' || r > '~' }); at >= 0 {
		return Schedule{}, invalid("the schedule has a character that cannot be read at position %d: type plain letters and digits", at+1)
	}
	loc, err := findZone(zone)
	if err != nil {
		return Schedule{}, err
	}
	s := Schedule{zone: zone, loc: loc}
	words := strings.Fields(strings.ToLower(text))
	if len(words) == 0 {
		return Schedule{}, invalid("the schedule is empty: %s", forms)
	}
	if at := slices.IndexFunc(words, func(w string) bool { return strings.Contains(w, "tz=") }); at >= 0 {
		return Schedule{}, invalid("the schedule has a zone in it: leave out %q and put the zone into its own field", words[at])
	}
	if err := s.read(words); err != nil {
		return Schedule{}, err
	}
	s.text = strings.Join(words, " ")
	return s, nil
}

// read fills s and makes words canonical.
func (s *Schedule) read(words []string) error {
	if preset, ok := presets[words[0]]; ok {
		return preset(s, words)
	}
	if strings.HasPrefix(words[0], "@") {
		return s.readDescriptor(words)
	}
	if c := words[0][0]; c >= 'a' && c <= 'z' {
		if near := errs.Nearest(words[0], presetNames()); near != "" {
			return invalid("there is no %q: did you mean %q? Or %s", words[0], near, forms)
		}
		return invalid("there is no %q: %s", words[0], forms)
	}
	return s.readCron(words)
}

// descriptors are cron's names and what they stand for (crontab(5)).
var descriptors = map[string]string{
	"@yearly":  "0 0 1 1 *",
	"@monthly": "0 0 1 * *",
	"@weekly":  "0 0 * * 0",
	"@daily":   "0 0 * * *",
	"@hourly":  "0 * * * *",
}

func (s *Schedule) readDescriptor(words []string) error {
	switch words[0] {
	case "@every":
		return invalid(`"@every" has no fixed hours: write "*/15 * * * *" for every 15 minutes, "0 */2 * * *" for every two hours`)
	case "@midnight":
		words[0] = "@daily"
	case "@annually":
		words[0] = "@yearly"
	}
	fields, ok := descriptors[words[0]]
	if !ok {
		return invalid("there is no %q: take @hourly, @daily, @weekly, @monthly or @yearly", words[0])
	}
	if len(words) > 1 {
		return invalid("nothing may follow %s: write %q to change its time", words[0], fields)
	}
	return s.readCron(strings.Fields(fields))
}

// fields are cron's five, in their order.
var fields = [5]struct {
	name    string
	option  cron.ParseOption
	maxStep int
	takes   string
}{
	{"minute", cron.Minute, 59, "0 to 59"},
	{"hour", cron.Hour, 23, "0 to 23"},
	{"day", cron.Dom, 31, "1 to 31"},
	{"month", cron.Month, 12, "1 to 12, or jan to dec"},
	{"weekday", cron.Dow, 6, "0 to 6, where 0 is Sunday, or sun to sat"},
}

// star is the bit that the cron package sets in a field that restricts nothing.
const star = 1 << 63

func (s *Schedule) readCron(words []string) error {
	if len(words) == 6 {
		return invalid("the schedule has six fields, but seconds are not kept: leave out the first")
	}
	if len(words) != len(fields) {
		return invalid("the schedule has %d of five cron fields (minute, hour, day, month, weekday): %s", len(words), forms)
	}
	var bits [len(fields)]uint64
	for i, w := range words {
		words[i] = strings.ReplaceAll(w, "?", "*")
		var err error
		if bits[i], err = readField(i, words[i]); err != nil {
			return err
		}
	}
	s.minutes, s.hours, s.months = bits[0]&^star, bits[1]&^star, bits[3]&^star
	s.days = days{
		ofMonth: bits[2] &^ star, monthIsFree: bits[2]&star != 0,
		ofWeek: bits[4] &^ star, weekdaysFree: bits[4]&star != 0,
	}
	const allHours = 1<<24 - 1
	s.every = s.hours == allHours
	s.step = !s.every && strings.Contains(words[1], "/") && s.hours&(s.hours-1) != 0
	if !s.days.ever(s.months) {
		return invalid("%q never fires: none of these months has such a day; \"monthly last day 09:00\" is the last of each month", strings.Join(words, " "))
	}
	return nil
}

// readField returns the bits of one field. The cron package reads "," and
// "*-nonsense" without complaint and can panic, so shape is checked before, and
// a panic is a refusal.
func readField(i int, text string) (bits uint64, err error) {
	f := fields[i]
	refuse := func(why string) error {
		return invalid("the %s field %q %s: it takes %s, *, ranges (1-5), lists (1,15) and steps (*/5)", f.name, text, why, f.takes)
	}
	for e := range strings.SplitSeq(text, ",") {
		if e == "" {
			return 0, refuse("has a comma with nothing beside it")
		}
		span, step, stepped := strings.Cut(e, "/")
		if stepped {
			n, ok := number(step)
			if !ok || n == 0 || n > f.maxStep {
				return 0, refuse(fmt.Sprintf("has a step that is not 1 to %d", f.maxStep))
			}
		}
		from, to, ranged := strings.Cut(span, "-")
		if span != "*" && (!plain(from) || ranged && !plain(to)) {
			return 0, refuse("cannot be read")
		}
	}
	defer func() {
		if recover() != nil {
			bits, err = 0, refuse("cannot be read")
		}
	}()
	parsed, err := cron.NewParser(f.option).Parse(text)
	if err != nil {
		return 0, refuse("has a value that does not exist or a range that runs backwards")
	}
	spec := parsed.(*cron.SpecSchedule)
	return [...]uint64{spec.Minute, spec.Hour, spec.Dom, spec.Month, spec.Dow}[i], nil
}

// plain reports whether text is a number or a name, nothing else.
func plain(text string) bool {
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return text != ""
}

// number reads one to four digits.
func number(text string) (int, bool) {
	n := 0
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, text != "" && len(text) <= 4
}

// parseWall reads a wall-clock reading.
func parseWall(text string) (int64, error) {
	text = strings.ToUpper(text)
	t, err := time.Parse(wallLayout, text)
	if err != nil {
		return 0, invalid(`%q is no date and time of the calendar: write them as 2026-12-01T09:00`, text)
	}
	if t.Year() < 1970 || t.Year() > 2999 {
		return 0, invalid("the year of %q is not 1970 to 2999: write the date as 2026-12-01T09:00", text)
	}
	return t.Unix(), nil
}
