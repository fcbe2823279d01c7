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
	for _, s := range delivery.States {
		n := f.Of(s)
		if n == 0 {
			continue
		}
		wide := max(int(int64(n)*whole/int64(f.Audience)), visible)
		parts = append(parts, segment{State: string(s), Word: pages.RecipientWord(w, s), N: n, URL: recipientsURL(id, s), W: wide})
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
	return shownFirst(parts)
}

// shownFirst puts what has been handed over at the bar's beginning: it grows
// from there while an edition is sent.
func shownFirst(parts []segment) []segment {
	for i, p := range parts {
		if p.State != string(delivery.Accepted) || i == 0 {
			continue
		}
		moved := append([]segment{p}, parts[:i]...)
		parts = append(moved, parts[i+1:]...)
		break
	}
	x := 0
	for i := range parts {
		parts[i].X = x
		x += parts[i].W
	}
	return parts
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
