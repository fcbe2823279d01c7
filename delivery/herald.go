package delivery

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"postrider/campaigns"
	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/templates"
)

// PostStore keeps the posts. Each method is one transaction.
type PostStore interface {
	// AddPosts is a Conflict where the edition has the same post already.
	AddPosts(ctx context.Context, posts []Post, e audit.Entry) error
	// ChangePost keeps mode, text, due, state, url, answer and reason of p where
	// the row is still of time was.
	ChangePost(ctx context.Context, p Post, was time.Time, e audit.Entry) error
	// Post is NotFound where there is none.
	Post(ctx context.Context, id PostID) (Post, error)
	// Posts are those of an edition by their due times; of all editions, the
	// latest first and at most 500, where it is zero.
	Posts(ctx context.Context, e campaigns.EditionID) ([]Post, error)
	// DuePosts are those that go by themselves and whose time has come, of
	// editions whose page is public, through accounts that are active.
	DuePosts(ctx context.Context, now time.Time, limit int) ([]Post, error)
	// ClaimPost makes a post SENDING and its caller the owner until a moment;
	// false where somebody was faster.
	ClaimPost(ctx context.Context, p Post, owner int64, until time.Time) (bool, error)
	// SettlePost records the outcome of a claimed post; false where another owner
	// has it.
	SettlePost(ctx context.Context, p Post, owner int64) (bool, error)
	// LostPosts are those whose owner did not settle them in time.
	LostPosts(ctx context.Context, now time.Time) ([]Post, error)
	// DoubtfulPosts are uncertain ones whose account can be looked at.
	DoubtfulPosts(ctx context.Context, kinds []AccountKind, now time.Time) ([]Post, error)
	// ReadablePosts are those whose numbers are to be read again.
	ReadablePosts(ctx context.Context, kinds []AccountKind, now time.Time, limit int) ([]Post, error)
	// KeepNumbers of a post.
	KeepNumbers(ctx context.Context, id PostID, n PostNumbers) error
	// PostPlan and SetPostPlan are what is posted of each edition of a campaign.
	PostPlan(ctx context.Context, c campaigns.ID) ([]PostPlan, error)
	SetPostPlan(ctx context.Context, c campaigns.ID, plan []PostPlan, e audit.Entry) error
	// EditionContent is what an edition was rendered from.
	EditionContent(ctx context.Context, e campaigns.EditionID) (campaigns.Content, error)
}

// Draft is a post as it is handed to a network: the same at every try.
type Draft struct {
	Post    PostID
	Edition campaigns.EditionID
	Minted  time.Time // when the post was planned
	Number  int       // of the takeaway, 0 for the edition
	Text    string
	templates.Posting
	Card []byte // JPEG, nil where it cannot be drawn
}

// Key names the draft at the other end: the same at every try.
func (d Draft) Key() string { return d.Post.String() }

// Published is what the other end made of a draft.
type Published struct {
	Remote string // its id there
	URL    string // where people see it, empty where they cannot
}

// Publisher posts to one kind of account or several. Failed tries are
// *PostError; any other error means that nothing has left.
type Publisher interface {
	Opener
	// Publish makes the post.
	Publish(ctx context.Context, a Account, s AccountSecrets, d Draft) (Published, error)
	// Find looks for a post of an earlier try; NotFound where it is not there.
	Find(ctx context.Context, a Account, s AccountSecrets, d Draft) (Published, error)
	// Edit changes what was published; Delete takes it back.
	Edit(ctx context.Context, a Account, s AccountSecrets, p Published, d Draft) error
	Delete(ctx context.Context, a Account, s AccountSecrets, p Published) error
	// Numbers reads what people did with it.
	Numbers(ctx context.Context, a Account, s AccountSecrets, p Published) (PostNumbers, error)
}

// PostError is the outcome of a try that did not end well.
type PostError struct {
	State State         // Deferred, Refused or Unknown
	After time.Duration // when to try again at the earliest, as the other end asked; 0: it did not
	Us    bool          // it is about the account (a key that is no longer good), not about the post
	Text  string        // the other end's words, without secrets
}

func (e *PostError) Error() string { return e.Text }

const (
	postLease = 2 * time.Minute // longer than any try takes
	lookAfter = time.Minute     // a server may still be at work on what it did not answer
	postLate  = 6 * time.Hour   // then a person is asked
	maxTries  = 12
	heraldNap = 2 * time.Second
	numbersOf = 20 // posts whose numbers are read at a time
)

