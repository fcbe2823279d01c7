package campaigns

import (
	"context"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/scheduler/schedule"
	"postrider/subscribers"
)

// Store keeps campaigns and editions. Every method that changes something
// writes the audit entry in the same transaction.
type Store interface {
	Uncertain
	Tests
	// ListsByName returns the lists of these names in their order; a missing one is
	// NotFound with the nearest name.
	ListsByName(ctx context.Context, names []string) ([]subscribers.ListID, error)
	// SegmentByName is NotFound with the nearest name.
	SegmentByName(ctx context.Context, name string) (subscribers.Segment, error)
	AddCampaign(ctx context.Context, c Campaign, e audit.Entry) error
	// Campaign finds by id or name, NotFound with the nearest name.
	Campaign(ctx context.Context, ref string) (Campaign, error)
	// ChangeCampaign stores the campaign as it is now, its lists included, where
	// it is still as it was at updatedAt, else Conflict. CreatedAt stays.
	ChangeCampaign(ctx context.Context, c Campaign, updatedAt time.Time, e audit.Entry) error
	// OpenEdition stores a new edition with its content and, where one is
	// given, its occurrence, whose key must be new or still due; else Conflict
	// and nothing is stored. Two conflicts have names: ErrNumberTaken where
	// another edition took the number, and ErrRecapTaken where the edition is
	// OnlyNew and one of its recaps is on its way to these lists already.
	OpenEdition(ctx context.Context, e Edition, c Content, o *Occurrence, entry audit.Entry) error
	// MoveEdition is compare-and-set on the state.
	MoveEdition(ctx context.Context, m Move, e audit.Entry) error
	// Edition finds by id or "latest".
	Edition(ctx context.Context, ref string) (Edition, error)
	// WaitingEditions are the campaign's editions in review, and those
	// approved but not scheduled.
	WaitingEditions(ctx context.Context, c ID) ([]Edition, error)
	// NextNumber is one more than the highest number of the campaign's
	// editions, or for campaign zero of the slug's.
	NextNumber(ctx context.Context, c ID, slug string) (int, error)
	// RecordOccurrence stores a firing that opens nothing; it is a Conflict
	// where its key exists.
	RecordOccurrence(ctx context.Context, o Occurrence, e audit.Entry) error
	// HeldOccurrence is the campaign's latest firing that waits for a person,
	// NotFound when none does.
	HeldOccurrence(ctx context.Context, c ID) (Occurrence, error)
	// SkipOccurrence ends a held firing without an edition.
	SkipOccurrence(ctx context.Context, o Occurrence, e audit.Entry) error
	// Collectable are the approved recaps that went to none of these lists yet,
	// oldest first, at most limit.
	Collectable(ctx context.Context, lists []subscribers.ListID, limit int) ([]recaps.Saved, error)
}

// What OpenEdition says where another edition was faster: try again.
var (
	ErrNumberTaken = errs.Conflictf("another issue was made at the same moment and took this number: try again")
	ErrRecapTaken  = errs.Conflictf("another issue with this recap is on its way to these lists already")
)

// Move changes an edition's state. The zero times leave their columns alone.
type Move struct {
	Edition    EditionID
	From, To   EditionState
	HeldFrom   EditionState
	Cause      Cause
	Reason     string
	ApprovedBy string
	At         time.Time // of the change
	DueAt      time.Time // for Scheduled
	Cutoff     time.Time // for Freezing
}

// Library is what the Desk needs of the recaps' house.
type Library interface {
	Get(ctx context.Context, ref string) (recaps.Saved, error)
}

// Office is what the Desk needs of the organisation's house.
type Office interface {
	Get(ctx context.Context) (organisation.Organisation, error)
}

// Desk plans campaigns and publishes editions.
type Desk struct {
	Store   Store
	Library Library
	Office  Office
	BaseURL string // of this installation, as readers reach it, no slash at the end
	Now     func() time.Time
	// Fields returns those of names that some reader has a value for, and others
	// that readers have; all of names where there are no readers yet. nil: no
	// merge tag is taken for unknown.
	Fields func(ctx context.Context, names []string) ([]string, error)
}

