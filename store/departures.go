package store

import (
	"context"
	"database/sql"
	"time"

	"postrider/campaigns"
	"postrider/internal/ids"
	"postrider/subscribers"
)

// EventID is an event's place in the log.
type EventID = ids.ID[Departure]

// Departure is a reader who unsubscribed from an edition. Whoever was erased
// since has no Email.
type Departure struct {
	ID         EventID
	Subscriber subscribers.ID
	Email      string
	At         time.Time
}

// Departed is how many readers have unsubscribed from an edition.
func (s *Store) Departed(ctx context.Context, e campaigns.EditionID) (int, error) {
	n := 0
	err := s.reader().row(ctx, `SELECT count(*) FROM events WHERE edition_id = $1 AND kind = 'unsubscribed'`, int64(e)).Scan(&n)
	return n, s.wrap("counting who has left", err)
}

// Departures returns at most limit of them behind after, in the order in which
// they left; after 0 begins.
func (s *Store) Departures(ctx context.Context, e campaigns.EditionID, after EventID, limit int) ([]Departure, error) {
	rows, err := s.reader().query(ctx, `
		SELECT x.id, x.subscriber_id, coalesce(s.email, ''), x.at
		FROM events x LEFT JOIN subscribers s ON s.id = x.subscriber_id
		WHERE x.edition_id = $1 AND x.kind = 'unsubscribed' AND x.id > $2
		ORDER BY x.id
		LIMIT $3`, int64(e), int64(after), limit)
	out, err := collect(rows, err, func(r *sql.Rows) (Departure, error) {
		var d Departure
		var at int64
		err := r.Scan(&d.ID, &d.Subscriber, &d.Email, &at)
		d.At = fromMillis(at)
		return d, err
	})
	return out, s.wrap("reading who has left", err)
}
