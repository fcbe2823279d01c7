package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/scheduler/almanac"
	"postrider/scheduler/schedule"
)

type campaignDaysCmd struct {
	Campaign string `arg:"" help:"Campaign's id or name."`
	File     string `arg:"" optional:"" help:"Days in place of those that it has: a calendar (.ics), or a list with a day a line, as in \"2026-12-24 Christmas Eve\" or \"2026-12-24/2027-01-06 Holidays\"; - reads it from stdin."`
	Move     bool   `xor:"then" help:"Dates on these days come on the next day that is not off."`
	Drop     bool   `xor:"then" help:"Dates on these days are left out (the default)."`
	None     bool   `help:"No days off any more."`
}

// Run shows or sets the days off.
func (c *campaignDaysCmd) Run(s *session) error {
	if c.None && c.File != "" {
		return &errs.Error{Kind: errs.Invalid, Field: "--none", Text: "name a file of days or --none, not both"}
	}
	return s.with(func(h *house) error {
		one, err := h.store.Campaign(s.ctx, c.Campaign)
		if err != nil {
			return err
		}
		before := one.UpdatedAt
		if c.None {
			one.DaysOff = nil
		}
		if c.File != "" {
			if one.DaysOff, err = s.readDaysOff(c.File); err != nil {
				return err
			}
		}
		if c.Move {
			one.OnDayOff = campaigns.MoveDate
		} else if c.Drop {
			one.OnDayOff = campaigns.DropDate
		}
		if c.None || c.File != "" || c.Move || c.Drop {
			if one, err = h.desk.Change(s.ctx, "cli", one, before); err != nil {
				return err
			}
		}
		return s.print(map[string]any{"days_off": append([]schedule.DayOff{}, one.DaysOff...), "then": one.OnDayOff}, func() {
			if len(one.DaysOff) == 0 {
				s.printf("No days off.\n")
				return
			}
			s.printf("%s", schedule.WriteDaysOff(one.DaysOff))
			s.printf("# dates on these days are %s\n", map[campaigns.OnDayOff]string{campaigns.DropDate: "left out", campaigns.MoveDate: "moved to the next day that is not off"}[one.OnDayOff])
		})
	})
}

// readDaysOff reads a calendar or a list.
func (s *session) readDaysOff(path string) ([]schedule.DayOff, error) {
	in := s.io.in
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("reading the days off: %w", err)
		}
		defer f.Close()
		in = f
	}
	body, err := io.ReadAll(io.LimitReader(in, almanac.MaxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("reading the days off: %w", err)
	}
	if !almanac.Is(body) {
		return schedule.ParseDaysOff(string(body))
	}
	days, passed, err := almanac.DaysOff(body, time.Now())
	if err == nil && passed > 0 {
		s.say("%d events are no whole days and were passed over.", passed)
	}
	return days, err
}
