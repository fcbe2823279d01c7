package campaigns

import (
	"context"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
)

// Uncertain keeps what a person decides about recipients whose outcome is
// not certain.
type Uncertain interface {
	// Resend brings them back to the queue, and an edition that is sent back to
	// sending; it returns how many. Their 48 hours begin anew.
	Resend(ctx context.Context, e EditionID, from EditionState, entry audit.Entry) (int, error)
	// GiveUp leaves them as they are and returns how many had not been decided.
	GiveUp(ctx context.Context, e EditionID, entry audit.Entry) (int, error)
	// GiveUpOld does that in every edition with those who have been uncertain
	// since before that time, with one entry for each edition: entry with its
	// Object and figures. It returns how many recipients.
	GiveUpOld(ctx context.Context, before time.Time, entry audit.Entry) (int, error)
}

// DecideWithin is how long people are asked about an uncertain recipient. After
// that the question closes by itself: the mail is left as it is, which is what
// doing nothing means.
const DecideWithin = 72 * time.Hour

// Resend sends an edition again to those whose outcome is not certain. Some of
// them may get it twice, with the same Message-ID. It returns how many.
func (d *Desk) Resend(ctx context.Context, actor string, e Edition) (int, error) {
	switch e.State {
	case Sent, Sending, EditionPaused, Held:
	default:
		return 0, errs.Conflictf("an edition that is %s has nobody to send it again", e.State)
	}
	return d.Store.Resend(ctx, e.ID, e.State, entry(d.Now(), actor, "resent", "edition", int64(e.ID), "uncertain"))
}

// GiveUp leaves those whose outcome is not certain without another try. It
// returns how many.
func (d *Desk) GiveUp(ctx context.Context, actor string, e Edition) (int, error) {
	return d.Store.GiveUp(ctx, e.ID, entry(d.Now(), actor, "gave_up", "edition", int64(e.ID), "uncertain"))
}

// CloseUncertain leaves those about whom nobody has decided within
// DecideWithin, in all editions. What comes back from them later still makes
// them accepted. It may be called at any time and returns how many it closed.
func (d *Desk) CloseUncertain(ctx context.Context) (int, error) {
	now := d.Now()
	return d.Store.GiveUpOld(ctx, now.Add(-DecideWithin), entry(now, "courier", "gave_up", "edition", 0, "uncertain for 72 hours"))
}
