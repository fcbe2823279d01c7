package subscribers

import (
	"context"
	"maps"
	"time"

	"postrider/internal/audit"
	"postrider/internal/notice"
)

// Store keeps the readers. Each method that changes something writes its audit
// entry in the same transaction, and takes whoever must no longer be mailed
// out of the editions that are being sent.
type Store interface {
	People
	Lists
	DoNotMail
	Segments
	SignUps
	Own
	Requests
	Keeping
}

// People keeps subscribers.
type People interface {
	// Subscriber is NotFound where there is none.
	Subscriber(ctx context.Context, id ID) (Subscriber, error)
	// SubscriberByEmail finds by canonical address.
	SubscriberByEmail(ctx context.Context, canonical string) (Subscriber, error)
	// Subscribers returns a page in the order of ids.
	Subscribers(ctx context.Context, q Query) ([]Subscriber, error)
	// SubscribersBeginning returns those whose address or name begins with a
	// text in lower case, by address.
	SubscribersBeginning(ctx context.Context, prefix string, limit int) ([]Subscriber, error)
	// EditSubscriber keeps name, language, zone and fields as they are in s. It
	// is a Conflict where the row is not of time was any more.
	EditSubscriber(ctx context.Context, s Subscriber, was time.Time, e audit.Entry) error
	// MembershipsOf returns the memberships of many, by list name.
	MembershipsOf(ctx context.Context, who []ID) (map[ID][]Membership, error)
	// ChangeTags adds and takes away tags of one reader and returns how many changed.
	ChangeTags(ctx context.Context, id ID, add, remove []string, e audit.Entry) (int, error)
	// AddNote keeps a note about a reader.
	AddNote(ctx context.Context, n Note, e audit.Entry) error
	// TimeLine returns what happened to a reader, newest first.
	TimeLine(ctx context.Context, id ID, limit int) ([]Moment, error)
	// TagsOf returns the tags of many, in their order.
	TagsOf(ctx context.Context, who []ID) (map[ID][]string, error)
	// ConsentsOf returns the newest lines of the consent record, oldest first.
	ConsentsOf(ctx context.Context, id ID) ([]Consent, error)
	// SaveSubscribers stores a batch in one transaction. It may be repeated.
	SaveSubscribers(ctx context.Context, b Batch) (BatchResult, error)
	// BeginImport keeps the record of an import as running. Where the newest one
	// of the same digest was interrupted it is that one that goes on.
	BeginImport(ctx context.Context, r ImportRecord, e audit.Entry) (ImportRecord, error)
	// EndImport keeps what an import led to.
	EndImport(ctx context.Context, r ImportRecord, e audit.Entry) error
	// ImportRuns returns the newest records, newest first.
	ImportRuns(ctx context.Context, limit int) ([]ImportRecord, error)
	// UndoImport takes back a part of an import and reports whether that was
	// the last; it may be repeated.
	UndoImport(ctx context.Context, id ImportID, limit int, e audit.Entry) (Undone, bool, error)
	// MarkAddress is idempotent; a complaint is never lowered to a bounce.
	MarkAddress(ctx context.Context, id ID, to AddressState, reason string, e audit.Entry) error
	// ForgetSubscriber erases a reader and keeps the hash as a suppression.
	ForgetSubscriber(ctx context.Context, id ID, hash func(canonical string) string, e audit.Entry) error
}

// Lists keeps lists and who is on them.
type Lists interface {
	// AddList is a Conflict where the name is taken.
	AddList(ctx context.Context, l List, e audit.Entry) error
	// ListByName is NotFound with the nearest name.
	ListByName(ctx context.Context, name string) (List, error)
	// ListByID is NotFound where there is none.
	ListByID(ctx context.Context, id ListID) (List, error)
	// ChangeList keeps name, title and description of a list; a taken name is a Conflict.
	ChangeList(ctx context.Context, l List, e audit.Entry) error
	// ListPage returns lists by name behind after, with their counts.
	ListPage(ctx context.Context, after string, limit int) ([]ListCounts, error)
	// ChangeMemberships returns how many memberships changed.
	ChangeMemberships(ctx context.Context, c MembershipChange) (int, error)
	// LeaveEdition unsubscribes from every list of an edition and returns how
	// many memberships changed. An unknown edition is NotFound.
	LeaveEdition(ctx context.Context, edition int64, id ID, sign Sign, at time.Time) (int, error)
}

