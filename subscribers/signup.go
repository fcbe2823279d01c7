package subscribers

import (
	"context"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
	"postrider/internal/notice"
)

type signUpMark struct{}

// SignUpID is the id of a sign-up that waits to be confirmed.
type SignUpID = ids.ID[signUpMark]

// Wish is what somebody asks for on a sign-up page. Nobody knows yet whether the
// address is theirs.
type Wish struct {
	Email    string
	Name     string
	Language string
	Lists    []List // public ones
	Source   string // the form
	Wording  string // that stood beside the button
	Network  string // where it came from, shortened; for the budget only
}

// PendingSignUp is a wish as it is kept until its owner presses the button of a mail.
type PendingSignUp struct {
	ID          SignUpID
	Email       string // empty once it is settled
	Hash        string // of the canonical address, keyed
	Name        string
	Language    string
	Lists       []ListID
	Source      string
	Wording     string
	Network     string
	CreatedAt   time.Time
	ConfirmedAt time.Time
}

// SignUpBudget says how many confirmation mails may leave. Beyond it a wish is
// dropped, and its sender is told the same as everybody.
type SignUpBudget struct {
	AddressDay, AddressMonth int // to one address in 24 hours, in 30 days
	NetworkHour              int // asked for from one network
	AllHour                  int // in all
}

// DefaultSignUpBudget keeps a form from being used to flood somebody's mailbox.
var DefaultSignUpBudget = SignUpBudget{AddressDay: 1, AddressMonth: 3, NetworkHour: 20, AllHour: 500}

// signUpLife is how long a wish may be confirmed.
const signUpLife = 7 * 24 * time.Hour

// SignUps keeps wishes.
type SignUps interface {
	// AddSignUp keeps a wish and its notice, nil for none, in one transaction,
	// and reports whether it did: beyond the budget it does neither.
	AddSignUp(ctx context.Context, p PendingSignUp, b SignUpBudget, n *notice.Notice, e audit.Entry) (bool, error)
	// SignUp is NotFound where there is none.
	SignUp(ctx context.Context, id SignUpID) (PendingSignUp, error)
	// SettleSignUp marks it confirmed and erases who it was.
	SettleSignUp(ctx context.Context, id SignUpID, at time.Time) error
}

// Letters makes the mails of signing up. Who gets them is filled in.
type Letters struct {
	Confirm func(SignUpID) notice.Notice // the one with the button
	Welcome Welcomer
}

// Welcomer makes the mail that greets a reader on lists; nil: none is sent.
type Welcomer func(reader Subscriber, lists []List) notice.Notice

// Ask takes a wish. Who is new to a list with single opt-in is on it when this
// returns; for all else the mail with the button goes out, also for a list that
// the reader has left, because somebody else may have filled the form. Nothing
// happens where the address is on the do-not-mail list or the budget is used
// up. What comes back does not tell which, nor whether the address is known:
// an error is Invalid input, or that nothing could be done.
func (g *Registry) Ask(ctx context.Context, w Wish, letters Letters) error {
	if g.Hash == nil {
		return errs.Unavailablef("signing up needs the installation's key file")
	}
	row := Row{Email: strings.TrimSpace(w.Email), Name: w.Name, Language: w.Language}
	if err := newChecker().finish(&row); err != nil {
		return err
	}
	if len(w.Lists) == 0 {
		return invalid("list", "choose at least one")
	}
	p := PendingSignUp{
		ID: ids.New[signUpMark](), Email: row.Email, Hash: g.Hash(row.Canonical)[0], Name: row.Name, Language: row.Language,
		Source: clean(w.Source), Wording: clean(w.Wording), Network: w.Network, CreatedAt: g.Now(),
	}
	for _, l := range w.Lists {
		if !l.Public {
			return invalid("list", "this one is not open to everybody")
		}
	}
	barred, err := g.Suppressed(ctx, []string{row.Email})
	if err != nil || len(barred) > 0 {
		return err
	}
	atOnce, ask, err := g.joinable(ctx, row.Canonical, w.Lists)
	if err != nil {
		return err
	}
	var mail *notice.Notice
	if p.Lists = ask; len(ask) > 0 {
		m := letters.Confirm(p.ID)
		m.To.Address, mail = row.Email, &m
	} else { // nothing waits: the row is there for the budget
		p.Email, p.Name, p.ConfirmedAt = "", "", p.CreatedAt
	}
	kept, err := g.Store.AddSignUp(ctx, p, DefaultSignUpBudget, mail, audit.Entry{
		At: p.CreatedAt, Actor: "reader", Action: "asked to join", Kind: "signup", Object: int64(p.ID), Detail: "at " + domainOf(row.Email),
	})
	if err != nil || !kept || len(atOnce) == 0 {
		return err
	}
	p.Email, p.Name, p.Lists = row.Email, row.Name, atOnce
	return g.enter(ctx, p, letters.Welcome)
}

