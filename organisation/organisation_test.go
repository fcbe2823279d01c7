package organisation_test

import (
	"errors"
	"testing"

	"postrider/internal/errs"
	"postrider/networks"
	"postrider/organisation"
)

func TestValidateNamesTheField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field string
		spoil func(*organisation.Organisation)
	}{
		{"name", func(o *organisation.Organisation) { o.Name = " " }},
		{"name", func(o *organisation.Organisation) { o.Name = "News\r\nBcc: x@example.org" }},
		{"postal_address", func(o *organisation.Organisation) { o.PostalAddress = "a\nb\nc\nd\ne\nf\ng\nh\ni" }},
		{"postal_address", func(o *organisation.Organisation) { o.PostalAddress = "a\x00b" }},
		{"accent", func(o *organisation.Organisation) { o.Accent = "red" }},
		{"accent", func(o *organisation.Organisation) { o.Accent = "#fff" }},
		{"accent", func(o *organisation.Organisation) { o.Accent = "#aabbcc;x" }},
		{"url", func(o *organisation.Organisation) { o.URL = "javascript:alert(1)" }},
		{"url", func(o *organisation.Organisation) { o.URL = "https://" }},
		{"url", func(o *organisation.Organisation) { o.URL = "https://user:pass@example.org" }},
		{"logo", func(o *organisation.Organisation) { o.Logo = "data:image/png;base64,x" }},
		{"help", func(o *organisation.Organisation) { o.Help = "somebody" }},
		{"zone", func(o *organisation.Organisation) { o.Zone = "Middle/Earth" }},
		{"zone", func(o *organisation.Organisation) { o.Zone = "Local" }},
		{"zone", func(o *organisation.Organisation) { o.Zone = "../etc/passwd" }},
		{"language", func(o *organisation.Organisation) { o.Language = "English, please" }},
		{"sender", func(o *organisation.Organisation) { o.Sender = "News <news>" }},
		{"reply_to", func(o *organisation.Organisation) { o.ReplyTo = "News <news@example.org>" }},
		{"networks", func(o *organisation.Organisation) { o.Networks = []networks.ID{"linkedn"} }},
		{"networks", func(o *organisation.Organisation) { o.Networks = []networks.ID{"x", "x"} }},
	} {
		o := valid()
		c.spoil(&o)
		var e *errs.Error
		if err := o.Validate(); !errors.As(err, &e) || e.Kind != errs.Invalid || e.Field != c.field {
			t.Errorf("%s spoilt in %+v: %v, want Invalid of that field", c.field, o, err)
		}
	}
}

func TestValidateNormalises(t *testing.T) {
	t.Parallel()
	o := valid()
	o.Name, o.Accent, o.Help, o.Zone, o.Language, o.PostalAddress = " Org ", "#AABBCC", "mailto:help@Example.org", "", "pt-br", "\r\n Street 1 \r\n\r\nTown\r\n"
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	got := []string{o.Name, o.Accent, o.Help, o.Zone, o.Language, o.PostalAddress}
	for i, want := range []string{"Org", "#aabbcc", "help@example.org", "UTC", "pt-BR", "Street 1\nTown"} {
		if got[i] != want {
			t.Errorf("got %q, want %q", got[i], want)
		}
	}
}

func valid() organisation.Organisation {
	return organisation.Organisation{
		Name: "Org", PostalAddress: "Street 1", URL: "https://example.org", Accent: "#1a5fb4", Logo: "https://example.org/l.png",
		Help: "https://example.org/help", Zone: "Europe/Stockholm", Language: "en", Sender: "News, weekly <news@example.org>",
		ReplyTo: "office@example.org", Networks: []networks.ID{"linkedin", "x"},
	}
}
