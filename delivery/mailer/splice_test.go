package mailer

import (
	"bytes"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"
	"pgregory.net/rapid"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/templates"
)

func slot(name, fallback string, e templates.Escape) templates.Piece {
	return templates.Piece{Slot: name, Fallback: fallback, Escape: e}
}

func text(s string) templates.Piece { return templates.Piece{Text: s} }

func part(pieces ...templates.Piece) templates.Part { return templates.Part{Pieces: pieces} }

func letterFor(m templates.Mail) delivery.Letter {
	return delivery.Letter{
		Mail: m, From: mail.Address{Name: "News", Address: "news@org.example"}, ReplyTo: "office@org.example",
		Headers: []delivery.Header{{Name: "Precedence", Value: "bulk"}, {Name: "X-Edition", Value: "7"}, {Name: "List-Help", Value: "<https://org.example/help>"}, {Name: "List-Id", Value: "News <news.org.example>"}},
	}
}

func simpleMail() templates.Mail {
	return templates.Mail{
		Subject: part(text("Five things, "), slot("name", "friend", templates.EscapeNone)),
		Text:    part(text("Hello "), slot("name", "friend", templates.EscapeNone), text(",\n\n.hidden\n--dashes\nBye\n")),
		HTML:    part(text("<p>Hello "), slot("name", "friend", templates.EscapeHTML), text("</p>\n")),
	}
}

func readerFor(values map[string]string) delivery.Reader {
	return delivery.Reader{
		To: mail.Address{Name: values["name"], Address: "ada@example.org"}, Values: values, MessageID: "e7.r9@org.example",
		Date: time.Date(2027, 3, 1, 9, 42, 0, 0, time.FixedZone("CET", 3600)), ListUnsubscribe: "https://org.example/u/abc",
	}
}

