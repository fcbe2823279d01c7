package main

import (
	"postrider/internal/errs"
	"postrider/recaps"
)

type recapHistoryCmd struct {
	Recap string `arg:"" help:"Recap's id or slug."`
}

// Run lists revisions.
func (c *recapHistoryCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		saved, err := h.library.Get(s.ctx, c.Recap)
		if err != nil {
			return err
		}
		history, err := h.library.History(s.ctx, saved.ID)
		if err != nil {
			return err
		}
		return s.print(history, func() {
			for _, v := range history {
				s.printf("%3d  %s  by %s from %s: %s\n", v.Number, s.when(v.CreatedAt), v.Actor, v.Source, v.Recap.Title)
			}
		})
	})
}

type recapDiffCmd struct {
	Recap string `arg:"" help:"Recap's id or slug."`
	From  int    `arg:"" optional:"" help:"Revision to compare (default: the one before TO)."`
	To    int    `arg:"" optional:"" help:"Revision to compare it with (default: the latest)."`
	All   bool   `help:"Show the lines that are the same, too."`
}

// Run compares two revisions.
func (c *recapDiffCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		saved, err := h.library.Get(s.ctx, c.Recap)
		if err != nil {
			return err
		}
		to := c.To
		if to == 0 {
			to = saved.Number
		}
		from := c.From
		if from == 0 {
			from = max(to-1, 1)
		}
		before, err := h.library.Revision(s.ctx, saved.ID, from)
		if err != nil {
			return err
		}
		after, err := h.library.Revision(s.ctx, saved.ID, to)
		if err != nil {
			return err
		}
		diff := recaps.Diff(before.Recap, after.Recap)
		out := struct {
			From  int               `json:"from"`
			To    int               `json:"to"`
			Lines []recaps.DiffLine `json:"lines"`
		}{from, to, []recaps.DiffLine{}}
		for _, l := range diff {
			if c.All || l.Op != recaps.DiffSame {
				out.Lines = append(out.Lines, l)
			}
		}
		return s.print(out, func() {
			s.printf("Revision %d by %s, then revision %d by %s, %s\n", from, before.Actor, to, after.Actor, s.when(after.CreatedAt))
			for _, l := range out.Lines {
				s.printf("%s %s\n", map[recaps.DiffOp]string{recaps.DiffSame: " ", recaps.DiffRemoved: "-", recaps.DiffAdded: "+"}[l.Op], l.Text)
			}
		})
	})
}

type recapRestoreCmd struct {
	Recap    string `arg:"" help:"Recap's id or slug."`
	Revision int    `arg:"" help:"Number of the revision, as recap history shows it."`
}

// Run restores.
func (c *recapRestoreCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		saved, err := h.library.Get(s.ctx, c.Recap)
		if err == nil {
			saved, err = h.library.Restore(s.ctx, "cli", saved.ID, c.Revision)
		}
		if err != nil {
			return err
		}
		return s.printSaved(saved)
	})
}

type recapTranslationsCmd struct {
	Recap string `arg:"" help:"Id or slug of the original or of any translation."`
}

// translated is one language of a recap.
type translated struct {
	savedRecap
	Lang      string `json:"lang"`
	Takeaways int    `json:"takeaways"`
	Original  bool   `json:"original"`
}

// Run lists languages.
func (c *recapTranslationsCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all, err := h.library.Translations(s.ctx, c.Recap)
		if err != nil {
			return err
		}
		out := make([]translated, 0, len(all))
		for i, r := range all {
			out = append(out, translated{briefly(r), r.Recap.Lang, len(r.Recap.Takeaways), i == 0})
		}
		return s.print(out, func() {
			for _, r := range out {
				s.printf("%-8s %-9s r%-3d %-30s %s, %s\n", r.Lang, r.State, r.Revision, r.Slug, r.Title, plural(r.Takeaways, "takeaway"))
			}
		})
	})
}

type recapNewCmd struct {
	Template string `placeholder:"NAME" default:"event" help:"Which template, or a recap of the library to write another like it (default event)."`
	List     bool   `help:"List the templates that ship."`
}

// Run writes a starter to stdout.
func (c *recapNewCmd) Run(s *session) error {
	if c.List {
		return s.print(recaps.Starters(), func() {
			for _, t := range recaps.Starters() {
				s.printf("%-10s %s\n", t.Name, t.Title)
			}
		})
	}
	found, err := recaps.FindStarter(c.Template)
	if errs.Is(err, errs.NotFound) && s.hasDatabase() {
		_ = s.with(func(h *house) error { // where it is no recap either, the template's name was meant
			saved, missing := h.library.Get(s.ctx, c.Template)
			if missing == nil {
				found, err = recaps.Starter{Name: saved.Slug, Title: saved.Recap.Title, Markdown: saved.Recap.Starter()}, nil
			}
			return missing
		})
	}
	if err != nil {
		return err
	}
	return s.print(found, func() { s.printf("%s", found.Markdown) })
}
