package bounces

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"regexp"
	"slices"
	"strings"

	"golang.org/x/text/encoding/htmlindex"
)

// field is one line of a header, unfolded.
type field struct{ name, value string }

type header []field

// get returns the first value of that name, "" where there is none.
func (h header) get(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

func (h header) all(name string) []string {
	var out []string
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			out = append(out, f.value)
		}
	}
	return out
}

// part is a leaf of a mail's tree.
type part struct {
	kind   string // "text/plain", lower case
	header header
	text   string // decoded to UTF-8, lines end in \n
}

// message is a mail taken apart, with little trust in what it says of itself.
type message struct {
	top   header
	kind  string // its own media type
	param map[string]string
	parts []part // in order; those of the mail that came back are not among them
	// original is the header of the mail that came back, where it is a part of
	// its own; the texts may hold it too.
	original header
	// The texts, read once: all of them, what is for people, and what follows.
	text, before, cut string
	joined, divided   bool
}

// readMessage never fails: what cannot be taken apart is one text.
func readMessage(raw []byte) *message {
	if len(raw) > MaxMail {
		raw = raw[:MaxMail]
	}
	m := &message{}
	head, body := splitHeader(oneLineEnd(raw))
	if strings.HasPrefix(head, "From ") { // an mbox's separator
		_, head, _ = strings.Cut(head, "\n")
	}
	m.top = parseHeader(head)
	m.kind, m.param = mediaType(m.top.get("Content-Type"))
	m.walk(m.top, body, 0)
	if strings.HasPrefix(m.kind, "multipart/") && len(m.parts) == 0 {
		m.parts = append(m.parts, part{kind: "text/plain", text: body})
	}
	return m
}

// oneLineEnd makes \n of CRLF, of a lone CR, and of CR CR LF, which careless
// gateways make.
func oneLineEnd(raw []byte) string {
	raw = bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if !bytes.ContainsRune(raw, '\r') {
		return string(raw)
	}
	out := make([]byte, 0, len(raw))
	for i := 0; i < len(raw); i++ {
		if raw[i] != '\r' {
			out = append(out, raw[i])
			continue
		}
		end := i
		for end < len(raw) && raw[end] == '\r' {
			end++
		}
		if end < len(raw) && raw[end] == '\n' {
			i = end
			out = append(out, '\n')
			continue
		}
		out = append(out, '\n')
	}
	return string(out)
}

func splitHeader(text string) (head, body string) {
	if rest, ok := strings.CutPrefix(text, "\n"); ok {
		return "", rest
	}
	if head, body, ok := strings.Cut(text, "\n\n"); ok {
		return head, body
	}
	return text, ""
}

var fieldName = regexp.MustCompile(`^([!-9;-~]{1,70})[ \t]*:(?:[ \t]*)`)

// parseHeader unfolds lines. What is no field is skipped.
func parseHeader(text string) header {
	var h header
	for i, line := range strings.SplitN(text, "\n", maxLines) {
		switch at := fieldName.FindStringSubmatchIndex(line); {
		case i >= maxLines-1:
		case line != "" && (line[0] == ' ' || line[0] == '\t'):
			if n := len(h); n > 0 && len(h[n-1].value) < maxText*8 {
				h[n-1].value += " " + strings.TrimSpace(line)
			}
		case at != nil:
			h = append(h, field{line[at[2]:at[3]], strings.TrimSpace(line[at[1]:])})
		}
	}
	for i := range h {
		h[i].value = decodeWords(h[i].value)
	}
	return h
}

var words = mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	e, err := htmlindex.Get(charset)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Reader(r), nil
}}

func decodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return s
	}
	if d, err := words.DecodeHeader(s); err == nil {
		return d
	}
	return s
}

var parameter = regexp.MustCompile(`(?i);\s*([a-z*-]+)\s*=\s*("[^"]*"|[^;\s]+)`)

