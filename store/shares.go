package store

import (
	"context"
	"database/sql"

	"postrider/campaigns"
	"postrider/events"
)

// AddShares adds counts of shares to their days. It keeps no person.
func (s *Store) AddShares(ctx context.Context, counts []events.ShareCount) error {
	return s.update(ctx, "counting shares", func(t *tx) error {
		for _, c := range counts {
			if err := t.exec(ctx, `
				INSERT INTO share_totals (edition_id, day, network, n, people, machines)
				VALUES ($1, $2, $3, $4, $5, $6)
				ON CONFLICT (edition_id, day, network, n) DO UPDATE
				SET people = share_totals.people + excluded.people, machines = share_totals.machines + excluded.machines`,
				c.Edition, c.Day, c.Network, c.N, c.People, c.Machines); err != nil {
				return err
			}
		}
		return nil
	})
}

// Shares returns an edition's share counts, by day, network and takeaway.
func (s *Store) Shares(ctx context.Context, e campaigns.EditionID) ([]events.ShareCount, error) {
	rows, err := s.reader().query(ctx, `
		SELECT edition_id, day, network, n, people, machines
		FROM share_totals WHERE edition_id = $1
		ORDER BY day, network, n LIMIT 10000`, e)
	out, err := collect(rows, err, func(r *sql.Rows) (events.ShareCount, error) {
		var c events.ShareCount
		err := r.Scan(&c.Edition, &c.Day, &c.Network, &c.N, &c.People, &c.Machines)
		return c, err
	})
	return out, s.wrap("reading share counts", err)
}
