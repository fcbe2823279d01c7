package mailer

import (
	"strings"
	"testing"

	"postrider/delivery"
	"postrider/internal/smtptest"
	"postrider/templates"
)

// largeMail is about 60 KB on the wire, with the slots of a real edition.
func largeMail() templates.Mail {
	paragraph := "<p style=\"margin:0;padding:12px\">" + strings.Repeat("Die Bürger trafen sich im Rathaus, um über den Plan zu reden. ", 8) + "</p>\n"
	return templates.Mail{
		Subject: part(text("Five things, "), slot("name", "friend", templates.EscapeNone)),
		Text:    part(text("Hello "), slot("name", "friend", templates.EscapeNone), text(strings.Repeat("\n\nPlain text of a paragraph, with its words.", 200)+"\n"), slot(templates.SlotUnsubscribeURL, "", templates.EscapeNone), text("\n")),
		HTML: part(text("<p>Hello "), slot("name", "friend", templates.EscapeHTML), text(strings.Repeat(paragraph, 80)+`<a href="`), slot(templates.SlotUnsubscribeURL, "", templates.EscapeHTML), text(`">Unsubscribe</a> <a href="`),
			slot(templates.SlotPreferencesURL, "", templates.EscapeHTML), text("\">Preferences</a>\n")),
	}
}

func largeReader() delivery.Reader {
	return readerFor(map[string]string{"name": "Zoë Müller", templates.SlotUnsubscribeURL: "https://org.example/u/abcdefghijklmnopqrstuvwxyz", templates.SlotPreferencesURL: "https://org.example/p/abcdefghijklmnopqrstuvwxyz"})
}

func TestSpliceNeedsLittleMemory(t *testing.T) {
	c, r := compiled(t, letterFor(largeMail())), largeReader()
	m, err := c.Splice(nil, r)
	if err != nil {
		t.Fatal(err)
	}
	if n := testing.AllocsPerRun(100, func() {
		if m, err = c.Splice(m, r); err != nil {
			t.Fatal(err)
		}
	}); n > 5 {
		t.Errorf("%v allocations for a mail of %d bytes, at most 5 are wanted", n, m.Len())
	}
}

func BenchmarkSplice(b *testing.B) {
	c, r := compiled(b, letterFor(largeMail())), largeReader()
	var m delivery.Message
	b.SetBytes(int64(len(spliced(b, c, r))))
	b.ReportAllocs()
	for b.Loop() {
		m, _ = c.Splice(m, r)
	}
}

func BenchmarkCompile(b *testing.B) {
	l, m := letterFor(largeMail()), New(Options{})
	for b.Loop() {
		if _, err := m.Compile(l); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHand(b *testing.B) {
	for _, path := range []string{"pipelined", "plain"} {
		b.Run(path, func(b *testing.B) {
			s := smtptest.Start(b, "", smtptest.Discard())
			relay := relayFor(s)
			relay.NoPipelining = path == "plain"
			c := dial(b, b.Context(), New(Options{}), relay)
			letter, r := compiled(b, letterFor(largeMail())), largeReader()
			var m delivery.Message
			b.ReportAllocs()
			for b.Loop() {
				m, _ = letter.Splice(m, r)
				if a := c.Hand(b.Context(), to("ada@example.org"), m, marked(nil)); a.Reply.Code != 250 {
					b.Fatalf("answer %+v", a)
				}
			}
		})
	}
}
