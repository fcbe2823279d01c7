package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"strings"

	"postrider/campaigns"
	"postrider/internal/audit"
	"postrider/recaps"
	"postrider/subscribers"
)

const savedRecap = `
	SELECT r.id, r.slug, r.state, r.revision, r.number, v.body, r.approved_at, r.created_at, r.updated_at
	FROM recaps r
	JOIN recap_revisions v ON v.id = r.revision
	`

func scanSaved(r *sql.Rows) (recaps.Saved, error) {
	var s recaps.Saved
	var body string
	var approved, created, updated int64
	if err := r.Scan(&s.ID, &s.Slug, &s.State, &s.Revision, &s.Number, &body, &approved, &created, &updated); err != nil {
		return s, err
	}
	s.ApprovedAt, s.CreatedAt, s.UpdatedAt = fromMillis(approved), fromMillis(created), fromMillis(updated)
	return s, json.Unmarshal([]byte(body), &s.Recap)
}

// AddRecap implements recaps.Store.
func (s *Store) AddRecap(ctx context.Context, saved recaps.Saved, first recaps.Revision) error {
	return s.update(ctx, "keeping the recap", func(t *tx) error {
		if err := t.exec(ctx, `
			INSERT INTO recaps (id, slug, state, title, translation_of, revision, number, approved_at, created_at, updated_at)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
			saved.ID, saved.Slug, saved.State, saved.Recap.Title, saved.Recap.TranslationOf, saved.Revision, saved.Number,
			millis(saved.ApprovedAt), millis(saved.CreatedAt), millis(saved.UpdatedAt)); err != nil {
			return err
		}
		return t.addRevision(ctx, first)
	})
}

// ReviseRecap implements recaps.Store.
func (s *Store) ReviseRecap(ctx context.Context, saved recaps.Saved, next recaps.Revision, was int) error {
	return s.update(ctx, "keeping the recap's revision", func(t *tx) error {
		if err := t.swap(ctx, "recap "+saved.Slug, `
			UPDATE recaps SET state = $3, title = $4, revision = $5, number = $6, approved_at = $7, updated_at = $8, translation_of = $9
			WHERE id = $1 AND number = $2`,
			saved.ID, was, saved.State, saved.Recap.Title, saved.Revision, saved.Number, millis(saved.ApprovedAt), millis(saved.UpdatedAt), saved.Recap.TranslationOf); err != nil {
			return err
		}
		return t.addRevision(ctx, next)
	})
}

func (t *tx) addRevision(ctx context.Context, v recaps.Revision) error {
	body, err := toJSON(v.Recap)
	if err != nil {
		return err
	}
	if err := t.exec(ctx, `
		INSERT INTO recap_revisions (id, recap_id, number, actor, source, body, created_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7)`,
		v.ID, v.Of, v.Number, v.Actor, v.Source, body, millis(v.CreatedAt)); err != nil {
		return err
	}
	return t.audit(ctx, audit.Entry{At: v.CreatedAt, Actor: v.Actor, Action: "kept", Kind: "recap", Object: int64(v.Of),
		Detail: fmt.Sprintf("revision %d", v.Number)})
}

// SetRecapState implements recaps.Store.
func (s *Store) SetRecapState(ctx context.Context, actor string, saved recaps.Saved, from recaps.State) error {
	return s.update(ctx, "changing the recap's state", func(t *tx) error {
		if err := t.swap(ctx, "recap "+saved.Slug, `
			UPDATE recaps SET state = $4, approved_at = $5, updated_at = $6
			WHERE id = $1 AND state = $2 AND number = $3`,
			saved.ID, from, saved.Number, saved.State, millis(saved.ApprovedAt), millis(saved.UpdatedAt)); err != nil {
			return err
		}
		return t.audit(ctx, audit.Entry{At: saved.UpdatedAt, Actor: actor, Action: string(saved.State), Kind: "recap", Object: int64(saved.ID),
			Detail: string(from) + " → " + string(saved.State)})
	})
}

func (s *Store) oneRecap(ctx context.Context, what, where string, arg any) (recaps.Saved, error) {
	rows, err := s.reader().query(ctx, savedRecap+where, arg)
	return one(s, what, rows, err, scanSaved)
}

// Recap implements recaps.Store.
func (s *Store) Recap(ctx context.Context, id recaps.ID) (recaps.Saved, error) {
	return s.oneRecap(ctx, "recap "+id.String(), `WHERE r.id = $1`, id)
}

// RecapBySlug implements recaps.Store.
func (s *Store) RecapBySlug(ctx context.Context, slug string) (recaps.Saved, error) {
	return s.oneRecap(ctx, "recap "+slug, `WHERE r.slug = $1`, slug)
}

// Recaps implements recaps.Store.
func (s *Store) Recaps(ctx context.Context, after recaps.ID, limit int) ([]recaps.Saved, error) {
	rows, err := s.reader().query(ctx, savedRecap+`WHERE r.id > $1 ORDER BY r.id LIMIT $2`, after, limit)
	out, err := collect(rows, err, scanSaved)
	return out, s.wrap("listing recaps", err)
}

// likeText makes words safe inside a LIKE pattern with ESCAPE '!'.
var likeText = strings.NewReplacer("!", "!!", "%", "!%", "_", "!_")

// FindRecaps returns at most limit recaps with ids below before (0: from the
// newest on), the newest first, whose title or slug holds words (empty: all) and
// whose state is state (empty: any). The case of A to Z does not count; SQLite
// knows that of no other letters.
func (s *Store) FindRecaps(ctx context.Context, words string, state recaps.State, before recaps.ID, limit int) ([]recaps.Saved, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	words = strings.TrimSpace(words)
	as := func(words string) string { return "%" + likeText.Replace(words) + "%" }
	rows, err := s.reader().query(ctx, savedRecap+`
		WHERE r.id < $1
		  AND (CAST($2 AS TEXT) = '' OR r.state = $2)
		  AND (CAST($3 AS TEXT) = '%%' OR lower(r.title) LIKE $3 ESCAPE '!' OR r.slug LIKE $3 ESCAPE '!' OR r.title LIKE $4 ESCAPE '!')
		ORDER BY r.id DESC
		LIMIT $5`, before, string(state), as(strings.ToLower(words)), as(words), limit)
	out, err := collect(rows, err, scanSaved)
	return out, s.wrap("looking for recaps", err)
}

const revisionColumns = `id, recap_id, number, actor, source, body, created_at`

func scanRevision(r *sql.Rows) (recaps.Revision, error) {
	var v recaps.Revision
	var body string
	var at int64
	if err := r.Scan(&v.ID, &v.Of, &v.Number, &v.Actor, &v.Source, &body, &at); err != nil {
		return v, err
	}
	v.CreatedAt = fromMillis(at)
	return v, json.Unmarshal([]byte(body), &v.Recap)
}

// RecapRevision returns one revision of a recap, NotFound when there is none.
func (s *Store) RecapRevision(ctx context.Context, id recaps.ID, number int) (recaps.Revision, error) {
	rows, err := s.reader().query(ctx, `SELECT `+revisionColumns+` FROM recap_revisions WHERE recap_id = $1 AND number = $2`, id, number)
	return one(s, "recap's revision", rows, err, scanRevision)
}

// RecapRevisions implements recaps.Store.
func (s *Store) RecapRevisions(ctx context.Context, id recaps.ID, limit int) ([]recaps.Revision, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+revisionColumns+`
		FROM recap_revisions
		WHERE recap_id = $1
		ORDER BY number DESC
		LIMIT $2`, id, limit)
	out, err := collect(rows, err, scanRevision)
	return out, s.wrap("reading the recap's history", err)
}

// wentTo is true of a recap r that went, or is on its way, to one of n lists,
// which are the parameters from first on.
func wentTo(first, n int) string {
	return `EXISTS (
		    SELECT 1
		    FROM edition_recaps er
		    JOIN editions e ON e.id = er.edition_id AND e.state <> '` + string(campaigns.Cancelled) + `'
		    JOIN edition_lists el ON el.edition_id = e.id
		    WHERE er.recap_id = r.id AND el.list_id IN (` + parameters(first, n) + `))`
}

// TranslationsOf implements recaps.Store.
func (s *Store) TranslationsOf(ctx context.Context, slug string, limit int) ([]recaps.Saved, error) {
	if slug == "" {
		return nil, nil // originals are translations of nothing
	}
	rows, err := s.reader().query(ctx, savedRecap+`WHERE r.translation_of = $1 ORDER BY r.slug LIMIT $2`, slug, limit)
	out, err := collect(rows, err, scanSaved)
	return out, s.wrap("looking for translations", err)
}

// Collectable implements campaigns.Store.
func (s *Store) Collectable(ctx context.Context, lists []subscribers.ListID, limit int) ([]recaps.Saved, error) {
	args := []any{limit}
	for _, l := range lists {
		args = append(args, l)
	}
	rows, err := s.reader().query(ctx, savedRecap+`
		WHERE r.state = 'approved'
		  AND NOT `+wentTo(2, len(lists))+`
		ORDER BY r.approved_at, r.id
		LIMIT $1`, args...)
	out, err := collect(rows, err, scanSaved)
	return out, s.wrap("collecting recaps", err)
}

// claimRecaps locks the recaps of an edition that is being opened, so that two
// that take the same one open one after the other, and refuses what has gone to
// its lists meanwhile where the edition wants only what is new.
func (t *tx) claimRecaps(ctx context.Context, e campaigns.Edition) error {
	if len(e.Recaps) == 0 {
		return nil
	}
	var args []any
	var fresh []recaps.ID
	for _, r := range e.Recaps {
		args = append(args, r.Recap)
		if !r.Standing {
			fresh = append(fresh, r.Recap)
		}
	}
	of := `SELECT r.id FROM recaps r WHERE r.id IN (` + parameters(1, len(e.Recaps)) + `)`
	rows, err := t.query(ctx, of+` ORDER BY r.id`+t.forUpdate(), args...)
	if _, err = collect(rows, err, scanOne[int64]); err != nil || !e.OnlyNew || len(fresh) == 0 {
		return err
	}
	// A recap that a block names may have gone out before.
	args, of = args[:0], `SELECT r.id FROM recaps r WHERE r.id IN (`+parameters(1, len(fresh))+`)`
	for _, id := range fresh {
		args = append(args, id)
	}
	for _, l := range e.Lists {
		args = append(args, l)
	}
	// A statement of its own: on PostgreSQL it sees what was committed while we
	// waited for the lock.
	rows, err = t.query(ctx, of+` AND `+wentTo(len(fresh)+1, len(e.Lists))+` ORDER BY r.id LIMIT 1`, args...)
	taken, err := collect(rows, err, scanOne[int64])
	if err == nil && len(taken) > 0 {
		err = campaigns.ErrRecapTaken
	}
	return err
}
