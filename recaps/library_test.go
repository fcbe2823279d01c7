package recaps

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/internal/errs"
)

// shelf is a Store in memory. before runs ahead of each write, so that a test
// can let somebody else be faster.
type shelf struct {
	mu     sync.Mutex
	kept   map[ID]Saved
	past   map[ID][]Revision
	audit  []string
	before func()
}

func (s *shelf) AddRecap(ctx context.Context, add Saved, first Revision) error {
	return s.write(first.Actor+" adds", func() error {
		for _, k := range s.kept {
			if k.Slug == add.Slug || k.ID == add.ID {
				return errs.Conflictf("recap %s is there already", add.Slug)
			}
		}
		s.kept[add.ID], s.past[add.ID] = add, []Revision{first}
		return nil
	})
}

func (s *shelf) ReviseRecap(ctx context.Context, to Saved, next Revision, was int) error {
	return s.write(next.Actor+" revises", func() error {
		if s.kept[to.ID].Number != was {
			return errs.Conflictf("recap %s was revised in the meantime", to.Slug)
		}
		s.kept[to.ID] = to
		s.past[to.ID] = append(s.past[to.ID], next)
		return nil
	})
}

func (s *shelf) SetRecapState(ctx context.Context, actor string, to Saved, from State) error {
	return s.write(actor+" sets "+string(to.State), func() error {
		k := s.kept[to.ID]
		if k.State != from || k.Number != to.Number {
			return errs.Conflictf("recap %s was changed in the meantime", to.Slug)
		}
		k.State, k.ApprovedAt, k.UpdatedAt = to.State, to.ApprovedAt, to.UpdatedAt
		s.kept[to.ID] = k
		return nil
	})
}

