package words

import (
	"html/template"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryLanguageHasEveryText(t *testing.T) {
	t.Parallel()
	english := English()
	for _, w := range All()[1:] {
		for _, key := range english.Keys() {
			if !w.Has(key) {
				t.Errorf("%s lacks %s", w.Lang(), key)
			} else if !slices.Equal(w.Slots(key), english.Slots(key)) {
				t.Errorf("%s: %s takes the arguments %v, in English %v", w.Lang(), key, w.Slots(key), english.Slots(key))
			}
		}
		for _, key := range w.Keys() {
			if !english.Has(key) {
				t.Errorf("%s has %s, which English lacks", w.Lang(), key)
			}
		}
	}
	for _, w := range All() {
		for _, key := range w.Keys() {
			if slots := w.Slots(key); len(slots) > 0 && slots[len(slots)-1] != len(slots) {
				t.Errorf("%s: %s leaves out an argument: it takes %v", w.Lang(), key, slots)
			}
			if s := w.T(key); strings.TrimSpace(s) == "" || strings.Contains(s, "  ") || strings.Contains(s, "...") || strings.ContainsAny(s, "!") {
				t.Errorf("%s: %s reads %q", w.Lang(), key, s)
			}
		}
	}
}

func TestTextsAreFilled(t *testing.T) {
	t.Parallel()
	texts := map[string]text{}
	err := read("a", "# a comment\n\nof = \"{1} of {2} {2|reader|readers}\"\nlink = \"See <{1}> & {2}\"\n", texts)
	if err != nil {
		t.Fatal(err)
	}
	en := &Words{lang: "en", group: ",", point: ".", texts: texts}
	for _, x := range []struct{ got, want string }{
		{en.T("a.of", 11962, 12000), "11,962 of 12,000 readers"},
		{en.T("a.of", 1, 1), "1 of 1 reader"},
		{en.T("a.of", 1), "1 of ⟦2⟧ ⟦2⟧"},
		{en.T("a.none"), "⟦a.none⟧"},
		{string(en.H("a.link", template.HTML("<b>x</b>"), "<i>")), "See &lt;<b>x</b>&gt; &amp; &lt;i&gt;"},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, body := range []string{"a", "a = b", "A = \"x\"", "a = \"x\"\na = \"y\"", `a = "{0}"`, `a = "{1|x}"`, `a = "}"`, `a = "{1"`, `a = "\q"`} {
		if err := read("x", body, map[string]text{}); err == nil {
			t.Errorf("%q is read", body)
		}
	}
}

func TestFormsOfNumbersAndDates(t *testing.T) {
	t.Parallel()
	en, sv := For("en-GB"), For("sv-SE")
	day := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
	for _, x := range []struct{ got, want string }{
		{en.Count(12000), "12,000"}, {sv.Count(12000), "12\u00a0000"}, {sv.Count(-1234567), "-1\u00a0234\u00a0567"}, {en.Count(0), "0"}, {en.Count(999), "999"},
		{en.Decimal(1234.56, 1), "1,234.6"}, {sv.Decimal(0.5, 1), "0,5"}, {en.Decimal(-0.25, 2), "-0.25"},
		{en.Percent(11962, 12000), "99.7\u00a0%"}, {sv.Percent(1, 3), "33,3\u00a0%"}, {en.Percent(999999, 1000000), "99.9\u00a0%"}, {en.Percent(3, 3), "100\u00a0%"},
		{en.Percent(1, 1000000), "0.1\u00a0%"}, {en.Percent(0, 0), "0\u00a0%"},
		{en.Day(day, false), "Tue 24 Nov"}, {sv.Day(day, true), "tis 24 nov 2026"}, {sv.Month(day), "november 2026"},
		{en.At(en.Day(day, false), "09:00", "Stockholm"), "Tue 24 Nov, 09:00 Stockholm"},
		{sv.At(sv.Day(day, false), "09:00", "Stockholm"), "tis 24 nov 09:00 Stockholm"},
		{en.List([]string{"a", "b", "c"}), "a, b and c"}, {sv.List([]string{"a", "b"}), "a och b"}, {en.List(nil), ""},
		{sv.T("time.in_hours", 1), "om 1 timme"}, {sv.Weekday(time.Thursday), "torsdag"}, {Capital("åtta"), "Åtta"},
	} {
		if x.got != x.want {
			t.Errorf("%q, want %q", x.got, x.want)
		}
	}
	if n := len(strings.Fields(sv.T("time.months_short"))); n != 12 {
		t.Errorf("Swedish has %d months", n)
	}
}

func TestLanguageIsMatched(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		wishes []string
		want   string
	}{
		{nil, "en"}, {[]string{"", "sv"}, "sv"}, {[]string{"fi-FI,sv;q=0.8,en;q=0.5"}, "sv"}, {[]string{"de"}, "en"}, {[]string{"de", "sv-FI"}, "sv"},
		{[]string{"nonsense;;q=x", "sv"}, "sv"}, {[]string{"en", "sv"}, "en"}, {[]string{"en;q=0.5,sv"}, "sv"},
	} {
		if got := Match(x.wishes...).Lang(); got != x.want {
			t.Errorf("%q: %s, want %s", x.wishes, got, x.want)
		}
	}
	if For("de") != nil || For("-") != nil {
		t.Error("a language that there is not is found")
	}
}
