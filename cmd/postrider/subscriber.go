package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"postrider/internal/errs"
	"postrider/subscribers"
)

type subscriberCmd struct {
	Add     subscriberAddCmd     `cmd:"" help:"Add a reader; a known address gets the new values."`
	Show    subscriberShowCmd    `cmd:"" help:"Show a reader: fields, lists, consent."`
	List    subscriberListCmd    `cmd:"" help:"List readers."`
	Change  subscriberChangeCmd  `cmd:"" help:"Change a reader's name, language, zone or fields."`
	Move    subscriberMoveCmd    `cmd:"" help:"Give a reader another address, because they asked for it. What they are on and agreed to stays."`
	Join    subscriberJoinCmd    `cmd:"" help:"Put a reader on lists. A list that they left stays left: only they come back."`
	Leave   subscriberLeaveCmd   `cmd:"" help:"Take a reader off lists, off all where none is named."`
	Import  subscriberImportCmd  `cmd:"" help:"Import readers: CSV, a paste of addresses, or another service's export. Nobody is mailed, and nobody who left is brought back."`
	Imports subscriberImportsCmd `cmd:"" help:"Show the imports, newest first."`
	Undo    subscriberUndoCmd    `cmd:"" name:"undo-import" help:"Take the last import back."`
	Tag     subscriberTagCmd     `cmd:"" help:"Add tags to a reader, or take some away."`
	Note    subscriberNoteCmd    `cmd:"" help:"Write something down about a reader, for the team."`
	Forget  subscriberForgetCmd  `cmd:"" help:"Erase a reader for good. A keyed hash keeps imports from bringing them back."`
	Export  subscriberExportCmd  `cmd:"" help:"Export readers as CSV, which imports again unchanged."`
}

type subscriberAddCmd struct {
	Email   string            `arg:"" help:"Address."`
	Name    string            `help:"Name." placeholder:"TEXT"`
	List    []string          `help:"List to join; may be given several times." placeholder:"NAME"`
	Field   map[string]string `help:"Any other value, for merge tags and segments." placeholder:"KEY=VALUE"`
	Lang    string            `help:"Language, as in sv." placeholder:"LANG"`
	Zone    string            `help:"Time zone, as in Europe/Stockholm." placeholder:"ZONE"`
	Consent string            `help:"The wording that they agreed to." placeholder:"TEXT"`
	Tag     []string          `help:"Tag; may be given several times." placeholder:"TAG"`
}

// Run adds a reader.
func (c *subscriberAddCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		added, err := h.registry.Add(s.ctx, "cli", subscribers.Newcomer{
			Email: c.Email, Name: c.Name, Language: c.Lang, Zone: c.Zone, Fields: c.Field, Lists: c.List, Consent: c.Consent, Source: "cli", Tags: c.Tag,
		})
		if err != nil {
			return err
		}
		return s.showSubscriber(h, added)
	})
}

type subscriberShowCmd struct {
	Subscriber string `arg:"" help:"Address or id."`
}

// Run shows a reader.
func (c *subscriberShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		found, err := h.registry.Find(s.ctx, c.Subscriber)
		if err != nil {
			return err
		}
		return s.showSubscriber(h, found)
	})
}

