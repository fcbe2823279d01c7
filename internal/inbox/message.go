package inbox

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"time"
)

const maxDepth = 20 // of nested multiparts

// Summary is a mail as it stands in a list.
type Summary struct {
	ID      int64
	At      time.Time // when it came
	From    string    // the From field, decoded; the envelope's sender where there is none
	To      string    // the To field, likewise
	Subject string    // decoded
	Size    int       // bytes
}

// Header is one field, decoded and unfolded.
type Header struct{ Name, Value string }

// Message is a whole mail. Text and HTML are what a sender wrote: HTML belongs
// into a sandbox. They are empty where the mail has no such part or it cannot be
// decoded; Raw is always there.
type Message struct {
	Summary
	EnvelopeFrom string
	EnvelopeTo   []string
	Date         time.Time // of the Date field, zero where it cannot be read
	Headers      []Header  // in their order
	Text, HTML   string    // the first of their kind, LF line ends
	Raw          []byte    // not to be changed
}

func summarise(m Mail) Summary {
	s := Summary{ID: m.ID, At: m.At, From: m.From, To: strings.Join(m.To, ", "), Size: len(m.Raw)}
	// First occurrences, as a mail program shows them.
	seen := map[string]bool{}
	for _, h := range fields(m.Raw) {
		name := strings.ToLower(h.Name)
		if seen[name] {
			continue
		}
		seen[name] = true
		switch name {
		case "from":
			s.From = h.Value
		case "to":
			s.To = h.Value
		case "subject":
			s.Subject = h.Value
		}
	}
	return s
}

// fields splits the header section, unfolded. What is no field ends it, so that
// an injected line is seen for what it is.
func fields(raw []byte) []Header {
	var headers []Header
	decoder := new(mime.WordDecoder)
	for _, line := range unfolded(raw) {
		name, value, ok := strings.Cut(line, ":")
		if !ok {
			break
		}
		value = strings.TrimLeft(value, " \t")
		if decoded, err := decoder.DecodeHeader(value); err == nil {
			value = decoded
		}
		headers = append(headers, Header{Name: name, Value: strings.ToValidUTF8(value, "\ufffd")})
	}
	return headers
}

// unfolded returns the lines before the first empty one, those that begin with
// white space joined to the one before.
func unfolded(raw []byte) []string {
	var lines []string
	for len(raw) > 0 {
		line, rest, _ := bytes.Cut(raw, []byte("\n"))
		raw = rest
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			break
		}
		if (line[0] == ' ' || line[0] == '\t') && len(lines) > 0 {
			lines[len(lines)-1] += string(line)
			continue
		}
		lines = append(lines, string(line))
	}
	return lines
}

func parse(m Mail) Message {
	out := Message{Summary: summarise(m), EnvelopeFrom: m.From, EnvelopeTo: m.To, Headers: fields(m.Raw), Raw: m.Raw}
	msg, err := mail.ReadMessage(bytes.NewReader(m.Raw))
	if err != nil {
		return out
	}
	if date, err := msg.Header.Date(); err == nil {
		out.Date = date
	}
	out.walk(msg.Header.Get, msg.Body, 0)
	return out
}

// walk looks for the first text and the first HTML in an entity and in those inside it.
func (m *Message) walk(field func(string) string, body io.Reader, depth int) {
	kind, params, err := mime.ParseMediaType(field("Content-Type"))
	if err != nil {
		kind = "text/plain"
	}
	if strings.HasPrefix(kind, "multipart/") && depth < maxDepth {
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart()
			if err != nil {
				return
			}
			m.walk(p.Header.Get, p, depth+1)
		}
	}
	attached := strings.HasPrefix(strings.ToLower(field("Content-Disposition")), "attachment")
	var target *string
	switch {
	case attached:
		return
	case kind == "text/plain" && m.Text == "":
		target = &m.Text
	case kind == "text/html" && m.HTML == "":
		target = &m.HTML
	default:
		return
	}
	switch strings.ToLower(strings.TrimSpace(field("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, body)
	}
	b, err := io.ReadAll(body)
	if err != nil {
		return
	}
	*target = strings.ToValidUTF8(strings.ReplaceAll(string(b), "\r\n", "\n"), "\ufffd")
}
