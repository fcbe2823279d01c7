package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/subscribers"
)

const subscriberColumns = "s.id, s.email, s.name, s.fields, s.language, s.zone, s.address_state, s.created_at, s.updated_at"

func scanSubscriber(r interface{ Scan(...any) error }) (subscribers.Subscriber, error) {
	var s subscribers.Subscriber
	var fields string
	var created, updated int64
	if err := r.Scan(&s.ID, &s.Email, &s.Name, &fields, &s.Language, &s.Zone, &s.AddressState, &created, &updated); err != nil {
		return s, err
	}
	s.CreatedAt, s.UpdatedAt = fromMillis(created), fromMillis(updated)
	if err := json.Unmarshal([]byte(fields), &s.Fields); err != nil {
		return s, fmt.Errorf("the fields of subscriber %s: %w", s.ID, err)
	}
	return s, nil
}

// Subscriber implements subscribers.People.
func (s *Store) Subscriber(ctx context.Context, id subscribers.ID) (subscribers.Subscriber, error) {
	return s.oneSubscriber(ctx, "s.id = $1", int64(id))
}

// SubscriberByEmail implements subscribers.People.
func (s *Store) SubscriberByEmail(ctx context.Context, canonical string) (subscribers.Subscriber, error) {
	return s.oneSubscriber(ctx, "s.canonical = $1", canonical)
}

func (s *Store) oneSubscriber(ctx context.Context, where string, arg any) (subscribers.Subscriber, error) {
	out, err := scanSubscriber(s.reader().row(ctx, "SELECT "+subscriberColumns+" FROM subscribers s WHERE "+where, arg))
	if errors.Is(err, sql.ErrNoRows) {
		return out, errs.NotFoundf("there is no such subscriber")
	}
	return out, s.wrap("reading a subscriber", err)
}

// likeEscaper makes a text mean itself in LIKE … ESCAPE '!'.
var likeEscaper = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// Subscribers implements subscribers.People. The parts of the statement are
// constants of this function; what people typed is a parameter.
func (s *Store) Subscribers(ctx context.Context, q subscribers.Query) ([]subscribers.Subscriber, error) {
	var text strings.Builder
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return "$" + strconv.Itoa(len(args))
	}
	text.WriteString("SELECT " + subscriberColumns + "\nFROM subscribers s")
	key, side := "s.id", ">"
	if q.Newest {
		side = "<"
	}
	from := func() string { // behind the page before
		if q.After == 0 {
			return key + " > 0"
		}
		return key + " " + side + " " + arg(int64(q.After))
	}
	order := map[bool]string{true: " DESC"}[q.Newest]
	member := func() string {
		where := "m.list_id = " + arg(int64(q.List))
		if q.State != "" {
			where += " AND m.state = " + arg(string(q.State))
		}
		return where
	}
	switch {
	case q.List == 0:
		text.WriteString("\nWHERE " + from())
	case q.Search == "" && q.Address == "":
		// The page's ids out of the index first: no planner then reads the readers of the whole list.
		key = "m.subscriber_id"
		text.WriteString("\nWHERE s.id IN (SELECT m.subscriber_id FROM memberships m WHERE " + member() + " AND " + from() +
			" ORDER BY m.subscriber_id" + order + " LIMIT " + arg(q.Limit) + ")")
		key = "s.id"
	default:
		key = "m.subscriber_id"
		text.WriteString("\nJOIN memberships m ON m.subscriber_id = s.id AND " + member() + "\nWHERE " + from())
	}
	if q.Address != "" {
		text.WriteString("\n  AND s.address_state = " + arg(string(q.Address)))
		if q.Address != subscribers.AddressOK {
			text.WriteString(" AND s.address_state <> 'ok'") // the words of the index
		}
	}
	if q.Search != "" {
		pattern := "%" + likeEscaper.Replace(strings.ToLower(q.Search)) + "%"
		text.WriteString("\n  AND (s.canonical LIKE " + arg(pattern) + " ESCAPE '!' OR " + s.dialect.nameLike + " " + arg(pattern) + " ESCAPE '!'")
		if typed := "%" + likeEscaper.Replace(q.Search) + "%"; typed != pattern {
			text.WriteString(" OR s.name LIKE " + arg(typed) + " ESCAPE '!'") // letters outside ASCII, as they were typed
		}
		text.WriteString(")")
	}
	text.WriteString("\nORDER BY " + key + order + "\nLIMIT " + arg(q.Limit))
	rows, err := s.reader().query(ctx, text.String(), args...)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.Subscriber, error) { return scanSubscriber(r) })
	return out, s.wrap("listing subscribers", err)
}

