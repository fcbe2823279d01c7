package store_test

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"unicode/utf16"

	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func TestExportReadsBackEqual(t *testing.T) {
	t.Parallel()
	storetest.EachURL(t, func(t *testing.T, location string) {
		from := registry(storetest.Open(t, location, store.Options{}))
		to := registry(storetest.Open(t, storetest.SQLite(t), store.Options{}))
		news, other := list(t, from, "news"), list(t, from, "=weekly; \"best\"")
		for i, n := range append(subscribers.SampleReaders(), nasty()...) {
			n.Lists = []string{"news"}
			added := must[subscribers.Subscriber](t)(from.Add(ctx, "cli", n))
			sign := subscribers.Sign{Actor: "reader"}
			var err error
			switch i % 3 {
			case 0:
				err = from.Unsubscribe(ctx, added.ID, []subscribers.ListID{news}, sign)
			case 1:
				err = from.SignUp(ctx, added.ID, []subscribers.ListID{other}, sign)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		var file, again bytes.Buffer
		n := must[int](t)(from.Export(ctx, &file, subscribers.Query{}))
		r := must[subscribers.ImportResult](t)(to.Import(ctx, bytes.NewReader(file.Bytes()), subscribers.ImportOptions{Create: true}))
		if r.Added != n || r.Rows != n || n != 25+len(nasty()) {
			t.Fatalf("exported %d, import says %+v", n, r)
		}
		must[int](t)(to.Export(ctx, &again, subscribers.Query{}))
		was, is := everybody(t, from), everybody(t, to)
		if !maps.Equal(was, is) {
			for k, v := range was {
				if is[k] != v {
					t.Errorf("%s was %s and is %s", k, v, is[k])
				}
			}
			t.Fatal("the readers differ")
		}
		for _, cell := range strings.Split(strings.ReplaceAll(file.String(), "\r\n", ","), ",") {
			if len(cell) > 1 && strings.ContainsAny(cell[1:2], "=+-@\t\r") {
				t.Errorf("a spreadsheet may execute %s", cell)
			}
		}
		if second := must[subscribers.ImportResult](t)(to.Import(ctx, &file, subscribers.ImportOptions{})); second.Unchanged != n {
			t.Errorf("importing again: %+v, want all unchanged", second)
		}
	})
}

// nasty are values that CSV and spreadsheets trip over.
func nasty() []subscribers.Newcomer {
	var out []subscribers.Newcomer
	for i, v := range []string{"=1+1", "+1", "-1", "@cmd", "'=quoted", "''+x", "'plain", "＝wide", `say "hi", ok; yes`, "'", "''", "a\tb", "=\r\n=x", "0"} {
		out = append(out, subscribers.Newcomer{Email: fmt.Sprintf("nasty%d@example.org", i), Name: v, Fields: map[string]string{"note": v, "größe_2": "x" + v}})
	}
	return append(out, subscribers.Newcomer{Email: "=cmd|x@example.org"}, subscribers.Newcomer{Email: "+plus@example.org"}, subscribers.Newcomer{Email: "'-q@example.org"})
}

// everybody prints all readers with their memberships by address.
func everybody(t testing.TB, g *subscribers.Registry) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, s := range must[[]subscribers.Subscriber](t)(g.Page(ctx, subscribers.Query{Limit: 1000})) {
		text := fmt.Sprintf("%q %q %q %q", s.Name, s.Fields, s.Language, s.Zone)
		for _, m := range must[[]subscribers.Membership](t)(g.Memberships(ctx, s.ID)) {
			text += fmt.Sprintf(" %s:%s", m.Name, m.State)
		}
		out[s.Email] = text
	}
	return out
}

func TestImportReadsManyForms(t *testing.T) {
	t.Parallel()
	utf16le := func(text string) string {
		b := []byte{0xff, 0xfe}
		for _, u := range utf16.Encode([]rune(text)) {
			b = append(b, byte(u), byte(u>>8))
		}
		return string(b)
	}
	utf16be := func(text string) string {
		b := []byte(utf16le(text))
		for i := 0; i+1 < len(b); i += 2 {
			b[i], b[i+1] = b[i+1], b[i]
		}
		return string(b)
	}
	for name, file := range map[string]string{
		"commas":        "email,name,city\nåsa@example.org,Åsa,Malmö\n",
		"BOM":           "\ufeffemail,name,city\r\nåsa@example.org,Åsa,Malmö\r\n",
		"semicolons":    "\"E-Mail\";\"Full name\";\"CITY\"\nåsa@example.org;Åsa;Malmö",
		"tabs":          "City\tMail\tDisplay Name\nMalmö\tåsa@example.org\tÅsa\n",
		"sep":           "sep=;\r\nemail;name;city\r\nåsa@example.org;Åsa;Malmö\r\n",
		"UTF-16 LE":     utf16le("email;name;city\r\nåsa@example.org;Åsa;Malmö\r\n"),
		"UTF-16 BE":     utf16be("email;name;city\r\nåsa@example.org;Åsa;Malmö\r\n"),
		"blank rows":    "\n\nemail,name,city,,\n\n,,,,\nåsa@example.org,\"Åsa\n\",Malmö,,\n  ,,,,\n",
		"postal":        "address,E-Mail Address,name,city\n1 Main St,åsa@example.org,Åsa,Malmö\n",
		"spaces inside": " email , name , city \n åsa@example.org , Åsa , Malmö \n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := registry(storetest.Open(t, storetest.SQLite(t), store.Options{}))
			r := importText(t, g, file, subscribers.ImportOptions{})
			if r.Rows != 1 || r.Added != 1 {
				t.Fatalf("%+v", r)
			}
			if s := must[subscribers.Subscriber](t)(g.Find(ctx, "åsa@example.org")); s.Name != "Åsa" || s.Fields["city"] != "Malmö" {
				t.Fatalf("got %+v", s)
			}
		})
	}
}

