package main

import "strings"

type campaignTestCmd struct {
	Campaign string   `arg:"" help:"Campaign's id or name."`
	To       []string `required:"" help:"Addresses, with commas between them." placeholder:"ADDRESS"`
	Plain    bool     `help:"Leave [TEST] out of the subject."`
}

// Run queues test mails; the process that sends takes them, ahead of editions.
func (c *campaignTestCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		if err := s.borrowURL(h); err != nil {
			return err
		}
		to, err := h.desk.Test(s.ctx, "cli", c.Campaign, c.To, c.Plain)
		if err != nil {
			return err
		}
		return s.print(map[string]any{"to": to}, func() {
			s.printf("%s for %s: postrider serve sends, now or when it is started within two hours.\n", plural(len(to), "test mail"), strings.Join(to, ", "))
		})
	})
}
