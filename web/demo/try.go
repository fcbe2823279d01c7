package demo

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"mime"
	"net/http"
	"path"
	"strings"
	"unicode/utf8"

	"postrider/internal/errs"
	"postrider/internal/words"
	"postrider/recaps"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

// box is the paste box: what was typed, and what came of it.
type box struct {
	Name   string // of the file it came from, empty for typed text
	Text   string
	Wrong  string // what has to be mended
	Result *result
}

// result is everything that becomes of a recap.
type result struct {
	ID        string
	Title     string
	Takeaways int
	Subject   string
	MailText  string
	Mail      string // URL of the frame
	Page      string
	Snippets  []pages.Snippet
}

// preview are the documents that frames show.
type preview struct{ mail, page []byte }

// trySample shows what the box does with the recap that ships.
func (h *house) trySample(w http.ResponseWriter, r *http.Request) error {
	sample := recaps.Sample()
	sample.Image = "http://" + r.Host + PicturePath
	return h.answer(w, r, box{Text: sample.MarkdownSource(), Name: "sample.md"})
}

// try shows a pasted or uploaded recap in all its forms. Nothing is kept.
func (h *house) try(w http.ResponseWriter, r *http.Request) error {
	b, err := readBox(r)
	if err != nil {
		return err
	}
	return h.answer(w, r, b)
}

func (h *house) answer(w http.ResponseWriter, r *http.Request, b box) error {
	status := http.StatusOK
	res, err := h.render(r.Context(), b)
	switch {
	case err == nil:
		b.Result = &res
	case errs.Is(err, errs.Invalid):
		b.Wrong, status = mend(err), http.StatusUnprocessableEntity
	default:
		return err
	}
	f := h.frame("Your text")
	return h.door.Page(w, status, "try", f, b)
}

// send publishes the recap to the demo's readers; its mails then come into the
// inbox.
func (h *house) send(w http.ResponseWriter, r *http.Request) error {
	b, err := readBox(r)
	if err != nil {
		return err
	}
	recap, err := recaps.Read(b.Name, []byte(b.Text))
	if err == nil {
		_, err = h.Publish(r.Context(), recap)
	}
	if errs.Is(err, errs.Invalid) {
		b.Wrong = mend(err)
		return h.door.Page(w, http.StatusUnprocessableEntity, "try", h.frame("Your text"), b)
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/?sent#inbox", http.StatusSeeOther)
	return nil
}

// render makes all forms of a recap. Its share links lead to the networks
// directly, because nothing has been published that could be counted.
func (h *house) render(ctx context.Context, b box) (result, error) {
	recap, err := recaps.Read(b.Name, []byte(b.Text))
	if err != nil {
		return result{}, err
	}
	org, err := h.Store.Organisation(ctx)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return result{}, err
	}
	e := templates.Edition{
		Slug: recap.Slug, BaseURL: h.Public, Recaps: []recaps.Recap{recap}, Published: h.Now(), Networks: org.Networks,
		Organisation: templates.Organisation{
			Name: org.Name, PostalAddress: org.PostalAddress, URL: org.URL, Accent: org.Accent, Logo: org.LogoURL(h.Public), Help: org.Help,
		},
	}
	if e.Organisation.Name == "" {
		e.Organisation.Name = recap.Organisation
	}
	mail, err := templates.RenderMail(e)
	if err != nil {
		return result{}, err
	}
	page, err := templates.RenderPage(e)
	if err != nil {
		return result{}, err
	}
	e.Networks = nil // every network there is
	snippets, err := templates.Snippets(e)
	if err != nil {
		return result{}, err
	}
	reader := pages.SampleReader("/reader-link")
	id := rand.Text()
	h.previews.Put(id, preview{mail: mail.HTML.Fill(nil, reader), page: page})
	return result{
		ID: id, Title: recap.Title, Takeaways: len(recap.Takeaways), Subject: string(mail.Subject.Fill(nil, reader)),
		MailText: string(mail.Text.Fill(nil, pages.SampleReader(h.Public+"/u/…"))), Mail: "/try/" + id + "/mail", Page: "/try/" + id + "/page", Snippets: pages.Snippets(words.English(), snippets, len(recap.Takeaways)),
	}, nil
}

// mend is an error in words for whoever wrote the text: where, what, how.
func mend(err error) string {
	var e *errs.Error
	if errors.As(err, &e) {
		at := *e
		at.File = ""
		return respond.Sentence(at.Error())
	}
	return respond.Sentence(err.Error())
}

func (h *house) tryMail(w http.ResponseWriter, r *http.Request) error {
	return h.tryFrame(w, r, func(p preview) []byte { return p.mail })
}

func (h *house) tryPage(w http.ResponseWriter, r *http.Request) error {
	return h.tryFrame(w, r, func(p preview) []byte { return p.page })
}

func (h *house) tryFrame(w http.ResponseWriter, r *http.Request, which func(preview) []byte) error {
	p, ok := h.previews.Get(r.PathValue("id"))
	if !ok {
		return errs.NotFoundf("this preview is gone: press the button again")
	}
	respond.Foreign(w, which(p), respond.OwnImages)
	return nil
}

// readBox reads the form: a chosen file wins over what is in the box.
func readBox(r *http.Request) (box, error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	if kind == "multipart/form-data" {
		err = r.ParseMultipartForm(bodyBytes)
		if r.MultipartForm != nil {
			defer func() { _ = r.MultipartForm.RemoveAll() }() // what did not fit into memory
		}
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return box{}, &respond.Malformed{Err: err}
	}
	b := box{Name: fileName(r.PostFormValue("name")), Text: strings.ReplaceAll(r.PostFormValue("text"), "\r\n", "\n")}
	file, header, err := r.FormFile("file")
	if errors.Is(err, http.ErrMissingFile) || errors.Is(err, http.ErrNotMultipart) || err == nil && header.Size == 0 {
		return b, nil
	}
	if err != nil {
		return box{}, &respond.Malformed{Err: err}
	}
	defer func() { _ = file.Close() }() // only read from
	all, err := io.ReadAll(io.LimitReader(file, recaps.MaxBytes+1))
	if err != nil {
		return box{}, &respond.Malformed{Err: err}
	}
	return box{Name: fileName(header.Filename), Text: string(all)}, nil
}

// fileName keeps of a file's name what tells its kind.
func fileName(s string) string {
	s = path.Base(strings.ReplaceAll(strings.TrimSpace(s), `\`, "/"))
	if s == "." || s == "/" || len(s) > 200 || !utf8.ValidString(s) {
		return ""
	}
	return s
}
