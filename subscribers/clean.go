package subscribers

import (
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"postrider/internal/errs"
	"postrider/internal/mailaddr"
)

const (
	maxFields     = 200
	maxFieldName  = 64   // bytes
	maxFieldValue = 4096 // bytes
)

// clean makes one line of a value: control characters become spaces, invisible
// ones go (they could turn a mail's text around), spaces at the ends too. What
// is not UTF-8 comes back as it is, for the caller to refuse.
func clean(s string) string {
	if isClean(s) || !utf8.ValidString(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsControl(r), r == 0x2028, r == 0x2029:
			return ' '
		case unicode.Is(unicode.C, r) && r != 0x200c && r != 0x200d: // these two shape names in Persian and Indic scripts
			return -1
		}
		return r
	}, s)
	return strings.TrimSpace(s)
}

// isClean is the quick way for most values.
func isClean(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c >= 0x7f {
			return false
		}
	}
	return s == "" || s[0] != ' ' && s[len(s)-1] != ' '
}

// fieldName turns a column's title into snake_case: letters and digits of any
// script in lower case, everything else one underscore. It may come out empty.
func fieldName(title string) string {
	var b strings.Builder
	gap := false
	for _, r := range title {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) && !unicode.IsMark(r) {
			gap = true
			continue
		}
		if gap && b.Len() > 0 {
			b.WriteByte('_')
		}
		gap = false
		b.WriteRune(unicode.ToLower(r))
	}
	return b.String()
}

// reserved are the columns that are no fields.
var reserved = map[string]bool{colEmail: true, colName: true, colLanguage: true, colZone: true, colTags: true, colConsent: true}

// checker cleans and checks values. It remembers zones, languages and what is
// odd about domains, which are few and slow to look up; it is used by one
// goroutine.
type checker struct {
	zones, languages, domains map[string]string
}

func newChecker() *checker {
	return &checker{zones: map[string]string{}, languages: map[string]string{}, domains: map[string]string{}}
}

// hint says what is odd about a row's address, empty where nothing is.
func (c *checker) hint(r *Row) string {
	text, ok := c.domains[r.Domain]
	if !ok {
		switch {
		case mailaddr.MeantDomain(r.Domain) != "":
			text = "did you mean " + mailaddr.MeantDomain(r.Domain) + "?"
		case mailaddr.IsDisposable(r.Domain):
			text = "a disposable address"
		}
		if len(c.domains) < maxRemembered {
			c.domains[r.Domain] = text
		}
	}
	if text == "" && mailaddr.IsRole(r.Email[:strings.LastIndexByte(r.Email, '@')]) {
		text = "a role account"
	}
	return text
}

const maxRemembered = 4000

// finish cleans the values of a row and fills its address. Errors are Invalid
// and name the field.
func (c *checker) finish(r *Row) error {
	a, err := mailaddr.Parse(strings.TrimSpace(r.Email))
	if err != nil {
		return err
	}
	r.Email, r.Canonical, r.Domain = a.String(), a.Canonical(), a.Domain()
	r.Name = clean(r.Name)
	if !utf8.ValidString(r.Name) || len(r.Name) > 200 {
		return invalid("name", "it is longer than 200 bytes, or not UTF-8")
	}
	if r.Language, err = remembered(c.languages, clean(r.Language), parseLanguage); err != nil {
		return err
	}
	if r.Zone, err = remembered(c.zones, clean(r.Zone), parseZone); err != nil {
		return err
	}
	r.Note = strings.TrimSpace(r.Note)
	if !utf8.ValidString(r.Note) || len(r.Note) > maxFieldValue {
		return invalid("note", "it is longer than 4096 bytes, or not UTF-8")
	}
	for i, t := range r.Tags {
		if r.Tags[i], err = CheckTag(t); err != nil {
			return err
		}
	}
	if len(r.Tags) > maxTags {
		return invalid(colTags, "a reader has at most 100 tags")
	}
	if len(r.Fields) > maxFields {
		return invalid("fields", "a reader has at most 200 fields")
	}
	for k, v := range r.Fields {
		if reserved[k] {
			return invalid("fields", k+" is a value of its own, not a field")
		}
		if k == "" || len(k) > maxFieldName || fieldName(k) != k {
			return invalid("fields", "a field's name is letters and digits with underscores, at most 64 bytes")
		}
		v = clean(v)
		if !utf8.ValidString(v) || len(v) > maxFieldValue {
			return invalid(k, "it is longer than 4096 bytes, or not UTF-8: save the file as UTF-8")
		}
		r.Fields[k] = v
	}
	return nil
}

func remembered(known map[string]string, value string, parse func(string) (string, error)) (string, error) {
	if value == "" {
		return "", nil
	}
	if v, ok := known[value]; ok {
		return v, nil
	}
	v, err := parse(value)
	if err == nil && len(known) < maxRemembered {
		known[value] = v
	}
	return v, err
}

func parseLanguage(s string) (string, error) {
	tag, err := language.Parse(s)
	if err != nil || tag == language.Und {
		return "", invalid("language", "want a language tag such as en or pt-BR")
	}
	return tag.String(), nil
}

func parseZone(s string) (string, error) {
	// LoadLocation knows "Local" too, which is another zone on each machine.
	if _, err := time.LoadLocation(s); err != nil || strings.EqualFold(s, "local") {
		return "", invalid("zone", "want a time zone such as Europe/Stockholm")
	}
	return s, nil
}

func invalid(field, text string) error {
	return &errs.Error{Kind: errs.Invalid, Field: field, Text: text}
}
