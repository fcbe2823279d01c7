package store

import (
	"context"
	_ "embed" // queries
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/ids"
)

//go:embed leased_readers.sql
var leasedReaders string

//go:embed freeze_chunk.sql
var freezeChunk string

// What the partial indexes of recipients are for. A query says one of these word
// for word: SQLite takes a partial index only then. A recipient has an owner as
// long as it is leased or being sent.
const (
	waiting = `state IN ('queued', 'deferred')`
	inHand  = `owner > 0 AND owner <> 0`
	ended   = `state <> 'queued' AND state <> 'deferred' AND state <> 'leased' AND state <> 'sending'`
)

const countStates = `
	SELECT state, count(*) FROM recipients WHERE edition_id = $1 AND ` + waiting + ` GROUP BY state
	UNION ALL
	SELECT state, count(*) FROM recipients WHERE +edition_id = $1 AND ` + inHand + ` GROUP BY state
	UNION ALL
	SELECT state, count(*) FROM recipients WHERE edition_id = $1 AND ` + ended + ` GROUP BY state
	ORDER BY 1`

func placeholder(n int) string { return "$" + strconv.Itoa(n) }

// freezeChunk inserts the next limit readers of an edition's lists behind
// cursor, in the order of their ids, and returns the last of them.
func (t *tx) freezeChunk(ctx context.Context, e campaigns.EditionID, cursor, cutoff int64, limit int, now time.Time) (last int64, n int, err error) {
	base := ids.Block(limit + 1)
	// Dates such as "30d" count from the cut-off, the same in every chunk.
	where, args, err := t.editionSegment(ctx, int64(e), fromMillis(cutoff), []any{e, cursor, cutoff, limit, base, millis(now)})
	if err != nil {
		return cursor, 0, err
	}
	query := freezeChunk
	if where != "" {
		query = strings.Replace(freezeChunk, "-- SEGMENT", "AND ("+where+")", 1)
	}
	inserted, err := t.changed(ctx, query, args...)
	if err != nil || inserted == 0 {
		return cursor, 0, err
	}
	// Row numbers follow the readers' ids, so the last row is the last reader.
	err = t.row(ctx, `SELECT subscriber_id FROM recipients WHERE id = $1`, base+inserted).Scan(&last)
	return last, int(inserted), err
}

// GiveBack implements delivery.Ledger.
func (s *Store) GiveBack(ctx context.Context, o delivery.OwnerID, e campaigns.EditionID, rows []delivery.RecipientID) error {
	return s.update(ctx, "giving recipients back", func(t *tx) error {
		back := `
			UPDATE recipients
			SET state = CASE WHEN (SELECT state FROM editions WHERE id = $3) = 'cancelled' THEN 'cancelled' ELSE 'queued' END,
			    owner = 0, updated_at = $4
			WHERE id = $1 AND owner = $2 AND state = 'leased'`
		if e == 0 {
			back = inNotices(back)
		}
		for _, id := range rows {
			if err := t.exec(ctx, back, id, o, e, millis(s.Now())); err != nil {
				return err
			}
		}
		return nil
	})
}

// Figures implements delivery.Ledger.
func (s *Store) Figures(ctx context.Context, e campaigns.EditionID) (delivery.Figures, error) {
	rows, err := s.reader().query(ctx, countStates, e)
	if err != nil {
		return delivery.Figures{}, s.wrap("counting recipients", err)
	}
	defer rows.Close()
	var f delivery.Figures
	for rows.Next() {
		var state delivery.State
		var n int
		if err := rows.Scan(&state, &n); err != nil {
			return delivery.Figures{}, s.wrap("counting recipients", err)
		}
		f.Add(state, n)
	}
	return f, s.wrap("counting recipients", rows.Err())
}
