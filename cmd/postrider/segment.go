package main

import (
	"postrider/internal/errs"
	"postrider/subscribers"
)

type segmentCmd struct {
	List   segmentListCmd   `cmd:"" default:"1" help:"List the segments (the default)."`
	Create segmentCreateCmd `cmd:"" help:"Keep a question under a name."`
	Show   segmentShowCmd   `cmd:"" help:"Show a segment, how many readers it selects, and some of them."`
	Count  segmentCountCmd  `cmd:"" help:"Count whom a question selects, without keeping it."`
	Change segmentChangeCmd `cmd:"" help:"Call a segment otherwise, or let it ask something else."`
	Remove segmentRemoveCmd `cmd:"" help:"Forget a segment."`
}

type segmentListCmd struct{}

// Run lists segments.
func (c *segmentListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all := []subscribers.Segment{}
		for after := ""; ; {
			page, err := h.registry.Segments(s.ctx, after, 1000)
			if err != nil {
				return err
			}
			if all = append(all, page...); len(page) < 1000 {
				break
			}
			after = page[len(page)-1].Name
		}
		return s.print(all, func() {
			if len(all) == 0 {
				s.printf("No segment yet. Make one with: postrider segment create NAME 'language = sv and list = news'\n")
			}
			for _, g := range all {
				s.printf("%-30s %s\n", g.Name, g.Question)
			}
		})
	})
}

type segmentCreateCmd struct {
	Name     string `arg:"" help:"Segment's name."`
	Question string `arg:"" help:"Whom it selects, as in: list = news and (language = sv or field.city = Lund) and not tag = vip."`
}

// Run creates a segment.
func (c *segmentCreateCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		g, err := h.registry.CreateSegment(s.ctx, "cli", c.Name, c.Question)
		if err != nil {
			return err
		}
		return s.showSegment(h, g, 0)
	})
}

// shownSegment is a segment with whom it selects.
type shownSegment struct {
	subscribers.Segment
	Count  int                      `json:"count"`
	Sample []subscribers.Subscriber `json:"sample"`
}

func (s *session) showSegment(h *house, g subscribers.Segment, n int) error {
	count, sample, err := h.registry.Count(s.ctx, g.Question, n)
	if err != nil {
		return err
	}
	return s.print(shownSegment{g, count, append([]subscribers.Subscriber{}, sample...)}, func() {
		s.printf("%s: %s\n  %s\n", g.Name, plural(count, "reader"), g.Question)
		for _, r := range sample {
			s.printf("  %-40s %s\n", r.Email, r.Name)
		}
	})
}

type segmentShowCmd struct {
	Name string `arg:"" help:"Segment's name."`
	N    int    `short:"n" default:"10" help:"How many readers to show at most."`
}

// Run shows a segment.
func (c *segmentShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		g, err := h.registry.Segment(s.ctx, c.Name)
		if err != nil {
			return err
		}
		return s.showSegment(h, g, c.N)
	})
}

type segmentCountCmd struct {
	Question string `arg:"" help:"A question, or a segment's name."`
	N        int    `short:"n" default:"0" help:"How many readers to show beside the count."`
}

// Run counts.
func (c *segmentCountCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		question := c.Question
		if g, err := h.registry.Segment(s.ctx, question); err == nil {
			question = g.Question
		} else if !errs.Is(err, errs.NotFound) {
			return err
		}
		count, sample, err := h.registry.Count(s.ctx, question, c.N)
		if err != nil {
			return err
		}
		out := struct {
			Count  int                      `json:"count"`
			Sample []subscribers.Subscriber `json:"sample"`
		}{count, append([]subscribers.Subscriber{}, sample...)}
		return s.print(out, func() {
			s.printf("%s\n", plural(count, "reader"))
			for _, r := range sample {
				s.printf("  %-40s %s\n", r.Email, r.Name)
			}
		})
	})
}

type segmentChangeCmd struct {
	Name     string `arg:"" help:"Segment's name."`
	Rename   string `placeholder:"NAME" help:"Its new name."`
	Question string `placeholder:"TEXT" help:"Whom it selects from now on; issues that are there already keep what they asked."`
}

// Run changes a segment.
func (c *segmentChangeCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		g, err := h.registry.Segment(s.ctx, c.Name)
		if err != nil {
			return err
		}
		if c.Rename == "" {
			c.Rename = g.Name
		}
		if c.Question == "" {
			c.Question = g.Question
		}
		if g, err = h.registry.ChangeSegment(s.ctx, "cli", c.Name, c.Rename, c.Question); err != nil {
			return err
		}
		return s.showSegment(h, g, 0)
	})
}

type segmentRemoveCmd struct {
	Name string `arg:"" help:"Segment's name."`
}

// Run forgets a segment.
func (c *segmentRemoveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		if err := h.registry.RemoveSegment(s.ctx, "cli", c.Name); err != nil {
			return err
		}
		return s.print(map[string]string{"removed": c.Name}, func() { s.printf("%s is removed\n", c.Name) })
	})
}
