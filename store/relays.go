package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"postrider/delivery"
	"postrider/internal/audit"
	"postrider/internal/errs"
)

const relayColumns = `
	id, name, kind, state, host, port, tls, auth, username, secret, helo, sender_mode, bounce_address, connections,
	mails_per_connection, minutes_per_connection, pace_per_minute, daily_cap, headers, weight, sender_domains, warmup, warmup_from,
	trouble, trouble_at, created_at, updated_at`

func scanRelay(r *sql.Rows) (delivery.Relay, error) {
	var x delivery.Relay
	var headers, domains, warmup string
	var from, trouble, created, updated int64
	if err := r.Scan(&x.ID, &x.Name, &x.Kind, &x.State, &x.Config.Host, &x.Config.Port, &x.Config.TLS, &x.Config.Auth, &x.Config.Username, &x.Sealed,
		&x.Config.Helo, &x.SenderMode, &x.BounceAddress, &x.Config.Connections, &x.MailsPerConnection, &x.MinutesPerConnection, &x.PacePerMinute,
		&x.DailyCap, &headers, &x.Weight, &domains, &warmup, &from, &x.Trouble, &trouble, &created, &updated); err != nil {
		return x, err
	}
	x.Warmup.From, x.TroubleAt, x.CreatedAt, x.UpdatedAt = fromMillis(from), fromMillis(trouble), fromMillis(created), fromMillis(updated)
	for _, f := range []struct {
		text string
		into any
	}{{headers, &x.Config.Headers}, {domains, &x.SenderDomains}, {warmup, &x.Warmup.Limits}} {
		if err := json.Unmarshal([]byte(f.text), f.into); err != nil {
			return x, fmt.Errorf("reading the mail server %q: %w", x.Name, err)
		}
	}
	return x, nil
}

// relaySettings are the arguments $2 to $22 and $23 of a relay's row.
func relaySettings(r delivery.Relay) ([]any, error) {
	headers, err := toJSON(r.Config.Headers)
	if err != nil {
		return nil, err
	}
	domains, err := toJSON(r.SenderDomains)
	if err != nil {
		return nil, err
	}
	warmup, err := toJSON(r.Warmup.Limits)
	if err != nil {
		return nil, err
	}
	return []any{
		int64(r.ID), r.Name, string(r.Kind), r.Config.Host, r.Config.Port, string(r.Config.TLS), r.Config.Auth, r.Config.Username, r.Sealed, r.Config.Helo,
		string(r.SenderMode), r.BounceAddress, r.Config.Connections, r.MailsPerConnection, r.MinutesPerConnection, r.PacePerMinute, r.DailyCap,
		headers, r.Weight, domains, warmup, millis(r.Warmup.From), millis(r.UpdatedAt),
	}, nil
}

// AddRelay implements delivery.RelayStore.
func (s *Store) AddRelay(ctx context.Context, r delivery.Relay, e audit.Entry) error {
	settings, err := relaySettings(r)
	if err != nil {
		return err
	}
	err = s.update(ctx, "adding a mail server", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO relays (id, name, kind, host, port, tls, auth, username, secret, helo, sender_mode, bounce_address, connections,
			                    mails_per_connection, minutes_per_connection, pace_per_minute, daily_cap, headers, weight, sender_domains, warmup,
			                    warmup_from, updated_at, state, created_at, trouble, trouble_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, '', 0)`,
			append(settings, string(r.State), millis(r.CreatedAt))...); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
	if errs.Is(err, errs.Conflict) {
		return errs.Conflictf("there is a mail server %q already: choose another name, or change that one", r.Name)
	}
	return err
}

// ChangeRelay implements delivery.RelayStore.
func (s *Store) ChangeRelay(ctx context.Context, r delivery.Relay, was time.Time, e audit.Entry) error {
	settings, err := relaySettings(r)
	if err != nil {
		return err
	}
	return s.update(ctx, "changing a mail server", func(t *tx) error {
		if err := t.swap(ctx, "the mail server "+r.Name, `
			UPDATE relays
			SET name = $2, kind = $3, host = $4, port = $5, tls = $6, auth = $7, username = $8, secret = $9, helo = $10, sender_mode = $11,
			    bounce_address = $12, connections = $13, mails_per_connection = $14, minutes_per_connection = $15, pace_per_minute = $16,
			    daily_cap = $17, headers = $18, weight = $19, sender_domains = $20, warmup = $21, warmup_from = $22, updated_at = $23,
			    trouble = '', trouble_at = 0
			WHERE id = $1 AND updated_at = $24`, append(settings, millis(was))...); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// SetRelayState implements delivery.RelayStore.
func (s *Store) SetRelayState(ctx context.Context, id delivery.RelayID, from, to delivery.RelayState, e audit.Entry) error {
	return s.update(ctx, "changing a mail server", func(t *tx) error {
		if err := t.swap(ctx, "the mail server is not "+string(from), `
			UPDATE relays
			SET state = $3, updated_at = CASE WHEN updated_at < $4 THEN $4 ELSE updated_at + 1 END
			WHERE id = $1 AND state = $2`, int64(id), string(from), string(to), millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// RemoveRelay implements delivery.RelayStore.
func (s *Store) RemoveRelay(ctx context.Context, id delivery.RelayID, e audit.Entry) error {
	return s.update(ctx, "removing a mail server", func(t *tx) error {
		n, err := t.changed(ctx, `DELETE FROM relays WHERE id = $1`, int64(id))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("the mail server is gone already")
		}
		if err := t.exec(ctx, `DELETE FROM pace WHERE key = $1`, delivery.PaceRelay(id)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// Relays implements delivery.RelayStore.
func (s *Store) Relays(ctx context.Context) ([]delivery.Relay, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+relayColumns+`
		FROM relays
		ORDER BY name
		LIMIT 1000`)
	out, err := collect(rows, err, scanRelay)
	return out, s.wrap("reading the mail servers", err)
}

// NoteTrouble implements delivery.RelayStore. The time of a trouble is that of
// its first notice.
func (s *Store) NoteTrouble(ctx context.Context, id delivery.RelayID, text string, at time.Time) error {
	return s.update(ctx, "noting a mail server's trouble", func(t *tx) error {
		return t.exec(ctx, `
			UPDATE relays
			SET trouble_at = CASE WHEN CAST($2 AS TEXT) = '' THEN 0 WHEN trouble = '' THEN $3 ELSE trouble_at END, trouble = $2
			WHERE id = $1 AND trouble <> $2`, int64(id), text, millis(at))
	})
}