// Herald posts what is due, and changes posts when people say so. One for a
// process; any number may share a database.
type Herald struct {
	Store     PostStore
	Book      *AccountBook
	Publisher Publisher
	// Card draws the picture of an edition or takeaway.
	Card func(e templates.Edition, n int) ([]byte, error)
	Now  func() time.Time
	Log  *slog.Logger

	owner int64
}

// Run posts until the context ends.
func (h *Herald) Run(ctx context.Context) {
	tick := time.NewTicker(heraldNap)
	defer tick.Stop()
	for ctx.Err() == nil {
		if err := h.Work(ctx); err != nil && ctx.Err() == nil {
			h.Log.Warn("posts wait", "err", err)
		}
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
}

// Work does once what is to be done now.
func (h *Herald) Work(ctx context.Context) error {
	if h.owner == 0 {
		h.owner = ids.Block(1)
	}
	return errors.Join(h.recover(ctx), h.look(ctx), h.post(ctx), h.read(ctx))
}

// post makes the posts that are due, one after the other.
func (h *Herald) post(ctx context.Context) error {
	due, err := h.Store.DuePosts(ctx, h.Now(), 50)
	if err != nil || len(due) == 0 {
		return err
	}
	accounts, err := h.accounts(ctx)
	if err != nil {
		return err
	}
	var failed error // of one post, which keeps no other waiting
	for _, p := range due {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if h.Now().Sub(p.Due) > postLate && p.Attempts == 0 {
			was := p.UpdatedAt
			p.Mode, p.Reason = PostAsk, "its time was more than 6 hours ago"
			if err := h.Store.ChangePost(ctx, p, was, h.entry("herald", "held", p, "late")); err != nil && !errs.Is(err, errs.Conflict) {
				return err
			}
			continue
		}
		if err := h.one(ctx, accounts[p.Account], p); err != nil {
			failed = errors.Join(failed, err)
		}
	}
	return failed
}

// one makes one post: everything is ready before the ledger says SENDING.
func (h *Herald) one(ctx context.Context, a Account, p Post) error {
	s, d, err := h.prepare(ctx, a, p)
	if err != nil {
		return err
	}
	ok, err := h.Store.ClaimPost(ctx, p, h.owner, h.Now().Add(postLease))
	if err != nil || !ok {
		return err
	}
	p.Attempts++
	if p.TriedAt.IsZero() {
		p.TriedAt = h.Now()
	}
	published, err := h.Publisher.Publish(ctx, a, s, d)
	return h.settle(ctx, a, p, published, err)
}

// settle records an outcome. What was posted is recorded also when the process
// is about to end.
func (h *Herald) settle(ctx context.Context, a Account, p Post, published Published, err error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	var failed *PostError
	switch {
	case err == nil:
		p.State, p.Remote, p.URL, p.Answer, p.Reason = Accepted, published.Remote, published.URL, "", ""
	case errors.As(err, &failed):
		p.State, p.Answer, p.Reason = failed.State, failed.Text, ""
	default:
		p.State, p.Answer = Deferred, err.Error()
		failed = &PostError{}
	}
	switch p.State {
	case Deferred:
		p.Due = h.Now().Add(max(failed.After, postWait(p.Attempts)))
		if p.Attempts >= maxTries {
			p.State, p.Reason = Refused, "not accepted after many tries"
		}
	case Unknown:
		p.Due, p.Reason = h.Now().Add(lookAfter), "no answer came: it may be there"
	}
	trouble := ""
	if failed != nil && failed.Us {
		trouble = failed.Text
	}
	if a.Trouble != trouble && p.State != Unknown {
		if err := h.Book.Store.NoteAccountTrouble(ctx, a.ID, trouble, h.Now()); err != nil {
			h.Log.Warn("an account's trouble could not be kept", "err", err)
		}
	}
	_, err = h.Store.SettlePost(ctx, p, h.owner)
	return err
}

// postWait is how long a post waits before the next try.
func postWait(tries int) time.Duration { return backoff[min(max(tries, 1), len(backoff))-1] }

// recover takes up the posts of an owner that died: nobody knows whether they
// are there.
func (h *Herald) recover(ctx context.Context) error {
	lost, err := h.Store.LostPosts(ctx, h.Now())
	if err != nil || len(lost) == 0 {
		return err
	}
	accounts, err := h.accounts(ctx)
	if err != nil {
		return err
	}
	for _, p := range lost {
		f, _ := accounts[p.Account].Kind.Facts()
		p.State, p.Reason, p.Due = Unknown, "the program ended while it was posted: it may be there", h.Now()
		if f.Doubt == Repeat {
			p.State, p.Reason = Queued, ""
		}
		if _, err := h.Store.SettlePost(ctx, p, p.Owner); err != nil {
			return err
		}
	}
	return nil
}

// look reads the accounts of uncertain posts. One that is there is accepted;
// one that is not goes back.
func (h *Herald) look(ctx context.Context) error {
	var looked, repeated []AccountKind
	for _, f := range facts {
		switch f.Doubt {
		case Look:
			looked = append(looked, f.Kind)
		case Repeat:
			repeated = append(repeated, f.Kind)
		}
	}
	again, err := h.Store.DoubtfulPosts(ctx, repeated, h.Now())
	if err != nil {
		return err
	}
	for _, p := range again {
		p.State, p.Reason = Queued, ""
		if _, err := h.Store.SettlePost(ctx, p, 0); err != nil {
			return err
		}
	}
	doubtful, err := h.Store.DoubtfulPosts(ctx, looked, h.Now())
	if err != nil || len(doubtful) == 0 {
		return err
	}
	accounts, err := h.accounts(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, p := range doubtful {
		s, d, err := h.prepare(ctx, accounts[p.Account], p)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		found, err := h.Publisher.Find(ctx, accounts[p.Account], s, d)
		switch {
		case err == nil:
			p.State, p.Remote, p.URL, p.Reason = Accepted, found.Remote, found.URL, ""
		case errs.Is(err, errs.NotFound):
			p.State, p.Reason, p.Due = Queued, "", h.Now()
		default:
			p.Due = h.Now().Add(postWait(p.Attempts)) // looked for again then
			p.Answer = err.Error()
		}
		if _, err := h.Store.SettlePost(ctx, p, 0); err != nil {
			return err
		}
	}
	return failed
}

// read reads the numbers of what was posted in the last weeks.
func (h *Herald) read(ctx context.Context) error {
	var kinds []AccountKind
	for _, f := range facts {
		if f.Counts {
			kinds = append(kinds, f.Kind)
		}
	}
	posts, err := h.Store.ReadablePosts(ctx, kinds, h.Now(), numbersOf)
	if err != nil || len(posts) == 0 {
		return err
	}
	accounts, err := h.accounts(ctx)
	if err != nil {
		return err
	}
	var failed error
	for _, p := range posts {
		a := accounts[p.Account]
		s, err := h.Book.Unseal(a)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		n, err := h.Publisher.Numbers(ctx, a, s, Published{Remote: p.Remote, URL: p.URL})
		if err != nil {
			n = p.Numbers // asked again next time, like one that was read
		}
		n.ReadAt = h.Now()
		if err := h.Store.KeepNumbers(ctx, p.ID, n); err != nil {
			return err
		}
	}
	return failed
}

func (h *Herald) accounts(ctx context.Context) (map[AccountID]Account, error) {
	all, err := h.Book.Store.Accounts(ctx)
	if err != nil {
		return nil, err
	}
	out := make(map[AccountID]Account, len(all))
	for _, a := range all {
		out[a.ID] = a
	}
	return out, nil
}

// prepare reads all that a try needs.
func (h *Herald) prepare(ctx context.Context, a Account, p Post) (AccountSecrets, Draft, error) {
	s, err := h.Book.Unseal(a)
	if err != nil {
		return s, Draft{}, err
	}
	d, err := h.Draft(ctx, p)
	return s, d, err
}

// Draft is a post as it will be, for people to look at and for networks.
func (h *Herald) Draft(ctx context.Context, p Post) (Draft, error) {
	c, err := h.Store.EditionContent(ctx, p.Edition)
	if err != nil {
		return Draft{}, err
	}
	d := Draft{Post: p.ID, Edition: p.Edition, Minted: p.CreatedAt, Number: p.Takeaway}
	if d.Posting, err = templates.PostingFor(c.Input, p.Takeaway, p.Network); err != nil {
		return Draft{}, fmt.Errorf("post %s: %w", p.ID, err)
	}
	if d.Text = p.Text; d.Text == "" {
		d.Text = d.Posting.Text
	}
	if h.Card != nil {
		if d.Card, err = h.Card(c.Input, p.Takeaway); err != nil {
			d.Card = nil // a post without its picture is better than none
		}
	}
	return d, nil
}

func (h *Herald) entry(actor, action string, p Post, detail string) audit.Entry {
	if detail == "" {
		detail = string(p.Network)
	}
	return audit.Entry{At: h.Now(), Actor: actor, Action: action, Kind: "post", Object: int64(p.ID), Detail: detail}
}
