package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/organisation"
)

// maxSessions bounds what one page shows.
const maxSessions = 200

// AddSession implements organisation.SessionStore.
func (s *Store) AddSession(ctx context.Context, x organisation.Session, hash string, gone time.Time, e audit.Entry) error {
	return s.update(ctx, "beginning a session", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM sessions WHERE seen_at < $1`, millis(gone)); err != nil {
			return err
		}
		if x.Operator != 0 {
			if err := t.swap(ctx, "the account", `UPDATE operators SET signed_in_at = $2 WHERE id = $1`, x.Operator, millis(x.CreatedAt)); err != nil {
				return err
			}
		}
		if err := t.exec(ctx, `
			INSERT INTO sessions (id, operator_id, hash, method, device, network, created_at, seen_at, ended_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 0)`,
			x.ID, x.Operator, hash, string(x.Method), x.Device, x.Network, millis(x.CreatedAt), millis(x.SeenAt)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

const sessionColumns = `s.id, s.operator_id, s.method, s.device, s.network, s.created_at, s.seen_at, s.ended_at`

// sessionFields are the targets of sessionColumns.
type sessionFields struct {
	s                    organisation.Session
	created, seen, ended int64
}

func (f *sessionFields) targets() []any {
	return []any{&f.s.ID, &f.s.Operator, &f.s.Method, &f.s.Device, &f.s.Network, &f.created, &f.seen, &f.ended}
}

func (f *sessionFields) session() organisation.Session {
	f.s.CreatedAt, f.s.SeenAt, f.s.EndedAt = fromMillis(f.created), fromMillis(f.seen), fromMillis(f.ended)
	return f.s
}

// SessionOf implements organisation.SessionStore.
func (s *Store) SessionOf(ctx context.Context, hash string) (organisation.Session, organisation.Operator, bool, error) {
	var f sessionFields
	err := s.reader().row(ctx, `SELECT `+sessionColumns+` FROM sessions s WHERE s.hash = $1`, hash).Scan(f.targets()...)
	if errors.Is(err, sql.ErrNoRows) {
		return organisation.Session{}, organisation.Operator{}, false, errs.NotFoundf("there is no such session")
	}
	if err != nil {
		return organisation.Session{}, organisation.Operator{}, false, s.wrap("reading a session", err)
	}
	x := f.session()
	if x.Operator == 0 {
		var team bool
		err := s.reader().row(ctx, `SELECT EXISTS (SELECT 1 FROM operators)`).Scan(&team)
		return x, organisation.Operator{}, team, s.wrap("looking for a team", err)
	}
	a, err := s.Account(ctx, x.Operator)
	if errs.Is(err, errs.NotFound) {
		err = nil // removed at this moment: the session is nobody's
	}
	return x, a.Operator, true, err
}

// TouchSession implements organisation.SessionStore.
func (s *Store) TouchSession(ctx context.Context, id organisation.SessionID, at time.Time, v organisation.Visit) error {
	return s.update(ctx, "noting a session", func(t *tx) error {
		return t.exec(ctx, `UPDATE sessions SET seen_at = $2, device = $3, network = $4 WHERE id = $1 AND ended_at = 0 AND seen_at < $2`,
			id, millis(at), v.Device, v.Network)
	})
}

// EndSession implements organisation.SessionStore.
func (s *Store) EndSession(ctx context.Context, of organisation.OperatorID, id organisation.SessionID, e audit.Entry) error {
	return s.update(ctx, "ending a session", func(t *tx) error {
		n, err := t.changed(ctx, `UPDATE sessions SET ended_at = $3 WHERE id = $1 AND operator_id = $2 AND ended_at = 0`, id, of, millis(e.At))
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("this session has ended already")
		}
		return t.audit(ctx, e)
	})
}

// EndSessions implements organisation.SessionStore.
func (s *Store) EndSessions(ctx context.Context, of organisation.OperatorID, but organisation.SessionID, e audit.Entry) error {
	return s.update(ctx, "ending sessions", func(t *tx) error {
		if err := t.endSessions(ctx, of, but, e.At); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}

// endSessions ends all of an operator's but one, and every sign-in that has
// begun with what was true until now.
func (t *tx) endSessions(ctx context.Context, of organisation.OperatorID, but organisation.SessionID, at time.Time) error {
	if err := t.exec(ctx, `UPDATE sessions SET ended_at = $3 WHERE operator_id = $1 AND id <> $2 AND ended_at = 0`, of, but, millis(at)); err != nil {
		return err
	}
	return t.exec(ctx, `DELETE FROM sign_ins WHERE operator_id = $1`, of)
}

// Sessions implements organisation.SessionStore.
func (s *Store) Sessions(ctx context.Context, of organisation.OperatorID, since time.Time) ([]organisation.Session, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+sessionColumns+`
		FROM sessions s
		WHERE s.operator_id = $1 AND s.ended_at = 0 AND s.seen_at > $2
		ORDER BY s.seen_at DESC, s.id DESC
		LIMIT $3`, of, millis(since), maxSessions)
	all, err := collect(rows, err, func(r *sql.Rows) (organisation.Session, error) {
		var f sessionFields
		err := r.Scan(f.targets()...)
		return f.session(), err
	})
	return all, s.wrap("reading sessions", err)
}

// maxBegun is how many sign-ins of people who are not known yet are kept: who
// floods us takes away from others like them, and from nobody else.
const maxBegun = 1000

// AddSignIn implements organisation.SignInStore.
func (s *Store) AddSignIn(ctx context.Context, x organisation.SignIn, hash string, at time.Time) error {
	return s.update(ctx, "beginning a sign-in", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM sign_ins WHERE expires_at < $1`, millis(at)); err != nil {
			return err
		}
		if err := t.exec(ctx, `
			DELETE FROM sign_ins
			WHERE operator_id = 0
			  AND id NOT IN (SELECT id FROM sign_ins WHERE operator_id = 0 ORDER BY id DESC LIMIT $1)`, maxBegun-1); err != nil {
			return err
		}
		return t.exec(ctx, `
			INSERT INTO sign_ins (id, kind, hash, operator_id, data, tries, expires_at)
			VALUES ($1, $2, $3, $4, $5, 0, $6)`, x.ID, string(x.Step), hash, x.Operator, x.Data, millis(x.ExpiresAt))
	})
}

