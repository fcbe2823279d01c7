package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"slices"

	"postrider/subscribers"
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

// EmptyFields counts, for each of names, the active members of lists whose mail
// has no value for that merge tag. Each person counts once.
func (s *Store) EmptyFields(ctx context.Context, lists []subscribers.ListID, names []string) (map[string]int, error) {
	out := map[string]int{}
	if len(lists) == 0 {
		return out, nil
	}
	for _, name := range names {
		args := make([]any, 0, len(lists)+1)
		for _, l := range lists {
			args = append(args, int64(l))
		}
		lacks := func(field string) string {
			args = append(args, `%"`+likeText.Replace(field)+`":%`)
			return `s.fields NOT LIKE ` + placeholder(len(args)) + ` ESCAPE '!'`
		}
		var where string
		switch name {
		case "email":
			continue
		case "language":
			where = `s.language = ''`
		case "name":
			where = `s.name = '' AND ` + lacks("first_name") + ` AND ` + lacks("last_name")
		case "first_name":
			where = `s.name = '' AND ` + lacks("first_name")
		default:
			where = lacks(name)
		}
		rows, err := s.reader().query(ctx, `
			SELECT count(*)
			FROM subscribers s
			WHERE s.id IN (SELECT subscriber_id FROM memberships WHERE list_id IN (`+parameters(1, len(lists))+`) AND state = 'active')
			  AND `+where, args...)
		n, err := one(s, "readers", rows, err, func(r *sql.Rows) (int, error) {
			var n int
			return n, r.Scan(&n)
		})
		if err != nil {
			return nil, s.wrap("counting readers without a field", err)
		}
		out[name] = n
	}
	return out, nil
}

// LongestReaders are the active members of lists with the longest fields and
// with the longest name: their mails are the largest.
func (s *Store) LongestReaders(ctx context.Context, lists []subscribers.ListID) ([]subscribers.Subscriber, error) {
	var out []subscribers.Subscriber
	if len(lists) == 0 {
		return nil, nil
	}
	args := make([]any, len(lists))
	for i, l := range lists {
		args[i] = int64(l)
	}
	for _, longest := range []string{"length(s.fields)", "length(s.name)"} {
		rows, err := s.reader().query(ctx, `
			SELECT `+subscriberColumns+`
			FROM subscribers s
			WHERE s.id IN (SELECT subscriber_id FROM memberships WHERE list_id IN (`+parameters(1, len(lists))+`) AND state = 'active')
			ORDER BY `+longest+` DESC, s.id
			LIMIT 1`, args...)
		found, err := collect(rows, err, func(r *sql.Rows) (subscribers.Subscriber, error) { return scanSubscriber(r) })
		if err != nil {
			return nil, s.wrap("looking for the longest readers", err)
		}
		out = append(out, found...)
	}
	return out, nil
}
