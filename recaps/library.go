package recaps

import (
	"context"
	"fmt"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/ids"
)

type (
	recapMark    struct{}
	revisionMark struct{}
)

// ID names a kept recap, RevisionID one state of its content.
type (
	ID         = ids.ID[recapMark]
	RevisionID = ids.ID[revisionMark]
)

// ParseID reads the 13-letter form of an ID. Anything else is Invalid.
func ParseID(s string) (ID, error) { return ids.Parse[recapMark](s) }

// State is how far a recap is on its way.
type State string

// A draft waits for approval, an approved recap may go out, an archived one is
// kept for reference and goes out no more.
const (
	Draft    State = "draft"
	Approved State = "approved"
	Archived State = "archived"
)

// Saved is a kept recap with the content of its latest revision. Times are
// UTC, to the millisecond.
type Saved struct {
	ID         ID         `json:"id"`
	Slug       string     `json:"slug"` // that of Recap
	State      State      `json:"state"`
	Revision   RevisionID `json:"revision"` // the latest
	Number     int        `json:"number"`   // of the latest revision, from 1
	Recap      Recap      `json:"recap"`
	ApprovedAt time.Time  `json:"approved_at"` // zero unless the state is approved
	CreatedAt  time.Time  `json:"created_at"`
	UpdatedAt  time.Time  `json:"updated_at"`
}

// Revision is a recap's content as it was kept once. It never changes.
type Revision struct {
	ID        RevisionID `json:"id"`
	Of        ID         `json:"of"`
	Number    int        `json:"number"` // from 1
	Actor     string     `json:"actor"`  // who kept it
	Source    string     `json:"source"` // file name, URL or page that it came from
	Recap     Recap      `json:"recap"`
	CreatedAt time.Time  `json:"created_at"`
}

// Store is where the Library keeps recaps. Each change is one transaction that
// also writes the audit row for its actor. Its methods are safe for concurrent
// use.
type Store interface {
	// AddRecap inserts s with its first revision. A slug or id that is already
	// there is a Conflict, and nothing is written.
	AddRecap(ctx context.Context, s Saved, first Revision) error
	// ReviseRecap inserts next and puts s in place of the row with s.ID, if that
	// row still has revision number was; else Conflict, and nothing is written.
	ReviseRecap(ctx context.Context, s Saved, next Revision, was int) error
	// SetRecapState puts State, ApprovedAt and UpdatedAt of s in place, if the
	// row with s.ID still has state from and number s.Number; else Conflict.
	SetRecapState(ctx context.Context, actor string, s Saved, from State) error
	// Recap returns the recap with this id, NotFound when there is none.
	Recap(ctx context.Context, id ID) (Saved, error)
	// RecapBySlug returns the recap with this slug, NotFound when there is none.
	RecapBySlug(ctx context.Context, slug string) (Saved, error)
	// Recaps returns at most limit recaps with ids above after, ascending.
	Recaps(ctx context.Context, after ID, limit int) ([]Saved, error)
	// RecapRevisions returns at most limit revisions of id, the latest first;
	// none when there is no such recap.
	RecapRevisions(ctx context.Context, id ID, limit int) ([]Revision, error)
	// TranslationsOf returns at most limit recaps that are translations of the
	// one with this slug, by slug; none where there is none.
	TranslationsOf(ctx context.Context, slug string, limit int) ([]Saved, error)
}

const (
	defaultPage = 100
	maxPage     = 1000
)

// Library keeps recaps and is the only one to change their state:
// draft → approved → archived. Changed content is a new revision and a draft
// again, whatever the state was: an approval is of what was read. It is safe
// for concurrent use.
type Library struct {
	Store Store
	Now   func() time.Time
	// Check refuses content for reasons that this package does not know, such as
	// merge tags; nil: nothing more is asked of a recap.
	Check func(ctx context.Context, r Recap) error
}

// allows asks all that new content must be.
func (l *Library) allows(ctx context.Context, r Recap) error {
	if err := l.checkTranslation(ctx, r); err != nil || l.Check == nil {
		return err
	}
	return l.Check(ctx, r)
}

