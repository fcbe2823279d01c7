package words

import (
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Count writes a number with its thousands apart: 12,000 or 12 000.
func (w *Words) Count(n int) string {
	s := strconv.Itoa(n)
	sign := ""
	if n < 0 {
		sign, s = "-", s[1:]
	}
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + w.group + s[i:]
	}
	return sign + s
}

// Decimal writes a number with this many decimals: 99.7 or 99,7.
func (w *Words) Decimal(f float64, decimals int) string {
	whole, part, found := strings.Cut(strconv.FormatFloat(f, 'f', decimals, 64), ".")
	n, err := strconv.Atoi(whole)
	if err != nil {
		return whole // not a number, or past counting
	}
	out := w.Count(n)
	if n == 0 && strings.HasPrefix(whole, "-") {
		out = "-0"
	}
	if found {
		out += w.point + part
	}
	return out
}

// Percent is a share in percent: one decimal where a whole number would hide
// something, "0 %" for a share of nothing. Only what is all is 100 %.
func (w *Words) Percent(part, of int) string {
	if of <= 0 || part <= 0 {
		return "0" + w.T("time.percent")
	}
	f := 100 * float64(part) / float64(of)
	switch {
	case part >= of:
		f = 100
	case f > 99.9:
		f = 99.9
	case f < 0.1:
		f = 0.1
	}
	if f == float64(int(f)) {
		return w.Count(int(f)) + w.T("time.percent")
	}
	return w.Decimal(f, 1) + w.T("time.percent")
}

// Plural is the form that goes with a number.
func (w *Words) Plural(n int, one, other string) string {
	if n == 1 {
		return one
	}
	return other
}

// List joins names: "a, b and c". It is "" for none.
func (w *Words) List(names []string) string {
	if len(names) < 2 {
		return strings.Join(names, "")
	}
	return strings.Join(names[:len(names)-1], ", ") + " " + w.T("time.and") + " " + names[len(names)-1]
}

// Day is a date: "Tue 24 Nov", with its year where asked for. The moment's own
// zone counts.
func (w *Words) Day(t time.Time, year bool) string {
	out := w.nth("time.days_short", int(t.Weekday())) + " " + strconv.Itoa(t.Day()) + " " + w.nth("time.months_short", int(t.Month())-1)
	if year {
		out += " " + strconv.Itoa(t.Year())
	}
	return out
}

// Month is a month with its year, as over a calendar: "November 2026".
func (w *Words) Month(t time.Time) string {
	return w.nth("time.months", int(t.Month())-1) + " " + strconv.Itoa(t.Year())
}

// Weekday is a day of the week in full: "Tuesday".
func (w *Words) Weekday(d time.Weekday) string { return w.nth("time.days", int(d)) }

// At is a date with its hour and the place whose clock it is by.
func (w *Words) At(day, hour, place string) string { return w.T("time.at", day, hour, place) }

// nth is a word of a text that is a row of words.
func (w *Words) nth(key string, n int) string {
	row := strings.Fields(w.T(key))
	if n < 0 || n >= len(row) {
		return missing(key)
	}
	return row[n]
}

// Capital is s with a capital at its beginning.
func Capital(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if size == 0 {
		return ""
	}
	return string(unicode.ToUpper(first)) + s[size:]
}
