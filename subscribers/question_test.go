package subscribers

import (
	"strings"
	"testing"

	"postrider/internal/errs"
)

func TestQuestionsHaveOneForm(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`list = news`:                           `list = news`,
		`LIST="news" AND language == sv`:        `list = news and language = sv`,
		`a.b = x or list = y`:                   ``,
		`list = a or list = b and tag = c`:      `list = a or (list = b and tag = c)`,
		`(list = a or list = b) and tag = c`:    `(list = a or list = b) and tag = c`,
		`not (tag = a or not tag = b)`:          `not (tag = a or not tag = b)`,
		`field.city in (Lund, "Malmö C", "or")`: `field.city in (Lund, "Malmö C", "or")`,
		`language not in (sv, no)`:              `language not in (sv, no)`,
		`name is not empty`:                     `not name is empty`,
		`added >= 2026-01-01 and consent < 30d`: `added >= 2026-01-01 and consent < 30d`,
		`received <> 0`:                         `received != 0`,
		`name contains "a \"quoted\" \\ text"`:  `name contains "a \"quoted\" \\ text"`,
		`email ends @example.org`:               `email ends @example.org`,
	} {
		q, err := ParseQuestion(text)
		if want == "" {
			if err == nil {
				t.Errorf("%s is taken as %s", text, q)
			}
			continue
		}
		if err != nil || q.String() != want {
			t.Errorf("%s: %q, %v; want %q", text, q, err, want)
			continue
		}
		if again, err := ParseQuestion(q.String()); err != nil || again.String() != want {
			t.Errorf("%s: read back as %q, %v", text, again, err)
		}
	}
}

func TestWrongQuestionsSayWhereAndWhat(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"":                               "column 1: want what is asked about",
		"langage = sv":                   `column 1: there is no "langage": did you mean "language"?`,
		"list = news and":                "column 16: want what is asked about",
		"list = news tag = x":            `column 13: want "and", "or" or the end`,
		"(list = news":                   "column 13: want a closing parenthesis",
		"list news":                      "column 6: want a comparison",
		"list contains news":             `column 6: list cannot be compared with "contains"`,
		"received = many":                `column 10: "many" does not fit received`,
		"added > yesterday":              `column 7: "yesterday" does not fit added`,
		`name = "open`:                   "column 8: the quotation mark is not closed",
		"list = news; drop table x":      `column 12: ';' has no meaning`,
		"field.City = x":                 "column 1: a field's name",
		"city = Lund":                    "field.city",
		"language in sv":                 "column 13: want values in parentheses",
		"address = fine":                 "an address is ok, bounced or complained",
		strings.Repeat("(", 50):          "parentheses",
		strings.Repeat("not ", 50):       "parentheses",
		strings.Repeat("a", 5000):        "shorten it",
		strings.Repeat("tag=a or ", 200): "conditions",
	} {
		_, err := ParseQuestion(text)
		if !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40q: %v, want Invalid with %q", text, err, want)
		}
	}
}

// FuzzQuestion: any text is refused as Invalid or has a normal form that reads
// back to itself.
func FuzzQuestion(f *testing.F) {
	for _, s := range []string{"list = news and not (tag in (a, b) or field.x >= 3)", `name contains "\"" or email is empty`, "added = 0d", "not not received=1", "a'--", "((("} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		q, err := ParseQuestion(text)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatalf("%q: %v", text, err)
			}
			return
		}
		form := q.String()
		if len(form) > maxQuestion {
			return // quotation marks made it longer than what may be read
		}
		again, err := ParseQuestion(form)
		if err != nil || again.String() != form {
			t.Fatalf("%q: %q reads back as %q, %v", text, form, again, err)
		}
	})
}
