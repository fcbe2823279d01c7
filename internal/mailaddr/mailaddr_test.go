package mailaddr

import (
	"net/mail"
	"strings"
	"testing"

	"postrider/internal/errs"
)

func TestParse(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("a", 64)
	tests := []struct {
		in, out, canonical string
		utf8               bool
	}{
		{"ada@example.org", "ada@example.org", "ada@example.org", false},
		{"Ada.Lovelace@Example.ORG", "Ada.Lovelace@example.org", "ada.lovelace@example.org", false},
		{"ada+news@example.org", "ada+news@example.org", "ada+news@example.org", false},
		{"!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org", "!#$%&'*+-/=?^_`{|}~@example.org", false},
		{"user@localhost", "user@localhost", "user@localhost", false},
		{"user@LOCALHOST", "user@localhost", "user@localhost", false},
		{long + "@example.org", long + "@example.org", long + "@example.org", false},
		{"a@b--c.example", "a@b--c.example", "a@b--c.example", false},
		{"a@123.example", "a@123.example", "a@123.example", false},
		{`"ada lovelace"@example.org`, `"ada lovelace"@example.org`, `"ada lovelace"@example.org`, false},
		{`"Ada"@example.org`, `"Ada"@example.org`, `ada@example.org`, false},
		{`"a\"b@c"@example.org`, `"a\"b@c"@example.org`, `"a\"b@c"@example.org`, false},
		{`"a\d\a"@example.org`, `"a\d\a"@example.org`, `ada@example.org`, false},
		{"info@bücher.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example", false},
		{"info@BÜCHER.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example", false},
		{"info@XN--BCHER-KVA.example", "info@xn--bcher-kva.example", "info@xn--bcher-kva.example", false},
		{"info@straße.example", "info@xn--strae-oqa.example", "info@xn--strae-oqa.example", false},
		{"info@예시。example", "info@xn--vv4b11d.example", "info@xn--vv4b11d.example", false},
		{"Jörg@example.org", "Jörg@example.org", "jörg@example.org", true},
		{"Jo\u0308rg@example.org", "Jo\u0308rg@example.org", "jörg@example.org", true},
		{"메일@예시.example", "메일@xn--vv4b11d.example", "메일@xn--vv4b11d.example", true},
	}
	for _, tt := range tests {
		a, err := Parse(tt.in)
		if err != nil {
			t.Errorf("Parse(%q): %v", tt.in, err)
			continue
		}
		if a.String() != tt.out || a.Canonical() != tt.canonical || a.NeedsSMTPUTF8() != tt.utf8 {
			t.Errorf("Parse(%q) = %q, canonical %q, SMTPUTF8 %v; want %q, %q, %v",
				tt.in, a, a.Canonical(), a.NeedsSMTPUTF8(), tt.out, tt.canonical, tt.utf8)
		}
		if a.Local()+"@"+a.Domain() != tt.out {
			t.Errorf("Parse(%q): local %q, domain %q", tt.in, a.Local(), a.Domain())
		}
	}
}

func TestParseRefusesWithRemedy(t *testing.T) {
	t.Parallel()
	tests := []struct{ in, remedy string }{
		{"", "empty"},
		{"ada", "missing its @"},
		{"@example.org", "nothing before"},
		{"ada@", "nothing after"},
		{"ada@@example.org", "more than one @"},
		{"ada@home@example.org", "more than one @"},
		{" ada@example.org", "space"},
		{"ada@example.org ", "not contain"},
		{"ada lovelace@example.org", "space"},
		{"ada\u00a0x@example.org", "space"},
		{"ada\u200b@example.org", "invisible"},
		{"ada\u202e@example.org", "invisible"},
		{"ada@exam\u00adple.org\u200b", "invisible"},
		{"ada@example.org\r\nRCPT TO:<eve@example.org>", "control character"},
		{"ada\x00@example.org", "control character"},
		{"ada\x7f@example.org", "control character"},
		{"ada\u0085@example.org", "invisible"},
		{"ada@example.org> NOTIFY=NEVER", "angle brackets"},
		{"Ada <ada@example.org>", "angle brackets"},
		{`"a>b"@example.org`, "angle brackets"},
		{"ада>@example.org", "angle brackets"},
		{".ada@example.org", "dot"},
		{"ada.@example.org", "dot"},
		{"ada..l@example.org", "dot"},
		{"ada(x)@example.org", "not contain"},
		{"ada,bob@example.org", "not contain"},
		{`a"b@example.org`, "not contain"},
		{`"ada@example.org`, "not closed"},
		{`""@example.org`, "not closed"},
		{`"a"b"@example.org`, "quotation mark inside"},
		{`"ada\"@example.org`, "backslash"},
		{strings.Repeat("a", 65) + "@example.org", "65 bytes"},
		{"a@" + strings.Repeat("b", 64) + ".org", "64 bytes"},
		{strings.Repeat("a", 64) + "@" + strings.Repeat("bcdefghi.", 21) + "example", "261 bytes"},
		{"a@" + strings.Repeat("é", 5000) + ".example", "bytes"},
		{"ada@gmail", "no dot"},
		{"ada@example.org.", "ends in a dot"},
		{"ada@.example.org", "dot at its start"},
		{"ada@example..org", "two in a row"},
		{"ada@-example.org", "hyphen"},
		{"ada@example-.org", "hyphen"},
		{"ada@exam_ple.org", "not contain"},
		{"ada@[192.0.2.1]", "brackets"},
		{"ada@192.0.2.1", "number"},
		{"ada@℀.example", "not a valid name"}, // maps to a/c
		{"ada@xn--a.example", "not a valid name"},
		{"ada@\xff.example", "UTF-8"},
	}
	for _, tt := range tests {
		a, err := Parse(tt.in)
		switch {
		case err == nil:
			t.Errorf("Parse(%q) = %q, want an error", tt.in, a)
		case !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), tt.remedy):
			t.Errorf("Parse(%q): %q, want Invalid with %q", tt.in, err, tt.remedy)
		case a != Address{}:
			t.Errorf("Parse(%q) gave %q with its error", tt.in, a)
		}
	}
}

