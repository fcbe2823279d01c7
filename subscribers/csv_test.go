package subscribers

import (
	"errors"
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"postrider/internal/mailaddr"
)

func TestGuardedCellsComeBackAndNoneIsAFormula(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ cell, want string }{
		{"=1+1", "'=1+1"}, {"+47", "'+47"}, {"-1", "'-1"}, {"@x", "'@x"}, {"\tx", "'\tx"}, {"\rx", "'\rx"}, {"\nx", "'\nx"},
		{"＝x", "'＝x"}, {"＋x", "'＋x"}, {"－x", "'－x"}, {"＠x", "'＠x"},
		{"'=x", "''=x"}, {"''+x", "'''+x"}, {"'x", "'x"}, {"'", "'"}, {"", ""}, {"a=b", "a=b"}, {" =x", " =x"},
	} {
		if got := guardCell(c.cell); got != c.want {
			t.Errorf("guardCell(%q) = %q, want %q", c.cell, got, c.want)
		}
		if back := unguard(c.want); back != c.cell {
			t.Errorf("unguard(%q) = %q, want %q", c.want, back, c.cell)
		}
	}
}

func TestColumnsAreRecognised(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]string{
		"Email,Name":                            "email name",
		"E-Mail;First name;Last_Name;Time Zone": "email first_name last_name zone",
		"address,mail":                          "address email",
		"address,name":                          "email name",
		"LANG\tE-MAIL ADDRESS\tT-shirt (size)":  "language email t_shirt_size",
		"email,list:news,Größe,名前":              "email [news] größe name",
		"name,e-mail,email":                     "name e_mail email",
		"Vorname,Nachname,E-Mail-Adresse,,":     "first_name last_name email - -",
		"\"e\"\"mail\",email":                   "e_mail email",
		"Correo electrónico|Nombre|Apellidos":   "email name last_name",
		"E-postadress;Förnamn;Språk;Tidszon":    "email first_name language zone",
		"メールアドレス,氏名":                            "email name",
		"Электронная почта;Имя;Язык":            "email name language",
		"dirección de correo~idioma":            "email language",
		"email,tags,consent date,note":          "email tags consent_date note",
	} {
		tab, err := openTable(strings.NewReader(header+"\n"), ImportOptions{})
		if err != nil {
			t.Errorf("%s: %v", header, err)
			continue
		}
		var got []string
		for _, c := range tab.columns {
			switch {
			case c.list != "":
				got = append(got, "["+c.list+"]")
			case c.name == "":
				got = append(got, "-")
			default:
				got = append(got, c.name)
			}
		}
		if text := strings.Join(got, " "); text != want {
			t.Errorf("%s: %s, want %s", header, text, want)
		}
	}
}

func TestCleanMakesOneVisibleLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Ada": "Ada", "  Ada \t": "Ada", "A\r\nBcc: x": "A  Bcc: x", "evil\u202egnp": "evilgnp", "\ufeffAda": "Ada",
		"شیرین می\u200cنویسد": "شیرین می\u200cنویسد", "a\x00b": "a b", "\u00a0Ada\u2028": "Ada", "": "",
	} {
		if got := clean(in); got != want {
			t.Errorf("clean(%q) = %q, want %q", in, got, want)
		}
	}
}

func TestMergeNeverErases(t *testing.T) {
	t.Parallel()
	s := Subscriber{Name: "Ada", Language: "sv", Fields: map[string]string{"city": "Oslo"}}
	same, changed := Merge(s, Row{Name: "", Language: "sv", Fields: map[string]string{"city": ""}})
	if changed || same.Name != "Ada" || same.Fields["city"] != "Oslo" {
		t.Errorf("nothing new: %+v, %v", same, changed)
	}
	next, changed := Merge(s, Row{Zone: "UTC", Fields: map[string]string{"city": "Rome", "x": "1"}})
	if !changed || next.Zone != "UTC" || next.Fields["city"] != "Rome" || next.Fields["x"] != "1" || next.Name != "Ada" {
		t.Errorf("new values: %+v, %v", next, changed)
	}
	if s.Fields["city"] != "Oslo" {
		t.Error("Merge changed the map that it was given")
	}
}

