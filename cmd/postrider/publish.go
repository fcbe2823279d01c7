package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/schollz/progressbar/v3"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/recaps"
)

type publishCmd struct {
	File      string        `arg:"" optional:"" help:"Recap to publish: Markdown or plain text."`
	List      []string      `help:"List of readers; may be given several times." placeholder:"NAME"`
	Segment   string        `help:"Only those on the lists whom this segment selects." placeholder:"NAME"`
	From      string        `help:"Sender, stored with the edition (default: the organisation's)." placeholder:"\"NAME <ADDRESS>\""`
	ReplyTo   string        `help:"Address for answers." placeholder:"ADDRESS"`
	Subject   string        `help:"Subject, may hold merge tags (default: the recap's)."`
	Preheader string        `help:"Line that inboxes show after the subject, may hold merge tags (default: the recap's)." placeholder:"TEXT"`
	Theme     string        `help:"Look of the mail: letter, cards, or nothing for the default." placeholder:"NAME"`
	Blocks    string        `help:"What stands around the recap, read from this file (docs/recaps.md)." placeholder:"FILE"`
	Yes       bool          `short:"y" help:"Do not ask before sending."`
	Resume    string        `help:"Go on with an edition that was interrupted, paused or held." placeholder:"EDITION"`
	Wait      time.Duration `default:"2m" help:"End when nothing more is due within this time."`
	Strict    bool          `help:"Exit with 3 where some reader was refused or is not certain."`
}

// Run publishes and follows the edition until nobody waits.
func (c *publishCmd) Run(s *session) error {
	switch {
	case c.Resume == "" && c.File == "":
		return &errs.Error{Kind: errs.Invalid, Field: "--resume", Text: "name the file to publish, or the edition to go on with"}
	case c.Resume != "" && c.File != "":
		return &errs.Error{Kind: errs.Invalid, Field: "--resume", Text: "an edition that goes on keeps its recap: leave the file out"}
	case c.Resume == "" && len(c.List) == 0:
		return &errs.Error{Kind: errs.Invalid, Field: "--list", Text: "name the list of readers, as in --list news"}
	}
	var recap recaps.Recap
	var err error
	if c.File != "" {
		if recap, err = s.readRecap(c.File); err != nil {
			return err
		}
	}
	return s.with(func(h *house) error {
		w, err := s.way(h)
		if err != nil {
			return err
		}
		e, err := c.edition(s, h, recap, w)
		if err != nil {
			return err
		}
		return c.send(s, h, e, w)
	})
}

// edition opens a new edition, or finds the one to go on with.
func (c *publishCmd) edition(s *session, h *house, recap recaps.Recap, w way) (campaigns.Edition, error) {
	if c.Resume != "" {
		return h.toResume(s.ctx, c.Resume)
	}
	base, err := s.linkBase(h, w, c.From)
	if err != nil {
		return campaigns.Edition{}, err
	}
	h.desk.BaseURL = base
	around, err := s.readBlocks(c.Blocks)
	if err != nil {
		return campaigns.Edition{}, err
	}
	if err := c.confirm(s, h, recap); err != nil {
		return campaigns.Edition{}, err
	}
	if recap, err = h.keepPicture(s, c.File, recap); err != nil {
		return campaigns.Edition{}, err
	}
	saved, err := h.library.Keep(s.ctx, "cli", recap, c.File)
	if err != nil {
		return campaigns.Edition{}, err
	}
	if saved.State == recaps.Draft { // who publishes has read it
		if saved, err = h.library.Approve(s.ctx, "cli", saved.ID); err != nil {
			return campaigns.Edition{}, err
		}
	}
	return h.desk.Publish(s.ctx, "cli", campaigns.Publication{
		Recap: saved, ListNames: c.List, Segment: c.Segment, Sender: c.From, ReplyTo: c.ReplyTo, Subject: c.Subject, Preheader: c.Preheader, Theme: c.Theme, Blocks: around,
	})
}

// toResume brings an edition back to where it goes on.
func (h *house) toResume(ctx context.Context, ref string) (campaigns.Edition, error) {
	e, err := h.desk.FindEdition(ctx, ref)
	if err != nil {
		return e, err
	}
	switch e.State {
	case campaigns.EditionPaused, campaigns.Held:
		if err := h.desk.Resume(ctx, "cli", e); err != nil {
			return e, err
		}
		return h.desk.FindEdition(ctx, e.ID.String())
	case campaigns.Scheduled, campaigns.Freezing, campaigns.Sending, campaigns.Sent:
		return e, nil
	}
	return e, errs.Conflictf("edition %s is %s and cannot go on", e.ID, e.State)
}

// confirm asks on a terminal before anything is sent.
func (c *publishCmd) confirm(s *session, h *house, recap recaps.Recap) error {
	if c.Yes || !s.io.terminal || s.json {
		return nil
	}
	readers := 0
	for _, name := range c.List {
		l, err := s.counted(h, name)
		if err != nil {
			return err
		}
		readers += l.Active
	}
	whom := plural(readers, "reader") + " on " + strings.Join(c.List, ", ")
	if c.Segment != "" {
		whom = fmt.Sprintf("those whom the segment %q selects of %s", c.Segment, whom)
	}
	s.say("%q goes to %s. Send it? [y/N] ", recap.Title, whom)
	answer, err := bufio.NewReader(s.io.in).ReadString('\n')
	if err != nil && answer == "" {
		return unfinished{"nothing was sent"}
	}
	if a := strings.ToLower(strings.TrimSpace(answer)); a != "y" && a != "yes" {
		return unfinished{"nothing was sent"}
	}
	return nil
}

// urlNote is where a running serve writes its base URL, for publish beside it.
const urlNote = "url"

