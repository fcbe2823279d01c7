package main

import (
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/ids"
	"postrider/organisation"
)

type auditCmd struct {
	List auditListCmd `cmd:"" default:"withargs" help:"Who changed what, newest first (the default)."`
}

type auditListCmd struct {
	N    int    `short:"n" default:"50" help:"How many, at most 1000."`
	Who  string `help:"Only what one did: an operator's id, or cli, scheduler, courier, reader."`
	Kind string `help:"Only what happened to one kind of thing: edition, campaign, list…"`
	From string `help:"From this date or time on, in the organisation's zone."`
	To   string `help:"Before this date or time."`
}

// auditLine is a line of the log as scripts read it.
type auditLine struct {
	ID     string    `json:"id"`
	At     time.Time `json:"at"`
	Actor  string    `json:"actor"`
	Action string    `json:"action"`
	Kind   string    `json:"kind"`
	Object string    `json:"object"`
	From   string    `json:"from"`
	To     string    `json:"to"`
	Detail string    `json:"detail"`
}

// Run prints the audit log.
func (c *auditListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		filter := audit.Filter{Actor: c.Who, Kind: c.Kind}
		org, err := h.office.Get(s.ctx)
		if err != nil {
			return err
		}
		zone, err := time.LoadLocation(org.Zone)
		if err != nil {
			zone = time.UTC
		}
		for _, x := range []struct {
			text string
			to   *time.Time
		}{{c.From, &filter.From}, {c.To, &filter.Until}} {
			if x.text == "" {
				continue
			}
			if *x.to, err = parseTime(x.text, zone); err != nil {
				return err
			}
		}
		records, err := h.store.Audit(s.ctx, filter, audit.Record{}, min(max(c.N, 1), 1000))
		if err != nil {
			return err
		}
		out := []auditLine{}
		for _, r := range records {
			line := auditLine{ID: r.ID.String(), At: r.At, Actor: r.Actor, Action: r.Action, Kind: r.Kind, Object: ids.ID[audit.Entry](r.Object).String()}
			line.From, line.To, line.Detail = r.FromTo()
			out = append(out, line)
		}
		return s.print(out, func() {
			if len(records) == 0 {
				s.printf("Nothing that fits.\n")
			}
			for _, r := range records {
				s.printf("%s  %-16s %-14s %-12s %s\n", s.when(r.At), organisation.ActorName(r.Actor), strings.ReplaceAll(r.Action, "_", " "), r.Kind, r.Detail)
			}
		})
	})
}
