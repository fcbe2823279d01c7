package subscribers

import (
	"strings"
	"time"
	"unicode/utf8"
)

const (
	maxTags = 100
	maxTag  = 64 // bytes
)

// CheckTag returns a tag as it is kept: lower case, one space between words. One
// that is empty, longer than 64 bytes or holds a comma is Invalid.
func CheckTag(s string) (string, error) {
	tag := strings.ToLower(strings.Join(strings.Fields(clean(s)), " "))
	if tag == "" || len(tag) > maxTag || strings.ContainsAny(tag, `,"`) || !utf8.ValidString(tag) {
		return "", invalid("tags", "a tag has 1 to 64 bytes and no comma")
	}
	return tag, nil
}

// parseTags reads tags as files hold them: separated by commas, semicolons or
// bars, each perhaps in quotation marks, or as a JSON array.
func parseTags(cell string) []string {
	var out []string
	for _, t := range strings.FieldsFunc(strings.Trim(strings.TrimSpace(cell), "[]"), func(r rune) bool { return r == ',' || r == ';' || r == '|' }) {
		if t = strings.TrimSpace(strings.Trim(strings.TrimSpace(t), `"'`)); t != "" {
			out = append(out, t)
		}
	}
	return out
}

// dateForms are how services write a moment; without a zone it is UTC.
var dateForms = []string{
	time.RFC3339Nano, "2006-01-02 15:04:05.999999Z07:00", "2006-01-02T15:04:05.999999", "2006-01-02 15:04:05.999999", "2006-01-02 15:04",
	time.DateOnly, "02.01.2006", "2/1/2006 15:04", "2006/01/02",
}

// parseDate returns Unix milliseconds, 0 for an empty cell.
func parseDate(cell string) (int64, error) {
	if cell = clean(cell); cell == "" {
		return 0, nil
	}
	for _, form := range dateForms {
		if t, err := time.Parse(form, cell); err == nil && t.Year() > 1980 && t.Year() < 2200 {
			return t.UnixMilli(), nil
		}
	}
	return 0, invalid(colConsent, "want a date such as 2026-03-01")
}

// ParseDate reads a date as people write it, such as 2026-03-01, as the moment
// at which it begins in UTC. The empty text is the zero time.
func ParseDate(s string) (time.Time, error) {
	ms, err := parseDate(s)
	if err != nil || ms == 0 {
		return time.Time{}, err
	}
	return time.UnixMilli(ms).UTC(), nil
}
