package main

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
)

type relayPaceCmd struct {
	For    string `arg:"" optional:"" help:"Recipient domain (example.org), or mail-host family (google, microsoft…)." placeholder:"DOMAIN|FAMILY"`
	Minute string `arg:"" optional:"" help:"Mails per minute over all nodes and mail servers; off: no limit." placeholder:"N|off"`
}

// Run shows the paces, or sets one.
func (c *relayPaceCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		if c.For != "" {
			key, err := paceKey(c.For)
			if err != nil {
				return err
			}
			n, err := paceFigure(c.Minute)
			if err != nil {
				return err
			}
			if err := h.book.SetPace(s.ctx, "cli", key, n); err != nil {
				return err
			}
		}
		rules, err := h.store.PaceRules(s.ctx)
		if err != nil {
			return err
		}
		if rules == nil {
			rules = map[string]int{}
		}
		return s.print(rules, func() {
			if len(rules) == 0 {
				s.printf("No pace is set for recipients. Set one with: postrider relay pace google 60\n")
			}
			for _, key := range slices.Sorted(maps.Keys(rules)) {
				kind, name, _ := strings.Cut(key, ":")
				s.printf("%-7s %-30s %6d mails a minute\n", kind, name, rules[key])
			}
		})
	})
}

// paceKey is the name of a pace: a family's name, else a domain.
func paceKey(what string) (string, error) {
	known := delivery.Families()
	if slices.Contains(known, what) {
		return delivery.PaceFamily(what), nil
	}
	if !strings.Contains(what, ".") {
		near := errs.Nearest(what, known)
		if near == "" {
			near = strings.Join(known, ", ")
		}
		return "", errs.NotFoundf("there is no mail-host family %q: did you mean %s? A domain has a dot", what, near)
	}
	domain, err := mailaddr.ParseDomain(what)
	return delivery.PaceDomain(domain), err
}

func paceFigure(text string) (int, error) {
	if text == "off" {
		return 0, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 || n > 1_000_000 {
		return 0, &errs.Error{Kind: errs.Invalid, Field: "minute", Text: "want mails per minute from 1 to 1000000, or off"}
	}
	return n, nil
}
