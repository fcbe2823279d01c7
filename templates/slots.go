package templates

import (
	"fmt"
	"html"
	"slices"
	"strings"
	"unicode/utf8"

	"postrider/internal/errs"
)

// Bounds of what authors write. They are far above honest use; they keep a
// hostile import from costing memory once per reader.
const (
	maxSlotText = 256 << 10 // bytes of one text with merge tags
	maxPieces   = 1000      // pieces of one text
	maxSlotName = 40        // letters of a name
	maxFallback = 200       // characters of a fallback
	maxNesting  = 3         // conditions within conditions
)

// tagKind is what a merge tag does.
type tagKind int

const (
	tagText tagKind = iota // no tag: the text between tags
	tagSlot                // {{name}} or {{name|fallback}}
	tagIf                  // {{#if name}}
	tagElse                // {{else}}
	tagEnd                 // {{/if}}
)

// tag is one merge tag, or the text between two, in the order of the source.
type tag struct {
	kind     tagKind
	text     string // of tagText; of other kinds the tag as written, for messages
	name     string
	fallback string
	date     string // of {{date …}}
	escape   Escape
	at       int // character of the source, from 1
	element  int // the HTML element that the tag stands in, by number of its start; 0 in plain text
}

// ParseSlots reads an author's plain text with merge tags and returns it as
// pieces for one place. Four forms exist:
//
//	{{first_name}}  {{first_name|there}}            a reader's field, with what stands in for it
//	{{#if city}}in {{city}}{{else}}near you{{/if}}  one of two texts; the else is optional
//	{{unsubscribe_url}} {{preferences_url}} {{view_url}}  links of this mail, without fallback
//	{{date 2027-05-03}}  {{date 2027-05-03 18:00}}  a date as the reader's language writes it
//
// Names are [a-z][a-z0-9_]*, at most 40 letters. Fixed text comes back escaped
// for the place: as it is for EscapeNone, HTML-escaped for the other two.
// Anything else that begins with {{ is Invalid, with its character from 1: an
// author who mistypes a tag hears it before a reader sees it. A lone }} is text.
func ParseSlots(text string, esc Escape) ([]Piece, error) {
	tags, err := scanTags(text, esc)
	if err != nil {
		return nil, err
	}
	for i := range tags {
		if tags[i].kind == tagText && esc != EscapeNone {
			tags[i].text = html.EscapeString(tags[i].text)
		}
	}
	return assemble(tags)
}

// scanTags splits text at its merge tags without pairing conditions.
func scanTags(text string, esc Escape) ([]tag, error) {
	if len(text) > maxSlotText {
		return nil, errs.Invalidf("text of %d bytes is too long: keep it below %d", len(text), maxSlotText)
	}
	var tags []tag
	rest, at := text, 1
	for rest != "" {
		start := strings.Index(rest, "{{")
		if start < 0 {
			return append(tags, tag{kind: tagText, text: rest, at: at}), nil
		}
		if start > 0 {
			tags = append(tags, tag{kind: tagText, text: rest[:start], at: at})
			at += utf8.RuneCountInString(rest[:start])
			rest = rest[start:]
		}
		end := strings.Index(rest, "}}")
		if end < 0 {
			return nil, badTag(rest, at, "is not closed: end it with }}")
		}
		t, problem := parseTag(rest[2:end])
		if problem != "" {
			return nil, badTag(rest[:end+2], at, problem)
		}
		t.text, t.at, t.escape = rest[:end+2], at, esc
		tags = append(tags, t)
		if len(tags) > maxPieces {
			return nil, badTag(t.text, at, fmt.Sprintf("is one too many: a text may hold %d pieces", maxPieces))
		}
		at += utf8.RuneCountInString(t.text)
		rest = rest[end+2:]
	}
	return tags, nil
}

// parseTag reads what stands between the braces. The second result says what
// is wrong and what to write instead.
func parseTag(inner string) (t tag, problem string) {
	const remedy = "is not a merge tag: write {{first_name|there}} or {{#if city}}…{{/if}}; for braces in the text write { {"
	trimmed := strings.TrimSpace(inner)
	switch {
	case trimmed == "else":
		return tag{kind: tagElse}, ""
	case trimmed == "/if":
		return tag{kind: tagEnd}, ""
	case strings.HasPrefix(trimmed, "#if "):
		name := strings.TrimSpace(trimmed[len("#if "):])
		if !slotName(name) {
			return tag{}, remedy
		}
		if systemSlot(name) {
			return tag{}, "asks for a link that every mail has: remove the condition"
		}
		return tag{kind: tagIf, name: name}, ""
	}
	if day, isDate := strings.CutPrefix(trimmed, "date "); isDate {
		day = strings.TrimSpace(day)
		if _, _, ok := parseDate(day); !ok {
			return tag{}, "is no date: write {{date 2027-05-03}} or {{date 2027-05-03 18:00}}"
		}
		return tag{kind: tagSlot, name: slotLanguage, date: day}, ""
	}
	name, fallback, hasFallback := strings.Cut(inner, "|")
	name, fallback = strings.TrimSpace(name), strings.TrimSpace(fallback)
	switch {
	case !slotName(name):
		return tag{}, remedy
	case strings.ContainsAny(fallback, "{}"):
		return tag{}, "has braces in its fallback: use plain words there"
	case utf8.RuneCountInString(fallback) > maxFallback:
		return tag{}, fmt.Sprintf("has a fallback that is too long: keep it below %d characters", maxFallback)
	case systemSlot(name) && hasFallback:
		return tag{}, fmt.Sprintf("needs no fallback: write {{%s}}", name)
	}
	return tag{kind: tagSlot, name: name, fallback: oneLine(fallback)}, ""
}

