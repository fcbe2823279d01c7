package delivery

import (
	"context"
	"time"
)

// pace puts freshly leased mails into a lane, but for those whose domain or
// mail-host family has had its mails of this minute: they go back to the
// queue until it may have more.
func (r *run) pace(ctx context.Context, l *lane, leased []Leased) {
	rules, err := r.Ledger.PaceRules(ctx)
	if err != nil && ctx.Err() == nil {
		r.Log.Error("reading the paces", "err", err)
	}
	if len(rules) == 0 {
		r.lanes.put(l, leased, r.open)
		return
	}
	byRule := map[string][]Leased{}
	for _, m := range leased {
		byRule[paceKey(m.Subscriber.Email, rules)] = append(byRule[paceKey(m.Subscriber.Email, rules)], m)
	}
	for key, mails := range byRule {
		if key != "" {
			mails = r.paced(ctx, l, key, rules[key], mails)
		}
		r.lanes.put(l, mails, r.open)
	}
}

// paceKey is the rule for an address: its domain's, else its family's, else none.
func paceKey(email string, rules map[string]int) string {
	_, domain, _ := cutAddress(email)
	for _, key := range []string{PaceDomain(domain), PaceFamily(Family(domain))} {
		if rules[key] > 0 {
			return key
		}
	}
	return ""
}

// paced returns the mails that may go now and postpones the others.
func (r *run) paced(ctx context.Context, l *lane, key string, perMinute int, mails []Leased) []Leased {
	granted, next, err := r.Ledger.TakePace(ctx, key, perMinute, max(perMinute/60, 1), len(mails), r.Now())
	if err != nil {
		if ctx.Err() == nil {
			r.Log.Error("taking from a pace", "err", err)
		}
		granted, next = 0, r.Now().Add(time.Second)
	}
	if granted < len(mails) {
		var late []RecipientID
		for _, m := range mails[granted:] {
			late = append(late, m.ID)
		}
		if next.IsZero() {
			next = r.Now().Add(time.Second)
		}
		if err := r.Ledger.Postpone(r.hard, r.owner, late, next); err != nil {
			r.Log.Error("postponing recipients", "edition", l.edition.ID, "err", err)
		}
	}
	return mails[:granted]
}
