package main

import (
	"fmt"
	"time"

	"postrider/campaigns"
	"postrider/campaigns/preflight"
	"postrider/internal/errs"
)

// lookedOver is what recap check and campaign check answer about findings.
type lookedOver struct {
	Blocked  bool                `json:"blocked"`
	Findings []preflight.Finding `json:"findings"`
}

func (s *session) look(in preflight.Input, links bool) (lookedOver, error) {
	var f preflight.Fetcher
	if links {
		client, err := s.config.fetcher()
		if err != nil {
			return lookedOver{}, err
		}
		f = client
	}
	out := lookedOver{Findings: preflight.Check(s.ctx, in, f)}
	if out.Findings == nil {
		out.Findings = []preflight.Finding{}
	}
	out.Blocked = preflight.Blocked(out.Findings)
	return out, nil
}

func (s *session) printFindings(all []preflight.Finding) {
	for _, f := range all {
		mark, field, readers := "advice", "", ""
		if f.Level == preflight.Blocks {
			mark = "BLOCKS"
		}
		if f.Line > 0 {
			field = fmt.Sprintf("line %d: ", f.Line)
		}
		if f.Field != "" {
			field += f.Field + ": "
		}
		if f.Readers > 0 {
			readers = " (" + plural(f.Readers, "reader") + ")"
		}
		s.printf("%s  %s%s%s\n", mark, field, f.Text, readers)
	}
}

type campaignCheckCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
	Links    bool   `default:"true" negatable:"" help:"Ask whether links and pictures answer (on unless --no-links)."`
}

// Run looks over what a campaign would send now. It ends with 3 where
// something blocks.
func (c *campaignCheckCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		o, err := h.desk.Outlook(s.ctx, c.Campaign)
		if err != nil {
			return err
		}
		if len(o.Recaps) == 0 {
			return errs.Conflictf("there is nothing to check: no approved recap that these lists have not had")
		}
		in, err := h.preflight(s, o)
		if err != nil {
			return err
		}
		out, err := s.look(in, c.Links)
		if err != nil {
			return err
		}
		answer := struct {
			Campaign string `json:"campaign"`
			Title    string `json:"title"`
			Audience int    `json:"audience"`
			lookedOver
		}{o.Campaign.Name, o.Recaps[0].Recap.Title, in.Audience.Reached, out}
		err = s.print(answer, func() {
			s.printf("%q would go to %s.\n", answer.Title, plural(answer.Audience, "reader"))
			s.printFindings(out.Findings)
			if len(out.Findings) == 0 {
				s.printf("Nothing to mend.\n")
			}
		})
		if err == nil && out.Blocked {
			return unfinished{"something must be mended before it is sent"}
		}
		return err
	})
}

// preflight gathers what a check of a campaign looks at.
func (h *house) preflight(s *session, o campaigns.Outlook) (preflight.Input, error) {
	in, err := preflight.OfCampaign(s.ctx, h.store, o, time.Now())
	if err != nil {
		return in, err
	}
	in.Remote, err = h.mailsElsewhere(s)
	return in, err
}

// mailsElsewhere reports whether some mail server is not on this machine.
func (h *house) mailsElsewhere(s *session) (bool, error) {
	if s.config.get("smtp") != "" {
		relay, err := s.config.relay()
		return !loopback(relay.Host), err
	}
	all, err := h.book.Ready(s.ctx)
	if err != nil {
		return false, fmt.Errorf("looking at the mail servers: %w", err)
	}
	for _, r := range all {
		if !loopback(r.Config.Host) {
			return true, nil
		}
	}
	return false, nil
}
