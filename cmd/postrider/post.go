package main

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/networks"
	"postrider/templates"
)

type postCmd struct {
	List     postListCmd     `cmd:"" default:"withargs" help:"Show the posts of an issue, or the latest of all (the default)."`
	Add      postAddCmd      `cmd:"" help:"Plan a post of an issue: through an account, or by hand on a network."`
	Show     postShowCmd     `cmd:"" help:"Show a post's text and where it stands."`
	Confirm  postConfirmCmd  `cmd:"" help:"Say yes to a post that asks first."`
	Change   postChangeCmd   `cmd:"" help:"Give a post that waits another text or time; correct one that is out, where the network allows it."`
	Done     postDoneCmd     `cmd:"" help:"Say that you have posted, or that an uncertain post is there."`
	Skip     postSkipCmd     `cmd:"" help:"Leave a post out."`
	Again    postAgainCmd    `cmd:"" help:"Post again what was refused or left out, or what you know not to be there."`
	Withdraw postWithdrawCmd `cmd:"" help:"Take back what is out, where the network allows it."`
	Plan     postPlanCmd     `cmd:"" help:"Show or change what is posted of each issue of a campaign."`
}

// asField finds an error with a field.
func asField(err error, into **errs.Error) bool { return errors.As(err, into) && (*into).Field != "" }

type postListCmd struct {
	Edition string `arg:"" optional:"" help:"Issue's id, or latest; without it all."`
}

// Run lists posts.
func (c *postListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		var id campaigns.EditionID
		if c.Edition != "" {
			e, err := h.desk.FindEdition(s.ctx, c.Edition)
			if err != nil {
				return err
			}
			id = e.ID
		}
		posts, err := h.store.Posts(s.ctx, id)
		if err != nil {
			return err
		}
		return s.print(append([]delivery.Post{}, posts...), func() {
			if len(posts) == 0 {
				s.printf("No post. Plan one with: postrider post add latest --account NAME, or --network linkedin by hand\n")
			}
			for _, p := range posts {
				s.printPost(h, p)
			}
		})
	})
}

// printPost is a post on a line or two.
func (s *session) printPost(h *house, p delivery.Post) {
	where := string(p.Network)
	if p.Account != 0 {
		where = "an account that is gone"
		all, err := h.store.Accounts(s.ctx)
		for _, a := range all {
			if err == nil && a.ID == p.Account {
				where = a.Name
			}
		}
	}
	what := "the issue"
	if p.Takeaway > 0 {
		what = fmt.Sprintf("takeaway %d", p.Takeaway)
	}
	s.printf("%s  %-16s %-12s %-20s %s  %s\n", p.ID, where, what, postState(p, time.Now()), s.when(p.Due), p.URL)
	if p.Answer != "" || p.Reason != "" {
		s.printf("%15s%s\n", "", strings.Trim(p.Reason+"; "+p.Answer, "; "))
	}
}

// postState says in words where a post stands.
func postState(p delivery.Post, now time.Time) string {
	switch {
	case p.State == delivery.Accepted:
		return "posted"
	case p.State == delivery.Unknown:
		return "not certain"
	case p.State == delivery.Cancelled:
		return "left out"
	case p.State == delivery.Deferred:
		return "waits, next try"
	case p.Waiting() && p.Mode == delivery.PostAsk:
		return "asks for a yes"
	case p.Waiting() && p.Mode == delivery.PostHand && p.NeedsPerson(now):
		return "to be posted by you"
	case p.Waiting() && p.Mode == delivery.PostHand:
		return "by hand"
	case p.State == delivery.Queued:
		return "waits"
	}
	return string(p.State)
}

type postAddCmd struct {
	Edition  string        `arg:"" help:"Issue's id, or latest."`
	Account  string        `help:"Account to post through." placeholder:"NAME"`
	Network  string        `help:"Network on which a person posts by hand." placeholder:"ID"`
	Takeaway int           `help:"Only this key takeaway." placeholder:"N"`
	At       string        `help:"When, such as 2026-12-01T09:00." placeholder:"TIME"`
	In       time.Duration `help:"When, from now." placeholder:"5m"`
	Zone     string        `help:"Time zone of --at (default: this machine's)." placeholder:"ZONE"`
	Ask      bool          `help:"Wait for a yes (post confirm)."`
	Text     string        `help:"Another text than the snippet." placeholder:"TEXT"`
}

