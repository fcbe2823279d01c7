package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/schollz/progressbar/v3"

	"postrider/internal/errs"
	"postrider/internal/mailhost"
	"postrider/subscribers"
)

type subscriberImportCmd struct {
	File        string   `arg:"" help:"CSV, a paste of addresses, or the export of Mailchimp (its zip), listmonk, Ghost, Substack or Buttondown; - for stdin."`
	List        []string `help:"List to join; it is made where it is missing. May be given several times." placeholder:"NAME"`
	Consent     string   `help:"Where and to what they agreed; recorded for each." placeholder:"TEXT"`
	ConsentDate string   `help:"When they agreed, as in 2026-03-01 (default: now); a date in the file goes first." placeholder:"DATE"`
	Source      string   `default:"import" help:"Kept with the consent: a form's or a file's name." placeholder:"TEXT"`
	Map         []string `help:"Where a column goes, by its title or number: \"Title=email\", name, language, zone, tags, note, status, consent_date, a field's name, list:NAME, or nothing." placeholder:"TITLE=TO" sep:"none"`
	DryRun      bool     `help:"Say what would happen and change nothing."`
	Refused     string   `help:"File for the refused rows, each with its reason, to mend and import again; it must not exist." placeholder:"FILE"`
	Encoding    string   `help:"utf-8, utf-16, windows-1252 or latin-1 (default: look at the file)." placeholder:"NAME"`
	Delimiter   string   `help:"What stands between cells, or tab (default: look at the file)." placeholder:"CHARACTER"`
	MX          bool     `name:"mx" help:"Refuse addresses at domains without a mail server; asks DNS."`
	SameMailbox bool     `help:"Refuse a second spelling of a Gmail mailbox: other dots, another plus tag."`
}

// options turns the flags into what the registry takes.
func (c *subscriberImportCmd) options(h *house) (subscribers.ImportOptions, error) {
	o := subscribers.ImportOptions{
		Actor: "cli", File: c.File, Lists: splitNames(c.List), Create: true, Consent: c.Consent, Source: c.Source, Map: map[string]string{},
		DryRun: c.DryRun, Mailbox: c.SameMailbox,
	}
	flag := func(name string, err error) error {
		if err == nil {
			return nil
		}
		return &errs.Error{Kind: errs.Invalid, Field: name, Err: err}
	}
	for _, m := range c.Map {
		title, to, ok := strings.Cut(m, "=")
		if !ok {
			return o, &errs.Error{Kind: errs.Invalid, Field: "--map", Text: fmt.Sprintf("%q: want TITLE=TO, as in \"E-post=email\"", m)}
		}
		o.Map[strings.TrimSpace(title)] = to
	}
	var err error
	if o.ConsentAt, err = subscribers.ParseDate(c.ConsentDate); err != nil {
		return o, flag("--consent-date", err)
	}
	if o.Encoding, err = subscribers.ParseEncoding(c.Encoding); err != nil {
		return o, flag("--encoding", err)
	}
	switch d := c.Delimiter; {
	case d == "":
	case d == "tab" || d == `\t`:
		o.Delimiter = '\t'
	case utf8.RuneCountInString(d) == 1 && !strings.ContainsAny(d, "\"\r\n"):
		o.Delimiter, _ = utf8.DecodeRuneInString(d)
	default:
		return o, &errs.Error{Kind: errs.Invalid, Field: "--delimiter", Text: "want one character, or tab"}
	}
	if c.MX {
		hosts := &mailhost.Hosts{}
		o.Host = func(ctx context.Context, domain string) string { return hosts.Look(ctx, domain).Text() }
	}
	return o, nil
}

