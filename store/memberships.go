package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/subscribers"
)

// MembershipsOf implements subscribers.People.
func (s *Store) MembershipsOf(ctx context.Context, who []subscribers.ID) (map[subscribers.ID][]subscribers.Membership, error) {
	out := make(map[subscribers.ID][]subscribers.Membership, len(who))
	for _, part := range fixedParts(len(who)) {
		args := make([]any, 0, part.n)
		for _, id := range who[part.from : part.from+part.n] {
			args = append(args, int64(id))
		}
		rows, err := s.reader().query(ctx, `
			SELECT m.subscriber_id, m.list_id, l.name, m.state, m.paused_until, m.joined_at, m.updated_at
			FROM memberships m
			JOIN lists l ON l.id = m.list_id
			WHERE m.subscriber_id IN (`+parameters(1, part.n)+`)
			ORDER BY m.subscriber_id, l.name`, args...)
		_, err = collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var id subscribers.ID
			var m subscribers.Membership
			var paused, joined, updated int64
			err := r.Scan(&id, &m.List, &m.Name, &m.State, &paused, &joined, &updated)
			m.PausedUntil, m.JoinedAt, m.UpdatedAt = fromMillis(paused), fromMillis(joined), fromMillis(updated)
			out[id] = append(out[id], m)
			return struct{}{}, err
		})
		if err != nil {
			return nil, s.wrap("reading memberships", err)
		}
	}
	return out, nil
}

// TagsOf implements subscribers.People.
func (s *Store) TagsOf(ctx context.Context, who []subscribers.ID) (map[subscribers.ID][]string, error) {
	args, out := make([]any, len(who)), map[subscribers.ID][]string{}
	for i, id := range who {
		args[i] = int64(id)
	}
	return out, s.wrap("reading tags", s.reader().tagsOf(ctx, args, out))
}

// ChangeMemberships implements subscribers.Lists.
func (s *Store) ChangeMemberships(ctx context.Context, c subscribers.MembershipChange) (int, error) {
	changed := 0
	err := s.update(ctx, "changing memberships", func(t *tx) error {
		if err := t.lockSubscriber(ctx, c.Subscriber); err != nil {
			return err
		}
		before, err := t.statesOf(ctx, c.Subscriber)
		if err != nil {
			return err
		}
		if c.To == subscribers.Unsubscribed {
			changed, err = t.leave(ctx, c, before)
		} else {
			changed, err = t.join(ctx, c, before)
		}
		if err != nil || changed == 0 {
			return err
		}
		if c.Welcome != nil {
			if err := t.addNotice(ctx, *c.Welcome, c.At); err != nil {
				return err
			}
		}
		return t.audit(ctx, membershipEntry(c, changed))
	})
	return changed, err
}

func membershipEntry(c subscribers.MembershipChange, changed int) audit.Entry {
	action := "subscribed"
	if c.To == subscribers.Unsubscribed {
		action = "unsubscribed"
	}
	return audit.Entry{At: c.At, Actor: c.Sign.Actor, Action: action, Kind: "subscriber", Object: int64(c.Subscriber), Detail: fmt.Sprintf("%d lists, %s", changed, c.To)}
}

// lockSubscriber makes changes of one reader wait for each other.
func (t *tx) lockSubscriber(ctx context.Context, id subscribers.ID) error {
	n, err := t.changed(ctx, `UPDATE subscribers SET updated_at = updated_at WHERE id = $1`, int64(id))
	if err == nil && n == 0 {
		return errs.NotFoundf("there is no such subscriber")
	}
	return err
}

// states are a reader's memberships in the order of their lists' ids.
type states []struct {
	list  subscribers.ListID
	state subscribers.MembershipState
}

func (s states) on(list subscribers.ListID) subscribers.MembershipState {
	for _, m := range s {
		if m.list == list {
			return m.state
		}
	}
	return ""
}

func (t *tx) statesOf(ctx context.Context, id subscribers.ID) (states, error) {
	rows, err := t.query(ctx, `SELECT list_id, state FROM memberships WHERE subscriber_id = $1 ORDER BY list_id`, int64(id))
	return collect(rows, err, func(r *sql.Rows) (m struct {
		list  subscribers.ListID
		state subscribers.MembershipState
	}, err error) {
		err = r.Scan(&m.list, &m.state)
		return m, err
	})
}

