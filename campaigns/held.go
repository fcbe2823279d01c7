package campaigns

import (
	"context"

	"postrider/internal/errs"
)

// SendHeld opens the edition of a firing that was held because it was late.
// What has nothing to send any more is skipped.
func (d *Desk) SendHeld(ctx context.Context, actor, ref string) (Occurrence, error) {
	c, o, err := d.heldOf(ctx, ref)
	if err != nil {
		return Occurrence{}, err
	}
	now := d.Now()
	sources, err := d.sources(ctx, c)
	if err != nil {
		return o, err
	}
	if len(sources) == 0 {
		return d.skip(ctx, actor, o, "nothing new: no approved recap that these lists have not had")
	}
	o.DueAt = now // it goes out now; its key keeps the planned time
	return d.openFor(ctx, actor, c, o, now)
}

// SkipHeld lets a firing that was held go by without an edition.
func (d *Desk) SkipHeld(ctx context.Context, actor, ref string) (Occurrence, error) {
	_, o, err := d.heldOf(ctx, ref)
	if err != nil {
		return Occurrence{}, err
	}
	return d.skip(ctx, actor, o, "skipped by a person")
}

// LeaveToNext lets a firing that was held go by: what it would have sent goes
// with the next date. Without a next date it is a Conflict.
func (d *Desk) LeaveToNext(ctx context.Context, actor, ref string) (Occurrence, error) {
	c, o, err := d.heldOf(ctx, ref)
	if err != nil {
		return Occurrence{}, err
	}
	next, err := c.Next(d.Now(), 1)
	switch {
	case err != nil:
		return o, err
	case c.State != Active:
		return o, errs.Conflictf("campaign %q is %s and has no next date: send it now, or skip it", c.Name, c.State)
	case len(next) == 0:
		return o, errs.Conflictf("campaign %q has no next date: send it now, or skip it", c.Name)
	}
	return d.skip(ctx, actor, o, "left to the next date, "+next[0].At.Format("2 January 2006, 15:04 MST"))
}

func (d *Desk) heldOf(ctx context.Context, ref string) (Campaign, Occurrence, error) {
	c, err := d.Store.Campaign(ctx, ref)
	if err != nil {
		return Campaign{}, Occurrence{}, err
	}
	o, err := d.Store.HeldOccurrence(ctx, c.ID)
	return c, o, err
}

func (d *Desk) skip(ctx context.Context, actor string, o Occurrence, reason string) (Occurrence, error) {
	now := d.Now()
	o.State, o.Reason = OccurrenceSkipped, reason
	return o, d.Store.SkipOccurrence(ctx, o, entry(now, actor, "skipped", "occurrence", int64(o.ID), o.Wall))
}