// Keep stores r under its slug and returns what is kept. A new slug makes a new
// recap, a draft; the same content as the latest revision changes nothing, not
// even the state; other content becomes the next revision. source says where r
// came from, for the history.
//
// A recap that does not validate is Invalid; somebody who kept other content
// under the slug in the meantime makes it a Conflict.
func (l *Library) Keep(ctx context.Context, actor string, r Recap, source string) (Saved, error) {
	if actor == "" {
		return Saved{}, errs.Invalidf("keeping a recap: nobody is named as its actor: pass who does it")
	}
	r = r.filled()
	if err := r.Validate(); err != nil {
		return Saved{}, err
	}
	old, err := l.Store.RecapBySlug(ctx, r.Slug)
	if errs.Is(err, errs.NotFound) {
		var s Saved
		if s, err = l.add(ctx, actor, r, source); !errs.Is(err, errs.Conflict) {
			return s, err
		}
		// Somebody added the slug in between: it may even be the same file.
		old, err = l.Store.RecapBySlug(ctx, r.Slug)
	}
	if err != nil {
		return Saved{}, fmt.Errorf("keeping recap %s: %w", r.Slug, err)
	}
	if old.Recap.Equal(r) {
		return old, nil
	}
	return l.revise(ctx, actor, old, r, source)
}

// Create keeps r as a recap of its own. A slug that another recap has is a
// Conflict: FreeSlug gives one that is free, Keep makes a revision of it.
func (l *Library) Create(ctx context.Context, actor string, r Recap, source string) (Saved, error) {
	if actor == "" {
		return Saved{}, errs.Invalidf("keeping a recap: nobody is named as its actor: pass who does it")
	}
	r = r.filled()
	if err := r.Validate(); err != nil {
		return Saved{}, err
	}
	s, err := l.add(ctx, actor, r, source)
	if errs.Is(err, errs.Conflict) {
		return Saved{}, errs.Conflictf("there is a recap with the address %s already: open that one, or choose another slug", r.Slug)
	}
	return s, err
}

// FreeSlug returns slug, or slug with the first number behind it that no recap
// has. Somebody else may take it before it is used.
func (l *Library) FreeSlug(ctx context.Context, slug string) (string, error) {
	base := strings.TrimRight(slug[:min(len(slug), maxSlug-5)], "-")
	for n := 1; n < 1000; n++ {
		try := slug
		if n > 1 {
			try = fmt.Sprintf("%s-%d", base, n)
		}
		if _, err := l.Store.RecapBySlug(ctx, try); errs.Is(err, errs.NotFound) {
			return try, nil
		} else if err != nil {
			return "", fmt.Errorf("looking for a free address: %w", err)
		}
	}
	return "", errs.Conflictf("the address %s and all its numbers are taken: choose another slug", slug)
}

// Revise keeps r as the next revision of a recap that its author began to
// change at revision base. Where it has another revision by now, that is a
// Conflict and nothing is kept: both texts should be looked at. The recap keeps
// its slug whatever r says, because pages that readers have lead to it. Content
// that equals the latest revision changes nothing, not even the state.
func (l *Library) Revise(ctx context.Context, actor string, id ID, base int, r Recap, source string) (Saved, error) {
	if actor == "" {
		return Saved{}, errs.Invalidf("keeping a recap: nobody is named as its actor: pass who does it")
	}
	old, err := l.Store.Recap(ctx, id)
	if err != nil {
		return Saved{}, fmt.Errorf("changing recap %s: %w", id, err)
	}
	r = r.filled()
	r.Slug = old.Slug
	if err := r.Validate(); err != nil {
		return Saved{}, err
	}
	if old.Number != base {
		return Saved{}, errs.Conflictf("recap %s has revision %d by now, and this change began with revision %d", old.Slug, old.Number, base)
	}
	if old.Recap.Equal(r) {
		return old, nil
	}
	return l.revise(ctx, actor, old, r, source)
}

func (l *Library) add(ctx context.Context, actor string, r Recap, source string) (Saved, error) {
	if err := l.allows(ctx, r); err != nil {
		return Saved{}, err
	}
	now := l.now()
	s := Saved{ID: ids.New[recapMark](), Slug: r.Slug, State: Draft, Revision: ids.New[revisionMark](), Number: 1,
		Recap: r, CreatedAt: now, UpdatedAt: now}
	if err := l.Store.AddRecap(ctx, s, s.revision(actor, source)); err != nil {
		return Saved{}, fmt.Errorf("keeping new recap %s: %w", r.Slug, err)
	}
	return s, nil
}