func (s *shelf) write(entry string, change func() error) error {
	if f := s.before; f != nil {
		s.before = nil
		f()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := change(); err != nil {
		return err
	}
	s.audit = append(s.audit, entry)
	return nil
}

func (s *shelf) Recap(ctx context.Context, id ID) (Saved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if k, ok := s.kept[id]; ok {
		return k, nil
	}
	return Saved{}, errs.NotFoundf("no recap %s", id)
}

func (s *shelf) RecapBySlug(ctx context.Context, slug string) (Saved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, k := range s.kept {
		if k.Slug == slug {
			return k, nil
		}
	}
	return Saved{}, errs.NotFoundf("no recap %s", slug)
}

func (s *shelf) Recaps(ctx context.Context, after ID, limit int) ([]Saved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Saved
	for _, k := range s.kept {
		if k.ID > after {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b Saved) int { return cmp.Compare(a.ID, b.ID) })
	return out[:min(limit, len(out))], nil
}

func (s *shelf) RecapRevisions(ctx context.Context, id ID, limit int) ([]Revision, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := slices.Clone(s.past[id])
	slices.Reverse(out)
	return out[:min(limit, len(out))], nil
}

func (s *shelf) TranslationsOf(ctx context.Context, slug string, limit int) ([]Saved, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Saved
	for _, k := range s.kept {
		if k.Recap.TranslationOf == slug {
			out = append(out, k)
		}
	}
	slices.SortFunc(out, func(a, b Saved) int { return cmp.Compare(a.Slug, b.Slug) })
	return out[:min(limit, len(out))], nil
}

// newLibrary has a clock that goes on by a minute and a bit at each look.
func newLibrary() (*Library, *shelf) {
	s := &shelf{kept: map[ID]Saved{}, past: map[ID][]Revision{}}
	now := time.Date(2026, 5, 1, 9, 0, 0, 0, time.FixedZone("CEST", 7200))
	return &Library{Store: s, Now: func() time.Time {
		now = now.Add(time.Minute + 12345*time.Nanosecond)
		return now
	}}, s
}

func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func wantKind(t *testing.T, err error, kind errs.Kind) {
	t.Helper()
	if err == nil || errs.KindOf(err) != kind {
		t.Errorf("error %v of kind %s, want %s", err, errs.KindOf(err), kind)
	}
}

func TestKeepMakesARevisionOfEveryChangeOnly(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l, s := newLibrary()
	saved := must[Saved](t)
	r := Sample()

	first := saved(l.Keep(ctx, "ada", r, "sample.md"))
	if first.State != Draft || first.Number != 1 || first.ID == 0 || first.Revision == 0 || first.Slug != r.Slug || !first.Recap.Equal(r) {
		t.Fatalf("first: %+v", first)
	}
	if first.CreatedAt.Location() != time.UTC || first.CreatedAt.Nanosecond()%1e6 != 0 || first.CreatedAt != first.UpdatedAt {
		t.Errorf("times %v, %v; want one, in UTC and whole milliseconds", first.CreatedAt, first.UpdatedAt)
	}
	saved(l.Approve(ctx, "bob", first.ID))

	same := Sample()
	same.Hashtags = slices.Clone(same.Hashtags)
	if again := saved(l.Keep(ctx, "ada", same, "sample.md")); again.Number != 1 || again.State != Approved {
		t.Errorf("the same content made %+v", again)
	}

	changed := Sample()
	changed.Title = "Another title"
	second := saved(l.Keep(ctx, "eve", changed, "https://rwi.example/"))
	if second.ID != first.ID || second.Number != 2 || second.Revision == first.Revision || second.State != Draft ||
		!second.ApprovedAt.IsZero() || second.CreatedAt != first.CreatedAt || !second.UpdatedAt.After(first.UpdatedAt) {
		t.Errorf("changed content made %+v", second)
	}

	history := must[[]Revision](t)(l.History(ctx, first.ID))
	if len(history) != 2 || history[0].Number != 2 || history[0].Actor != "eve" || history[0].Source != "https://rwi.example/" ||
		history[1].Recap.Title != r.Title || history[1].ID != first.Revision {
		t.Errorf("history %+v", history)
	}
	if want := []string{"ada adds", "bob sets approved", "eve revises"}; !slices.Equal(s.audit, want) {
		t.Errorf("audit %q, want %q", s.audit, want)
	}
}

func TestStatesOfARecap(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l, s := newLibrary()
	saved := must[Saved](t)
	k := saved(l.Keep(ctx, "ada", Sample(), "sample.md"))

	approved := saved(l.Approve(ctx, "ada", k.ID))
	if approved.State != Approved || approved.ApprovedAt != approved.UpdatedAt || approved.ApprovedAt.IsZero() {
		t.Errorf("approved: %+v", approved)
	}
	if again := saved(l.Approve(ctx, "ada", k.ID)); again.ApprovedAt != approved.ApprovedAt {
		t.Errorf("approving twice moved its time to %v", again.ApprovedAt)
	}
	if a := saved(l.Archive(ctx, "ada", k.ID)); a.State != Archived || !a.ApprovedAt.IsZero() {
		t.Errorf("archived: %+v", a)
	}
	saved(l.Archive(ctx, "ada", k.ID))
	_, err := l.Approve(ctx, "ada", k.ID)
	wantKind(t, err, errs.Conflict)
	if len(s.audit) != 3 {
		t.Errorf("audit %q: nothing is written for what changes nothing", s.audit)
	}
	r := Sample()
	r.Title = "Back again"
	if d := saved(l.Keep(ctx, "ada", r, "")); d.State != Draft {
		t.Errorf("a changed archived recap is %s, want draft", d.State)
	}
}

func TestSomeoneFasterIsAConflict(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l, s := newLibrary()
	saved := must[Saved](t)
	mine, theirs := Sample(), Sample()
	mine.Title, theirs.Title = "Mine", "Theirs"

	// Two nodes add the same file at once: both get the one recap.
	s.before = func() { saved(l.Keep(ctx, "eve", Sample(), "")) }
	k := saved(l.Keep(ctx, "ada", Sample(), ""))
	if len(s.kept) != 1 || k.Number != 1 {
		t.Fatalf("%d recaps, %+v", len(s.kept), k)
	}

	s.before = func() { saved(l.Keep(ctx, "eve", theirs, "")) }
	_, err := l.Keep(ctx, "ada", mine, "")
	wantKind(t, err, errs.Conflict)

	// An approval is of what was read.
	s.before = func() { saved(l.Keep(ctx, "eve", mine, "")) }
	_, err = l.Approve(ctx, "ada", k.ID)
	wantKind(t, err, errs.Conflict)
	if got := saved(l.Get(ctx, k.Slug)); got.State != Draft || got.Number != 3 {
		t.Errorf("after the race %+v", got)
	}
}

func TestLibraryRefuses(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l, s := newLibrary()
	_, err := l.Keep(ctx, "ada", Recap{}, "")
	wantKind(t, err, errs.Invalid)
	_, err = l.Keep(ctx, "", Sample(), "")
	wantKind(t, err, errs.Invalid)
	_, err = l.Approve(ctx, "", 7)
	wantKind(t, err, errs.Invalid)
	_, err = l.Approve(ctx, "ada", 7)
	wantKind(t, err, errs.NotFound)
	_, err = l.Archive(ctx, "ada", 7)
	wantKind(t, err, errs.NotFound)
	_, err = l.History(ctx, 7)
	wantKind(t, err, errs.NotFound)
	_, err = l.Get(ctx, "nothing")
	wantKind(t, err, errs.NotFound)
	if len(s.audit) != 0 {
		t.Errorf("audit %q", s.audit)
	}
}

func TestGetAndList(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l, _ := newLibrary()
	saved := must[Saved](t)
	var all []Saved
	for _, slug := range []string{"one", "two", "0123456789abc"} { // the last looks like an id
		r := Sample()
		r.Slug = slug
		all = append(all, saved(l.Keep(ctx, "ada", r, "")))
	}
	for _, k := range all {
		if got := saved(l.Get(ctx, k.ID.String())); got.ID != k.ID {
			t.Errorf("by id: %s", got.Slug)
		}
		if got := saved(l.Get(ctx, k.Slug)); got.ID != k.ID {
			t.Errorf("by slug: %s", got.Slug)
		}
	}
	list := must[[]Saved](t)
	if got := list(l.List(ctx, 0, 2)); len(got) != 2 || got[0].Slug != "one" {
		t.Errorf("first page %+v", got)
	}
	if got := list(l.List(ctx, all[1].ID, 0)); len(got) != 1 || got[0].ID != all[2].ID {
		t.Errorf("second page %+v", got)
	}
}

func TestValidateNamesTheField(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		field string
		spoil func(*Recap)
	}{
		{"title", func(r *Recap) { r.Title = "a\nb" }},
		{"slug", func(r *Recap) { r.Slug = "a--b" }},
		{"slug", func(r *Recap) { r.Slug = strings.Repeat("a", 81) }},
		{"subject", func(r *Recap) { r.Subject = "a\r\nBcc: x@x.example" }},
		{"event.place", func(r *Recap) { r.Event.Place = strings.Repeat("a", 1001) }},
		{"hashtags[1]", func(r *Recap) { r.Hashtags = []string{"#a"} }},
		{"people[2].role", func(r *Recap) { r.People[1].Role = "\x00" }},
		{"links[1].url", func(r *Recap) { r.Links[0].URL = "mailto:nobody" }},
		{"links[1].label", func(r *Recap) { r.Links[0].Label = "" }},
		{"takeaways", func(r *Recap) { r.Takeaways = nil }},
		{"takeaways[2]", func(r *Recap) { r.Takeaways[1].N = 7 }},
		{"takeaways[2]", func(r *Recap) { r.Takeaways[1].Anchor = r.Takeaways[0].Anchor }},
		{"takeaways[8]", func(r *Recap) { r.Takeaways[7].Plain = "" }},
	} {
		r := Sample()
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		c.spoil(&r)
		err := r.Validate()
		if !errs.Is(err, errs.Invalid) || !strings.HasPrefix(err.Error(), c.field+": ") {
			t.Errorf("%v, want a refusal of %s", err, c.field)
		}
	}
}

