// Package audit is the plain value of the audit log: who did what to which
// thing. Doers make entries; the store writes them in the transaction of the
// change that they tell about.
package audit

import (
	"strings"
	"time"

	"postrider/internal/ids"
)

// Entry is one line of the log.
type Entry struct {
	At     time.Time
	Actor  string // operator's id, "cli", "scheduler", "courier" or "reader"; never an address
	Action string // past tense verb: "approved", "imported"
	Kind   string // what Object is: "edition", "campaign", "list"…
	Object int64  // its id
	Detail string // from, to; figures; never an address, a token or a body
}

// ID identifies a line that is kept.
type ID = ids.ID[Entry]

// Record is a line as it is kept.
type Record struct {
	ID ID
	Entry
}

// actorLetters are those of an operator's id, with which their actor begins.
const actorLetters = 13

// Filter selects lines; empty fields select all.
type Filter struct {
	Actor string // "cli", "courier"… or an operator's id, or their whole actor
	Kind  string
	From  time.Time // from this moment on
	Until time.Time // before this one
}

// ActorKey is what a filter by person compares: the beginning of an actor, which
// stays when an operator takes another name.
func (f Filter) ActorKey() string { return f.Actor[:min(len(f.Actor), actorLetters)] }

// FromTo cuts a detail that tells of a change, "draft → approved: why", into
// what was, what is, and the rest; from and to are empty where it tells of none.
func (e Entry) FromTo() (from, to, rest string) {
	from, to, found := strings.Cut(e.Detail, " → ")
	if !found {
		return "", "", e.Detail
	}
	to, rest, _ = strings.Cut(to, ": ")
	return from, to, rest
}
