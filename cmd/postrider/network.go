package main

import (
	"io"

	"postrider/internal/errs"
	"postrider/networks"
)

type networkCmd struct {
	List  networkListCmd  `cmd:"" default:"1" help:"List the networks with their limits (the default)."`
	Count networkCountCmd `cmd:"" help:"Count a text from stdin as a network counts it."`
}

type networkListCmd struct{}

// Run lists networks.
func (c *networkListCmd) Run(s *session) error {
	type row struct {
		ID      networks.ID `json:"id"`
		Name    string      `json:"name"`
		Limit   int         `json:"limit"`
		Unit    string      `json:"unit"`
		Default bool        `json:"default"`
		InMail  bool        `json:"in_mail"`
	}
	rows := []row{}
	for _, n := range networks.All() {
		rows = append(rows, row{n.ID, n.Name, n.Limit, n.Unit, n.Default, n.InMail})
	}
	return s.print(rows, func() {
		for _, r := range rows {
			shown := ""
			if r.Default {
				shown = "shown by default"
			}
			s.printf("%-11s %-18s %6d %-22s %s\n", r.ID, r.Name, r.Limit, r.Unit, shown)
		}
	})
}

type networkCountCmd struct {
	Network string `arg:"" help:"Network's id."`
}

// maxCounted bounds the text on stdin.
const maxCounted = 1 << 20

// Run counts stdin.
func (c *networkCountCmd) Run(s *session) error {
	n, err := networks.Find(c.Network)
	if err != nil {
		return err
	}
	b, err := io.ReadAll(io.LimitReader(s.io.in, maxCounted+1))
	if err != nil {
		return err
	}
	if len(b) > maxCounted {
		return errs.Invalidf("the text is over 1 MiB: no network takes that")
	}
	if l := len(b); l > 0 && b[l-1] == '\n' { // the shell's own line end
		b = b[:l-1]
	}
	m := n.Measure(string(b))
	return s.print(m, func() {
		fits := "fits"
		if !m.Fits {
			fits = "is too long"
		}
		s.printf("%d of %d %s: it %s\n", m.Count, m.Limit, n.Unit, fits)
	})
}
