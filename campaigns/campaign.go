// Package campaigns holds the standing intention (what to send, to whom, how
// it looks, when) and its editions, from draft to sent. The Desk is the one
// that changes their states. It mails nothing: the Courier works through an
// edition's recipients.
package campaigns

import (
	"time"

	"postrider/internal/ids"
	"postrider/networks"
	"postrider/recaps"
	"postrider/scheduler/schedule"
	"postrider/subscribers"
	"postrider/templates"
)

type (
	campaignMark   struct{}
	editionMark    struct{}
	occurrenceMark struct{}
	// ID is a campaign's id.
	ID = ids.ID[campaignMark]
	// EditionID is an edition's id.
	EditionID = ids.ID[editionMark]
	// OccurrenceID is the id of one firing of a schedule.
	OccurrenceID = ids.ID[occurrenceMark]
)

// State of a campaign.
type State string

// Only an active campaign's schedule fires.
const (
	Active   State = "active"
	Paused   State = "paused"
	Archived State = "archived"
)

// Source says what an edition of the campaign is made of.
type Source string

// Fixed sends the same recap each time, on purpose; Collect sends what was
// approved since the last edition and has not gone to these lists yet.
const (
	Fixed   Source = "fixed"
	Collect Source = "collect"
)

// Approval says whether a person looks at each edition.
type Approval string

// Once is a standing approval: approved recaps go out by themselves.
const (
	Once Approval = "once"
	Each Approval = "each"
)

// Tracking says what is learned from links.
type Tracking string

// Aggregate counts days, not persons.
const (
	Aggregate Tracking = "aggregate"
	Off       Tracking = "off"
	Personal  Tracking = "personal"
)

// OnDayOff says what becomes of a date that falls on a day off.
type OnDayOff string

// DropDate leaves the date out; MoveDate has it come on the next day that is
// not off, at the same time of day.
const (
	DropDate OnDayOff = "drop"
	MoveDate OnDayOff = "move"
)

// DefaultLateLimit is how late a firing is still sent by itself.
const DefaultLateLimit = 6 * time.Hour

// Campaign is a standing intention.
type Campaign struct {
	ID            ID                   `json:"id"`
	Name          string               `json:"name"` // unique, shown to the team only
	State         State                `json:"state"`
	Source        Source               `json:"source"`
	Approval      Approval             `json:"approval"`
	Recap         recaps.ID            `json:"recap,omitempty"` // of a fixed campaign
	Lists         []subscribers.ListID `json:"-"`
	ListNames     []string             `json:"lists"`
	Segment       string               `json:"segment,omitempty"` // name of the question that narrows the lists; empty: all on them
	Schedule      string               `json:"schedule"`          // text of package schedule, empty: sent by hand only
	Zone          string               `json:"zone"`              // IANA name
	ScheduledFrom time.Time            `json:"-"`                 // firings up to here are not this schedule's
	LateLimit     time.Duration        `json:"-"`
	DaysOff       []schedule.DayOff    `json:"days_off,omitempty"`        // in its zone, sorted
	OnDayOff      OnDayOff             `json:"then_on_day_off,omitempty"` // empty without days off
	Subject       string               `json:"subject,omitempty"`
	Preheader     string               `json:"preheader,omitempty"`
	Sender        string               `json:"from"` // "News <news@org.example>"
	ReplyTo       string               `json:"reply_to,omitempty"`
	Theme         string               `json:"theme,omitempty"`
	Blocks        []templates.Block    `json:"blocks,omitempty"` // beside the recaps, in the order shown
	Networks      []networks.ID        `json:"networks,omitempty"`
	Canonical     templates.Canonical  `json:"canonical"`
	Tracking      Tracking             `json:"tracking"`
	ApprovedBy    string               `json:"approved_by,omitempty"`
	ApprovedAt    time.Time            `json:"approved_at,omitzero"`
	CreatedAt     time.Time            `json:"created_at"`
	UpdatedAt     time.Time            `json:"updated_at"`
}

// Approved reports whether a standing approval lets editions go out.
func (c Campaign) Approved() bool { return c.Approval == Once && !c.ApprovedAt.IsZero() }

// OccurrenceState of one firing.
type OccurrenceState string

// A firing is due until it has opened an edition or a reason says why not.
const (
	OccurrenceDue     OccurrenceState = "due"
	OccurrenceOpened  OccurrenceState = "opened"
	OccurrenceSkipped OccurrenceState = "skipped"
	OccurrenceHeld    OccurrenceState = "held"
	OccurrenceFailed  OccurrenceState = "failed"
)

// Occurrence is one firing of a campaign's schedule. Campaign, Wall and Offset
// are its key: the repeated hour of autumn has two.
type Occurrence struct {
	ID       OccurrenceID    `json:"id"`
	Campaign ID              `json:"campaign"`
	Wall     string          `json:"wall"`       // "2006-01-02T15:04" in the campaign's zone
	Offset   int             `json:"utc_offset"` // seconds east of UTC
	DueAt    time.Time       `json:"due_at"`
	State    OccurrenceState `json:"state"`
	Reason   string          `json:"reason,omitempty"`
	Edition  EditionID       `json:"edition,omitempty"`
}
