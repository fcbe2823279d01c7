package networks

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

const (
	maxTagGraphemes = 64 // Bluesky's lexicon, app.bsky.richtext.facet#tag
	maxTopicRunes   = 50 // Threads, Web Intents
)

// Compose lays out a snippet: the lines, the address where the network wants
// it inside the text, and the hashtags in their place. Empty lines part
// paragraphs; on networks whose text is a title all become one line. tags are
// what Hashtags returned; those that go into a field of the share link are left
// out. The result may be longer than the network allows: Measure it.
func (n Network) Compose(lines []string, url string, tags []string) string {
	text := strings.TrimSpace(clean(strings.Join(lines, "\n")))
	if n.OneLine {
		return oneLine(text)
	}
	if n.TagStyle == TagsInText {
		text = joinNonEmpty(" ", text, hashed(tags))
	}
	if n.URLInText && !holdsURL(text, url) {
		text = joinNonEmpty("\n\n", text, url)
	}
	if n.TagStyle == TagsOwnLine {
		text = joinNonEmpty("\n\n", text, hashed(tags))
	}
	return text
}

// Hashtags returns the first tags that suit the network, most important first,
// without '#', as one CamelCase word each: "global health" becomes
// "GlobalHealth". A single word keeps its letters. Left out are repeated ones,
// those without a letter, which are no hashtags on X, Bluesky and Mastodon, and
// those that the network refuses as too long.
func (n Network) Hashtags(all []string) []string {
	var tags []string
	seen := make(map[string]bool)
	for _, label := range all {
		if len(tags) == n.MaxTags {
			break
		}
		tag := camelCase(clean(label))
		key := strings.ToLower(tag)
		if !strings.ContainsFunc(tag, unicode.IsLetter) || seen[key] || countGraphemes(tag) > maxTagGraphemes ||
			n.TagStyle == TagsTopic && utf8.RuneCountInString(tag) > maxTopicRunes {
			continue
		}
		seen[key] = true
		tags = append(tags, tag)
	}
	return tags
}

// camelCase joins the words of a label, each with a capital where there are
// several. Marks belong to the letters that they stand on; the two joiners are
// part of words in Persian and in Indian scripts.
func camelCase(label string) string {
	words := strings.FieldsFunc(label, func(r rune) bool {
		return !unicode.In(r, unicode.L, unicode.M, unicode.N) && r != '_' && r != 0x200C && r != joiner
	})
	if len(words) == 1 {
		return words[0]
	}
	var b strings.Builder
	for _, word := range words {
		first, size := utf8.DecodeRuneInString(word)
		b.WriteRune(unicode.ToTitle(first))
		b.WriteString(word[size:])
	}
	return b.String()
}

func hashed(tags []string) string {
	words := make([]string, 0, len(tags))
	for _, tag := range tags {
		words = append(words, "#"+strings.TrimPrefix(tag, "#"))
	}
	return strings.Join(words, " ")
}

func joinNonEmpty(separator string, parts ...string) string {
	var kept []string
	for _, p := range parts {
		if p != "" {
			kept = append(kept, p)
		}
	}
	return strings.Join(kept, separator)
}

// oneLine folds all white space.
func oneLine(text string) string { return strings.Join(strings.Fields(text), " ") }

// clean makes text valid UTF-8 with "\n" line breaks, as snippets have them.
func clean(text string) string {
	return strings.ReplaceAll(strings.ReplaceAll(valid(text), "\r\n", "\n"), "\r", "\n")
}
