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
