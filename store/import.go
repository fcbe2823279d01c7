package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"maps"
	"slices"
	"time"

	"postrider/internal/errs"
	"postrider/internal/ids"
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

// decide goes through the rows reader by reader and notes what to write.
func (w *batchWork) decide() {
	rows := w.b.Rows
	w.added = make([]any, 0, readerWidth*max(len(rows)-len(w.known), 0))
	next := ids.Block(len(rows))
	for len(rows) > 0 {
		n := 1
		for n < len(rows) && rows[n].Canonical == rows[0].Canonical {
			n++
		}
		same := rows[:n]
		rows = rows[n:]
		if w.refuses(same) {
			continue
		}
		s, known := w.known[same[0].Canonical]
		if known {
			w.reader(s, same)
			continue
		}
		s = subscribers.Subscriber{ID: subscribers.ID(next), Email: same[0].Email, AddressState: subscribers.AddressOK}
		next++
		if w.isPlain(same) {
			w.result.Added++
			s, _ = subscribers.Merge(s, same[0])
			if last := len(w.runs) - 1; last >= 0 && w.runs[last].to == int64(s.ID) {
				w.runs[last].to++
			} else {
				w.runs = append(w.runs, idRun{int64(s.ID), int64(s.ID) + 1})
			}
		} else {
			s = w.apply(s, same, false)
		}
		w.added = append(w.added, readerValues(s, same[0])...)
	}
}

// idRun is a run of ids, to not included.
type idRun struct{ from, to int64 }

// refuses settles readers who are barred and rows that bar one.
func (w *batchWork) refuses(same []subscribers.Row) bool {
	why := w.whyBarred(same[0])
	bars := ""
	for _, r := range same {
		if r.Suppress != "" {
			bars = r.Suppress
		}
	}
	if why == "" && bars == "" {
		return false
	}
	first := why == ""
	for _, r := range same {
		switch {
		case r.Suppress == "" && why == "":
			w.refuse(r, "on the do-not-mail list: "+bars)
		case r.Suppress == "":
			w.refuse(r, why)
		case first:
			first = false
			w.result.Added++
			w.result.Suppressed++
			w.suppress = append(w.suppress, subscribers.Suppression{
				ID: subscribers.SuppressionID(ids.Block(1)), Kind: subscribers.ByAddress, Value: r.Canonical, Reason: r.Suppress,
				Source: w.b.Source, CreatedAt: w.b.Entry.At,
			})
		default:
			w.result.Unchanged++
			w.result.Suppressed++
		}
	}
	return true
}

func (w *batchWork) refuse(r subscribers.Row, why string) {
	w.result.Refused = append(w.result.Refused, subscribers.Refusal{Line: r.Line, Email: r.Email, Reason: why})
}

// isPlain reports whether all there is to tell of a new reader are its values
// and that it joins the batch's lists. Most are that, and cost least.
func (w *batchWork) isPlain(same []subscribers.Row) bool {
	r := same[0]
	return len(same) == 1 && r.State == "" && !r.Outside && len(r.Memberships) == 0 && len(r.Tags) == 0 && r.Note == "" && r.ConsentAt == 0
}

const readerWidth = 8

func readerValues(s subscribers.Subscriber, r subscribers.Row) []any {
	return []any{int64(s.ID), s.Email, r.Canonical, r.Domain, s.Name, fieldsJSON(s.Fields), s.Language, s.Zone}
}

// reader notes what rows say of a known reader.
func (w *batchWork) reader(s subscribers.Subscriber, rows []subscribers.Row) {
	was := s
	was.Fields = maps.Clone(s.Fields)
	s = w.apply(s, rows, true)
	if s.Name == was.Name && s.Language == was.Language && s.Zone == was.Zone && maps.Equal(s.Fields, was.Fields) {
		return
	}
	w.changed = append(w.changed, readerValues(s, rows[0])...)
	w.before = append(w.before, int64(s.ID), was.Name, fieldsJSON(was.Fields), was.Language, was.Zone)
}

// apply goes through the rows of one reader in the order of the file.
func (w *batchWork) apply(s subscribers.Subscriber, rows []subscribers.Row, known bool) subscribers.Subscriber {
	var touched []subscribers.ListID
	consentAt := int64(0)
	for i, r := range rows {
		merged, changed := subscribers.Merge(s, r)
		s = merged
		if w.joins(s.ID, r, &touched) {
			changed = true
		}
		if w.tag(s.ID, r) {
			changed = true
		}
		if r.ConsentAt > consentAt {
			consentAt = r.ConsentAt
		}
		// A note says nothing that is not known where the row says nothing new.
		if r.Note != "" && (changed || i == 0 && !known) {
			w.notes = append(w.notes, ids.Block(1), int64(s.ID), r.Note)
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
		w.members = append(w.members, int64(list), int64(s.ID), string(state))
		if state == subscribers.Active && w.b.Consent != "" {
			if consentAt == 0 || consentAt > w.now {
				consentAt = w.consentAt()
			}
			w.consents = append(w.consents, ids.Block(1), int64(s.ID), int64(list), consentAt)
		}
	}
	return s
}

func (w *batchWork) consentAt() int64 {
	if w.b.ConsentAt.IsZero() {
		return w.now
	}
	return millis(w.b.ConsentAt)
}

func (w *batchWork) tag(who subscribers.ID, r subscribers.Row) bool {
	changed := false
	for _, t := range r.Tags {
		if slices.Contains(w.tagged[who], t) {
			continue
		}
		if w.tagged == nil {
			w.tagged = map[subscribers.ID][]string{}
		}
		w.tagged[who] = append(w.tagged[who], t)
		w.tags = append(w.tags, t, int64(who))
		changed = true
	}
	return changed
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
	if r.Outside {
		return changed
	}
	state := r.State
	if state == "" {
		state = subscribers.Active
	}
next:
	for _, list := range w.b.Lists {
		for _, m := range r.Memberships {
			if m.List == list {
				continue next
			}
		}
		join(list, state)
	}
	return changed
}

// fieldsJSON writes fields as json.Marshal does, without its cost where no
// letter has to be escaped.
func fieldsJSON(fields map[string]string) string {
	if len(fields) == 0 {
		return "{}"
	}
	keys := make([]string, 0, 8)
	for k := range fields {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	b := make([]byte, 0, 32*len(keys))
	b = append(b, '{')
	for i, k := range keys {
		if i > 0 {
			b = append(b, ',')
		}
		b = appendJSON(append(appendJSON(b, k), ':'), fields[k])
	}
	return string(append(b, '}'))
}

func appendJSON(b []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c == '<' || c == '>' || c == '&' || c == 0xe2 || c == 0x7f {
			quoted, err := json.Marshal(s)
			if err != nil {
				return append(b, `""`...) // strings never fail
			}
			return append(b, quoted...)
		}
	}
	return append(append(append(b, '"'), s...), '"')
}

// errSameReaders says that another import is at the same readers.
var errSameReaders = errs.Conflictf("another import adds the same readers: try again")
