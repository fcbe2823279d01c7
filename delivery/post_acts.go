package delivery

import (
	"context"
	"net/url"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/networks"
)

// NewPost is what a person asks for.
type NewPost struct {
	Account  string      // its name or id; empty: by hand
	Network  networks.ID // by hand only; else the account's
	Takeaway int         // 0: the whole edition
	Ask      bool        // wait for a yes
	Text     string      // empty: the snippet
	Due      time.Time   // zero: now
}

// Add plans a post of an edition. A post that the edition has already is a
// Conflict: the same thing twice is what nobody wants.
func (h *Herald) Add(ctx context.Context, actor string, e campaigns.EditionID, n NewPost) (Post, error) {
	p := Post{Edition: e, Network: n.Network, Takeaway: n.Takeaway, Mode: PostHand, Text: strings.TrimSpace(n.Text), Due: n.Due}
	if n.Account != "" {
		a, err := h.Book.Find(ctx, n.Account)
		if err != nil {
			return Post{}, err
		}
		f, err := a.Kind.Facts()
		if err != nil {
			return Post{}, err
		}
		p.Account, p.Network, p.Mode = a.ID, f.Network, PostItself
		if n.Ask {
			p.Mode = PostAsk
		}
	}
	if p.Due.IsZero() {
		p.Due = h.Now()
	}
	if _, err := networks.Find(string(p.Network)); err != nil {
		return Post{}, &errs.Error{Kind: errs.Invalid, Field: "network", Err: err}
	}
	c, err := h.Store.EditionContent(ctx, e)
	if err != nil {
		return Post{}, err
	}
	if takeaways := countTakeaways(c); p.Takeaway < 0 || p.Takeaway > takeaways {
		return Post{}, badAccount("takeaway", "the issue has no key takeaway of that number")
	}
	if err := checkText(p.Network, p.Text); err != nil {
		return Post{}, err
	}
	p = h.minted(p)
	return p, h.Store.AddPosts(ctx, []Post{p}, h.entry(actor, "added", p, ""))
}

func countTakeaways(c campaigns.Content) int {
	n := 0
	for _, r := range c.Input.Recaps {
		n += len(r.Takeaways)
	}
	return n
}

func (h *Herald) minted(p Post) Post {
	p.ID, p.State, p.CreatedAt = ids.New[postMark](), Queued, stamp(h.Now())
	p.Due, p.UpdatedAt = stamp(p.Due), p.CreatedAt
	return p
}

// Plan sets what is posted of each edition of a campaign from now on.
func (h *Herald) Plan(ctx context.Context, actor string, c campaigns.ID, plan []PostPlan) error {
	if len(plan) > maxPlanLines {
		return badAccount("plan", "want at most 40 lines")
	}
	accounts, err := h.accounts(ctx)
	if err != nil {
		return err
	}
	for i := range plan {
		if plan[i].Account != 0 {
			a, ok := accounts[plan[i].Account]
			if !ok {
				return badAccount("account", "the account is gone")
			}
			f, err := a.Kind.Facts()
			if err != nil {
				return err
			}
			plan[i].Network = f.Network
		}
		if err := plan[i].Validate(); err != nil {
			return err
		}
	}
	return h.Store.SetPostPlan(ctx, c, plan, audit.Entry{At: h.Now(), Actor: actor, Action: "changed", Kind: "post_plan", Object: int64(c)})
}

// Confirm lets a post that asks first go out at its time.
func (h *Herald) Confirm(ctx context.Context, actor string, id PostID) (Post, error) {
	return h.act(ctx, actor, id, "confirmed", func(p *Post) error {
		if p.Mode != PostAsk || !p.Waiting() {
			return errs.Conflictf("the post does not ask for a yes: it is %s", p.State)
		}
		p.Mode, p.Reason = PostItself, ""
		if h.Now().Sub(p.Due) > postLate {
			p.Due = stamp(h.Now())
		}
		return nil
	})
}

// Reword gives a post that still waits a person's own text, and another time.
// An empty text is the snippet; a zero time leaves it.
func (h *Herald) Reword(ctx context.Context, actor string, id PostID, text string, due time.Time) (Post, error) {
	return h.act(ctx, actor, id, "changed", func(p *Post) error {
		if !p.Waiting() {
			return errs.Conflictf("the post is %s: only one that waits can be changed", p.State)
		}
		p.Text = strings.TrimSpace(text)
		if !due.IsZero() {
			p.Due = stamp(due)
		}
		return checkText(p.Network, p.Text)
	})
}

