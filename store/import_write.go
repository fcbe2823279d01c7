package store

import (
	"context"

	"postrider/internal/ids"
	"postrider/subscribers"
)

var readerColumns = []string{
	"id", "email", "canonical", "domain", "name", "fields", "language", "zone", "address_state", "created_at", "updated_at", "import_id",
}

// write stores what decide noted.
func (w *batchWork) write(ctx context.Context) error {
	for _, step := range []func(context.Context) error{
		w.writeSuppressions, w.writeReaders, w.writeChanged, w.writePlainMembers, w.writeMembers, w.writeConsents, w.writeTags,
	} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (w *batchWork) writeSuppressions(ctx context.Context) error {
	if len(w.suppress) == 0 {
		return nil
	}
	if _, err := w.t.addSuppressions(ctx, w.suppress, int64(w.b.Import)); err != nil {
		return err
	}
	return w.t.withdrawSuppressed(ctx, w.suppress, w.now)
}

// writeReaders stores new readers. One whom somebody else added since is a
// Conflict.
func (w *batchWork) writeReaders(ctx context.Context) error {
	if w.d.copyIn != nil && len(w.added) > 0 {
		shared := []any{"ok", w.now, w.now, int64(w.b.Import)}
		err := w.d.copyIn(ctx, w.conn, "subscribers", readerColumns, w.added, readerWidth, shared)
		if w.d.isUnique(err) {
			return errSameReaders
		}
		return err
	}
	n, err := w.t.insert(ctx, bulk{
		into:   "INSERT INTO subscribers (id, email, canonical, domain, name, fields, language, zone, address_state, created_at, updated_at, import_id) VALUES",
		row:    "(?, ?, ?, ?, ?, ?, ?, ?, 'ok', $1, $1, $2)",
		tail:   "ON CONFLICT (canonical) DO NOTHING",
		shared: []any{w.now, int64(w.b.Import)},
	}, w.added)
	if err == nil && int(n) != len(w.added)/readerWidth {
		err = errSameReaders
	}
	return err
}

// writeChanged stores new values of known readers, and before that what they
// had, where the import can be undone.
func (w *batchWork) writeChanged(ctx context.Context) error {
	if len(w.changed) == 0 {
		return nil
	}
	// What somebody else changed is no longer put back.
	for n := 0; n < len(w.changed); n += readerWidth {
		if err := w.t.exec(ctx, `DELETE FROM import_changes WHERE subscriber_id = $1 AND import_id <> $2`, w.changed[n], int64(w.b.Import)); err != nil {
			return err
		}
	}
	if w.b.Import != 0 {
		if _, err := w.t.insert(ctx, bulk{
			into: "INSERT INTO import_changes (import_id, subscriber_id, name, fields, language, zone, changed_at) VALUES",
			row:  "($1, ?, ?, ?, ?, ?, $2)",
			tail: `ON CONFLICT (import_id, subscriber_id) DO UPDATE SET changed_at = excluded.changed_at`,
			shared: []any{
				int64(w.b.Import), w.now,
			},
		}, w.before); err != nil {
			return err
		}
	}
	_, err := w.t.insert(ctx, bulk{
		into: "INSERT INTO subscribers (id, email, canonical, domain, name, fields, language, zone, address_state, created_at, updated_at) VALUES",
		row:  "(?, ?, ?, ?, ?, ?, ?, ?, 'ok', $1, $1)",
		tail: `ON CONFLICT (canonical) DO UPDATE
			SET name = excluded.name, fields = excluded.fields, language = excluded.language, zone = excluded.zone, updated_at = excluded.updated_at`,
		shared: []any{w.now},
	}, w.changed)
	return err
}

// fewRuns are so many that telling the database a range of ids for each still
// costs less than telling it each reader.
const fewRuns = 16

// writePlainMembers puts new readers whose ids follow each other on the
// batch's lists, without telling the database who they are.
func (w *batchWork) writePlainMembers(ctx context.Context) error {
	if len(w.runs) > fewRuns {
		w.spellOut()
		return nil
	}
	var wording int64
	if len(w.runs) > 0 && w.b.Consent != "" && len(w.b.Lists) > 0 {
		var err error
		if wording, err = w.t.wording(ctx, w.b.Consent, w.now); err != nil {
			return err
		}
	}
	for _, r := range w.runs {
		for _, list := range w.b.Lists {
			if err := w.joinRun(ctx, r, list, wording); err != nil {
				return err
			}
		}
	}
	return nil
}

func (w *batchWork) joinRun(ctx context.Context, r idRun, list subscribers.ListID, wording int64) error {
	if err := w.t.exec(ctx, `
		INSERT INTO memberships (list_id, subscriber_id, state, paused_until, joined_at, updated_at, import_id)
		SELECT CAST($3 AS BIGINT), id, 'active', 0, CAST($4 AS BIGINT), CAST($4 AS BIGINT), CAST($5 AS BIGINT)
		FROM subscribers
		WHERE id >= $1 AND id < $2
		ORDER BY id`, r.from, r.to, int64(list), w.now, int64(w.b.Import)); err != nil || wording == 0 {
		return err
	}
	return w.t.exec(ctx, `
		INSERT INTO consents (id, subscriber_id, list_id, purpose, action, source, wording, wording_id, at)
		SELECT CAST($3 AS BIGINT) + id - $1, id, CAST($4 AS BIGINT), 'newsletter', 'given', CAST($5 AS TEXT), '', CAST($6 AS BIGINT), CAST($7 AS BIGINT)
		FROM subscribers
		WHERE id >= $1 AND id < $2
		ORDER BY id`, r.from, r.to, ids.Block(int(r.to-r.from)), int64(list), w.b.Source, wording, w.consentAt())
}

// spellOut makes memberships of runs that are too many.
func (w *batchWork) spellOut() {
	for _, r := range w.runs {
		for id := r.from; id < r.to; id++ {
			for _, list := range w.b.Lists {
				w.members = append(w.members, int64(list), id, string(subscribers.Active))
				if w.b.Consent != "" {
					w.consents = append(w.consents, ids.Block(1), id, int64(list), w.consentAt())
				}
			}
		}
	}
}

func (w *batchWork) writeMembers(ctx context.Context) error {
	// The guard holds against a reader who leaves between the reading and now.
	_, err := w.t.insert(ctx, bulk{
		into: "INSERT INTO memberships (list_id, subscriber_id, state, paused_until, joined_at, updated_at, import_id) VALUES",
		row:  "(?, ?, ?, 0, $1, $1, $2)",
		tail: `ON CONFLICT (list_id, subscriber_id) DO UPDATE
			SET state = excluded.state, joined_at = excluded.joined_at, updated_at = excluded.updated_at
			WHERE memberships.state = 'pending'`,
		shared: []any{w.now, int64(w.b.Import)},
	}, w.members)
	return err
}

func (w *batchWork) writeConsents(ctx context.Context) error {
	if len(w.consents) == 0 {
		return nil
	}
	wording, err := w.t.wording(ctx, w.b.Consent, w.now)
	if err != nil {
		return err
	}
	_, err = w.t.insert(ctx, bulk{
		into:   "INSERT INTO consents (id, subscriber_id, list_id, at, purpose, action, source, wording, wording_id) VALUES",
		row:    "(?, ?, ?, ?, 'newsletter', 'given', $1, '', $2)",
		shared: []any{w.b.Source, wording},
	}, w.consents)
	return err
}

func (w *batchWork) writeTags(ctx context.Context) error {
	if _, err := w.t.insert(ctx, bulk{
		into:   "INSERT INTO tags (tag, subscriber_id, import_id) VALUES",
		row:    "(?, ?, $1)",
		tail:   "ON CONFLICT (tag, subscriber_id) DO NOTHING",
		shared: []any{int64(w.b.Import)},
	}, w.tags); err != nil {
		return err
	}
	_, err := w.t.insert(ctx, bulk{
		into:   "INSERT INTO notes (id, subscriber_id, text, import_id, actor, at) VALUES",
		row:    "(?, ?, ?, $1, $2, $3)",
		shared: []any{int64(w.b.Import), w.b.Entry.Actor, w.now},
	}, w.notes)
	return err
}

// tagsOf adds the tags of readers to out, in their order.
func (d db) tagsOf(ctx context.Context, who []any, out map[subscribers.ID][]string) error {
	for _, p := range fixedParts(len(who)) {
		rows, err := d.query(ctx, `
			SELECT subscriber_id, tag
			FROM tags
			WHERE subscriber_id IN (`+parameters(1, p.n)+`)
			ORDER BY subscriber_id, tag`, who[p.from:p.from+p.n]...)
		if err != nil {
			return err
		}
		for rows.Next() {
			var id subscribers.ID
			var tag string
			if err := rows.Scan(&id, &tag); err != nil {
				_ = rows.Close()
				return err
			}
			out[id] = append(out[id], tag)
		}
		if err := rows.Close(); err != nil {
			return err
		}
		if err := rows.Err(); err != nil {
			return err
		}
	}
	return nil
}
