package bounces

import (
	"html"
	"regexp"
	"strings"
)

// human is the text for people, without the mail that came back.
func (m *message) human() string {
	m.divide()
	return m.before
}

// divide parts the texts once.
func (m *message) divide() {
	if !m.divided {
		m.before, m.cut = cutOriginal(m.allText())
		m.divided = true
	}
}

// returned is what the text holds of the mail that came back: its header.
func (m *message) returned() string {
	m.divide()
	head, _ := splitHeader(strings.TrimLeft(m.cut, "\n"))
	return outdent(head)
}

// outdent takes away what a list manager puts before each line of a quote.
func outdent(text string) string {
	first := strings.TrimLeft(text, " \t>")
	return strings.ReplaceAll(text, "\n"+text[:len(text)-len(first)], "\n")
}

// allText joins the plain texts, or the HTML ones where there is no plain one.
func (m *message) allText() string {
	if m.joined {
		return m.text
	}
	var plain, rich []string
	for _, p := range m.parts {
		if strings.HasPrefix(strings.ToLower(p.header.get("Content-Disposition")), "attachment") {
			continue
		}
		switch p.kind {
		case "", "text", "text/plain":
			plain = append(plain, p.text)
		case "text/html":
			rich = append(rich, stripHTML(p.text))
		}
	}
	if strings.TrimSpace(strings.Join(plain, "")) == "" {
		plain = rich
	}
	text := strings.Join(plain, "\n")
	if len(text) > maxHuman {
		text = strings.ToValidUTF8(text[:maxHuman], "")
	}
	m.text, m.joined = text, true
	return text
}

var (
	invisible = regexp.MustCompile(`(?is)<(style|script|title|head)\b.*?</(style|script|title|head)\s*>|<!--.*?-->`)
	lineTag   = regexp.MustCompile(`(?i)<(br|/p|/div|/tr|/td|/h[1-6]|/li|/table|p)\b[^>]*>`)
	anyTag    = regexp.MustCompile(`(?s)</?[a-zA-Z!][^<>@]*>`)
)

// stripHTML leaves lines of text.
func stripHTML(s string) string {
	s = lineTag.ReplaceAllString(invisible.ReplaceAllString(s, ""), "\n")
	return html.UnescapeString(anyTag.ReplaceAllString(s, ""))
}

// What introduces the mail that came back, in the words of many systems.
var (
	introduces = regexp.MustCompile(`(?i)` + strings.Join([]string{
		`^\W*below this line is (a|the) copy`,
		`^\W*this is a copy of (the|your) message`,
		`^\W*(enclosed|included|below|here|following|attached)( this line)? (is|are) (a|the) copy`,
		`^\W*(a )?copy of (the|your) (original )?(message|mail)`,
		`^\W*((your|the) )?(original|returned|unsent|undelivered|rejected|failed|bounced) (mail|message|e-mail)( header(s)?)?( text)?( is)?( follow(s|ing)?| as follows| is attached| begins)?\W*$`,
		`^\W*(your |the )?(original |undelivered |unsent |returned )?(mail|message|e-mail)('s)? (header(s)?|text|body)?\s*(follow(s)?|is following|attached)\b.{0,40}$`,
		`^\W*the header(s)? of (the|your) original (message|mail) (is|are|follow)`,
		`^\W*(original|message) header(s)?( follow(s)?)?\W*$`,
		`^\W*(original message|message) (headers|follows|information)\W*$`,
		`^\W*unsent message (follows|below)`,
		`^\W*en-t.tes de message d'origine`,
		`^\W*original mail as follows`,
		`^\W*(texto|cabe.alhos?|encabezados?) (do|da|del?) (la )?(mensagem|mensaje) original`,
		`^\W*(urspr.ngliche|original)[- ]?(nachricht|nachrichtenkopfzeilen|nachrichtenkopf)\W*$`,
		`^\W*(begin|start of) (original|returned|forwarded) message`,
		`^\W*forwarded message\W*$`,
	}, "|"))
	headerLine = regexp.MustCompile(`^[> \t]*(Received|Return-Path|DKIM-Signature|DomainKey-Signature|X-Google-Smtp-Source|X-Received|Authentication-Results|Message-ID|MIME-Version|X-Originating-IP|Delivered-To|X-Mailer|Date|From|To|Subject|User-Agent|Content-Type|Reply-To)\s*:\s?`)
	firstLine  = regexp.MustCompile(`(?i)^[> \t]*(Received|Return-Path|DKIM-Signature|DomainKey-Signature|X-Google-Smtp-Source)\s*:`)
)

// cutOriginal parts a text at the mail that came back: at a line that says so,
// or where a header begins.
func cutOriginal(text string) (before, after string) {
	lines := strings.SplitN(text, "\n", maxLines)
	for i, line := range lines {
		if len(line) > maxText {
			continue
		}
		if introduces.MatchString(line) && headerWithin(lines, i+1, 6) {
			return strings.Join(lines[:i], "\n"), strings.Join(lines[afterIntro(lines, i):], "\n")
		}
		if firstLine.MatchString(line) && headerWithin(lines, i+1, 8) {
			return strings.Join(lines[:i], "\n"), strings.Join(lines[i:], "\n")
		}
	}
	return text, ""
}

// afterIntro skips empty lines and rules below an introduction.
func afterIntro(lines []string, i int) int {
	for i++; i < len(lines) && strings.Trim(lines[i], " \t-=*>") == ""; i++ {
	}
	return i
}

// headerWithin reports whether one of the next n lines is a mail's header, or
// nothing but empty ones follow.
func headerWithin(lines []string, from, n int) bool {
	something := false
	for i := from; i < len(lines) && i < from+n; i++ {
		if headerLine.MatchString(lines[i]) {
			return true
		}
		something = something || strings.TrimSpace(lines[i]) != ""
	}
	return !something
}

// shorten keeps words of a mail server for people.
func shorten(text string) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			return ' ' // a terminal would obey some of these
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > maxText {
		text = strings.ToValidUTF8(text[:maxText], "")
	}
	return text
}