// Run imports.
func (c *subscriberImportCmd) Run(s *session) error {
	in := s.io.in
	var size int64 = -1
	if c.File != "-" {
		f, err := os.Open(c.File)
		if os.IsNotExist(err) {
			return errs.NotFoundf("%s: there is no such file", c.File)
		}
		if err != nil {
			return fmt.Errorf("opening the file: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil {
			size = info.Size()
		}
		in = f
	}
	return s.with(func(h *house) error {
		o, err := c.options(h)
		if err != nil {
			return err
		}
		done, err := c.openRefused(&o)
		if err != nil {
			return err
		}
		if s.io.terminal {
			o.Progress = s.importBar(size)
		}
		result, err := h.registry.Import(s.ctx, in, o)
		if e := done(result.Refused); err == nil {
			err = e
		}
		c.tell(s, result)
		if err != nil {
			var place *errs.Error
			if errors.As(err, &place) && place.Field == "map" {
				return &errs.Error{Kind: errs.Invalid, Field: "--map", Text: place.Text}
			}
			if stored := result.Added + result.Updated + result.Unchanged; stored > 0 && !c.DryRun {
				s.say("%s stored; import the same file again to go on.", plural(stored, "row is", "rows are"))
			}
			return err
		}
		return s.print(result, func() {
			would := ""
			if c.DryRun {
				would = "nothing changed; it would be "
			}
			s.printf("%s: %s%d added, %d updated, %d unchanged, %d refused\n", plural(result.Rows, "row"), would, result.Added, result.Updated, result.Unchanged, result.Refused)
		})
	})
}

// openRefused makes the file of refused rows; the function that comes back
// closes it, and removes it where there are none.
func (c *subscriberImportCmd) openRefused(o *subscribers.ImportOptions) (func(int) error, error) {
	if c.Refused == "" {
		return func(int) error { return nil }, nil
	}
	f, err := os.OpenFile(c.Refused, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, &errs.Error{Kind: errs.Invalid, Field: "--refused", Text: "cannot make the file", Err: err}
	}
	o.Refused = f
	return func(refused int) error {
		err := f.Close()
		if refused == 0 {
			err = os.Remove(c.Refused)
		}
		return err
	}, nil
}

// tell says on stderr what a person should know beside the numbers.
func (c *subscriberImportCmd) tell(s *session, r subscribers.ImportResult) {
	if r.Origin != "" {
		s.say("%s: an export of %s", c.File, r.Origin)
	}
	for i, x := range r.Refusals {
		if i == 20 {
			s.say("… and %d more", r.Refused-i)
			break
		}
		s.say("%s:%d: refused: %s", c.File, x.Line, x.Reason)
	}
	for i, x := range r.Hints {
		if i == 10 {
			s.say("… and %d more that look odd", r.Odd-i)
			break
		}
		s.say("%s:%d: taken, but look at it: %s", c.File, x.Line, x.Reason)
	}
	if r.Refused > 0 && c.Refused != "" {
		s.say("%s: the refused rows, to mend and import again", c.Refused)
	}
	if r.Suppressed > 0 {
		s.say("%s for the do-not-mail list", plural(r.Suppressed, "address", "addresses"))
	}
	if r.Left > 0 {
		s.say("%s left alone: the reader had unsubscribed.", plural(r.Left, "membership was", "memberships were"))
	}
}

// importBar draws how far an import is: first its bytes, then its rows.
func (s *session) importBar(size int64) func(subscribers.ImportResult) {
	make := func(max int64, text string, bytes bool) *progressbar.ProgressBar {
		return progressbar.NewOptions64(max, progressbar.OptionSetWriter(s.io.err), progressbar.OptionShowBytes(bytes), progressbar.OptionShowCount(),
			progressbar.OptionSetDescription(text), progressbar.OptionClearOnFinish())
	}
	reading := make(size, "Reading", true)
	var storing *progressbar.ProgressBar
	return func(r subscribers.ImportResult) {
		if r.Stored == 0 {
			_ = reading.Set64(r.Read)
			return
		}
		if storing == nil {
			_ = reading.Clear()
			storing = make(int64(r.Rows), "Storing", false)
		}
		_ = storing.Set(min(r.Stored, r.Rows))
	}
}

func splitNames(names []string) []string {
	var out []string
	for _, n := range names {
		if n = strings.TrimSpace(n); n != "" {
			out = append(out, n)
		}
	}
	return out
}

type subscriberImportsCmd struct {
	N int `short:"n" default:"20" help:"How many at most."`
}

// Run lists imports.
func (c *subscriberImportsCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all, err := h.registry.Imports(s.ctx, c.N)
		if err != nil {
			return err
		}
		return s.print(append([]subscribers.ImportRecord{}, all...), func() {
			if len(all) == 0 {
				s.printf("Nothing was imported yet.\n")
			}
			for _, r := range all {
				s.printf("%s  %s  %-8s %d added, %d updated, %d unchanged, %d refused  %s\n", r.ID, s.when(r.StartedAt), r.State, r.Added, r.Updated, r.Unchanged, r.Refused, r.File)
			}
		})
	})
}

type subscriberUndoCmd struct {
	Yes bool `help:"Do not ask first."`
}

// Run takes the last import back.
func (c *subscriberUndoCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all, err := h.registry.Imports(s.ctx, 1000)
		if err != nil {
			return err
		}
		for _, r := range all {
			if r.State == subscribers.ImportUndone {
				continue
			}
			if !c.Yes && !s.confirm(fmt.Sprintf("Take back the import of %s, %s (%s added)?", r.File, s.when(r.StartedAt), plural(r.Added, "reader"))) {
				return unfinished{"nothing was changed"}
			}
			break
		}
		r, undone, err := h.registry.UndoImport(s.ctx, "cli")
		if err != nil {
			return err
		}
		out := struct {
			Import subscribers.ImportID `json:"import"`
			subscribers.Undone
		}{r.ID, undone}
		return s.print(out, func() {
			s.printf("%s: %s removed, %d taken off lists, %d with their values of before, %d off the do-not-mail list\n",
				r.File, plural(undone.Removed, "reader"), undone.Left, undone.Restored, undone.Unsuppressed)
		})
	})
}

// confirm asks before something is done that cannot be taken back. Without a
// terminal nobody is asked and the answer is yes.
func (s *session) confirm(question string) bool {
	if !s.io.terminal || s.json {
		return true
	}
	fmt.Fprintf(s.io.err, "%s [y/N] ", question)
	answer, err := bufio.NewReader(s.io.in).ReadString('\n')
	if err != nil && answer == "" {
		return false
	}
	a := strings.ToLower(strings.TrimSpace(answer))
	return a == "y" || a == "yes"
}
