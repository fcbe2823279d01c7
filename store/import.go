package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/subscribers"
)

// SaveSubscribers implements subscribers.People. It reads what is known of the
// batch's readers, works out what changes, and writes that with few
// statements. A reader whom another transaction adds in between is a Conflict
// and nothing is stored: the caller does it again.
func (s *Store) SaveSubscribers(ctx context.Context, b subscribers.Batch) (subscribers.BatchResult, error) {
	var result subscribers.BatchResult
	if b.DryRun {
		w := batchWork{t: &tx{db: s.reader()}, b: b, now: millis(b.Entry.At)}
		if err := w.read(ctx); err != nil {
			return result, s.wrap("trying readers", err)
		}
		err := w.decide()
		return w.result, err
	}
	err := s.update(ctx, "storing readers", func(t *tx) error {
		w := batchWork{t: t, b: b, now: millis(b.Entry.At)}
		if err := w.read(ctx); err != nil {
			return err
		}
		if err := w.decide(); err != nil {
			return err
		}
		if err := w.write(ctx); err != nil {
			return err
		}
		result = w.result
		e := b.Entry
		e.Detail = result.Detail()
		return t.audit(ctx, e)
	})
	return result, err
}

// onList is a place on a list.
type onList struct {
	who  subscribers.ID
	list subscribers.ListID
}

// batchWork is one batch on its way through a transaction.
type batchWork struct {
	t      *tx
	b      subscribers.Batch
	now    int64
	result subscribers.BatchResult

	barred map[string]string // kind and value → why
	known  map[string]subscribers.Subscriber
	on     map[onList]subscribers.MembershipState

	added, changed, memberships, consents []any
}

// read looks up suppressions, known readers and their memberships.
func (w *batchWork) read(ctx context.Context) error {
	var canonicals []string
	for i, r := range w.b.Rows {
		if i == 0 || r.Canonical != w.b.Rows[i-1].Canonical {
			canonicals = append(canonicals, r.Canonical)
		}
	}
	if err := w.readBarred(ctx, canonicals); err != nil {
		return err
	}
	w.known = map[string]subscribers.Subscriber{}
	w.on = map[onList]subscribers.MembershipState{}
	for _, p := range fixedParts(len(canonicals)) {
		args := make([]any, p.n)
		for i, c := range canonicals[p.from : p.from+p.n] {
			args[i] = c
		}
		rows, err := w.t.query(ctx, `
			SELECT s.canonical, `+subscriberColumns+`
			FROM subscribers s
			WHERE s.canonical IN (`+parameters(1, p.n)+`)
			ORDER BY s.id`, args...)
		if _, err := collect(rows, err, w.scanKnown); err != nil {
			return err
		}
	}
	return w.readMemberships(ctx)
}

func (w *batchWork) scanKnown(r *sql.Rows) (struct{}, error) {
	var canonical string
	s, err := scanSubscriber(prefixed{r, &canonical})
	w.known[canonical] = s
	return struct{}{}, err
}

// prefixed scans a first column before the others.
type prefixed struct {
	rows  *sql.Rows
	first any
}

func (p prefixed) Scan(dest ...any) error { return p.rows.Scan(append([]any{p.first}, dest...)...) }

func (w *batchWork) readBarred(ctx context.Context, canonicals []string) error {
	var some int
	if err := w.t.row(ctx, `SELECT count(*) FROM (SELECT id FROM suppressions LIMIT 1) x`).Scan(&some); err != nil || some == 0 {
		return err
	}
	var domains, hashes []string
	seen := map[string]bool{}
	for _, r := range w.b.Rows {
		if !seen[r.Domain] {
			seen[r.Domain] = true
			domains = append(domains, r.Domain)
		}
		hashes = append(hashes, r.Hashes...)
	}
	found, err := w.t.suppressionsOf(ctx, canonicals, domains, hashes)
	if err != nil {
		return err
	}
	w.barred = map[string]string{}
	for _, x := range found {
		why := "on the do-not-mail list: " + x.Reason
		if x.Kind == subscribers.ByHash {
			why = "was forgotten at their own request"
		}
		w.barred[string(x.Kind)+x.Value] = why
	}
	return nil
}

func (w *batchWork) whyBarred(r subscribers.Row) string {
	if len(w.barred) == 0 {
		return ""
	}
	for _, h := range r.Hashes {
		if why := w.barred[string(subscribers.ByHash)+h]; why != "" {
			return why
		}
	}
	if why := w.barred[string(subscribers.ByAddress)+r.Canonical]; why != "" {
		return why
	}
	return w.barred[string(subscribers.ByDomain)+r.Domain]
}

