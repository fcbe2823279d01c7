package admin

import (
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/words"
	"postrider/web/pages"
)

// glance is how far an edition was when somebody last looked.
type glance struct {
	at       time.Time
	accepted int
	rate     float64 // mails a second between the two looks before, 0 when not known
}

// Looks closer together than steady say nothing; ones further apart than stale
// may have a pause between them.
const (
	steady = time.Second
	stale  = time.Minute
)

// pace says how fast an edition goes out and how long it will take, once two
// looks at it can tell: the page itself looks every two seconds.
func (h *house) pace(w *words.Words, e campaigns.Edition, f delivery.Figures, now time.Time) string {
	before, known := h.glances.Get(e.ID)
	next := glance{at: now, accepted: f.Accepted}
	if since := now.Sub(before.at); known && since < stale {
		if since < steady {
			next = before
		} else {
			next.rate = float64(f.Accepted-before.accepted) / since.Seconds()
		}
	}
	h.glances.Put(e.ID, next)
	left := f.Queued + f.Leased + f.Sending
	if e.State != campaigns.Sending || next.rate <= 0 || left == 0 {
		return ""
	}
	takes := time.Duration(float64(left) / next.rate * float64(time.Second))
	return w.T("editions.pace", int(next.rate*60+0.5), left, pages.Takes(w, takes))
}