func TestReviseGoesOnFromWhereItsAuthorBegan(t *testing.T) {
	t.Parallel()
	ctx, saved := t.Context(), must[Saved](t)
	l, _ := newLibrary()
	first := saved(l.Create(ctx, "ada", Sample(), "pasted"))
	mine, theirs := Sample(), Sample()
	mine.Title, mine.Slug, theirs.Title = "Mine", "mine", "Theirs"
	second := saved(l.Revise(ctx, "eve", first.ID, 1, theirs, "editor"))
	if second.Number != 2 || second.Recap.Title != "Theirs" || second.State != Draft {
		t.Errorf("revised: %+v", second)
	}
	_, err := l.Revise(ctx, "ada", first.ID, 1, mine, "editor")
	wantKind(t, err, errs.Conflict)
	if got := saved(l.Get(ctx, first.ID.String())); got.Number != 2 || got.Recap.Title != "Theirs" {
		t.Errorf("a change of an old revision became %+v", got)
	}
	third := saved(l.Revise(ctx, "ada", first.ID, 2, mine, "editor"))
	if third.Number != 3 || third.Slug != first.Slug || third.Recap.Slug != first.Slug || third.Recap.Title != "Mine" {
		t.Errorf("based on the latest: %+v, want revision 3 with the slug %s", third, first.Slug)
	}
	saved(l.Approve(ctx, "ada", first.ID))
	if same := saved(l.Revise(ctx, "ada", first.ID, 3, mine, "editor")); same.Number != 3 || same.State != Approved {
		t.Errorf("the same text again: %+v, want nothing changed", same)
	}
	_, err = l.Revise(ctx, "", first.ID, 3, mine, "editor")
	wantKind(t, err, errs.Invalid)
	_, err = l.Revise(ctx, "ada", first.ID+1, 1, mine, "editor")
	wantKind(t, err, errs.NotFound)
	_, err = l.Revise(ctx, "ada", first.ID, 3, Recap{}, "editor")
	wantKind(t, err, errs.Invalid)
}

func TestCreateMakesNoRevisionOfAnother(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	l, _ := newLibrary()
	first := must[Saved](t)(l.Create(ctx, "ada", Sample(), "pasted"))
	other := Sample()
	other.Title = "Another"
	_, err := l.Create(ctx, "eve", other, "pasted")
	wantKind(t, err, errs.Conflict)
	for _, want := range []string{first.Slug + "-2", first.Slug + "-3"} {
		free := must[string](t)(l.FreeSlug(ctx, first.Slug))
		if free != want {
			t.Fatalf("free is %s, want %s", free, want)
		}
		other.Slug = free
		if made := must[Saved](t)(l.Create(ctx, "eve", other, "pasted")); made.Number != 1 || made.ID == first.ID {
			t.Errorf("made %+v", made)
		}
	}
	if got := must[Saved](t)(l.Get(ctx, first.Slug)); got.Number != 1 || got.Recap.Title != Sample().Title {
		t.Errorf("the first recap became %+v", got)
	}
	long := strings.Repeat("a", maxSlug)
	other.Slug = long
	must[Saved](t)(l.Create(ctx, "eve", other, "pasted"))
	if free := must[string](t)(l.FreeSlug(ctx, long)); len(free) > maxSlug || !slugForm.MatchString(free) {
		t.Errorf("%q fits no address", free)
	}
}
