package recaps

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	anchorWords  = 6
	anchorLength = 60
)

// foldLatin spells letters that have no decomposition.
var foldLatin = strings.NewReplacer("ß", "ss", "æ", "ae", "œ", "oe", "ø", "o", "đ", "d", "ð", "d", "ł", "l", "þ", "th",
	"ı", "i", "ħ", "h", "ŋ", "ng", "'", "", "’", "", "ʼ", "")

// slugOf writes s in a-z, 0-9 and hyphens, at most limit letters, cut between
// words where it can be. It is empty for a script that has no Latin letters.
func slugOf(s string, limit int) string {
	var b strings.Builder
	gap := false
	for _, c := range norm.NFKD.String(foldLatin.Replace(strings.ToLower(s))) {
		switch {
		case c >= 'a' && c <= 'z' || c >= '0' && c <= '9':
			if gap && b.Len() > 0 {
				b.WriteByte('-')
			}
			gap = false
			b.WriteRune(c)
		case unicode.Is(unicode.Mn, c):
		default:
			gap = true
		}
	}
	slug := b.String()
	if len(slug) <= limit {
		return slug
	}
	if i := strings.LastIndexByte(slug[:limit+1], '-'); i > limit/2 {
		return slug[:i]
	}
	return strings.TrimRight(slug[:limit], "-")
}

// slugFromTitle never returns an empty slug: a title in another script gets a
// stable one from its hash, which its author may replace.
func slugFromTitle(title string) string {
	if s := slugOf(title, maxSlug); s != "" {
		return s
	}
	return fmt.Sprintf("recap-%x", sha256.Sum256([]byte(title)))[:14]
}

// setAnchors names every takeaway by its first words, each name once.
func setAnchors(takeaways []Takeaway) {
	taken := make(map[string]bool, len(takeaways))
	for i := range takeaways {
		words := strings.Fields(takeaways[i].Plain)
		base := slugOf(strings.Join(words[:min(len(words), anchorWords)], " "), anchorLength)
		if base == "" {
			base = fmt.Sprintf("takeaway-%d", i+1)
		}
		anchor := base
		for n := 2; taken[anchor]; n++ {
			anchor = fmt.Sprintf("%s-%d", base, n)
		}
		taken[anchor] = true
		takeaways[i].N, takeaways[i].Anchor = i+1, anchor
	}
}
