package main

import (
	"postrider/internal/errs"
	"postrider/subscribers"
)

type listCmd struct {
	List   listListCmd   `cmd:"" default:"1" help:"Show all lists with their readers by state (the default)."`
	Show   listShowCmd   `cmd:"" help:"Show one list."`
	Create listCreateCmd `cmd:"" help:"Create a list."`
	Rename listRenameCmd `cmd:"" help:"Call a list otherwise; its readers stay."`
	Change listChangeCmd `cmd:"" help:"Change how readers see a list, and what it is for."`
}

type listListCmd struct{}

func (s *session) lists(h *house) ([]subscribers.ListCounts, error) {
	all := []subscribers.ListCounts{}
	for after := ""; ; {
		page, err := h.registry.Lists(s.ctx, after, 1000)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < 1000 {
			return all, nil
		}
		after = page[len(page)-1].Name
	}
}

// counted is a list with its counts; a missing one is NotFound with the nearest name.
func (s *session) counted(h *house, name string) (subscribers.ListCounts, error) {
	if _, err := h.registry.List(s.ctx, name); err != nil {
		return subscribers.ListCounts{}, err
	}
	all, err := s.lists(h)
	if err != nil {
		return subscribers.ListCounts{}, err
	}
	for _, l := range all {
		if l.Name == name {
			return l, nil
		}
	}
	return subscribers.ListCounts{}, errs.NotFoundf("there is no list %q", name)
}

func (s *session) printList(l subscribers.ListCounts) {
	how := ""
	if l.Public {
		how = "  public"
	}
	s.printf("%-30s %7d active %7d pending %7d unsubscribed  %s%s\n", l.Name, l.Active, l.Pending, l.Unsubscribed, l.Title, how)
}

// Run lists lists.
func (c *listListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all, err := s.lists(h)
		if err != nil {
			return err
		}
		return s.print(all, func() {
			if len(all) == 0 {
				s.printf("No list yet. Make one with: postrider list create NAME\n")
			}
			for _, l := range all {
				s.printList(l)
			}
		})
	})
}

type listShowCmd struct {
	Name string `arg:"" help:"List's name."`
}

// Run shows a list.
func (c *listShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		l, err := s.counted(h, c.Name)
		if err != nil {
			return err
		}
		return s.print(l, func() { s.printList(l) })
	})
}

type listCreateCmd struct {
	Name  string `arg:"" help:"Name, as commands and imports call it."`
	Title string `help:"How readers see it (default: the name)." placeholder:"TEXT"`
	Text  string `name:"description" help:"What it is for, to your team." placeholder:"TEXT"`

	Public      bool `help:"Offer it on the sign-up page."`
	SingleOptIn bool `help:"Who signs up is on it at once, without the button of a mail."`
	Welcome     bool `negatable:"" default:"true" help:"Greet who joins with a mail."`
}

// Run creates a list.
func (c *listCreateCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		l, err := h.registry.CreateList(s.ctx, "cli", c.Name, c.Title)
		if err == nil && (c.Text != "" || c.Public || c.SingleOptIn || !c.Welcome) {
			l.Description, l.Public, l.SingleOptIn, l.Welcome = c.Text, c.Public, c.SingleOptIn, c.Welcome
			l, err = h.registry.ChangeList(s.ctx, "cli", l)
		}
		if err != nil {
			return err
		}
		return s.print(subscribers.ListCounts{List: l}, func() { s.printList(subscribers.ListCounts{List: l}) })
	})
}

type listRenameCmd struct {
	Name string `arg:"" help:"Its name now."`
	To   string `arg:"" help:"Its new name."`
}

// Run renames a list.
func (c *listRenameCmd) Run(s *session) error {
	return s.changeList(c.Name, func(l *subscribers.List) { l.Name = c.To })
}

type listChangeCmd struct {
	Name  string  `arg:"" help:"List's name."`
	Title *string `help:"How readers see it; empty: its name." placeholder:"TEXT"`
	Text  *string `name:"description" help:"What it is for, to your team." placeholder:"TEXT"`

	Public      *bool `negatable:"" help:"Offer it on the sign-up page, or no longer."`
	SingleOptIn *bool `negatable:"" help:"Who signs up is on it at once, or after pressing the button of a mail."`
	Welcome     *bool `negatable:"" help:"Greet who joins with a mail, or do not."`
}

// Run changes a list.
func (c *listChangeCmd) Run(s *session) error {
	return s.changeList(c.Name, func(l *subscribers.List) {
		if c.Title != nil {
			l.Title = *c.Title
		}
		if c.Text != nil {
			l.Description = *c.Text
		}
		if c.Public != nil {
			l.Public = *c.Public
		}
		if c.SingleOptIn != nil {
			l.SingleOptIn = *c.SingleOptIn
		}
		if c.Welcome != nil {
			l.Welcome = *c.Welcome
		}
	})
}

func (s *session) changeList(name string, change func(*subscribers.List)) error {
	return s.with(func(h *house) error {
		l, err := h.registry.List(s.ctx, name)
		if err != nil {
			return err
		}
		change(&l)
		if l, err = h.registry.ChangeList(s.ctx, "cli", l); err != nil {
			return err
		}
		counted, err := s.counted(h, l.Name)
		if err != nil {
			return err
		}
		return s.print(counted, func() { s.printList(counted) })
	})
}
