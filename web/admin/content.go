package admin

import (
	"fmt"
	"net/http"

	"postrider/web/pages"
	"postrider/web/respond"
)

// contentView is an edition with one of its renderings.
type contentView struct {
	editionView
	Subject  string
	Text     string
	Frame    string // URL of what the frame shows
	Bytes    int
	Snippets []pages.Snippet
}

// readerLinkURL stands for the links that are one reader's own.
const readerLinkURL = "/reader-link"

func (h *house) content(r *http.Request, tab string) (contentView, error) {
	e, err := h.view(r)
	if err != nil {
		return contentView{}, err
	}
	v := contentView{editionView: e}
	v.Tab = tab
	c, err := h.Store.EditionContent(r.Context(), e.ID)
	if err != nil {
		return v, err
	}
	m, sample := c.Rendered.Mail, pages.SampleReader(readerLinkURL)
	v.Subject = string(m.Subject.Fill(nil, sample))
	v.Text = string(m.Text.Fill(nil, sample))
	v.Bytes = len(m.HTML.Fill(nil, sample))
	takeaways := 0
	for _, recap := range c.Input.Recaps {
		takeaways += len(recap.Takeaways)
	}
	v.Snippets = pages.Snippets(h.words(r), c.Rendered.Snippets, takeaways)
	return v, nil
}

func (h *house) show(w http.ResponseWriter, r *http.Request, tab, inFrame string) error {
	v, err := h.content(r, tab)
	if err != nil {
		return err
	}
	if inFrame != "" {
		v.Frame = v.URL + "/frame/" + inFrame
	}
	return h.page(w, r, "content", h.frame(r, v.Title, "/editions"), v)
}

func (h *house) mail(w http.ResponseWriter, r *http.Request) error {
	return h.show(w, r, "mail", "mail")
}

// phone is the mail as wide as a phone.
func (h *house) phone(w http.ResponseWriter, r *http.Request) error {
	return h.show(w, r, "phone", "mail")
}

func (h *house) text(w http.ResponseWriter, r *http.Request) error { return h.show(w, r, "text", "") }

func (h *house) pageTab(w http.ResponseWriter, r *http.Request) error {
	return h.show(w, r, "page", "page")
}

func (h *house) snippets(w http.ResponseWriter, r *http.Request) error {
	return h.show(w, r, "snippets", "")
}

// mailFrame is the mail as a reader gets it, in a sandbox.
func (h *house) mailFrame(w http.ResponseWriter, r *http.Request) error {
	e, err := h.Desk.FindEdition(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	c, err := h.Store.EditionContent(r.Context(), e.ID)
	if err != nil {
		return err
	}
	respond.Foreign(w, c.Rendered.Mail.HTML.Fill(nil, pages.SampleReader(readerLinkURL)), respond.RemoteImages)
	return nil
}

// pageFrame is the public page as it is or will be, in a sandbox.
func (h *house) pageFrame(w http.ResponseWriter, r *http.Request) error {
	e, err := h.Desk.FindEdition(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	page, err := h.Store.EditionPage(r.Context(), e.ID, 0)
	if err != nil {
		return fmt.Errorf("reading the page: %w", err)
	}
	respond.Foreign(w, page, respond.RemoteImages)
	return nil
}