func badTag(source string, at int, problem string) error {
	const shown = 40
	if r := []rune(source); len(r) > shown {
		source = string(r[:shown]) + "…"
	}
	return errs.Invalidf("%s at character %d %s", oneLine(source), at, problem)
}

// slotName reports whether name is [a-z][a-z0-9_]* of a bearable length.
func slotName(name string) bool {
	if name == "" || len(name) > maxSlotName || name == "else" || name[0] < 'a' || name[0] > 'z' {
		return false
	}
	return strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789_") == ""
}

// frame is a condition that is being read.
type frame struct {
	open   tag
	before []Piece // what stands before it
	then   []Piece // set when its else has been seen
	inElse bool
}

// assemble pairs conditions and returns the pieces.
func assemble(tags []tag) ([]Piece, error) {
	var stack []frame
	var out []Piece
	for _, t := range tags {
		switch t.kind {
		case tagText:
			out = appendText(out, t.text)
		case tagSlot:
			out = append(out, Piece{Slot: t.name, Fallback: t.fallback, Escape: t.escape, Date: t.date})
		case tagIf:
			if len(stack) == maxNesting {
				return nil, badTag(t.text, t.at, fmt.Sprintf("stands within %d other conditions: use fewer", maxNesting))
			}
			stack = append(stack, frame{open: t, before: out})
			out = nil
		case tagElse, tagEnd:
			if len(stack) == 0 {
				return nil, badTag(t.text, t.at, "has no {{#if name}} before it")
			}
			top := &stack[len(stack)-1]
			if top.open.element != t.element {
				return nil, badTag(t.text, t.at, "stands in another paragraph or emphasis than its {{#if}}: move both into one")
			}
			if t.kind == tagElse {
				if top.inElse {
					return nil, badTag(t.text, t.at, "is the second {{else}} of its {{#if}}: keep one")
				}
				top.then, top.inElse, out = out, true, nil
				continue
			}
			p := Piece{Slot: top.open.name, Cond: true, Then: out}
			if top.inElse {
				p.Then, p.Else = top.then, out
			}
			out = append(top.before, p)
			stack = stack[:len(stack)-1]
		}
	}
	if len(stack) > 0 {
		open := stack[len(stack)-1].open
		return nil, badTag(open.text, open.at, "is not closed: end it with {{/if}}")
	}
	return out, nil
}

// appendText joins text to a text piece before it, so that equal content gives
// equal pieces however it was put together.
func appendText(out []Piece, text string) []Piece {
	if text == "" {
		return out
	}
	if n := len(out); n > 0 && out[n-1].Slot == "" {
		out[n-1].Text += text
		return out
	}
	return append(out, Piece{Text: text})
}

// plainOf is what a reader without any values sees: fallbacks and else texts.
func plainOf(pieces []Piece) string { return string(fillPieces(nil, pieces, nil)) }

// inLanguageOf tells dates which language they are written in where a reader has
// none. pieces are left alone; what comes back is a copy where it differs.
func inLanguageOf(lang string, pieces []Piece) []Piece {
	out := slices.Clone(pieces)
	for i := range out {
		p := &out[i]
		if p.Date != "" {
			p.Fallback = lang
		}
		if p.Cond {
			p.Then, p.Else = inLanguageOf(lang, p.Then), inLanguageOf(lang, p.Else)
		}
	}
	return out
}

// settle replaces every slot called name by a fixed value, escaped for its
// place. pieces are left alone; what comes back is a copy where it differs.
func settle(pieces []Piece, name, value string) []Piece {
	var out []Piece
	for _, p := range pieces {
		switch {
		case p.Slot == name && !p.Cond:
			out = appendText(out, p.Escape.apply(value))
		case p.Cond:
			p.Then, p.Else = settle(p.Then, name, value), settle(p.Else, name, value)
			out = append(out, p)
		case p.Slot == "":
			out = appendText(out, p.Text)
		default:
			out = append(out, p)
		}
	}
	return out
}
