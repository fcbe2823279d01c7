// Package organisation keeps who sends, name, address, colours, zone and
// sender, and who does the work: the operators. There is one organisation per
// installation. The Office changes it and its team; the Porter decides who
// comes in. What a mail or page makes of it is decided elsewhere.
package organisation

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/networks"
)

// Organisation is who sends. Empty fields are left out of mails and pages.
type Organisation struct {
	Name          string        `json:"name"`
	PostalAddress string        `json:"postal_address"` // lines separated by "\n", for the footer
	URL           string        `json:"url"`            // http or https
	Accent        string        `json:"accent"`         // #rrggbb
	Logo          string        `json:"logo"`           // http or https, or LogoPath and the name of an uploaded one
	Font          string        `json:"font"`           // one of Fonts; empty: each theme's own
	Footer        string        `json:"footer"`         // plain text at the foot of mails and pages, lines separated by "\n"
	Help          string        `json:"help"`           // http or https, or an address: where readers ask
	Zone          string        `json:"zone"`           // IANA name; schedules without one are meant in it
	Language      string        `json:"language"`       // BCP 47
	Sender        string        `json:"sender"`         // "News <news@org.example>"
	ReplyTo       string        `json:"reply_to"`       // an address, may be empty
	Networks      []networks.ID `json:"networks"`       // in the order shown; empty: the default ones
}

// Default is the organisation of an installation that has set none.
func Default() Organisation { return Organisation{Zone: "UTC", Language: "en"} }

const (
	maxName  = 200 // bytes
	maxText  = 1000
	maxLines = 8
	maxURL   = 2000

	maxFooterLines = 12
)

var accentForm = regexp.MustCompile(`^#[0-9a-f]{6}$`)

// Validate trims and normalises o and reports the first field that cannot be
// used as an Invalid *errs.Error with its JSON key as Field.
func (o *Organisation) Validate() error {
	o.trim()
	for _, check := range []func(*Organisation) error{
		(*Organisation).checkTexts, (*Organisation).checkLinks, (*Organisation).checkPlace, (*Organisation).checkSender, (*Organisation).checkNetworks,
	} {
		if err := check(o); err != nil {
			return err
		}
	}
	return nil
}

func (o *Organisation) trim() {
	for _, s := range []*string{&o.Name, &o.URL, &o.Accent, &o.Logo, &o.Font, &o.Footer, &o.Help, &o.Zone, &o.Language, &o.Sender, &o.ReplyTo} {
		*s = strings.TrimSpace(*s)
	}
	var lines []string
	for line := range strings.Lines(strings.ReplaceAll(o.PostalAddress, "\r\n", "\n")) {
		if line = strings.TrimSpace(line); line != "" {
			lines = append(lines, line)
		}
	}
	o.PostalAddress = strings.Join(lines, "\n")
	o.Footer = strings.ReplaceAll(o.Footer, "\r\n", "\n")
	o.Accent, o.Font = strings.ToLower(o.Accent), strings.ToLower(o.Font)
	if o.Zone == "" {
		o.Zone = Default().Zone
	}
	if o.Language == "" {
		o.Language = Default().Language
	}
}

func (o *Organisation) checkTexts() error {
	if o.Name == "" {
		return invalid("name", "say who sends: readers see it in each mail", nil)
	}
	if err := mailaddr.CheckName(o.Name); err != nil || len(o.Name) > maxName {
		return invalid("name", "it is too long, or has characters that cannot be shown", err)
	}
	if len(o.PostalAddress) > maxText || strings.Count(o.PostalAddress, "\n") >= maxLines {
		return invalid("postal_address", "shorten it to 8 lines and 1000 bytes", nil)
	}
	if !utf8.ValidString(o.PostalAddress) || strings.ContainsFunc(o.PostalAddress, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }) {
		return invalid("postal_address", "it contains control characters: type it again instead of pasting it", nil)
	}
	return o.checkBrand()
}

// Fonts are the families that may be chosen for mails and pages. What readers
// see depends on what their device has; templates has the lists.
func Fonts() []string { return []string{"system", "georgia", "palatino", "trebuchet", "verdana"} }

