package campaigns

import (
	"context"
	"fmt"
	"time"

	"postrider/internal/errs"
	"postrider/organisation"
)

// ApproveEdition lets an edition in review go out at its due time.
func (d *Desk) ApproveEdition(ctx context.Context, actor string, e Edition) error {
	now := d.Now()
	if e.State != EditionReady { // approved but not scheduled: an earlier try was cut off in between
		if err := d.move(ctx, actor, e, Move{To: EditionReady, ApprovedBy: actor, At: now}); err != nil {
			return err
		}
		e.State = EditionReady
	}
	due := e.DueAt
	if due.Before(now) {
		due = now // waiting for approval is not lateness
	}
	return d.move(ctx, actor, e, Move{To: Scheduled, DueAt: due, At: now})
}

// UndoWindow is how long an edition that is sent at once can be taken back
// before it begins.
const UndoWindow = 60 * time.Second

// Schedule approves an edition that is a draft, in review or approved, and has
// it go out at due; a time that has passed means UndoWindow from now.
func (d *Desk) Schedule(ctx context.Context, actor string, e Edition, due time.Time) error {
	if soon := d.Now().Add(UndoWindow); due.Before(soon) {
		due = soon
	}
	e.DueAt = due
	return d.ApproveEdition(ctx, actor, e)
}

// Undo takes back an edition that is scheduled: it is a draft again, nobody has
// got it, and its approval is void. One that has begun is a Conflict.
func (d *Desk) Undo(ctx context.Context, actor string, e Edition) error {
	if e.State != Scheduled {
		return moveError(e.State, Draft)
	}
	return d.move(ctx, actor, e, Move{To: Draft, Reason: "taken back by " + organisation.ActorName(actor)})
}

// Pause stops an edition that is sending; mails on the wire finish.
func (d *Desk) Pause(ctx context.Context, actor string, e Edition) error {
	return d.move(ctx, actor, e, Move{To: EditionPaused, Reason: "paused by " + organisation.ActorName(actor)})
}

// Resume goes on with an edition that is paused or held, where it stopped.
// Whoever has had the mail does not get it again. Any other edition is a
// Conflict: one that is freezing would be sent to a part of its audience.
func (d *Desk) Resume(ctx context.Context, actor string, e Edition) error {
	switch e.State {
	case EditionPaused:
		return d.move(ctx, actor, e, Move{To: Sending})
	case Held:
		return d.move(ctx, actor, e, Move{To: e.HeldFrom})
	}
	return errs.Conflictf("an edition that is %s does not stand still", e.State)
}

// Cancel ends an edition: whoever has not had the mail will not get it.
func (d *Desk) Cancel(ctx context.Context, actor string, e Edition) error {
	return d.move(ctx, actor, e, Move{To: Cancelled, Reason: "cancelled by " + organisation.ActorName(actor)})
}

// Hold stops an edition for a reason that a person can act on.
func (d *Desk) Hold(ctx context.Context, actor string, e Edition, cause Cause, reason string) error {
	return d.move(ctx, actor, e, Move{To: Held, HeldFrom: e.State, Cause: cause, Reason: reason})
}

// Freeze begins to resolve the audience of a scheduled edition: whoever is
// on its lists now.
func (d *Desk) Freeze(ctx context.Context, e Edition, now time.Time) error {
	if e.State != Scheduled {
		return moveError(e.State, Freezing) // a held one goes back by Resume
	}
	return d.move(ctx, "courier", e, Move{To: Freezing, Cutoff: now, At: now})
}

// Finish says that nobody of the edition waits any more. A recipient that
// came back in the meantime makes it a Conflict.
func (d *Desk) Finish(ctx context.Context, e Edition) error {
	return d.move(ctx, "courier", e, Move{To: Sent})
}

func (d *Desk) move(ctx context.Context, actor string, e Edition, m Move) error {
	if !CanMove(e.State, m.To) {
		return moveError(e.State, m.To)
	}
	m.Edition, m.From = e.ID, e.State
	if m.At.IsZero() {
		m.At = d.Now()
	}
	detail := fmt.Sprintf("%s → %s", m.From, m.To)
	if m.Cause != "" {
		detail += ": " + string(m.Cause)
	}
	return d.Store.MoveEdition(ctx, m, entry(m.At, actor, string(m.To), "edition", int64(e.ID), detail))
}

// FindEdition reads an edition by its id or "latest".
func (d *Desk) FindEdition(ctx context.Context, ref string) (Edition, error) {
	if ref == "" {
		return Edition{}, errs.Invalidf("name an edition by its id, or latest")
	}
	return d.Store.Edition(ctx, ref)
}
