package store

import (
	"context"

	"postrider/campaigns"
)

// PublicEditions returns at most limit editions whose pages everybody may read,
// newest first, older than before (zero: from the newest on). A recap that went
// out several times is there once, with its latest edition.
func (s *Store) PublicEditions(ctx context.Context, before campaigns.EditionID, limit int) ([]campaigns.Edition, error) {
	if before == 0 {
		before = 1<<63 - 1
	}
	rows, err := s.reader().query(ctx, `
		SELECT `+editionColumns+`
		FROM editions
		WHERE id < $1 AND public_at > 0 AND state <> 'draft'
		  AND NOT EXISTS (
		    SELECT 1 FROM editions later
		    WHERE later.slug = editions.slug AND later.state <> 'draft' AND later.public_at > 0
		      AND (later.public_at > editions.public_at OR later.public_at = editions.public_at AND later.id > editions.id))
		ORDER BY id DESC
		LIMIT $2`, before, limit)
	out, err := collect(rows, err, scanEdition)
	return out, s.wrap("listing what is public", err)
}
