package store

import (
	"context"
	"database/sql"

	"postrider/campaigns"
	"postrider/delivery"
)

// Waits says who of an edition waits for another try, by recipient domain, the
// most readers first, at most limit domains.
func (s *Store) Waits(ctx context.Context, e campaigns.EditionID, limit int) ([]delivery.Wait, error) {
	rows, err := s.reader().query(ctx, `
		SELECT coalesce(s.domain, ''), count(*), min(r.not_before), max(CASE WHEN r.answer <> '' THEN r.answer ELSE r.reason END), max(r.code)
		FROM recipients r LEFT JOIN subscribers s ON s.id = r.subscriber_id
		WHERE r.edition_id = $1 AND r.state = 'deferred' AND r.`+waiting+`
		GROUP BY coalesce(s.domain, '')
		ORDER BY count(*) DESC, coalesce(s.domain, '')
		LIMIT $2`, e, limit)
	out, err := collect(rows, err, func(r *sql.Rows) (delivery.Wait, error) {
		var w delivery.Wait
		var next int64
		err := r.Scan(&w.Domain, &w.Readers, &next, &w.Text, &w.Code)
		w.Next = fromMillis(next)
		return w, err
	})
	return out, s.wrap("reading who waits", err)
}
