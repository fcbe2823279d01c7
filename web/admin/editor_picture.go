package admin

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"path"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/recaps/media"
	"postrider/web/respond"
)

const (
	albumShown  = 60                         // pictures that the editor offers
	sheetBody   = recapBody + media.MaxBytes // whichever button is pressed: a picture may be chosen
	pictureTime = 30 * time.Second           // reading and drawing a large one
)

// pictureRoutes are the pictures of recaps.
func (h *house) pictureRoutes() []respond.Route {
	return []respond.Route{
		{Pattern: "POST /recaps/picture", Needs: editor, Handle: h.placePicture, MaxBody: sheetBody, Timeout: pictureTime},
		{Pattern: "GET /pictures/{file}", Needs: analyst, Handle: h.picture},
	}
}

// picturesView is the part of the editor that puts a picture into the text.
type picturesView struct {
	Album      []albumPicture
	Open       bool // it was just used
	Wrong      string
	Alt        string
	Decorative bool
	Chosen     string
}

type albumPicture struct{ Name, Small, Alt string }

// album fills in what can be chosen.
func (h *house) album(r *http.Request, v *picturesView) error {
	all, err := h.Album.List(r.Context(), albumShown)
	if err != nil {
		return err
	}
	for _, p := range all {
		if _, small, ok := recaps.KeptPicture(p.Name); ok {
			v.Album = append(v.Album, albumPicture{Name: p.Name, Small: "/pictures/" + path.Base(small), Alt: p.Alt})
		}
	}
	return nil
}

// picture shows one width of a picture that is kept.
func (h *house) picture(w http.ResponseWriter, r *http.Request) error {
	v, err := h.Store.PictureVersion(r.Context(), r.PathValue("file"))
	if err != nil {
		return err
	}
	respond.Picture(w, r, v.Kind, v.Body)
	return nil
}

// placePicture keeps an uploaded picture, or takes one that is kept, and puts
// it into the text. A script gets the text, a form the editor with it.
func (h *house) placePicture(w http.ResponseWriter, r *http.Request) error {
	file, err := uploadOf(r, "picture")
	if err != nil {
		return err
	}
	v, err := h.readSheet(r)
	if err != nil {
		return err
	}
	p := &v.Pictures
	p.Open, p.Chosen, p.Decorative = true, r.PostFormValue("kept"), r.PostFormValue("decorative") != ""
	p.Alt = strings.Join(strings.Fields(r.PostFormValue("alt")), " ")
	name, alt, err := h.chosenPicture(r, p, file)
	if err == nil {
		v.Sheet.Text, err = recaps.PlacePicture(v.Sheet.Name, v.Sheet.Text, name, alt)
	}
	if errs.Is(err, errs.Invalid) {
		p.Wrong = withoutField(err)
		if asScript(r) {
			return answer(w, http.StatusUnprocessableEntity, helped{Said: h.words(r).Said(p.Wrong)})
		}
		if err := h.judge(r, &v); err != nil {
			return err
		}
		return h.showEditor(w, r, http.StatusUnprocessableEntity, v)
	}
	if err != nil {
		return err
	}
	if v.Sheet, err = h.Notebook.Note(r.Context(), v.Sheet); err != nil {
		return err
	}
	if asScript(r) {
		return answer(w, http.StatusOK, helped{Text: v.Sheet.Text, Manuscript: v.Sheet.ID.String(), Said: h.words(r).T("editor.said_placed")})
	}
	v.Pictures = picturesView{}
	if err := h.judge(r, &v); err != nil {
		return err
	}
	return h.showEditor(w, r, http.StatusOK, v)
}

// chosenPicture is the picture that a form names, and its words. An upload is
// kept only with words, or where it is said to be decoration.
func (h *house) chosenPicture(r *http.Request, p *picturesView, file []byte) (name, alt string, err error) {
	t := h.words(r)
	if p.Decorative {
		p.Alt = ""
	}
	switch {
	case len(file) > 0 && p.Alt == "" && !p.Decorative:
		return "", "", errs.Invalidf("%s", t.T("editor.picture_needs_alt"))
	case len(file) > 0:
		kept, err := h.Album.Keep(r.Context(), h.actor(r), p.Alt, bytes.NewReader(file))
		return kept.Name, p.Alt, err
	case p.Chosen == "":
		return "", "", errs.Invalidf("%s", t.T("editor.picture_none"))
	}
	if err := h.album(r, p); err != nil {
		return "", "", err
	}
	for _, a := range p.Album {
		if a.Name == p.Chosen {
			if alt = p.Alt; alt == "" && !p.Decorative {
				alt = a.Alt
			}
			p.Album = nil
			return a.Name, alt, nil
		}
	}
	return "", "", errs.Invalidf("%s", t.T("editor.picture_none"))
}

// withoutField is a refusal in words for people, beside its field already.
func withoutField(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return respond.Sentence(err.Error())
	}
	at := *e
	at.Field, at.File, at.Line = "", "", 0
	return respond.Sentence(at.Error())
}

// uploadOf reads a file of a form, nil where none was chosen. It comes before
// readSheet, which clears the form's files away.
func uploadOf(r *http.Request, field string) ([]byte, error) {
	if err := r.ParseMultipartForm(recapBody); errors.Is(err, http.ErrNotMultipart) {
		return nil, nil
	} else if err != nil {
		return nil, &respond.Malformed{Err: err}
	}
	file, _, err := r.FormFile(field)
	if errors.Is(err, http.ErrMissingFile) {
		return nil, nil
	}
	if err != nil {
		return nil, &respond.Malformed{Err: err}
	}
	defer func() { _ = file.Close() }() // only read from
	all, err := io.ReadAll(io.LimitReader(file, media.MaxBytes+1))
	if err != nil {
		return nil, &respond.Malformed{Err: err}
	}
	return all, nil
}
