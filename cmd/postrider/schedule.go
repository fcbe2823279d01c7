package main

import (
	"time"

	"postrider/internal/errs"
	"postrider/scheduler/schedule"
)

type scheduleCmd struct {
	Next    scheduleNextCmd    `cmd:"" help:"Show the next dates of a schedule."`
	Explain scheduleExplainCmd `cmd:"" help:"Say a schedule in words."`
}

type scheduleNextCmd struct {
	Text string `arg:"" help:"Cron text or words, as in \"0 9 * * 2\", \"weekly tue 09:00\", \"once 2026-12-01T09:00\"."`
	Zone string `default:"UTC" help:"Time zone, as in Europe/Stockholm."`
	From string `help:"Start after this time: 2027-03-27T12:00 in the zone, or with an offset (default: now)." placeholder:"TIME"`
	N    int    `short:"n" default:"10" help:"How many dates."`
}

// Run shows dates.
func (c *scheduleNextCmd) Run(s *session) error {
	sched, err := schedule.Parse(c.Text, c.Zone)
	if err != nil {
		return err
	}
	from := time.Now()
	if c.From != "" {
		zone, err := time.LoadLocation(sched.Zone())
		if err != nil {
			return err
		}
		if from, err = parseTime(c.From, zone); err != nil {
			return err
		}
	}
	if c.N < 1 || c.N > 10_000 {
		return &errs.Error{Kind: errs.Invalid, Field: "-n", Text: "want a number from 1 to 10000"}
	}
	return s.printDates(sched.NextN(from, c.N))
}

// parseTime reads a time with an offset, or one in zone.
func parseTime(text string, zone *time.Location) (time.Time, error) {
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02T15:04:05", "2006-01-02T15:04", "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil {
			return t, nil
		}
	}
	return time.Time{}, &errs.Error{Kind: errs.Invalid, Field: "--from", Text: "want a time such as 2027-03-27T12:00 or 2027-03-27T12:00:00+01:00"}
}

type scheduleExplainCmd struct {
	Text string `arg:"" help:"Cron text or words."`
	Zone string `default:"UTC" help:"Time zone, as in Europe/Stockholm."`
}

// Run explains.
func (c *scheduleExplainCmd) Run(s *session) error {
	sched, err := schedule.Parse(c.Text, c.Zone)
	if err != nil {
		return err
	}
	next := sched.NextN(time.Now(), 3)
	dates := []string{}
	for _, f := range next {
		dates = append(dates, f.At.Format(time.RFC3339))
	}
	out := struct {
		Text  string   `json:"text"`
		Zone  string   `json:"zone"`
		Words string   `json:"words"`
		Next  []string `json:"next"`
	}{sched.String(), c.Zone, sched.Explain(), dates}
	return s.print(out, func() {
		s.printf("%s\n", out.Words)
		printFirings(s, next)
	})
}

// when is a time as people read it, with its zone.
func (s *session) when(t time.Time) string { return t.Local().Format("Mon 02 Jan 2006, 15:04 MST") }
