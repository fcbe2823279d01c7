package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

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
	if q.List != 0 {
		text.WriteString("\nJOIN memberships m ON m.subscriber_id = s.id AND m.list_id = " + arg(int64(q.List)))
		if q.State != "" {
			text.WriteString(" AND m.state = " + arg(string(q.State)))
		}
		text.WriteString("\nWHERE m.subscriber_id > " + arg(int64(q.After)))
	} else {
		text.WriteString("\nWHERE s.id > " + arg(int64(q.After)))
	}
	if q.Search != "" {
		pattern := "%" + likeEscaper.Replace(strings.ToLower(q.Search)) + "%"
		text.WriteString("\n  AND (s.canonical LIKE " + arg(pattern) + " ESCAPE '!' OR lower(s.name) LIKE " + arg(pattern) + " ESCAPE '!'")
		// lower() leaves letters outside ASCII alone on SQLite.
		text.WriteString(" OR s.name LIKE " + arg("%"+likeEscaper.Replace(q.Search)+"%") + " ESCAPE '!')")
	}
	if q.List != 0 {
		text.WriteString("\nORDER BY m.subscriber_id")
	} else {
		text.WriteString("\nORDER BY s.id")
	}
	text.WriteString("\nLIMIT " + arg(q.Limit))
	rows, err := s.reader().query(ctx, text.String(), args...)
	out, err := collect(rows, err, func(r *sql.Rows) (subscribers.Subscriber, error) { return scanSubscriber(r) })
	return out, s.wrap("listing subscribers", err)
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
			`DELETE FROM events WHERE subscriber_id = $1`,
			`DELETE FROM consents WHERE subscriber_id = $1`,
			`DELETE FROM subscribers WHERE id = $1`,
		} {
			if err := t.exec(ctx, q, int64(id)); err != nil {
				return err
			}
		}
		if err := t.exec(ctx, `DELETE FROM suppressions WHERE kind = 'address' AND value = $1`, canonical); err != nil {
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
