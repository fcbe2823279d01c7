package main

import (
	"fmt"
	"os"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/networks"
	"postrider/recaps"
	"postrider/scheduler/schedule"
	"postrider/templates"
)

type campaignCmd struct {
	List      campaignListCmd      `cmd:"" help:"List the campaigns with their next dates."`
	Show      campaignShowCmd      `cmd:"" help:"Show a campaign, its next dates and what has fired."`
	Create    campaignCreateCmd    `cmd:"" help:"Create a campaign."`
	Schedule  campaignScheduleCmd  `cmd:"" help:"Give a campaign another schedule, from now on."`
	Change    campaignChangeCmd    `cmd:"" help:"Change what is given of a campaign, and leave the rest."`
	Blocks    campaignBlocksCmd    `cmd:"" help:"Write what stands around the recaps, as campaign change --blocks reads it."`
	Duplicate campaignDuplicateCmd `cmd:"" help:"Make a paused campaign like another."`
	Send      campaignSendCmd      `cmd:"" help:"Send now, beside the schedule; begins after a minute."`
	Check     campaignCheckCmd     `cmd:"" help:"Look over what a campaign would send now: what blocks, and what could be better."`
	Approve   campaignApproveCmd   `cmd:"" help:"Give the standing approval, and approve editions that wait for it."`
	Pause     campaignPauseCmd     `cmd:"" help:"Let the schedule rest."`
	Resume    campaignResumeCmd    `cmd:"" help:"Let the schedule fire again, from now on."`
	Archive   campaignArchiveCmd   `cmd:"" help:"End a campaign for good."`
	Next      campaignNextCmd      `cmd:"" help:"Show a campaign's next dates."`
	Test      campaignTestCmd      `cmd:"" help:"Mail what would go out now to a few addresses; counted nowhere."`
	Held      campaignHeldCmd      `cmd:"" help:"Decide about a date that is held because it was late: send it now, leave it to the next date, or skip it."`
	Days      campaignDaysCmd      `cmd:"" help:"Days on which a campaign sends nothing: show, or set from a list or a calendar file."`
}

type campaignCreateCmd struct {
	Name      string        `arg:"" help:"Name, shown to the team only."`
	Recap     string        `help:"Recap that each edition sends: a file, or an id or slug of the library." placeholder:"FILE|ID"`
	Collect   bool          `help:"Send what was approved since the last edition, instead of a fixed recap."`
	List      []string      `required:"" help:"List of readers; may be given several times." placeholder:"NAME"`
	Segment   string        `help:"Only those on the lists whom this segment selects." placeholder:"NAME"`
	From      string        `help:"Sender (default: the organisation's)." placeholder:"\"NAME <ADDRESS>\""`
	ReplyTo   string        `help:"Address for answers." placeholder:"ADDRESS"`
	Schedule  string        `help:"When: cron text (\"0 9 * * 2\"), \"weekly tue 09:00\", \"once 2026-12-01T09:00\"… Without it the campaign is sent by hand." placeholder:"TEXT"`
	Zone      string        `help:"Time zone of the schedule (default: the organisation's)." placeholder:"ZONE"`
	Approval  string        `default:"once" enum:"once,each" help:"once: approved recaps go out by themselves; each: a person looks at each edition."`
	Subject   string        `help:"Subject, may hold merge tags." placeholder:"TEXT"`
	Preheader string        `help:"Line that inboxes show after the subject, may hold merge tags." placeholder:"TEXT"`
	Theme     string        `help:"Look of the mail: letter, cards, or nothing for the default." placeholder:"NAME"`
	Blocks    string        `help:"What stands around the recaps, read from this file (docs/recaps.md)." placeholder:"FILE"`
	Network   []string      `help:"Networks to share on, in the order shown (default: the organisation's)." placeholder:"ID"`
	Canonical string        `default:"original" enum:"original,page" help:"Where shares lead when the recap has an original elsewhere."`
	Late      time.Duration `default:"6h" help:"How late a date is still sent by itself after downtime."`
}

