package main

import (
	"cmp"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"postrider/delivery"
)

type relayListCmd struct{}

// Run lists relays.
func (c *relayListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all, err := h.book.List(s.ctx)
		if err != nil {
			return err
		}
		if all == nil {
			all = []delivery.Relay{}
		}
		return s.print(all, func() {
			if len(all) == 0 {
				s.printf("No mail server yet. See postrider relay presets, then: postrider relay add NAME --kind KIND --host HOST --user NAME\n")
			}
			for _, r := range all {
				s.printf("%-20s %-7s %-16s %s\n", r.Name, r.State, r.Kind, net.JoinHostPort(r.Config.Host, strconv.Itoa(r.Config.Port)))
				if r.Trouble != "" {
					s.printf("%20s since %s: %s\n", "", s.when(r.TroubleAt), r.Trouble)
				}
			}
		})
	})
}

type relayShowCmd struct {
	Relay string `arg:"" help:"Its name or id."`
}

// Run shows a relay.
func (c *relayShowCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.book.Find(s.ctx, c.Relay)
		if err != nil {
			return err
		}
		day, _ := delivery.RelayDay(time.Now())
		handed, err := h.store.HandedToday(s.ctx, r.ID, day)
		if err != nil {
			return err
		}
		return s.print(r, func() { s.printRelay(r, handed) })
	})
}

func (s *session) printRelay(r delivery.Relay, handed int) {
	limit, ends := r.DailyLimit(time.Now())
	logIn := "none"
	if r.Config.Username != "" {
		logIn = r.Config.Username + ", " + cmp.Or(r.Config.Auth, "the strongest that both know")
	}
	var headers []string
	for _, h := range r.Config.Headers {
		headers = append(headers, h.Name+": "+h.Value)
	}
	today := unlimited(limit, "mails")
	if limit > 0 && handed > 0 {
		today += fmt.Sprintf(", %d of them handed over", handed)
	}
	warmup := "none"
	if !ends.IsZero() {
		warmup = "ends on " + ends.Format("Mon 02 Jan 2006")
	} else if len(r.Warmup.Limits) > 0 {
		warmup = "over"
	}
	for _, line := range [][2]string{
		{"Name", r.Name}, {"Id", r.ID.String()}, {"Kind", string(r.Kind)}, {"State", string(r.State)},
		{"Server", net.JoinHostPort(r.Config.Host, strconv.Itoa(r.Config.Port)) + ", TLS " + string(r.Config.TLS)}, {"Log-in", logIn},
		{"Greeting", cmp.Or(r.Config.Helo, "this machine's name")}, {"Envelope sender", strings.TrimSpace(string(r.SenderMode) + " " + r.BounceAddress)},
		{"Connections", strconv.Itoa(r.Config.Connections) + perConnection(r)}, {"Pace", unlimited(r.PacePerMinute, "mails a minute")},
		{"Today", today}, {"Warm-up", warmup}, {"Weight", strconv.Itoa(r.Weight)},
		{"For senders at", cmp.Or(strings.Join(r.SenderDomains, ", "), "any domain")}, {"Headers", cmp.Or(strings.Join(headers, "; "), "none")},
	} {
		s.printf("%-16s %s\n", line[0], line[1])
	}
	if r.Trouble != "" {
		s.printf("%-16s %s (since %s)\n", "Trouble", r.Trouble, s.when(r.TroubleAt))
	}
}

func unlimited(n int, what string) string {
	if n == 0 {
		return "no limit"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func perConnection(r delivery.Relay) string {
	var parts []string
	if r.MailsPerConnection > 0 {
		parts = append(parts, fmt.Sprintf("%d mails", r.MailsPerConnection))
	}
	if r.MinutesPerConnection > 0 {
		parts = append(parts, fmt.Sprintf("%d minutes", r.MinutesPerConnection))
	}
	if len(parts) == 0 {
		return ""
	}
	return ", each for " + strings.Join(parts, " or ")
}

type relayPresetsCmd struct{}

// Run shows the presets. It opens no database.
func (c *relayPresetsCmd) Run(s *session) error {
	all := delivery.Presets()
	return s.print(all, func() {
		for _, p := range all {
			s.printf("%-17s %s\n", p.Kind, p.Title)
			s.printf("%17s %s, TLS %s, sender %s, %s\n", "", net.JoinHostPort(cmp.Or(p.Host, "HOST"), strconv.Itoa(p.Port)), p.TLS, p.SenderMode, plural(p.Connections, "connection"))
			for _, hint := range p.Hints {
				s.printf("%17s · %s\n", "", hint)
			}
		}
	})
}

type relayPauseCmd struct {
	Relay string `arg:"" help:"Its name or id."`
}

// Run pauses a relay.
func (c *relayPauseCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.book.Pause(s.ctx, "cli", c.Relay)
		if err != nil {
			return err
		}
		return s.print(r, func() { s.printf("%s gets no further mails\n", r.Name) })
	})
}

type relayResumeCmd struct {
	Relay string `arg:"" help:"Its name or id."`
}

// Run resumes a relay.
func (c *relayResumeCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.book.Resume(s.ctx, "cli", c.Relay)
		if err != nil {
			return err
		}
		return s.print(r, func() { s.printf("%s gets mails again\n", r.Name) })
	})
}

type relayRemoveCmd struct {
	Relay string `arg:"" help:"Its name or id."`
}

// Run removes a relay.
func (c *relayRemoveCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		r, err := h.book.Remove(s.ctx, "cli", c.Relay)
		if err != nil {
			return err
		}
		return s.print(map[string]string{"removed": r.Name}, func() { s.printf("%s and its password are gone\n", r.Name) })
	})
}