// leave unsubscribes and withdraws what no other list of the reader receives.
func (t *tx) leave(ctx context.Context, c subscribers.MembershipChange, before states) (int, error) {
	lists := c.Lists
	if len(lists) == 0 {
		for _, m := range before {
			lists = append(lists, m.list)
		}
	}
	changed, now := 0, millis(c.At)
	for _, list := range lists {
		n, err := t.changed(ctx, `
			UPDATE memberships
			SET state = 'unsubscribed', updated_at = $3
			WHERE list_id = $1 AND subscriber_id = $2 AND state <> 'unsubscribed'`,
			int64(list), int64(c.Subscriber), now)
		if err != nil {
			return 0, err
		}
		if n == 0 {
			continue
		}
		changed++
		if err := t.consent(ctx, c.Subscriber, list, subscribers.Withdrawn, c.Sign, now); err != nil {
			return 0, err
		}
	}
	// Also where nothing changed: an edition may have been frozen in between.
	return changed, t.withdrawUnlisted(ctx, c.Subscriber, now, "left the list")
}

// join makes pending or active. A membership moves up from pending, and from
// unsubscribed only where the change may revive.
func (t *tx) join(ctx context.Context, c subscribers.MembershipChange, before states) (int, error) {
	changed, now := 0, millis(c.At)
	for _, list := range c.Lists {
		was := before.on(list)
		switch {
		case was == c.To, was == subscribers.Active, was == subscribers.Unsubscribed && !c.Revive:
			continue
		}
		if err := t.exec(ctx, `
			INSERT INTO memberships (list_id, subscriber_id, state, paused_until, joined_at, updated_at)
			VALUES ($1, $2, $3, 0, $4, $4)
			ON CONFLICT (list_id, subscriber_id) DO UPDATE
			SET state = excluded.state, joined_at = excluded.joined_at, updated_at = excluded.updated_at`,
			int64(list), int64(c.Subscriber), string(c.To), now); err != nil {
			return 0, err
		}
		changed++
		action := subscribers.Given
		if was == subscribers.Pending {
			action = subscribers.Confirmed
		}
		if err := t.consent(ctx, c.Subscriber, list, action, c.Sign, now); err != nil {
			return 0, err
		}
	}
	return changed, nil
}

// LeaveEdition implements subscribers.Lists.
func (s *Store) LeaveEdition(ctx context.Context, edition int64, id subscribers.ID, sign subscribers.Sign, at time.Time) (int, error) {
	changed := 0
	err := s.update(ctx, "unsubscribing", func(t *tx) error {
		c := subscribers.MembershipChange{Subscriber: id, To: subscribers.Unsubscribed, Sign: sign, At: at}
		rows, err := t.query(ctx, `SELECT list_id FROM edition_lists WHERE edition_id = $1 ORDER BY list_id`, edition)
		if c.Lists, err = collect(rows, err, scanOne[subscribers.ListID]); err != nil {
			return err
		}
		if len(c.Lists) == 0 {
			// Never a false success: without its lists nothing would be left.
			return errs.NotFoundf("there is no such edition, or it has no lists")
		}
		if err := t.lockSubscriber(ctx, id); errs.Is(err, errs.NotFound) {
			return nil // forgotten: nothing will ever be mailed
		} else if err != nil {
			return err
		}
		if changed, err = t.leave(ctx, c, nil); err != nil {
			return err
		}
		if err := t.unsubscribedEvent(ctx, edition, id, sign.Source, millis(at)); err != nil || changed == 0 {
			return err
		}
		return t.audit(ctx, membershipEntry(c, changed))
	})
	return changed, err
}

// unsubscribedEvent keeps that an edition was answered with "no more", once.
func (t *tx) unsubscribedEvent(ctx context.Context, edition int64, id subscribers.ID, source string, at int64) error {
	return t.exec(ctx, `
		INSERT INTO events (id, kind, edition_id, recipient_id, subscriber_id, detail, at)
		SELECT CAST($1 AS BIGINT), 'unsubscribed', e.id,
		       coalesce((SELECT r.id FROM recipients r WHERE r.edition_id = e.id AND r.subscriber_id = $3), 0),
		       CAST($3 AS BIGINT), CAST($4 AS TEXT), CAST($5 AS BIGINT)
		FROM editions e
		WHERE e.id = $2
		  AND NOT EXISTS (
		    SELECT 1
		    FROM events x
		    WHERE x.edition_id = e.id AND x.kind = 'unsubscribed' AND x.subscriber_id = $3)`,
		int64(ids.New[event]()), edition, int64(id), source, at)
}

// event marks the ids of the event log.
type event struct{}
