package admin

import (
	"net/http"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/store"
)

type departuresView struct {
	editionView
	Heading string
	Rows    []departureView
	First   string
	More    string
}

type departureView struct{ Email, URL, When string }

// departures are the readers who unsubscribed from an issue, the first ones
// first.
func (h *house) departures(w http.ResponseWriter, r *http.Request) error {
	var after store.EventID
	if s := r.URL.Query().Get("after"); s != "" {
		id, err := ids.Parse[store.Departure](s)
		if err != nil {
			return errs.NotFoundf("there is no such page of readers: begin at its first")
		}
		after = store.EventID(id)
	}
	e, err := h.view(r)
	if err != nil {
		return err
	}
	if e.Departed, err = h.Store.Departed(r.Context(), e.ID); err != nil {
		return err
	}
	rows, err := h.Store.Departures(r.Context(), e.ID, after, recipientsPage+1)
	if err != nil {
		return err
	}
	v := departuresView{editionView: e, Heading: h.words(r).T("editions.left", e.Departed)}
	if after != 0 {
		v.First = e.URL + "/left"
	}
	if len(rows) > recipientsPage {
		rows = rows[:recipientsPage]
		v.More = e.URL + "/left?after=" + rows[len(rows)-1].ID.String()
	}
	clock := h.clock(r, "")
	for _, d := range rows {
		v.Rows = append(v.Rows, departureView{Email: d.Email, URL: readerURL(d.Subscriber), When: clock.When(d.At)})
	}
	return h.page(w, r, "left", h.frame(r, v.Heading, "/editions"), v)
}
