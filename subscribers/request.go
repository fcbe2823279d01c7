package subscribers

import (
	"context"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/notice"
)

type requestMark struct{}

// RequestID is the id of what a reader asked for.
type RequestID = ids.ID[requestMark]

// RequestKind says what a reader asked for.
type RequestKind string

// What a link in an old or forwarded mail must not do by itself: each is
// confirmed through a mail to the address that is on record.
const (
	RequestData    RequestKind = "data"    // a copy of all that is kept of them
	RequestErase   RequestKind = "erase"   // to be erased
	RequestAddress RequestKind = "address" // to be mailed at another address
)

// Request is what a reader asked for on their own page.
type Request struct {
	ID         RequestID
	Subscriber ID
	Kind       RequestKind
	Email      string // the new address, of RequestAddress only
	CreatedAt  time.Time
	ApprovedAt time.Time // when the present address agreed
	SettledAt  time.Time // when the new one did
}

// requestLife is how long the links of a request work.
const requestLife = 24 * time.Hour

// Beyond this many requests of a reader nothing more is mailed: somebody else
// may be pressing the buttons.
const (
	requestsHour = 3
	requestsDay  = 6
)

// Requests keeps what readers ask for.
type Requests interface {
	// AddRequest keeps a request and its notice in one transaction and reports
	// whether it did: beyond hour and day requests of the reader it does neither.
	AddRequest(ctx context.Context, r Request, hour, day int, n notice.Notice, e audit.Entry) (bool, error)
	// Request is NotFound where there is none.
	Request(ctx context.Context, id RequestID) (Request, error)
	// ApproveRequest marks a request once and keeps the notice to the new
	// address, nil for none. It may be repeated.
	ApproveRequest(ctx context.Context, id RequestID, n *notice.Notice, e audit.Entry) error
	// MoveSubscriber gives a reader another address, which counts as good again,
	// and settles the request, 0 for none. Notices that wait for the old address
	// go with it. An address of somebody else is a Conflict.
	MoveSubscriber(ctx context.Context, id ID, to Row, r RequestID, e audit.Entry) error
}

// RequestLetter makes the mail with the button of a request; whom it goes to is
// filled in.
type RequestLetter func(Request, Subscriber) notice.Notice

// AskOwn takes what a reader asks for on their own page, and mails the address
// on record a link to the button. Nothing else happens yet. Beyond the budget
// nothing is mailed, and the answer is the same. to is the new address of
// RequestAddress; one that cannot be is Invalid.
func (g *Registry) AskOwn(ctx context.Context, id ID, kind RequestKind, to string, letter RequestLetter) error {
	s, err := g.Get(ctx, id)
	if err != nil {
		return err
	}
	r := Request{ID: ids.New[requestMark](), Subscriber: id, Kind: kind, CreatedAt: g.Now()}
	if kind == RequestAddress {
		row := Row{Email: strings.TrimSpace(to)}
		if err := newChecker().finish(&row); err != nil {
			return err
		}
		r.Email = row.Email
	}
	n := letter(r, s)
	n.To.Address, n.Expires = s.Email, r.CreatedAt.Add(requestLife)
	_, err = g.Store.AddRequest(ctx, r, requestsHour, requestsDay, n, audit.Entry{
		At: r.CreatedAt, Actor: "reader", Action: "asked for " + string(kind), Kind: "subscriber", Object: int64(id),
	})
	return err
}

// OpenRequest returns a request of a kind whose links still work, and whose it
// is. Any other is NotFound.
func (g *Registry) OpenRequest(ctx context.Context, id RequestID, kind RequestKind) (Request, Subscriber, error) {
	r, err := g.Store.Request(ctx, id)
	if err == nil && (r.Kind != kind || g.Now().Sub(r.CreatedAt) > requestLife) {
		err = errs.NotFoundf("this link is not one of ours, or older than a day: ask again on your own page")
	}
	if err != nil {
		return Request{}, Subscriber{}, err
	}
	s, err := g.Get(ctx, r.Subscriber)
	return r, s, err
}

// ApproveMove is the present address agreeing to another: a mail goes to the new
// one, except where it must never be mailed. It may be repeated; one mail goes.
func (g *Registry) ApproveMove(ctx context.Context, id RequestID, letter RequestLetter) error {
	r, s, err := g.OpenRequest(ctx, id, RequestAddress)
	if err != nil || !r.ApprovedAt.IsZero() {
		return err
	}
	barred, err := g.Suppressed(ctx, []string{r.Email})
	if err != nil {
		return err
	}
	var mail *notice.Notice
	if len(barred) == 0 {
		n := letter(r, s)
		n.To.Address, n.Expires, mail = r.Email, r.CreatedAt.Add(requestLife), &n
	}
	return g.Store.ApproveRequest(ctx, id, mail, audit.Entry{
		At: g.Now(), Actor: "reader", Action: "agreed to another address", Kind: "subscriber", Object: int64(s.ID),
	})
}

// Arrive is the new address agreeing too: from now on it is the reader's. It may
// be repeated. An address that somebody else has is a Conflict.
func (g *Registry) Arrive(ctx context.Context, id RequestID) error {
	r, s, err := g.OpenRequest(ctx, id, RequestAddress)
	if err != nil || !r.SettledAt.IsZero() {
		return err
	}
	if r.ApprovedAt.IsZero() {
		return errs.NotFoundf("this link is not one of ours, or older than a day: ask again on your own page")
	}
	return g.move(ctx, "reader", s, r.Email, r.ID)
}

// Move gives a reader another address, because they asked for it some other
// way. What they are on and agreed to stays. An address of somebody else is a
// Conflict; so is one that must never be mailed.
func (g *Registry) Move(ctx context.Context, actor string, id ID, to string) (Subscriber, error) {
	s, err := g.Get(ctx, id)
	if err != nil {
		return s, err
	}
	if err := g.move(ctx, actor, s, to, 0); err != nil {
		return s, err
	}
	return g.Get(ctx, id)
}

func (g *Registry) move(ctx context.Context, actor string, s Subscriber, to string, r RequestID) error {
	row := Row{Email: strings.TrimSpace(to)}
	if err := newChecker().finish(&row); err != nil {
		return err
	}
	barred, err := g.Suppressed(ctx, []string{row.Email})
	if err != nil {
		return err
	}
	if len(barred) > 0 && row.Email != s.Email {
		return errs.Conflictf("the new address is on the do-not-mail list: take it off there first")
	}
	return g.Store.MoveSubscriber(ctx, s.ID, row, r, audit.Entry{
		At: g.Now(), Actor: actor, Action: "address changed", Kind: "subscriber", Object: int64(s.ID),
	})
}

// EraseOwn is a reader pressing the button of the mail about erasing them.
func (g *Registry) EraseOwn(ctx context.Context, id RequestID) error {
	_, s, err := g.OpenRequest(ctx, id, RequestErase)
	if err != nil {
		return err
	}
	return g.Forget(ctx, "reader", s.ID)
}
