package admin

import (
	"html"
	"maps"
	"net/http"
	"net/mail"

	"postrider/campaigns"
	"postrider/campaigns/preflight"
	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

// lookView is everything that becomes of a text, as somebody sees it.
type lookView struct {
	Recap          recaps.Recap
	LeftOut        []recaps.LeftOut
	From           string // the sender's name, as an inbox shows it
	Subject        string
	Preheader      string
	Text           string
	Bytes          int
	Mail, Page     string // what the frames show
	Source         string
	Snippets       []pages.Snippet
	TooLong        bool // Gmail would cut it off
	Hashtags       []string
	SubjectLetters int
	Seen           seenBy
	Checks         *checksView // nil: not looked over
}

// gmailLimit is where Gmail cuts a mail off, in bytes of its decoded HTML.
const gmailLimit = 102_400

// preview is what a recap is rendered from where no edition is meant.
func (h *house) preview(r *http.Request, recap recaps.Recap) (e templates.Edition, sender string, err error) {
	org, err := h.Store.Organisation(r.Context())
	if err != nil && !errs.Is(err, errs.NotFound) {
		return templates.Edition{}, "", err
	}
	e = h.Desk.Input(campaigns.Campaign{Canonical: templates.CanonicalOriginal}, org, []recaps.Saved{{Slug: recap.Slug, Recap: recap}})
	e.Published = h.Now()
	return e, org.Sender, nil
}

// lookAt renders a recap in all its forms. An error of kind Invalid is the
// text's: a merge tag that cannot be read. name and text are the source that the
// checks point into.
func (h *house) lookAt(r *http.Request, u recaps.Understood, frames, query, name, text string) (lookView, error) {
	e, sender, err := h.preview(r, u.Recap)
	if err != nil {
		return lookView{}, err
	}
	m, err := templates.RenderMail(e)
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
	seen, err := h.seenBy(r)
	if err != nil {
		return lookView{}, err
	}
	v := h.lookOf(r, m, seen, frames, query)
	v.Recap, v.LeftOut, v.From = u.Recap, u.LeftOut, senderName(e.Organisation.Name, sender)
	v.Snippets = pages.Snippets(h.words(r), snippets, len(u.Recap.Takeaways))
	if v.Preheader, err = templates.Preheader(e); err != nil {
		return lookView{}, err
	}
	in, err := preflight.OfRecap(r.Context(), h.Store, e, m)
	if err != nil {
		return lookView{}, err
	}
	if v.Checks, err = h.checks(r, in, name, text); err != nil {
		return lookView{}, err
	}
	for _, x := range u.Recap.Hashtags {
		v.Hashtags = append(v.Hashtags, "#"+x)
	}
	return v, nil
}

// lookOf is what a mail shows to one reader.
func (h *house) lookOf(r *http.Request, mail templates.Mail, seen seenBy, frames, query string) lookView {
	inText := maps.Clone(seen.values) // a text has its links to be read
	for name, value := range inText {
		if value == readerLinkURL {
			inText[name] = h.Public + "/u/…"
		}
	}
	v := lookView{Seen: seen, Subject: string(mail.Subject.Fill(nil, seen.values)), Text: string(mail.Text.Fill(nil, inText)),
		Bytes: len(mail.HTML.Fill(nil, seen.values)), Mail: seen.frame(frames+"mail", query), Page: seen.frame(frames+"page", query), Source: seen.frame(frames+"source", query)}
	v.TooLong, v.SubjectLetters = v.Bytes > gmailLimit, len([]rune(v.Subject))
	return v
}

// senderName is what an inbox shows for a sender: the name of the mailbox, else
// the mailbox, else who we are.
func senderName(organisation, sender string) string {
	if a, err := mail.ParseAddress(sender); err == nil {
		if a.Name != "" {
			return a.Name
		}
		return a.Address
	}
	return organisation
}

// frameOf answers with one form of a recap, in a sandbox.
func (h *house) frameOf(w http.ResponseWriter, r *http.Request, recap recaps.Recap) error {
	e, _, err := h.preview(r, recap)
	if err != nil {
		return err
	}
	m, err := templates.RenderMail(e)
	if err != nil {
		return err
	}
	return h.showFrame(w, r, m, func() ([]byte, error) { return templates.RenderPage(e) })
}

// showFrame answers with one form of a mail as somebody sees it, or with its
// page, in a sandbox.
func (h *house) showFrame(w http.ResponseWriter, r *http.Request, mail templates.Mail, page func() ([]byte, error)) error {
	seen, err := h.seenBy(r)
	if err != nil {
		return err
	}
	var doc []byte
	switch r.PathValue("what") {
	case "mail":
		doc = mail.HTML.Fill(nil, seen.values)
	case "source":
		source := html.EscapeString(string(mail.HTML.Fill(nil, seen.values)))
		respond.Foreign(w, []byte(sourceTop+source+"</pre></body></html>"), respond.NoImages)
		return nil
	case "page":
		if doc, err = page(); err != nil {
			return err
		}
	default:
		return errs.NotFoundf("it is shown as mail, as page or as source")
	}
	respond.Foreign(w, seen.light(doc), seen.images())
	return nil
}
