package main

import (
	"errors"

	"postrider/delivery"
	"postrider/internal/errs"
)

type dkimCmd struct {
	List     dkimListCmd     `cmd:"" default:"1" help:"Show the keys of all domains (the default)."`
	Show     dkimShowCmd     `cmd:"" help:"Show a domain's keys with the DNS records to publish."`
	Make     dkimMakeCmd     `cmd:"" help:"Make an RSA and an Ed25519 key; they sign once they are activated."`
	Activate dkimActivateCmd `cmd:"" help:"Sign with the next keys, once their records are in the DNS."`
	Rotate   dkimRotateCmd   `cmd:"" help:"Make the keys that will follow the active ones."`
}

// signingKey is a key with its record, as commands show it.
type signingKey struct {
	delivery.SigningKey
	Record dnsRecord `json:"record"`
}

type dnsRecord struct {
	Name    string   `json:"name"`
	Type    string   `json:"type"`
	Value   string   `json:"value"`
	Strings []string `json:"strings"` // the value in pieces of at most 255 octets
}

func signingKeys(keys []delivery.SigningKey) []signingKey {
	out := []signingKey{}
	for _, k := range keys {
		name, value := k.Record()
		out = append(out, signingKey{k, dnsRecord{Name: name, Type: "TXT", Value: value, Strings: delivery.Split(value)}})
	}
	return out
}

// printRecords shows records as a zone file has them.
func (s *session) printRecords(keys []signingKey) {
	for _, k := range keys {
		s.printf("%s, %s\n%s. IN TXT (\n", k.Algorithm, k.State, k.Record.Name)
		for _, part := range k.Record.Strings {
			s.printf("  %q\n", part)
		}
		s.printf(")\n")
	}
}

// byDKIMFlag names the flag to mend.
func byDKIMFlag(err error) error {
	var bad *errs.Error
	if errors.As(err, &bad) && bad.Field == "selector" {
		named := *bad
		named.Field = "--selector"
		return &named
	}
	return err
}

type dkimListCmd struct{}

// Run lists keys.
func (c *dkimListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		keys, err := h.ring.List(s.ctx)
		if err != nil {
			return err
		}
		return s.print(signingKeys(keys), func() {
			if len(keys) == 0 {
				s.printf("No key yet: mails are signed by the mail server, or not at all. Make one with: postrider relay dkim make DOMAIN\n")
			}
			for _, k := range keys {
				s.printf("%-8s %-8s %s._domainkey.%s, made %s\n", k.State, k.Algorithm, k.Selector, k.Domain, s.when(k.CreatedAt))
			}
		})
	})
}

type dkimShowCmd struct {
	Domain string `arg:"" help:"Sender's domain."`
}

// Run shows a domain's keys.
func (c *dkimShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		keys, err := h.ring.Show(s.ctx, c.Domain)
		if err != nil {
			return err
		}
		return s.print(signingKeys(keys), func() { s.printRecords(signingKeys(keys)) })
	})
}

type dkimMakeCmd struct {
	Domain   string `arg:"" help:"Sender's domain."`
	Selector string `help:"Name of the keys in the DNS (default: of this month)." placeholder:"NAME"`
}

// Run makes keys.
func (c *dkimMakeCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		keys, err := h.ring.Make(s.ctx, "cli", c.Domain, c.Selector)
		if err != nil {
			return byDKIMFlag(err)
		}
		return s.next(keys)
	})
}

type dkimRotateCmd struct {
	Domain string `arg:"" help:"Sender's domain."`
}

// Run makes the keys to follow.
func (c *dkimRotateCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		keys, err := h.ring.Rotate(s.ctx, "cli", c.Domain)
		if err != nil {
			return err
		}
		return s.next(keys)
	})
}

// next says what to do with fresh keys.
func (s *session) next(keys []delivery.SigningKey) error {
	return s.print(signingKeys(keys), func() {
		s.printRecords(signingKeys(keys))
		s.printf("\nPublish these records, wait until the DNS has them, then: postrider relay dkim activate %s\n", keys[0].Domain)
	})
}

type dkimActivateCmd struct {
	Domain    string `arg:"" help:"Sender's domain."`
	Unchecked bool   `help:"Do not look whether the records are in the DNS."`
}

// Run activates the next keys.
func (c *dkimActivateCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		keys, err := h.ring.Activate(s.ctx, "cli", c.Domain, !c.Unchecked)
		if err != nil {
			return err
		}
		return s.print(signingKeys(keys), func() {
			retired := false
			for _, k := range keys {
				s.printf("%-8s %-8s %s._domainkey.%s\n", k.State, k.Algorithm, k.Selector, k.Domain)
				retired = retired || k.State == delivery.SigningRetired
			}
			if retired {
				s.printf("Leave the records of retired keys in the DNS for two weeks: mails on their way are checked against them.\n")
			}
		})
	})
}
