package networks

import (
	_ "embed"
	"slices"
	"strings"
	"unicode"
	"unicode/utf16"
)

// tldList holds the top-level domains that X knows, one a line, in Unicode form.
//
//go:embed tlds.txt
var tldList string

var asciiTLDs, otherTLDs = splitTLDs(tldList)

// splitTLDs returns the domains of ASCII letters, to be looked up whole, and
// the others by their first unit, folded, longest first.
func splitTLDs(list string) (map[string]bool, map[uint16][][]uint16) {
	ascii, other := make(map[string]bool), make(map[uint16][][]uint16)
	for _, name := range strings.Fields(list) {
		if strings.IndexFunc(name, func(r rune) bool { return r > unicode.MaxASCII }) < 0 {
			ascii[name] = true
			continue
		}
		u := utf16.Encode([]rune(name))
		for i := range u {
			u[i] = fold(u[i])
		}
		other[u[0]] = append(other[u[0]], u)
	}
	for _, names := range other {
		slices.SortFunc(names, func(a, b []uint16) int { return len(b) - len(a) })
	}
	return ascii, other
}

// tldLength returns how much of u is a top-level domain at its start, 0 for none.
func tldLength(u []uint16) int {
	word := run(u, func(c uint16) bool { return !endsTLD(c) })
	// The longest ASCII one has 18 letters; without a bound a long word would
	// be copied once per label.
	if word > 0 && word < 64 && asciiTLDs[lower(u[:word])] {
		return word
	}
	if len(u) == 0 {
		return 0
	}
	for _, name := range otherTLDs[fold(u[0])] {
		n := len(name)
		if len(u) >= n && (len(u) == n || endsTLD(u[n])) &&
			slices.EqualFunc(u[:n], name, func(a, b uint16) bool { return fold(a) == b }) {
			return n
		}
	}
	if word >= 4 && lower(u[:4]) == "xn--" {
		if n := run(u[4:], func(c uint16) bool { return c == '-' || isAlnum(c) }); n > 0 {
			return 4 + n
		}
	}
	return 0
}

// endsTLD reports whether c may follow a top-level domain.
func endsTLD(c uint16) bool { return !isAlnum(c) && c != '@' && c != '+' && c != '-' }

// latinDomain returns how much of domain is one of Latin letters, digits and
// '-' only, from its start; the top-level domain may be any. 0 for none.
func latinDomain(domain []uint16) int {
	best := 0
	for at := 0; at < len(domain); {
		n := run(domain[at:], func(c uint16) bool { return c == '-' || isAlnum(c) || isLatinMark(c) })
		if n == 0 || at+n == len(domain) || domain[at+n] != '.' {
			break
		}
		at += n + 1
		if n := tldLength(domain[at:]); n > 0 {
			best = at + n
		}
	}
	return best
}

// validLabels reports whether each label of domain has 1 to 63 octets in its
// ASCII form (RFC 1035, 2.3.4; RFC 3492).
func validLabels(domain []uint16) bool {
	if len(domain) >= 4 && string(utf16.Decode(domain[:4])) == "xn--" && !hasLatinDomain(domain) {
		return false
	}
	for len(domain) > 0 {
		n := run(domain, func(c uint16) bool { return c != '.' })
		if octets := labelOctets(domain[:n]); octets < 1 || octets > maxLabelOctets {
			return false
		}
		domain = domain[min(n+1, len(domain)):]
	}
	return true
}

func hasLatinDomain(domain []uint16) bool {
	for at := range domain {
		if latinDomain(domain[at:]) > 0 {
			return true
		}
	}
	return false
}

// labelOctets measures a label in its ASCII form. The ideographic full stops
// of RFC 3490 divide it, and count.
func labelOctets(label []uint16) int {
	if len(label) > 2*maxLabelOctets {
		return len(label) / 2 // a code point needs an octet at least
	}
	var points []rune
	total := 0
	for i := 0; i < len(label); i++ {
		c := rune(label[i])
		if i+1 < len(label) && isHigh(label[i]) && isLow(label[i+1]) {
			i++
			c = utf16.DecodeRune(c, rune(label[i]))
		}
		if c == 0x3002 || c == 0xFF0E || c == 0xFF61 {
			total += asciiOctets(points) + 1
			points = points[:0]
			continue
		}
		points = append(points, c)
	}
	return total + asciiOctets(points)
}

func asciiOctets(points []rune) int {
	if !slices.ContainsFunc(points, func(r rune) bool { return r < ' ' || r > '~' }) {
		return len(points)
	}
	return len("xn--") + punycodeOctets(points)
}

// punycodeOctets measures what the encoder of RFC 3492, 6.3 would write. Half
// surrogates, which a domain right behind an emoji begins with, are encoded
// like any other number.
func punycodeOctets(points []rune) int {
	const base, tMin, tMax, skew, damp, firstBias = 36, 1, 26, 38, 700, 72
	basic := 0
	for _, p := range points {
		if p < 0x80 {
			basic++
		}
	}
	octets := basic
	if basic > 0 {
		octets++ // the delimiter
	}
	at, delta, bias := rune(0x80), 0, firstBias
	for done := basic; done < len(points); {
		next := rune(unicode.MaxRune)
		for _, p := range points {
			if p >= at {
				next = min(next, p)
			}
		}
		delta += int(next-at) * (done + 1)
		at = next
		for _, p := range points {
			if p < at {
				delta++
			}
			if p != at {
				continue
			}
			q := delta
			for k := base; ; k += base {
				t := min(max(k-bias, tMin), tMax)
				octets++
				if q < t {
					break
				}
				q = (q - t) / (base - t)
			}
			// Adapt the bias (RFC 3492, 6.1).
			if done == basic {
				delta /= damp
			} else {
				delta /= 2
			}
			delta += delta / (done + 1)
			k := 0
			for ; delta > (base-tMin)*tMax/2; k += base {
				delta /= base - tMin
			}
			bias = k + (base-tMin+1)*delta/(delta+skew)
			delta = 0
			done++
		}
		delta++
		at++
	}
	return octets
}
