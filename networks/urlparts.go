package networks

import (
	"slices"
	"strings"
	"unicode"
)

// schemeLength returns the length of "http://" or "https://" at u's start, 0
// for neither.
func schemeLength(u []uint16) int {
	for _, s := range []string{"https://", "http://"} {
		if len(u) >= len(s) && lower(u[:len(s)]) == s {
			return len(s)
		}
	}
	return 0
}

// pathLength returns how much of u is a path: "/", then path letters and
// balanced parentheses up to the last that may end an address.
func pathLength(u []uint16) int {
	if len(u) == 0 || u[0] != '/' {
		return 0
	}
	end := 1
	for at := 1; at < len(u); {
		if n := balanced(u[at:]); n > 0 {
			at += n
			end = at
			continue
		}
		if !isPath(u[at]) {
			break
		}
		at++
		if endsPath(u[at-1]) {
			end = at
		}
	}
	return end
}

// balanced returns the length of "(…)" or "(…(…)…)" at u's start. Only the
// outer letters of the second form may be missing.
func balanced(u []uint16) int {
	if len(u) == 0 || u[0] != '(' {
		return 0
	}
	at := 1 + run(u[1:], isPath)
	if at < len(u) && u[at] == ')' && at > 1 {
		return at + 1
	}
	if at == len(u) || u[at] != '(' {
		return 0
	}
	inner := run(u[at+1:], isPath)
	at += 1 + inner
	if inner == 0 || at == len(u) || u[at] != ')' {
		return 0
	}
	at++
	at += run(u[at:], isPath)
	if at == len(u) || u[at] != ')' {
		return 0
	}
	return at + 1
}

// queryLength returns how much of u is "?" and a query, 0 for none.
func queryLength(u []uint16) int {
	if len(u) == 0 || u[0] != '?' {
		return 0
	}
	end := 0
	for at := 1; at < len(u) && isQuery(u[at]); at++ {
		if c := u[at]; isAlnum(c) || isOneOf(c, "-_&=#/") {
			end = at + 1
		}
	}
	return end
}

// shortLink returns how much of the address is counted as one: all, but of a
// t.co address only slug and query. It is false for a slug that X never made.
func shortLink(u []uint16) (int, bool) {
	at := schemeLength(u)
	host := "t.co/"
	if len(u) <= at+len(host) || lower(u[at:at+len(host)]) != host {
		return len(u), true
	}
	at += len(host)
	slug := run(u[at:], isAlnum)
	if slug == 0 {
		return len(u), true
	}
	if slug > maxShortSlug {
		return 0, false
	}
	at += slug
	return at + queryLength(u[at:]), true
}

// labelEnds gives for each unit the place where the letters, '-' and '_' from
// it on end. Without it a long text of one script costs its length squared.
func labelEnds(u []uint16) []int {
	ends := make([]int, len(u))
	end := len(u)
	for i := len(u) - 1; i >= 0; i-- {
		if !isDomain(u[i]) && u[i] != '-' && u[i] != '_' {
			end = i
		}
		ends[i] = end
	}
	return ends
}

// mayPrecede reports whether an address may begin right behind c.
func mayPrecede(c uint16) bool {
	switch c {
	case '@', '＠', '$', '#', '＃', 0xFFFE, 0xFEFF, 0xFFFF:
		return false
	}
	return !isAlnum(c)
}

// isDomain reports whether c may begin and end a label: whatever is no
// punctuation, space, direction mark or non-character.
func isDomain(c uint16) bool {
	switch {
	case c < 0x80:
		return !isOneOf(c, "!'#%&()*+,\\-./:;<=>?@[]^_{|}~$ ") && (c < 0x09 || c > 0x0D)
	case c == 0x85, c == 0xA0, c == 0x1680, c == 0x180E, c >= 0x2000 && c <= 0x200A, c == 0x2028, c == 0x2029, c == 0x202F, c == 0x205F, c == 0x3000:
		return false
	case c == 0x061C, c == 0x200E, c == 0x200F, c >= 0x202A && c <= 0x202E, c >= 0x2066 && c <= 0x2069:
		return false
	}
	return c != 0xFFFE && c != 0xFEFF && c != 0xFFFF
}

