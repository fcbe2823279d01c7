package admin

import (
	"context"
	"slices"
	"strings"

	"postrider/campaigns"
	"postrider/internal/words"
	"postrider/networks"
	"postrider/web/pages"
)

// lines say what happens now and what happens next.
func (h *house) lines(ctx context.Context, v *editionView, clock pages.Clock) ([]string, error) {
	var out []string
	if text := need(clock.Words, v.Edition, v.Figures); text != "" {
		out = append(out, text)
	}
	if v.State == campaigns.Cancelled && v.Reason != "" {
		out = append(out, words.Capital(clock.Words.Said(v.Reason))+".")
	}
	if v.State == campaigns.EditionPaused || v.State == campaigns.Held && v.Figures.Audience > 0 {
		out = append(out, clock.Words.T("editions.goes_on_at", v.Figures.Accepted, v.Figures.Audience))
	}
	if text := h.pace(clock.Words, v.Edition, v.Figures, clock.Now); text != "" {
		out = append(out, text)
	}
	waits, err := h.waits(ctx, *v, clock)
	if err != nil {
		return nil, err
	}
	out = append(out, waits...)
	if v.Undecided == 0 && v.Figures.Unknown > 0 {
		out = append(out, clock.Words.T("editions.decided", v.Figures.Unknown))
	}
	return out, nil
}

// shownWaits bounds the domains that are named.
const shownWaits = 5

// waits say who waits for another try, by domain, with the mail server's words.
func (h *house) waits(ctx context.Context, v editionView, clock pages.Clock) ([]string, error) {
	if v.Figures.Deferred == 0 || v.State.Final() {
		return nil, nil
	}
	all, err := h.Store.Waits(ctx, v.ID, shownWaits)
	if err != nil {
		return nil, err
	}
	var out []string
	named := 0
	for _, w := range all {
		if w.Domain == "" {
			continue // of readers who were erased: they are among the rest
		}
		if w.Text != "" {
			out = append(out, clock.Words.T("editions.wait_said", w.Readers, w.Domain, clock.Hour(w.Next), w.Text))
		} else {
			out = append(out, clock.Words.T("editions.wait", w.Readers, w.Domain, clock.Hour(w.Next)))
		}
		named += w.Readers
	}
	if rest := v.Figures.Deferred - named; rest > 0 {
		out = append(out, clock.Words.T("editions.wait_rest", rest))
	}
	return out, nil
}

// shares are the counts of share links by network, the most used first.
func (h *house) shares(ctx context.Context, id campaigns.EditionID) ([]shareRow, error) {
	counts, err := h.Store.Shares(ctx, id)
	if err != nil {
		return nil, err
	}
	var rows []shareRow
	at := map[string]int{}
	for _, c := range counts {
		i, ok := at[c.Network]
		if !ok {
			i = len(rows)
			at[c.Network] = i
			name := c.Network
			if net, err := networks.Find(c.Network); err == nil {
				name = net.Name
			}
			rows = append(rows, shareRow{Name: name})
		}
		rows[i].People += c.People
		rows[i].Machines += c.Machines
	}
	slices.SortFunc(rows, func(a, b shareRow) int {
		if a.People != b.People {
			return b.People - a.People
		}
		return strings.Compare(a.Name, b.Name)
	})
	return rows, nil
}
