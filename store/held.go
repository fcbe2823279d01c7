package store

import (
	"context"
	"database/sql"

	"postrider/campaigns"
	"postrider/internal/audit"
	"postrider/internal/errs"
)

const occurrenceColumns = `id, campaign_id, wall, utc_offset, due_at, state, reason, edition_id`

func scanOccurrence(r *sql.Rows) (campaigns.Occurrence, error) {
	var o campaigns.Occurrence
	var due int64
	err := r.Scan(&o.ID, &o.Campaign, &o.Wall, &o.Offset, &due, &o.State, &o.Reason, &o.Edition)
	o.DueAt = fromMillis(due)
	return o, err
}

// HeldOccurrence implements campaigns.Store.
func (s *Store) HeldOccurrence(ctx context.Context, c campaigns.ID) (campaigns.Occurrence, error) {
	rows, err := s.reader().query(ctx, `
		SELECT `+occurrenceColumns+`
		FROM occurrences WHERE campaign_id = $1 AND state = 'held' ORDER BY due_at DESC, id DESC LIMIT 1`, c)
	o, err := one(s, "held date", rows, err, scanOccurrence)
	if errs.Is(err, errs.NotFound) {
		return o, errs.NotFoundf("no date of this campaign is held")
	}
	return o, err
}

// SkipOccurrence implements campaigns.Store.
func (s *Store) SkipOccurrence(ctx context.Context, o campaigns.Occurrence, e audit.Entry) error {
	return s.update(ctx, "skipping a held date", func(t *tx) error {
		if err := t.swap(ctx, "the held date", `UPDATE occurrences SET state = 'skipped', reason = $2, updated_at = $3 WHERE id = $1 AND state = 'held'`,
			o.ID, o.Reason, millis(e.At)); err != nil {
			return err
		}
		return t.audit(ctx, e)
	})
}