func TestSampleReadersCanBeMailed(t *testing.T) {
	t.Parallel()
	samples, seen := SampleReaders(), map[string]bool{}
	nameless, outside := 0, 0
	for _, n := range samples {
		r := Row{Email: n.Email, Name: n.Name, Language: n.Language, Zone: n.Zone, Fields: n.Fields}
		if err := newChecker().finish(&r); err != nil {
			t.Errorf("%s: %v", n.Email, err)
		}
		a, err := mailaddr.Parse(n.Email)
		if err != nil || a.NeedsSMTPUTF8() || !isASCII(a.String()) {
			t.Errorf("%s cannot be mailed in ASCII: %v", n.Email, err)
		}
		if r.Name != n.Name || r.Fields["city"] == "" || seen[r.Canonical] {
			t.Errorf("%s: name %q, city %q, seen %v", n.Email, r.Name, r.Fields["city"], seen[r.Canonical])
		}
		seen[r.Canonical] = true
		if n.Name == "" {
			nameless++
		}
		if !isASCII(n.Name) {
			outside++
		}
	}
	if len(samples) != 25 || nameless == 0 || outside < 10 {
		t.Errorf("%d samples, %d without a name, %d outside ASCII", len(samples), nameless, outside)
	}
}

func isASCII(s string) bool {
	return !strings.ContainsFunc(s, func(r rune) bool { return r >= utf8.RuneSelf })
}

func TestReaderMemoryIsBounded(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]string{"one line": "email\n", "one quoted cell": "email\n\""} {
		tab, err := openTable(io.MultiReader(strings.NewReader(start), &counted{left: 1 << 40}), ImportOptions{})
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = tab.next()
		var row *rowError
		if err == nil || errors.As(err, &row) || !tab.guard.tripped {
			t.Errorf("%s without an end: %v, want the end of the import", name, err)
		}
	}
}

type counted struct{ left int }

func (c *counted) Read(p []byte) (int, error) {
	if c.left -= len(p); c.left < 1<<40-4*maxRecord {
		return 0, errors.New("read far more than one row")
	}
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

// FuzzTable reads any bytes to their end: no panic, no row of a wrong width,
// and values that stay what they are when cleaned or guarded twice.
func FuzzTable(f *testing.F) {
	for _, seed := range []string{
		"email,name\nada@example.org,Ada\n", "\ufeffmail;'=x\na;\"b\"\"\nc\"\n", "sep=;\nemail;b\n1;2\n", "a@example.org", "\xff\xfee\x00", "\"", "list:x,email\n\"\"\"",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		tab, err := openTable(strings.NewReader(string(file)), ImportOptions{})
		if err != nil {
			return
		}
		last := 0
		for {
			row, cells, err := tab.next()
			var bad *rowError
			if errors.As(err, &bad) {
				continue
			}
			if err != nil {
				return
			}
			if len(cells) != len(tab.columns) || row.Line <= last {
				t.Fatalf("line %d after %d has %d cells for %d columns", row.Line, last, len(cells), len(tab.columns))
			}
			last = row.Line
			for _, c := range cells {
				if back := unguard(guardCell(c)); back != c {
					t.Fatalf("%q came back as %q", c, back)
				}
				if g := guardCell(c); g != "" && strings.ContainsRune("=+-@\t\r\n＝＋－＠", firstRune(g)) {
					t.Fatalf("%q is a formula", g)
				}
				if once := clean(c); clean(once) != once {
					t.Fatalf("cleaning %q twice differs", c)
				}
				if once := fieldName(c); fieldName(once) != once {
					t.Fatalf("the field name of %q is not stable: %q", c, once)
				}
			}
		}
	})
}

func firstRune(s string) rune {
	r, _ := utf8.DecodeRuneInString(s)
	return r
}