func isPath(c uint16) bool {
	return isAlnum(c) || isOneOf(c, "!*';:=+,.$/%#[]-_~@|&") || c == 0x2013 || isCyrillic(c) || isLatinMark(c)
}

func endsPath(c uint16) bool {
	return isAlnum(c) || isOneOf(c, "+-=_#/") || isCyrillic(c) || isLatinMark(c)
}

func isQuery(c uint16) bool { return isAlnum(c) || isOneOf(c, "!?*'@();:&=+$/%#[]-_.,~|") }

func isDigit(c uint16) bool { return c >= '0' && c <= '9' }

func isAlnum(c uint16) bool {
	return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func isOneOf(c uint16, set string) bool { return c < 0x80 && strings.IndexByte(set, byte(c)) >= 0 }

// isCyrillic includes the letters that only differ in case from the block's.
func isCyrillic(c uint16) bool { return c >= 0x0400 && c <= 0x04FF || c >= 0x1C80 && c <= 0x1C87 }

// isLatinMark reports whether c is an accented Latin letter or a combining
// mark, or differs from one only in case: the iota is one for that reason.
func isLatinMark(c uint16) bool { return latinMarks.has(rune(c)) }

var latinMarks = set{
	{0x00C0, 0x00D6}, {0x00D8, 0x00F6}, {0x00F8, 0x024F}, {0x0253, 0x0254}, {0x0256, 0x0257}, {0x0259, 0x0259},
	{0x025B, 0x025B}, {0x0260, 0x0260}, {0x0263, 0x0263}, {0x0268, 0x0269}, {0x026F, 0x026F}, {0x0272, 0x0272},
	{0x0275, 0x0275}, {0x0280, 0x0280}, {0x0283, 0x0283}, {0x0288, 0x028C}, {0x0292, 0x0292}, {0x02BB, 0x02BB},
	{0x0300, 0x036F}, {0x0399, 0x0399}, {0x03B9, 0x03B9}, {0x1E00, 0x1EFF}, {0x1FBE, 0x1FBE}, {0x2C65, 0x2C66},
	{0x2C7E, 0x2C7F}, {0xA7DC, 0xA7DC},
}

// set is a sorted list of ranges of code points, both ends included.
type set [][2]rune

func (s set) has(r rune) bool {
	_, found := slices.BinarySearchFunc(s, r, func(e [2]rune, r rune) int {
		switch {
		case e[1] < r:
			return -1
		case e[0] > r:
			return 1
		}
		return 0
	})
	return found
}

// fold makes units that differ in case alike, as a regular expression of
// ECMAScript does: by upper case, but never from outside ASCII into it.
func fold(c uint16) uint16 {
	up := unicode.ToUpper(rune(c))
	if up > 0xFFFF || c >= 0x80 && up < 0x80 {
		return c
	}
	return uint16(up)
}

// lower returns ASCII letters in lower case; whatever is not ASCII becomes NUL.
func lower(u []uint16) string {
	b := make([]byte, len(u))
	for i, c := range u {
		switch {
		case c >= 'A' && c <= 'Z':
			b[i] = byte(c) + 'a' - 'A'
		case c < 0x80:
			b[i] = byte(c)
		}
	}
	return string(b)
}

// run returns how many units from the start satisfy ok.
func run(u []uint16, ok func(uint16) bool) int {
	for i, c := range u {
		if !ok(c) {
			return i
		}
	}
	return len(u)
}

// index returns where sub first occurs in u, -1 when it does not.
func index(u, sub []uint16) int {
	for i := 0; i+len(sub) <= len(u); i++ {
		if slices.Equal(u[i:i+len(sub)], sub) {
			return i
		}
	}
	return -1
}
