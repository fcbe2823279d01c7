package delivery

import (
	"time"

	"postrider/campaigns"
	"postrider/internal/ids"
	"postrider/subscribers"
)

type recipientMark struct{}

// RecipientID is the id of one row of the ledger.
type RecipientID = ids.ID[recipientMark]

type ownerMark struct{}

// OwnerID is one run of one Courier. A process that was taken over comes back
// as a new owner, so that its old marks find no row.
type OwnerID = ids.ID[ownerMark]

// State of a recipient.
type State string

// The states of the ledger. Accepted means that the relay's 250 to the final
// dot arrived; Unknown that the dot may have arrived and the 250 did not.
const (
	Queued     State = "queued"
	LeasedRow  State = "leased"
	SendingRow State = "sending"
	Accepted   State = "accepted"
	Deferred   State = "deferred"
	Refused    State = "refused"
	Unknown    State = "unknown"
	Suppressed State = "suppressed"
	Expired    State = "expired"
	Cancelled  State = "cancelled"
)

// States lists all of them in the order people read them.
var States = []State{Queued, LeasedRow, SendingRow, Accepted, Deferred, Refused, Unknown, Suppressed, Expired, Cancelled}

// Recipient is a row of the ledger as reports show it.
type Recipient struct {
	ID         RecipientID         `json:"-"`
	Subscriber subscribers.ID      `json:"-"`
	Edition    campaigns.EditionID `json:"-"`
	Email      string              `json:"email"` // empty after erasure
	State      State               `json:"state"`
	Attempts   int                 `json:"attempts"`
	Code       int                 `json:"code"`
	Enhanced   string              `json:"enhanced"`
	Text       string              `json:"text"` // the relay's words, also of the 250; or our reason
	Relay      string              `json:"relay"`
	NotBefore  time.Time           `json:"-"`
	UpdatedAt  time.Time           `json:"-"`
}

// ReaderMail is a row of the ledger as one reader's page shows it, with the
// edition's title and number.
type ReaderMail struct {
	Recipient
	Title  string
	Number int
}

// Figures are an edition's ledger in numbers: they add up to Audience.
type Figures struct {
	Audience   int `json:"audience"`
	Queued     int `json:"queued"`
	Leased     int `json:"leased"`
	Sending    int `json:"sending"`
	Accepted   int `json:"accepted"`
	Deferred   int `json:"deferred"`
	Refused    int `json:"refused"`
	Unknown    int `json:"unknown"`
	Suppressed int `json:"suppressed"`
	Expired    int `json:"expired"`
	Cancelled  int `json:"cancelled"`
}

// Add counts n recipients in a state.
func (f *Figures) Add(s State, n int) {
	f.Audience += n
	*f.of(s) += n
}

// Of is the number of recipients in a state.
func (f Figures) Of(s State) int { return *f.of(s) }

func (f *Figures) of(s State) *int {
	switch s {
	case Queued:
		return &f.Queued
	case LeasedRow:
		return &f.Leased
	case SendingRow:
		return &f.Sending
	case Accepted:
		return &f.Accepted
	case Deferred:
		return &f.Deferred
	case Refused:
		return &f.Refused
	case Unknown:
		return &f.Unknown
	case Suppressed:
		return &f.Suppressed
	case Expired:
		return &f.Expired
	case Cancelled:
		return &f.Cancelled
	}
	panic("delivery: no such state " + string(s))
}

// Waiting are those that something will still be done for.
func (f Figures) Waiting() int { return f.Queued + f.Leased + f.Sending + f.Deferred }

// Wait is how many readers of one domain wait for another try, and why.
type Wait struct {
	Domain  string    `json:"domain"`
	Readers int       `json:"readers"`
	Next    time.Time `json:"next"` // the first of their tries
	Code    int       `json:"code"`
	Text    string    `json:"text"` // the mail server's words to one of them, or ours
}
