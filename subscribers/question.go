package subscribers

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"postrider/internal/errs"
)

// The limits of a question, so that no one of them is work for a day.
const (
	maxQuestion   = 4_000 // bytes
	maxConditions = 100
	maxDepth      = 20
	maxValues     = 200
)

// token is a word, a text in quotation marks, or a sign.
type token struct {
	text   string
	quoted bool
	at     int // column, the first is 1
}

// reservedWords cannot be values without quotation marks.
var reservedWords = map[string]bool{"and": true, "or": true, "not": true, "in": true, "is": true, "empty": true, "contains": true, "begins": true, "ends": true}

// ParseQuestion reads the language of segments:
//
//	list = news and (language = sv or zone = "Europe/Stockholm") and not tag = vip
//	field.city in (Lund, Malmö) and added >= 2026-01-01 and received = 0
//
// Names are those of Attribute, field.NAME is a field. Comparisons are = != < <=
// > >= contains begins ends in, not in, is empty, is not empty. "and" binds more
// tightly than "or". Dates are days or "30d" for thirty days ago. Errors are
// Invalid with the column and, where one is near, the right name.
func ParseQuestion(text string) (Question, error) {
	if len(text) > maxQuestion {
		return Question{}, errs.Invalidf("the question has %d bytes: shorten it to %d", len(text), maxQuestion)
	}
	tokens, err := lex(text)
	if err != nil {
		return Question{}, err
	}
	p := &parser{tokens: tokens, end: utf8.RuneCountInString(text) + 1}
	q, err := p.either(0)
	if err == nil && p.next < len(p.tokens) {
		err = p.wrong("want \"and\", \"or\" or the end")
	}
	if err != nil {
		return Question{}, err
	}
	return q, nil
}

// wordRune may stand in a word without quotation marks.
func wordRune(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) || strings.ContainsRune("_-.@+/:*", r)
}

func lex(text string) ([]token, error) {
	var out []token
	all := []rune(text)
	bad := func(at int, format string, args ...any) error {
		return errs.Invalidf("column %d: "+format, append([]any{at + 1}, args...)...)
	}
	for i := 0; i < len(all); {
		r, from := all[i], i
		switch {
		case unicode.IsSpace(r):
			i++
		case r == '"':
			var b strings.Builder
			for i++; ; i++ {
				if i >= len(all) {
					return nil, bad(from, "the quotation mark is not closed")
				}
				if all[i] == '"' {
					break
				}
				if all[i] == '\\' && i+1 < len(all) {
					i++
				}
				b.WriteRune(all[i])
			}
			i++
			out = append(out, token{b.String(), true, from + 1})
		case strings.ContainsRune("(),", r):
			i++
			out = append(out, token{string(r), false, from + 1})
		case strings.ContainsRune("=!<>", r):
			for i < len(all) && strings.ContainsRune("=!<>", all[i]) {
				i++
			}
			out = append(out, token{string(all[from:i]), false, from + 1})
		case wordRune(r):
			for i < len(all) && wordRune(all[i]) {
				i++
			}
			out = append(out, token{string(all[from:i]), false, from + 1})
		default:
			return nil, bad(from, "%q has no meaning here: put texts that contain it in quotation marks", r)
		}
	}
	return out, nil
}

type parser struct {
	tokens     []token
	next       int
	end        int // column behind the text
	conditions int
}

// is reports whether the next token is this sign or word, and takes it.
func (p *parser) is(word string) bool {
	if p.next < len(p.tokens) && !p.tokens[p.next].quoted && strings.EqualFold(p.tokens[p.next].text, word) {
		p.next++
		return true
	}
	return false
}

// wrong is an error at the next token.
func (p *parser) wrong(format string, args ...any) error {
	at := p.end
	found := "the question ends here"
	if p.next < len(p.tokens) {
		at = p.tokens[p.next].at
		found = fmt.Sprintf("here stands %q", p.tokens[p.next].text)
	}
	return errs.Invalidf("column %d: %s, and %s", at, fmt.Sprintf(format, args...), found)
}

func (p *parser) either(depth int) (Question, error) {
	return p.joined(depth, Or, func() (Question, error) {
		return p.joined(depth, And, func() (Question, error) { return p.one(depth) })
	})
}

func (p *parser) joined(depth int, join Join, part func() (Question, error)) (Question, error) {
	if depth > maxDepth {
		return Question{}, errs.Invalidf("more than %d parentheses within each other", maxDepth)
	}
	first, err := part()
	if err != nil {
		return Question{}, err
	}
	q := Question{Join: join, Parts: []Question{first}}
	for p.is(string(join)) {
		more, err := part()
		if err != nil {
			return Question{}, err
		}
		q.Parts = append(q.Parts, more)
	}
	if len(q.Parts) == 1 {
		return first, nil
	}
	return q, nil
}

func (p *parser) one(depth int) (Question, error) {
	switch {
	case p.is("not"):
		if depth++; depth > maxDepth {
			return Question{}, errs.Invalidf("more than %d parentheses within each other", maxDepth)
		}
		q, err := p.one(depth)
		return Question{Join: Not, Parts: []Question{q}}, err
	case p.is("("):
		q, err := p.either(depth + 1)
		if err == nil && !p.is(")") {
			err = p.wrong("want a closing parenthesis")
		}
		return q, err
	}
	if p.conditions++; p.conditions > maxConditions {
		return Question{}, errs.Invalidf("more than %d conditions", maxConditions)
	}
	return p.condition()
}

