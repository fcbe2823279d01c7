package delivery

import (
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/networks"
)

type postMark struct{}

// PostID identifies a post.
type PostID = ids.ID[postMark]

// PostMode says who posts.
type PostMode string

// The modes. A post that asks first becomes one that goes by itself when a
// person says so.
const (
	PostItself PostMode = "itself" // at its time
	PostAsk    PostMode = "ask"    // when a person has said yes
	PostHand   PostMode = "hand"   // a person, in the network's own composer
)

// Post is a snippet that we publish, or that a person is reminded to. Its
// states are words of the ledger: queued, sending, accepted, deferred, refused,
// unknown, cancelled.
type Post struct {
	ID       PostID              `json:"post"`
	Edition  campaigns.EditionID `json:"edition"`
	Account  AccountID           `json:"account,omitempty"` // zero: by hand, or the account is gone
	Network  networks.ID         `json:"network"`
	Takeaway int                 `json:"takeaway,omitempty"` // 0: the whole edition
	Mode     PostMode            `json:"mode"`
	State    State               `json:"state"`
	Text     string              `json:"text,omitempty"` // a person's own; empty: the snippet
	Due      time.Time           `json:"due_at"`
	Attempts int                 `json:"attempts"`
	Owner    int64               `json:"-"` // who is posting, and until when nobody else may
	Until    time.Time           `json:"-"`
	Remote   string              `json:"remote,omitempty"` // what the network calls it
	URL      string              `json:"url,omitempty"`    // where it can be seen
	Answer   string              `json:"answer,omitempty"` // the network's words
	Reason   string              `json:"reason,omitempty"` // why it waits, in words
	Numbers  PostNumbers         `json:"numbers,omitzero"`
	// The times of the first try, of the numbers, and of the row.
	TriedAt   time.Time `json:"tried_at,omitzero"`
	CreatedAt time.Time `json:"created_at"`
	UpdatedAt time.Time `json:"updated_at"`
}

// PostNumbers are what a network says about a post.
type PostNumbers struct {
	Likes   int       `json:"likes"`
	Reposts int       `json:"reposts"`
	Replies int       `json:"replies"`
	ReadAt  time.Time `json:"read_at,omitzero"` // zero: never read
}

// PostFigures counts posts by what people see of them.
type PostFigures struct {
	Waiting int `json:"waiting"` // by themselves
	Asking  int `json:"asking"`  // for a person's yes, or hand
	Posted  int `json:"posted"`
	Failed  int `json:"failed"`
	Unknown int `json:"unknown"`
}

// Waiting reports whether a post is still to be made, and can be changed or
// left out.
func (p Post) Waiting() bool { return p.State == Queued || p.State == Deferred }

// NeedsPerson reports whether a post waits for a person at a moment: a yes, a
// hand, or a decision about one that is not certain.
func (p Post) NeedsPerson(now time.Time) bool {
	switch {
	case p.State == Unknown:
		return true
	case !p.Waiting() || p.Due.After(now):
		return false
	}
	return p.Mode == PostAsk || p.Mode == PostHand
}

// PostPlan is one line of what is posted of each edition of a campaign.
type PostPlan struct {
	Account  AccountID     `json:"account,omitempty"` // zero: by hand
	Network  networks.ID   `json:"network"`
	Mode     PostMode      `json:"mode"`
	After    time.Duration `json:"-"`             // after the mail begins
	Each     bool          `json:"each_takeaway"` // a post for each takeaway instead of one for all
	Interval time.Duration `json:"-"`             // between those
}

// Bounds of a plan.
const (
	maxPlanLines = 40
	maxPlanAfter = 90 * 24 * time.Hour
	maxPostText  = 10_000 // bytes
)

// Validate checks a line of a plan.
func (l PostPlan) Validate() error {
	if _, err := networks.Find(string(l.Network)); err != nil {
		return &errs.Error{Kind: errs.Invalid, Field: "network", Err: err}
	}
	switch {
	case (l.Account == 0) != (l.Mode == PostHand):
		return badAccount("account", "a post by hand has no account, any other needs one")
	case !slices.Contains([]PostMode{PostItself, PostAsk, PostHand}, l.Mode):
		return badAccount("mode", "want itself, ask or hand")
	case l.After < 0 || l.After > maxPlanAfter:
		return badAccount("after", "want a time between at once and 90 days after the mail")
	case l.Each && (l.Interval < time.Minute || l.Interval > maxPlanAfter):
		return badAccount("every", "want at least a minute between two takeaways, such as 24h")
	}
	return nil
}

// Posts are the posts that a line means for an edition with so many takeaways
// whose mail begins at a moment.
func (l PostPlan) Posts(e campaigns.EditionID, takeaways int, begins time.Time) []Post {
	first := begins.Add(l.After)
	one := Post{Edition: e, Account: l.Account, Network: l.Network, Mode: l.Mode, Due: first}
	if !l.Each {
		return []Post{one}
	}
	var out []Post
	for n := range takeaways {
		p := one
		p.Takeaway, p.Due = n+1, first.Add(time.Duration(n)*l.Interval)
		out = append(out, p)
	}
	return out
}

// checkText says whether a person's own text can be posted to a network.
func checkText(id networks.ID, text string) error {
	n, err := networks.Find(string(id))
	if err != nil {
		return err
	}
	if len(text) > maxPostText || !utf8.ValidString(text) {
		return badAccount("text", "it is too long")
	}
	if c := n.Measure(text); !c.Fits {
		return badAccount("text", fmt.Sprintf("%s takes %d %s, these are %d: shorten it", n.Name, c.Limit, n.Unit, c.Count))
	}
	return nil
}
