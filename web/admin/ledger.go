package admin

import (
	"net/url"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/words"
	"postrider/web/pages"
)

// segment is one part of the ledger: a piece of the bar and a row of the table.
type segment struct {
	State string
	Word  string
	Note  string // what it means
	N     int
	URL   string
	X, W  int // in thousandths of the bar
}

// ledger are the parts of an edition's figures that hold anybody, in the order
// people read them. The widths of the bar add up to a thousand; a part that is
// not empty can be seen.
func ledger(w *words.Words, id campaigns.EditionID, f delivery.Figures) []segment {
	const whole, visible = 1000, 6
	var parts []segment
	left := whole
	for _, s := range readingOrder {
		n := f.Of(s)
		if n == 0 {
			continue
		}
		wide := max(int(int64(n)*whole/int64(f.Audience)), visible)
		parts = append(parts, segment{State: string(s), Word: pages.RecipientWord(w, s), Note: note(w, s), N: n, URL: recipientsURL(id, s), W: wide})
		left -= wide
	}
	widest := 0
	for i := range parts {
		if parts[i].W > parts[widest].W {
			widest = i
		}
	}
	x := 0
	for i := range parts {
		if i == widest {
			parts[i].W += left
		}
		parts[i].X = x
		x += parts[i].W
	}
	return parts
}

// readingOrder is the order in which people read the ledger and its bar: what
// has been handed over grows from the beginning while an edition is sent.
var readingOrder = []delivery.State{delivery.Accepted, delivery.SendingRow, delivery.LeasedRow, delivery.Queued, delivery.Deferred, delivery.Refused,
	delivery.Expired, delivery.Unknown, delivery.Suppressed, delivery.Cancelled}

var notes = map[delivery.State]string{
	delivery.Accepted: "editions.note_accepted", delivery.Deferred: "editions.note_deferred", delivery.Refused: "editions.note_refused",
	delivery.Expired: "editions.note_expired", delivery.Unknown: "editions.note_unknown", delivery.Suppressed: "editions.note_suppressed",
	delivery.Cancelled: "editions.note_cancelled", delivery.Queued: "editions.note_queued",
}

func note(w *words.Words, s delivery.State) string {
	if key, ok := notes[s]; ok {
		return w.T(key)
	}
	return ""
}

// unlink takes the ways to people away from somebody who may see figures only.
func unlink(parts []segment) {
	for i := range parts {
		parts[i].URL = ""
	}
}

func recipientsURL(id campaigns.EditionID, s delivery.State) string {
	u := editionURL(id) + "/recipients"
	if s != "" {
		u += "?state=" + url.QueryEscape(string(s))
	}
	return u
}

func editionURL(id campaigns.EditionID) string { return "/editions/" + id.String() }

func campaignURL(id campaigns.ID) string { return "/campaigns/" + id.String() }
