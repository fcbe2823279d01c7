package store

import (
	"context"
	"database/sql"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/subscribers"
)

const suppressionColumns = "id, kind, value, reason, source, created_at"

func scanSuppression(r *sql.Rows) (subscribers.Suppression, error) {
	var x subscribers.Suppression
	var created int64
	err := r.Scan(&x.ID, &x.Kind, &x.Value, &x.Reason, &x.Source, &created)
	x.CreatedAt = fromMillis(created)
	return x, err
}

// AddSuppressions implements subscribers.DoNotMail.
func (s *Store) AddSuppressions(ctx context.Context, all []subscribers.Suppression, e audit.Entry) (int, error) {
	var added int64
	err := s.update(ctx, "adding to the do-not-mail list", func(t *tx) error {
		var err error
		if added, err = t.addSuppressions(ctx, all, 0); err != nil {
			return err
		}
		// Also for what was there before: an edition may have been frozen since.
		if err := t.withdrawSuppressed(ctx, all, millis(e.At)); err != nil || added == 0 {
			return err
		}
		return t.audit(ctx, e)
	})
	return int(added), err
}

func (t *tx) addSuppressions(ctx context.Context, all []subscribers.Suppression, from int64) (int64, error) {
	values := make([]any, 0, 6*len(all))
	for _, x := range all {
		values = append(values, int64(x.ID), string(x.Kind), x.Value, x.Reason, x.Source, millis(x.CreatedAt))
	}
	return t.insert(ctx, bulk{
		into:   "INSERT INTO suppressions (" + suppressionColumns + ", import_id) VALUES",
		row:    "(?, ?, ?, ?, ?, ?, $1)",
		tail:   "ON CONFLICT (kind, value) DO NOTHING",
		shared: []any{from},
	}, values)
}

// withdrawSuppressed takes the readers of addresses and domains out of every
// edition that has not mailed them yet.
func (t *tx) withdrawSuppressed(ctx context.Context, all []subscribers.Suppression, now int64) error {
	by := map[subscribers.SuppressionKind][]any{}
	for _, x := range all {
		by[x.Kind] = append(by[x.Kind], x.Value)
	}
	for _, c := range []struct {
		kind   subscribers.SuppressionKind
		column string
	}{{subscribers.ByAddress, "canonical"}, {subscribers.ByDomain, "domain"}} {
		values := by[c.kind]
		for _, p := range fixedParts(len(values)) {
			args := append([]any{now}, values[p.from:p.from+p.n]...)
			if err := t.exec(ctx, `
				UPDATE recipients
				SET state = 'suppressed', reason = 'on the do-not-mail list', owner = 0, updated_at = $1
				WHERE state IN ('queued', 'leased', 'deferred')
				  AND subscriber_id IN (SELECT id FROM subscribers WHERE `+c.column+` IN (`+parameters(2, p.n)+`))`, args...); err != nil {
				return err
			}
		}
	}
	return nil
}

// RemoveSuppression implements subscribers.DoNotMail.
func (s *Store) RemoveSuppression(ctx context.Context, kind subscribers.SuppressionKind, value string, e audit.Entry) error {
	return s.update(ctx, "taking off the do-not-mail list", func(t *tx) error {
		n, err := t.changed(ctx, `DELETE FROM suppressions WHERE kind = $1 AND value = $2`, string(kind), value)
		if err != nil {
			return err
		}
		if n == 0 {
			return errs.NotFoundf("this %s is not on the do-not-mail list", kind)
		}
		return t.audit(ctx, e)
	})
}

// SuppressionsNewest implements subscribers.DoNotMail. Hashes are searched by
// nobody: what is in them cannot be read.
func (s *Store) SuppressionsNewest(ctx context.Context, before subscribers.SuppressionID, search string, limit int) ([]subscribers.Suppression, error) {
	where, args := "id > $1", []any{int64(0), limit}
	if before != 0 {
		where, args[0] = "id < $1", int64(before)
	}
	if search != "" {
		where += " AND kind <> 'hash' AND value LIKE $3 ESCAPE '!'"
		args = append(args, "%"+likeEscaper.Replace(search)+"%")
	}
	rows, err := s.reader().query(ctx, `
		SELECT `+suppressionColumns+`
		FROM suppressions
		WHERE `+where+`
		ORDER BY id DESC
		LIMIT $2`, args...)
	out, err := collect(rows, err, scanSuppression)
	return out, s.wrap("reading the do-not-mail list", err)
}

// SuppressionPage implements subscribers.DoNotMail.
func (s *Store) SuppressionPage(ctx context.Context, after subscribers.SuppressionID, limit int) ([]subscribers.Suppression, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+suppressionColumns+`
		FROM suppressions
		WHERE id > $1
		ORDER BY id
		LIMIT $2`, int64(after), limit)
	out, err := collect(rows, err, scanSuppression)
	return out, s.wrap("reading the do-not-mail list", err)
}

// SuppressionsOf implements subscribers.DoNotMail.
func (s *Store) SuppressionsOf(ctx context.Context, addresses, domains, hashes []string) ([]subscribers.Suppression, error) {
	out, err := s.reader().suppressionsOf(ctx, addresses, domains, hashes)
	return out, s.wrap("reading the do-not-mail list", err)
}

func (d db) suppressionsOf(ctx context.Context, addresses, domains, hashes []string) ([]subscribers.Suppression, error) {
	var out []subscribers.Suppression
	for _, c := range []struct {
		kind   subscribers.SuppressionKind
		values []string
	}{{subscribers.ByAddress, addresses}, {subscribers.ByDomain, domains}, {subscribers.ByHash, hashes}} {
		for _, p := range fixedParts(len(c.values)) {
			args := []any{string(c.kind)}
			for _, v := range c.values[p.from : p.from+p.n] {
				args = append(args, v)
			}
			rows, err := d.query(ctx, `
				SELECT `+suppressionColumns+`
				FROM suppressions
				WHERE kind = $1 AND value IN (`+parameters(2, p.n)+`)
				ORDER BY id`, args...)
			found, err := collect(rows, err, scanSuppression)
			if err != nil {
				return nil, err
			}
			out = append(out, found...)
		}
	}
	return out, nil
}