func (o *Organisation) checkBrand() error {
	if o.Font != "" && !slices.Contains(Fonts(), o.Font) {
		return invalid("font", "want one of "+strings.Join(Fonts(), ", ")+", or nothing for each theme's own", nil)
	}
	switch {
	case len(o.Footer) > maxText || strings.Count(o.Footer, "\n") >= maxFooterLines:
		return invalid("footer", "shorten it to 12 lines and 1000 bytes", nil)
	case strings.Contains(o.Footer, "{{"):
		return invalid("footer", "it holds {{: merge tags do not work at the foot", nil)
	case !utf8.ValidString(o.Footer) || strings.ContainsFunc(o.Footer, func(r rune) bool { return r < ' ' && r != '\n' || r == 0x7f }):
		return invalid("footer", "it contains control characters: type it again instead of pasting it", nil)
	}
	return nil
}

func (o *Organisation) checkLinks() error {
	if o.Accent != "" && !accentForm.MatchString(o.Accent) {
		return invalid("accent", "want a colour such as #1a5fb4", nil)
	}
	for _, link := range []struct{ field, value string }{{"url", o.URL}} {
		if link.value != "" && !isWebURL(link.value) {
			return invalid(link.field, "want an address such as https://example.org/", nil)
		}
	}
	if err := o.checkLogo(); err != nil {
		return err
	}
	if o.Help == "" || isWebURL(o.Help) {
		return nil
	}
	a, err := mailaddr.Parse(strings.TrimPrefix(o.Help, "mailto:"))
	if err != nil {
		return invalid("help", "want an address such as help@example.org or https://example.org/help", err)
	}
	o.Help = a.String()
	return nil
}

func (o *Organisation) checkPlace() error {
	// LoadLocation knows "Local" too, which is another zone on each machine.
	if _, err := time.LoadLocation(o.Zone); err != nil || strings.EqualFold(o.Zone, "local") {
		return invalid("zone", "want a time zone such as Europe/Stockholm", nil)
	}
	tag, err := language.Parse(o.Language)
	if err != nil || tag == language.Und {
		return invalid("language", "want a language tag such as en or pt-BR", nil)
	}
	o.Language = tag.String()
	return nil
}

func (o *Organisation) checkSender() error {
	if o.Sender != "" {
		if _, err := mailaddr.ParseFrom(o.Sender); err != nil {
			return invalid("sender", "want a sender such as News <news@example.org>", err)
		}
	}
	if o.ReplyTo != "" {
		a, err := mailaddr.Parse(o.ReplyTo)
		if err != nil {
			return invalid("reply_to", "want an address such as office@example.org", err)
		}
		o.ReplyTo = a.String()
	}
	return nil
}

func (o *Organisation) checkNetworks() error {
	seen := map[networks.ID]bool{}
	for _, id := range o.Networks {
		if _, err := networks.Find(string(id)); err != nil {
			return invalid("networks", "", err)
		}
		if seen[id] {
			return invalid("networks", string(id)+" is named twice", nil)
		}
		seen[id] = true
	}
	return nil
}

func isWebURL(s string) bool {
	if len(s) > maxURL || strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '"' || r == '<' || r == '>' || r == '\\' }) {
		return false
	}
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Hostname() != "" && u.User == nil
}

func invalid(field, text string, err error) error {
	return &errs.Error{Kind: errs.Invalid, Field: field, Text: text, Err: err}
}

// Store keeps the organisation. SetOrganisation writes the audit entry in the
// same transaction.
type Store interface {
	// Organisation returns Default and NotFound while none is set.
	Organisation(ctx context.Context) (Organisation, error)
	SetOrganisation(ctx context.Context, o Organisation, e audit.Entry) error
	// SetLogo keeps a logo, and of o which one it is.
	SetLogo(ctx context.Context, o Organisation, l Logo, e audit.Entry) error
	OperatorStore
}

// Office changes the organisation and its team. It may be used at once from
// many places; who sets last is right.
type Office struct {
	Store Store
	Now   func() time.Time
}

// Get returns the organisation. Until one is set the error is NotFound, and
// what comes with it is Default.
func (f *Office) Get(ctx context.Context) (Organisation, error) { return f.Store.Organisation(ctx) }

// Set checks and keeps o whole, and returns it as kept. A field that cannot be
// used is an Invalid *errs.Error whose Field is its JSON key.
func (f *Office) Set(ctx context.Context, actor string, o Organisation) (Organisation, error) {
	if err := o.Validate(); err != nil {
		return Organisation{}, err
	}
	err := f.Store.SetOrganisation(ctx, o, audit.Entry{At: f.Now(), Actor: actor, Action: "changed", Kind: "organisation", Object: 1})
	return o, err
}
