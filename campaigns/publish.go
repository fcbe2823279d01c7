package campaigns

import (
	"context"
	"errors"
	"fmt"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/internal/mailaddr"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/templates"
)

// collectLimit bounds the recaps of one edition.
const collectLimit = 20

// Publication is what Publish makes an edition of.
type Publication struct {
	Recap     recaps.Saved
	ListNames []string
	Segment   string // name of the question that narrows the lists, may be empty
	Sender    string // empty: the organisation's
	ReplyTo   string
	Subject   string // empty: the recap's
	Theme     string // empty: the default
	Preheader string // empty: the recap's
	Blocks    []templates.Block
	DueAt     time.Time // zero: now
}

// Publish opens an edition of one recap, approved by the actor, scheduled for
// its due time. Freezing and sending are the Courier's.
func (d *Desk) Publish(ctx context.Context, actor string, p Publication) (Edition, error) {
	if p.ListNames = each(p.ListNames); len(p.ListNames) == 0 {
		return Edition{}, &errs.Error{Kind: errs.Invalid, Field: "--list", Text: "name at least one list of readers"}
	}
	lists, err := d.Store.ListsByName(ctx, p.ListNames)
	if err != nil {
		return Edition{}, err
	}
	org, err := d.organisation(ctx)
	if err != nil {
		return Edition{}, err
	}
	if p.Sender == "" {
		p.Sender = org.Sender
	}
	if p.Sender == "" {
		return Edition{}, &errs.Error{Kind: errs.Invalid, Field: "--from", Text: "name the sender, as in --from \"News <news@org.example>\", or set it once with: postrider organisation --from …"}
	}
	if _, err := mailaddr.ParseFrom(p.Sender); err != nil {
		return Edition{}, &errs.Error{Kind: errs.Invalid, Field: "--from", Err: err}
	}
	if p.ReplyTo == "" {
		p.ReplyTo = org.ReplyTo
	}
	if err := d.checkTags(ctx, templates.Edition{Subject: p.Subject, Preheader: p.Preheader, Blocks: p.Blocks, Recaps: []recaps.Recap{p.Recap.Recap}}); err != nil {
		return Edition{}, err
	}
	now := d.Now()
	if p.DueAt.IsZero() {
		p.DueAt = now
	}
	c := Campaign{Recap: p.Recap.ID, Subject: p.Subject, Preheader: p.Preheader, Theme: p.Theme, Blocks: p.Blocks, Sender: p.Sender, ReplyTo: p.ReplyTo, ListNames: p.ListNames, Lists: lists, Segment: p.Segment, Tracking: Aggregate, Canonical: templates.CanonicalOriginal}
	if err := templates.CheckBlocks(c.Blocks); err != nil {
		return Edition{}, err
	}
	if err := d.checkBlocks(ctx, &c); err != nil {
		return Edition{}, err
	}
	sources, err := d.withBlocks(ctx, c, []recaps.Saved{p.Recap})
	if err != nil {
		return Edition{}, err
	}
	if open := unapproved(sources[1:]); len(open) > 0 {
		return Edition{}, notApproved(open[0])
	}
	e, content, err := d.draft(ctx, c, org, sources, now)
	if err != nil {
		return Edition{}, err
	}
	e.State, e.DueAt, e.ApprovedBy, e.ApprovedAt = Scheduled, p.DueAt, actor, now
	return d.open(ctx, e, content, nil, entry(now, actor, "opened", "edition", int64(e.ID), "published by hand"))
}

// openTries bounds how often an edition whose number was taken asks for another.
const openTries = 20

// open numbers an edition and stores it.
func (d *Desk) open(ctx context.Context, e Edition, c Content, o *Occurrence, a audit.Entry) (Edition, error) {
	var err error
	for range openTries {
		if e.Number, err = d.Store.NextNumber(ctx, e.Campaign, e.Slug); err != nil {
			return e, err
		}
		if err = d.Store.OpenEdition(ctx, e, c, o, a); !errors.Is(err, ErrNumberTaken) {
			return e, err
		}
	}
	return e, err
}

// Fire opens the edition of one firing, or records why none opens. The
// occurrence's key makes this happen once, whoever calls it and however often:
// where someone was faster, Fire returns Conflict.
func (d *Desk) Fire(ctx context.Context, c Campaign, o Occurrence) (Occurrence, error) {
	now := d.Now()
	if o.ID == 0 {
		o.ID = ids.New[occurrenceMark]()
	}
	o.Campaign = c.ID
	if late := now.Sub(o.DueAt); late > c.LateLimit && o.State != OccurrenceSkipped {
		o.State = OccurrenceHeld
		o.Reason = fmt.Sprintf("due %s ago, the late limit is %s: a person decides", late.Round(time.Minute), c.LateLimit)
	}
	if o.State == OccurrenceHeld || o.State == OccurrenceSkipped {
		return o, d.record(ctx, now, o)
	}
	return d.openFor(ctx, "scheduler", c, o, now)
}

// openFor opens the edition of a firing that is to go out. Where another
// campaign takes a recap that this one has collected, it collects again.
func (d *Desk) openFor(ctx context.Context, actor string, c Campaign, o Occurrence, now time.Time) (Occurrence, error) {
	for range openTries {
		opened, err := d.tryOpen(ctx, actor, c, o, now)
		if !errors.Is(err, ErrRecapTaken) {
			return opened, err
		}
	}
	return o, ErrRecapTaken
}

