package main

import (
	"fmt"
	"os"
	"strings"

	"postrider/internal/errs"
	"postrider/networks"
	"postrider/organisation"
)

type organisationCmd struct {
	Name          *string  `help:"Name that readers see." placeholder:"TEXT"`
	PostalAddress *string  `help:"Postal address for the foot of each mail; \\n between lines." placeholder:"TEXT"`
	Home          *string  `help:"Home page." placeholder:"URL"`
	Accent        *string  `help:"Colour, as in #0b5c6b; corrected where it would be hard to read." placeholder:"COLOUR"`
	Logo          *string  `help:"The logo: a PNG, JPEG, GIF or WebP file, kept smaller and drawn anew; or the address of an image." placeholder:"FILE|URL"`
	Font          *string  `help:"Letters of mails and pages: system, georgia, palatino, trebuchet, verdana; empty: each theme's own." placeholder:"NAME"`
	Footer        *string  `help:"Words at the foot of mails and pages; \\n between lines." placeholder:"TEXT"`
	Help          *string  `name:"help-address" help:"Where readers can ask: an address or a page." placeholder:"ADDRESS"`
	Zone          *string  `help:"Time zone, as in Europe/Stockholm." placeholder:"ZONE"`
	Language      *string  `help:"Language, as in en." placeholder:"LANG"`
	From          *string  `help:"Sender of mails." placeholder:"\"NAME <ADDRESS>\""`
	ReplyTo       *string  `help:"Address for answers." placeholder:"ADDRESS"`
	Network       []string `help:"Networks to share on, in the order shown." placeholder:"ID"`
}

// Run sets what is given and shows the whole.
func (c *organisationCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		o, err := h.office.Get(s.ctx)
		known := err == nil
		if errs.Is(err, errs.NotFound) {
			o, err = organisation.Default(), nil
		}
		if err != nil {
			return err
		}
		file := c.logoFile()
		changed := c.apply(&o)
		if changed {
			if o, err = h.office.Set(s.ctx, "cli", o); err != nil {
				return err
			}
		}
		if file != "" {
			changed = true
			if o, err = setLogo(s, h, file); err != nil {
				return err
			}
		}
		if o.Networks == nil {
			o.Networks = []networks.ID{} // a list in JSON, also when it is empty
		}
		return s.print(o, func() {
			if !known && !changed {
				s.printf("Nothing is set yet. Begin with: postrider organisation --name NAME --postal-address ADDRESS --from \"NAME <ADDRESS>\"\n")
				return
			}
			for _, line := range [][2]string{
				{"Name", o.Name}, {"Postal address", strings.ReplaceAll(o.PostalAddress, "\n", ", ")}, {"Home page", o.URL}, {"Colour", o.Accent},
				{"Logo", o.Logo}, {"Letters", o.Font}, {"Footer", strings.ReplaceAll(o.Footer, "\n", ", ")}, {"Help", o.Help}, {"Zone", o.Zone}, {"Language", o.Language}, {"Sender", o.Sender}, {"Answers to", o.ReplyTo},
			} {
				s.printf("%-15s %s\n", line[0], line[1])
			}
		})
	})
}

// logoFile is the file that --logo names; an address stays in the flag.
func (c *organisationCmd) logoFile() string {
	if c.Logo == nil || *c.Logo == "" || strings.HasPrefix(*c.Logo, "https://") || strings.HasPrefix(*c.Logo, "http://") {
		return ""
	}
	file := *c.Logo
	c.Logo = nil
	return file
}

func setLogo(s *session, h *house, path string) (organisation.Organisation, error) {
	f, err := os.Open(path)
	if os.IsNotExist(err) {
		return organisation.Organisation{}, &errs.Error{Kind: errs.NotFound, Field: "--logo", Text: path + ": there is no such file"}
	}
	if err != nil {
		return organisation.Organisation{}, fmt.Errorf("opening the logo: %w", err)
	}
	defer f.Close()
	return h.office.SetLogo(s.ctx, "cli", f)
}

// apply copies the given values and reports whether there are any.
func (c *organisationCmd) apply(o *organisation.Organisation) bool {
	changed := false
	for _, f := range []struct {
		given *string
		field *string
	}{
		{c.Name, &o.Name}, {c.PostalAddress, &o.PostalAddress}, {c.Home, &o.URL}, {c.Accent, &o.Accent}, {c.Logo, &o.Logo}, {c.Font, &o.Font}, {c.Footer, &o.Footer}, {c.Help, &o.Help},
		{c.Zone, &o.Zone}, {c.Language, &o.Language}, {c.From, &o.Sender}, {c.ReplyTo, &o.ReplyTo},
	} {
		if f.given != nil {
			*f.field, changed = strings.ReplaceAll(*f.given, `\n`, "\n"), true
		}
	}
	if len(c.Network) > 0 {
		o.Networks, changed = nil, true
		for _, id := range c.Network {
			o.Networks = append(o.Networks, networks.ID(id))
		}
	}
	return changed
}
