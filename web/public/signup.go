package public

import (
	"encoding/json"
	"fmt"
	"mime"
	"net/http"
	"net/mail"
	"slices"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/notice"
	"postrider/internal/tokens"
	"postrider/subscribers"
	"postrider/web/respond"
)

// What tells a person from a program that fills forms: nobody types an address
// within two seconds, and nobody keeps a form open for a day.
const (
	leastFill = 2 * time.Second
	mostFill  = 24 * time.Hour
)

const maxPublicLists = 100

// subscribeView is the sign-up form and what stands in its place afterwards.
type subscribeView struct {
	Words     signUpWords
	Lang, Dir string
	Lists     []preference
	Wording   string // what is agreed to
	Shown     string // when, signed
	Email     string
	Name      string
	Wrong     string
	Sent      bool
}

// signUpView is the form in the language that is wanted.
func (h *house) signUpView(r *http.Request, wanted string) (subscribeView, []subscribers.List, error) {
	org := h.organisation(r)
	v := subscribeView{Shown: h.Keys.Token(tokens.FormTime, h.Now().UnixMilli())}
	v.Words, v.Lang, v.Dir = signUpFor(wanted, r.Header.Get("Accept-Language"), org.Language)
	v.Wording = fmt.Sprintf(v.Words.Wording, h.senderName(r))
	all, err := h.Store.ListNames(r.Context(), maxPublicLists)
	if err != nil {
		return v, nil, err
	}
	all = slices.DeleteFunc(all, func(l subscribers.List) bool { return !l.Public })
	if org.Sender == "" {
		all = nil // nobody could be asked to confirm
	}
	for _, l := range all {
		p := preference{ID: l.ID.String(), Title: l.Title, On: len(all) == 1}
		if p.Title == "" {
			p.Title = l.Name
		}
		v.Lists = append(v.Lists, p)
	}
	return v, all, nil
}

func (h *house) senderName(r *http.Request) string {
	if name := h.organisation(r).Name; name != "" {
		return name
	}
	return h.Base
}

func (h *house) showSignUp(w http.ResponseWriter, r *http.Request, status int, v subscribeView) error {
	f := h.frame(r)
	f.Title = v.Words.Title
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Vary", "Accept-Language")
	return h.door.Page(w, status, "subscribe", f, v)
}

// subscribePage shows the form. ?lang= picks its language, ?list= ticks one.
func (h *house) subscribePage(w http.ResponseWriter, r *http.Request) error {
	v, lists, err := h.signUpView(r, r.URL.Query().Get("lang"))
	if err != nil {
		return err
	}
	for i, l := range lists {
		if l.Name == r.URL.Query().Get("list") {
			v.Lists[i].On = true
		}
	}
	return h.showSignUp(w, r, http.StatusOK, v)
}

// signUpForm is what a form or a program sends.
type signUpForm struct {
	Email   string   `json:"email"`
	Name    string   `json:"name"`
	Lang    string   `json:"lang"`
	Lists   []string `json:"lists"` // ids or names
	Shown   string   `json:"shown"`
	Website string   `json:"website"` // nobody sees this field
}

func readSignUp(r *http.Request) (f signUpForm, asJSON bool, err error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind == "application/json" {
		if err := json.NewDecoder(r.Body).Decode(&f); err != nil {
			return f, true, &respond.Malformed{Err: err}
		}
		return f, true, nil
	}
	if err := readForm(r); err != nil {
		return f, false, err
	}
	get := r.PostForm.Get
	return signUpForm{get("email"), get("name"), get("lang"), r.PostForm["list"], get("shown"), get("website")}, false, nil
}

// subscribe takes a wish to join. Whatever becomes of a well-formed one, the
// answer is the same: it must not tell whether an address is known here.
func (h *house) subscribe(w http.ResponseWriter, r *http.Request) error {
	f, asJSON, err := readSignUp(r)
	if err != nil {
		return err
	}
	v, public, err := h.signUpView(r, f.Lang)
	if err != nil {
		return err
	}
	wish := subscribers.Wish{
		Email: f.Email, Name: f.Name, Language: v.Lang, Source: "sign-up form", Wording: v.Wording, Network: respond.Network(h.Proxies.Client(r)),
	}
	for _, l := range public {
		if slices.Contains(f.Lists, l.ID.String()) || slices.Contains(f.Lists, l.Name) || len(public) == 1 && len(f.Lists) == 0 {
			wish.Lists = append(wish.Lists, l)
		}
	}
	if len(public) == 0 {
		return errs.NotFoundf("there is no list that everybody may join")
	}
	if h.person(f, asJSON) {
		err = h.Registry.Ask(r.Context(), wish, subscribers.Letters{
			Confirm: func(id subscribers.SignUpID) notice.Notice { return h.confirmation(r, v.Words, f, id) }, Welcome: h.welcomer(r),
		})
	}
	if err != nil && !errs.Is(err, errs.Invalid) {
		return err
	}
	if asJSON {
		return signUpJSON(w, atOnce(wish.Lists), err)
	}
	if err != nil {
		v.Email, v.Name, v.Wrong = f.Email, f.Name, v.Words.Wrong
		if len(wish.Lists) == 0 {
			v.Wrong = v.Words.Which
		}
		for i := range v.Lists {
			v.Lists[i].On = slices.Contains(f.Lists, v.Lists[i].ID)
		}
		return h.showSignUp(w, r, http.StatusUnprocessableEntity, v)
	}
	v.Sent = true
	if atOnce(wish.Lists) { // the same for all: it tells of the lists, not of the address
		w := welcomeIn[languageAt(v.Lang)]
		v.Words.Look, v.Words.Sent = w.Done, w.AtOnce
	}
	return h.showSignUp(w, r, http.StatusOK, v)
}

