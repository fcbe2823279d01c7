package admin

import (
	"context"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
)

// tally is what was counted in the ledger of a large edition.
type tally struct {
	figures delivery.Figures
	state   campaigns.EditionState
	at      time.Time
}

// Counting a million readers takes a tenth of a second. Small editions are
// always counted; the numbers of large ones are as old as this at most.
const (
	largeCount = 50_000 // readers
	quickCount = 10_000 // so many are counted for a heading
	freshCount = 2 * time.Second
	finalCount = 30 * time.Second // of an edition that is sent or cancelled
)

// figures are an edition's numbers. Those of a large one are shared by all who
// look at it at the same time.
func (h *house) figures(ctx context.Context, e campaigns.Edition) (delivery.Figures, error) {
	began := time.Now() //nolint:forbidigo // measures; nothing is stored
	age := freshCount
	if e.State.Final() {
		age = finalCount
	}
	if t, ok := h.tallies.Get(e.ID); ok && t.state == e.State && began.Sub(t.at) < age {
		return t.figures, nil
	}
	f, err := h.Store.Figures(ctx, e.ID)
	if err == nil && f.Audience >= largeCount {
		h.tallies.Put(e.ID, tally{figures: f, state: e.State, at: began})
	}
	return f, err
}

// counted is how many readers of an edition are in a state, in any where it is
// empty, and whether that is their number: of a large edition whose figures
// nobody has asked for, at least so many. Who looks at people does not wait for
// a million to be counted. The audience alone stays known, as it no longer
// changes once an edition is frozen.
func (h *house) counted(ctx context.Context, e campaigns.Edition, state delivery.State) (int, bool, error) {
	if t, ok := h.tallies.Get(e.ID); ok && state == "" && t.state != campaigns.Freezing && e.State != campaigns.Freezing {
		return t.figures.Audience, true, nil
	} else if ok && state != "" && t.state == e.State && time.Since(t.at) < freshCount { //nolint:forbidigo // measures; nothing is stored
		return t.figures.Of(state), true, nil
	}
	n, err := h.Store.CountRecipients(ctx, e.ID, state, quickCount)
	return n, n < quickCount, err
}
