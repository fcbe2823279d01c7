package campaigns

import (
	"slices"
	"time"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/subscribers"
	"postrider/templates"
)

// EditionState of one publication.
type EditionState string

// The states in the order of an edition's life; Paused, Held and Cancelled leave it.
const (
	Draft         EditionState = "draft"
	InReview      EditionState = "in_review"
	EditionReady  EditionState = "approved"
	Scheduled     EditionState = "scheduled"
	Freezing      EditionState = "freezing"
	Sending       EditionState = "sending"
	Sent          EditionState = "sent"
	EditionPaused EditionState = "paused"
	Held          EditionState = "held"
	Cancelled     EditionState = "cancelled"
)

// moves is the edition's state machine: from → to.
var moves = map[EditionState][]EditionState{
	Draft:         {InReview, EditionReady, Cancelled},
	InReview:      {EditionReady, Draft, Cancelled},
	EditionReady:  {Scheduled, Draft, Cancelled},
	Scheduled:     {Freezing, Draft, Held, Cancelled},
	Freezing:      {Sending, Held, Cancelled},
	Sending:       {Sent, EditionPaused, Held, Cancelled},
	EditionPaused: {Sending, Cancelled},
	Held:          {Scheduled, Freezing, Sending, Cancelled},
	Sent:          {Sending},
	Cancelled:     nil,
}

// CanMove reports whether an edition may go from one state to the other.
func CanMove(from, to EditionState) bool { return slices.Contains(moves[from], to) }

// Final reports whether nothing more will happen by itself.
func (s EditionState) Final() bool { return s == Sent || s == Cancelled }

// Cause says what holds an edition; some causes go away by themselves.
type Cause string

// A relay's trouble and a full disk pass; the others wait for a person.
const (
	CauseRelay    Cause = "relay"    // the mail server cannot be reached or refuses us
	CauseAnswers  Cause = "answers"  // its answers are about us, not about readers
	CauseStorage  Cause = "storage"  // the database is full
	CauseLate     Cause = "late"     // due too long ago
	CauseAudience Cause = "audience" // nobody to send to, or not who was approved
	CausePerson   Cause = "person"
)

// Policy says what becomes of a recipient whose outcome is not certain.
type Policy string

// PolicyHold waits for a person (at most once); PolicyResend sends again (at
// least once).
const (
	PolicyHold   Policy = "hold"
	PolicyResend Policy = "resend"
)

// Edition is one numbered publication.
type Edition struct {
	ID         EditionID            `json:"edition"`
	Campaign   ID                   `json:"campaign,omitempty"` // zero: published by hand
	Number     int                  `json:"number"`             // from 1 within its campaign, or within its recap when published by hand
	Title      string               `json:"title"`
	Slug       string               `json:"slug"` // of its page
	State      EditionState         `json:"state"`
	HeldFrom   EditionState         `json:"held_from,omitempty"`
	HeldCause  Cause                `json:"held_cause,omitempty"`
	Reason     string               `json:"reason,omitempty"` // why held, in words for people
	Policy     Policy               `json:"policy"`
	Sender     string               `json:"from"`
	ReplyTo    string               `json:"reply_to,omitempty"`
	Tracking   Tracking             `json:"tracking"`
	Lists      []subscribers.ListID `json:"-"`
	ListNames  []string             `json:"lists"`
	Segment    string               `json:"segment,omitempty"`  // whose question narrows the lists
	Question   string               `json:"question,omitempty"` // as it was when the edition was opened
	Recaps     []RecapRef           `json:"-"`
	OnlyNew    bool                 `json:"-"`    // refuse to open with a recap that these lists have had; not stored
	Hash       string               `json:"hash"` // over the rendered bytes that were approved
	ApprovedBy string               `json:"approved_by,omitempty"`
	ApprovedAt time.Time            `json:"approved_at,omitzero"`
	DueAt      time.Time            `json:"due_at,omitzero"`
	Cutoff     time.Time            `json:"cutoff,omitzero"`    // who joined later is not a recipient
	PublicAt   time.Time            `json:"public_at,omitzero"` // the first lease
	EndedAt    time.Time            `json:"ended_at,omitzero"`
	CreatedAt  time.Time            `json:"created_at"`
	UpdatedAt  time.Time            `json:"updated_at"`
}

// RecapRef pins an edition to a revision of a recap.
type RecapRef struct {
	Recap    recaps.ID
	Revision recaps.RevisionID
	Standing bool // named by a block: these lists may have had it before; not stored
}

// Content is what an edition was rendered from and to.
type Content struct {
	Input    templates.Edition
	Rendered templates.Rendered
}

func moveError(from, to EditionState) error {
	return errs.Conflictf("an edition that is %s cannot become %s", from, to)
}
