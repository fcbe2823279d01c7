package store

import (
	"context"
	_ "embed" // queries
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

//go:embed freeze_chunk.sql
var freezeChunk string

// A SQLite file has one writer at a time, so a chunk is what can be written
// within chunkTime, as the last ones tell, and then others have their turn.
const (
	chunkTime  = 12 * time.Millisecond
	leastChunk = 1_000
	chunkRest  = 3 * time.Millisecond
)

// FreezeSome implements delivery.Ledger. The rows of a freezing edition are
// invisible to leases, because those ask for a sending one.
func (s *Store) FreezeSome(ctx context.Context, e campaigns.Edition, limit int) (done bool, err error) {
	if s.path != "" {
		limit = min(limit, max(int(s.chunk.Load()), leastChunk))
	}
	now := s.Now()
	var members int
	var began time.Time
	err = s.update(ctx, "freezing the audience", func(t *tx) error {
		began = time.Now()
		var cursor, cutoff int64
		var state string
		if err := t.row(ctx, `SELECT freeze_cursor, cutoff, state FROM editions WHERE id = $1`, e.ID).Scan(&cursor, &cutoff, &state); err != nil {
			return err
		}
		if state != string(campaigns.Freezing) {
			return errs.Conflictf("the edition is %s, not freezing", state)
		}
		last, n, err := t.freezeChunk(ctx, e.ID, cursor, cutoff, limit, now)
		if err != nil {
			return err
		}
		if members = n; members == limit {
			return t.swap(ctx, "freezing", `UPDATE editions SET freeze_cursor = $2 WHERE id = $1 AND state = 'freezing' AND freeze_cursor = $3`, e.ID, last, cursor)
		}
		done = true
		if err := t.planPosts(ctx, e.ID, now); err != nil {
			return err
		}
		return t.swap(ctx, "freezing", `
			UPDATE editions SET state = 'sending', freeze_cursor = $2, updated_at = $3,
			       public_at = CASE WHEN public_at = 0 THEN $3 ELSE public_at END
			WHERE id = $1 AND state = 'freezing' AND freeze_cursor = $4`, e.ID, last, millis(now), cursor)
	})
	if err != nil {
		return false, err
	}
	if s.path != "" && members == limit {
		s.giveWay(ctx, members, time.Since(began))
	}
	return done, nil
}

// freezeChunk looks at the next limit members of an edition's lists behind
// cursor, in the order of their ids, and inserts those of them who are its
// audience. It returns the last member and how many it looked at: that bounds
// the chunk also where a segment selects hardly anybody.
func (t *tx) freezeChunk(ctx context.Context, e campaigns.EditionID, cursor, cutoff int64, limit int, now time.Time) (last int64, members int, err error) {
	rows, err := t.query(ctx, `SELECT list_id FROM edition_lists WHERE edition_id = $1 ORDER BY list_id`, e)
	lists, err := collect(rows, err, scanOne[any])
	if err != nil || len(lists) == 0 {
		return cursor, 0, err
	}
	if err := t.row(ctx, nextMembers(len(lists)), append([]any{cursor, limit}, lists...)...).Scan(&last, &members); err != nil || members == 0 {
		return cursor, 0, err
	}
	base := ids.Block(limit + 1)
	args := append([]any{e, cursor, cutoff, last, base, millis(now)}, lists...)
	// Dates such as "30d" count from the cut-off, the same in every chunk.
	where, args, err := t.editionSegment(ctx, int64(e), fromMillis(cutoff), args)
	if err != nil {
		return cursor, 0, err
	}
	if t.d.keysFollow { // behind this row
		if err := t.exec(ctx, `INSERT INTO recipients (id, edition_id, subscriber_id, state, updated_at) VALUES ($1, 0, 0, 'cancelled', 0)`, base); err != nil {
			return cursor, 0, err
		}
	}
	if err := t.exec(ctx, t.d.insertMembers(len(lists), where), args...); err != nil {
		return cursor, 0, err
	}
	if t.d.keysFollow {
		err = t.exec(ctx, `DELETE FROM recipients WHERE id = $1`, base)
	}
	return last, members, err
}

// insertMembers is freeze_chunk.sql for so many lists, $7…, and a condition.
func (d *dialect) insertMembers(lists int, where string) string {
	key, distinct := "CAST($5 AS BIGINT) + row_number() OVER (ORDER BY members.subscriber_id)", ""
	if d.keysFollow { // numbering costs SQLite a fifth of the time
		key = "NULL"
	}
	if lists > 1 {
		distinct = "DISTINCT"
	}
	if where != "" {
		where = "AND (" + where + ")"
	}
	return strings.NewReplacer("/*id*/", key, "/*distinct*/", distinct, "/*lists*/", parameters(7, lists), "/*segment*/", where).Replace(freezeChunk)
}

// nextMembers selects the last of the next $2 active members behind $1 of the
// lists $3…, and how many they are.
func nextMembers(lists int) string {
	var each []string
	for i := range lists {
		each = append(each, `
		  SELECT id FROM (
		    SELECT subscriber_id AS id FROM memberships
		    WHERE list_id = `+placeholder(3+i)+` AND state = 'active' AND subscriber_id > $1
		    ORDER BY subscriber_id LIMIT $2) list`+strconv.Itoa(i))
	}
	return `
		SELECT coalesce(max(id), 0), count(*)
		FROM (SELECT id FROM (` + strings.Join(each, " UNION ") + `) behind ORDER BY id LIMIT $2) members`
}

// giveWay learns from a chunk how large the next one may be, and lets other
// writers of the file have their turn. In the meantime it copies what the chunk
// has written from the write-ahead log into the file: left to the commit of
// whoever comes when the log is full, that keeps them waiting for long.
func (s *Store) giveWay(ctx context.Context, wrote int, took time.Duration) {
	if wrote >= leastChunk {
		next := int64(wrote) * int64(chunkTime) / max(int64(took), 1)
		s.chunk.Store(max(min(next, 2*int64(wrote)), int64(wrote)/2))
	}
	rest := time.After(max(chunkRest, took/4))
	_, _ = s.read.ExecContext(ctx, "PRAGMA wal_checkpoint(PASSIVE)") // what cannot be copied now is later
	select {
	case <-ctx.Done():
	case <-rest:
	}
}
