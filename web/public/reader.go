package public

import (
	"context"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/tokens"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

// whose is the recipient of a token, or NotFound: the answer does not tell a
// forged token from one whose row has gone.
func (h *house) whose(ctx context.Context, p tokens.Purpose, token string) (delivery.Recipient, error) {
	id, err := h.Keys.Check(p, token)
	if err != nil {
		return delivery.Recipient{}, err
	}
	r, err := h.Store.Recipient(ctx, delivery.RecipientID(id))
	if errs.Is(err, errs.NotFound) {
		return r, errs.NotFoundf("the link is not one of ours, or was cut off: open it again from the mail")
	}
	return r, err
}

// chooser is whom a link to the preferences belongs to: one of an edition's
// mail, or one of a mail that is no edition.
func (h *house) chooser(ctx context.Context, token string) (delivery.Recipient, error) {
	id, err := h.Keys.Check(tokens.Reader, token)
	if err != nil {
		return h.whose(ctx, tokens.Preferences, token)
	}
	s, err := h.Registry.Get(ctx, subscribers.ID(id))
	if errs.Is(err, errs.NotFound) {
		return delivery.Recipient{}, errs.NotFoundf("the link is not one of ours, or was cut off: open it again from the mail")
	}
	return delivery.Recipient{Subscriber: s.ID, Email: s.Email}, err
}

// spoken are the words for a reader: in their own language, else the browser's,
// else the organisation's.
func (h *house) spoken(r *http.Request, who subscribers.ID) (readerWords, string, string) {
	wanted := []string{"", r.Header.Get("Accept-Language"), h.organisation(r).Language}
	if s, err := h.Registry.Get(r.Context(), who); err == nil {
		wanted[0] = s.Language
	}
	_, tag, dir := signUpFor(wanted...)
	return readerIn[languageAt(wanted...)], tag, dir
}

// leaveView is the page behind the unsubscribe link.
type leaveView struct {
	Words     readerWords
	Lang, Dir string
	Who       string // masked; empty after erasure
	Text      string // what becomes or became of them
	Left      bool   // on none of the lists any more
	Done      bool   // by this request
	Thanks    bool   // for a reason
}

// unsubscribePage shows a button and changes nothing: mail scanners open every
// link.
func (h *house) unsubscribePage(w http.ResponseWriter, r *http.Request) error {
	who, err := h.whose(r.Context(), tokens.Unsubscribe, r.PathValue("token"))
	if err != nil {
		return err
	}
	v, err := h.leave(r, who, false)
	if err != nil {
		return err
	}
	return h.leavePage(w, r, v)
}

func (h *house) leavePage(w http.ResponseWriter, r *http.Request, v leaveView) error {
	f := h.frame(r)
	f.Title = v.Words.Leave
	w.Header().Set("X-Robots-Tag", "noindex")
	w.Header().Set("Cache-Control", "no-store")
	return h.door.Page(w, http.StatusOK, "unsubscribe", f, v)
}

func (h *house) leave(r *http.Request, who delivery.Recipient, done bool) (leaveView, error) {
	ctx := r.Context()
	v := leaveView{Left: true, Done: done}
	v.Words, v.Lang, v.Dir = h.spoken(r, who.Subscriber)
	if who.Email != "" {
		v.Who = pages.Mask(who.Email)
	}
	e, err := h.Store.Edition(ctx, who.Edition.String())
	if err != nil {
		return v, err
	}
	on, err := h.Registry.Memberships(ctx, who.Subscriber)
	if err != nil {
		return v, err
	}
	for _, m := range on {
		if slices.Contains(e.Lists, m.List) && m.State != subscribers.Unsubscribed {
			v.Left = false
		}
	}
	var lists []string
	for _, name := range e.ListNames {
		lists = append(lists, h.listTitle(ctx, name))
	}
	v.Text = v.text(strings.Join(lists, ", "))
	return v, nil
}

// text is the sentence about whom and which lists.
func (v leaveView) text(lists string) string {
	format := v.Words.Will
	switch {
	case v.Done:
		format = v.Words.Gone
	case v.Left:
		format = v.Words.AlreadyText
	}
	return fmt.Sprintf(format, isolated(v.Who), isolated(lists))
}

// isolated keeps the direction of a text from that of the sentence around it
// (Unicode UAX #9, first strong isolate).
func isolated(text string) string { return "\u2068" + text + "\u2069" }

// listTitle is a list as its readers see it.
func (h *house) listTitle(ctx context.Context, name string) string {
	if l, err := h.Registry.List(ctx, name); err == nil && l.Title != "" {
		return l.Title
	}
	return name
}

// unsubscribe takes a reader off every list of the edition. A mail program's
// one-click request (RFC 8058) gets a plain 200: no redirect, no cookie, as
// often as it comes. A button press gets a page.
func (h *house) unsubscribe(w http.ResponseWriter, r *http.Request) error {
	who, err := h.whose(r.Context(), tokens.Unsubscribe, r.PathValue("token"))
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	if r.PostForm.Has("why") {
		return h.sayWhy(w, r, who)
	}
	oneClick := strings.EqualFold(strings.TrimSpace(r.PostForm.Get("List-Unsubscribe")), "One-Click")
	if !oneClick && r.PostForm.Get("leave") != "yes" {
		return &respond.Malformed{Err: errs.Invalidf("the request asks for nothing: open the link from the mail and press the button, or send List-Unsubscribe=One-Click")}
	}
	source := "unsubscribe page"
	if oneClick {
		source = "one-click"
	}
	if err := h.Registry.UnsubscribeEdition(r.Context(), int64(who.Edition), who.Subscriber, subscribers.Sign{Actor: "reader", Source: source}); err != nil {
		return err
	}
	if oneClick {
		return plain(w, "You are unsubscribed.\n")
	}
	v, err := h.leave(r, who, true)
	if err != nil {
		// What was asked for is done: not being able to name the lists is no reason to deny it.
		h.Log.Warn("naming the lists of a reader who left", "err", err)
		v.Text = v.text(v.Words.This)
	}
	return h.leavePage(w, r, v)
}

// sayWhy keeps why somebody left. It changes nothing else.
func (h *house) sayWhy(w http.ResponseWriter, r *http.Request, who delivery.Recipient) error {
	v, err := h.leave(r, who, true)
	if err != nil {
		return err
	}
	if v.Left {
		if err := h.Registry.SayWhy(r.Context(), who.Subscriber, r.PostForm.Get("why")); err != nil {
			return err
		}
	}
	v.Thanks = true
	return h.leavePage(w, r, v)
}

// formBytes is more than any of these forms has.
const formBytes = 64 << 10

// readForm reads both encodings into r.PostForm.
func readForm(r *http.Request) error {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	var err error
	if kind == "multipart/form-data" {
		err = r.ParseMultipartForm(formBytes)
		if r.MultipartForm != nil {
			r.PostForm = r.MultipartForm.Value
			_ = r.MultipartForm.RemoveAll() // what did not fit into memory
		}
	} else {
		err = r.ParseForm()
	}
	if err != nil {
		return &respond.Malformed{Err: err}
	}
	return nil
}
