package main

import (
	"fmt"
	"io"
	"os"

	"postrider/subscribers"
)

type suppressionCmd struct {
	List   suppressionListCmd   `cmd:"" default:"1" help:"Show the do-not-mail list (the default)."`
	Add    suppressionAddCmd    `cmd:"" help:"Never mail an address or a domain again."`
	Remove suppressionRemoveCmd `cmd:"" help:"Take an address or a domain off the do-not-mail list."`
	Export suppressionExportCmd `cmd:"" help:"Export the list as CSV, which imports again."`
	Import suppressionImportCmd `cmd:"" help:"Import addresses and domains, one a line."`
}

type suppressionListCmd struct{}

// Run lists suppressions.
func (c *suppressionListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all := []subscribers.Suppression{}
		for after := subscribers.SuppressionID(0); ; {
			page, err := h.registry.Suppressions(s.ctx, after, 1000)
			if err != nil {
				return err
			}
			all = append(all, page...)
			if len(page) < 1000 {
				break
			}
			after = page[len(page)-1].ID
		}
		return s.print(all, func() {
			if len(all) == 0 {
				s.printf("Nobody is on the do-not-mail list.\n")
			}
			for _, x := range all {
				s.printf("%-8s %-40s %s (%s, %s)\n", x.Kind, x.Value, x.Reason, x.Source, s.when(x.CreatedAt))
			}
		})
	})
}

type suppressionAddCmd struct {
	What   string `arg:"" help:"Address, or domain as in @example.org."`
	Reason string `help:"Why." placeholder:"TEXT"`
}

// Run suppresses.
func (c *suppressionAddCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		x, err := h.registry.Suppress(s.ctx, "cli", c.What, c.Reason, "cli")
		if err != nil {
			return err
		}
		return s.print(x, func() { s.printf("%s %s is on the do-not-mail list\n", x.Kind, x.Value) })
	})
}

type suppressionRemoveCmd struct {
	What string `arg:"" help:"Address, or domain as in @example.org."`
}

// Run lifts a suppression.
func (c *suppressionRemoveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		if err := h.registry.Unsuppress(s.ctx, "cli", c.What); err != nil {
			return err
		}
		return s.print(map[string]string{"removed": c.What}, func() { s.printf("%s is off the do-not-mail list\n", c.What) })
	})
}

type suppressionImportCmd struct {
	File   string `arg:"" help:"File with an address or domain a line, or a CSV with a column email; - for stdin."`
	Reason string `help:"Why." placeholder:"TEXT"`
}

// Run imports suppressions.
func (c *suppressionImportCmd) Run(s *session) error {
	var in io.Reader = s.io.in
	if c.File != "-" {
		f, err := os.Open(c.File)
		if err != nil {
			return fmt.Errorf("opening the file: %w", err)
		}
		defer f.Close()
		in = f
	}
	return s.with(func(h *house) error {
		result, err := h.registry.ImportSuppressions(s.ctx, "cli", in, c.Reason, "import")
		for _, r := range result.Refusals {
			s.say("%s:%d: refused: %s", c.File, r.Line, r.Reason)
		}
		if err != nil {
			return err
		}
		return s.print(result, func() {
			s.printf("%s: %d added, %d unchanged, %d refused\n", plural(result.Rows, "row"), result.Added, result.Unchanged, result.Refused)
		})
	})
}

type suppressionExportCmd struct {
	Out string `short:"o" required:"" help:"File to write; it must not exist." placeholder:"FILE"`
}

// Run exports the do-not-mail list.
func (c *suppressionExportCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
		if err != nil {
			return fmt.Errorf("making the file: %w", err)
		}
		n, err := h.registry.ExportSuppressions(s.ctx, f)
		if e := f.Close(); err == nil {
			err = e
		}
		if err != nil {
			return err
		}
		return s.print(map[string]any{"out": c.Out, "rows": n}, func() { s.printf("%s: %s\n", c.Out, plural(n, "entry", "entries")) })
	})
}
