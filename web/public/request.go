package public

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/mail"

	"postrider/internal/errs"
	"postrider/internal/notice"
	"postrider/internal/tokens"
	"postrider/subscribers"
	"postrider/web/pages"
	"postrider/web/respond"
)

// ownStep is one page behind the link of a mail about a reader's own data. Each
// has a token of its own purpose: the link of one opens no other.
type ownStep struct {
	purpose tokens.Purpose
	kind    subscribers.RequestKind
	title   func(ownWords) string
	text    func(ownWords) string // [1] the present address, [2] the new one
	button  func(ownWords) string
}

// ownSteps are the pages by what stands in their address.
var ownSteps = map[string]ownStep{
	"data": {tokens.OwnData, subscribers.RequestData, func(w ownWords) string { return w.Data },
		func(w ownWords) string { return w.DataText }, func(w ownWords) string { return w.DataButton }},
	"erase": {tokens.OwnErasure, subscribers.RequestErase, func(w ownWords) string { return w.Erase },
		func(w ownWords) string { return w.EraseText }, func(w ownWords) string { return w.EraseButton }},
	"move": {tokens.OwnMove, subscribers.RequestAddress, func(w ownWords) string { return w.Move },
		func(w ownWords) string { return w.MoveText }, func(w ownWords) string { return w.MoveButton }},
	"arrive": {tokens.OwnArrival, subscribers.RequestAddress, func(w ownWords) string { return w.Move },
		func(w ownWords) string { return w.ArriveText }, func(w ownWords) string { return w.MoveButton }},
}

// asked are the steps that the buttons of the preferences begin with.
var asked = map[string]string{"data": "data", "erase": "erase", "address": "move"}

// ask mails the reader of a page the link to what they want. The page may be
// open before somebody whom a mail was passed on to, so nothing else happens.
func (h *house) ask(w http.ResponseWriter, r *http.Request) error {
	who, err := h.chooser(r.Context(), r.PathValue("token"))
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	step, ok := asked[r.PostForm.Get("what")]
	if !ok {
		return &respond.Malformed{Err: errs.Invalidf("the request asks for nothing: open the link from the mail and press the button")}
	}
	v, err := h.choices(r, who)
	if err != nil || v.Who == "" {
		return h.orShow(w, r, v, err)
	}
	if h.organisation(r).Sender == "" {
		return errs.Unavailablef("nobody could be asked to confirm: the organisation has no sender yet")
	}
	err = h.Registry.AskOwn(r.Context(), who.Subscriber, ownSteps[step].kind, r.PostForm.Get("to"), h.ownLetter(r, step))
	if errs.Is(err, errs.Invalid) {
		v.To, v.WrongTo = r.PostForm.Get("to"), signUpIn[languageAt(v.Lang)].Wrong
		return h.showPreferences(w, r, http.StatusUnprocessableEntity, v)
	}
	v.Asked = fmt.Sprintf(v.Own.Asked, isolated(v.Who))
	return h.orShow(w, r, v, err)
}

// ownLetter is the mail with the link to a step. It holds nothing that somebody
// typed.
func (h *house) ownLetter(r *http.Request, step string) subscribers.RequestLetter {
	return func(q subscribers.Request, s subscribers.Subscriber) notice.Notice {
		words := ownIn[languageAt(s.Language, h.organisation(r).Language)]
		org, what := h.organisation(r), ownSteps[step].title(words)
		link := h.Base + "/own/" + step + "/" + h.Keys.Token(ownSteps[step].purpose, int64(q.ID))
		return notice.Notice{
			Kind: notice.Request, To: mail.Address{}, From: org.Sender, ReplyTo: org.ReplyTo,
			Subject: h.senderName(r) + ": " + what, Text: fmt.Sprintf(words.Letter, what, h.senderName(r), link),
		}
	}
}

// ownView is a page with one button.
type ownView struct {
	Lang, Dir           string
	Title, Text, Button string
	Masked              string
	Done                bool
}

