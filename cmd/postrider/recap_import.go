package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"postrider/internal/errs"
	"postrider/recaps"
)

// readRecap reads a recap of any source: a file, an address, "-" for stdin.
func (s *session) readRecap(name string) (recaps.Recap, error) {
	u, err := s.understand(name, 0)
	return u.Recap, err
}

// understand reads a document and tells what became of all of it.
func (s *session) understand(name string, entry int) (recaps.Understood, error) {
	d := recaps.Document{Name: name, Entry: entry}
	if isAddress(name) {
		client, err := s.config.fetcher()
		if err != nil {
			return recaps.Understood{}, err
		}
		r, err := client.Get(s.ctx, name)
		if err != nil {
			return recaps.Understood{}, err
		}
		d.URL, d.Type, d.Body = r.URL, r.Type, r.Body
		return recaps.Understand(d)
	}
	f := os.Stdin
	if name != "-" {
		info, err := os.Stat(name)
		switch {
		case os.IsNotExist(err) && !strings.ContainsAny(name, `/\.`) && s.hasDatabase():
			return s.fromLibrary(name)
		case os.IsNotExist(err):
			return recaps.Understood{}, errs.NotFoundf("%s: there is no such file", name)
		case err != nil:
			return recaps.Understood{}, fmt.Errorf("reading the recap: %w", err)
		case info.IsDir():
			return recaps.Understood{}, errs.Invalidf("%s: is a folder; name one file", name)
		}
		if f, err = os.Open(name); err != nil {
			return recaps.Understood{}, fmt.Errorf("reading the recap: %w", err)
		}
		defer f.Close()
	}
	body, err := io.ReadAll(io.LimitReader(f, recaps.MaxPage+1))
	if err != nil {
		return recaps.Understood{}, fmt.Errorf("reading recap %s: %w", name, err)
	}
	d.Body = body
	return recaps.Understand(d)
}

// fromLibrary takes the latest revision of a recap that is kept.
func (s *session) fromLibrary(ref string) (u recaps.Understood, err error) {
	err = s.with(func(h *house) error {
		saved, err := h.library.Get(s.ctx, ref)
		if errs.Is(err, errs.NotFound) {
			return errs.NotFoundf("%s: there is no such file, and no such recap in the library", ref)
		}
		u = recaps.Understood{Recap: saved.Recap, Format: recaps.FormatMarkdown, LeftOut: []recaps.LeftOut{}, Entries: []recaps.Entry{}}
		return err
	})
	return u, err
}

// hasDatabase is false where looking into the database would make a new one.
func (s *session) hasDatabase() bool {
	path, ok := strings.CutPrefix(s.config.get("db"), "sqlite:")
	_, err := os.Stat(path)
	return !ok || err == nil
}

func isAddress(name string) bool {
	lower := strings.ToLower(name)
	return strings.HasPrefix(lower, "http://") || strings.HasPrefix(lower, "https://")
}

type recapImportCmd struct {
	File   string `arg:"" help:"Markdown, text, page or feed: a file, an http address, or - for stdin."`
	Entry  int    `placeholder:"N" help:"Of a feed: which entry, 1 is the newest (default: the newest that reads as a recap)."`
	Base   int    `placeholder:"N" help:"The revision that was changed: where the recap has another by now, nothing is kept."`
	DryRun bool   `help:"Show what was understood and what is left out, and keep nothing."`
	Yes    bool   `help:"Keep it without asking first."`
}

// imported is what recap import answers.
type imported struct {
	*savedRecap                  // missing in a dry run
	Format      recaps.Format    `json:"format"`
	Recap       shown            `json:"recap"`
	LeftOut     []recaps.LeftOut `json:"left_out"`
	Entries     []recaps.Entry   `json:"entries"`
}

// Run shows what was understood and keeps it. On a terminal it asks before it
// keeps what a person has not written in Postrider's own format.
func (c *recapImportCmd) Run(s *session) error {
	u, err := s.understand(c.File, c.Entry)
	if err != nil {
		return err
	}
	out := imported{Format: u.Format, Recap: show(u.Recap), LeftOut: u.LeftOut, Entries: u.Entries}
	if c.DryRun {
		return s.print(out, func() { s.showUnderstood(u) })
	}
	if !s.json && u.Format != recaps.FormatMarkdown {
		s.showUnderstood(u)
	}
	if err := c.confirm(s, u); err != nil {
		return err
	}
	return s.with(func(h *house) error {
		r, err := h.keepPicture(s, c.File, u.Recap)
		if err != nil {
			return err
		}
		saved, err := c.keep(s, h, r)
		if err != nil {
			return err
		}
		kept := briefly(saved)
		out.savedRecap = &kept
		if s.json {
			return s.print(out, nil)
		}
		return s.printSaved(saved)
	})
}

// keep makes a revision of what is there, or only of the one that was changed.
func (c *recapImportCmd) keep(s *session, h *house, r recaps.Recap) (recaps.Saved, error) {
	if c.Base == 0 {
		return h.library.Keep(s.ctx, "cli", r, c.File)
	}
	old, err := h.library.Get(s.ctx, r.Slug)
	if err != nil {
		return recaps.Saved{}, err
	}
	saved, err := h.library.Revise(s.ctx, "cli", old.ID, c.Base, r, c.File)
	if errs.Is(err, errs.Conflict) {
		return saved, errs.Conflictf("%w: see what the others changed with postrider recap diff %s %d, then import with --base %d", err, old.Slug, c.Base, old.Number)
	}
	return saved, err
}

func (c *recapImportCmd) confirm(s *session, u recaps.Understood) error {
	if c.Yes || !s.io.terminal || s.json || u.Format == recaps.FormatMarkdown {
		return nil
	}
	s.say("Keep it in the library? [y/N] ")
	answer, err := bufio.NewReader(s.io.in).ReadString('\n')
	if a := strings.ToLower(strings.TrimSpace(answer)); err != nil && answer == "" || a != "y" && a != "yes" {
		return unfinished{"nothing was kept"}
	}
	return nil
}

// showUnderstood says what a document was read as, and what of it is left out.
func (s *session) showUnderstood(u recaps.Understood) {
	s.showRecap(u.Recap)
	s.printf("Read as: %s\n", map[recaps.Format]string{
		recaps.FormatMarkdown: "Markdown", recaps.FormatText: "plain text", recaps.FormatPage: "a web page", recaps.FormatFeed: "an entry of a feed",
	}[u.Format])
	if len(u.LeftOut) > 0 {
		s.printf("\nLeft out:\n")
	}
	for _, l := range u.LeftOut {
		s.printf("  %q: %s\n", l.What, l.Why)
	}
	if len(u.Entries) > 1 {
		s.printf("\nEntries of the feed (--entry N takes another):\n")
	}
	for _, e := range u.Entries[:min(len(u.Entries), 20)] {
		mark := " "
		if e.Chosen {
			mark = "*"
		}
		if len(u.Entries) > 1 {
			s.printf("%s %3d  %s\n", mark, e.N, e.Title)
		}
	}
}
