package store

import (
	"context"
	"database/sql"
	"slices"
	"time"

	"postrider/subscribers"
)

// SaveSubscribers implements subscribers.People. It reads what is known of the
// batch's readers, works out what changes, and writes that with few
// statements. A reader whom another transaction adds in between is a Conflict
// and nothing is stored: the caller does it again.
func (s *Store) SaveSubscribers(ctx context.Context, b subscribers.Batch) (subscribers.BatchResult, error) {
	const doing = "storing readers"
	w := batchWork{b: b, now: millis(b.Entry.At)}
	if b.DryRun {
		w.db = s.reader()
		err := w.read(ctx)
		if err == nil {
			w.decide()
		}
		return w.result, s.wrap(doing, err)
	}
	conn, err := s.write.Conn(ctx)
	if err != nil {
		return w.result, s.wrap(doing, err)
	}
	defer conn.Close() // back to the pool
	sqlTx, err := s.begin(ctx, conn)
	if err != nil {
		return w.result, s.wrap(doing, err)
	}
	began := time.Now()
	w.t = &tx{db: db{q: sqlTx, d: &s.dialect}, t: sqlTx}
	w.db, w.conn = w.t.db, conn
	if err := w.run(ctx); err != nil {
		_ = sqlTx.Rollback()
		return subscribers.BatchResult{}, s.wrap(doing, stopped(ctx, err))
	}
	if err := sqlTx.Commit(); err != nil {
		return subscribers.BatchResult{}, s.wrap(doing, stopped(ctx, err))
	}
	if !s.Shared() {
		w.result.Held = time.Since(began)
	}
	return w.result, nil
}

// onList is a place on a list.
type onList struct {
	who  subscribers.ID
	list subscribers.ListID
}

// batchWork is one batch on its way through a transaction.
type batchWork struct {
	db     // for what is only read
	t      *tx
	conn   *sql.Conn
	b      subscribers.Batch
	now    int64
	result subscribers.BatchResult

	barred map[string]string // kind and value → why
	forgot bool              // somebody was
	known  map[string]subscribers.Subscriber
	on     map[onList]subscribers.MembershipState
	tagged map[subscribers.ID][]string

	runs     []idRun // of new readers who join the batch's lists and of whom nothing else is to be told
	added    []any
	changed  []any
	before   []any // values that changed ones had
	members  []any
	consents []any
	tags     []any
	notes    []any
	suppress []subscribers.Suppression
}

func (w *batchWork) run(ctx context.Context) error {
	if err := w.read(ctx); err != nil {
		return err
	}
	w.decide()
	if err := w.write(ctx); err != nil {
		return err
	}
	e := w.b.Entry
	e.Detail = w.result.Detail()
	return w.t.audit(ctx, e)
}

// read looks up suppressions, known readers and their memberships.
func (w *batchWork) read(ctx context.Context) error {
	rows := w.b.Rows
	canonicals := make([]string, 0, len(rows))
	for i, r := range rows {
		if i == 0 || r.Canonical != rows[i-1].Canonical {
			canonicals = append(canonicals, r.Canonical)
		}
	}
	if err := w.readBarred(ctx, canonicals); err != nil {
		return err
	}
	w.known, w.on = map[string]subscribers.Subscriber{}, map[onList]subscribers.MembershipState{}
	if len(rows) == 0 {
		return nil
	}
	// The first file of an installation finds nobody in its way.
	var some bool
	if err := w.row(ctx, `SELECT EXISTS (SELECT 1 FROM subscribers WHERE canonical >= $1 AND canonical <= $2)`,
		canonicals[0], canonicals[len(canonicals)-1]).Scan(&some); err != nil || !some && w.d.binaryOrder {
		return err
	}
	found, err := w.query(ctx, `
		SELECT s.canonical, `+subscriberColumns+`
		FROM subscribers s
		WHERE s.canonical IN (`+w.d.texts+`)
		ORDER BY s.id`, w.d.textList(canonicals))
	if _, err := collect(found, err, w.scanKnown); err != nil {
		return err
	}
	if err := w.readMemberships(ctx); err != nil {
		return err
	}
	return w.readTags(ctx)
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
	var some bool
	if err := w.row(ctx, `
		SELECT EXISTS (SELECT 1 FROM suppressions), EXISTS (SELECT 1 FROM suppressions WHERE kind = 'hash')`).Scan(&some, &w.forgot); err != nil || !some {
		return err
	}
	var domains, hashes []string
	seen := map[string]bool{}
	for _, r := range w.b.Rows {
		if !seen[r.Domain] {
			seen[r.Domain] = true
			domains = append(domains, r.Domain)
		}
	}
	if w.forgot && w.b.Hashes != nil {
		for _, c := range canonicals {
			hashes = append(hashes, w.b.Hashes(c)...)
		}
	}
	found, err := w.suppressionsOf(ctx, canonicals, domains, hashes)
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
	if w.forgot && w.b.Hashes != nil {
		for _, h := range w.b.Hashes(r.Canonical) {
			if why := w.barred[string(subscribers.ByHash)+h]; why != "" {
				return why
			}
		}
	}
	if why := w.barred[string(subscribers.ByAddress)+r.Canonical]; why != "" {
		return why
	}
	return w.barred[string(subscribers.ByDomain)+r.Domain]
}

func (w *batchWork) knownIDs() []any {
	who := make([]any, 0, len(w.known))
	for _, s := range w.known {
		who = append(who, int64(s.ID))
	}
	return who
}

func (w *batchWork) readMemberships(ctx context.Context) error {
	who := w.knownIDs()
	for _, p := range fixedParts(len(who)) {
		rows, err := w.query(ctx, `
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

// readTags looks up the tags of known readers, where the batch brings any.
func (w *batchWork) readTags(ctx context.Context) error {
	if !slices.ContainsFunc(w.b.Rows, func(r subscribers.Row) bool { return len(r.Tags) > 0 }) {
		return nil
	}
	w.tagged = map[subscribers.ID][]string{}
	return w.tagsOf(ctx, w.knownIDs(), w.tagged)
}