// linkBase is what links in the mails begin with. A relay that is not loopback
// reaches readers elsewhere, so the URL must be https and answer as this
// installation; on loopback anything goes, with a word of warning.
func (s *session) linkBase(h *house, w way, from string) (string, error) {
	base := s.config.baseURL()
	if w.remote {
		return base, answersAsUs(s.ctx, base, h.keys)
	}
	if base != "" {
		return base, nil
	}
	base, err := h.store.Note(s.ctx, urlNote)
	if err != nil || base != "" {
		return base, err
	}
	base = "https://localhost"
	if a, err := mailaddr.ParseFrom(from); err == nil {
		if _, domain, ok := strings.Cut(a.Address, "@"); ok {
			base = "https://" + domain
		}
	}
	s.say("No --url is given: links in these mails begin with %s, where this installation may not answer.", base)
	return base, nil
}

// send runs the courier for one edition, or follows the process that does.
func (c *publishCmd) send(s *session, h *house, e campaigns.Edition, w way) error {
	ctx, stop := context.WithCancel(s.ctx)
	defer stop()
	ended := make(chan error, 1)
	if w.handOver {
		s.say("Another Postrider is sending from this database: it takes edition %s over.", e.ID)
	} else {
		courier := h.courier(w.relays)
		courier.Only = e.ID
		go func() { ended <- courier.Run(ctx) }()
	}
	last, followErr := s.follow(h, e.ID, c.Wait, ended)
	stop()
	if !w.handOver {
		if err := <-ended; followErr == nil {
			followErr = err
		}
	}
	// A courier that was stopped while it began says so: that is no failure.
	if followErr != nil && !errors.Is(followErr, context.Canceled) {
		return followErr
	}
	return c.conclude(s, h, last.ID)
}

// follow shows the edition's progress until it is final, stands still, or
// nothing more is due within wait.
func (s *session) follow(h *house, id campaigns.EditionID, wait time.Duration, ended chan error) (campaigns.Edition, error) {
	bar := s.progress()
	defer bar.finish()
	var f delivery.Figures
	var count time.Time // when to count again: the database has better to do
	for {
		e, err := h.store.Edition(s.ctx, id.String())
		if err != nil {
			if s.ctx.Err() != nil {
				return campaigns.Edition{ID: id}, nil
			}
			return e, err
		}
		began := time.Now()
		fresh := !began.Before(count)
		if fresh {
			if f, err = h.store.Figures(s.ctx, id); err == nil {
				bar.show(f)
			}
			count = time.Now().Add(100 * time.Since(began))
		}
		if e.State.Final() || e.State == campaigns.EditionPaused || e.State == campaigns.Held {
			return e, nil
		}
		if fresh && e.State == campaigns.Sending && f.Queued+f.Leased+f.Sending == 0 && f.Deferred > 0 {
			due, err := h.store.NextDue(s.ctx, id)
			if err == nil && due.After(h.store.Now().Add(wait)) {
				return e, nil
			}
		}
		select {
		case <-s.ctx.Done():
			return e, nil
		case err := <-ended:
			ended <- nil
			return e, err
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// conclude prints the figures and picks the exit code.
func (c *publishCmd) conclude(s *session, h *house, id campaigns.EditionID) error {
	ctx := context.WithoutCancel(s.ctx) // the figures are told after Ctrl-C too
	e, err := h.store.Edition(ctx, id.String())
	if err != nil {
		return err
	}
	f, err := s.report(ctx, h, e)
	if err != nil {
		return err
	}
	switch {
	case e.State == campaigns.Held:
		return unfinished{fmt.Sprintf("the edition is held: %s. Then: postrider publish --resume %s", e.Reason, e.ID)}
	case e.State == campaigns.EditionPaused:
		return unfinished{fmt.Sprintf("the edition is paused. Go on with: postrider publish --resume %s", e.ID)}
	case e.State == campaigns.Cancelled:
		return unfinished{"the edition was cancelled"}
	case e.State != campaigns.Sent:
		return unfinished{fmt.Sprintf("%s not had the mail yet. Go on with: postrider publish --resume %s, or leave it to postrider serve",
			plural(f.Waiting(), "reader has", "readers have"), e.ID)}
	case c.Strict && f.Refused+f.Unknown > 0:
		return unfinished{fmt.Sprintf("%d refused, %d not certain", f.Refused, f.Unknown)}
	}
	return nil
}

// progress is a bar on a terminal and nothing elsewhere.
type progress struct {
	bar *progressbar.ProgressBar
	s   *session
}

func (s *session) progress() *progress { return &progress{s: s} }

func (p *progress) show(f delivery.Figures) {
	if !p.s.io.terminal || f.Audience == 0 {
		return
	}
	if p.bar == nil {
		p.bar = progressbar.NewOptions(f.Audience, progressbar.OptionSetWriter(p.s.io.err), progressbar.OptionShowCount(),
			progressbar.OptionShowIts(), progressbar.OptionSetItsString("mails"), progressbar.OptionSetDescription("Sending"),
			progressbar.OptionClearOnFinish(), progressbar.OptionSetPredictTime(true))
	}
	_ = p.bar.Set(f.Audience - f.Waiting()) // a bar that cannot be drawn changes nothing
}

func (p *progress) finish() {
	if p.bar != nil {
		_ = p.bar.Clear()
	}
}

func plural(n int, one string, many ...string) string {
	if n == 1 {
		return "1 " + one
	}
	if len(many) > 0 {
		return fmt.Sprintf("%d %s", n, many[0])
	}
	return fmt.Sprintf("%d %ss", n, one)
}

func isHTTPS(base string) bool {
	u, err := url.Parse(base)
	return err == nil && u.Scheme == "https"
}
