package store

import (
	"context"
	_ "embed" // queries
	"strconv"

	"postrider/campaigns"
	"postrider/delivery"
)

//go:embed leased_readers.sql
var leasedReaders string

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
