package e2e_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/mail"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// letter is a mail as its reader has it.
type letter struct {
	raw        []byte
	header     mail.Header
	to         string // bare address
	subject    string // decoded
	text, html string // decoded
}

// parseLetter reads a mail with the standard library, which shares no code
// with the program.
func parseLetter(raw []byte) (letter, error) {
	l := letter{raw: raw}
	m, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return l, fmt.Errorf("reading the mail: %w", err)
	}
	l.header = m.Header
	to, err := mail.ParseAddress(m.Header.Get("To"))
	if err != nil {
		return l, fmt.Errorf("To: %w", err)
	}
	l.to = to.Address
	if l.subject, err = new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject")); err != nil {
		return l, fmt.Errorf("Subject: %w", err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil || kind != "multipart/alternative" {
		return l, fmt.Errorf("Content-Type %q: %v", kind, err)
	}
	parts := multipart.NewReader(m.Body, params["boundary"])
	for {
		part, err := parts.NextPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			return l, fmt.Errorf("reading a part: %w", err)
		}
		b, err := io.ReadAll(part)
		if err != nil {
			return l, fmt.Errorf("reading a part: %w", err)
		}
		kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
		if err != nil || !strings.EqualFold(params["charset"], "utf-8") || !utf8.Valid(b) {
			return l, fmt.Errorf("a part is not UTF-8 as it says: %q %v: %v", kind, params, err)
		}
		switch kind {
		case "text/plain":
			l.text = string(b)
		case "text/html":
			l.html = string(b)
		}
	}
	if l.text == "" || l.html == "" {
		return l, fmt.Errorf("the mail lacks its text or its HTML")
	}
	return l, nil
}

// readLetter is parseLetter for tests that want a good one.
func readLetter(t testing.TB, raw []byte) letter {
	t.Helper()
	l, err := parseLetter(raw)
	if err != nil {
		t.Fatalf("%v\n%s", err, raw[:min(len(raw), 2000)])
	}
	return l
}

var (
	messageID = regexp.MustCompile(`^<[0-9a-z.]+@([a-z.]+)>$`)
	oneURI    = regexp.MustCompile(`^<(https://[^<>\s]+)>$`)
	listID    = regexp.MustCompile(`^(?:"[^"]+" |[\w ]+ )?<([a-z0-9.-]+)>$`)
)

// wantHeaders checks what every mail of an edition carries: sent by from's
// domain, with links that begin with base.
func (l letter) wantHeaders(t testing.TB, from, base string) {
	t.Helper()
	wrong := func(format string, args ...any) { t.Helper(); t.Errorf(l.to+": "+format, args...) }
	sender, err := mail.ParseAddress(from)
	if err != nil {
		t.Fatal(err)
	}
	_, domain, _ := strings.Cut(sender.Address, "@")
	for _, name := range []string{
		"From", "To", "Subject", "Date", "Message-Id", "List-Id", "List-Unsubscribe", "List-Unsubscribe-Post", "List-Help",
		"List-Archive", "Feedback-Id", "Precedence", "Mime-Version", "Content-Type",
	} {
		if got := l.header[name]; len(got) != 1 || got[0] == "" {
			wrong("%s is %q, want exactly one", name, got)
		}
	}
	for _, name := range []string{"Auto-Submitted", "User-Agent", "X-Mailer", "Bcc", "Return-Receipt-To", "Disposition-Notification-To"} {
		if got, there := l.header[name]; there {
			wrong("%s is there: %q", name, got)
		}
	}
	if got, err := mail.ParseAddress(l.header.Get("From")); err != nil || *got != *sender {
		wrong("From is %v (%v), want %v", got, err, sender)
	}
	if when, err := l.header.Date(); err != nil || time.Since(when).Abs() > 10*time.Minute {
		wrong("Date is %v (%v)", when, err)
	}
	if m := messageID.FindStringSubmatch(l.header.Get("Message-Id")); m == nil || m[1] != domain {
		wrong("Message-ID %q is not on %s", l.header.Get("Message-Id"), domain)
	}
	if m := listID.FindStringSubmatch(l.header.Get("List-Id")); m == nil || !strings.HasSuffix(m[1], "."+domain) {
		wrong("List-Id is %q", l.header.Get("List-Id"))
	}
	if m := oneURI.FindStringSubmatch(l.header.Get("List-Unsubscribe")); m == nil || !strings.HasPrefix(m[1], base+"/u/") {
		wrong("List-Unsubscribe is %q, want one https URI at %s", l.header.Get("List-Unsubscribe"), base)
	}
	for name, want := range map[string]string{"List-Unsubscribe-Post": "List-Unsubscribe=One-Click", "Precedence": "bulk", "Mime-Version": "1.0"} {
		if got := l.header.Get(name); got != want {
			wrong("%s is %q, want %q", name, got, want)
		}
	}
	for _, name := range []string{"List-Help", "List-Archive"} {
		if m := oneURI.FindStringSubmatch(l.header.Get(name)); m == nil {
			wrong("%s is %q, want one https URI", name, l.header.Get(name))
		}
	}
}

