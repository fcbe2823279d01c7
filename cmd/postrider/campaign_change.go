package main

import (
	"fmt"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/networks"
)

type campaignScheduleCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
	Text     string `arg:"" optional:"" help:"When: \"weekly tue 09:00\", \"once 2026-12-01T09:00\", cron text…"`
	Zone     string `help:"Time zone of the schedule (default: the one that it has)." placeholder:"ZONE"`
	ByHand   bool   `help:"No schedule any more: it is sent by hand."`
}

// Run gives a campaign another schedule, which counts from now on.
func (c *campaignScheduleCmd) Run(s *session) error {
	switch {
	case c.ByHand && c.Text != "":
		return &errs.Error{Kind: errs.Invalid, Field: "--by-hand", Text: "a campaign has a schedule or is sent by hand, not both"}
	case !c.ByHand && c.Text == "" && c.Zone == "":
		return errs.Invalidf("name the schedule, as in postrider campaign schedule %s \"weekly tue 09:00\", or --by-hand", c.Campaign)
	}
	return s.changeCampaign(c.Campaign, func(_ *house, n *campaigns.Campaign) error {
		if c.Text != "" || c.ByHand {
			n.Schedule = c.Text
		}
		if c.Zone != "" {
			n.Zone = c.Zone
		}
		return nil
	})
}

// changeCampaign changes a campaign as it is now and shows it.
func (s *session) changeCampaign(ref string, change func(*house, *campaigns.Campaign) error) error {
	return s.with(func(h *house) error {
		one, err := h.store.Campaign(s.ctx, ref)
		if err != nil {
			return err
		}
		if err := change(h, &one); err != nil {
			return err
		}
		if one, err = h.desk.Change(s.ctx, "cli", one, one.UpdatedAt); err != nil {
			return err
		}
		return s.printCampaign(h, one)
	})
}

type campaignChangeCmd struct {
	Campaign  string         `arg:"" help:"Campaign's id or name."`
	Name      *string        `help:"Name, shown to the team only." placeholder:"NAME"`
	Recap     *string        `xor:"source" help:"Send this recap each time: a file, or an id or slug of the library." placeholder:"FILE|ID"`
	Collect   bool           `xor:"source" help:"Send what was approved since the last edition."`
	List      []string       `help:"Lists of readers, in place of those that it has." placeholder:"NAME"`
	Segment   *string        `help:"Only those on the lists whom this segment selects; empty: all of them." placeholder:"NAME"`
	From      *string        `help:"Sender." placeholder:"\"NAME <ADDRESS>\""`
	ReplyTo   *string        `help:"Address for answers; empty: none." placeholder:"ADDRESS"`
	Approval  *string        `help:"once: approved recaps go out by themselves; each: a person looks at each edition." placeholder:"once|each"`
	Subject   *string        `help:"Subject, may hold merge tags; empty: the recap's." placeholder:"TEXT"`
	Preheader *string        `help:"Line that inboxes show after the subject; empty: the recap's." placeholder:"TEXT"`
	Theme     *string        `help:"Look of the mail: letter, cards; empty: the default." placeholder:"NAME"`
	Blocks    *string        `help:"What stands around the recaps, read from this file (docs/recaps.md); empty: nothing." placeholder:"FILE"`
	Network   []string       `help:"Networks to share on, in place of those that it has." placeholder:"ID"`
	Canonical *string        `help:"Where shares lead when the recap has an original elsewhere." placeholder:"original|page"`
	Late      *time.Duration `help:"How late a date is still sent by itself after downtime." placeholder:"6h"`
}

// Run changes what is given and leaves the rest.
func (c *campaignChangeCmd) Run(s *session) error {
	return s.changeCampaign(c.Campaign, func(h *house, n *campaigns.Campaign) error {
		for _, f := range []struct{ to, from *string }{
			{&n.Name, c.Name}, {&n.Segment, c.Segment}, {&n.Sender, c.From}, {&n.ReplyTo, c.ReplyTo}, {(*string)(&n.Approval), c.Approval},
			{&n.Subject, c.Subject}, {&n.Preheader, c.Preheader}, {&n.Theme, c.Theme}, {(*string)(&n.Canonical), c.Canonical},
		} {
			if f.from != nil {
				*f.to = *f.from
			}
		}
		if len(c.List) > 0 {
			n.ListNames = c.List
		}
		if c.Late != nil {
			n.LateLimit = *c.Late
		}
		if len(c.Network) > 0 {
			n.Networks = nil
		}
		for _, id := range c.Network {
			network, err := networks.Find(id)
			if err != nil {
				return err
			}
			n.Networks = append(n.Networks, network.ID)
		}
		var err error
		if c.Blocks != nil {
			if n.Blocks, err = s.readBlocks(*c.Blocks); err != nil {
				return err
			}
		}
		switch {
		case c.Collect:
			n.Source, n.Recap = campaigns.Collect, 0
		case c.Recap != nil:
			n.Source = campaigns.Fixed
			n.Recap, err = h.recapFor(s, *c.Recap)
		}
		return err
	})
}

type campaignDuplicateCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
}

// Run makes a paused campaign like another.
func (c *campaignDuplicateCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		made, err := h.desk.Duplicate(s.ctx, "cli", c.Campaign)
		if err != nil {
			return err
		}
		return s.printCampaign(h, made)
	})
}

type campaignSendCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
	Yes      bool   `short:"y" help:"Do not ask before sending."`
}

// Run opens an edition beside the schedule; the process that sends takes it
// after the minute in which it can be taken back.
func (c *campaignSendCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		if err := s.borrowURL(h); err != nil {
			return err
		}
		o, err := h.desk.Outlook(s.ctx, c.Campaign)
		if err != nil {
			return err
		}
		if len(o.Recaps) > 0 && !c.Yes && !s.confirm(sendQuestion(o)) {
			return errs.Conflictf("nothing is sent")
		}
		e, err := h.desk.Send(s.ctx, "cli", o.Campaign.ID.String(), o.Seen, time.Time{})
		if err != nil {
			return err
		}
		return s.print(e, func() {
			if e.State == campaigns.InReview {
				s.printf("%s waits for approval: postrider edition approve %s\n", e.ID, e.ID)
				return
			}
			s.printf("%s is sent by postrider serve from %s on. Until then: postrider edition cancel %s\n", e.ID, s.when(e.DueAt), e.ID)
		})
	})
}

func sendQuestion(o campaigns.Outlook) string {
	to := fmt.Sprint(o.Campaign.ListNames)
	if o.Campaign.Segment != "" {
		to += ", only whom " + o.Campaign.Segment + " selects"
	}
	return fmt.Sprintf("Send %q to %s?", o.Recaps[0].Recap.Title, to)
}
