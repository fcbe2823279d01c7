package delivery

import (
	"context"
	"time"

	"postrider/campaigns"
	"postrider/internal/notice"
	"postrider/organisation"
	"postrider/subscribers"
	"postrider/templates"
)

// Ledger keeps the recipients. Its methods are the only way their states
// change while an edition is sent; each is one transaction, or short ones.
type Ledger interface {
	// Enrol makes a new owner whose leases last until ttl after its last
	// heartbeat, and takes over every owner that is dead: LEASED goes back to
	// QUEUED, SENDING becomes UNKNOWN.
	Enrol(ctx context.Context, node string, ttl time.Duration) (OwnerID, error)
	// Beat extends the owner's leases and takes over dead owners. It is a
	// Conflict where the owner itself was taken over.
	Beat(ctx context.Context, o OwnerID, ttl time.Duration) error
	// Leave gives back what the owner has leased and ends it.
	Leave(ctx context.Context, o OwnerID) error
	// Jobs are the editions that something is to be done for now: scheduled
	// and due, freezing, sending, and those held because of a relay.
	Jobs(ctx context.Context, now time.Time) ([]campaigns.Edition, error)
	// Content is what a Courier needs to compile an edition.
	Content(ctx context.Context, e campaigns.EditionID) (Content, error)
	// FreezeSome moves the freezing of an edition on by at most limit
	// subscribers; done means that the edition is now sending.
	FreezeSome(ctx context.Context, e campaigns.Edition, limit int) (done bool, err error)
	// Lease takes at most n recipients that are due, the deferred first. Those
	// who may no longer be mailed become SUPPRESSED, those whose time is over
	// EXPIRED. next is when the next one is due, zero when none is.
	Lease(ctx context.Context, o OwnerID, e campaigns.EditionID, n int) (leased []Leased, next time.Time, err error)
	// LeaseNotices takes at most n notices that are due.
	LeaseNotices(ctx context.Context, o OwnerID, n int) ([]Leased, error)
	// ApplyEvidence turns uncertain recipients that something came back from
	// into accepted ones, and returns how many.
	ApplyEvidence(ctx context.Context) (int, error)
	// Allow takes up to n mails from a relay's pace and its limit for today (0:
	// none), which all nodes share. Where it grants none, next is when to ask
	// again.
	Allow(ctx context.Context, r Relay, daily, n int) (granted int, next time.Time, err error)
	// TakePace takes up to n mails from the bucket of a pace rule, which fills
	// evenly at perMinute and holds at most burst.
	TakePace(ctx context.Context, key string, perMinute, burst, n int, now time.Time) (granted int, next time.Time, err error)
	// PaceRules are the paces per recipient domain and mail-host family, in
	// mails per minute: "domain:example.org", "family:google".
	PaceRules(ctx context.Context) (map[string]int, error)
	// Postpone returns leased recipients to QUEUED, due at a time.
	Postpone(ctx context.Context, o OwnerID, rows []RecipientID, due time.Time) error
	// NoteTrouble keeps why a relay takes no mail, empty when it does again.
	NoteTrouble(ctx context.Context, r RelayID, reason string, now time.Time) error
	// GiveBack returns leased recipients of an edition to QUEUED, or notices
	// where the edition is zero.
	GiveBack(ctx context.Context, o OwnerID, e campaigns.EditionID, rows []RecipientID) error
	// Apply writes marks in their order in one transaction. The answer for
	// each says whether the row was as the mark expects it.
	Apply(ctx context.Context, o OwnerID, marks []Mark) ([]bool, error)
	// Figures counts an edition's recipients by state.
	Figures(ctx context.Context, e campaigns.EditionID) (Figures, error)
}

// Content is an edition as the Courier compiles it.
type Content struct {
	Mail         templates.Mail
	BaseURL      string
	Organisation organisation.Organisation
	DKIM         []DKIMKey // that sign; not the ledger's, which cannot read them
}

// Leased is one recipient in the hands of this process.
type Leased struct {
	ID           RecipientID
	Edition      campaigns.EditionID
	Epoch        int       // of this lease
	Attempts     int       // before this try
	FirstAttempt time.Time // zero before the first
	Drops        int       // times in a row that the connection was lost before the final dot
	Subscriber   subscribers.Subscriber
	Notice       *notice.Notice // set where this is no recipient of an edition
}

// MarkKind tells the two marks apart.
type MarkKind int

// MarkSending is mark A: LEASED → SENDING, before the final dot. MarkSettled
// is mark B: what came of it.
const (
	MarkSending MarkKind = iota
	MarkSettled
)

// Mark is one line for the ledger's group commit.
type Mark struct {
	Kind   MarkKind
	ID     RecipientID
	Epoch  int
	Relay  string
	At     time.Time
	Notice bool // ID is a notice's
	Settlement
}

// Settlement is what an answer means for the recipient's row.
type Settlement struct {
	State   State     // Accepted, Deferred, Refused, Unknown or Queued
	Due     time.Time // of the next try: Deferred and Queued
	Drop    bool      // lost before the final dot: counted apart from attempts that were answered
	Stage   Stage
	Reply   Reply
	Reason  string                   // in our words, where the relay gave none
	Address subscribers.AddressState // what the answer says of the address, empty: nothing
	AboutUs bool                     // the answer is about sender, content or login, not about the reader
}
