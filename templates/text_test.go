package templates

import (
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func TestSentences(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		want []string
	}{
		{"One. Two! Three?", []string{"One.", "Two!", "Three?"}},
		{"Dr. Ada spoke. She left.", []string{"Dr. Ada spoke.", "She left."}},
		{"The U.S. Senate met. It rose 3.5 per cent.", []string{"The U.S. Senate met.", "It rose 3.5 per cent."}},
		{"J. Smith, e.g. Anna, came.", []string{"J. Smith, e.g. Anna, came."}},
		{"“It works.” He smiled.", []string{"“It works.”", "He smiled."}},
		{"Wait... what? Yes.", []string{"Wait... what?", "Yes."}},
		{"Am 3. Mai begann es. Ende.", []string{"Am 3. Mai begann es.", "Ende."}},
		{"See example.org. Now.", []string{"See example.org.", "Now."}},
		{"今日は。明日も。", []string{"今日は。", "明日も。"}},
		{"no stop", []string{"no stop"}},
		{"  ", nil},
	} {
		if got := sentences(c.text); !reflect.DeepEqual(got, c.want) {
			t.Errorf("sentences(%q) = %q, want %q", c.text, got, c.want)
		}
	}
}

func TestSentencesLoseNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringOf(rapid.SampledFrom([]rune("aB .!?。”\"(3é\n"))).Draw(t, "text")
		squeeze := func(s string) string { return strings.Join(strings.Fields(s), "") }
		if got := squeeze(strings.Join(sentences(text), " ")); got != squeeze(text) {
			t.Fatalf("%q came back as %q", text, got)
		}
	})
}

func TestShorten(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text string
		most int
		want string
	}{
		{"One two. Three four.", 10, "One two."},
		{"One two. Three four.", 50, "One two. Three four."},
		{"One, two three four", 10, "One, two…"},
		{"One, two three", 5, "One…"},
		{"Unbreakable", 5, ""},
	} {
		if got := shorten(c.text, c.most); got != c.want {
			t.Errorf("shorten(%q, %d) = %q, want %q", c.text, c.most, got, c.want)
		}
	}
}

func TestWrapKeepsWordsAndWidth(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.SampledFrom([]string{"a", "of", "cities", "internationalisation", "Çoşgun", "{{x|friend}}", "{{x|one}},", "({{y}})"})
		words := rapid.SliceOfN(word, 1, 60).Draw(t, "words")
		pieces, err := ParseSlots(strings.Join(words, " "), EscapeNone)
		if err != nil {
			t.Fatal(err)
		}
		out := plainOf(wrap(pieces, " 1. ", "    "))
		for _, line := range strings.Split(out, "\n") {
			if n := utf8.RuneCountInString(line); n > textWidth {
				t.Fatalf("line of %d characters: %q", n, line)
			}
		}
		if got, want := strings.Fields(out)[1:], strings.Fields(plainOf(pieces)); !reflect.DeepEqual(got, want) {
			t.Fatalf("words changed: %q", out)
		}
	})
}

func TestWrapWithConditions(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("many words ", 12)
	pieces, err := ParseSlots("Start {{#if city}}"+long+"{{else}}short{{/if}} and "+long+"end", EscapeNone)
	if err != nil {
		t.Fatal(err)
	}
	for _, values := range []map[string]string{nil, {"city": "Lund"}} {
		out := string(Part{wrap(pieces, "", "")}.Fill(nil, values))
		for _, line := range strings.Split(out, "\n") {
			if len(line) > textWidth {
				t.Errorf("values %v: line of %d: %q", values, len(line), line)
			}
		}
		if got, want := strings.Fields(out), strings.Fields(string(Part{pieces}.Fill(nil, values))); !reflect.DeepEqual(got, want) {
			t.Errorf("values %v: words changed: %q", values, out)
		}
	}
}

func TestEveryLanguageHasEveryWord(t *testing.T) {
	t.Parallel()
	for _, lang := range []string{"en", "sv", "de", "fr", "es", "ko", "ar"} {
		if _, ok := inLanguage[lang]; !ok {
			t.Errorf("there are no words in %s", lang)
		}
	}
	english := reflect.ValueOf(inLanguage["en"])
	for lang, w := range inLanguage {
		v := reflect.ValueOf(w)
		for n := range v.NumField() {
			name := v.Type().Field(n).Name
			if months, ok := v.Field(n).Interface().([12]string); ok {
				for m, month := range months {
					if month == "" {
						t.Errorf("%s: month %d has no name", lang, m+1)
					}
				}
				continue
			}
			got, want := v.Field(n).String(), english.Field(n).String()
			if got == "" {
				t.Errorf("%s: %s is empty", lang, name)
			}
			if strings.Count(got, "%[") != strings.Count(want, "%[") {
				t.Errorf("%s: %s is %q; it needs the values of %q", lang, name, got, want)
			}
		}
	}
	day := time.Date(2026, 11, 24, 23, 0, 0, 0, time.UTC)
	for lang, want := range map[string]string{"en-GB": "24 November 2026", "de": "24. November 2026", "xx": "24 November 2026"} {
		if got := wordsOf(lang).day(day); got != want {
			t.Errorf("%s: %q, want %q", lang, got, want)
		}
	}
}

func TestDirection(t *testing.T) {
	t.Parallel()
	for lang, want := range map[string]string{"en": "ltr", "ar": "rtl", "AR-eg": "rtl", "uz-Arab": "rtl", "az-Latn-IR": "ltr", "he": "rtl", "": "ltr"} {
		if got := direction(lang); got != want {
			t.Errorf("direction(%q) = %q, want %q", lang, got, want)
		}
	}
}

func TestContrast(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{
		{"#000", "#ffffff", 21}, {"#fff", "#fff", 1}, {"#777777", "#ffffff", 4.48}, {"#0000FF", "#ffffff", 8.59},
	} {
		a, _ := parseColour(c.a)
		b, _ := parseColour(c.b)
		if got := contrast(a, b); got < c.want-0.01 || got > c.want+0.01 {
			t.Errorf("contrast(%s, %s) = %.2f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

// Every text colour of both grounds is readable, for any accent at all.
func TestPalettesAreReadable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		accent := rapid.SampledFrom([]string{"", "red", "#12", "#zzzzzz", "#fff", "#000000", "#ffff00"}).Draw(t, "odd")
		if rapid.Bool().Draw(t, "random") {
			accent = "#" + rapid.StringOfN(rapid.SampledFrom([]rune("0123456789abcdefABCDEF")), 6, 6, 6).Draw(t, "accent")
		}
		onLight, onDark := palettes(accent)
		for _, p := range []palette{onLight, onDark} {
			for _, pair := range [][2]string{{p.Ink, p.Paper}, {p.Ink, p.Wash}, {p.Quiet, p.Paper}, {p.Quiet, p.Wash},
				{p.Accent, p.Paper}, {p.Accent, p.Wash}, {p.OnAccent, p.Accent}} {
				a, okA := parseColour(pair[0])
				b, okB := parseColour(pair[1])
				if got := contrast(a, b); !okA || !okB || got < minContrast {
					t.Fatalf("accent %q: %s on %s has %.2f", accent, pair[0], pair[1], got)
				}
			}
		}
	})
	if kept, _ := palettes("#0b5c6b"); kept.Accent != "#0b5c6b" {
		t.Errorf("a readable colour became %s", kept.Accent)
	}
}