// Run creates a campaign. A recap given as a file is kept and approved.
func (c *campaignCreateCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		org, err := h.office.Get(s.ctx)
		if err != nil && !errs.Is(err, errs.NotFound) {
			return err
		}
		n := campaigns.Campaign{
			Name: c.Name, Source: campaigns.Fixed, Approval: campaigns.Approval(c.Approval), ListNames: c.List, Segment: c.Segment, Sender: c.From, ReplyTo: c.ReplyTo,
			Schedule: c.Schedule, Zone: c.Zone, Subject: c.Subject, Preheader: c.Preheader, Theme: c.Theme, Canonical: templates.Canonical(c.Canonical), LateLimit: c.Late,
		}
		if n.Sender == "" {
			n.Sender = org.Sender
		}
		if n.Zone == "" {
			n.Zone = org.Zone
		}
		if n.Zone == "" {
			n.Zone = "UTC"
		}
		for _, id := range c.Network {
			network, err := networks.Find(id)
			if err != nil {
				return err
			}
			n.Networks = append(n.Networks, network.ID)
		}
		if n.Blocks, err = s.readBlocks(c.Blocks); err != nil {
			return err
		}
		switch {
		case c.Collect && c.Recap != "":
			return &errs.Error{Kind: errs.Invalid, Field: "--collect", Text: "a campaign sends a fixed --recap or collects what is new, not both"}
		case c.Collect:
			n.Source = campaigns.Collect
		case c.Recap == "":
			return &errs.Error{Kind: errs.Invalid, Field: "--recap", Text: "name the recap to send, or --collect what is new"}
		default:
			if n.Recap, err = h.recapFor(s, c.Recap); err != nil {
				return err
			}
		}
		made, err := h.desk.Create(s.ctx, "cli", n)
		if err != nil {
			return err
		}
		return s.printCampaign(h, made)
	})
}

// recapFor finds a recap in the library, or keeps and approves a file's.
func (h *house) recapFor(s *session, ref string) (recaps.ID, error) {
	if _, err := os.Stat(ref); err != nil && !strings.ContainsAny(ref, "/.") {
		saved, err := h.library.Get(s.ctx, ref)
		return saved.ID, err
	}
	r, err := s.readRecap(ref)
	if err != nil {
		return 0, err
	}
	if r, err = h.keepPicture(s, ref, r); err != nil {
		return 0, err
	}
	saved, err := h.library.Keep(s.ctx, "cli", r, ref)
	if err == nil && saved.State == recaps.Draft {
		saved, err = h.library.Approve(s.ctx, "cli", saved.ID)
	}
	return saved.ID, err
}

// shownCampaign is a campaign with its next dates.
type shownCampaign struct {
	campaigns.Campaign
	Explained string   `json:"explained,omitempty"`
	Next      []string `json:"next"`
}

func showCampaign(c campaigns.Campaign, n int) (shownCampaign, []schedule.Firing, error) {
	out := shownCampaign{Campaign: c, Next: []string{}}
	if c.Schedule == "" {
		return out, nil, nil
	}
	sched, err := c.Dates()
	if err != nil {
		return out, nil, err
	}
	out.Explained = sched.Explain()
	var firings []schedule.Firing
	if c.State == campaigns.Active {
		firings = sched.NextN(time.Now(), n)
	}
	for _, f := range firings {
		out.Next = append(out.Next, f.At.Format(time.RFC3339))
	}
	return out, firings, nil
}

func (s *session) printCampaign(h *house, c campaigns.Campaign) error {
	out, firings, err := showCampaign(c, 5)
	if err != nil {
		return err
	}
	return s.print(out, func() {
		s.printf("%s  %s\n", c.ID, c.Name)
		s.printf("  %s, %s, approval %s, to %s, from %s\n", c.State, c.Source, c.Approval, strings.Join(c.ListNames, ", "), c.Sender)
		if c.Segment != "" {
			s.printf("  only whom the segment %q selects\n", c.Segment)
		}
		if len(c.Blocks) > 0 {
			s.printf("  around the recaps: %s\n", blockNames(c.Blocks))
		}
		if c.Schedule == "" {
			s.printf("  No schedule: sent by hand.\n")
			return
		}
		s.printf("  %s\n", out.Explained)
		printFirings(s, firings)
	})
}

func printFirings(s *session, firings []schedule.Firing) {
	for _, f := range firings {
		s.printf("  %s", f.At.Format("Mon 02 Jan 2006, 15:04 MST"))
		if f.Note != "" {
			s.printf("  (%s)", f.Note)
		}
		s.printf("\n")
	}
}

type campaignListCmd struct{}

