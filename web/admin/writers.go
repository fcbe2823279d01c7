package admin

import (
	"net/http"

	"postrider/recaps"
	"postrider/web/respond"
)

// writerRoutes say who else is at work on a recap. The editor asks every
// twenty seconds.
func (h *house) writerRoutes() []respond.Route {
	return []respond.Route{{Pattern: "GET /recaps/{id}/writers", Needs: editor, Handle: h.writersPart}}
}

type writersView struct {
	Recap string // id
	All   []writerView
}

type writerView struct{ Name, Since string }

func (h *house) writersPart(w http.ResponseWriter, r *http.Request) error {
	saved, err := h.Library.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	v, err := h.writers(r, saved.ID)
	if err != nil {
		return err
	}
	return h.page(w, r, "writers", h.frame(r, saved.Recap.Title, "/recaps"), v)
}

// writers are those but the one who asks.
func (h *house) writers(r *http.Request, id recaps.ID) (writersView, error) {
	v := writersView{Recap: id.String()}
	all, err := h.Notebook.Others(r.Context(), h.writer(r), id)
	if err != nil || len(all) == 0 {
		return v, err
	}
	clock := h.clock(r, "")
	for _, x := range all {
		name, err := h.writerName(r, x.Actor)
		if err != nil {
			return v, err
		}
		v.All = append(v.All, writerView{Name: name, Since: clock.When(x.Since)})
	}
	return v, nil
}

// writerName is who a manuscript's actor is, see writer.
func (h *house) writerName(r *http.Request, actor string) (string, error) {
	operators, err := h.Office.Operators(r.Context())
	if err != nil {
		return "", err
	}
	for _, o := range operators {
		if o.ID.String() == actor {
			return o.Name, nil
		}
	}
	return h.nameOf(r, "operator"), nil
}
