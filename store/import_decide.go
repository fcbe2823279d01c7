package store

import (
	"encoding/json"
	"maps"
	"slices"

	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/subscribers"
)

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