// Run lists campaigns.
func (c *campaignListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all := []shownCampaign{}
		for after := campaigns.ID(0); ; {
			page, err := h.store.Campaigns(s.ctx, after, 200)
			if err != nil {
				return err
			}
			for _, one := range page {
				out, _, err := showCampaign(one, 1)
				if err != nil {
					return fmt.Errorf("campaign %q: %w", one.Name, err)
				}
				all, after = append(all, out), one.ID
			}
			if len(page) < 200 {
				break
			}
		}
		return s.print(all, func() {
			if len(all) == 0 {
				s.printf("No campaign yet. Make one with: postrider campaign create NAME --recap FILE --list LIST --schedule \"weekly tue 09:00\"\n")
			}
			for _, one := range all {
				next := "no date"
				if len(one.Next) > 0 {
					next = "next " + one.Next[0]
				}
				s.printf("%s  %-8s %-30s %s (%s)\n", one.ID, one.State, one.Name, next, one.Zone)
			}
		})
	})
}

type campaignShowCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
}

// Run shows a campaign with its firings.
func (c *campaignShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		one, err := h.store.Campaign(s.ctx, c.Campaign)
		if err != nil {
			return err
		}
		fired, err := h.store.Occurrences(s.ctx, one.ID, 20)
		if err != nil {
			return err
		}
		if s.json {
			out, _, err := showCampaign(one, 10)
			if err != nil {
				return err
			}
			return s.print(struct {
				shownCampaign
				Occurrences []campaigns.Occurrence `json:"occurrences"`
			}{out, append([]campaigns.Occurrence{}, fired...)}, nil)
		}
		if err := s.printCampaign(h, one); err != nil {
			return err
		}
		for _, o := range fired {
			s.printf("  %s  %-8s %s %s\n", o.Wall, o.State, o.Edition, o.Reason)
		}
		return nil
	})
}

type campaignApproveCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
}

// Run approves.
func (c *campaignApproveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		one, err := h.desk.Approve(s.ctx, "cli", c.Campaign)
		if err != nil {
			return err
		}
		return s.printCampaign(h, one)
	})
}

func (s *session) setCampaign(ref string, to campaigns.State) error {
	return s.with(func(h *house) error {
		one, err := h.desk.SetState(s.ctx, "cli", ref, to)
		if err != nil {
			return err
		}
		return s.printCampaign(h, one)
	})
}

type campaignPauseCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
}

// Run pauses.
func (c *campaignPauseCmd) Run(s *session) error { return s.setCampaign(c.Campaign, campaigns.Paused) }

type campaignResumeCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
}

// Run resumes.
func (c *campaignResumeCmd) Run(s *session) error { return s.setCampaign(c.Campaign, campaigns.Active) }

type campaignArchiveCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
}

// Run archives.
func (c *campaignArchiveCmd) Run(s *session) error {
	return s.setCampaign(c.Campaign, campaigns.Archived)
}

type campaignNextCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
	N        int    `short:"n" default:"10" help:"How many dates."`
}

// Run shows the next dates.
func (c *campaignNextCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		one, err := h.store.Campaign(s.ctx, c.Campaign)
		if err != nil {
			return err
		}
		firings, err := one.Next(time.Now(), min(max(c.N, 1), 1000))
		if err != nil {
			return err
		}
		return s.printDates(firings)
	})
}

func (s *session) printDates(firings []schedule.Firing) error {
	dates := []string{}
	for _, f := range firings {
		dates = append(dates, f.At.Format(time.RFC3339))
	}
	return s.print(dates, func() {
		if len(firings) == 0 {
			s.printf("No date: it never fires again.\n")
		}
		printFirings(s, firings)
	})
}

type campaignHeldCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
	Send     bool   `xor:"decision" required:"" help:"Send it now."`
	Next     bool   `xor:"decision" required:"" help:"Leave it to the next date."`
	Skip     bool   `xor:"decision" required:"" help:"Let it go by."`
}

// Run decides.
func (c *campaignHeldCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		decide := h.desk.SendHeld
		if c.Skip {
			decide = h.desk.SkipHeld
		} else if c.Next {
			decide = h.desk.LeaveToNext
		} else if err := s.borrowURL(h); err != nil {
			return err
		}
		o, err := decide(s.ctx, "cli", c.Campaign)
		if err != nil {
			return err
		}
		return s.print(o, func() { s.printf("%s is %s %s\n", o.Wall, o.State, o.Edition) })
	})
}

// borrowURL has links begin where the running serve's do, unless --url says
// otherwise.
func (s *session) borrowURL(h *house) error {
	if h.desk.BaseURL != "" {
		return nil
	}
	base, err := h.store.Note(s.ctx, urlNote)
	if err == nil && base == "" {
		err = &errs.Error{Kind: errs.Invalid, Field: "--url", Text: "say where readers reach the public pages, as in --url https://news.org.example"}
	}
	h.desk.BaseURL = base
	return err
}
