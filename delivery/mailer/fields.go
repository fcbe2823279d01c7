package mailer

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"postrider/delivery"
	"postrider/internal/errs"
)

// reserved are the fields that this package writes itself, that belong to
// servers on the way, or that only tell strangers what software runs here.
var reserved = map[string]bool{
	"date": true, "from": true, "sender": true, "to": true, "cc": true, "bcc": true, "reply-to": true, "subject": true,
	"message-id": true, "list-unsubscribe": true, "list-unsubscribe-post": true, "mime-version": true,
	"auto-submitted": true, "received": true, "return-path": true, "dkim-signature": true, "authentication-results": true,
	"user-agent": true, "x-mailer": true,
}

// fieldOrder is where known fields stand; others follow as they were given.
var fieldOrder = []string{"list-id", "list-help", "list-subscribe", "list-archive", "list-owner", "list-post", "feedback-id", "precedence"}

// compileHeaders checks and encodes the fields that are the same for everybody,
// in a fixed order.
func compileHeaders(headers []delivery.Header, notice bool) ([]byte, error) {
	sorted := slices.Clone(headers)
	slices.SortStableFunc(sorted, func(a, b delivery.Header) int { return cmp.Compare(rank(a.Name), rank(b.Name)) })
	seen := map[string]bool{}
	var b []byte
	for _, h := range sorted {
		name := strings.ToLower(h.Name)
		switch {
		case !fieldName(h.Name):
			return nil, errs.Invalidf("the header name %q is not valid: use letters, digits and hyphens", h.Name)
		case reserved[name] || strings.HasPrefix(name, "content-") || strings.HasPrefix(name, "resent-"):
			return nil, errs.Invalidf("the header %s is written by the mailer: leave it out", h.Name)
		case notice && (strings.HasPrefix(name, "list-") || name == "precedence"):
			return nil, errs.Invalidf("the header %s belongs to newsletters, not to notices: leave it out", h.Name)
		case seen[name]:
			return nil, errs.Invalidf("the header %s is given twice: leave one out", h.Name)
		}
		seen[name] = true
		var err error
		if b, err = appendField(b, h); err != nil {
			return nil, err
		}
	}
	return b, nil
}

func rank(name string) int {
	if i := slices.Index(fieldOrder, strings.ToLower(name)); i >= 0 {
		return i
	}
	return len(fieldOrder)
}

// fieldName is stricter than RFC 5322 §3.6.8: no program needs more, and the
// injections known went through what it allows beyond this.
func fieldName(name string) bool {
	for i := 0; i < len(name); i++ {
		c := name[i]
		if c != '-' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			return false
		}
	}
	return name != "" && len(name) <= 60
}

// checkValue refuses what must not stand in any field.
func checkValue(name, value string) error {
	if !utf8.ValidString(value) {
		return errs.Invalidf("%s is not valid UTF-8: type it again", name)
	}
	for _, r := range value {
		if control(r) {
			return errs.Invalidf("%s contains a line break or control character (%U): remove it", name, r)
		}
	}
	return nil
}

// appendField appends a field whose ASCII words stay as they are, because they
// may be part of a structure, and whose other words are encoded.
func appendField(b []byte, h delivery.Header) ([]byte, error) {
	if err := checkValue("the header "+h.Name, h.Value); err != nil {
		return nil, err
	}
	words := strings.Fields(h.Value)
	if len(words) == 0 {
		return nil, errs.Invalidf("the header %s is empty: leave it out", h.Name)
	}
	start := len(b)
	b = append(append(b, h.Name...), ':')
	column := len(b) - start
	for i := 0; i < len(words); {
		word := words[i]
		if ascii(word) {
			if len(word) >= maxLine-1 {
				return nil, errs.Invalidf("the header %s has a word of %d bytes: lines have at most %d", h.Name, len(word), maxLine)
			}
			if column+1+len(word) > maxHeaderLine && column > len(h.Name)+1 {
				b = append(b, "\r\n"...)
				column = 0
			}
			b = append(append(b, ' '), word...)
			column += 1 + len(word)
			i++
			continue
		}
		run := i
		for ; i < len(words) && !ascii(words[i]); i++ {
			if strings.ContainsAny(words[i], "<>@") {
				return nil, errs.Invalidf("the header %s has an address or link that is not ASCII: encode it", h.Name)
			}
		}
		b = append(b, ' ')
		b, column = appendWords(b, strings.Join(words[run:i], " "), column+1)
	}
	return append(b, "\r\n"...), nil
}

func ascii(s string) bool {
	for i := 0; i < len(s); i++ {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}
