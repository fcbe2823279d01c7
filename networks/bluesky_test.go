package networks_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postrider/networks"
)

func TestBlueskyParts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"plain": "plain",
		"":      "",
		"See https://example.org/r/a-very-long-slug.": "See |example.org/r/a-very-lon...→https://example.org/r/a-very-long-slug|.",
		"https://example.org/":                        "example.org→https://example.org/",
		"https://example.org/r/short#2 now":           "example.org/r/short#2→https://example.org/r/short#2| now",
		"#Health for #all! #2026 x#no #٣":             "#Health→#Health| for |#all→#all|! #2026 x#no #٣",
		"日本 #健康、次 ＃ok":                                "日本 |#健康、次→#健康、次| |＃ok→#ok",
		"#" + strings.Repeat("x", 65):                 "#" + strings.Repeat("x", 65),
		"mail ana@example.org, example.org":           "mail ana@example.org, example.org",
	} {
		var got []string
		for _, p := range networks.BlueskyParts(text) {
			s := p.Shown
			if p.URL != "" {
				s += "→" + p.URL
			}
			if p.Tag != "" {
				s += "→#" + p.Tag
			}
			got = append(got, s)
		}
		if s := strings.Join(got, "|"); s != want {
			t.Errorf("%q:\n got %s\nwant %s", text, s, want)
		}
	}
}

// Nothing of a text is lost, and it never gets longer.
func TestBlueskyPartsKeepTheText(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
			" ", "#", "#tag", "https://example.org/a/path/that/is/long?q=1", "http://a.co", "👨\u200d👩\u200d👧", "\r\n",
		}))).Draw(t, "pieces")
		text := strings.Join(pieces, "")
		var shown, whole strings.Builder
		for _, p := range networks.BlueskyParts(text) {
			shown.WriteString(p.Shown)
			if p.URL != "" {
				whole.WriteString(p.URL)
			} else {
				whole.WriteString(p.Shown)
			}
		}
		clean := strings.ReplaceAll(strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\r\n", "\n"), "\r", "\n")
		if whole.String() != clean {
			t.Fatalf("%q became %q", clean, whole.String())
		}
		if shown.Len() > len(clean) {
			t.Fatalf("%q is shown longer: %q", clean, shown.String())
		}
	})
}