func signUpJSON(w http.ResponseWriter, atOnce bool, err error) error {
	status, body := http.StatusAccepted, map[string]string{"status": "confirmation sent if the address can join"}
	if atOnce {
		body["status"] = "joined if the address can join, confirmation sent if it has left before"
	}
	if err != nil {
		status, body = http.StatusUnprocessableEntity, map[string]string{"error": err.Error()}
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	return json.NewEncoder(w).Encode(body)
}

// person reports whether a form was filled by somebody: the field that nobody
// sees is empty, and the time that it took is a person's. Forms on other sites
// and programs have no time; for them the budgets alone must do.
func (h *house) person(f signUpForm, asJSON bool) bool {
	if f.Website != "" {
		return false
	}
	if f.Shown == "" {
		return true
	}
	at, err := h.Keys.Check(tokens.FormTime, f.Shown)
	if err != nil {
		return false
	}
	took := h.Now().Sub(time.UnixMilli(at))
	return took >= leastFill && took <= mostFill
}

// confirmation is the mail with the link to the button. It repeats nothing that
// the form held, because somebody else may have filled it.
func (h *house) confirmation(r *http.Request, w signUpWords, f signUpForm, id subscribers.SignUpID) notice.Notice {
	org := h.organisation(r)
	link := h.Base + "/confirm/" + h.Keys.Token(tokens.Confirm, int64(id))
	return notice.Notice{
		Kind: notice.Confirmation, To: mail.Address{Address: strings.TrimSpace(f.Email)}, From: org.Sender, ReplyTo: org.ReplyTo,
		Subject: w.Subject, Text: fmt.Sprintf(w.Letter, h.senderName(r), link),
	}
}

// confirmView is the page behind the link of the mail.
type confirmView struct {
	Words     signUpWords
	Lang, Dir string
	Done      bool
}

func (h *house) waiting(r *http.Request) (subscribers.PendingSignUp, error) {
	id, err := h.Keys.Check(tokens.Confirm, r.PathValue("token"))
	if err != nil {
		return subscribers.PendingSignUp{}, err
	}
	p, err := h.Registry.WaitingSignUp(r.Context(), subscribers.SignUpID(id))
	if errs.Is(err, errs.NotFound) {
		return p, errs.NotFoundf("this link is not one of ours, or older than seven days: sign up again")
	}
	return p, err
}

func (h *house) showConfirm(w http.ResponseWriter, r *http.Request, p subscribers.PendingSignUp, done bool) error {
	v := confirmView{Done: done}
	v.Words, v.Lang, v.Dir = signUpFor(p.Language)
	f := h.frame(r)
	if f.Title = v.Words.OneMore; done {
		f.Title = v.Words.Welcome
	}
	w.Header().Set("X-Robots-Tag", "noindex")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "same-origin") // the form must be able to prove where it comes from
	return h.door.Page(w, http.StatusOK, "confirm", f, v)
}

// confirmPage shows the button and changes nothing: mail scanners open every link.
func (h *house) confirmPage(w http.ResponseWriter, r *http.Request) error {
	p, err := h.waiting(r)
	if err != nil {
		return err
	}
	return h.showConfirm(w, r, p, !p.ConfirmedAt.IsZero())
}

// confirm puts whoever pressed the button on the lists. It may be repeated.
func (h *house) confirm(w http.ResponseWriter, r *http.Request) error {
	p, err := h.waiting(r)
	if err != nil {
		return err
	}
	if err := readForm(r); err != nil {
		return err
	}
	if r.PostForm.Get("confirm") != "yes" {
		return &respond.Malformed{Err: errs.Invalidf("the request asks for nothing: open the link from the mail and press the button")}
	}
	if err := h.Registry.ConfirmSignUp(r.Context(), p.ID, h.welcomer(r)); err != nil {
		return err
	}
	return h.showConfirm(w, r, p, true)
}
