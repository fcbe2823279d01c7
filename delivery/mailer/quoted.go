package mailer

import "unicode/utf8"

// maxQuoted is the length of an encoded line before its soft break's "=", RFC
// 2045 §6.7: with it lines have at most 76 octets.
const maxQuoted = 75

const hexDigits = "0123456789ABCDEF"

// appendQuoted appends text as quoted-printable. It begins at the start of a
// line and ends at the start of one, by a soft break where the text does not
// end in a line break, so that encoded pieces can follow each other in any order.
// All forms of line breaks become CRLF. No line begins with a dot (dot-stuffing
// would change what DKIM hashed) or with two hyphens (a reader's value could
// else write a MIME boundary), and no line ends in white space.
func appendQuoted(b []byte, text string) []byte {
	column := 0
	for i := 0; i < len(text); {
		c := text[i]
		if c == '\r' || c == '\n' {
			if c == '\r' && i+1 < len(text) && text[i+1] == '\n' {
				i++
			}
			i++
			b = append(b, "\r\n"...)
			column = 0
			continue
		}
		n := 1 // octets that must stay on one line: a whole character
		if c >= utf8.RuneSelf {
			_, n = utf8.DecodeRuneInString(text[i:])
		}
		width := 1
		if !literal(text, i, column) {
			width = 3 * n
		}
		if column+width > maxQuoted {
			b = append(b, "=\r\n"...)
			column = 0
			continue // at the start of a line other rules apply
		}
		if width == 1 {
			b = append(b, c)
		} else {
			for _, c := range []byte(text[i : i+n]) {
				b = append(b, '=', hexDigits[c>>4], hexDigits[c&15])
			}
		}
		column += width
		i += n
	}
	if column > 0 {
		b = append(b, "=\r\n"...)
	}
	return b
}

// literal reports whether the octet at i may stand for itself in that column.
func literal(text string, i, column int) bool {
	c := text[i]
	last := i+1 == len(text)
	switch {
	case c == ' ' || c == '\t':
		return !last && text[i+1] != '\r' && text[i+1] != '\n'
	case c < ' ' || c > '~' || c == '=':
		return false
	case column > 0:
		return true
	case c == '.':
		return false
	case c == '-':
		return last || text[i+1] != '-'
	}
	return true
}
