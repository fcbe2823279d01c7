package main

import (
	"errors"
	"time"

	"postrider/events/bounces"
)

type bounceTakeCmd struct {
	File    []string `arg:"" optional:"" help:"Mails as files, also mbox; none, or -: one from stdin."`
	Maildir string   `help:"Take the new mails of a Maildir: returned ones are deleted once they are recorded, others moved to cur." placeholder:"DIR"`
}

// exitTryAgain is EX_TEMPFAIL: a mail server that pipes a mail to us keeps it
// and tries again.
const exitTryAgain = 75

// tryAgain is a failure that passes.
type tryAgain struct{ error }

// Unwrap gives the kind of the error.
func (t tryAgain) Unwrap() error { return t.error }

// Run records what mails say.
func (c *bounceTakeCmd) Run(s *session) error {
	var all bounces.Taken
	if len(c.File) == 0 {
		c.File = []string{"-"}
	}
	err := s.with(func(h *house) error {
		sorter := h.sorter()
		if c.Maildir != "" {
			var err error
			all, err = sorter.TakeMaildir(s.ctx, c.Maildir)
			return err
		}
		for _, name := range c.File {
			raw, err := s.readMail(name)
			if err != nil {
				return err
			}
			for _, one := range bounces.Split(raw) {
				t, err := sorter.Take(s.ctx, one, "pipe")
				if all = all.Add(t); err != nil {
					return tryAgain{err}
				}
			}
		}
		return nil
	})
	if err != nil {
		if c.Maildir == "" && c.File[0] == "-" && !errors.As(err, new(tryAgain)) {
			err = tryAgain{err}
		}
		return err
	}
	return s.print(all, func() {
		s.printf("%d entries: %d recorded, %d known before, %d about nothing that was sent; %d readers are stopped\n",
			all.Entries, all.Recorded, all.Known, all.Unmatched, all.Stopped)
	})
}

// sorter makes the one that records returned mails of this installation.
func (h *house) sorter() *bounces.Sorter {
	return &bounces.Sorter{Store: h.store, Keys: h.keys, Now: time.Now, Log: h.log}
}