func (d *Desk) tryOpen(ctx context.Context, actor string, c Campaign, o Occurrence, now time.Time) (Occurrence, error) {
	sources, err := d.sources(ctx, c)
	if err != nil {
		return o, err
	}
	if len(sources) == 0 {
		o.State, o.Reason = OccurrenceSkipped, "nothing new: no approved recap that these lists have not had"
		return o, d.record(ctx, now, o)
	}
	org, err := d.organisation(ctx)
	if err != nil {
		return o, err
	}
	e, content, err := d.draft(ctx, c, org, sources, now)
	if errs.Is(err, errs.Unavailable) || ctx.Err() != nil {
		return o, err // it passes: the firing stays due
	}
	if err != nil {
		o.State, o.Reason = OccurrenceFailed, err.Error()
		return o, d.record(ctx, now, o)
	}
	e.DueAt, e.State, e.Reason, e.OnlyNew = o.DueAt, InReview, "waits for approval", c.Source == Collect
	if c.Approved() && len(unapproved(sources)) == 0 {
		e.State, e.ApprovedBy, e.ApprovedAt, e.Reason = Scheduled, c.ApprovedBy, now, ""
	}
	o.State, o.Edition, o.Reason = OccurrenceOpened, e.ID, ""
	_, err = d.open(ctx, e, content, &o, entry(now, actor, "opened", "edition", int64(e.ID), o.Wall))
	return o, err
}

func (d *Desk) record(ctx context.Context, now time.Time, o Occurrence) error {
	return d.Store.RecordOccurrence(ctx, o, entry(now, "scheduler", string(o.State), "occurrence", int64(o.ID), o.Wall+": "+o.Reason))
}

// sources are the campaign's recaps, then those that its blocks name. There is
// nothing to send where it has none of its own.
func (d *Desk) sources(ctx context.Context, c Campaign) ([]recaps.Saved, error) {
	if c.Source == Collect {
		all, err := d.Store.Collectable(ctx, c.Lists, collectLimit)
		if err != nil || len(all) == 0 {
			return nil, err
		}
		return d.withBlocks(ctx, c, all)
	}
	saved, err := d.Library.Get(ctx, c.Recap.String())
	if err != nil {
		return nil, fmt.Errorf("reading the recap of campaign %q: %w", c.Name, err)
	}
	return d.withBlocks(ctx, c, []recaps.Saved{saved})
}

// draft renders an edition of c from these recaps. Nothing is stored, and it has
// no number yet.
func (d *Desk) draft(ctx context.Context, c Campaign, org organisation.Organisation, sources []recaps.Saved, now time.Time) (Edition, Content, error) {
	id := ids.New[editionMark]()
	input := d.Input(c, org, sources)
	input.ID, input.Published = id.String(), now
	rendered, err := templates.Render(input)
	if err != nil {
		return Edition{}, Content{}, fmt.Errorf("rendering %q: %w", sources[0].Recap.Title, err)
	}
	e := Edition{
		ID: id, Campaign: c.ID, Title: sources[0].Recap.Title, Slug: input.Slug, Policy: PolicyHold,
		Sender: c.Sender, ReplyTo: c.ReplyTo, Tracking: c.Tracking, Lists: c.Lists, ListNames: c.ListNames,
		Hash: rendered.Hash(), CreatedAt: now, UpdatedAt: now,
	}
	if c.Segment != "" {
		segment, err := d.Store.SegmentByName(ctx, c.Segment)
		if err != nil {
			return Edition{}, Content{}, err
		}
		e.Segment, e.Question = segment.Name, segment.Question
	}
	for _, s := range sources {
		e.Recaps = append(e.Recaps, RecapRef{Recap: s.ID, Revision: s.Revision, Standing: c.names(s.Slug)})
	}
	return e, Content{Input: input, Rendered: rendered}, nil
}

// Input is what an edition of c made of these recaps would be rendered from.
func (d *Desk) Input(c Campaign, org organisation.Organisation, sources []recaps.Saved) templates.Edition {
	e := templates.Edition{
		Slug: sources[0].Slug, BaseURL: d.BaseURL, Subject: c.Subject, Preheader: c.Preheader,
		Networks: c.Networks, Canonical: c.Canonical, Theme: c.Theme, Blocks: c.Blocks,
		Organisation: templates.Organisation{
			Name: org.Name, PostalAddress: org.PostalAddress, URL: org.URL, Accent: org.Accent, Logo: org.LogoURL(d.BaseURL), Help: org.Help,
			Font: org.Font, Footer: org.Footer,
		},
	}
	if len(e.Networks) == 0 {
		e.Networks = org.Networks
	}
	for _, s := range sources {
		e.Recaps = append(e.Recaps, s.Recap)
	}
	if e.Organisation.Name == "" {
		e.Organisation.Name = sources[0].Recap.Organisation
	}
	return e
}

// organisation returns the sender, or an empty one while none is set.
func (d *Desk) organisation(ctx context.Context) (organisation.Organisation, error) {
	org, err := d.Office.Get(ctx)
	if errs.Is(err, errs.NotFound) {
		return organisation.Organisation{Zone: "UTC", Language: "en"}, nil
	}
	return org, err
}
