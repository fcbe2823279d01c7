package mailer

import (
	"encoding/base64"
	"strings"
	"unicode/utf8"
)

// Line lengths without CRLF: RFC 2047 §2 for lines with encoded words, which
// serves all others too, and RFC 5322 §2.1.1 for what cannot be folded.
const (
	maxHeaderLine = 76
	maxLine       = 998
	maxWord       = 75
	wordFrame     = len("=?UTF-8?Q?") + len("?=")
)

// oneLine makes personal text fit for a field: control characters, line and
// paragraph separators become spaces, broken UTF-8 the replacement character.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if control(r) {
			return ' '
		}
		return r
	}, s))
}

func control(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == 0x2028 || r == 0x2029
}

// plain reports whether a value may stand in a field as it is: printable ASCII
// that no reader can take for an encoded word.
func plain(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c > '~' {
			return false
		}
	}
	return !strings.Contains(s, "=?")
}

// appendText appends an unstructured field (RFC 5322 §2.2.1), folded. The value
// must not contain control characters.
func appendText(b []byte, name, value string) []byte {
	start := len(b)
	b = append(append(b, name...), ": "...)
	if plain(value) && value == strings.TrimSpace(value) {
		if folded, ok := appendFolded(b, value, len(b)-start, maxHeaderLine); ok {
			return append(folded, "\r\n"...)
		}
	}
	b, _ = appendWords(b, value, len(b)-start)
	return append(b, "\r\n"...)
}

// appendFolded appends printable ASCII, broken before single spaces so that no
// line is longer than limit. It reports false, with b in ruins past its old
// length, where there is no such place. Several spaces in a row are not broken:
// some readers would make one of them.
func appendFolded(b []byte, value string, column, limit int) ([]byte, bool) {
	for value != "" {
		if column+len(value) <= limit {
			return append(b, value...), true
		}
		at := -1
		for i := min(limit-column, len(value)-2); i > 0; i-- {
			if value[i] == ' ' && value[i-1] != ' ' && value[i+1] != ' ' {
				at = i
				break
			}
		}
		if at < 0 {
			return b, false
		}
		b = append(append(b, value[:at]...), "\r\n"...)
		value, column = value[at:], 0
	}
	return b, true
}

// appendWords appends encoded words (RFC 2047) in the shorter encoding, one a
// line, none cutting a character, and returns the column reached.
func appendWords(b []byte, value string, column int) ([]byte, int) {
	value = strings.ToValidUTF8(value, "\ufffd")
	quoted := 0
	for i := 0; i < len(value); i++ {
		quoted += quotedWidth(value[i])
	}
	base := base64.StdEncoding.EncodedLen(len(value)) < quoted
	for value != "" {
		n, width := fit(value, min(maxHeaderLine-column, maxWord)-wordFrame, base)
		if n == 0 {
			b = append(b, "\r\n "...)
			column = 1
			continue
		}
		if base {
			b = append(b, "=?UTF-8?B?"...)
			b = base64.StdEncoding.AppendEncode(b, []byte(value[:n]))
		} else {
			b = append(b, "=?UTF-8?Q?"...)
			for i := 0; i < n; i++ {
				b = appendQ(b, value[i])
			}
		}
		b = append(b, "?="...)
		column += width + wordFrame
		if value = value[n:]; value != "" {
			b = append(b, "\r\n "...)
			column = 1
		}
	}
	return b, column
}

// fit returns how many octets of value, whole characters only, have an encoding
// of at most room octets, and its length.
func fit(value string, room int, base bool) (n, width int) {
	for n < len(value) {
		_, size := utf8.DecodeRuneInString(value[n:])
		w := width
		if base {
			w = base64.StdEncoding.EncodedLen(n + size)
		} else {
			for i := n; i < n+size; i++ {
				w += quotedWidth(value[i])
			}
		}
		if w > room {
			break
		}
		n, width = n+size, w
	}
	return n, width
}

// quotedWidth is the length of an octet in Q encoding. Only what RFC 2047 §5 (3)
// allows in a phrase stands for itself, so that one encoder serves all fields.
func quotedWidth(c byte) int {
	if c == ' ' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '!' || c == '*' || c == '+' || c == '-' || c == '/' {
		return 1
	}
	return 3
}

func appendQ(b []byte, c byte) []byte {
	switch {
	case c == ' ':
		return append(b, '_')
	case quotedWidth(c) == 1:
		return append(b, c)
	}
	return append(b, '=', hexDigits[c>>4], hexDigits[c&15])
}

// appendAddress appends a field with one address. name must have no control
// characters; address must be one that mailaddr accepted.
func appendAddress(b []byte, field, name, address string) []byte {
	start := len(b)
	b = append(append(b, field...), ": "...)
	column := len(b) - start
	if name != "" {
		b, column = appendName(b, name, column)
		if column+len(" <>")+len(address) > maxHeaderLine {
			b = append(b, "\r\n"...)
		}
		b = append(b, ' ')
	}
	b = append(append(append(b, '<'), address...), '>')
	return append(b, "\r\n"...)
}

// appendName appends a display name: quoted where it is ASCII and short, else
// as encoded words.
func appendName(b []byte, name string, column int) ([]byte, int) {
	if len(name) > 50 || !plain(name) {
		return appendWords(b, name, column)
	}
	start := len(b)
	b = append(b, '"')
	for i := 0; i < len(name); i++ {
		if c := name[i]; c == '"' || c == '\\' {
			b = append(b, '\\')
		}
		b = append(b, name[i])
	}
	b = append(b, '"')
	return b, column + len(b) - start
}
