package words

import (
	"strings"
	"testing"
)

func TestSaidTranslatesWhatDoersSay(t *testing.T) {
	t.Parallel()
	sv := For("sv")
	for text, want := range map[string]string{
		"the address is missing its @: write it like name@example.org":                       "adressen saknar @: skriv den som namn@example.org",
		"The address is missing its @: write it like name@example.org.":                      "Adressen saknar @: skriv den som namn@example.org.",
		`there is no list "new.s": did you mean "news"?`:                                     `det finns ingen lista "new.s": menade du "news"?`,
		`there is no list "a: \"b\": did you mean": did you mean "c"?`:                       `det finns ingen lista "a: \"b\": did you mean": menade du "c"?`,
		`the recap "Sent" is draft: approve it before it is sent`:                            `referatet "Sent" är utkast: godkänn det innan det skickas`,
		"adding a reader: the address contains a space: remove it":                           "adressen innehåller ett mellanslag: ta bort det",
		"there is no host mx.example: check the mail server's name: lookup mx.example: nope": "det finns ingen värd mx.example: kontrollera mejlserverns namn: lookup mx.example: nope",
		"sender: the mail has no text: write something before sending it":                    "sender: brevet har ingen text: skriv något innan du skickar det",
		"times from 02:30 do not exist on 28 March 2027, sent at 03:00":                      "klockslagen från 02:30 finns inte den 28 mars 2027, skickas 03:00",
		"PDF is what nobody said":                                                            "PDF is what nobody said",
		"Det här är redan på svenska.":                                                       "Det här är redan på svenska.",
		"":                                                                                   "",
	} {
		if got := sv.Said(text); got != want {
			t.Errorf("%q is said as\n%q, want\n%q", text, got, want)
		}
		if got := English().Said(text); got != text {
			t.Errorf("English says %q for %q", got, text)
		}
	}
	if long := strings.Repeat("a: ", 5000); sv.Said(long) != long {
		t.Error("a text of 15,000 letters was taken apart")
	}
}

func TestSayingsAreRead(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		`"a" = "b"` + "\n" + `"a" = "c"`: "twice",
		`a = "b"`:                        "want",
		`"%d readers" = "{2} läsare"`:    "no place {2}",
		`"a" = "b {"`:                    "brace",
	} {
		if _, err := readSayings(body); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q gives %v, want an error with %q", body, err, want)
		}
	}
}

// FuzzSaid: no text breaks the look-up, and none of English is touched.
func FuzzSaid(f *testing.F) {
	f.Add("the recap \"a\" is sent: approve it before it is sent")
	f.Add(": : :")
	f.Fuzz(func(t *testing.T, text string) {
		For("sv").Said(text)
		if English().Said(text) != text {
			t.Errorf("English changed %q", text)
		}
	})
}
