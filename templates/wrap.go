package templates

import (
	"strings"
	"unicode/utf8"
)

// textWidth is the widest line of the text part, in characters: RFC 5322
// (2.1.1) asks for 78, quoting needs room.
const textWidth = 72

// guessWidth is how long a reader's value is taken to be where it has no
// fallback to measure.
const guessWidth = 10

// wrapper breaks pieces into lines at spaces. It walks the pieces once and
// looks ahead for the width of each word, which may go on in the next piece.
type wrapper struct {
	hang   string // begins every line but the first
	column int
}

// wrap lays pieces out. The first line begins after first, the others with
// hang. Both branches of a condition are laid out from the same column; a line
// is then only as exact as the guess which branch a reader sees.
func wrap(pieces []Piece, first, hang string) []Piece {
	w := &wrapper{hang: hang, column: utf8.RuneCountInString(first)}
	return appendPieces(appendText(nil, first), w.lines(pieces, 0))
}

// wrapText is wrap for text without slots.
func wrapText(s, first, hang string) string {
	return plainOf(wrap([]Piece{{Text: oneSpace(s)}}, first, hang))
}

// lines lays out siblings; after is the width of what follows them without a
// space.
func (w *wrapper) lines(pieces []Piece, after int) []Piece {
	var out []Piece
	for n, p := range pieces {
		next := after
		if n+1 < len(pieces) {
			next = headWidth(pieces[n+1:], after)
		}
		switch {
		case p.Slot == "":
			out = appendText(out, w.text(p.Text, next))
		case p.Cond:
			start := w.column
			p.Then = w.lines(p.Then, next)
			end := w.column
			w.column = start
			p.Else = w.lines(p.Else, next)
			w.column = max(w.column, end)
			out = append(out, p)
		default:
			w.column += slotWidth(p)
			out = append(out, p)
		}
	}
	return out
}

// text places the words of fixed text; the last one is followed by after more
// characters.
func (w *wrapper) text(s string, after int) string {
	var b strings.Builder
	for s != "" {
		word, rest, spaced := strings.Cut(s, " ")
		b.WriteString(word)
		w.column += utf8.RuneCountInString(word)
		if !spaced {
			break
		}
		next, _, more := strings.Cut(rest, " ")
		width := utf8.RuneCountInString(next)
		if !more {
			width += after
		}
		if w.column+1+width > textWidth && w.column > len(w.hang) {
			b.WriteString("\n" + w.hang)
			w.column = len(w.hang)
		} else {
			b.WriteByte(' ')
			w.column++
		}
		s = rest
	}
	return b.String()
}

// headWidth is the width of pieces up to their first space.
func headWidth(pieces []Piece, after int) int {
	width := 0
	for _, p := range pieces {
		switch {
		case p.Slot == "":
			word, _, spaced := strings.Cut(p.Text, " ")
			width += utf8.RuneCountInString(word)
			if spaced {
				return width
			}
		case p.Cond:
			return width + max(headWidth(p.Then, 0), headWidth(p.Else, 0))
		default:
			width += slotWidth(p)
		}
	}
	return width + after
}

func slotWidth(p Piece) int {
	if p.Date != "" {
		return utf8.RuneCountInString(writtenDate(p.Date, "", p.Fallback))
	}
	if systemSlot(p.Slot) {
		return textWidth // an address: on a line of its own where it can be
	}
	if p.Fallback == "" {
		return guessWidth
	}
	return utf8.RuneCountInString(p.Fallback)
}

func appendPieces(out, more []Piece) []Piece {
	for _, p := range more {
		if p.Slot == "" {
			out = appendText(out, p.Text)
		} else {
			out = append(out, p)
		}
	}
	return out
}
