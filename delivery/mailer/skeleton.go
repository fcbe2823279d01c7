package mailer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/wneessen/go-mail"

	"postrider/internal/errs"
	"postrider/templates"
)

// The places of the bodies while go-mail builds the tree. Quoted-printable
// leaves them as they are.
const (
	textMark = "postrider-text-part"
	htmlMark = "postrider-html-part"
)

// section is some fixed octets of a message and the part that follows them.
type section struct {
	fixed fixed
	part  []node
}

// skeleton lets go-mail build the MIME tree around the letter's parts, from the
// first Content- field to the end.
func skeleton(m templates.Mail) ([]section, error) {
	if len(m.Text.Pieces) == 0 && len(m.HTML.Pieces) == 0 {
		return nil, errs.Invalidf("the mail has no text: write something before sending it")
	}
	boundary, err := boundaryOf(m)
	if err != nil {
		return nil, err
	}
	msg := mail.NewMsg(mail.WithNoDefaultUserAgent(), mail.WithCharset(mail.CharsetUTF8),
		mail.WithEncoding(mail.EncodingQP), mail.WithBoundary(boundary))
	if len(m.Text.Pieces) > 0 {
		msg.AddAlternativeString(mail.TypeTextPlain, textMark)
	}
	if len(m.HTML.Pieces) > 0 {
		msg.AddAlternativeString(mail.TypeTextHTML, htmlMark)
	}
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		return nil, fmt.Errorf("building the MIME tree: %w", err)
	}
	// Of the fields before the tree none is used: their order is alphabetical,
	// and the Message-ID names this machine.
	_, tree, ok := bytes.Cut(out.Bytes(), []byte("\r\nContent-"))
	if !ok {
		return nil, fmt.Errorf("building the MIME tree: no Content- field in %q", out.Bytes())
	}
	rest := append([]byte("Content-"), tree...)

	var sections []section
	for _, p := range []struct {
		mark string
		part templates.Part
	}{{textMark, m.Text}, {htmlMark, m.HTML}} {
		if len(p.part.Pieces) == 0 {
			continue
		}
		before, after, ok := bytes.Cut(rest, []byte(p.mark))
		if !ok {
			return nil, fmt.Errorf("building the MIME tree: %s is missing in %q", p.mark, rest)
		}
		one := section{}
		if one.fixed, err = newFixed(before); err != nil {
			return nil, err
		}
		if one.part, err = compilePieces(p.part.Pieces); err != nil {
			return nil, err
		}
		sections = append(sections, one)
		rest = after
	}
	end, err := newFixed(rest)
	return append(sections, section{fixed: end}), err
}

// boundaryOf is a boundary that the same letter always gets. No body line can
// begin with it, because appendQuoted lets none begin with two hyphens.
func boundaryOf(m templates.Mail) (string, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("hashing the letter: %w", err)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16]), nil
}
