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
		{Pattern: "POST /recaps/weigh", Needs: editor, Handle: h.weighTakeaway, MaxBody: sheetBody},
		{Pattern: "POST /recaps/clipboard", Needs: editor, Handle: h.readClipboard, MaxBody: recaps.MaxClipboard},
	}
}

// moveTakeaway puts a takeaway of the text at another place: "move" says which
// and where to, "3-up", "3-down" or "3-5".
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
	var to int
	switch way {
	case "up":
		to = from - 1
	case "down":
		to = from + 1
	default:
		if to, err = strconv.Atoi(way); err != nil {
			return &respond.Malformed{Err: err}
		}
	}
	moved, err := recaps.MoveTakeaway(v.Sheet.Name, v.Sheet.Text, from, to)
	return h.changed(w, r, v, moved, err, h.words(r).T("recaps.said_moved", to))
}

// weighTakeaway gives a takeaway of the text a weight: "weigh" says which,
// "weight-3" how much. Nothing is no weight.
func (h *house) weighTakeaway(w http.ResponseWriter, r *http.Request) error {
	v, err := h.readSheet(r)
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(r.PostFormValue("weigh"))
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	weight, said := 0, h.words(r).T("editor.said_unweighed", n)
	if typed := strings.TrimSpace(r.PostFormValue("weight-" + strconv.Itoa(n))); typed != "" && typed != "0" {
		if weight, err = strconv.Atoi(typed); err != nil {
			weight = -1 // refused with the words of the rule
		}
		said = h.words(r).T("editor.said_weighed", n, weight)
	}
	weighed, err := recaps.WeighTakeaway(v.Sheet.Name, v.Sheet.Text, n, weight)
	return h.changed(w, r, v, weighed, err, said)
}

// changed answers a change of the text: a script gets the text, a form the
// editor with it. A change that is refused leaves the text alone.
func (h *house) changed(w http.ResponseWriter, r *http.Request, v editorView, text string, err error, said string) error {
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
	v.Sheet.Text = text
	if v.Sheet, err = h.Notebook.Note(r.Context(), v.Sheet); err != nil {
		return err
	}
	if asScript(r) {
		return answer(w, http.StatusOK, helped{Text: text, Manuscript: v.Sheet.ID.String(), Said: said})
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
	text, left, err := recaps.ReadClipboard(string(clip))
	if errs.Is(err, errs.Invalid) {
		return answer(w, http.StatusUnprocessableEntity, helped{Said: respond.Sentence(h.words(r).Said(err.Error()))})
	}
	if err != nil {
		return err
	}
	said := ""
	if len(left) > 0 {
		said = h.words(r).T("editor.pasted_without", len(left), left[0].What, left[0].Why)
	}
	return answer(w, http.StatusOK, helped{Text: text, Said: said})
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