// SubscribersBeginning implements subscribers.People. Each half takes its rows
// from an index, however many there are.
func (s *Store) SubscribersBeginning(ctx context.Context, prefix string, limit int) ([]subscribers.Subscriber, error) {
	c := s.dialect.bytewise
	rows, err := s.reader().query(ctx, `
		SELECT `+subscriberColumns+`
		FROM subscribers s
		WHERE s.id IN (
		    SELECT id FROM (
		      SELECT id FROM subscribers
		      WHERE canonical`+c+` >= $1 AND canonical`+c+` < $2
		      ORDER BY canonical`+c+`
		      LIMIT $3) addresses
		    UNION
		    SELECT id FROM (
		      SELECT id FROM subscribers
		      WHERE lower(name)`+c+` >= $1 AND lower(name)`+c+` < $2
		      ORDER BY lower(name)`+c+`
		      LIMIT $3) names)
		ORDER BY s.canonical`+c+`
		LIMIT $3`, prefix, prefix+"\U0010FFFF", limit)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.Subscriber, error) { return scanSubscriber(r) })
	return out, s.wrap("searching subscribers", err)
}

// EditSubscriber implements subscribers.People.
func (s *Store) EditSubscriber(ctx context.Context, x subscribers.Subscriber, was time.Time, e audit.Entry) error {
	fields := "{}"
	if len(x.Fields) > 0 {
		var err error
		if fields, err = toJSON(x.Fields); err != nil {
			return fmt.Errorf("keeping the fields of a reader: %w", err)
		}
	}
	return s.update(ctx, "changing a reader", func(t *tx) error {
		if err := t.swap(ctx, "the reader", `
			UPDATE subscribers
			SET name = $2, language = $3, zone = $4, fields = $5, updated_at = CASE WHEN updated_at < $6 THEN $6 ELSE updated_at + 1 END
			WHERE id = $1 AND updated_at = $7`,
			int64(x.ID), x.Name, x.Language, x.Zone, fields, millis(x.UpdatedAt), millis(was)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// MarkAddress implements subscribers.People.
func (s *Store) MarkAddress(ctx context.Context, id subscribers.ID, to subscribers.AddressState, reason string, e audit.Entry) error {
	return s.update(ctx, "marking an address", func(t *tx) error {
		n, err := t.changed(ctx, `
			UPDATE subscribers
			SET address_state = $2, updated_at = $3
			WHERE id = $1
			  AND address_state <> $2
			  AND NOT (address_state = 'complained' AND $2 = 'bounced')`,
			int64(id), string(to), millis(e.At))
		if err != nil {
			return err
		}
		if n == 0 {
			var known int
			if err := t.row(ctx, `SELECT count(*) FROM subscribers WHERE id = $1`, int64(id)).Scan(&known); err != nil {
				return err
			}
			if known == 0 {
				return errs.NotFoundf("there is no such subscriber")
			}
			return nil
		}
		if to != subscribers.AddressOK {
			if err := t.withdraw(ctx, id, millis(e.At), reason); err != nil {
				return err
			}
		}
		return t.audit(ctx, e)
	})
}

// ForgetSubscriber implements subscribers.People. The rows of past editions
// stay for their counts, without what the mail servers said of the person.
func (s *Store) ForgetSubscriber(ctx context.Context, id subscribers.ID, hash func(string) string, e audit.Entry) error {
	return s.update(ctx, "forgetting a subscriber", func(t *tx) error {
		var canonical string
		err := t.row(ctx, `SELECT canonical FROM subscribers WHERE id = $1`, int64(id)).Scan(&canonical)
		if errors.Is(err, sql.ErrNoRows) {
			return errs.NotFoundf("there is no such subscriber")
		}
		if err != nil {
			return err
		}
		if err := t.withdraw(ctx, id, millis(e.At), "forgotten"); err != nil {
			return err
		}
		for _, q := range []string{
			`UPDATE attempts SET answer = '' WHERE recipient_id IN (SELECT id FROM recipients WHERE subscriber_id = $1)`,
			`UPDATE recipients SET answer = '' WHERE subscriber_id = $1`,
			`UPDATE returns SET answer = '' WHERE subscriber_id = $1`,
			`DELETE FROM events WHERE subscriber_id = $1`,
			`DELETE FROM consents WHERE subscriber_id = $1`,
			`DELETE FROM subscribers WHERE id = $1`,
		} {
			if err := t.exec(ctx, q, int64(id)); err != nil {
				return err
			}
		}
		for _, q := range []string{
			`DELETE FROM suppressions WHERE kind = 'address' AND value = $1`,
			// Only what is on the wire this moment keeps its address, until retention takes it.
			`UPDATE notices SET state = 'cancelled', reason = 'forgotten', owner = 0 WHERE lower(email) = $1 AND state IN ('queued', 'leased', 'deferred')`,
			`UPDATE notices SET email = '', name = '', html = '', body = '', answer = '' WHERE lower(email) = $1 AND state <> 'sending'`,
		} {
			if err := t.exec(ctx, q, canonical); err != nil {
				return err
			}
		}
		if err := t.exec(ctx, `UPDATE signups SET email = '', name = '', network = '' WHERE canonical = $1`, hash(canonical)); err != nil {
			return err
		}
		if err := t.exec(ctx, `
			INSERT INTO suppressions (id, kind, value, reason, source, created_at)
			VALUES ($1, 'hash', $2, 'forgotten', 'request', $3)
			ON CONFLICT (kind, value) DO NOTHING`,
			int64(ids.New[subscribers.Suppression]()), hash(canonical), millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}
