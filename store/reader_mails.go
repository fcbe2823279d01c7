package store

import (
	"context"
	"database/sql"

	"postrider/delivery"
	"postrider/subscribers"
)

// MailsOf returns the editions that a reader was in the audience of, the newest
// first, before an edition's row (0: from the newest), at most limit.
func (s *Store) MailsOf(ctx context.Context, who subscribers.ID, before delivery.RecipientID, limit int) ([]delivery.ReaderMail, error) {
	where, args := "r.id > $2", []any{int64(who), int64(0), limit}
	if before != 0 {
		where, args[1] = "r.id < $2", int64(before)
	}
	rows, err := s.reader().query(ctx, `
		SELECT `+recipientColumns+`, e.title, e.number
		FROM recipients r
		JOIN editions e ON e.id = r.edition_id
		LEFT JOIN subscribers s ON s.id = r.subscriber_id
		WHERE r.subscriber_id = $1 AND `+where+`
		ORDER BY r.id DESC
		LIMIT $3`, args...)
	out, err := collect(rows, err, scanReaderMail)
	return out, s.wrap("reading the mails of a reader", err)
}

func scanReaderMail(r *sql.Rows) (delivery.ReaderMail, error) {
	var m delivery.ReaderMail
	var due, updated int64
	err := r.Scan(&m.ID, &m.Subscriber, &m.Edition, &m.Email, &m.State, &m.Attempts, &m.Code, &m.Enhanced, &m.Text, &m.Relay, &due, &updated, &m.Title, &m.Number)
	m.NotBefore, m.UpdatedAt = fromMillis(due), fromMillis(updated)
	return m, err
}
