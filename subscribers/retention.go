package subscribers

import (
	"context"
	"fmt"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
)

// Retention says for how many days personal data is kept that nobody needs any
// longer. What it takes away leaves its row, without the person.
type Retention struct {
	Unconfirmed int `json:"unconfirmed"` // who signed up and never pressed the button
	Networks    int `json:"networks"`    // where sign-ups and sign-ins came from
	Notices     int `json:"notices"`     // address and text of mails that are no edition
	Returns     int `json:"returns"`     // what mail servers said when they sent mail back
}

// DefaultRetention holds where the operator has set nothing.
var DefaultRetention = Retention{Unconfirmed: 7, Networks: 30, Notices: 90, Returns: 180}

// RetentionLimit is a value of Retention with the least and the most days that
// it may have: the link of a confirmation works for a week, and the budgets of
// signing up count over a day.
type RetentionLimit struct {
	Field       string
	Least, Most int
	Days        *int
}

// Limits are the values of r in their order.
func (r *Retention) Limits() []RetentionLimit {
	return []RetentionLimit{
		{"unconfirmed", 7, 30, &r.Unconfirmed}, {"networks", 1, 365, &r.Networks}, {"notices", 7, 3650, &r.Notices}, {"returns", 30, 3650, &r.Returns},
	}
}

// Forgotten counts the rows that lost what they said of a person.
type Forgotten struct {
	SignUps  int `json:"sign_ups"`
	Requests int `json:"requests"`
	Networks int `json:"networks"`
	Notices  int `json:"notices"`
	Returns  int `json:"returns"`
}

// Lapse are the moments before which each kind of data goes.
type Lapse struct{ Unconfirmed, SignUps, Requests, Networks, Notices, Returns time.Time }

// Keeping keeps how long data is kept, and takes it away.
type Keeping interface {
	// Retention is DefaultRetention where none is set.
	Retention(ctx context.Context) (Retention, error)
	SetRetention(ctx context.Context, r Retention, e audit.Entry) error
	// Forget takes away what has lapsed. e is written where anything did, its
	// Detail filled in.
	Forget(ctx context.Context, l Lapse, e audit.Entry) (Forgotten, error)
}

// Retention returns for how long data is kept.
func (g *Registry) Retention(ctx context.Context) (Retention, error) { return g.Store.Retention(ctx) }

// SetRetention sets for how long data is kept; Tidy goes by it from then on. A
// number of days that cannot be is Invalid.
func (g *Registry) SetRetention(ctx context.Context, actor string, r Retention) error {
	for _, l := range r.Limits() {
		if *l.Days < l.Least || *l.Days > l.Most {
			return &errs.Error{Kind: errs.Invalid, Field: l.Field, Text: fmt.Sprintf("want %d to %d days", l.Least, l.Most)}
		}
	}
	return g.Store.SetRetention(ctx, r, audit.Entry{
		At: g.Now(), Actor: actor, Action: "changed", Kind: "retention", Object: 1,
		Detail: fmt.Sprintf("unconfirmed %d, networks %d, notices %d, returns %d days", r.Unconfirmed, r.Networks, r.Notices, r.Returns),
	})
}

// Tidy takes away what retention says, wishes to join after 30 days, and what
// readers asked for on their pages after one. It may be called as often as one
// likes; serve does it every hour.
func (g *Registry) Tidy(ctx context.Context) (Forgotten, error) {
	r, err := g.Retention(ctx)
	if err != nil {
		return Forgotten{}, err
	}
	now := g.Now()
	before := func(days int) time.Time { return now.AddDate(0, 0, -days) }
	return g.Store.Forget(ctx, Lapse{
		Unconfirmed: before(r.Unconfirmed), SignUps: before(30), Requests: now.Add(-requestLife),
		Networks: before(r.Networks), Notices: before(r.Notices), Returns: before(r.Returns),
	}, audit.Entry{At: now, Actor: "retention", Action: "forgotten", Kind: "retention", Object: 1})
}