func TestParseNeedsNoMemoryForPlainAddresses(t *testing.T) {
	if n := testing.AllocsPerRun(100, func() {
		if _, err := Parse("ada.lovelace+news@mail.example.org"); err != nil {
			t.Fatal(err)
		}
	}); n > 0 {
		t.Errorf("Parse allocates %v times; it runs for each mail", n)
	}
}

func TestParseFrom(t *testing.T) {
	t.Parallel()
	tests := []struct {
		in   string
		want mail.Address
	}{
		{"news@org.example", mail.Address{Address: "news@org.example"}},
		{"<news@org.example>", mail.Address{Address: "news@org.example"}},
		{"News <news@Org.Example>", mail.Address{Name: "News", Address: "news@org.example"}},
		{"  News   <news@org.example> ", mail.Address{Name: "News", Address: "news@org.example"}},
		{`"News, weekly" <news@org.example>`, mail.Address{Name: "News, weekly", Address: "news@org.example"}},
		{`News, Inc. <news@org.example>`, mail.Address{Name: "News, Inc.", Address: "news@org.example"}},
		{`"The \"News\"" <news@org.example>`, mail.Address{Name: `The "News"`, Address: "news@org.example"}},
		{"소식 <news@org.example>", mail.Address{Name: "소식", Address: "news@org.example"}},
		{"News 👩‍🚀 <news@org.example>", mail.Address{Name: "News 👩‍🚀", Address: "news@org.example"}},
	}
	for _, tt := range tests {
		got, err := ParseFrom(tt.in)
		if err != nil || got != tt.want {
			t.Errorf("ParseFrom(%q) = %+v, %v; want %+v", tt.in, got, err, tt.want)
		}
	}
	for _, in := range []string{
		"", "News", "News <>", "News <news@org.example", "News <news@org.example> x", "News <a@b.example> <c@d.example>",
		"News\r\nBcc: eve@example.org <news@org.example>", "News\x00 <news@org.example>", "News <news@org.example>, <eve@example.org>",
		"N\u202eews <news@org.example>", "\xff <news@org.example>", strings.Repeat("n", 201) + " <news@org.example>",
	} {
		if got, err := ParseFrom(in); !errs.Is(err, errs.Invalid) {
			t.Errorf("ParseFrom(%q) = %+v, %v; want Invalid", in, got, err)
		}
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	var a, zero Address
	if err := a.UnmarshalText([]byte("Ada@Example.org")); err != nil || a.String() != "Ada@example.org" {
		t.Fatalf("read %q, %v", a, err)
	}
	if err := a.UnmarshalText([]byte("nobody")); err == nil {
		t.Fatal("read an address without @")
	}
	if err := a.UnmarshalText(nil); err != nil || a != zero || a.String() != "" || a.Canonical() != "" {
		t.Fatalf("the empty text is the zero address, got %q, %v", a, err)
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"ada@example.org", `"a b"@example.org`, "info@bücher.example", "메일@예시.example", "a@[1.2.3.4]", "a@b>c.d", "İ@example.org"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			if !errs.Is(err, errs.Invalid) || a != (Address{}) {
				t.Fatalf("Parse(%q) = %q, %v", s, a, err)
			}
			return
		}
		text := a.String()
		if strings.ContainsAny(text, "\r\n\x00<>") || len(text) > 254 || len(a.Local()) > 64 {
			t.Fatalf("Parse(%q) let %q through", s, text)
		}
		for i := 0; i < len(a.Domain()); i++ {
			if c := a.Domain()[i]; c >= 0x80 || c <= ' ' || 'A' <= c && c <= 'Z' {
				t.Fatalf("Parse(%q): domain %q", s, a.Domain())
			}
		}
		if again, err := Parse(text); err != nil || again != a {
			t.Fatalf("Parse(%q) = %q, but that parses as %q, %v", s, text, again, err)
		}
		canonical := a.Canonical()
		c, err := Parse(canonical)
		if err == nil && c.Canonical() != canonical {
			t.Fatalf("Parse(%q): canonical %q, again %q", s, canonical, c.Canonical())
		}
	})
}

func FuzzParseFrom(f *testing.F) {
	for _, s := range []string{"News <news@org.example>", `"a\"b" <x@y.example>`, "news@org.example", "<", "a<b>c"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := ParseFrom(s)
		if err != nil {
			return
		}
		if strings.ContainsAny(a.Name+a.Address, "\r\n\x00") {
			t.Fatalf("ParseFrom(%q) = %+q", s, a)
		}
		if _, err := Parse(a.Address); err != nil {
			t.Fatalf("ParseFrom(%q) = %+q: %v", s, a, err)
		}
	})
}
