package main

import (
	"time"

	"fmt"
	"strings"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
)

type editionCmd struct {
	List       editionListCmd       `cmd:"" help:"List editions, newest first."`
	Show       editionShowCmd       `cmd:"" help:"Show an edition and its figures."`
	Recipients editionRecipientsCmd `cmd:"" help:"Who gets an edition, and what the mail server said."`
	Approve    editionApproveCmd    `cmd:"" help:"Approve an edition that waits for it."`
	Pause      editionPauseCmd      `cmd:"" help:"Stop sending; mails on the wire finish."`
	Resume     editionResumeCmd     `cmd:"" help:"Go on where it stopped; nobody gets it twice."`
	Uncertain  uncertainCmd         `cmd:"" help:"Those whose outcome is not certain: list, send again, or leave."`
	Cancel     editionCancelCmd     `cmd:"" help:"End an edition: who has not had it will not get it."`
}

type editionListCmd struct {
	N int `short:"n" default:"20" help:"How many."`
}

// shownEdition is an edition with its figures and why it waits.
type shownEdition struct {
	campaigns.Edition
	Figures      delivery.Figures `json:"figures"`
	Unsubscribed int              `json:"unsubscribed"` // from this edition
	Waits        []delivery.Wait  `json:"waits"`
	Relays       []relayTrouble   `json:"relay_troubles"`
}

// relayTrouble is a mail server that takes no mail now.
type relayTrouble struct {
	Relay   string    `json:"relay"`
	Trouble string    `json:"trouble"`
	Since   time.Time `json:"since"`
}

// waits says what an edition waits for.
func (h *house) waits(s *session, e *shownEdition) error {
	var err error
	if e.Waits, err = h.store.Waits(s.ctx, e.ID, 20); err != nil {
		return err
	}
	relays, err := h.book.List(s.ctx)
	for _, r := range relays {
		if r.Trouble != "" {
			e.Relays = append(e.Relays, relayTrouble{r.Name, r.Trouble, r.TroubleAt})
		}
	}
	return err
}

// Run lists editions.
func (c *editionListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all, err := h.store.Editions(s.ctx, 0, min(max(c.N, 1), 1000))
		if err != nil {
			return err
		}
		out := []shownEdition{}
		for _, e := range all {
			f, err := h.store.Figures(s.ctx, e.ID)
			if err != nil {
				return err
			}
			out = append(out, shownEdition{Edition: e, Figures: f})
		}
		return s.print(out, func() {
			if len(out) == 0 {
				s.printf("No edition yet. Make one with: postrider publish FILE --list LIST\n")
			}
			for _, e := range out {
				s.printf("%s  %-20s %6d of %-6d %s  %s\n", e.ID, stateWords(e.State), e.Figures.Accepted, e.Figures.Audience, s.when(e.CreatedAt), e.Title)
			}
		})
	})
}

type editionShowCmd struct {
	Edition string `arg:"" default:"latest" help:"Edition's id, or latest."`
}

// Run shows one.
func (c *editionShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		e, err := h.desk.FindEdition(s.ctx, c.Edition)
		if err != nil {
			return err
		}
		f, err := h.store.Figures(s.ctx, e.ID)
		if err != nil {
			return err
		}
		out := shownEdition{Edition: e, Figures: f}
		if out.Unsubscribed, err = h.store.Departed(s.ctx, e.ID); err != nil {
			return err
		}
		if err := h.waits(s, &out); err != nil {
			return err
		}
		if s.json {
			return s.print(out, nil)
		}
		if err := s.printReport(e, f, out.Unsubscribed); err != nil {
			return err
		}
		for _, w := range out.Waits {
			s.printf("%s at %s until %s: %d %s\n", plural(w.Readers, "reader waits", "readers wait"), w.Domain, s.when(w.Next), w.Code, w.Text)
		}
		for _, r := range out.Relays {
			s.printf("Mail server %s, since %s: %s\n", r.Relay, s.when(r.Since), r.Trouble)
		}
		return nil
	})
}

type editionRecipientsCmd struct {
	Edition string `arg:"" default:"latest" help:"Edition's id, or latest."`
	State   string `help:"Only those in this state: queued, accepted, deferred, refused, unknown…" placeholder:"STATE"`
}

// Run shows the ledger, one row a recipient.
func (c *editionRecipientsCmd) Run(s *session) error {
	if c.State != "" {
		known := make([]string, len(delivery.States))
		found := false
		for i, st := range delivery.States {
			known[i] = string(st)
			found = found || known[i] == c.State
		}
		if !found {
			return &errs.Error{Kind: errs.Invalid, Field: "--state", Text: fmt.Sprintf("there is no state %q: want one of %s", c.State, strings.Join(known, ", "))}
		}
	}
	return s.with(func(h *house) error {
		e, err := h.desk.FindEdition(s.ctx, c.Edition)
		if err != nil {
			return err
		}
		all := []delivery.Recipient{}
		for after := delivery.RecipientID(0); ; {
			page, err := h.store.Recipients(s.ctx, e.ID, delivery.State(c.State), after, 1000)
			if err != nil {
				return err
			}
			if s.json {
				all = append(all, page...)
			} else {
				for _, r := range page {
					s.printf("%-10s %d  %-40s %3d %-7s %s\n", r.State, r.Attempts, r.Email, r.Code, r.Enhanced, r.Text)
				}
			}
			if len(page) < 1000 {
				break
			}
			after = page[len(page)-1].ID
		}
		return s.print(all, func() {})
	})
}

// steer runs one change on an edition and shows it afterwards.
func (s *session) steer(ref string, change func(*house, campaigns.Edition) error) error {
	return s.with(func(h *house) error {
		e, err := h.desk.FindEdition(s.ctx, ref)
		if err != nil {
			return err
		}
		if err := change(h, e); err != nil {
			return err
		}
		if e, err = h.desk.FindEdition(s.ctx, e.ID.String()); err != nil {
			return err
		}
		_, err = s.report(s.ctx, h, e)
		return err
	})
}

type editionApproveCmd struct {
	Edition string `arg:"" help:"Edition's id, or latest."`
}

// Run approves.
func (c *editionApproveCmd) Run(s *session) error {
	return s.steer(c.Edition, func(h *house, e campaigns.Edition) error { return h.desk.ApproveEdition(s.ctx, "cli", e) })
}

type editionPauseCmd struct {
	Edition string `arg:"" help:"Edition's id, or latest."`
}

// Run pauses.
func (c *editionPauseCmd) Run(s *session) error {
	return s.steer(c.Edition, func(h *house, e campaigns.Edition) error { return h.desk.Pause(s.ctx, "cli", e) })
}

type editionResumeCmd struct {
	Edition string `arg:"" help:"Edition's id, or latest."`
}

// Run resumes. The running serve, or publish --resume, then goes on.
func (c *editionResumeCmd) Run(s *session) error {
	return s.steer(c.Edition, func(h *house, e campaigns.Edition) error { return h.desk.Resume(s.ctx, "cli", e) })
}

type editionCancelCmd struct {
	Edition string `arg:"" help:"Edition's id, or latest."`
}

// Run cancels.
func (c *editionCancelCmd) Run(s *session) error {
	return s.steer(c.Edition, func(h *house, e campaigns.Edition) error { return h.desk.Cancel(s.ctx, "cli", e) })
}
