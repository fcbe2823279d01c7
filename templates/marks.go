package templates

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"strconv"
	"strings"

	"postrider/internal/errs"
)

// marks stands for pieces while html/template or the text layout runs, which
// know strings only. A mark is letters and digits, so that every escaper leaves
// it alone; it begins with a hash over the edition, so that no author can have
// written one.
type marks struct {
	prefix string
	held   [][]Piece
}

func newMarks(e Edition) (*marks, error) {
	b, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("hashing an edition: %w", err)
	}
	sum := sha256.Sum256(b)
	return &marks{prefix: "m" + hex.EncodeToString(sum[:12]) + "x"}, nil
}

// put returns the mark of pieces. Fixed text needs none, but gets one: it is
// already escaped and must not be escaped again.
func (m *marks) put(pieces []Piece) string {
	m.held = append(m.held, pieces)
	return m.prefix + strconv.Itoa(len(m.held)-1) + "z"
}

func (m *marks) html(pieces []Piece) template.HTML { return template.HTML(m.put(pieces)) } //nolint:gosec // escaped by its maker

// url is the mark of a system slot that is a whole address.
func (m *marks) url(slot string) template.URL {
	return template.URL(m.put([]Piece{{Slot: slot, Escape: EscapeHTML}})) //nolint:gosec // escaped when it is filled
}

// part puts the pieces back where their marks stand.
func (m *marks) part(rendered string) (Part, error) {
	var out []Piece
	for {
		before, after, found := strings.Cut(rendered, m.prefix)
		out = appendText(out, before)
		if !found {
			break
		}
		number, rest, ok := strings.Cut(after, "z")
		n, err := strconv.Atoi(number)
		if !ok || err != nil || n < 0 || n >= len(m.held) {
			return Part{}, errs.Conflictf("a rendering lost the place of a merge tag")
		}
		for _, p := range m.held[n] {
			if p.Slot == "" {
				out = appendText(out, p.Text)
			} else {
				out = append(out, p)
			}
		}
		rendered = rest
	}
	return Part{Pieces: out}, nil
}
