// Package scheduler watches the active campaigns and has the Desk open an
// edition for each firing of their schedules, once, whatever was restarted or
// killed in between. What a schedule means is package schedule's; what an
// edition is made of is the Desk's.
package scheduler

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
)

// Store is what the loop reads.
type Store interface {
	// ActiveCampaigns are those with a schedule that are active.
	ActiveCampaigns(ctx context.Context) ([]campaigns.Campaign, error)
	// LastOccurrence is when the latest recorded firing was due, or zero.
	LastOccurrence(ctx context.Context, c campaigns.ID) (time.Time, error)
}

// Desk records firings.
type Desk interface {
	Fire(ctx context.Context, c campaigns.Campaign, o campaigns.Occurrence) (campaigns.Occurrence, error)
}

// Loop fires schedules.
type Loop struct {
	Store Store
	Desk  Desk
	Now   func() time.Time
	Log   *slog.Logger
}

// lookEvery is how often the loop notices campaigns made or changed by other
// processes.
const lookEvery = 2 * time.Second

// maxMissed bounds the missed firings that one look records one by one.
const maxMissed = 500

// Run fires until ctx ends.
func (l *Loop) Run(ctx context.Context) {
	for {
		next, err := l.Tick(ctx)
		if err != nil && ctx.Err() == nil {
			l.Log.Error("firing schedules", "err", err)
		}
		pause := lookEvery
		if !next.IsZero() {
			pause = min(max(next.Sub(l.Now()), 0), lookEvery)
		}
		timer := time.NewTimer(pause)
		select {
		case <-ctx.Done():
			timer.Stop()
			return
		case <-timer.C:
		}
	}
}

// Tick records every firing that is due and returns when the next one is, or
// the zero time. It may be called by several processes at once: a firing's key
// lets one of them record it.
func (l *Loop) Tick(ctx context.Context) (time.Time, error) {
	all, err := l.Store.ActiveCampaigns(ctx)
	if err != nil {
		return time.Time{}, err
	}
	var next time.Time
	for _, c := range all {
		at, err := l.tick(ctx, c)
		if err != nil {
			// One campaign's trouble does not stop the others.
			l.Log.Error("firing a schedule", "campaign", c.ID, "err", err)
			continue
		}
		if !at.IsZero() && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	return next, nil
}

func (l *Loop) tick(ctx context.Context, c campaigns.Campaign) (time.Time, error) {
	s, err := c.Dates()
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the schedule: %w", err)
	}
	last, err := l.Store.LastOccurrence(ctx, c.ID)
	if err != nil {
		return time.Time{}, err
	}
	if last.Before(c.ScheduledFrom) {
		last = c.ScheduledFrom
	}
	now := l.Now()
	due := s.Between(last, now, maxMissed+1) // one more says whether the last of them is the latest
	for i, f := range due[:min(len(due), maxMissed)] {
		o := campaigns.Occurrence{Wall: f.Wall, Offset: f.Offset, DueAt: f.At, State: campaigns.OccurrenceDue}
		if i < len(due)-1 {
			// Several dates passed while nothing ran: readers get one mail, not a heap.
			o.State, o.Reason = campaigns.OccurrenceSkipped, "missed while Postrider was not running; a later date followed"
		}
		o, err := l.Desk.Fire(ctx, c, o)
		if errs.Is(err, errs.Conflict) {
			continue // another process recorded it
		}
		if err != nil {
			return time.Time{}, err
		}
		l.Log.Info("fired", "campaign", c.ID, "wall", o.Wall, "outcome", o.State, "edition", o.Edition)
	}
	f, ok := s.Next(now)
	if !ok {
		return time.Time{}, nil
	}
	return f.At, nil
}
