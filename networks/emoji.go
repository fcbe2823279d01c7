package networks

import (
	"slices"
	"strings"
	"unicode/utf16"
)

const (
	joiner       = 0x200D
	asText       = 0xFE0E
	asEmoji      = 0xFE0F
	keycap       = 0x20E3
	woman, man   = 0x1F469, 0x1F468
	girl, boy    = 0x1F467, 0x1F466
	heart, kiss  = 0x2764, 0x1F48B
	blackFlag    = 0x1F3F4
	regionA      = 0x1F1E6
	regionZ      = 0x1F1FF
	tagBase      = 0xE0000 // tag letters are ASCII above it
	tagCancel    = 0xE007F
	toneA, toneE = 0x1F3FB, 0x1F3FF
)

// joined are the sequences that no rule makes.
var joined = [][]rune{
	{0x1F3F3, asEmoji, joiner, 0x1F308},          // rainbow flag
	{blackFlag, joiner, 0x2620, asEmoji},         // pirate flag
	{0x1F441, joiner, 0x1F5E8},                   // eye in speech bubble
	{man, joiner, heart, asEmoji, joiner, man},   // couples
	{woman, joiner, heart, asEmoji, joiner, man}, //
	{woman, joiner, heart, asEmoji, joiner, woman},
	{man, joiner, heart, asEmoji, joiner, kiss, joiner, man},
	{woman, joiner, heart, asEmoji, joiner, kiss, joiner, man},
	{woman, joiner, heart, asEmoji, joiner, kiss, joiner, woman},
}

// findEmoji returns the lengths of the emoji sequences in a text by their
// place, in UTF-16 units. Emoji of a single code point are left out: X counts
// them 2 like any other character beyond the light ranges.
func findEmoji(units []uint16) map[int]int {
	if !slices.ContainsFunc(units, func(c uint16) bool { return c == asEmoji || c == keycap || isHigh(c) }) {
		return nil // all sequences hold one of these
	}
	points := utf16.Decode(units)
	found := make(map[int]int)
	at := 0
	for i := 0; i < len(points); {
		n := max(1, emojiLength(points[i:]))
		length := 0
		for _, p := range points[i : i+n] {
			length += max(1, utf16.RuneLen(p))
		}
		if n > 1 {
			found[at] = length
		}
		at += length
		i += n
	}
	return found
}

// emojiLength returns how many code points the emoji sequence at p's start
// has, 0 when none begins there.
func emojiLength(p []rune) int {
	for _, rule := range []func([]rune) int{tradeLength, genderLength, familyLength, keycapLength, flagLength} {
		if n := rule(p); n > 0 {
			return n
		}
	}
	variant := at(p, 1) == asEmoji && emojiVariant.has(p[0])
	switch {
	case variant && isTone(at(p, 2)) && emojiVariantModified.has(p[0]):
		return 3
	case variant, isTone(at(p, 1)) && emojiModified.has(p[0]):
		return 2
	}
	return 0
}

// tradeLength: a man or woman, perhaps a skin tone, a joiner, a trade.
func tradeLength(p []rune) int {
	if p[0] != man && p[0] != woman {
		return 0
	}
	n := 1
	if isTone(at(p, n)) {
		n++
	}
	if at(p, n) != joiner {
		return 0
	}
	n++
	switch c := at(p, n); {
	case c == 0x2695, c == 0x2696, c == 0x2708:
		if at(p, n+1) == asEmoji {
			return n + 2
		}
	case emojiTrade.has(c):
		return n + 1
	}
	return 0
}

// genderLength: somebody, perhaps a skin tone or U+FE0F, a joiner, a gender.
func genderLength(p []rune) int {
	n := 1
	switch c := at(p, 1); {
	case c == asEmoji && emojiVariantModified.has(p[0]) && emojiGenderedModified.has(p[0]),
		isTone(c) && emojiGenderedModified.has(p[0]):
		n = 2
	case !emojiGendered.has(p[0]):
		return 0
	}
	if c := at(p, n+1); at(p, n) != joiner || c != 0x2640 && c != 0x2642 || at(p, n+2) != asEmoji {
		return 0
	}
	return n + 3
}

// familyLength: one or two parents and one or two children, or one of the
// joined ones. An elder son has no sister; of two parents the man comes first.
func familyLength(p []rune) int {
	best := 0
	for _, sequence := range joined {
		if len(p) >= len(sequence) && slices.Equal(p[:len(sequence)], sequence) {
			best = max(best, len(sequence))
		}
	}
	if best > 0 || p[0] != man && p[0] != woman {
		return best
	}
	n := 1
	if c := at(p, 2); at(p, 1) == joiner && (c == woman || c == man && p[0] == man) {
		n += 2
	}
	first, second := at(p, n+1), at(p, n+3)
	if at(p, n) != joiner || first != girl && first != boy {
		return 0
	}
	if at(p, n+2) == joiner && (second == boy || second == girl && first == girl) {
		return n + 4
	}
	return n + 2
}

// keycapLength: a digit, '#' or '*' in a keycap.
func keycapLength(p []rune) int {
	switch {
	case p[0] > '9' || !strings.ContainsRune("#*0123456789", p[0]):
		return 0
	case at(p, 1) == keycap:
		return 2
	case at(p, 1) == asEmoji && at(p, 2) == keycap:
		return 3
	}
	return 0
}

// flagLength: the letters of a region that has a flag, or the flag of England,
// Scotland or Wales.
func flagLength(p []rune) int {
	if second := at(p, 1); isRegion(p[0]) && isRegion(second) {
		if strings.IndexByte(flagRegions[p[0]-regionA], byte('a'+second-regionA)) >= 0 {
			return 2
		}
		return 0
	}
	if p[0] != blackFlag {
		return 0
	}
	for _, name := range []string{"gbeng", "gbsct", "gbwls"} {
		n := 1
		for _, letter := range name {
			if at(p, n) != tagBase+letter {
				break
			}
			n++
		}
		if n == 1+len(name) && at(p, n) == tagCancel {
			return n + 1
		}
	}
	return 0
}

// isEmoji reports whether a grapheme cluster is shown as an emoji: by its
// first character, by U+FE0F, as a keycap or as a flag.
func isEmoji(cluster string) bool {
	if strings.ContainsRune(cluster, asText) {
		return false
	}
	for i, r := range cluster {
		switch {
		case i == 0 && emojiPresentation.has(r), i > 0 && (r == asEmoji || r == keycap || isTone(r)):
			return true
		}
	}
	return false
}

func isTone(r rune) bool   { return r >= toneA && r <= toneE }
func isRegion(r rune) bool { return r >= regionA && r <= regionZ }

// at returns the i-th code point, -1 behind the last.
func at(p []rune, i int) rune {
	if i < len(p) {
		return p[i]
	}
	return -1
}
