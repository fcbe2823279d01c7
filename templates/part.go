// Package templates turns recaps into what people read: the parts of a mail
// with slots for one reader's values, a public page, a page per takeaway, and
// one snippet per network. It is pure: the same input gives the same bytes. It
// does not know addresses, sockets or databases.
package templates

import "strings"

// Part is text with slots: a mail's subject, HTML or text, rendered once for
// an edition and filled in for each reader. It survives JSON unchanged.
type Part struct {
	Pieces []Piece `json:"pieces"`
}

// Piece is either fixed text or, where Slot is not empty, a slot.
type Piece struct {
	Text     string  `json:"text,omitempty"`
	Slot     string  `json:"slot,omitempty"`     // name of a reader's field, or one of the system slots below
	Fallback string  `json:"fallback,omitempty"` // shown where the reader's value is empty; author's plain text
	Escape   Escape  `json:"escape,omitempty"`   // how a value must be written at this place
	Then     []Piece `json:"then,omitempty"`     // with Cond: shown where the reader has a value for Slot
	Else     []Piece `json:"else,omitempty"`     // with Cond: shown where it is empty
	Cond     bool    `json:"cond,omitempty"`     // a condition on Slot, not the slot itself
	Date     string  `json:"date,omitempty"`     // with Slot "language": this date in the reader's language, or in that of Fallback
}

// Escape says where in the output a slot stands.
type Escape string

// The places a slot may stand in.
const (
	EscapeNone Escape = ""     // plain text part and subject
	EscapeHTML Escape = "html" // HTML text or a quoted attribute
	EscapeURL  Escape = "url"  // one path segment or query value inside an HTML attribute
)

// System slots. The Courier fills the first two for each recipient with whole
// URLs; authors may write them as merge tags. SlotViewURL is an author's tag
// only: RenderMail puts the edition's page in its place, no Part holds it.
const (
	SlotUnsubscribeURL = "unsubscribe_url"
	SlotPreferencesURL = "preferences_url"
	SlotViewURL        = "view_url"
)

// slotLanguage is the reader's language, a BCP 47 tag. Dates ask for it.
const slotLanguage = "language"

func systemSlot(name string) bool {
	return name == SlotUnsubscribeURL || name == SlotPreferencesURL || name == SlotViewURL
}

// Fill appends the part for one reader to b and returns it. values maps slot
// names to plain values; what is missing or empty takes its fallback.
func (p Part) Fill(b []byte, values map[string]string) []byte {
	return fillPieces(b, p.Pieces, values)
}

func fillPieces(b []byte, pieces []Piece, values map[string]string) []byte {
	for i := range pieces {
		p := &pieces[i]
		switch {
		case p.Slot == "":
			b = append(b, p.Text...)
		case p.Cond && values[p.Slot] != "":
			b = fillPieces(b, p.Then, values)
		case p.Cond:
			b = fillPieces(b, p.Else, values)
		default:
			b = append(b, p.Value(values)...)
		}
	}
	return b
}

// size is how many bytes of fixed text the part holds, both sides of its
// conditions counted.
func (p Part) size() int {
	n := 0
	for _, x := range p.Pieces {
		n += len(x.Text) + len(x.Fallback) + Part{x.Then}.size() + Part{x.Else}.size()
	}
	return n
}

// Value is what the slot shows for these values: the reader's value or the
// fallback, escaped for its place. Line breaks and other control characters
// become spaces, so that a value can never start a line of its own.
func (p *Piece) Value(values map[string]string) string {
	v := values[p.Slot]
	if p.Date != "" {
		return p.Escape.apply(writtenDate(p.Date, v, p.Fallback))
	}
	if v == "" {
		v = p.Fallback
	}
	return p.Escape.apply(oneLine(v))
}

func oneLine(s string) string {
	clean := func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x85 || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}
	return strings.Map(clean, s)
}

// Mail is an edition's mail, rendered once for all its readers.
type Mail struct {
	Subject Part `json:"subject"`
	HTML    Part `json:"html"`
	Text    Part `json:"text"`
}