// Run plans a post.
func (c *postAddCmd) Run(s *session) error {
	if (c.Account == "") == (c.Network == "") {
		return &errs.Error{Kind: errs.Invalid, Field: "--account", Text: "name an account to post through, or with --network where a person posts"}
	}
	due, err := c.due()
	if err != nil {
		return err
	}
	return s.withHerald(func(h *house, herald *delivery.Herald) error {
		e, err := h.desk.FindEdition(s.ctx, c.Edition)
		if err != nil {
			return err
		}
		p, err := herald.Add(s.ctx, "cli", e.ID, delivery.NewPost{Account: c.Account, Network: networks.ID(c.Network), Takeaway: c.Takeaway, Ask: c.Ask, Text: c.Text, Due: due})
		if err != nil {
			return byAccountFlag(err)
		}
		return s.print(p, func() {
			s.printPost(h, p)
			if p.Mode == delivery.PostItself {
				s.printf("It is posted by postrider serve, once the issue is out.\n")
			}
		})
	})
}

func (c *postAddCmd) due() (time.Time, error) {
	switch {
	case c.At != "" && c.In != 0:
		return time.Time{}, &errs.Error{Kind: errs.Invalid, Field: "--at", Text: "give --at or --in, not both"}
	case c.In != 0:
		return time.Now().Add(c.In), nil
	case c.At == "":
		return time.Time{}, nil
	}
	zone := time.Local
	if c.Zone != "" {
		var err error
		if zone, err = time.LoadLocation(c.Zone); err != nil {
			return time.Time{}, &errs.Error{Kind: errs.Invalid, Field: "--zone", Text: "want a name such as Europe/Zurich", Err: err}
		}
	}
	at, err := parseTime(c.At, zone)
	if err != nil {
		return at, &errs.Error{Kind: errs.Invalid, Field: "--at", Err: err}
	}
	return at, nil
}

// postArg names one post.
type postArg struct {
	Post string `arg:"" help:"Post's id: see post list."`
}

func (c postArg) id() (delivery.PostID, error) {
	id, err := ids.Parse[delivery.Post](c.Post)
	if err != nil {
		return 0, errs.NotFoundf("there is no post %q: give its id of 13 letters and digits (post list shows them)", c.Post)
	}
	return delivery.PostID(id), nil
}

// on runs what is done to one post, and shows it.
func (c postArg) on(s *session, do func(*delivery.Herald, delivery.PostID) (delivery.Post, error)) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	return s.withHerald(func(h *house, herald *delivery.Herald) error {
		p, err := do(herald, id)
		if err != nil {
			return byAccountFlag(err)
		}
		return s.print(p, func() { s.printPost(h, p) })
	})
}

type postShowCmd struct{ postArg }

// Run shows a post.
func (c *postShowCmd) Run(s *session) error {
	id, err := c.id()
	if err != nil {
		return err
	}
	return s.withHerald(func(h *house, herald *delivery.Herald) error {
		p, err := herald.Store.Post(s.ctx, id)
		if err != nil {
			return err
		}
		d, err := herald.Draft(s.ctx, p)
		if err != nil {
			return err
		}
		content, err := herald.Store.EditionContent(s.ctx, p.Edition)
		if err != nil {
			return err
		}
		snippet, err := templates.SnippetFor(content.Input, p.Network)
		if p.Takeaway > 0 {
			snippet, err = templates.TakeawaySnippet(content.Input, p.Takeaway, p.Network)
		}
		if err != nil {
			return err
		}
		out := struct {
			delivery.Post
			Shown    string `json:"shown"`
			Composer string `json:"composer"`
			Alt      string `json:"image_alt"`
		}{p, d.Text, snippet.URL, d.CardAlt}
		return s.print(out, func() {
			s.printPost(h, p)
			s.printf("\n%s\n", d.Text)
			if p.Mode == delivery.PostHand && p.Waiting() {
				s.printf("\nOpen the composer: %s\nThen: postrider post done %s --link URL\n", snippet.URL, p.ID)
			}
		})
	})
}

type postConfirmCmd struct{ postArg }

// Run confirms a post.
func (c *postConfirmCmd) Run(s *session) error {
	return c.on(s, func(h *delivery.Herald, id delivery.PostID) (delivery.Post, error) {
		return h.Confirm(s.ctx, "cli", id)
	})
}

type postChangeCmd struct {
	postArg
	Text string `help:"The text; empty: the snippet." placeholder:"TEXT"`
	At   string `help:"When, such as 2026-12-01T09:00." placeholder:"TIME"`
}

