package campaigns

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"postrider/internal/errs"
	"postrider/recaps"
)

// Outlook is what a campaign would send if it ran now.
type Outlook struct {
	Campaign Campaign
	Recaps   []recaps.Saved // none: there is nothing new
	Content  Content        // rendered, unless there is nothing
	// Seen stands for all that it was made of. What is sent later is what was
	// looked at as long as it is the same.
	Seen string
}

// Unapproved are the recaps that nobody has approved as they are.
func (o Outlook) Unapproved() []recaps.Saved { return unapproved(o.Recaps) }

// Outlook renders what a campaign would send if it ran now. Nothing is stored.
func (d *Desk) Outlook(ctx context.Context, ref string) (Outlook, error) {
	c, err := d.Store.Campaign(ctx, ref)
	if err != nil {
		return Outlook{}, err
	}
	o, _, err := d.outlook(ctx, c)
	return o, err
}

func (d *Desk) outlook(ctx context.Context, c Campaign) (Outlook, Edition, error) {
	o := Outlook{Campaign: c}
	var err error
	if o.Recaps, err = d.sources(ctx, c); err != nil || len(o.Recaps) == 0 {
		return o, Edition{}, err
	}
	org, err := d.organisation(ctx)
	if err != nil {
		return o, Edition{}, err
	}
	e, content, err := d.draft(ctx, c, org, o.Recaps, d.Now())
	if err != nil {
		return o, e, err
	}
	o.Content, o.Seen = content, seen(c, o.Recaps)
	return o, e, nil
}

// seen does not depend on the moment, as the rendered bytes do.
func seen(c Campaign, sources []recaps.Saved) string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %d\n", c.ID, c.UpdatedAt.UnixMilli())
	for _, r := range sources {
		fmt.Fprintf(h, "%s %s\n", r.ID, r.Revision)
	}
	return hex.EncodeToString(h.Sum(nil)[:12])
}

// Send opens an edition of a campaign by hand, beside its schedule, for due; a
// time that has passed means UndoWindow from now. seen is the Outlook's that
// the actor looked at: where the campaign or a recap has changed since, that is
// a Conflict. Empty means that nothing was looked at. Recaps that are drafts
// are a Conflict: approve them first. The edition is approved by the actor;
// where the campaign wants each looked at, it waits in review.
func (d *Desk) Send(ctx context.Context, actor, ref, seen string, due time.Time) (Edition, error) {
	c, err := d.Store.Campaign(ctx, ref)
	if err != nil {
		return Edition{}, err
	}
	if c.State == Archived {
		return Edition{}, errs.Conflictf("campaign %q is archived: duplicate it to send again", c.Name)
	}
	o, e, err := d.outlook(ctx, c)
	switch {
	case err != nil:
		return Edition{}, err
	case len(o.Recaps) == 0:
		return Edition{}, errs.Conflictf("there is nothing new: no approved recap that these lists have not had")
	case seen != "" && seen != o.Seen:
		return Edition{}, errs.Conflictf("the campaign or its recap was changed since you looked at it: look again before you send")
	}
	if open := o.Unapproved(); len(open) > 0 {
		return Edition{}, notApproved(open[0])
	}
	now := d.Now()
	if soon := now.Add(UndoWindow); due.Before(soon) {
		due = soon
	}
	e.DueAt, e.OnlyNew = due, c.Source == Collect
	e.State, e.ApprovedBy, e.ApprovedAt = Scheduled, actor, now
	if c.Approval == Each {
		e.State, e.ApprovedBy, e.ApprovedAt, e.Reason = InReview, "", time.Time{}, "waits for approval"
	}
	return d.open(ctx, e, o.Content, nil, entry(now, actor, "opened", "edition", int64(e.ID), "sent by hand"))
}
