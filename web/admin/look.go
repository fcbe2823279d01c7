package admin

import (
	"net/http"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

// lookView is everything that becomes of a text.
type lookView struct {
	Recap          recaps.Recap
	LeftOut        []recaps.LeftOut
	Subject        string
	Preheader      string
	Text           string
	Bytes          int
	Mail, Page     string // what the frames show
	Snippets       []pages.Snippet
	TooLong        bool // Gmail would cut it off
	Hashtags       []string
	SubjectLetters int
}

// gmailLimit is where Gmail cuts a mail off, in bytes of its decoded HTML.
const gmailLimit = 102_400

// preview is what a recap is rendered from where no edition is meant.
func (h *house) preview(r *http.Request, recap recaps.Recap) (templates.Edition, error) {
	org, err := h.Store.Organisation(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return templates.Edition{}, err
	}
	e := h.Desk.Input(campaigns.Campaign{Canonical: templates.CanonicalOriginal}, org, []recaps.Saved{{Slug: recap.Slug, Recap: recap}})
	e.Published = h.Now()
	return e, nil
}

// lookAt renders a recap in all its forms. An error of kind Invalid is the
// text's: a merge tag that cannot be read.
func (h *house) lookAt(r *http.Request, u recaps.Understood, frames, query string) (lookView, error) {
	e, err := h.preview(r, u.Recap)
	if err != nil {
		return lookView{}, err
	}
	mail, err := templates.RenderMail(e)
	if err != nil {
		return lookView{}, err
	}
	if _, err := templates.RenderPage(e); err != nil {
		return lookView{}, err
	}
	e.Networks = nil // every network there is
	snippets, err := templates.Snippets(e)
	if err != nil {
		return lookView{}, err
	}
	sample := pages.SampleReader(readerLinkURL)
	v := lookView{Recap: u.Recap, LeftOut: u.LeftOut, Subject: string(mail.Subject.Fill(nil, sample)), Preheader: u.Recap.Preheader,
		Text: string(mail.Text.Fill(nil, sample)), Bytes: len(mail.HTML.Fill(nil, sample)), Mail: frames + "mail" + query, Page: frames + "page" + query,
		Snippets: pages.Snippets(h.words(r), snippets, len(u.Recap.Takeaways))}
	v.TooLong = v.Bytes > gmailLimit
	v.SubjectLetters = len([]rune(v.Subject))
	for _, x := range u.Recap.Hashtags {
		v.Hashtags = append(v.Hashtags, "#"+x)
	}
	return v, nil
}

// frameOf answers with one form of a recap, in a sandbox.
func (h *house) frameOf(w http.ResponseWriter, r *http.Request, recap recaps.Recap) error {
	e, err := h.preview(r, recap)
	if err != nil {
		return err
	}
	switch r.PathValue("what") {
	case "mail":
		mail, err := templates.RenderMail(e)
		if err != nil {
			return err
		}
		respond.Foreign(w, mail.HTML.Fill(nil, pages.SampleReader(readerLinkURL)), respond.RemoteImages)
	case "page":
		page, err := templates.RenderPage(e)
		if err != nil {
			return err
		}
		respond.Foreign(w, page, respond.RemoteImages)
	default:
		return errs.NotFoundf("a recap is shown as mail or as page")
	}
	return nil
}