func (w *batchWork) readMemberships(ctx context.Context) error {
	who := make([]any, 0, len(w.known))
	for _, s := range w.known {
		who = append(who, int64(s.ID))
	}
	for _, p := range fixedParts(len(who)) {
		rows, err := w.t.query(ctx, `
			SELECT subscriber_id, list_id, state
			FROM memberships
			WHERE subscriber_id IN (`+parameters(1, p.n)+`)
			ORDER BY subscriber_id, list_id`, who[p.from:p.from+p.n]...)
		_, err = collect(rows, err, func(r *sql.Rows) (struct{}, error) {
			var at onList
			var state subscribers.MembershipState
			err := r.Scan(&at.who, &at.list, &state)
			w.on[at] = state
			return struct{}{}, err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// decide goes through the rows reader by reader and notes what to write.
func (w *batchWork) decide() error {
	rows := w.b.Rows
	w.added = make([]any, 0, 8*(len(rows)-len(w.known)))
	w.memberships = make([]any, 0, 3*len(rows)*len(w.b.Lists))
	if w.b.Consent != "" {
		w.consents = make([]any, 0, 3*len(rows)*len(w.b.Lists))
	}
	id, consent := ids.Block(len(rows)), ids.Block(len(rows)*(len(w.b.Lists)+1))
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Canonical == rows[0].Canonical {
			n++
		}
		same := rows[:n]
		rows = rows[n:]
		if why := w.whyBarred(same[0]); why != "" {
			for _, r := range same {
				w.result.Refused = append(w.result.Refused, subscribers.Refusal{Line: r.Line, Email: r.Email, Reason: why})
			}
			continue
		}
		s, known := w.known[same[0].Canonical]
		if !known {
			s = subscribers.Subscriber{ID: subscribers.ID(id), Email: same[0].Email, AddressState: subscribers.AddressOK}
			id++
		}
		if err := w.reader(s, known, same, &consent); err != nil {
			return err
		}
	}
	return nil
}

// reader applies the rows of one reader in the order of the file.
func (w *batchWork) reader(s subscribers.Subscriber, known bool, rows []subscribers.Row, consent *int64) error {
	dirty := false
	var touched []subscribers.ListID
	for i, r := range rows {
		merged, changed := subscribers.Merge(s, r)
		s, dirty = merged, dirty || changed
		if w.joins(s.ID, r, &touched) {
			changed = true
		}
		switch {
		case i == 0 && !known:
			w.result.Added++
		case changed:
			w.result.Updated++
		default:
			w.result.Unchanged++
		}
	}
	for _, list := range touched {
		state := w.on[onList{s.ID, list}]
		w.memberships = append(w.memberships, int64(list), int64(s.ID), string(state))
		if state == subscribers.Active && w.b.Consent != "" {
			w.consents = append(w.consents, *consent, int64(s.ID), int64(list))
			*consent++
		}
	}
	if known && !dirty {
		return nil
	}
	fields := "{}"
	if len(s.Fields) > 0 {
		b, err := json.Marshal(s.Fields)
		if err != nil {
			return fmt.Errorf("keeping the fields of a reader: %w", err)
		}
		fields = string(b)
	}
	values := []any{int64(s.ID), s.Email, rows[0].Canonical, rows[0].Domain, s.Name, fields, s.Language, s.Zone}
	if known {
		w.changed = append(w.changed, values...)
	} else {
		w.added = append(w.added, values...)
	}
	return nil
}

// joins notes the memberships that a row brings and reports whether there are
// any. States of the row itself go before those of the whole file. A file
// knows less than the database: it starts memberships and confirms pending
// ones, but it changes none that is active and revives none that was left.
func (w *batchWork) joins(who subscribers.ID, r subscribers.Row, touched *[]subscribers.ListID) bool {
	changed := false
	join := func(list subscribers.ListID, to subscribers.MembershipState) {
		at := onList{who, list}
		switch was := w.on[at]; {
		case was == subscribers.Unsubscribed && to == subscribers.Active:
			w.result.Left++
		case was == "", was == subscribers.Pending && to != subscribers.Pending:
			w.on[at], changed = to, true
			if !slices.Contains(*touched, list) {
				*touched = append(*touched, list)
			}
		}
	}
	for _, m := range r.Memberships {
		join(m.List, m.State)
	}
next:
	for _, list := range w.b.Lists {
		for _, m := range r.Memberships {
			if m.List == list {
				continue next
			}
		}
		join(list, subscribers.Active)
	}
	return changed
}

// write stores what decide noted.
func (w *batchWork) write(ctx context.Context) error {
	subscriber := bulk{
		into:   "INSERT INTO subscribers (id, email, canonical, domain, name, fields, language, zone, address_state, created_at, updated_at) VALUES",
		row:    "(?, ?, ?, ?, ?, ?, ?, ?, 'ok', $1, $1)",
		tail:   "ON CONFLICT (canonical) DO NOTHING",
		shared: []any{w.now},
	}
	n, err := w.t.insert(ctx, subscriber, w.added)
	if err != nil {
		return err
	}
	if int(n) != len(w.added)/8 {
		return errs.Conflictf("another import adds the same readers: try again")
	}
	subscriber.tail = `ON CONFLICT (canonical) DO UPDATE
		SET name = excluded.name, fields = excluded.fields, language = excluded.language, zone = excluded.zone, updated_at = excluded.updated_at`
	if _, err := w.t.insert(ctx, subscriber, w.changed); err != nil {
		return err
	}
	// The guard holds against a reader who leaves between the reading and now.
	if _, err := w.t.insert(ctx, bulk{
		into: "INSERT INTO memberships (list_id, subscriber_id, state, paused_until, joined_at, updated_at) VALUES",
		row:  "(?, ?, ?, 0, $1, $1)",
		tail: `ON CONFLICT (list_id, subscriber_id) DO UPDATE
			SET state = excluded.state, joined_at = excluded.joined_at, updated_at = excluded.updated_at
			WHERE memberships.state = 'pending'`,
		shared: []any{w.now},
	}, w.memberships); err != nil {
		return err
	}
	agreed := w.now
	if !w.b.ConsentAt.IsZero() {
		agreed = millis(w.b.ConsentAt)
	}
	_, err = w.t.insert(ctx, bulk{
		into:   "INSERT INTO consents (id, subscriber_id, list_id, purpose, action, source, wording, at) VALUES",
		row:    "(?, ?, ?, 'newsletter', 'given', $1, $2, $3)",
		shared: []any{w.b.Source, w.b.Consent, agreed},
	}, w.consents)
	return err
}
