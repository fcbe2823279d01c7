package mailer

import (
	"slices"
	"strings"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/templates"
)

// letter is a compiled delivery.Letter. It does not change after Compile.
type letter struct {
	from     []byte // "From: …\r\n", and likewise the others
	replyTo  []byte
	subject  []byte         // where it is the same for everybody
	personal templates.Part // the subject where it is not
	notice   bool
	fields   []byte // what follows the personal fields, up to the MIME tree
	sections []section
	share    int                // shareFrom, less in tests
	keys     []delivery.DKIMKey // that sign each mail; none: the relay does
}

// Compile implements delivery.Mailer.
func (m *Mailer) Compile(l delivery.Letter) (delivery.Compiled, error) {
	c := &letter{notice: l.Notice, keys: slices.Clone(l.Sign), share: shareFrom}
	if err := checkSigners(c.keys, l.From.Address); err != nil {
		return nil, err
	}
	var err error
	if c.from, err = compileAddress("From", "the sender", l.From.Name, l.From.Address); err != nil {
		return nil, err
	}
	if l.ReplyTo != "" {
		if c.replyTo, err = compileAddress("Reply-To", "the reply address", "", l.ReplyTo); err != nil {
			return nil, err
		}
	}
	if err := c.compileSubject(l.Mail.Subject); err != nil {
		return nil, err
	}
	if c.fields, err = compileHeaders(l.Headers, l.Notice); err != nil {
		return nil, err
	}
	if l.Notice {
		c.fields = append(c.fields, "Auto-Submitted: auto-generated\r\n"...) // RFC 3834 §5
	}
	c.fields = append(c.fields, "MIME-Version: 1.0\r\n"...)
	c.sections, err = skeleton(l.Mail)
	if err != nil {
		return nil, err
	}
	return c, nil
}

func compileAddress(field, what, name, address string) ([]byte, error) {
	a, err := mailaddr.Parse(address)
	if err != nil {
		return nil, errs.Invalidf("%s: %w", what, err)
	}
	if a.NeedsSMTPUTF8() {
		return nil, errs.Invalidf("%s %s is not ASCII before its @, so most servers would refuse each mail: use another", what, a)
	}
	if err := mailaddr.CheckName(name); err != nil {
		return nil, errs.Invalidf("%s: %w", what, err)
	}
	return appendAddress(nil, field, strings.TrimSpace(name), a.String()), nil
}

func (c *letter) compileSubject(subject templates.Part) error {
	if err := checkFixed(subject.Pieces); err != nil {
		return err
	}
	if personal(subject) {
		c.personal = subject
		return nil
	}
	text := string(subject.Fill(nil, nil))
	if strings.TrimSpace(text) == "" {
		return errs.Invalidf("the subject is empty: write one")
	}
	c.subject = appendText(nil, "Subject", text)
	return nil
}

func checkFixed(pieces []templates.Piece) error {
	for i := range pieces {
		p := &pieces[i]
		if err := checkValue("the subject", p.Text); err != nil {
			return err
		}
		if err := checkFixed(p.Then); err != nil {
			return err
		}
		if err := checkFixed(p.Else); err != nil {
			return err
		}
	}
	return nil
}

// Splice implements delivery.Compiled. What a value could do to a field is
// undone (line breaks become spaces); a reader that cannot be mailed to at all
// is Invalid.
func (c *letter) Splice(old delivery.Message, r delivery.Reader) (delivery.Message, error) {
	m, ok := old.(*assembled)
	if !ok {
		m = &assembled{}
	}
	to, err := c.check(r)
	if err != nil {
		return m, err
	}
	m.reset()
	m.share = c.share
	b := append(m.own, "Date: "...)
	b = r.Date.AppendFormat(b, time.RFC1123Z)
	b = append(b, "\r\n"...)
	b = append(b, c.from...)
	b = appendAddress(b, "To", oneLine(r.To.Name), to.String())
	b = append(b, c.replyTo...)
	if c.subject != nil {
		b = append(b, c.subject...)
	} else {
		var scratch [256]byte
		b = appendText(b, "Subject", string(c.personal.Fill(scratch[:0], r.Values)))
	}
	b = append(append(append(b, "Message-ID: <"...), r.MessageID...), ">\r\n"...)
	b = appendUnsubscribe(b, r.ListUnsubscribe)
	m.own = append(b, c.fields...)
	for i := range c.sections {
		m.add(&c.sections[i].fixed)
		if c.sections[i].part != nil {
			m.splice(c.sections[i].part, r.Values)
			m.endQuoted()
		}
	}
	if string(m.tail(2)) != "\r\n" {
		m.own = append(m.own, "\r\n"...)
	}
	m.end()
	if len(c.keys) > 0 {
		return m, m.sign(c.keys)
	}
	return m, nil
}

func (c *letter) check(r delivery.Reader) (mailaddr.Address, error) {
	to, err := mailaddr.Parse(r.To.Address)
	switch {
	case err != nil:
		return to, errs.Invalidf("the recipient: %w", err)
	case !messageID(r.MessageID):
		return to, errs.Invalidf("the Message-ID %q is not of the form id@domain", r.MessageID)
	case r.Date.Year() < 1970 || r.Date.Year() > 9999:
		return to, errs.Invalidf("the date %s cannot stand in a mail", r.Date)
	case r.ListUnsubscribe == "":
		return to, nil
	case c.notice:
		return to, errs.Invalidf("a notice has no List-Unsubscribe: leave it out")
	case !webURI(r.ListUnsubscribe):
		return to, errs.Invalidf("the unsubscribe address %q is not one https URI", r.ListUnsubscribe)
	}
	return to, nil
}

// messageID checks an id of RFC 5322 §3.6.4 without its angle brackets: two
// dot-atoms, joined by an @.
func messageID(id string) bool {
	at := strings.IndexByte(id, '@')
	return len(id) <= 250 && at > 0 && dotAtom(id[:at]) && dotAtom(id[at+1:])
}

func dotAtom(s string) bool {
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '.' && (i == 0 || i == len(s)-1 || s[i+1] == '.'):
			return false
		case c <= ' ' || c > '~' || strings.IndexByte(`()<>[]:;@\,"`, c) >= 0:
			return false
		}
	}
	return s != ""
}

// webURI accepts what can stand between the angle brackets of List-Unsubscribe
// without being taken for two.
func webURI(uri string) bool {
	if !strings.HasPrefix(uri, "https://") && !strings.HasPrefix(uri, "http://") || len(uri) > 900 {
		return false
	}
	for i := 0; i < len(uri); i++ {
		if c := uri[i]; c <= ' ' || c > '~' || strings.IndexByte(`<>",\`, c) >= 0 {
			return false
		}
	}
	return true
}

// appendUnsubscribe appends the fields of RFC 8058. One-click works over https
// only (§3.1); on a machine that tries Postrider out without it, the field of
// RFC 2369 stands alone.
func appendUnsubscribe(b []byte, uri string) []byte {
	if uri == "" {
		return b
	}
	b = append(b, "List-Unsubscribe:"...)
	if len("List-Unsubscribe: <>")+len(uri) > maxHeaderLine {
		b = append(b, "\r\n"...)
	}
	b = append(append(append(b, " <"...), uri...), ">\r\n"...)
	if strings.HasPrefix(uri, "https://") {
		b = append(b, "List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"...)
	}
	return b
}
