package main

import "fmt"

type subscriberTagCmd struct {
	Subscriber string   `arg:"" help:"Address or id."`
	Add        []string `help:"Tag to add; may be given several times." placeholder:"TAG"`
	Remove     []string `help:"Tag to take away; may be given several times." placeholder:"TAG"`
}

// Run tags a reader.
func (c *subscriberTagCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.registry.Find(s.ctx, c.Subscriber)
		if err != nil {
			return err
		}
		if err := h.registry.Tag(s.ctx, "cli", r.ID, c.Add, c.Remove); err != nil {
			return err
		}
		return s.showSubscriber(h, r)
	})
}

type subscriberNoteCmd struct {
	Subscriber string `arg:"" help:"Address or id."`
	Text       string `arg:"" help:"What to write down."`
}

// Run keeps a note.
func (c *subscriberNoteCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.registry.Find(s.ctx, c.Subscriber)
		if err != nil {
			return err
		}
		n, err := h.registry.Note(s.ctx, "cli", r.ID, c.Text)
		if err != nil {
			return err
		}
		return s.print(n, func() { s.printf("noted: %s\n", n.Text) })
	})
}

type subscriberForgetCmd struct {
	Subscriber string `arg:"" help:"Address or id."`
	Yes        bool   `help:"Do not ask first."`
}

// Run erases a reader.
func (c *subscriberForgetCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.registry.Find(s.ctx, c.Subscriber)
		if err != nil {
			return err
		}
		if !c.Yes && !s.confirm(fmt.Sprintf("Erase %s for good? Their lists, consent and fields go; this cannot be taken back.", r.Email)) {
			return unfinished{"nothing was changed"}
		}
		if err := h.registry.Forget(s.ctx, "cli", r.ID); err != nil {
			return err
		}
		return s.print(map[string]string{"forgotten": r.ID.String()}, func() { s.printf("%s is forgotten\n", r.ID) })
	})
}
