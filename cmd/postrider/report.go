package main

import (
	"context"

	"postrider/campaigns"
	"postrider/delivery"
)

type reportCmd struct {
	Edition string `arg:"" default:"latest" help:"Edition's id, or latest."`
}

// Run prints an edition's figures.
func (c *reportCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		e, err := h.desk.FindEdition(s.ctx, c.Edition)
		if err != nil {
			return err
		}
		_, err = s.report(s.ctx, h, e)
		return err
	})
}

// report prints an edition's figures as they are now.
func (s *session) report(ctx context.Context, h *house, e campaigns.Edition) (delivery.Figures, error) {
	f, err := h.store.Figures(ctx, e.ID)
	if err != nil {
		return f, err
	}
	left, err := h.store.Departed(ctx, e.ID)
	if err != nil {
		return f, err
	}
	return f, s.printReport(e, f, left)
}

// printReport is what publish and report say in the end. As JSON it has the
// thirteen keys that scripts rely on; left, the readers who unsubscribed from the
// edition, is among those of edition show.
func (s *session) printReport(e campaigns.Edition, f delivery.Figures, left int) error {
	out := struct {
		Edition campaigns.EditionID    `json:"edition"`
		State   campaigns.EditionState `json:"state"`
		delivery.Figures
	}{e.ID, e.State, f}
	return s.print(out, func() {
		s.printf("%s (issue %d, %s)\n", e.Title, e.Number, e.ID)
		s.printf("%s: %d of %s handed to the mail server\n", stateWords(e.State), f.Accepted, plural(f.Audience, "reader"))
		for _, line := range []struct {
			n    int
			word string
		}{
			{f.Queued + f.Leased, "not attempted yet"}, {f.Sending, "on the wire"}, {f.Deferred, "waiting for the next try"},
			{f.Refused, "rejected"}, {f.Unknown, "not certain"}, {f.Suppressed, "left the list or are on the do-not-mail list"},
			{f.Expired, "given up after 48 hours"}, {f.Cancelled, "cancelled"},
		} {
			if line.n > 0 {
				s.printf("%9d %s\n", line.n, line.word)
			}
		}
		if left > 0 {
			s.printf("Unsubscribed since: %d\n", left)
		}
		if e.Reason != "" {
			s.printf("Why: %s\n", e.Reason)
		}
	})
}

// stateWords are an edition's states as people read them.
func stateWords(st campaigns.EditionState) string {
	switch st {
	case campaigns.InReview:
		return "Waits for approval"
	case campaigns.EditionReady:
		return "Approved"
	case campaigns.Freezing:
		return "Preparing"
	case campaigns.EditionPaused:
		return "Paused"
	}
	b := []byte(st)
	b[0] -= 'a' - 'A'
	return string(b)
}
