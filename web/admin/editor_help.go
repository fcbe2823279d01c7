package admin

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"strings"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/web/respond"
)

// editorRoutes are what helps with writing: they change the text that is handed
// to them, no recap.
func (h *house) editorRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "POST /recaps/move", Needs: editor, Handle: h.moveTakeaway, MaxBody: sheetBody},
		{Pattern: "POST /recaps/clipboard", Needs: editor, Handle: h.readClipboard, MaxBody: recaps.MaxClipboard},
	}
}

// moveTakeaway puts a takeaway of the text a place up or down: "move" says
// which and where to, "3-up". A script gets the text, a form the editor with it.
func (h *house) moveTakeaway(w http.ResponseWriter, r *http.Request) error {
	v, err := h.readSheet(r)
	if err != nil {
		return err
	}
	place, way, _ := strings.Cut(r.PostFormValue("move"), "-")
	from, err := strconv.Atoi(place)
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	to := from + 1
	if way == "up" {
		to = from - 1
	}
	moved, err := recaps.MoveTakeaway(v.Sheet.Name, v.Sheet.Text, from, to)
	if errs.Is(err, errs.Invalid) {
		if asScript(r) {
			return answer(w, http.StatusUnprocessableEntity, helped{Said: h.words(r).Said(wrongIn(v.Sheet.Text, err).Text)})
		}
		v.Wrong = wrongIn(v.Sheet.Text, err)
		return h.showEditor(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	v.Sheet.Text = moved
	if v.Sheet, err = h.Notebook.Note(r.Context(), v.Sheet); err != nil {
		return err
	}
	if asScript(r) {
		return answer(w, http.StatusOK, helped{Text: moved, Manuscript: v.Sheet.ID.String(), Said: h.words(r).T("recaps.said_moved", to)})
	}
	if err := h.judge(r, &v); err != nil {
		return err
	}
	return h.showEditor(w, r, http.StatusOK, v)
}

// readClipboard turns HTML of a clipboard, the whole body, into Markdown.
func (h *house) readClipboard(w http.ResponseWriter, r *http.Request) error {
	clip, err := io.ReadAll(r.Body)
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	text, err := recaps.ReadClipboard(string(clip))
	if errs.Is(err, errs.Invalid) {
		return answer(w, http.StatusUnprocessableEntity, helped{Said: respond.Sentence(h.words(r).Said(err.Error()))})
	}
	if err != nil {
		return err
	}
	return answer(w, http.StatusOK, helped{Text: text})
}

// helped is what the editor's script gets: a text to put in, and what to say.
type helped struct {
	Text       string `json:"text"`
	Manuscript string `json:"manuscript,omitempty"`
	Said       string `json:"said"`
}

func asScript(r *http.Request) bool { return r.Header.Get("Accept") == "application/json" }

func answer(w http.ResponseWriter, status int, v helped) error {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(v)
}
