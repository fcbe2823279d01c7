package networks

import (
	"net/url"
	"strings"
	"unicode"
	"unicode/utf16"
)

// Part is a piece of a text as Bluesky shows it.
type Part struct {
	Shown string // what stands in the post
	URL   string // where it leads, empty for plain text
	Tag   string // the hashtag that it is, without '#'
}

// Bluesky's app shows of a path at most so many letters, and else so many with
// three dots behind (bluesky-social/social-app, toShortUrl).
const (
	maxShownPath = 15
	shownPath    = 13
)

// BlueskyParts cuts a text into pieces whose Shown, one after the other, are the
// post: addresses are shortened as Bluesky's own app does, because they count
// in full, and lead on through URL; hashtags are marked. An address begins with
// http:// or https://.
func BlueskyParts(text string) []Part {
	text = clean(text)
	units := utf16.Encode([]rune(text))
	var parts []Part
	rest := 0
	for _, u := range findURLs(units, false) {
		parts = append(parts, tagged(string(utf16.Decode(units[rest:u.start])))...)
		address := string(utf16.Decode(units[u.start : u.start+u.length]))
		parts = append(parts, Part{Shown: shortAddress(address), URL: address})
		rest = u.start + u.length
	}
	return append(parts, tagged(string(utf16.Decode(units[rest:])))...)
}

// shortAddress is the host and the beginning of the path.
func shortAddress(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return address
	}
	path := u.EscapedPath()
	if path == "/" {
		path = ""
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		path += "#" + u.EscapedFragment()
	}
	if len(path) > maxShownPath {
		path = path[:shownPath] + "..." // escaped, so every letter is one byte
	}
	return u.Host + path
}

// tagged cuts plain text at its hashtags, as @atproto/api finds them: behind
// white space or at the start, with a letter in it, of at most 64 graphemes,
// without the punctuation at its end.
func tagged(text string) []Part {
	var parts []Part
	begin := 0 // of the plain text that is not in parts yet
	for i := 0; i < len(text); {
		at := strings.IndexAny(text[i:], "#＃")
		if at < 0 {
			break
		}
		at += i
		mark := 1
		if text[at] != '#' {
			mark = len("＃")
		}
		i = at + mark
		if at > 0 && !endsInSpace(text[:at]) {
			continue
		}
		word := text[i:]
		if end := strings.IndexFunc(word, endsTag); end >= 0 {
			word = word[:end]
		}
		word = strings.TrimRightFunc(word, unicode.IsPunct)
		if !strings.ContainsFunc(word, func(r rune) bool { return !unicode.IsDigit(r) && !unicode.IsPunct(r) }) ||
			strings.HasPrefix(word, "\uFE0F") || countGraphemes(word) > maxTagGraphemes {
			continue
		}
		if at > begin {
			parts = append(parts, Part{Shown: text[begin:at]})
		}
		i += len(word)
		parts = append(parts, Part{Shown: text[at:i], Tag: word})
		begin = i
	}
	if begin < len(text) {
		parts = append(parts, Part{Shown: text[begin:]})
	}
	return parts
}

func endsInSpace(s string) bool {
	r := []rune(s)
	return unicode.IsSpace(r[len(r)-1])
}

// endsTag reports whether a letter cannot be in a hashtag: white space, and
// letters that nobody sees.
func endsTag(r rune) bool {
	return unicode.IsSpace(r) || strings.ContainsRune("\u00AD\u2060\u200A\u200B\u200C\u200D\u20E2", r)
}
