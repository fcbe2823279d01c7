package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"postrider/internal/auth/provider"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/organisation"
)

type operatorProviderCmd struct {
	Show   providerShowCmd   `cmd:"" default:"1" help:"Show it (the default)."`
	Set    providerSetCmd    `cmd:"" help:"Set it: it is asked first whether it answers. The client secret comes from --secret-from or stays."`
	Remove providerRemoveCmd `cmd:"" help:"Forget it: nobody comes in by it any more."`
}

func (s *session) printProvider(p organisation.Provider) {
	joins := "nobody"
	if p.Role != "" {
		joins = "people of these domains, as " + string(p.Role)
	}
	domains := "all of the team"
	if len(p.Domains) > 0 {
		domains = strings.Join(p.Domains, ", ")
	}
	for _, line := range [][2]string{{"Button", "Sign in with " + p.Label}, {"Issuer", p.Issuer}, {"Client id", p.ClientID}, {"Lets in", domains}, {"May join", joins}} {
		s.printf("%-10s %s\n", line[0], line[1])
	}
}

type providerShowCmd struct{}

// Run shows the provider.
func (c *providerShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		p, err := h.porter.Provider(s.ctx)
		if err != nil {
			return err
		}
		if p.Domains == nil {
			p.Domains = []string{} // a list in JSON, also when it is empty
		}
		return s.print(p, func() { s.printProvider(p) })
	})
}

type providerSetCmd struct {
	Issuer     string   `required:"" help:"Exactly as the provider says it." placeholder:"URL"`
	ClientID   string   `name:"client-id" required:"" help:"What the provider knows us by." placeholder:"ID"`
	SecretFrom string   `help:"File with the client secret in its first line; - for stdin." placeholder:"FILE"`
	Label      string   `help:"Name on the button (default: the issuer's host)." placeholder:"TEXT"`
	Domain     []string `help:"Whose addresses may come in (default: all of the team)." placeholder:"DOMAIN"`
	Join       string   `help:"Role of people of these domains who are not in the team yet (default: they do not get in)." placeholder:"ROLE"`
}

// Run sets the provider.
func (c *providerSetCmd) Run(s *session) error {
	var secret string
	var err error
	switch c.SecretFrom {
	case "":
	case "-":
		secret, err = firstWord(s.io.in)
	default:
		var file *os.File
		if file, err = os.Open(c.SecretFrom); err != nil {
			return fmt.Errorf("reading the client secret: %w", err)
		}
		defer file.Close()
		secret, err = firstWord(file)
	}
	if err != nil {
		return err
	}
	p := organisation.Provider{Label: c.Label, Issuer: c.Issuer, ClientID: c.ClientID, Domains: c.Domain, Role: organisation.Role(c.Join)}
	if err := p.Validate(); err != nil {
		return byProviderFlag(err)
	}
	if _, err := provider.Discover(s.ctx, provider.Config{Issuer: p.Issuer, ClientID: p.ClientID, Now: time.Now}); err != nil {
		return byProviderFlag(err)
	}
	return s.with(func(h *house) error {
		kept, err := h.porter.SetProvider(s.ctx, "cli", p, secrets.Secret(secret))
		if err != nil {
			return byProviderFlag(err)
		}
		s.say("Tell the provider to lead back to ADDRESS/sign-in/provider/back, where ADDRESS is --admin-url.")
		return s.print(kept, func() { s.printProvider(kept) })
	})
}

var providerFlags = map[string]string{"issuer": "--issuer", "client_id": "--client-id", "secret": "--secret-from", "label": "--label", "domains": "--domain", "role": "--join"}

// byProviderFlag names the flag to mend instead of the setting.
func byProviderFlag(err error) error {
	bad, ok := err.(*errs.Error)
	if !ok || providerFlags[bad.Field] == "" {
		return err
	}
	named := *bad
	named.Field = providerFlags[bad.Field]
	return &named
}

type providerRemoveCmd struct{}

// Run removes the provider.
func (c *providerRemoveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		if err := h.porter.RemoveProvider(s.ctx, "cli"); err != nil {
			return err
		}
		return s.print(map[string]bool{"removed": true}, func() { s.printf("Nobody comes in by the provider any more.\n") })
	})
}
