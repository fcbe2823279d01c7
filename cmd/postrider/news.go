package main

import (
	"os"
	"slices"
	"strings"
	"time"

	"postrider/campaigns/crier"
	"postrider/internal/errs"
	"postrider/internal/secrets"
)

type newsCmd struct {
	Show newsShowCmd `cmd:"" default:"1" help:"Show where news go and what was told lately; addresses of calls are never shown (the default)."`
	Set  newsSetCmd  `cmd:"" help:"Change what is given of where news go, and leave the rest."`
	Test newsTestCmd `cmd:"" help:"Send a test on every channel."`
}

type newsShowCmd struct{}

// Run shows.
func (c *newsShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		ways, err := h.crier.Channels(s.ctx)
		if err != nil {
			return err
		}
		return s.printChannels(h, ways)
	})
}

func (s *session) printChannels(h *house, c crier.Channels) error {
	latest, err := h.store.LatestNews(s.ctx, 10)
	if err != nil {
		return err
	}
	return s.print(c, func() {
		if c.Owners {
			s.printf("Mail to every owner\n")
		}
		for _, m := range c.Mails {
			s.printf("Mail to %s\n", m)
		}
		if c.HookKind != crier.HookNone {
			s.printf("Calls %s (%s)\n", c.HookHost, c.HookKind)
		} else {
			s.printf("No webhook: trouble with the mail server cannot reach you by mail. Name one with: postrider news set --hook-file FILE --hook-kind json|ntfy\n")
		}
		if c.PingHost != "" {
			s.printf("%s hears from us every five minutes\n", c.PingHost)
		}
		for _, k := range c.Quiet {
			s.printf("Nothing about %s\n", k)
		}
		for _, n := range latest {
			s.printf("  %s  %s (%d mails, call %s)\n", n.At.Format(time.RFC3339), n.Title, n.Mails, n.Call)
		}
	})
}

type newsSetCmd struct {
	Owners   *string  `help:"Mail to every owner of the team: on or off." placeholder:"on|off"`
	To       []string `help:"Mail to these addresses too, in place of those that are kept; - for none." placeholder:"ADDRESS"`
	HookKind *string  `help:"Call an address: json, ntfy, or none." placeholder:"KIND"`
	HookFile string   `help:"File with the address that is called in its first line; it holds keys, so it is no flag." placeholder:"FILE"`
	PingFile string   `help:"File with an address that is asked for every five minutes, so that its service notices when this machine is down; an empty file ends it." placeholder:"FILE"`
	Quiet    []string `help:"Kinds that nobody is told about, in place of those that are kept; - for none: held, approval, skipped, sent, deferred, mail_server." placeholder:"KIND"`
}

// Run changes what is given.
func (c *newsSetCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		old, err := h.crier.Channels(s.ctx)
		if err != nil {
			return err
		}
		w := crier.Wish{Owners: old.Owners, Mails: old.Mails, Quiet: old.Quiet, HookKind: old.HookKind}
		if c.Owners != nil {
			if *c.Owners != "on" && *c.Owners != "off" {
				return &errs.Error{Kind: errs.Invalid, Field: "--owners", Text: "want on or off"}
			}
			w.Owners = *c.Owners == "on"
		}
		if len(c.To) > 0 {
			w.Mails = slices.DeleteFunc(c.To, func(a string) bool { return a == "-" })
		}
		if len(c.Quiet) > 0 {
			w.Quiet = nil
			for _, k := range c.Quiet {
				if k != "-" {
					w.Quiet = append(w.Quiet, crier.Kind(k))
				}
			}
		}
		if c.HookKind != nil {
			w.HookKind = crier.HookKind(strings.TrimPrefix(*c.HookKind, "none"))
		}
		if w.Hook, err = addressIn("--hook-file", c.HookFile); err != nil {
			return err
		}
		if w.Ping, err = addressIn("--ping-file", c.PingFile); err != nil {
			return err
		}
		ways, err := h.crier.Set(s.ctx, "cli", w)
		if err != nil {
			return err
		}
		return s.printChannels(h, ways)
	})
}

// addressIn is the first line of a file, nil without a file.
func addressIn(flag, file string) (*secrets.Secret, error) {
	if file == "" {
		return nil, nil
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, &errs.Error{Kind: errs.Invalid, Field: flag, Text: "cannot be read", Err: err}
	}
	line, _, _ := strings.Cut(string(b), "\n")
	v := secrets.Secret(strings.TrimSpace(line))
	return &v, nil
}

type newsTestCmd struct{}

// Run sends a test.
func (c *newsTestCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		n, err := h.crier.Test(s.ctx, "cli")
		if err != nil {
			return err
		}
		return s.print(map[string]int{"mails": n}, func() { s.printf("%d mails are on the way: postrider serve sends them.\n", n) })
	})
}
