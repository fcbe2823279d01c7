package mailaddr

import "testing"

func TestMeantDomain(t *testing.T) {
	t.Parallel()
	for domain, want := range map[string]string{
		"gmial.com": "gmail.com", "gmai.com": "gmail.com", "gmaill.com": "gmail.com", "gmail.con": "gmail.com", "gmail.co": "gmail.com",
		"gnail.com": "gmail.com", "gmal.con": "gmail.com", "hotmial.com": "hotmail.com", "hotmali.com": "hotmail.com", "homtail.com": "hotmail.com",
		"yaho.com": "yahoo.com", "yahooo.com": "yahoo.com", "outlok.com": "outlook.com", "iclod.com": "icloud.com", "hotmail.cm": "hotmail.com",
		"t-onlin.de": "t-online.de", "example.ogr": "example.org", "example.con": "example.com", "our.institute.nte": "our.institute.net",
		// Right as they are.
		"gmail.com": "", "mail.com": "", "ymail.com": "", "gmx.com": "", "example.org": "", "me.com": "", "hotmail.de": "", "yahoo.co.jp": "",
		"web.de": "", "wed.de": "", "qq.com": "", "a.com": "", "googlemail.com": "", "email.com": "", "example.co": "", "aol.de": "",
	} {
		if got := MeantDomain(domain); got != want {
			t.Errorf("%s: %q, want %q", domain, got, want)
		}
	}
}

func TestRealDomainsAreNoTypos(t *testing.T) {
	t.Parallel()
	for _, p := range popular {
		if got := MeantDomain(p); got != "" {
			t.Errorf("%s is taken for a mistyped %s", p, got)
		}
	}
}

func TestHints(t *testing.T) {
	t.Parallel()
	for address, want := range map[string][]HintKind{
		"ada@example.org": nil, "ada@gmial.com": {Typo}, "Info@example.org": {Role}, "no-reply+x@gmail.con": {Typo, Role},
		"x@mailinator.com": {Disposable}, "x@sub.yopmail.com": {Disposable}, "information.desk@example.org": nil,
	} {
		a, err := Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		var got []HintKind
		for _, h := range a.Hints() {
			got = append(got, h.Kind)
			if h.Text == "" {
				t.Errorf("%s: %s says nothing", address, h.Kind)
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", address, got, want)
			continue
		}
		for i := range got {
			if got[i] != want[i] {
				t.Errorf("%s: %v, want %v", address, got, want)
			}
		}
	}
}

func TestMailboxFoldsWhatGoogleIgnores(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"A.d.a+news@gmail.com": "ada@gmail.com", "ada@googlemail.com": "ada@gmail.com", "ada@gmail.com": "ada@gmail.com",
		"a.da+x@example.org": "a.da+x@example.org", "+x@gmail.com": "+x@gmail.com",
	} {
		a, err := Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Mailbox(); got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
		if again, err := Parse(a.Mailbox()); err != nil || again.Mailbox() != want {
			t.Errorf("%s: its mailbox is no address of its own: %v", address, err)
		}
	}
}

// FuzzHints: any address that is taken has a stable mailbox, and what is
// proposed instead of a typo is no typo.
func FuzzHints(f *testing.F) {
	for _, s := range []string{"ada@gmial.com", "a.b+c@gmail.com", "info@exämple.con", `"a b"@gmail.com`, "+@gmail.com", ".@x.y"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := Parse(s)
		if err != nil {
			return
		}
		a.Hints()
		b, err := Parse(a.Mailbox())
		if err != nil || b.Mailbox() != a.Mailbox() {
			t.Errorf("%q: mailbox %q becomes %q (%v)", s, a.Mailbox(), b.Mailbox(), err)
		}
		if meant := MeantDomain(a.Domain()); meant != "" && MeantDomain(meant) != "" {
			t.Errorf("%s is meant as %s, which is meant as %s", a.Domain(), meant, MeantDomain(meant))
		}
	})
}
