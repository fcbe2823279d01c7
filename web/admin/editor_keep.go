package admin

import (
	"net/http"
	"strconv"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/web/respond"
)

// keepText keeps what was typed: a new recap, or the next revision of one.
func (h *house) keepText(w http.ResponseWriter, r *http.Request) error {
	waiting, err := uploadOf(r, "picture")
	if err != nil {
		return err
	}
	v, err := h.readSheet(r)
	if err != nil {
		return err
	}
	if err := h.judge(r, &v); err != nil {
		return err
	}
	if v.Fresh {
		v.Wrong = &wrongText{Text: h.words(r).T("recaps.nothing_typed")}
	}
	if len(waiting) > 0 && !v.Imported {
		v.Pictures = picturesView{Open: true, Wrong: h.words(r).T("editor.picture_waits"), Alt: r.PostFormValue("alt")}
	}
	if v.Wrong != nil || v.Pictures.Wrong != "" {
		return h.showEditor(w, r, http.StatusUnprocessableEntity, v)
	}
	if v.Imported {
		return h.showEditor(w, r, http.StatusOK, v) // a file is looked at before it is kept
	}
	saved, err := h.keepSheet(r, &v)
	if errs.Is(err, errs.Conflict) && (v.Conflict != nil || v.Twin != nil) {
		return h.showEditor(w, r, http.StatusConflict, v)
	}
	if err != nil {
		return err
	}
	if err := h.Notebook.Discard(r.Context(), h.writer(r), v.Sheet.ID); err != nil {
		return err
	}
	said := "recaps.said_kept"
	if r.PostFormValue("then") == "approve" && h.may(r, reviewer) {
		if saved, err = h.Library.Approve(r.Context(), h.actor(r), saved.ID); err != nil {
			return err
		}
		said = "recaps.said_kept_approved"
	}
	return h.done(w, r, recapURL(saved.ID), h.words(r).T(said, saved.Number), nil)
}

// keepSheet hands the text to the Library. Where somebody else was faster, or has
// the address, v says so and the error is a Conflict.
func (h *house) keepSheet(r *http.Request, v *editorView) (recaps.Saved, error) {
	ctx, recap := r.Context(), v.Look.Recap
	source := v.Sheet.Name
	if source == "" {
		source = "editor"
	}
	if v.Sheet.Recap != 0 {
		saved, err := h.Library.Revise(ctx, h.actor(r), v.Sheet.Recap, v.Sheet.Base, recap, source)
		if errs.Is(err, errs.Conflict) {
			return saved, h.showBoth(r, v, err)
		}
		return saved, err
	}
	switch as := r.PostFormValue("as"); as {
	case "new":
		free, err := h.Library.FreeSlug(ctx, recap.Slug)
		if err != nil {
			return recaps.Saved{}, err
		}
		recap.Slug = free
	case "revision":
		id, err := recaps.ParseID(r.PostFormValue("twin"))
		if err != nil {
			return recaps.Saved{}, err
		}
		base, err := strconv.Atoi(r.PostFormValue("twin_base"))
		if err != nil {
			return recaps.Saved{}, &respond.Malformed{Err: err}
		}
		v.Sheet.Recap, v.Sheet.Base = id, base
		saved, err := h.Library.Revise(ctx, h.actor(r), id, base, recap, source)
		if errs.Is(err, errs.Conflict) {
			return saved, h.showBoth(r, v, err)
		}
		return saved, err
	}
	saved, err := h.Library.Create(ctx, h.actor(r), recap, source)
	if errs.Is(err, errs.Conflict) {
		return saved, h.showTwin(r, v, recap.Slug, err)
	}
	return saved, err
}

// showBoth puts what somebody else kept beside the text, which from now on is a
// change of that: kept again, it takes its place knowingly.
func (h *house) showBoth(r *http.Request, v *editorView, conflict error) error {
	saved, err := h.Library.Get(r.Context(), v.Sheet.Recap.String())
	if err != nil {
		return err
	}
	revision, err := h.Store.RecapRevision(r.Context(), saved.ID, saved.Number)
	if err != nil {
		return err
	}
	theirs := saved.Recap.MarkdownSource()
	v.Conflict = &conflictView{Number: saved.Number, By: h.nameOf(r, revision.Actor), When: h.clock(r, "").When(revision.CreatedAt), Theirs: theirs,
		Lines: diff(theirs, v.Look.Recap.MarkdownSource())}
	v.Sheet.Base = saved.Number
	if v.Sheet, err = h.Notebook.Note(r.Context(), v.Sheet); err != nil {
		return err
	}
	return conflict
}

func (h *house) showTwin(r *http.Request, v *editorView, slug string, conflict error) error {
	saved, err := h.Library.Get(r.Context(), slug)
	if err != nil {
		return err
	}
	free, err := h.Library.FreeSlug(r.Context(), slug)
	if err != nil {
		return err
	}
	v.Twin = &twinView{Title: saved.Recap.Title, URL: recapURL(saved.ID), Free: h.Public + "/r/" + free, ID: saved.ID.String(), Number: saved.Number,
		Mark: recapMark(h.words(r), saved.State)}
	return conflict
}
