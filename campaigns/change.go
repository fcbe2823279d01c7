package campaigns

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/ids"
)

// Change puts a campaign as it is given in place of the one with its id. Lists
// are given by ListNames. It must still be as it was at base, its UpdatedAt
// when the change began: where somebody else was faster that is a Conflict, and
// both should be looked at. An archived campaign is a Conflict too. The state
// stays; a schedule that is new counts from now on; a standing approval is the
// actor's from now on, or ends where each edition is to be looked at. A change
// of nothing changes nothing.
func (d *Desk) Change(ctx context.Context, actor string, c Campaign, base time.Time) (Campaign, error) {
	old, err := d.Store.Campaign(ctx, c.ID.String())
	if err != nil {
		return Campaign{}, err
	}
	switch {
	case old.State == Archived:
		return Campaign{}, errs.Conflictf("campaign %q is archived: duplicate it to go on", old.Name)
	case !old.UpdatedAt.Equal(base):
		return Campaign{}, errs.Conflictf("campaign %q was changed by somebody else in the meantime: look at both before you go on", old.Name)
	}
	now := d.Now()
	c.State, c.CreatedAt, c.ScheduledFrom, c.UpdatedAt = old.State, old.CreatedAt, old.ScheduledFrom, later(now, old.UpdatedAt)
	c.ApprovedBy, c.ApprovedAt = old.ApprovedBy, old.ApprovedAt
	c.fill()
	c.ListNames = each(c.ListNames)
	if err := c.validate(); err != nil {
		return Campaign{}, err
	}
	if err := d.checkLines(ctx, &c); err != nil {
		return Campaign{}, err
	}
	changed := c.differs(old)
	if len(changed) == 0 {
		return old, nil
	}
	if slices.Contains(changed, "schedule") || slices.Contains(changed, "zone") || slices.Contains(changed, "days off") {
		if err := c.firesAfter(now); err != nil {
			return Campaign{}, err
		}
		c.ScheduledFrom = now
	}
	if c.Lists, err = d.Store.ListsByName(ctx, c.ListNames); err != nil {
		return Campaign{}, err
	}
	if c.Segment != "" && c.Segment != old.Segment {
		if _, err := d.Store.SegmentByName(ctx, c.Segment); err != nil {
			return Campaign{}, err
		}
	}
	c.ApprovedBy, c.ApprovedAt = "", time.Time{}
	if c.Approval == Once {
		c.ApprovedBy, c.ApprovedAt = actor, now
	}
	err = d.Store.ChangeCampaign(ctx, c, base, entry(now, actor, "changed", "campaign", int64(c.ID), strings.Join(changed, ", ")))
	if errs.Is(err, errs.Conflict) && c.Name != old.Name {
		if _, taken := d.Store.Campaign(ctx, c.Name); taken == nil {
			return Campaign{}, nameTaken(c.Name)
		}
	}
	return c, err
}

// differs names the settings in which c and another version of it differ.
func (c Campaign) differs(old Campaign) []string {
	sorted := func(names []string) []string { return slices.Sorted(slices.Values(names)) }
	var out []string
	for _, f := range []struct {
		name string
		same bool
	}{
		{"name", c.Name == old.Name}, {"source", c.Source == old.Source}, {"recap", c.Recap == old.Recap}, {"approval", c.Approval == old.Approval},
		{"lists", slices.Equal(sorted(c.ListNames), sorted(old.ListNames))}, {"segment", c.Segment == old.Segment}, {"schedule", c.Schedule == old.Schedule}, {"zone", c.Zone == old.Zone},
		{"days off", slices.Equal(c.DaysOff, old.DaysOff) && c.OnDayOff == old.OnDayOff},
		{"late limit", c.LateLimit == old.LateLimit}, {"subject", c.Subject == old.Subject}, {"preheader", c.Preheader == old.Preheader},
		{"sender", c.Sender == old.Sender}, {"reply-to", c.ReplyTo == old.ReplyTo}, {"theme", c.Theme == old.Theme},
		{"blocks", sameBlocks(c.Blocks, old.Blocks)},
		{"networks", slices.Equal(c.Networks, old.Networks)}, {"canonical", c.Canonical == old.Canonical}, {"tracking", c.Tracking == old.Tracking},
	} {
		if !f.same {
			out = append(out, f.name)
		}
	}
	return out
}

// Duplicate makes a paused campaign like another under a name of its own, as
// the start of the next one. A one-off schedule is not taken over: it has been.
func (d *Desk) Duplicate(ctx context.Context, actor, ref string) (Campaign, error) {
	c, err := d.Store.Campaign(ctx, ref)
	if err != nil {
		return Campaign{}, err
	}
	old := c
	now := d.Now()
	c.ID, c.State, c.CreatedAt, c.UpdatedAt, c.ScheduledFrom = ids.New[campaignMark](), Paused, now, now, now
	if c.firesAfter(now) != nil {
		c.Schedule = ""
	}
	c.ApprovedBy, c.ApprovedAt = "", time.Time{}
	if c.Approval == Once {
		c.ApprovedBy, c.ApprovedAt = actor, now
	}
	for n := 2; n < 1000; n++ {
		c.Name = fmt.Sprintf("%s (%d)", clipped(old.Name, maxCampaignName-6), n)
		err = d.Store.AddCampaign(ctx, c, entry(now, actor, "created", "campaign", int64(c.ID), "like "+old.ID.String()))
		if !errs.Is(err, errs.Conflict) {
			return c, err
		}
	}
	return Campaign{}, err
}

// clipped is at most n bytes of a name, whole letters.
func clipped(s string, n int) string {
	for len(s) > n {
		r := []rune(s)
		s = string(r[:len(r)-1])
	}
	return s
}

// later is now, or just behind before where the clock has not moved: two
// versions of a campaign never have the same time.
func later(now, before time.Time) time.Time {
	if next := before.Add(time.Millisecond); now.Before(next) {
		return next
	}
	return now
}

func nameTaken(name string) error {
	return &errs.Error{Kind: errs.Conflict, Field: "name", Text: fmt.Sprintf("there is a campaign %q already: choose another name", name)}
}
