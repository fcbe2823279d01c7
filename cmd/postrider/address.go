package main

import (
	"bufio"
	"strings"

	"postrider/internal/mailaddr"
	"postrider/internal/mailhost"
)

type addressCmd struct {
	Check addressCheckCmd `cmd:"" help:"Say whether addresses can be mailed, their canonical form, and what is odd about them."`
}

type addressCheckCmd struct {
	Address []string `arg:"" optional:"" help:"Addresses; none: one a line on stdin."`
	MX      bool     `name:"mx" help:"Ask DNS whether the domain has a mail server."`
	Mailbox bool     `help:"Canonical form without what Google ignores: dots, and what follows a plus."`
}

// checked is what address check says of one.
type checked struct {
	Address   string   `json:"address"`
	Valid     bool     `json:"valid"`
	Canonical string   `json:"canonical"`
	SMTPUTF8  bool     `json:"smtputf8"`
	Hints     []string `json:"hints"`
	Reason    string   `json:"reason"`
}

// Run checks addresses. Each gets its line, valid or not.
func (c *addressCheckCmd) Run(s *session) error {
	if len(c.Address) == 0 {
		lines := bufio.NewScanner(s.io.in)
		for lines.Scan() {
			if text := strings.TrimSuffix(lines.Text(), "\r"); strings.TrimSpace(text) != "" {
				c.Address = append(c.Address, text)
			}
		}
		if err := lines.Err(); err != nil {
			return err
		}
	}
	hosts := &mailhost.Hosts{}
	out := []checked{}
	for _, text := range c.Address {
		out = append(out, c.check(s, text, hosts))
	}
	return s.print(out, func() {
		for _, one := range out {
			if !one.Valid {
				s.printf("%s: %s\n", one.Address, one.Reason)
				continue
			}
			s.printf("%s: valid, kept as %s\n", one.Address, one.Canonical)
			for _, h := range one.Hints {
				s.printf("  %s\n", h)
			}
		}
	})
}

func (c *addressCheckCmd) check(s *session, text string, hosts *mailhost.Hosts) checked {
	one := checked{Address: text, Hints: []string{}}
	a, err := mailaddr.Parse(text)
	if err != nil {
		one.Reason = err.Error()
		return one
	}
	one.Valid, one.Canonical, one.SMTPUTF8 = true, a.Canonical(), a.NeedsSMTPUTF8()
	if c.Mailbox {
		one.Canonical = a.Mailbox()
	}
	for _, h := range a.Hints() {
		one.Hints = append(one.Hints, h.Text)
	}
	if c.MX {
		if text := hosts.Look(s.ctx, a.Domain()).Text(); text != "" {
			one.Hints = append(one.Hints, text)
		}
	}
	return one
}
