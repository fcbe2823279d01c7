package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"
)

// askedReaders is how many of the newest readers are asked for the names of
// their fields.
const askedReaders = 200

// ReaderFields returns those of names that some reader has a field of, with
// further fields of the newest readers; all of names where there are no readers
// who could tell.
func (s *Store) ReaderFields(ctx context.Context, names []string) ([]string, error) {
	known := map[string]bool{}
	rows, err := s.reader().query(ctx, `SELECT fields FROM subscribers ORDER BY id DESC LIMIT $1`, askedReaders)
	recent, err := collect(rows, err, func(r *sql.Rows) (map[string]string, error) {
		var body string
		var fields map[string]string
		if err := r.Scan(&body); err != nil {
			return nil, err
		}
		return fields, json.Unmarshal([]byte(body), &fields)
	})
	if err != nil {
		return nil, s.wrap("looking for readers' fields", err)
	}
	if len(recent) == 0 {
		return names, nil
	}
	for _, fields := range recent {
		for name := range fields {
			known[name] = true
		}
	}
	for _, name := range names {
		if known[name] {
			continue
		}
		// A quote within a value is written with a backslash, so that only a
		// name can stand like this.
		rows, err := s.reader().query(ctx, `SELECT 1 FROM subscribers WHERE fields LIKE $1 ESCAPE '!' LIMIT 1`, `%"`+likeText.Replace(name)+`":%`)
		found, err := collect(rows, err, func(r *sql.Rows) (int, error) {
			var n int
			return n, r.Scan(&n)
		})
		if err != nil {
			return nil, s.wrap("looking for readers with a field", err)
		}
		known[name] = len(found) > 0
	}
	var out []string
	for name, has := range known {
		if has {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}
