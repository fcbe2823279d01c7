package public

import (
	"net/http"

	"postrider/web/respond"
)

// picture is an image of a recap. Its name is the hash of its bytes, so that it
// never changes.
func (h *house) picture(w http.ResponseWriter, r *http.Request) error {
	v, err := h.Store.PictureVersion(r.Context(), r.PathValue("file"))
	if err != nil {
		return err
	}
	respond.Picture(w, r, v.Kind, v.Body)
	return nil
}