// Run changes a post, or corrects it where it is out.
func (c *postChangeCmd) Run(s *session) error {
	at, err := (&postAddCmd{At: c.At}).due()
	if err != nil {
		return err
	}
	return c.on(s, func(h *delivery.Herald, id delivery.PostID) (delivery.Post, error) {
		p, err := h.Store.Post(s.ctx, id)
		switch {
		case err != nil:
			return p, err
		case p.State == delivery.Accepted:
			return h.Correct(s.ctx, "cli", id, c.Text)
		}
		return h.Reword(s.ctx, "cli", id, c.Text, at)
	})
}

type postDoneCmd struct {
	postArg
	Link string `help:"Where it can be seen." placeholder:"URL"`
}

// Run says that a post is there.
func (c *postDoneCmd) Run(s *session) error {
	return c.on(s, func(h *delivery.Herald, id delivery.PostID) (delivery.Post, error) {
		return h.Done(s.ctx, "cli", id, c.Link)
	})
}

type postSkipCmd struct{ postArg }

// Run leaves a post out.
func (c *postSkipCmd) Run(s *session) error {
	return c.on(s, func(h *delivery.Herald, id delivery.PostID) (delivery.Post, error) { return h.Skip(s.ctx, "cli", id) })
}

type postAgainCmd struct{ postArg }

// Run posts again.
func (c *postAgainCmd) Run(s *session) error {
	return c.on(s, func(h *delivery.Herald, id delivery.PostID) (delivery.Post, error) { return h.Again(s.ctx, "cli", id) })
}

type postWithdrawCmd struct{ postArg }

// Run takes a post back.
func (c *postWithdrawCmd) Run(s *session) error {
	return c.on(s, func(h *delivery.Herald, id delivery.PostID) (delivery.Post, error) {
		return h.Withdraw(s.ctx, "cli", id)
	})
}

type postPlanCmd struct {
	Campaign string        `arg:"" help:"Campaign's name or id."`
	Account  string        `help:"Add a post through this account." placeholder:"NAME"`
	Network  string        `help:"Add a post by hand on this network." placeholder:"ID"`
	After    time.Duration `help:"How long after the mail begins." placeholder:"5m"`
	Each     bool          `help:"A post for each key takeaway."`
	Every    time.Duration `default:"24h" help:"Between those."`
	Ask      bool          `help:"Wait for a yes."`
	Clear    bool          `help:"Begin with an empty plan."`
}

// Run shows or changes a campaign's plan of posts.
func (c *postPlanCmd) Run(s *session) error {
	return s.withHerald(func(h *house, herald *delivery.Herald) error {
		campaign, err := h.store.Campaign(s.ctx, c.Campaign)
		if err != nil {
			return err
		}
		plan, err := herald.Store.PostPlan(s.ctx, campaign.ID)
		if err != nil {
			return err
		}
		if c.Clear {
			plan = nil
		}
		if c.Account != "" || c.Network != "" {
			line := delivery.PostPlan{Network: networks.ID(c.Network), Mode: delivery.PostHand, After: c.After, Each: c.Each, Interval: c.Every}
			if c.Account != "" {
				a, err := herald.Book.Find(s.ctx, c.Account)
				if err != nil {
					return err
				}
				line.Account, line.Mode = a.ID, delivery.PostItself
				if c.Ask {
					line.Mode = delivery.PostAsk
				}
			}
			plan = append(plan, line)
		}
		if c.Clear || c.Account != "" || c.Network != "" {
			if err := herald.Plan(s.ctx, "cli", campaign.ID, plan); err != nil {
				return byAccountFlag(err)
			}
		}
		return s.printPostPlan(herald, plan)
	})
}

func (s *session) printPostPlan(herald *delivery.Herald, plan []delivery.PostPlan) error {
	type row struct {
		delivery.PostPlan
		Name  string `json:"account_name,omitempty"`
		After string `json:"after"`
		Every string `json:"every,omitempty"`
	}
	accounts, err := herald.Book.List(s.ctx)
	if err != nil {
		return err
	}
	names := map[delivery.AccountID]string{}
	for _, a := range accounts {
		names[a.ID] = a.Name
	}
	rows := []row{}
	for _, l := range plan {
		r := row{PostPlan: l, Name: names[l.Account], After: l.After.String()}
		if l.Each {
			r.Every = l.Interval.String()
		}
		rows = append(rows, r)
	}
	return s.print(rows, func() {
		if len(rows) == 0 {
			s.printf("Nothing is posted of this campaign's issues.\n")
		}
		for _, r := range rows {
			what := "the issue"
			if r.Each {
				what = "a key takeaway every " + r.Every
			}
			s.printf("%-10s %-20s %-6s %s, %s after the mail begins\n", r.Network, r.Name, r.Mode, what, r.After)
		}
	})
}
