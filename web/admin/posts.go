package admin

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/words"
	"postrider/networks"
	"postrider/templates"
	"postrider/web/pages"
	"postrider/web/respond"
)

// postRow is a post with where it stands.
type postRow struct {
	delivery.Post
	At          string // of the page of this post
	Where, What string
	Mark        pages.Mark
	When        string
	Note        string
	Counts      string
}

func postURL(id delivery.PostID) string { return "/posts/" + id.String() }

// postMark says in a word where a post stands.
func postMark(w *words.Words, p delivery.Post, now time.Time) pages.Mark {
	switch {
	case p.State == delivery.Accepted:
		return pages.NewMark(w, "posting.state_posted", "✓", "good")
	case p.State == delivery.Unknown:
		return pages.NewMark(w, "posting.state_unknown", "?", "warn")
	case p.State == delivery.Refused:
		return pages.NewMark(w, "posting.state_refused", "!", "bad")
	case p.State == delivery.Cancelled:
		return pages.NewMark(w, "posting.state_out", "–", "")
	case p.State == delivery.SendingRow:
		return pages.NewMark(w, "posting.state_sending", "●", "live")
	case p.Mode == delivery.PostAsk:
		return pages.NewMark(w, "posting.state_asks", "?", "warn")
	case p.NeedsPerson(now):
		return pages.NewMark(w, "posting.state_yours", "!", "warn")
	case p.Mode == delivery.PostHand:
		return pages.NewMark(w, "posting.state_hand", "○", "")
	case p.State == delivery.Deferred:
		return pages.NewMark(w, "posting.state_later", "◐", "warn")
	}
	return pages.NewMark(w, "posting.state_waits", "○", "")
}