func compiled(t testing.TB, l delivery.Letter) delivery.Compiled {
	t.Helper()
	c, err := New(Options{}).Compile(l)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func spliced(t testing.TB, c delivery.Compiled, r delivery.Reader) []byte {
	t.Helper()
	m, err := c.Splice(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	b := m.AppendTo(nil)
	if m.Len() != len(b) {
		t.Fatalf("the message says that it has %d octets, and has %d", m.Len(), len(b))
	}
	return b
}

func TestWholeMail(t *testing.T) {
	t.Parallel()
	got := string(spliced(t, compiled(t, letterFor(simpleMail())), readerFor(map[string]string{"name": "Ada"})))
	boundary := got[strings.Index(got, "boundary=")+len("boundary="):][:32]
	want := strings.ReplaceAll(strings.ReplaceAll(`Date: Mon, 01 Mar 2027 09:42:00 +0100
From: "News" <news@org.example>
To: "Ada" <ada@example.org>
Reply-To: <office@org.example>
Subject: Five things, Ada
Message-ID: <e7.r9@org.example>
List-Unsubscribe: <https://org.example/u/abc>
List-Unsubscribe-Post: List-Unsubscribe=One-Click
List-Id: News <news.org.example>
List-Help: <https://org.example/help>
Precedence: bulk
X-Edition: 7
MIME-Version: 1.0
Content-Type: multipart/alternative;
 boundary=BOUNDARY

--BOUNDARY
Content-Transfer-Encoding: quoted-printable
Content-Type: text/plain; charset=UTF-8

Hello=20=
Ada=
,

=2Ehidden
=2D-dashes
Bye

--BOUNDARY
Content-Transfer-Encoding: quoted-printable
Content-Type: text/html; charset=UTF-8

<p>Hello=20=
Ada=
</p>

--BOUNDARY--
`, "\n", "\r\n"), "BOUNDARY", boundary)
	if got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestNoticeSaysSo(t *testing.T) {
	t.Parallel()
	l := delivery.Letter{Mail: templates.Mail{Subject: part(text("Please confirm")), Text: part(text("Click: "), slot("link", "", templates.EscapeNone))}, From: mail.Address{Address: "news@org.example"}, Notice: true}
	r := readerFor(map[string]string{"link": "https://org.example/x"})
	r.ListUnsubscribe = ""
	m, text, _ := parse(t, spliced(t, compiled(t, l), r))
	if m.Header.Get("Auto-Submitted") != "auto-generated" || m.Header.Get("List-Unsubscribe") != "" || text != "Click: https://org.example/x\r\n" {
		t.Errorf("header %v, text %q", m.Header, text)
	}
	r.ListUnsubscribe = "https://org.example/u/abc"
	if _, err := compiled(t, l).Splice(nil, r); !errs.Is(err, errs.Invalid) {
		t.Errorf("a notice with List-Unsubscribe gave %v", err)
	}
	edition := spliced(t, compiled(t, letterFor(simpleMail())), readerFor(nil))
	for _, name := range []string{"Auto-Submitted", "User-Agent", "X-Mailer"} {
		if bytes.Contains(edition, []byte(name)) {
			t.Errorf("an edition has %s", name)
		}
	}
}

// parse reads a message as a mail program does.
func parse(t interface{ Fatalf(string, ...any) }, b []byte) (m *mail.Message, text, html string) {
	m, err := mail.ReadMessage(bytes.NewReader(b))
	if err != nil {
		t.Fatalf("reading %q: %v", b, err)
	}
	kind, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	if err != nil {
		t.Fatalf("content type: %v", err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		body, err := io.ReadAll(quotedprintable.NewReader(m.Body))
		if err != nil {
			t.Fatalf("reading the body: %v", err)
		}
		return m, string(body), ""
	}
	r := multipart.NewReader(m.Body, params["boundary"])
	var bodies []string
	for {
		p, err := r.NextRawPart()
		if err == io.EOF {
			break
		}
		if err != nil {
			t.Fatalf("reading a part of %q: %v", b, err)
		}
		if e := p.Header.Get("Content-Transfer-Encoding"); e != "quoted-printable" {
			t.Fatalf("encoding %q", e)
		}
		body, err := io.ReadAll(quotedprintable.NewReader(p))
		if err != nil {
			t.Fatalf("reading a part of %q: %v", b, err)
		}
		bodies = append(bodies, string(body))
	}
	if len(bodies) != 2 {
		t.Fatalf("%d parts in %q", len(bodies), b)
	}
	return m, bodies[0], bodies[1]
}

// checkWire fails where a message is not fit for any wire.
func checkWire(t interface{ Fatalf(string, ...any) }, b []byte) {
	header := true
	for line := range strings.SplitSeq(strings.TrimSuffix(string(b), "\r\n"), "\r\n") {
		header = header && line != ""
		limit := 76
		if header && !strings.Contains(line, " ") || strings.HasPrefix(line, " <") {
			limit = 998 // one word: an address or a link
		}
		switch {
		case strings.ContainsAny(line, "\r\n\x00"):
			t.Fatalf("bare CR, LF or NUL in %q", line)
		case strings.HasPrefix(line, "."):
			t.Fatalf("a line begins with a dot: %q", line)
		case len(line) > limit:
			t.Fatalf("a line of %d octets: %q", len(line), line)
		case strings.HasSuffix(line, " ") && line != "Subject: ":
			t.Fatalf("a line ends in a space: %q", line)
		}
	}
	if err := checkMessage(b); err != nil {
		t.Fatalf("%v in %q", err, b)
	}
}

var names = []string{
	"", "Ada", "Ada Lovelace", "Zoë Müller-Łukasiewicz", "이순신", "山田太郎", "محمد", "Ἀριστοτέλης", "नरेन्द्र", "👩‍🚀 Sally 🏳️‍🌈", "O'Brien", `"Quoted" \ Name`,
	"a@b, c <d@e>", "=?UTF-8?Q?x?=", ".", "..", "--", "-", "=", " padded ", "a  b", strings.Repeat("long ", 40), strings.Repeat("x", 300), strings.Repeat("é", 100), "\xff\xfe", "x\u0085y\u2028z",
	"a\r\nBcc: eve@example.net", "a\r\n.\r\nMAIL FROM:<eve@example.net>", "\x00", "\t",
}

func genText() *rapid.Generator[string] {
	words := append(slices.Clone(names[:26]), "\n", "\n\n", "\n.", "\n..\n", "\n--", "\r\n", " \n", "\t\n", "<p>", "&amp;", "http://x.example/?a=b&c=d", strings.Repeat("y", 74), strings.Repeat("z", 75), strings.Repeat("w", 76), "\nFrom x", "=3D", "=\n")
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(0, 8).Draw(t, "words") {
			if rapid.Bool().Draw(t, "known") {
				b.WriteString(rapid.SampledFrom(words).Draw(t, "word"))
			} else {
				b.WriteString(rapid.String().Draw(t, "any"))
			}
		}
		return b.String()
	})
}

func genPieces(t *rapid.T, depth int, escape templates.Escape, fixed *rapid.Generator[string]) []templates.Piece {
	var pieces []templates.Piece
	for range rapid.IntRange(0, 5).Draw(t, "pieces") {
		name := rapid.SampledFrom([]string{"name", "city", "empty", "url"}).Draw(t, "slot")
		switch kind := rapid.IntRange(0, 3).Draw(t, "kind"); {
		case kind == 0 && depth > 0:
			pieces = append(pieces, templates.Piece{Slot: name, Cond: true, Then: genPieces(t, depth-1, escape, fixed), Else: genPieces(t, depth-1, escape, fixed)})
		case kind == 1:
			pieces = append(pieces, slot(name, rapid.SampledFrom(names).Draw(t, "fallback"), escape))
		default:
			// A CR at the very end could meet an LF of the next piece.
			pieces = append(pieces, text(strings.TrimRight(fixed.Draw(t, "text"), "\r")))
		}
	}
	return pieces
}

func newlines(s string) string {
	return strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(s)
}

// TestSpliceEqualsFill is the promise of compiling: what a reader sees is what
// filling the parts gives, and what go-mail would have sent for it.
func TestSpliceEqualsFill(t *testing.T) {
	t.Parallel()
	value := rapid.OneOf(rapid.SampledFrom(names), rapid.String())
	var old delivery.Message
	subjects := rapid.Custom(func(t *rapid.T) string { return oneLine(rapid.SampledFrom(names[:24]).Draw(t, "subject")) + "!" })
	rapid.Check(t, func(t *rapid.T) {
		m := templates.Mail{
			Subject: part(append(genPieces(t, 1, templates.EscapeNone, subjects), text("."))...),
			Text:    part(append(genPieces(t, 2, templates.EscapeNone, genText()), text("."))...),
			HTML:    part(append(genPieces(t, 2, rapid.SampledFrom([]templates.Escape{templates.EscapeHTML, templates.EscapeURL}).Draw(t, "escape"), genText()), text("\n"))...),
		}
		values := map[string]string{"name": value.Draw(t, "name"), "city": value.Draw(t, "city"), "url": "https://org.example/" + value.Draw(t, "url")}
		c, err := New(Options{}).Compile(letterFor(m))
		if err != nil {
			t.Fatalf("compiling %+v: %v", m, err)
		}
		r := readerFor(values)
		c.(*letter).share = rapid.SampledFrom([]int{1, 40, shareFrom}).Draw(t, "share")
		whole, err := c.Splice(old, r)
		if err != nil {
			t.Fatalf("splicing: %v", err)
		}
		old = whole // its memory serves the next
		if err := whole.(*assembled).check(); err != nil {
			t.Fatal(err)
		}
		b := whole.AppendTo(nil)
		if whole.Len() != len(b) {
			t.Fatalf("the message says that it has %d octets, and has %d", whole.Len(), len(b))
		}
		checkWire(t, b)
		got, gotText, gotHTML := parse(t, b)
		if want := newlines(string(m.Text.Fill(nil, values))); newlines(gotText) != want {
			t.Fatalf("text %q, want %q in %q", gotText, want, b)
		}
		if want := newlines(string(m.HTML.Fill(nil, values))); newlines(gotHTML) != want {
			t.Fatalf("HTML %q, want %q in %q", gotHTML, want, b)
		}
		subject := strings.ToValidUTF8(string(m.Subject.Fill(nil, values)), "\ufffd")
		if s, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject")); err != nil || s != subject {
			t.Fatalf("subject %q, %v; want %q in %q", s, err, subject, b)
		}
		compareWithGoMail(t, m, r, gotText, gotHTML)
		if a, err := got.Header.AddressList("To"); err != nil || len(a) != 1 || a[0].Address != "ada@example.org" || a[0].Name != oneLine(r.To.Name) {
			t.Fatalf("To %+v, %v; want the name %q in %q", a, err, oneLine(r.To.Name), b)
		}
		if len(got.Header) != 14 {
			t.Fatalf("%d header fields in %q", len(got.Header), b)
		}
	})
}

// compareWithGoMail renders the mail by itself, and compares what both decode to.
func compareWithGoMail(t *rapid.T, m templates.Mail, r delivery.Reader, gotText, gotHTML string) {
	msg := gomail.NewMsg(gomail.WithEncoding(gomail.EncodingQP))
	msg.SetBodyString(gomail.TypeTextPlain, newlines(string(m.Text.Fill(nil, r.Values))))
	msg.AddAlternativeString(gomail.TypeTextHTML, newlines(string(m.HTML.Fill(nil, r.Values))))
	var out bytes.Buffer
	if _, err := msg.WriteTo(&out); err != nil {
		t.Fatalf("go-mail: %v", err)
	}
	_, text, html := parse(t, out.Bytes())
	if newlines(text) != newlines(gotText) || newlines(html) != newlines(gotHTML) {
		t.Fatalf("go-mail's text %q and HTML %q, ours %q and %q", text, html, gotText, gotHTML)
	}
}

func TestSubjectLines(t *testing.T) {
	t.Parallel()
	words := strings.TrimSpace(strings.Repeat("seven77 ", 12))
	tests := []struct{ in, want string }{
		{"Hello", "Subject: Hello\r\n"},
		{words, "Subject: " + strings.TrimSpace(strings.Repeat("seven77 ", 8)) + "\r\n seven77 seven77 seven77 seven77\r\n"},
		// A fold at two spaces would lose one of them.
		{strings.Repeat("x", 60) + "  " + strings.Repeat("y", 20), "Subject: =?UTF-8?Q?" + strings.Repeat("x", 55) + "?=\r\n =?UTF-8?Q?xxxxx__" + strings.Repeat("y", 20) + "?=\r\n"},
		{" Hello", "Subject: =?UTF-8?Q?_Hello?=\r\n"},
		{"=?x", "Subject: =?UTF-8?B?PT94?=\r\n"},
		{"Zoë", "Subject: =?UTF-8?Q?Zo=C3=AB?=\r\n"},
		{"이순신", "Subject: =?UTF-8?B?7J207Iic7Iug?=\r\n"},
		{"Zoë and the others", "Subject: =?UTF-8?Q?Zo=C3=AB_and_the_others?=\r\n"},
	}
	for _, tt := range tests {
		if got := string(appendText(nil, "Subject", tt.in)); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.in, got, tt.want)
		}
	}
}

