package campaigns

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/networks"
	"postrider/scheduler/schedule"
	"postrider/templates"
)

const maxCampaignName = 200 // bytes

func (c *Campaign) fill() {
	for _, f := range []struct {
		field *string
		value string
	}{
		{(*string)(&c.State), string(Active)}, {(*string)(&c.Source), string(Fixed)}, {(*string)(&c.Approval), string(Once)},
		{(*string)(&c.Canonical), string(templates.CanonicalOriginal)}, {(*string)(&c.Tracking), string(Aggregate)},
	} {
		if *f.field == "" {
			*f.field = f.value
		}
	}
	if tidy, err := schedule.TidyDaysOff(c.DaysOff); err == nil {
		c.DaysOff = tidy
	}
	if len(c.DaysOff) == 0 {
		c.OnDayOff = ""
	} else if c.OnDayOff == "" {
		c.OnDayOff = DropDate
	}
	if c.LateLimit == 0 {
		c.LateLimit = DefaultLateLimit
	}
}

// each is the names without repetitions, in the order of their first mention.
func each(names []string) []string {
	var out []string
	for _, name := range names {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	return out
}

func bad(field, format string, args ...any) error {
	return &errs.Error{Kind: errs.Invalid, Field: field, Text: fmt.Sprintf(format, args...)}
}

func (c Campaign) validate() error {
	switch {
	case strings.TrimSpace(c.Name) == "" || len(c.Name) > maxCampaignName:
		return bad("name", "a campaign needs a name of at most %d letters", maxCampaignName)
	case c.State != Active && c.State != Paused:
		return bad("state", "a campaign that is made or changed is active or paused, not %q", c.State)
	case c.Source != Fixed && c.Source != Collect:
		return bad("source", "want fixed or collect, not %q", c.Source)
	case c.Approval != Once && c.Approval != Each:
		return bad("approval", "want once or each, not %q", c.Approval)
	case c.Source == Fixed && c.Recap == 0:
		return bad("recap", "a fixed campaign needs its recap; or collect what is new with source collect")
	case len(c.ListNames) == 0:
		return bad("list", "name at least one list of readers")
	case c.LateLimit < 0:
		return bad("late", "the late limit cannot be negative")
	case c.Tracking != Aggregate && c.Tracking != Off && c.Tracking != Personal:
		return bad("tracking", "want aggregate, off or personal, not %q", c.Tracking)
	case c.Canonical != templates.CanonicalOriginal && c.Canonical != templates.CanonicalPage:
		return bad("canonical", "want original or page, not %q", c.Canonical)
	}
	if err := c.validateDaysOff(); err != nil {
		return err
	}
	for _, n := range c.Networks {
		if _, err := networks.Find(string(n)); err != nil {
			return &errs.Error{Kind: errs.Invalid, Field: "network", Err: err}
		}
	}
	if err := templates.CheckTheme(c.Theme); err != nil {
		return err
	}
	if err := templates.CheckBlocks(c.Blocks); err != nil {
		return err
	}
	return c.validateTexts()
}

func (c Campaign) validateDaysOff() error {
	if len(c.DaysOff) > 0 && c.OnDayOff != DropDate && c.OnDayOff != MoveDate {
		return bad("on_day_off", "want drop or move, not %q", c.OnDayOff)
	}
	_, err := schedule.TidyDaysOff(c.DaysOff)
	return err
}

func (c Campaign) validateTexts() error {
	if _, err := mailaddr.ParseFrom(c.Sender); err != nil {
		return &errs.Error{Kind: errs.Invalid, Field: "from", Text: "want a sender such as \"News <news@org.example>\"", Err: err}
	}
	if c.ReplyTo != "" {
		if _, err := mailaddr.Parse(c.ReplyTo); err != nil {
			return &errs.Error{Kind: errs.Invalid, Field: "reply-to", Err: err}
		}
	}
	for _, f := range []struct{ field, text string }{{"subject", c.Subject}, {"preheader", c.Preheader}} {
		if _, err := templates.ParseSlots(f.text, templates.EscapeNone); err != nil {
			return &errs.Error{Kind: errs.Invalid, Field: f.field, Err: err}
		}
	}
	return nil
}

// firesAfter refuses a schedule that cannot be read or never fires again.
func (c Campaign) firesAfter(now time.Time) error {
	if c.Schedule == "" {
		return nil
	}
	s, err := c.Dates()
	if err != nil {
		return err
	}
	if _, ok := s.Next(now); !ok && len(c.DaysOff) > 0 {
		return bad("schedule", "%q never fires again: it lies in the past, or on days off", c.Schedule)
	} else if !ok {
		return bad("schedule", "%q lies in the past and never fires again", c.Schedule)
	}
	return nil
}
