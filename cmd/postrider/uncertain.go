package main

import (
	"postrider/campaigns"
	"postrider/delivery"
)

type uncertainCmd struct {
	List   uncertainListCmd   `cmd:"" default:"withargs" help:"Who may or may not have the mail (the default)."`
	Resend uncertainResendCmd `cmd:"" help:"Send to them again; some may get it twice."`
	GiveUp uncertainGiveUpCmd `cmd:"" name:"give-up" help:"Leave them; they stay listed as not certain."`
}

type uncertainListCmd struct {
	Edition string `arg:"" default:"latest" help:"Edition's id, or latest."`
}

// Run lists the uncertain.
func (c *uncertainListCmd) Run(s *session) error {
	return (&editionRecipientsCmd{Edition: c.Edition, State: string(delivery.Unknown)}).Run(s)
}

type uncertainResendCmd struct {
	Edition string `arg:"" help:"Edition's id, or latest."`
}

// Run resends.
func (c *uncertainResendCmd) Run(s *session) error {
	return s.decide(c.Edition, func(h *house, e campaigns.Edition) (int, error) { return h.desk.Resend(s.ctx, "cli", e) },
		"go out again; a running serve does it, else: postrider publish --resume")
}

type uncertainGiveUpCmd struct {
	Edition string `arg:"" help:"Edition's id, or latest."`
}

// Run gives up.
func (c *uncertainGiveUpCmd) Run(s *session) error {
	return s.decide(c.Edition, func(h *house, e campaigns.Edition) (int, error) { return h.desk.GiveUp(s.ctx, "cli", e) },
		"are left as not certain")
}

// decide runs a decision about the uncertain and says how many it touched.
func (s *session) decide(ref string, decision func(*house, campaigns.Edition) (int, error), words string) error {
	return s.with(func(h *house) error {
		e, err := h.desk.FindEdition(s.ctx, ref)
		if err != nil {
			return err
		}
		n, err := decision(h, e)
		if err != nil {
			return err
		}
		return s.print(map[string]any{"edition": e.ID, "readers": n}, func() { s.printf("%s of %s %s\n", plural(n, "reader"), e.ID, words) })
	})
}