func (l *Library) revise(ctx context.Context, actor string, old Saved, r Recap, source string) (Saved, error) {
	if err := l.allows(ctx, r); err != nil {
		return Saved{}, err
	}
	s := old
	s.State, s.ApprovedAt = Draft, time.Time{}
	s.Revision, s.Number, s.Recap, s.UpdatedAt = ids.New[revisionMark](), old.Number+1, r, l.now()
	if err := l.Store.ReviseRecap(ctx, s, s.revision(actor, source), old.Number); err != nil {
		return Saved{}, fmt.Errorf("keeping revision %d of recap %s: %w", s.Number, s.Slug, err)
	}
	return s, nil
}

func (s Saved) revision(actor, source string) Revision {
	return Revision{ID: s.Revision, Of: s.ID, Number: s.Number, Actor: actor, Source: source, Recap: s.Recap, CreatedAt: s.UpdatedAt}
}

// Approve lets a draft go out and returns it as it is then. An approved recap
// stays as it is. An archived one, or one that changed in the meantime, is a
// Conflict; a missing one NotFound.
func (l *Library) Approve(ctx context.Context, actor string, id ID) (Saved, error) {
	return l.move(ctx, actor, id, Approved)
}

// Archive takes a draft or an approved recap out of use and returns it. An
// archived recap stays as it is. One that changed in the meantime is a
// Conflict, a missing one NotFound. Editions that hold it are not touched.
func (l *Library) Archive(ctx context.Context, actor string, id ID) (Saved, error) {
	return l.move(ctx, actor, id, Archived)
}

func (l *Library) move(ctx context.Context, actor string, id ID, to State) (Saved, error) {
	if actor == "" {
		return Saved{}, errs.Invalidf("changing recap %s: nobody is named as its actor: pass who does it", id)
	}
	s, err := l.Store.Recap(ctx, id)
	if err != nil {
		return Saved{}, fmt.Errorf("changing recap %s: %w", id, err)
	}
	switch from := s.State; {
	case from == to:
		return s, nil
	case from == Archived:
		return Saved{}, errs.Conflictf("recap %s is archived: keep a changed version of it to use it again", s.Slug)
	default:
		s.State, s.UpdatedAt = to, l.now()
		s.ApprovedAt = time.Time{}
		if to == Approved {
			s.ApprovedAt = s.UpdatedAt
		}
		if err := l.Store.SetRecapState(ctx, actor, s, from); err != nil {
			return Saved{}, fmt.Errorf("changing recap %s from %s to %s: %w", s.Slug, from, to, err)
		}
		return s, nil
	}
}

// Get returns the recap whose id or slug ref is; NotFound when there is none.
func (l *Library) Get(ctx context.Context, ref string) (Saved, error) {
	if id, err := ParseID(ref); err == nil {
		s, err := l.Store.Recap(ctx, id)
		if !errs.Is(err, errs.NotFound) { // a slug may look like an id
			return s, err
		}
	}
	s, err := l.Store.RecapBySlug(ctx, ref)
	if errs.Is(err, errs.NotFound) {
		return Saved{}, errs.NotFoundf("no recap has the id or slug %q: postrider recap list shows them", clip(ref))
	}
	return s, err
}

// List returns recaps in the order they were first kept, those after the given
// id (0: from the beginning), at most limit (0: 100; never more than 1000).
func (l *Library) List(ctx context.Context, after ID, limit int) ([]Saved, error) {
	if limit <= 0 {
		limit = defaultPage
	}
	list, err := l.Store.Recaps(ctx, after, min(limit, maxPage))
	if err != nil {
		return nil, fmt.Errorf("listing recaps: %w", err)
	}
	return list, nil
}

// History returns the revisions of a recap, the latest first, at most the
// latest 1000; NotFound when there is no such recap.
func (l *Library) History(ctx context.Context, id ID) ([]Revision, error) {
	list, err := l.Store.RecapRevisions(ctx, id, maxPage)
	if err != nil {
		return nil, fmt.Errorf("reading the history of recap %s: %w", id, err)
	}
	if len(list) == 0 {
		return nil, errs.NotFoundf("recap %s does not exist: postrider recap list shows those that do", id)
	}
	return list, nil
}

// now is the time as it is stored, so that what is returned equals what is read.
func (l *Library) now() time.Time { return l.Now().UTC().Truncate(time.Millisecond) }
