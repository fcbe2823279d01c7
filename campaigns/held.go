package campaigns

import (
	"context"
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