func TestImportRefusesRowsAndGoesOn(t *testing.T) {
	t.Parallel()
	g := registry(storetest.Open(t, storetest.SQLite(t), store.Options{}))
	file := "email,name,language,zone\n" +
		"one@example.org,Öne,en,UTC\n" + // the file is UTF-8, so line 8 is broken
		"two@example.org,Two\n" +
		"three at example.org,Three,,\n" +
		"four@example.org,\"Four\nlines\",,\n" +
		"five@example.org,Fi\"ve,,\n" +
		"six@example.org,\xff\xfe,,\n" +
		"seven@example.org,,klingon please,\n" +
		"eight@example.org,,,Local\n" +
		"nine@example.org," + strings.Repeat("n", 300) + ",,\n" +
		"ten@example.org,Ten,sv,Europe/Stockholm\n" +
		"eleven@example.org\r\nBcc: x@example.org,a,b,c\n"
	r := importText(t, g, file, subscribers.ImportOptions{})
	var lines []string
	for _, x := range r.Refusals {
		if x.Reason == "" {
			t.Errorf("line %d has no reason", x.Line)
		}
		lines = append(lines, fmt.Sprint(x.Line))
	}
	if got := strings.Join(lines, " "); got != "3 4 7 8 9 10 11 13 14" || r.Added != 3 || r.Rows != 12 || r.Refused != 9 {
		t.Fatalf("refused lines %s of %+v", got, r)
	}
}

func TestImportRefusesFiles(t *testing.T) {
	t.Parallel()
	g := registry(storetest.Open(t, storetest.SQLite(t), store.Options{}))
	for name, file := range map[string]io.Reader{
		"empty":              strings.NewReader(""),
		"no email":           strings.NewReader("name,city\nAda,Oslo\n"),
		"two emails":         strings.NewReader("email,e-mail,EMAIL\na@example.org,,\n"),
		"a spreadsheet":      strings.NewReader("PK\x03\x04xxxx"),
		"many columns":       strings.NewReader("email" + strings.Repeat(",c", 3000) + "\n"),
		"no line ends":       io.MultiReader(strings.NewReader("email\na@example.org\n"), io.LimitReader(endless{}, 1<<30)),
		"an unclosed quote":  io.MultiReader(strings.NewReader("email\nb@example.org\n\""), io.LimitReader(lines{}, 1<<30)),
		"an endless header":  endless{},
		"an unknown list":    strings.NewReader("email,list:nowhere\na@example.org,active\n"),
		"a quote in the top": strings.NewReader("em\"ail,name\n"),
	} {
		_, err := g.Import(ctx, file, subscribers.ImportOptions{})
		if !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
	// What came before the bad row waits for the file to be mended.
	for _, email := range []string{"a@example.org", "b@example.org"} {
		if _, err := g.Find(ctx, email); !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v, want NotFound", email, err)
		}
	}
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

type lines struct{}

func (lines) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '\n'
	}
	return len(p), nil
}

