package subscribers

import (
	"context"
	"strings"
	"time"

	"postrider/internal/audit"
)

// maxPause is how long a reader can pause: who wants longer leaves.
const maxPause = 2 * 365 * 24 * time.Hour

// maxWhy bounds what somebody says on leaving, in bytes.
const maxWhy = 1000

// Own keeps what readers do on their own pages.
type Own interface {
	// PauseMemberships sets until when the lists that a reader is on send nothing.
	PauseMemberships(ctx context.Context, id ID, until time.Time, e audit.Entry) error
	// AddReason adds why a reader left to their record, once in a day.
	AddReason(ctx context.Context, id ID, text string, e audit.Entry) error
}

// Pause keeps every list of a reader from mailing them before until; the zero
// time ends a pause. They stay on their lists. It is idempotent.
func (g *Registry) Pause(ctx context.Context, actor string, id ID, until time.Time) error {
	now := g.Now()
	e := audit.Entry{At: now, Actor: actor, Action: "pause ended", Kind: "subscriber", Object: int64(id)}
	if !until.IsZero() {
		if !until.After(now) || until.Sub(now) > maxPause {
			return invalid("until", "choose a day within the next two years")
		}
		e.Action, e.Detail = "paused", "until "+until.UTC().Format(time.RFC3339)
	}
	return g.Store.PauseMemberships(ctx, id, until, e)
}

// SayWhy keeps why a reader left with their consent record, cut to 1000 bytes.
// Only the first of a day is kept; an empty one, and one of a reader who was
// forgotten, is no error.
func (g *Registry) SayWhy(ctx context.Context, id ID, text string) error {
	text = clean(text)
	if len(text) > maxWhy {
		text = strings.ToValidUTF8(text[:maxWhy], "")
	}
	if text == "" {
		return nil
	}
	return g.Store.AddReason(ctx, id, text, audit.Entry{At: g.Now(), Actor: "reader", Action: "said why", Kind: "subscriber", Object: int64(id)})
}
