package main

import (
	"postrider/internal/errs"
	"postrider/subscribers"
)

type listCmd struct {
	List   listListCmd   `cmd:"" default:"1" help:"Show all lists with their readers by state (the default)."`
	Show   listShowCmd   `cmd:"" help:"Show one list."`
	Create listCreateCmd `cmd:"" help:"Create a list."`
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
	s.printf("%-30s %7d active %7d pending %7d unsubscribed  %s\n", l.Name, l.Active, l.Pending, l.Unsubscribed, l.Title)
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
}

// Run creates a list.
func (c *listCreateCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		l, err := h.registry.CreateList(s.ctx, "cli", c.Name, c.Title)
		if err != nil {
			return err
		}
		return s.print(subscribers.ListCounts{List: l}, func() { s.printList(subscribers.ListCounts{List: l}) })
	})
}
