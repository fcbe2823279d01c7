package networks

import (
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/clipperhouse/uax29/v2/graphemes"
)

// countRunes counts Unicode code points.
func countRunes(text string) int { return utf8.RuneCountInString(text) }

// countBytes counts UTF-8 bytes.
func countBytes(text string) int { return len(text) }

// countUTF16 counts UTF-16 units, as Telegram's entity offsets do.
func countUTF16(text string) int {
	total := 0
	for _, r := range text {
		total += utf16.RuneLen(r)
	}
	return total
}

// countGraphemes counts what a reader calls a character (UAX #29).
func countGraphemes(text string) int {
	total := 0
	for it := graphemes.FromString(text); it.Next(); {
		total++
	}
	return total
}

// countThreads counts code points, but an emoji as many as it has UTF-8 bytes
// (developers.facebook.com, Threads API, Posts).
func countThreads(text string) int {
	total := 0
	for it := graphemes.FromString(text); it.Next(); {
		cluster := it.Value()
		if isEmoji(cluster) {
			total += len(cluster)
		} else {
			total += utf8.RuneCountInString(cluster)
		}
	}
	return total
}

// Bytes of a single SMS, and of each part of a longer one: six go to the header
// that joins the parts (3GPP TS 23.040, 9.2.3.24.1).
const (
	smsSeptets, smsPartSeptets = 160, 153
	smsUnits, smsPartUnits     = 70, 67
)

// gsm7 and gsm7Extended are the letters of the GSM 7-bit default alphabet and
// its extension, whose letters take two septets (3GPP TS 23.038, 6.2.1).
const (
	gsm7 = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	gsm7Extended = "\f^{}\\[~]|€"
)

// countSMS counts the parts that the sender pays for. One letter outside
// GSM 7-bit turns the whole message into UTF-16.
func countSMS(text string) int {
	septets, units := 0, countUTF16(text)
	for _, r := range text {
		switch {
		case strings.ContainsRune(gsm7, r):
			septets++
		case strings.ContainsRune(gsm7Extended, r):
			septets += 2
		default:
			return parts(units, smsUnits, smsPartUnits)
		}
	}
	return parts(septets, smsSeptets, smsPartSeptets)
}

func parts(size, single, part int) int {
	switch {
	case size == 0:
		return 0
	case size <= single:
		return 1
	}
	return (size + part - 1) / part
}

// valid replaces what is no UTF-8 by U+FFFD.
func valid(text string) string { return strings.ToValidUTF8(text, string(utf8.RuneError)) }
