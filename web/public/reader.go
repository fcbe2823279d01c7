package public

import (
	"context"
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

// leaveView is the page behind the unsubscribe link.
type leaveView struct {
	Who   string // masked; empty after erasure
	Lists []string
	Left  bool // on none of the lists any more
	Done  bool // by this request
}

// unsubscribePage shows a button and changes nothing: mail scanners open every
// link.
func (h *house) unsubscribePage(w http.ResponseWriter, r *http.Request) error {
	who, err := h.whose(r.Context(), tokens.Unsubscribe, r.PathValue("token"))
	if err != nil {
		return err
	}
	v, err := h.leave(r.Context(), who)
	if err != nil {
		return err
	}
	return h.leavePage(w, r, v)
}

func (h *house) leavePage(w http.ResponseWriter, r *http.Request, v leaveView) error {
	f := h.frame(r)
	f.Title = "Unsubscribe"
	w.Header().Set("X-Robots-Tag", "noindex")
	return h.door.Page(w, http.StatusOK, "unsubscribe", f, v)
}

func (h *house) leave(ctx context.Context, who delivery.Recipient) (leaveView, error) {
	e, err := h.Store.Edition(ctx, who.Edition.String())
	if err != nil {
		return leaveView{}, err
	}
	on, err := h.Registry.Memberships(ctx, who.Subscriber)
	if err != nil {
		return leaveView{}, err
	}
	v := leaveView{Left: true}
	if who.Email != "" {
		v.Who = pages.Mask(who.Email)
	}
	for _, m := range on {
		if slices.Contains(e.Lists, m.List) && m.State != subscribers.Unsubscribed {
			v.Left = false
		}
	}
	for _, name := range e.ListNames {
		v.Lists = append(v.Lists, h.listTitle(ctx, name))
	}
	return v, nil
}

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
	v, err := h.leave(r.Context(), who)
	if err != nil {
		// What was asked for is done: not being able to name the lists is no reason to deny it.
		h.Log.Warn("naming the lists of a reader who left", "err", err)
		v = leaveView{}
	}
	v.Done = true
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

// preferencesView is a reader's lists.
type preferencesView struct {
	Who   string
	Lists []preference
	Saved bool
}

type preference struct {
	ID    string
	Title string
	On    bool
}

func (h *house) preferencesPage(w http.ResponseWriter, r *http.Request) error {
	who, err := h.chooser(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	return h.showPreferences(w, r, who, false)
}

func (h *house) showPreferences(w http.ResponseWriter, r *http.Request, who delivery.Recipient, saved bool) error {
	on, err := h.chosen(r.Context(), who)
	if err != nil {
		return err
	}
	v := preferencesView{Saved: saved}
	if who.Email != "" {
		v.Who = pages.Mask(who.Email)
	}
	for _, m := range on {
		v.Lists = append(v.Lists, preference{ID: m.List.String(), Title: h.listTitle(r.Context(), m.Name), On: m.State == subscribers.Active})
	}
	f := h.frame(r)
	f.Title = "Your newsletters"
	w.Header().Set("X-Robots-Tag", "noindex")
	// The form must be able to prove where it comes from; no other site is told.
	w.Header().Set("Referrer-Policy", "same-origin")
	return h.door.Page(w, http.StatusOK, "preferences", f, v)
}

// chosen are the lists that a reader is or was on; those not confirmed yet are
// another page's matter.
func (h *house) chosen(ctx context.Context, who delivery.Recipient) ([]subscribers.Membership, error) {
	all, err := h.Registry.Memberships(ctx, who.Subscriber)
	return slices.DeleteFunc(all, func(m subscribers.Membership) bool { return m.State == subscribers.Pending }), err
}

// preferences saves which lists a reader wants. Only lists that they are or
// were on can be named.
func (h *house) preferences(w http.ResponseWriter, r *http.Request) error {
	who, err := h.chooser(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	if r.PostForm.Get("save") != "yes" {
		return &respond.Malformed{Err: errs.Invalidf("the request asks for nothing: open the link from the mail and press the button")}
	}
	on, err := h.chosen(r.Context(), who)
	if err != nil {
		return err
	}
	var join, leave []subscribers.ListID
	for _, m := range on {
		switch wanted := slices.Contains(r.PostForm["list"], m.List.String()); {
		case wanted && m.State == subscribers.Unsubscribed:
			join = append(join, m.List)
		case !wanted && m.State == subscribers.Active:
			leave = append(leave, m.List)
		}
	}
	sign := subscribers.Sign{Actor: "reader", Source: "preferences page"}
	if len(leave) > 0 {
		if err := h.Registry.Unsubscribe(r.Context(), who.Subscriber, leave, sign); err != nil {
			return err
		}
	}
	if len(join) > 0 {
		sign.Reason = "chosen again on the preferences page"
		if err := h.Registry.Subscribe(r.Context(), who.Subscriber, join, sign); err != nil {
			return err
		}
	}
	return h.showPreferences(w, r, who, true)
}
