package campaigns

import (
	"context"

	"postrider/recaps"
	"postrider/templates"
)

// CheckTags refuses a recap with a merge tag that is none, or that asks for a
// field which no reader has: its author hears it when the recap is kept, with
// the place and the nearest name, and not a reader when it is sent.
func (d *Desk) CheckTags(ctx context.Context, r recaps.Recap) error {
	return d.checkTags(ctx, templates.Edition{Recaps: []recaps.Recap{r}})
}

func (d *Desk) checkTags(ctx context.Context, e templates.Edition) error {
	uses, err := templates.Tags(e)
	if err != nil {
		return err
	}
	var names []string
	for _, u := range uses {
		names = append(names, u.Name)
	}
	if len(names) == 0 || d.Fields == nil {
		return nil
	}
	known, err := d.Fields(ctx, names)
	if err != nil {
		return err
	}
	return templates.CheckTags(uses, known)
}

// checkLines is checkTags for what a campaign has of its own.
func (d *Desk) checkLines(ctx context.Context, c *Campaign) error {
	if err := d.checkBlocks(ctx, c); err != nil {
		return err
	}
	return d.checkTags(ctx, templates.Edition{Subject: c.Subject, Preheader: c.Preheader, Blocks: c.Blocks})
}