// SignInOf implements organisation.SignInStore.
func (s *Store) SignInOf(ctx context.Context, step organisation.Step, hash string, at time.Time) (organisation.SignIn, error) {
	x := organisation.SignIn{Step: step}
	var expires int64
	err := s.reader().row(ctx, `
		SELECT id, operator_id, data, tries, expires_at
		FROM sign_ins
		WHERE hash = $1 AND kind = $2 AND expires_at > $3`, hash, string(step), millis(at)).
		Scan(&x.ID, &x.Operator, &x.Data, &x.Tries, &expires)
	if errors.Is(err, sql.ErrNoRows) {
		return organisation.SignIn{}, errs.NotFoundf("there is no such sign-in")
	}
	x.ExpiresAt = fromMillis(expires)
	return x, s.wrap("reading a sign-in", err)
}

// UseSignIn implements organisation.SignInStore.
func (s *Store) UseSignIn(ctx context.Context, id int64, most int) error {
	return s.signIn(ctx, `UPDATE sign_ins SET tries = tries + 1 WHERE id = $1 AND tries < $2`, id, most)
}

// TakeSignIn implements organisation.SignInStore.
func (s *Store) TakeSignIn(ctx context.Context, id int64) error {
	return s.signIn(ctx, `DELETE FROM sign_ins WHERE id = $1`, id)
}

func (s *Store) signIn(ctx context.Context, q string, args ...any) error {
	return s.update(ctx, "going on with a sign-in", func(t *tx) error {
		n, err := t.changed(ctx, q, args...)
		if err == nil && n == 0 {
			err = errs.NotFoundf("it is over")
		}
		return err
	})
}

// Tries implements organisation.TryStore.
func (s *Store) Tries(ctx context.Context, keys []string) ([]organisation.Try, error) {
	out := make([]organisation.Try, len(keys))
	for i, k := range keys {
		var next, at int64
		err := s.reader().row(ctx, `SELECT failures, next_at, updated_at FROM sign_in_tries WHERE key = $1`, k).Scan(&out[i].Failures, &next, &at)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, s.wrap("reading tries", err)
		}
		out[i].Key, out[i].NextAt, out[i].At = k, fromMillis(next), fromMillis(at)
	}
	return out, nil
}

// SetTries implements organisation.TryStore.
func (s *Store) SetTries(ctx context.Context, was, to []organisation.Try, gone time.Time) error {
	return s.update(ctx, "counting a try", func(t *tx) error {
		if err := t.exec(ctx, `DELETE FROM sign_in_tries WHERE updated_at < $1`, millis(gone)); err != nil {
			return err
		}
		for i, w := range was {
			// Without a row, or with one that has just been forgotten, it is made.
			if err := t.exec(ctx, `
				INSERT INTO sign_in_tries (key, failures, next_at, updated_at)
				VALUES ($1, $2, $3, $4)
				ON CONFLICT (key) DO NOTHING`, w.Key, w.Failures, millis(w.NextAt), millis(w.At)); err != nil {
				return err
			}
			if err := t.swap(ctx, "the tries", `
				UPDATE sign_in_tries SET failures = $4, next_at = $5, updated_at = $6
				WHERE key = $1 AND failures = $2 AND next_at = $3`,
				w.Key, w.Failures, millis(w.NextAt), to[i].Failures, millis(to[i].NextAt), millis(to[i].At)); err != nil {
				return err
			}
		}
		return nil
	})
}

// NoteFailure implements organisation.TryStore.
func (s *Store) NoteFailure(ctx context.Context, e audit.Entry) error {
	return s.update(ctx, "noting a failed sign-in", func(t *tx) error { return t.audit(ctx, e) })
}