func (p *parser) condition() (Question, error) {
	var c Condition
	if err := p.attribute(&c); err != nil {
		return Question{}, err
	}
	not, at := false, p.next
	switch {
	case p.is("is"):
		not = p.is("not")
		if !p.is("empty") {
			return Question{}, p.wrong("want \"is empty\" or \"is not empty\"")
		}
		c.Op = Empty
	case p.is("not"):
		if !p.is("in") {
			return Question{}, p.wrong("want \"not in (…)\"")
		}
		c.Op = IsNot
		if err := p.several(&c); err != nil {
			return Question{}, err
		}
	case p.is("in"):
		c.Op = Is
		if err := p.several(&c); err != nil {
			return Question{}, err
		}
	default:
		if err := p.operator(&c); err != nil {
			return Question{}, err
		}
	}
	if err := p.fits(c, at); err != nil {
		return Question{}, err
	}
	q := Question{Condition: c}
	if not {
		q = Question{Join: Not, Parts: []Question{q}}
	}
	return q, nil
}

// attribute reads what is asked about.
func (p *parser) attribute(c *Condition) error {
	if p.next == len(p.tokens) || p.tokens[p.next].quoted || strings.ContainsAny(p.tokens[p.next].text, "(),=!<>") {
		return p.wrong("want what is asked about, such as list, language or field.city")
	}
	word := p.tokens[p.next].text
	if field, ok := strings.CutPrefix(word, "field."); ok {
		if fieldName(field) != field || field == "" || len(field) > maxFieldName {
			return p.wrong("a field's name is letters and digits with underscores, as in field.city")
		}
		c.Attribute, c.Field = AttributeField, field
		p.next++
		return nil
	}
	c.Attribute = Attribute(strings.ToLower(word))
	if _, ok := attributes[c.Attribute]; ok && c.Attribute != AttributeField {
		p.next++
		return nil
	}
	var known []string
	for a := range attributes {
		if a != AttributeField {
			known = append(known, string(a))
		}
	}
	slices.Sort(known)
	if near := errs.Nearest(word, known); near != "" {
		return errs.Invalidf("column %d: there is no %q: did you mean %q? A field of readers is written field.%s", p.tokens[p.next].at, word, near, fieldName(word))
	}
	return errs.Invalidf("column %d: there is no %q: there are %s; a field of readers is written field.%s", p.tokens[p.next].at, word, strings.Join(known, ", "), fieldName(word))
}

func (p *parser) operator(c *Condition) error {
	if p.next == len(p.tokens) || p.tokens[p.next].quoted {
		return p.wrong("want a comparison, such as = or contains")
	}
	switch op := Op(strings.ToLower(p.tokens[p.next].text)); op {
	case Is, IsNot, Less, AtMost, More, AtLeast, Contains, Begins, Ends:
		c.Op = op
	case "==":
		c.Op = Is
	case "<>":
		c.Op = IsNot
	default:
		return p.wrong("want a comparison: = != < <= > >= contains begins ends in, or is empty")
	}
	p.next++
	return p.value(c)
}

func (p *parser) value(c *Condition) error {
	if p.next == len(p.tokens) || !p.tokens[p.next].quoted && (strings.ContainsAny(p.tokens[p.next].text, "(),=!<>") || reservedWords[strings.ToLower(p.tokens[p.next].text)]) {
		return p.wrong("want a value; texts with spaces go into quotation marks")
	}
	if len(c.Values) == maxValues {
		return errs.Invalidf("more than %d values for %s", maxValues, c.Attribute)
	}
	c.Values = append(c.Values, p.tokens[p.next].text)
	p.next++
	return nil
}

func (p *parser) several(c *Condition) error {
	if !p.is("(") {
		return p.wrong("want values in parentheses, as in (sv, no)")
	}
	for {
		if err := p.value(c); err != nil {
			return err
		}
		if p.is(")") {
			return nil
		}
		if !p.is(",") {
			return p.wrong("want a comma or a closing parenthesis")
		}
	}
}

// fits checks that an attribute can be compared so, and with these values.
func (p *parser) fits(c Condition, at int) error {
	column := p.tokens[at].at
	kind := attributes[c.Attribute]
	if !slices.Contains(allowed[kind], c.Op) {
		return errs.Invalidf("column %d: %s cannot be compared with %q", column, c.Attribute, c.Op)
	}
	for _, v := range c.Values {
		var err error
		switch kind {
		case kindNumber:
			_, err = strconv.ParseUint(v, 10, 31)
		case kindDate:
			if len(c.Values) > 1 {
				return errs.Invalidf("column %d: compare a date with one day", column)
			}
			_, err = c.Date(time.UnixMilli(0))
		}
		if err != nil {
			return errs.Invalidf("column %d: %q does not fit %s: want a %s such as %s", column, v, c.Attribute, kind, map[kindOf]string{kindNumber: "3", kindDate: "2026-03-01, or 30d for thirty days ago"}[kind])
		}
		if c.Attribute == AttributeAddress && v != string(AddressOK) && v != string(AddressBounced) && v != string(AddressComplained) {
			return errs.Invalidf("column %d: an address is ok, bounced or complained", column)
		}
		if (c.Op == Contains || c.Op == Begins || c.Op == Ends) && v == "" {
			return errs.Invalidf("column %d: want some text after %s", column, c.Op)
		}
	}
	return nil
}
