package public

import (
	"net/http"

	"postrider/web/respond"
)

// logo is the picture at the head of mails and pages.
func (h *house) logo(w http.ResponseWriter, r *http.Request) error {
	l, err := h.Store.Logo(r.Context(), r.PathValue("name"))
	if err != nil {
		return err
	}
	respond.Picture(w, r, l.Kind, l.Body)
	return nil
}