// opened is the request behind a link, with the page as it stands.
func (h *house) opened(r *http.Request) (ownStep, subscribers.Request, ownView, error) {
	var v ownView
	step, ok := ownSteps[r.PathValue("step")]
	id, err := h.Keys.Check(step.purpose, r.PathValue("token"))
	if !ok || err != nil {
		return step, subscribers.Request{}, v, errs.NotFoundf("the link is not one of ours, or was cut off: open it again from the mail")
	}
	q, s, err := h.Registry.OpenRequest(r.Context(), subscribers.RequestID(id), step.kind)
	if err != nil {
		return step, q, v, err
	}
	words := h.ownWords(r, &v, s.Language)
	v.Title, v.Button, v.Masked = step.title(words), step.button(words), readerIn[languageAt(v.Lang)].Masked
	v.Text = fmt.Sprintf(step.text(words), isolated(pages.Mask(s.Email)), isolated(pages.Mask(q.Email)))
	switch {
	case !q.SettledAt.IsZero():
		v.Done, v.Text = true, words.Moved
	case step.purpose == tokens.OwnMove && !q.ApprovedAt.IsZero():
		v.Done, v.Text = true, words.Next
	case step.purpose == tokens.OwnArrival && q.ApprovedAt.IsZero():
		return step, q, v, errs.NotFoundf("the link is not one of ours, or was cut off: open it again from the mail")
	}
	return step, q, v, nil
}

func (h *house) ownWords(r *http.Request, v *ownView, lang string) ownWords {
	wanted := []string{lang, r.Header.Get("Accept-Language"), h.organisation(r).Language}
	_, v.Lang, v.Dir = signUpFor(wanted...)
	return ownIn[languageAt(wanted...)]
}

// ownPage shows the button and changes nothing: mail scanners open every link.
func (h *house) ownPage(w http.ResponseWriter, r *http.Request) error {
	_, _, v, err := h.opened(r)
	if err != nil {
		return err
	}
	return h.showOwn(w, r, http.StatusOK, v)
}

func (h *house) showOwn(w http.ResponseWriter, r *http.Request, status int, v ownView) error {
	f := h.frame(r)
	f.Title = v.Title
	w.Header().Set("X-Robots-Tag", "noindex")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "same-origin") // the form must be able to prove where it comes from
	return h.door.Page(w, status, "own", f, v)
}

// own does what the button says. It may be repeated.
func (h *house) own(w http.ResponseWriter, r *http.Request) error {
	step, q, v, err := h.opened(r)
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	if r.PostForm.Get("do") != "yes" {
		return &respond.Malformed{Err: errs.Invalidf("the request asks for nothing: open the link from the mail and press the button")}
	}
	words := ownIn[languageAt(v.Lang)]
	switch step.purpose {
	case tokens.OwnData:
		return h.handOut(w, r, q.Subscriber)
	case tokens.OwnErasure:
		err, v.Text = h.Registry.EraseOwn(r.Context(), q.ID), words.Erased
	case tokens.OwnMove:
		err, v.Text = h.Registry.ApproveMove(r.Context(), q.ID, h.ownLetter(r, "arrive")), words.Next
	case tokens.OwnArrival:
		err, v.Text = h.Registry.Arrive(r.Context(), q.ID), words.Moved
		if errs.Is(err, errs.Conflict) {
			v.Done, v.Text = true, words.Taken
			return h.showOwn(w, r, http.StatusConflict, v)
		}
	}
	if err != nil {
		return err
	}
	v.Done, v.Masked = true, ""
	return h.showOwn(w, r, http.StatusOK, v)
}

// handOut sends all that is kept of a reader as a file.
func (h *house) handOut(w http.ResponseWriter, r *http.Request, id subscribers.ID) error {
	d, err := h.Registry.Dossier(r.Context(), id)
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Disposition", `attachment; filename="my-data.json"`)
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Robots-Tag", "noindex")
	_, err = w.Write(append(b, '\n'))
	return err
}