func TestCompileRefuses(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		change func(*delivery.Letter)
		remedy string
	}{
		{"no sender", func(l *delivery.Letter) { l.From = mail.Address{} }, "empty"},
		{"sender with two addresses", func(l *delivery.Letter) { l.From.Address = "a@b.example, c@d.example" }, "more than one @"},
		{"sender's name with a line break", func(l *delivery.Letter) { l.From.Name = "News\r\nBcc: eve@example.net" }, "invisible"},
		{"sender that needs SMTPUTF8", func(l *delivery.Letter) { l.From.Address = "zoë@org.example" }, "not ASCII"},
		{"reply address with a line break", func(l *delivery.Letter) { l.ReplyTo = "a@b.example\r\nBcc: eve@example.net" }, "control"},
		{"subject with a line break", func(l *delivery.Letter) { l.Mail.Subject = part(text("x\r\nBcc: eve@example.net")) }, "line break"},
		{"line break in a subject's condition", func(l *delivery.Letter) {
			l.Mail.Subject = part(templates.Piece{Slot: "name", Cond: true, Else: []templates.Piece{text("\n")}})
		}, "line break"},
		{"no subject", func(l *delivery.Letter) { l.Mail.Subject = templates.Part{} }, "empty"},
		{"no text", func(l *delivery.Letter) { l.Mail.Text, l.Mail.HTML = templates.Part{}, templates.Part{} }, "no text"},
		{"header name with a colon", func(l *delivery.Letter) { l.Headers[0].Name = "X: y\r\nBcc" }, "letters"},
		{"header name empty", func(l *delivery.Letter) { l.Headers[0].Name = "" }, "letters"},
		{"header name outside ASCII", func(l *delivery.Letter) { l.Headers[0].Name = "X-é" }, "letters"},
		{"header value with LF", func(l *delivery.Letter) { l.Headers[0].Value = "x\nBcc: eve@example.net" }, "line break"},
		{"header value with CR", func(l *delivery.Letter) { l.Headers[0].Value = "x\rBcc: eve@example.net" }, "line break"},
		{"header value with NUL", func(l *delivery.Letter) { l.Headers[0].Value = "x\x00" }, "control"},
		{"header value with NEL", func(l *delivery.Letter) { l.Headers[0].Value = "x\u0085y" }, "control"},
		{"header value not UTF-8", func(l *delivery.Letter) { l.Headers[0].Value = "x\xff" }, "UTF-8"},
		{"header value empty", func(l *delivery.Letter) { l.Headers[0].Value = " " }, "empty"},
		{"header word too long", func(l *delivery.Letter) { l.Headers[0].Value = strings.Repeat("x", 998) }, "998"},
		{"link outside ASCII", func(l *delivery.Letter) { l.Headers[0].Value = "<https://é.example>" }, "not ASCII"},
		{"Bcc", func(l *delivery.Letter) { l.Headers[0].Name = "bCC" }, "leave it out"},
		{"List-Unsubscribe", func(l *delivery.Letter) { l.Headers[0].Name = "List-Unsubscribe" }, "leave it out"},
		{"Content-Type", func(l *delivery.Letter) { l.Headers[0].Name = "Content-Type" }, "leave it out"},
		{"twice", func(l *delivery.Letter) { l.Headers[0].Name = "list-ID" }, "twice"},
		{"notice with List-Id", func(l *delivery.Letter) { l.Notice = true }, "newsletters"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			l := letterFor(simpleMail())
			tt.change(&l)
			if _, err := New(Options{}).Compile(l); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), tt.remedy) {
				t.Errorf("got %v, want Invalid with %q", err, tt.remedy)
			}
		})
	}
}

