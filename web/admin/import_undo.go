package admin

import (
	"net/http"

	"postrider/internal/errs"
	"postrider/subscribers"
	"postrider/web/respond"
)

// undoView is the import that can be taken back: the newest that was not.
type undoView struct {
	ID, What, When         string
	Added, Updated, Barred int
}

// undoable is nil where there is no import to take back.
func (h *house) undoable(r *http.Request) (*undoView, error) {
	x, err := h.lastImport(r)
	if errs.Is(err, errs.NotFound) {
		return nil, nil //nolint:nilnil // there is nothing to show
	}
	if err != nil {
		return nil, err
	}
	clock := h.clock(r, "")
	v := &undoView{ID: x.ID.String(), What: x.File, When: clock.When(x.StartedAt), Added: x.Added, Updated: x.Updated, Barred: x.Suppressed}
	if v.What == "" {
		v.What = clock.Words.T("imports.pasted")
	}
	return v, nil
}

func (h *house) lastImport(r *http.Request) (subscribers.ImportRecord, error) {
	all, err := h.Registry.Imports(r.Context(), importsShown)
	if err != nil {
		return subscribers.ImportRecord{}, err
	}
	for _, x := range all {
		if x.State != subscribers.ImportUndone {
			return x, nil
		}
	}
	return subscribers.ImportRecord{}, errs.NotFoundf("there is no import to undo")
}

// undoImport takes the import of the page back. Where a newer one has come in
// between, the page is shown anew: somebody has to look first.
func (h *house) undoImport(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	last, err := h.lastImport(r)
	if err != nil {
		return err
	}
	if last.ID.String() != r.PostForm.Get("import") {
		return errs.Conflictf("another import has come in since: look at it first")
	}
	_, undone, err := h.Registry.UndoImport(r.Context(), h.actor(r))
	if err != nil {
		return err
	}
	return h.done(w, r, "/imports", h.words(r).T("imports.said_undone", undone.Removed, undone.Restored, undone.Left), nil)
}