// joinable tells the lists that an address may join at once from those that its
// owner must confirm. Those that it is on already are among neither where
// nothing needs to be asked.
func (g *Registry) joinable(ctx context.Context, canonical string, lists []List) (atOnce, ask []ListID, err error) {
	reader, err := g.Store.SubscriberByEmail(ctx, canonical)
	if err != nil && !errs.Is(err, errs.NotFound) {
		return nil, nil, err
	}
	state := map[ListID]MembershipState{}
	if err == nil {
		on, err := g.Memberships(ctx, reader.ID)
		if err != nil {
			return nil, nil, err
		}
		for _, m := range on {
			state[m.List] = m.State
		}
	}
	marked := reader.AddressState != "" && reader.AddressState != AddressOK
	for _, l := range lists {
		switch {
		case !l.SingleOptIn, marked, state[l.ID] == Pending, state[l.ID] == Unsubscribed:
			ask = append(ask, l.ID)
		case state[l.ID] == "":
			atOnce = append(atOnce, l.ID)
		}
	}
	return atOnce, ask, nil
}

// enter makes a reader of a wish and puts them on its lists. What is known of a
// reader stays as it is. It may be repeated, and greets once.
func (g *Registry) enter(ctx context.Context, p PendingSignUp, welcome Welcomer) error {
	a, err := mailaddr.Parse(p.Email)
	if err != nil {
		return err
	}
	reader, err := g.Store.SubscriberByEmail(ctx, a.Canonical())
	if errs.Is(err, errs.NotFound) {
		reader, err = g.Add(ctx, "reader", Newcomer{Email: p.Email, Name: p.Name, Language: p.Language, Source: p.Source})
	}
	if err != nil {
		return err
	}
	change := MembershipChange{
		Subscriber: reader.ID, Lists: p.Lists, To: Active, At: g.Now(),
		Sign: Sign{Actor: "reader", Source: p.Source, Reason: p.Wording},
	}
	if change.Welcome, err = g.greeting(ctx, reader, p, welcome); err != nil {
		return err
	}
	_, err = g.Store.ChangeMemberships(ctx, change)
	return err
}

// greeting is the welcome of the lists that a reader is about to be on, nil
// where none of them greets.
func (g *Registry) greeting(ctx context.Context, reader Subscriber, p PendingSignUp, welcome Welcomer) (*notice.Notice, error) {
	if welcome == nil {
		return nil, nil
	}
	var lists []List
	for _, id := range p.Lists {
		l, err := g.Store.ListByID(ctx, id)
		if err != nil {
			return nil, err
		}
		if l.Welcome {
			lists = append(lists, l)
		}
	}
	if len(lists) == 0 {
		return nil, nil
	}
	if reader.Language = p.Language; reader.Language == "" {
		reader.Language = "en"
	}
	n := welcome(reader, lists)
	n.Kind, n.To.Address = notice.Welcome, reader.Email
	return &n, nil
}

func domainOf(email string) string {
	a, err := mailaddr.Parse(email)
	if err != nil {
		return ""
	}
	return a.Domain()
}

// WaitingSignUp returns a wish that can be confirmed or has been. One that is
// older than a week, or unknown, is NotFound.
func (g *Registry) WaitingSignUp(ctx context.Context, id SignUpID) (PendingSignUp, error) {
	p, err := g.Store.SignUp(ctx, id)
	if err != nil {
		return p, err
	}
	if p.ConfirmedAt.IsZero() && (p.Email == "" || g.Now().Sub(p.CreatedAt) > signUpLife) {
		return p, errs.NotFoundf("this link has expired: sign up again")
	}
	return p, nil
}

// ConfirmSignUp makes a reader of whoever pressed the button, and puts them on
// the lists that they asked for, also on one that they had left. The welcome
// leaves with it. It may be repeated.
func (g *Registry) ConfirmSignUp(ctx context.Context, id SignUpID, welcome Welcomer) error {
	p, err := g.WaitingSignUp(ctx, id)
	if err != nil || !p.ConfirmedAt.IsZero() {
		return err
	}
	reader, err := g.Add(ctx, "reader", Newcomer{Email: p.Email, Name: p.Name, Language: p.Language, Source: p.Source})
	if err != nil {
		return err
	}
	sign := Sign{Actor: "reader", Source: p.Source, Reason: p.Wording}
	if err := g.SignUp(ctx, reader.ID, p.Lists, sign); err != nil {
		return err
	}
	if err := g.enter(ctx, p, welcome); err != nil {
		return err
	}
	return g.Store.SettleSignUp(ctx, id, g.Now())
}
