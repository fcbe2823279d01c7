package subscribers

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/mailaddr"
)

// List is what a reader signs up for. Consent is per list.
type List struct {
	ID    ListID `json:"id"`
	Name  string `json:"name"`  // how commands and imports call it
	Title string `json:"title"` // how readers see it, the name where empty
	// Description tells operators what the list is for; may be empty.
	Description string    `json:"description"`
	Public      bool      `json:"public"`        // offered to everybody on the sign-up page
	SingleOptIn bool      `json:"single_opt_in"` // who signs up is on it at once; else after pressing the button of a mail
	Welcome     bool      `json:"welcome"`       // a mail greets whoever joins through the sign-up page
	CreatedAt   time.Time `json:"created_at"`
}

// ListCounts is a list with its memberships by state.
type ListCounts struct {
	List
	Pending      int `json:"pending"`
	Active       int `json:"active"`
	Unsubscribed int `json:"unsubscribed"`
}

// Membership is a subscriber's state on one list.
type Membership struct {
	List        ListID          `json:"-"`
	Name        string          `json:"list"`
	State       MembershipState `json:"state"`
	PausedUntil time.Time       `json:"paused_until,omitzero"`
	JoinedAt    time.Time       `json:"joined_at"`
	UpdatedAt   time.Time       `json:"updated_at"`
}

// ConsentAction is what a reader did.
type ConsentAction string

// The actions of the consent record.
const (
	Given     ConsentAction = "given"
	Confirmed ConsentAction = "confirmed"
	Withdrawn ConsentAction = "withdrawn"
)

// Consent is one line of the record that GDPR Art. 7(1) asks for. Lines are
// only ever added, and leave with the reader.
type Consent struct {
	List    ListID        `json:"list"` // zero: of no list
	Purpose string        `json:"purpose"`
	Action  ConsentAction `json:"action"`
	Source  string        `json:"source"`  // form, import, one-click
	Wording string        `json:"wording"` // what was agreed to, or the reason given for leaving
	// WordingHash is WordingHash of what was agreed to, empty for other lines.
	WordingHash string    `json:"wording_hash,omitempty"`
	At          time.Time `json:"at"`
}

// WordingHash is the SHA-256 of a wording that was shown, in hexadecimal: proof
// that the text kept is the one that was agreed to.
func WordingHash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// Sign is who changes a membership, and on what grounds.
type Sign struct {
	Actor  string // as in audit.Entry: "reader", "cli", an operator's id
	Source string // where it was done: a form's name, "import", "one-click"
	Reason string // the wording agreed to, or why they leave; never an address
}

const (
	maxListName = 100 // bytes
	maxListText = 1000
	maxReason   = 2000
)

// CheckListName reports as Invalid a name that no list can have: empty, longer
// than 100 bytes, with control characters, or with a comma, which separates
// lists on the command line.
func CheckListName(name string) error {
	text := ""
	switch {
	case strings.TrimSpace(name) != name || name == "":
		text = "want a name without spaces around it"
	case len(name) > maxListName:
		text = "shorten it to 100 bytes"
	case strings.Contains(name, ","):
		text = "a list's name has no comma: commas separate lists"
	case mailaddr.CheckName(name) != nil:
		text = "it contains invisible characters: type it again instead of pasting it"
	default:
		return nil
	}
	return &errs.Error{Kind: errs.Invalid, Field: "list", Text: text}
}