// FuzzImport checks that any file is either taken or refused, that the rows
// add up, and that what was taken can be exported and read back.
func FuzzImport(f *testing.F) {
	for _, seed := range []string{
		"email,name\nada@example.org,Ada\n", "\ufeffmail;city;list:n\na@example.org;'=x;active\n", "sep=\t\nemail\tx\na@b.c\t\"y\nz\"\n",
		"\xff\xfee\x00m\x00a\x00i\x00l\x00\n\x00", "a@example.org\nb@example.org\n", "email,,\n,,\n\"", "email,'=x,ß\nä@example.org,1,2",
	} {
		f.Add([]byte(seed))
	}
	from, to := storetest.Open(f, storetest.SQLite(f), store.Options{}), storetest.Open(f, storetest.SQLite(f), store.Options{})
	g, back := registry(from), registry(to)
	f.Fuzz(func(t *testing.T, file []byte) {
		for _, s := range []*store.Store{from, to} {
			storetest.Exec(t, s, `DELETE FROM lists`)
			storetest.Exec(t, s, `DELETE FROM subscribers`)
		}
		r, err := g.Import(ctx, bytes.NewReader(file), subscribers.ImportOptions{Create: true})
		if err != nil && errs.KindOf(err) == errs.Internal {
			t.Fatalf("importing %q: %v", file, err)
		}
		if r.Rows != r.Added+r.Updated+r.Unchanged+r.Refused {
			t.Fatalf("%q: the rows do not add up: %+v", file, r)
		}
		if r.Added+r.Updated == 0 {
			return
		}
		var out bytes.Buffer
		n := must[int](t)(g.Export(ctx, &out, subscribers.Query{}))
		if r, err = back.Import(ctx, &out, subscribers.ImportOptions{Create: true}); err != nil || r.Refused > 0 || r.Rows != n {
			t.Fatalf("%q: exported %d, read back %+v, %v", file, n, r, err)
		}
	})
}

// BenchmarkImport measures readers per second that come in as new members,
// with a name and two fields.
func BenchmarkImport(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, s *store.Store) {
		const readers = 100_000
		g := registry(s)
		rows := 0
		for round := 0; b.Loop(); round++ {
			pipe := &people{round: round, left: readers}
			r := must[subscribers.ImportResult](b)(g.Import(ctx, pipe, subscribers.ImportOptions{Lists: []string{"news"}, Create: true, Consent: "signed up"}))
			if r.Added != readers {
				b.Fatalf("%+v", r)
			}
			rows += r.Rows
		}
		b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
	})
}

// people is a file of readers, made as it is read.
type people struct {
	round, left int
	rest        []byte
}

func (p *people) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		if p.left == 0 {
			return 0, io.EOF
		}
		if p.rest == nil {
			p.rest = append(p.rest, "email,name,city,company\n"...)
		}
		for i := 0; i < 500 && p.left > 0; i++ {
			p.left--
			p.rest = fmt.Appendf(p.rest, "reader.%d.%d@example%d.org,Reader Number %d,Göteborg,Example %d Ltd\n", p.left*7919%100_003, p.round, p.left%50, p.left, p.left%1000)
		}
	}
	n := copy(b, p.rest)
	p.rest = p.rest[n:]
	if len(p.rest) == 0 {
		p.rest = []byte{} // not nil: the header is written
	}
	return n, nil
}