// Done says that a person has posted, or that an uncertain post is there. link
// may be empty.
func (h *Herald) Done(ctx context.Context, actor string, id PostID, link string) (Post, error) {
	link = strings.TrimSpace(link)
	if link != "" {
		u, err := url.Parse(link)
		if err != nil || len(link) > maxAccountAddress || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
			return Post{}, badAccount("link", "want the post's address, such as https://www.linkedin.com/posts/…, or nothing")
		}
	}
	return h.act(ctx, actor, id, "posted", func(p *Post) error {
		if p.State != Unknown && !(p.Waiting() && p.Mode == PostHand) {
			return errs.Conflictf("the post is %s and not one that a person makes", p.State)
		}
		p.State, p.URL, p.Reason, p.Answer = Accepted, link, "", ""
		return nil
	})
}

// Skip leaves a post out that waits or is not certain.
func (h *Herald) Skip(ctx context.Context, actor string, id PostID) (Post, error) {
	return h.act(ctx, actor, id, "skipped", func(p *Post) error {
		if !p.Waiting() && p.State != Unknown {
			return errs.Conflictf("the post is %s: there is nothing to leave out", p.State)
		}
		if p.State == Unknown {
			p.Reason = "left as not certain"
		}
		p.State = Cancelled
		return nil
	})
}

// Again posts once more what was refused or left out, or what a person knows
// not to be there.
func (h *Herald) Again(ctx context.Context, actor string, id PostID) (Post, error) {
	return h.act(ctx, actor, id, "posted again", func(p *Post) error {
		if p.State != Unknown && p.State != Refused && p.State != Cancelled {
			return errs.Conflictf("the post is %s: it is not posted a second time", p.State)
		}
		p.State, p.Due, p.Reason, p.Answer, p.Attempts = Queued, stamp(h.Now()), "", "", 0
		return nil
	})
}

// act changes one post under its own audit entry.
func (h *Herald) act(ctx context.Context, actor string, id PostID, action string, change func(*Post) error) (Post, error) {
	p, err := h.Store.Post(ctx, id)
	if err != nil {
		return p, err
	}
	was, from := p.UpdatedAt, p.State
	if err := change(&p); err != nil {
		return p, err
	}
	p.UpdatedAt = later(stamp(h.Now()), was)
	detail := string(p.Network)
	if from != p.State {
		detail += ": " + string(from) + " → " + string(p.State)
	}
	return p, h.Store.ChangePost(ctx, p, was, h.entry(actor, action, p, detail))
}

// Correct changes what was posted, where the network allows it.
func (h *Herald) Correct(ctx context.Context, actor string, id PostID, text string) (Post, error) {
	p, a, s, err := h.published(ctx, id)
	if err != nil {
		return p, err
	}
	f, _ := a.Kind.Facts()
	if !f.Edits {
		return p, errs.Conflictf("%s does not let a post be changed: take it back and post again", f.Title)
	}
	text = strings.TrimSpace(text)
	if err := checkText(p.Network, text); err != nil {
		return p, err
	}
	changed := p
	changed.Text = text
	d, err := h.Draft(ctx, changed)
	if err != nil {
		return p, err
	}
	if err := h.Publisher.Edit(ctx, a, s, Published{Remote: p.Remote, URL: p.URL}, d); err != nil {
		return p, err
	}
	return h.act(ctx, actor, id, "corrected", func(p *Post) error { p.Text = text; return nil })
}

// Withdraw takes back what was posted, where the network allows it.
func (h *Herald) Withdraw(ctx context.Context, actor string, id PostID) (Post, error) {
	p, a, s, err := h.published(ctx, id)
	if err != nil {
		return p, err
	}
	f, _ := a.Kind.Facts()
	if !f.Deletes {
		return p, errs.Conflictf("%s does not let us take a post back: do it there", f.Title)
	}
	if err := h.Publisher.Delete(ctx, a, s, Published{Remote: p.Remote, URL: p.URL}); err != nil && !errs.Is(err, errs.NotFound) {
		return p, err
	}
	return h.act(ctx, actor, id, "taken back", func(p *Post) error {
		p.State, p.Reason, p.URL = Cancelled, "taken back", ""
		return nil
	})
}

// published is a post that is there, through an account that is still ours.
func (h *Herald) published(ctx context.Context, id PostID) (Post, Account, AccountSecrets, error) {
	p, err := h.Store.Post(ctx, id)
	if err != nil {
		return p, Account{}, AccountSecrets{}, err
	}
	if p.State != Accepted || p.Remote == "" {
		return p, Account{}, AccountSecrets{}, errs.Conflictf("the post is not one that Postrider has made")
	}
	a, err := h.Book.Find(ctx, p.Account.String())
	if err != nil {
		return p, a, AccountSecrets{}, err
	}
	s, err := h.Book.Unseal(a)
	return p, a, s, err
}
