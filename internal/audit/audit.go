// Package audit is the plain value of the audit log: who did what to which
// thing. Doers make entries; the store writes them in the transaction of the
// change that they tell about.
package audit

import "time"

// Entry is one line of the log.
type Entry struct {
	At     time.Time
	Actor  string // operator's id, "cli", "scheduler", "courier" or "reader"; never an address
	Action string // past tense verb: "approved", "imported"
	Kind   string // what Object is: "edition", "campaign", "list"…
	Object int64  // its id
	Detail string // from, to; figures; never an address, a token or a body
}