// Create checks a new campaign and keeps it. Lists are given by ListNames. A
// campaign with standing approval counts as approved by its maker: who wants
// a second look creates it with approval Each.
func (d *Desk) Create(ctx context.Context, actor string, c Campaign) (Campaign, error) {
	now := d.Now()
	c.ID, c.CreatedAt, c.UpdatedAt, c.ScheduledFrom = ids.New[campaignMark](), now, now, now
	c.fill()
	c.ListNames = each(c.ListNames)
	err := c.validate()
	if err == nil {
		err = c.firesAfter(now)
	}
	if err == nil {
		err = d.checkLines(ctx, &c)
	}
	if err != nil {
		return Campaign{}, err
	}
	if c.Lists, err = d.Store.ListsByName(ctx, c.ListNames); err != nil {
		return Campaign{}, err
	}
	if c.Segment != "" {
		if _, err := d.Store.SegmentByName(ctx, c.Segment); err != nil {
			return Campaign{}, err
		}
	}
	if c.Approval == Once {
		c.ApprovedBy, c.ApprovedAt = actor, now
	}
	if err := d.Store.AddCampaign(ctx, c, entry(now, actor, "created", "campaign", int64(c.ID), c.Name)); err != nil {
		if errs.Is(err, errs.Conflict) {
			return Campaign{}, nameTaken(c.Name)
		}
		return Campaign{}, err
	}
	return c, nil
}

// Approve gives a campaign with approval Once its standing approval, and
// approves whatever edition of it waits for review.
func (d *Desk) Approve(ctx context.Context, actor, ref string) (Campaign, error) {
	c, err := d.Store.Campaign(ctx, ref)
	if err != nil {
		return Campaign{}, err
	}
	if c.Approval == Once && c.ApprovedAt.IsZero() {
		before := c.UpdatedAt
		now := d.Now()
		c.ApprovedBy, c.ApprovedAt, c.UpdatedAt = actor, now, later(now, before)
		if err := d.Store.ChangeCampaign(ctx, c, before, entry(now, actor, "approved", "campaign", int64(c.ID), "standing")); err != nil {
			return Campaign{}, err
		}
	}
	waiting, err := d.Store.WaitingEditions(ctx, c.ID)
	if err != nil {
		return Campaign{}, err
	}
	for _, e := range waiting {
		if err := d.ApproveEdition(ctx, actor, e); err != nil {
			return Campaign{}, err
		}
	}
	return c, nil
}

// SetState pauses, resumes or archives a campaign. Firings while it was
// paused are not made up for.
func (d *Desk) SetState(ctx context.Context, actor, ref string, to State) (Campaign, error) {
	if to != Active && to != Paused && to != Archived {
		return Campaign{}, bad("state", "want active, paused or archived, not %q", to)
	}
	c, err := d.Store.Campaign(ctx, ref)
	if err != nil {
		return Campaign{}, err
	}
	if c.State == to {
		return c, nil
	}
	if c.State == Archived {
		return Campaign{}, errs.Conflictf("campaign %q is archived: create a new one", c.Name)
	}
	before, from, now := c.UpdatedAt, c.State, d.Now()
	c.State, c.UpdatedAt = to, later(now, before)
	if to == Active {
		c.ScheduledFrom = now
	}
	err = d.Store.ChangeCampaign(ctx, c, before, entry(now, actor, string(to), "campaign", int64(c.ID), string(from)+" → "+string(to)))
	return c, err
}

// Next lists the campaign's next n firings after a time.
func (c Campaign) Next(after time.Time, n int) ([]schedule.Firing, error) {
	if c.Schedule == "" {
		return nil, nil
	}
	s, err := c.Dates()
	if err != nil {
		return nil, err
	}
	return s.NextN(after, n), nil
}

// Dates is the campaign's schedule in its zone, without its days off. A
// campaign without a schedule is Invalid.
func (c Campaign) Dates() (schedule.Schedule, error) {
	s, err := schedule.Parse(c.Schedule, c.Zone)
	if err != nil {
		return s, err
	}
	return s.Without(c.DaysOff, c.OnDayOff == MoveDate), nil
}

func entry(at time.Time, actor, action, kind string, object int64, detail string) audit.Entry {
	return audit.Entry{At: at, Actor: actor, Action: action, Kind: kind, Object: object, Detail: detail}
}