func TestSpliceRefuses(t *testing.T) {
	t.Parallel()
	c := compiled(t, letterFor(simpleMail()))
	for name, change := range map[string]func(*delivery.Reader){
		"no address":             func(r *delivery.Reader) { r.To.Address = "" },
		"two addresses":          func(r *delivery.Reader) { r.To.Address = "a@b.example>, <c@d.example" },
		"address with CRLF":      func(r *delivery.Reader) { r.To.Address = "a@b.example\r\nBcc: c@d.example" },
		"no Message-ID":          func(r *delivery.Reader) { r.MessageID = "" },
		"Message-ID with CRLF":   func(r *delivery.Reader) { r.MessageID = "a@b\r\nBcc: c@d" },
		"Message-ID in brackets": func(r *delivery.Reader) { r.MessageID = "<a@b>" },
		"Message-ID without @":   func(r *delivery.Reader) { r.MessageID = "ab" },
		"no date":                func(r *delivery.Reader) { r.Date = time.Time{} },
		"two URIs":               func(r *delivery.Reader) { r.ListUnsubscribe = "https://a.example>, <mailto:c@d.example" },
		"URI with CRLF":          func(r *delivery.Reader) { r.ListUnsubscribe = "https://a.example\r\nBcc: c@d" },
		"mailto":                 func(r *delivery.Reader) { r.ListUnsubscribe = "mailto:c@d.example" },
	} {
		r := readerFor(nil)
		change(&r)
		if _, err := c.Splice(nil, r); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func TestUnsubscribeWithoutTLSIsNotOneClick(t *testing.T) {
	t.Parallel()
	r := readerFor(nil)
	r.ListUnsubscribe = "http://127.0.0.1:8080/u/" + strings.Repeat("x", 60)
	b := spliced(t, compiled(t, letterFor(simpleMail())), r)
	checkWire(t, b)
	m, _, _ := parse(t, b)
	if m.Header.Get("List-Unsubscribe") != "<"+r.ListUnsubscribe+">" || m.Header.Get("List-Unsubscribe-Post") != "" {
		t.Errorf("header %v", m.Header)
	}
}

// smuggling are the line ends by which servers were made to see a second mail
// (Postfix CVE-2023-51764 and its kin).
var smuggling = []string{"\n.\n", "\r.\r", "\r\n.\n", "\n.\r\n", "\r.\r\n", "\r\n.\r", "\n.\r", "\r\n.\r\r\n", "\r\r\n.\r\r\n", "\r\n\x00.\r\n"}

func TestSmugglingInEveryPlace(t *testing.T) {
	t.Parallel()
	for _, end := range smuggling {
		attack := "x" + end + "MAIL FROM:<eve@example.net>" + end + ".\r\n"
		m := simpleMail()
		m.Text.Pieces = append(m.Text.Pieces, text(attack))
		m.HTML.Pieces = append(m.HTML.Pieces, text(attack), slot("none", attack, templates.EscapeHTML))
		m.Subject.Pieces = append(m.Subject.Pieces, slot("none", attack, templates.EscapeNone))
		r := readerFor(map[string]string{"name": attack})
		b := spliced(t, compiled(t, letterFor(m)), r)
		checkWire(t, b)
		for line := range strings.SplitSeq(string(b), "\r\n") {
			if line == "" || line == "." {
				continue
			}
			if strings.HasPrefix(line, ".") {
				t.Errorf("%q: line %q", end, line)
			}
		}
		l := letterFor(simpleMail())
		for what, change := range map[string]func(){"subject": func() { l.Mail.Subject = part(text(attack)) }, "sender": func() { l.From.Name = attack }, "header": func() { l.Headers[0].Value = attack }} {
			l = letterFor(simpleMail())
			change()
			if _, err := New(Options{}).Compile(l); !errs.Is(err, errs.Invalid) {
				t.Errorf("%q in the %s was compiled: %v", end, what, err)
			}
		}
	}
}

func FuzzHeaderInjection(f *testing.F) {
	for _, s := range append(slices.Clone(names), smuggling...) {
		f.Add(s, s)
	}
	c := compiled(f, letterFor(simpleMail()))
	f.Fuzz(func(t *testing.T, name, value string) {
		r := readerFor(map[string]string{"name": value})
		r.To.Name = name
		b := spliced(t, c, r)
		checkWire(t, b)
		m, _, _ := parse(t, b)
		if len(m.Header) != 14 {
			t.Fatalf("%d header fields in %q", len(m.Header), b)
		}
		to, err := m.Header.AddressList("To")
		if err != nil || len(to) != 1 || to[0].Address != "ada@example.org" {
			t.Fatalf("To %v, %v in %q", to, err, b)
		}

		l := letterFor(simpleMail())
		l.From.Name, l.Headers[0] = name, delivery.Header{Name: value, Value: name}
		cc, err := New(Options{}).Compile(l)
		if err != nil {
			if !errs.Is(err, errs.Invalid) {
				t.Fatal(err)
			}
			return
		}
		b = spliced(t, cc, readerFor(nil))
		if m, _, _ := parse(t, b); len(m.Header) != 14 {
			t.Fatalf("%d header fields in %q", len(m.Header), b)
		}
	})
}

func TestSpliceOfSharedLetterIsSafe(t *testing.T) {
	t.Parallel()
	c := compiled(t, letterFor(simpleMail()))
	done := make(chan string)
	for i := range 8 {
		go func() {
			var m delivery.Message
			for range 50 {
				m, _ = c.Splice(m, readerFor(map[string]string{"name": fmt.Sprint("Ada ", i)}))
			}
			done <- string(m.AppendTo(nil))
		}()
	}
	seen := map[string]bool{}
	for range 8 {
		seen[<-done] = true
	}
	if len(seen) != 8 {
		t.Errorf("%d different mails for 8 readers", len(seen))
	}
}
