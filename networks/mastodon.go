package networks

import (
	"regexp"
	"strings"
	"unicode/utf16"
)

// remoteMention is @user@host, not behind a word, '=' or '/'. Group 1 is what
// stands before it, group 2 the part that counts.
var remoteMention = regexp.MustCompile(`(^|[^=/\p{L}\p{M}\p{N}_])(@[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?)@[\p{L}\p{M}\p{N}_.-]*[\p{L}\p{M}\p{N}_]`)

// countMastodon counts graphemes, an http or https address as 23 and a remote
// mention as its "@user" (mastodon/mastodon, status_length_validator.rb). A
// server may allow more than 500: that is in its /api/v2/instance.
func countMastodon(text string) int {
	units := utf16.Encode([]rune(text))
	var b strings.Builder
	rest := 0
	for _, u := range findURLs(units, false) {
		b.WriteString(localMentions(string(utf16.Decode(units[rest:u.start]))))
		b.WriteString(strings.Repeat("x", urlWeight))
		rest = u.start + u.length
	}
	b.WriteString(localMentions(string(utf16.Decode(units[rest:]))))
	return countGraphemes(b.String())
}

func localMentions(text string) string {
	if !strings.Contains(text, "@") {
		return text
	}
	return remoteMention.ReplaceAllString(text, "$1$2")
}
