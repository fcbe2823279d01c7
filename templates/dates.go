package templates

import "time"

// parseDate reads "2027-05-03" and "2027-05-03 18:00" (or with a T between).
func parseDate(s string) (t time.Time, hasTime, ok bool) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t, false, true
	}
	for _, layout := range []string{"2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, true, true
		}
	}
	return time.Time{}, false, false
}

// writtenDate is a date as a language writes it: the reader's where Postrider
// knows it, else the recap's, else English.
func writtenDate(date, language, fallback string) string {
	t, hasTime, ok := parseDate(date)
	if !ok {
		return date
	}
	w, known := knownWords(language)
	if !known {
		w = wordsOf(fallback)
	}
	if hasTime {
		return w.day(t) + ", " + t.Format("15:04")
	}
	return w.day(t)
}