// mediaType reads what mime.ParseMediaType refuses too: boundaries with odd
// letters, doubled semicolons.
func mediaType(v string) (string, map[string]string) {
	kind, _, _ := strings.Cut(v, ";")
	param := map[string]string{}
	for _, m := range parameter.FindAllStringSubmatch(v, 20) {
		param[strings.ToLower(m[1])] = strings.Trim(m[2], `"`)
	}
	return strings.ToLower(strings.TrimSpace(kind)), param
}

// walk collects the leaves.
func (m *message) walk(h header, body string, depth int) {
	if depth > maxDepth || len(m.parts) >= maxParts {
		return
	}
	kind, param := mediaType(h.get("Content-Type"))
	switch {
	case strings.HasPrefix(kind, "multipart/") && param["boundary"] != "":
		for _, piece := range pieces(body, param["boundary"]) {
			head, rest := splitHeader(piece)
			sub := parseHeader(head)
			if len(sub) == 0 && strings.TrimSpace(head) != "" {
				rest = piece // no header at all
			}
			m.walk(sub, rest, depth+1)
		}
	case kind == "message/rfc822", kind == "text/rfc822-headers", kind == "message/global", kind == "message/global-headers", kind == "message/partial":
		if m.original == nil {
			text := strings.TrimLeft(decodeTransfer(h, body), "\n")
			head, _ := splitHeader(text)
			m.original = parseHeader(head)
		}
		if depth > 0 && strings.Contains(body, "message/delivery-status") {
			m.nested(body, depth)
		}
	default:
		text := decodeCharset(decodeTransfer(h, body), param["charset"])
		m.parts = append(m.parts, part{kind: kind, header: h, text: text})
	}
}

// nested finds the report that some mail systems wrap in one more message. One
// that stands outside has been found before and counts.
func (m *message) nested(body string, depth int) {
	if slices.ContainsFunc(m.parts, func(p part) bool { return isStatus(p.kind) }) {
		return
	}
	head, rest := splitHeader(strings.TrimLeft(body, "\n"))
	before := len(m.parts)
	m.walk(parseHeader(head), rest, depth+1)
	for i := before; i < len(m.parts); {
		if !isStatus(m.parts[i].kind) {
			m.parts = slices.Delete(m.parts, i, i+1)
			continue
		}
		i++
	}
}

func isStatus(kind string) bool {
	return kind == "message/delivery-status" || kind == "message/global-delivery-status"
}

// pieces cuts a multipart body at its boundary. A missing end is no matter.
func pieces(body, boundary string) []string {
	var out []string
	var piece []string
	inside := false
	for _, line := range strings.SplitN(body, "\n", maxLines) {
		if rest, ok := strings.CutPrefix(line, "--"+boundary); ok && (strings.TrimSpace(rest) == "" || strings.HasPrefix(rest, "--")) {
			if inside {
				out = append(out, strings.Join(piece, "\n"))
			}
			piece, inside = nil, !strings.HasPrefix(rest, "--")
			if len(out) >= maxParts {
				return out
			}
			continue
		}
		if inside {
			piece = append(piece, line)
		}
	}
	if inside && len(piece) > 0 {
		out = append(out, strings.Join(piece, "\n"))
	}
	return out
}

func decodeTransfer(h header, body string) string {
	var r io.Reader
	switch strings.ToLower(strings.TrimSpace(h.get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		r = quotedprintable.NewReader(strings.NewReader(body))
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, strings.NewReader(body))
	default:
		return body
	}
	b, err := io.ReadAll(r)
	if err != nil && len(b) < len(body)/2 {
		return body // not what it says it is
	}
	return oneLineEnd(b)
}

func decodeCharset(text, charset string) string {
	if charset == "" && strings.Contains(text, "\x1b$") {
		charset = "iso-2022-jp" // nothing else begins like this
	}
	if charset != "" {
		if e, err := htmlindex.Get(charset); err == nil {
			if out, err := e.NewDecoder().String(text); err == nil {
				return out
			}
		}
	}
	return strings.ToValidUTF8(text, "\uFFFD")
}
