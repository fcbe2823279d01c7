package networks

import (
	"unicode/utf16"

	"golang.org/x/text/unicode/norm"
)

// urlWeight is what an address costs on X and Mastodon, however long it is.
const urlWeight = 23

// countWeighted counts as X does (twitter-text configuration v3): the text in
// NFC; 1 for UTF-16 units in the four light ranges, 2 for every other
// character, 2 for an emoji sequence, 23 for an address, with or without
// "https://".
//
// The published counter knows the sequences of Emoji 11 (2018) only: a younger
// one costs as much as its parts, so our count is never below X's own.
func countWeighted(text string) int {
	units := utf16.Encode([]rune(norm.NFC.String(text)))
	urls := make(map[int]int)
	for _, u := range findURLs(units, true) {
		urls[u.start] = u.length
	}
	// Emoji are found left to right in the whole text, also inside an address:
	// where an address ends in the middle of one, the rest counts by unit.
	emoji := findEmoji(units)

	total := 0
	for i := 0; i < len(units); {
		if length := urls[i]; length > 0 {
			total += urlWeight
			i += length
			continue
		}
		if length := emoji[i]; length > 0 {
			total += 2
			i += length
			continue
		}
		if i+1 < len(units) && isHigh(units[i]) && isLow(units[i+1]) {
			total += 2
			i += 2
			continue
		}
		total += unitWeight(units[i])
		i++
	}
	return total
}

func unitWeight(u uint16) int {
	switch {
	case u <= 4351, u >= 8192 && u <= 8205, u >= 8208 && u <= 8223, u >= 8242 && u <= 8247:
		return 1
	}
	return 2
}

func isHigh(u uint16) bool { return u >= 0xD800 && u <= 0xDBFF }
func isLow(u uint16) bool  { return u >= 0xDC00 && u <= 0xDFFF }