// DoNotMail keeps suppressions.
type DoNotMail interface {
	// AddSuppressions returns how many are new.
	AddSuppressions(ctx context.Context, all []Suppression, e audit.Entry) (int, error)
	// RemoveSuppression is NotFound where there is none.
	RemoveSuppression(ctx context.Context, kind SuppressionKind, value string, e audit.Entry) error
	// SuppressionPage returns entries behind an id in the order of ids.
	SuppressionPage(ctx context.Context, after SuppressionID, limit int) ([]Suppression, error)
	// SuppressionsNewest returns entries before an id (0: from the newest), the
	// newest first, whose value holds a text in lower case.
	SuppressionsNewest(ctx context.Context, before SuppressionID, search string, limit int) ([]Suppression, error)
	// SuppressionsOf returns the entries that match one of these values.
	SuppressionsOf(ctx context.Context, addresses, domains, hashes []string) ([]Suppression, error)
}

// Query asks for a page of subscribers. Zero fields do not narrow it.
type Query struct {
	After  ID   // the last id of the page before
	Newest bool // in falling order of ids, those added last first
	Limit  int
	List   ListID
	State  MembershipState // on List, any where empty
	Search string          // part of an address or a name, in any case
	// Address narrows to readers whose address is in this state.
	Address AddressState
	Raw     bool // of an export: cells as they are
}

// MembershipChange moves one reader's memberships to a state.
type MembershipChange struct {
	Subscriber ID
	Lists      []ListID // for To Unsubscribed, none means all that they are on
	To         MembershipState
	// Revive leads back from unsubscribed too: only the reader's own doing.
	Revive bool
	Sign   Sign
	At     time.Time
	// Welcome is sent where a membership changes; nil for none.
	Welcome *notice.Notice
}

// Row is one reader of a batch, its values cleaned and checked.
type Row struct {
	Line                     int
	Email, Canonical, Domain string
	Name, Language, Zone     string // empty: leave what is known
	Fields                   map[string]string
	Memberships              []RowMembership
	Cells                    []string // as they stand in the file; nil where nobody asked for them
	Tags                     []string
	Note                     string
	State                    MembershipState // on the lists of the batch; empty: active
	Outside                  bool            // joins no list of the batch
	Suppress                 string          // reason to put the address on the do-not-mail list instead of keeping a reader
	ConsentAt                int64           // when they agreed, Unix milliseconds; 0: as the batch says

	src int // which file of an archive
	seq int // place in the file, for rows of one reader
}

// RowMembership is a state that a file gives on a list.
type RowMembership struct {
	List  ListID
	State MembershipState
}

// Batch is rows to store in one transaction, in the order of Canonical; equal
// ones in the order of the file.
type Batch struct {
	Rows    []Row
	Lists   []ListID // that all rows join as active
	Consent string   // wording that they agreed to; empty: no consent is recorded
	// ConsentAt is when they agreed; now where zero.
	ConsentAt time.Time
	Source    string
	Entry     audit.Entry
	Import    ImportID // that the batch is a part of, zero where it is none
	DryRun    bool     // count and change nothing
	// Hashes returns what a canonical address may have been forgotten under. It
	// is asked only where somebody was.
	Hashes func(canonical string) []string
}

// BatchResult counts the rows of a batch: the first three and Refused make up all.
type BatchResult struct {
	Added, Updated, Unchanged int
	Refused                   []Refusal
	Left                      int // memberships left alone because the reader had unsubscribed
	Suppressed                int // of the added and unchanged: rows that put their address on the do-not-mail list
	// Held is how long other writers had to wait; 0 where the database lets
	// several write.
	Held time.Duration
}

// Merge adds what a row knows to a subscriber and reports whether that changes
// anything. Empty values never erase; the address stays as it was first given.
func Merge(s Subscriber, r Row) (Subscriber, bool) {
	changed := false
	for _, v := range []struct {
		have *string
		want string
	}{{&s.Name, r.Name}, {&s.Language, r.Language}, {&s.Zone, r.Zone}} {
		if v.want != "" && v.want != *v.have {
			*v.have, changed = v.want, true
		}
	}
	whole := len(s.Fields) == 0 && len(r.Fields) > 0
	for _, v := range r.Fields {
		whole = whole && v != ""
	}
	if whole {
		s.Fields = r.Fields
		return s, true
	}
	copied := false
	for k, v := range r.Fields {
		if v == "" || s.Fields[k] == v {
			continue
		}
		if !copied {
			s.Fields, copied = maps.Clone(s.Fields), true
			if s.Fields == nil {
				s.Fields = map[string]string{}
			}
		}
		s.Fields[k], changed = v, true
	}
	return s, changed
}