// wantLines checks the form of what was on the wire: CRLF everywhere, lines of
// at most 998 octets (78 in the header, but for a URL, which cannot be folded), nothing but ASCII, no line that only
// a mail server could have added.
func wantLines(t testing.TB, to string, wire []byte) {
	t.Helper()
	header := true
	for n, line := range bytes.SplitAfter(wire, []byte("\n")) {
		if len(line) == 0 {
			continue // behind the last line end
		}
		body, ok := bytes.CutSuffix(line, []byte("\r\n"))
		if !ok || bytes.ContainsAny(body, "\r\n\x00") {
			t.Errorf("%s: line %d does not end in CRLF alone: %q", to, n+1, line)
			return
		}
		if len(body) == 0 {
			header = false
		}
		limit := 998
		if header && !bytes.Contains(body, []byte("://")) {
			limit = 78
		}
		if len(body) > limit {
			t.Errorf("%s: line %d has %d octets, want at most %d: %q", to, n+1, len(body), limit, body)
		}
		if i := bytes.IndexFunc(body, func(r rune) bool { return r > 126 || r < 32 && r != '\t' }); i >= 0 {
			t.Errorf("%s: line %d is not printable ASCII: %q", to, n+1, body)
		}
	}
}

// readers is a CSV of n subscribers with first names, some of them missing.
func readers(n int) (text string, addresses []string) {
	var b strings.Builder
	w := csv.NewWriter(&b)
	rows := [][]string{{"email", "first_name"}}
	for i := range n {
		row := []string{fmt.Sprintf("reader%03d@example.org", i), fmt.Sprintf("Reader-%03d", i)}
		switch i % 5 {
		case 1:
			row[1] = ""
		case 2:
			row[1] = "Çoşgun-" + row[1]
		}
		rows, addresses = append(rows, row), append(addresses, row[0])
	}
	_ = w.WriteAll(rows) // into memory
	return b.String(), addresses
}

// wantOnceEach compares who got a mail with who should, by name.
func wantOnceEach(t testing.TB, got, want []string) {
	t.Helper()
	times := map[string]int{}
	for _, a := range got {
		times[strings.ToLower(a)]++
	}
	for _, a := range want {
		a = strings.ToLower(a)
		if n := times[a]; n != 1 {
			t.Errorf("%s got %d mails, want 1", a, n)
		}
		delete(times, a)
	}
	for a, n := range times {
		t.Errorf("%s got %d mails and should have none", a, n)
	}
}

// report is what publish and report print with --json.
type report struct {
	Edition    string `json:"edition"`
	State      string `json:"state"`
	Audience   int    `json:"audience"`
	Queued     int    `json:"queued"`
	Leased     int    `json:"leased"`
	Sending    int    `json:"sending"`
	Accepted   int    `json:"accepted"`
	Deferred   int    `json:"deferred"`
	Refused    int    `json:"refused"`
	Unknown    int    `json:"unknown"`
	Suppressed int    `json:"suppressed"`
	Expired    int    `json:"expired"`
	Cancelled  int    `json:"cancelled"`
}

// figures reads a report from stdout and checks that it adds up.
func (p *process) figures() report {
	p.t.Helper()
	var r report
	p.value(&r)
	sum := r.Queued + r.Leased + r.Sending + r.Accepted + r.Deferred + r.Refused + r.Unknown + r.Suppressed + r.Expired + r.Cancelled
	if sum != r.Audience {
		p.t.Errorf("the states add up to %d, the audience is %d: %+v", sum, r.Audience, r)
	}
	var keys map[string]any
	p.value(&keys)
	if len(keys) != 13 {
		p.t.Errorf("a report has %d keys, want 13: %v", len(keys), keys)
	}
	return r
}

// wantAllAccepted wants a finished edition of n readers.
func (r report) wantAllAccepted(t testing.TB, n int) {
	t.Helper()
	want := report{Edition: r.Edition, State: "sent", Audience: n, Accepted: n}
	if r != want || r.Edition == "" {
		t.Errorf("the report is %+v, want %+v", r, want)
	}
}