// postRows are posts as lists show them.
func (h *house) postRows(r *http.Request, posts []delivery.Post) ([]postRow, error) {
	accounts, err := h.Herald.Book.List(r.Context())
	if err != nil {
		return nil, err
	}
	names := map[delivery.AccountID]string{}
	for _, a := range accounts {
		names[a.ID] = a.Name
	}
	clock := h.clock(r, "")
	var rows []postRow
	for _, p := range posts {
		row := postRow{Post: p, At: postURL(p.ID), Where: names[p.Account], What: clock.Words.T("posting.whole"), Mark: postMark(clock.Words, p, h.Now()), When: clock.When(p.Due)}
		if p.Account == 0 {
			row.Where = networkName(p.Network)
		} else if row.Where == "" {
			row.Where = clock.Words.T("posting.account_gone")
		}
		if p.Takeaway > 0 {
			row.What = clock.Words.T("posting.takeaway", p.Takeaway)
		}
		if note := strings.Trim(p.Reason+": "+p.Answer, ": "); note != "" {
			row.Note = respond.Sentence(note)
		}
		if !p.Numbers.ReadAt.IsZero() {
			row.Counts = clock.Words.T("posting.counts", p.Numbers.Likes, p.Numbers.Reposts, p.Numbers.Replies)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func networkName(id networks.ID) string {
	n, err := networks.Find(string(id))
	if err != nil {
		return string(id)
	}
	return n.Name
}

// postsView is what is posted of an issue.
type postsView struct {
	contentView
	Rows      []postRow
	F         pages.Form
	Places    []pages.Option // accounts, then networks by hand
	Takeaways []pages.Option
	Add       bool
	PostsURL  string
}

func (h *house) editionPosts(w http.ResponseWriter, r *http.Request) error {
	return h.showPosts(w, r, http.StatusOK, pages.NewForm(url.Values{"minutes": {"0"}}))
}

func (h *house) showPosts(w http.ResponseWriter, r *http.Request, status int, f pages.Form) error {
	c, err := h.content(r, "posts")
	if err != nil {
		return err
	}
	v := postsView{contentView: c, F: f, PostsURL: editionURL(c.ID) + "/posts", Add: h.may(r, editor) && c.State != campaigns.Cancelled}
	posts, err := h.Store.Posts(r.Context(), c.ID)
	if err != nil {
		return err
	}
	if v.Rows, err = h.postRows(r, posts); err != nil {
		return err
	}
	if v.Places, err = h.places(r); err != nil {
		return err
	}
	content, err := h.Store.EditionContent(r.Context(), c.ID)
	if err != nil {
		return err
	}
	v.Takeaways = takeawayOptions(h.words(r), content)
	return h.pageWith(w, r, status, "posts", h.frame(r, v.Title, "/editions"), v)
}

func takeawayOptions(t *words.Words, c campaigns.Content) []pages.Option {
	out := []pages.Option{{Value: "0", Label: t.T("posting.whole")}}
	n := 0
	for _, recap := range c.Input.Recaps {
		for _, one := range recap.Takeaways {
			n++
			text := []rune(one.Plain)
			if len(text) > 60 {
				text = append(text[:60], '…')
			}
			out = append(out, pages.Option{Value: strconv.Itoa(n), Label: strconv.Itoa(n) + ". " + string(text)})
		}
	}
	return out
}

// places are where something can be posted: "account ID" or "hand network".
func (h *house) places(r *http.Request) ([]pages.Option, error) {
	t := h.words(r)
	accounts, err := h.Herald.Book.List(r.Context())
	if err != nil {
		return nil, err
	}
	var out []pages.Option
	for _, a := range accounts {
		out = append(out, pages.Option{Value: "account " + a.ID.String(), Label: t.T("posting.itself", a.Name, kindTitle(a.Kind))})
	}
	for _, n := range networks.All() {
		if n.Default && n.ID != "email" {
			out = append(out, pages.Option{Value: "hand " + string(n.ID), Label: t.T("posting.by_hand", n.Name)})
		}
	}
	return out, nil
}

// typedPlace reads what places offers.
func typedPlace(text string) (account string, network networks.ID) {
	kind, what, _ := strings.Cut(text, " ")
	switch kind {
	case "account":
		return what, ""
	case "hand":
		return "", networks.ID(what)
	}
	return "", ""
}

func (h *house) addPost(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	e, err := h.Desk.FindEdition(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	f := pages.NewForm(r.PostForm)
	n := delivery.NewPost{Ask: f.Value("ask") != "", Text: strings.ReplaceAll(f.Value("text"), "\r\n", "\n")}
	n.Account, n.Network = typedPlace(f.Value("place"))
	n.Takeaway, _ = strconv.Atoi(f.Value("takeaway"))
	if minutes, err := strconv.Atoi(f.Value("minutes")); err == nil && minutes >= 0 && minutes <= 90*24*60 {
		begins := h.Now()
		if e.DueAt.After(begins) {
			begins = e.DueAt
		}
		n.Due = begins.Add(time.Duration(minutes) * time.Minute)
	} else {
		f.Add("minutes", h.words(r).T("posting.minutes_wrong"))
		return h.showPosts(w, r, http.StatusUnprocessableEntity, f)
	}
	p, err := h.Herald.Add(r.Context(), h.actor(r), e.ID, n)
	switch {
	case err == nil:
		return h.done(w, r, editionURL(e.ID)+"/posts", h.words(r).T("posting.planned"), &pages.Undo{URL: postURL(p.ID) + "/skip", Label: h.words(r).T("frame.undo")})
	case !notKept(&f, err):
		return err
	}
	return h.showPosts(w, r, http.StatusUnprocessableEntity, f)
}

// postView is one post, made for a phone: its text to copy, the composer to
// open, and a place for the link of what a person has posted.
type postView struct {
	postRow
	F                                                pages.Form
	Text, Composer, Alt, Card                        string
	Measure                                          string
	TooLong                                          bool
	EditionURL, Title                                string
	Confirm, Skip, Again, Withdraw, Edit, Done, Hand bool
}

func (h *house) thisPost(r *http.Request) (delivery.Post, error) {
	id, err := ids.Parse[delivery.Post](r.PathValue("post"))
	if err != nil {
		return delivery.Post{}, errs.NotFoundf("there is no such post")
	}
	return h.Store.Post(r.Context(), delivery.PostID(id))
}

func (h *house) post(w http.ResponseWriter, r *http.Request) error {
	p, err := h.thisPost(r)
	if err != nil {
		return err
	}
	return h.showPost(w, r, http.StatusOK, p, pages.NewForm(nil))
}

func (h *house) showPost(w http.ResponseWriter, r *http.Request, status int, p delivery.Post, f pages.Form) error {
	rows, err := h.postRows(r, []delivery.Post{p})
	if err != nil {
		return err
	}
	content, err := h.Store.EditionContent(r.Context(), p.Edition)
	if err != nil {
		return err
	}
	d, err := h.Herald.Draft(r.Context(), p)
	if err != nil {
		return err
	}
	v := postView{postRow: rows[0], F: f, Text: d.Text, Alt: d.CardAlt, EditionURL: editionURL(p.Edition), Title: content.Input.Recaps[0].Title}
	if f.Value("text") == "" && f.OK() {
		v.F = pages.NewForm(url.Values{"text": {d.Text}})
	}
	if n, err := networks.Find(string(p.Network)); err == nil {
		c := n.Measure(d.Text)
		v.Measure, v.TooLong = h.words(r).T("snippets.of_limit", c.Count, c.Limit, n.Unit), !c.Fits
	}
	if e, err := h.Desk.FindEdition(r.Context(), p.Edition.String()); err == nil && !e.PublicAt.IsZero() && h.Public != "" {
		v.Card = strings.TrimRight(h.Public, "/") + "/og/" + p.Edition.String()
		if p.Takeaway > 0 {
			v.Card += "/" + strconv.Itoa(p.Takeaway)
		}
		v.Card += ".jpg"
	}
	snippet, err := templates.SnippetFor(content.Input, p.Network)
	if p.Takeaway > 0 {
		snippet, err = templates.TakeawaySnippet(content.Input, p.Takeaway, p.Network)
	}
	if err == nil {
		v.Composer = snippet.URL
	}
	edits := h.may(r, editor)
	v.Hand = p.Mode == delivery.PostHand && p.Waiting()
	v.Confirm = p.Mode == delivery.PostAsk && p.Waiting() && h.may(r, reviewer)
	v.Skip = edits && (p.Waiting() || p.State == delivery.Unknown)
	v.Again = edits && p.Account != 0 && (p.State == delivery.Unknown || p.State == delivery.Refused || p.State == delivery.Cancelled)
	v.Done = edits && (v.Hand || p.State == delivery.Unknown)
	facts := h.factsOf(r.Context(), p)
	v.Withdraw = edits && p.State == delivery.Accepted && p.Remote != "" && facts.Deletes
	v.Edit = edits && (p.Waiting() || p.State == delivery.Accepted && p.Remote != "" && facts.Edits)
	frame := h.frame(r, v.Where, "/editions")
	frame.Narrow = true
	return h.pageWith(w, r, status, "post", frame, v)
}

// factsOf the account that a post goes through; nothing for one by hand.
func (h *house) factsOf(ctx context.Context, p delivery.Post) delivery.AccountFacts {
	if p.Account == 0 {
		return delivery.AccountFacts{}
	}
	a, err := h.Herald.Book.Find(ctx, p.Account.String())
	if err != nil {
		return delivery.AccountFacts{}
	}
	f, _ := a.Kind.Facts()
	return f
}

func (h *house) rewordPost(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	p, err := h.thisPost(r)
	if err != nil {
		return err
	}
	f := pages.NewForm(r.PostForm)
	text := strings.ReplaceAll(f.Value("text"), "\r\n", "\n")
	if p.State == delivery.Accepted {
		_, err = h.Herald.Correct(r.Context(), h.actor(r), p.ID, text)
	} else {
		_, err = h.Herald.Reword(r.Context(), h.actor(r), p.ID, text, time.Time{})
	}
	switch {
	case err == nil:
		return h.done(w, r, postURL(p.ID), h.words(r).T("posting.did_text"), nil)
	case !notKept(&f, err):
		return err
	}
	return h.showPost(w, r, http.StatusUnprocessableEntity, p, f)
}

func (h *house) postDone(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return &respond.Malformed{Err: err}
	}
	p, err := h.thisPost(r)
	if err != nil {
		return err
	}
	f := pages.NewForm(r.PostForm)
	_, err = h.Herald.Done(r.Context(), h.actor(r), p.ID, f.Value("link"))
	switch {
	case err == nil:
		return h.done(w, r, editionURL(p.Edition)+"/posts", h.words(r).T("posting.did_done"), nil)
	case !notKept(&f, err):
		return err
	}
	return h.showPost(w, r, http.StatusUnprocessableEntity, p, f)
}

// actOn does something to one post and leads back to it.
func (h *house) actOn(w http.ResponseWriter, r *http.Request, do func(context.Context, string, delivery.PostID) (delivery.Post, error), said string) error {
	p, err := h.thisPost(r)
	if err != nil {
		return err
	}
	if _, err := do(r.Context(), h.actor(r), p.ID); err != nil {
		f := pages.NewForm(nil)
		if !notKept(&f, err) {
			return err
		}
		return h.showPost(w, r, http.StatusConflict, p, f)
	}
	return h.done(w, r, editionURL(p.Edition)+"/posts", h.words(r).T(said), nil)
}

func (h *house) confirmPost(w http.ResponseWriter, r *http.Request) error {
	return h.actOn(w, r, h.Herald.Confirm, "posting.did_confirm")
}

func (h *house) skipPost(w http.ResponseWriter, r *http.Request) error {
	return h.actOn(w, r, h.Herald.Skip, "posting.did_skip")
}

func (h *house) againPost(w http.ResponseWriter, r *http.Request) error {
	return h.actOn(w, r, h.Herald.Again, "posting.did_again")
}

func (h *house) withdrawPost(w http.ResponseWriter, r *http.Request) error {
	return h.actOn(w, r, h.Herald.Withdraw, "posting.did_withdraw")
}

// postsForPeople adds the posts that wait for a hand, a yes or a decision.
func (h *house) postsForPeople(r *http.Request, v *homeView) error {
	posts, err := h.Store.PostsForPeople(r.Context(), h.Now(), 5)
	if err != nil || len(posts) == 0 {
		return err
	}
	rows, err := h.postRows(r, posts)
	for _, row := range rows {
		v.Needs = append(v.Needs, needView{Mark: row.Mark, Title: row.Where, URL: row.At, Text: words.Capital(row.What) + ", " + row.When})
	}
	return err
}
