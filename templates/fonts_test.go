package templates

import (
	"strings"
	"testing"
)

func TestBrandIsWornEverywhere(t *testing.T) {
	t.Parallel()
	for _, theme := range Themes() {
		e := sample()
		e.Theme, e.Organisation.Font, e.Organisation.Footer = theme.Name, "verdana", "Registered charity 12345\nA <b>motto</b>"
		r := render(t, e)
		mail, page := string(r.Mail.HTML.Fill(nil, nil)), string(r.Page)
		for _, text := range []string{mail, page} {
			if !strings.Contains(text, "Verdana,Geneva") || !strings.Contains(text, "Registered charity 12345") || !strings.Contains(text, "A &lt;b&gt;motto") {
				t.Errorf("%q: letters or footer are missing", theme.Name)
			}
		}
		if strings.Contains(mail, "Georgia") || strings.Contains(mail, "FAMILY") {
			t.Errorf("%q: other letters remain", theme.Name)
		}
		if !strings.Contains(string(r.Mail.Text.Fill(nil, nil)), "\nRegistered charity 12345\nA <b>motto</b>\n") {
			t.Errorf("%q: the text part lacks the footer", theme.Name)
		}
	}
	e := sample()
	e.Organisation.Font = "comic"
	if got := string(render(t, e).Mail.HTML.Fill(nil, nil)); !strings.Contains(got, serifList) {
		t.Error("an unknown font leaves the mail without letters")
	}
}