func (s *session) showSubscriber(h *house, r subscribers.Subscriber) error {
	lists, err := h.registry.Memberships(s.ctx, r.ID)
	if err != nil {
		return err
	}
	consents, err := h.registry.Consents(s.ctx, r.ID)
	if err != nil {
		return err
	}
	barred, err := h.registry.Suppressed(s.ctx, []string{r.Email})
	if err != nil {
		return err
	}
	_, suppressed := barred[r.Email]
	tags, err := h.registry.Tags(s.ctx, r.ID)
	if err != nil {
		return err
	}
	line, err := h.registry.TimeLine(s.ctx, r.ID, 100)
	if err != nil {
		return err
	}
	out := struct {
		subscribers.Subscriber
		Lists      []subscribers.Membership `json:"lists"`
		Consents   []subscribers.Consent    `json:"consents"`
		Suppressed bool                     `json:"suppressed"`
		Tags       []string                 `json:"tags"`
		TimeLine   []subscribers.Moment     `json:"time_line"`
	}{r, append([]subscribers.Membership{}, lists...), append([]subscribers.Consent{}, consents...), suppressed,
		append([]string{}, tags...), append([]subscribers.Moment{}, line...)}
	return s.print(out, func() {
		s.printf("%s  %s  %s\n", r.ID, r.Email, r.Name)
		for _, m := range lists {
			s.printf("  %s on %s since %s\n", m.State, m.Name, s.when(m.JoinedAt))
		}
		for k, v := range r.Fields {
			s.printf("  %s: %s\n", k, v)
		}
		if len(tags) > 0 {
			s.printf("  tags: %s\n", strings.Join(tags, ", "))
		}
		if suppressed {
			s.printf("  on the do-not-mail list\n")
		}
		if r.AddressState != subscribers.AddressOK {
			s.printf("  the address %s\n", r.AddressState)
		}
		for _, m := range line {
			s.printf("  %s  %s %s  %s  %s\n", s.when(m.At), m.Kind, m.What, m.Who, m.Text)
		}
	})
}

type subscriberListCmd struct {
	List   string `help:"Only readers of this list." placeholder:"NAME"`
	State  string `help:"Only in this state on the list: pending, active or unsubscribed." placeholder:"STATE"`
	Search string `help:"Part of an address or a name." placeholder:"TEXT"`
	N      int    `short:"n" default:"100" help:"How many at most."`
	After  string `help:"Go on behind this id." placeholder:"ID"`
}

// query turns list and state into a question.
func (h *house) query(s *session, list, state, search string) (subscribers.Query, error) {
	q := subscribers.Query{State: subscribers.MembershipState(state), Search: search}
	if list == "" {
		return q, nil
	}
	l, err := h.registry.List(s.ctx, list)
	q.List = l.ID
	return q, err
}

// Run lists readers.
func (c *subscriberListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		q, err := h.query(s, c.List, c.State, c.Search)
		if err != nil {
			return err
		}
		q.Limit = c.N
		if c.After != "" {
			if err := q.After.UnmarshalText([]byte(c.After)); err != nil {
				return err
			}
		}
		page, err := h.registry.Page(s.ctx, q)
		if err != nil {
			return err
		}
		return s.print(append([]subscribers.Subscriber{}, page...), func() {
			for _, r := range page {
				s.printf("%s  %-40s %s\n", r.ID, r.Email, r.Name)
			}
		})
	})
}

type subscriberExportCmd struct {
	List  string `help:"Only readers of this list." placeholder:"NAME"`
	State string `help:"Only in this state on the list." placeholder:"STATE"`
	Out   string `short:"o" help:"File to write; it must not exist (default: stdout)." placeholder:"FILE"`
	Raw   bool   `help:"Cells as they are, for programs. Without it no cell is a formula to a spreadsheet; import reads both."`
}

// Run exports.
func (c *subscriberExportCmd) Run(s *session) error {
	if s.json && c.Out == "" {
		return &errs.Error{Kind: errs.Invalid, Field: "--out", Text: "with --json name the file that the CSV goes to"}
	}
	return s.with(func(h *house) error {
		q, err := h.query(s, c.List, c.State, "")
		if err != nil {
			return err
		}
		q.Raw = c.Raw
		var w io.Writer = s.io.out
		if c.Out != "" {
			f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
			if err != nil {
				return fmt.Errorf("making the file: %w", err)
			}
			defer f.Close()
			w = f
		}
		n, err := h.registry.Export(s.ctx, w, q)
		if err != nil {
			return err
		}
		if c.Out == "" {
			return nil
		}
		return s.print(map[string]any{"out": c.Out, "rows": n}, func() { s.printf("%s: %s\n", c.Out, plural(n, "reader")) })
	})
}
