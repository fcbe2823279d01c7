package admin

import (
	"time"

	"postrider/campaigns"
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
func (h *house) pace(w *words.Words, v editionView, now time.Time) string {
	before, known := h.glances.Get(v.ID)
	next := glance{at: now, accepted: v.Figures.Accepted}
	if since := now.Sub(before.at); known && since < stale {
		if since < steady {
			next = before
		} else {
			next.rate = float64(v.Figures.Accepted-before.accepted) / since.Seconds()
		}
	}
	h.glances.Put(v.ID, next)
	left := v.Figures.Queued + v.Figures.Leased + v.Figures.Sending
	if v.State != campaigns.Sending || next.rate <= 0 || left == 0 {
		return ""
	}
	takes := time.Duration(float64(left) / next.rate * float64(time.Second))
	return w.T("editions.pace", int(next.rate*60+0.5), left, pages.Takes(w, takes))
}
