package recaps

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postrider/internal/errs"
)

func TestRestoreIsARevisionLikeAnyOther(t *testing.T) {
	t.Parallel()
	l, _ := newLibrary()
	r := Sample()
	first := must[Saved](t)(l.Keep(t.Context(), "ann", r, "a.md"))
	must[Saved](t)(l.Approve(t.Context(), "ann", first.ID))
	r.Title = "Told anew"
	must[Saved](t)(l.Keep(t.Context(), "ben", r, "b.md"))
	must[Saved](t)(l.Approve(t.Context(), "ben", first.ID))
	back := must[Saved](t)(l.Restore(t.Context(), "cia", first.ID, 1))
	if back.Number != 3 || back.State != Draft || !back.Recap.Equal(first.Recap) || !back.ApprovedAt.IsZero() {
		t.Errorf("restored is %+v", back)
	}
	history := must[[]Revision](t)(l.History(t.Context(), first.ID))
	if len(history) != 3 || history[0].Actor != "cia" || history[0].Source != "revision 1" {
		t.Errorf("the history is %+v", history)
	}
	if same := must[Saved](t)(l.Restore(t.Context(), "cia", first.ID, 1)); same.Number != 3 {
		t.Errorf("restoring what is there makes revision %d", same.Number)
	}
	_, err := l.Restore(t.Context(), "cia", first.ID, 9)
	wantKind(t, err, errs.NotFound)
	_, err = l.Restore(t.Context(), "", first.ID, 1)
	wantKind(t, err, errs.Invalid)
	_, err = l.Restore(t.Context(), "cia", first.ID+1, 1)
	wantKind(t, err, errs.NotFound)
}

func TestRestoringBesideAnotherSaveIsAConflict(t *testing.T) {
	t.Parallel()
	l, s := newLibrary()
	r := Sample()
	first := must[Saved](t)(l.Keep(t.Context(), "ann", r, "a.md"))
	r.Title = "Two"
	must[Saved](t)(l.Keep(t.Context(), "ann", r, "a.md"))
	s.before = func() {
		r.Title = "Three"
		must[Saved](t)(l.Keep(t.Context(), "ben", r, "b.md"))
	}
	_, err := l.Restore(t.Context(), "cia", first.ID, 1)
	wantKind(t, err, errs.Conflict)
}

func TestTranslationsBelongToOneOriginal(t *testing.T) {
	t.Parallel()
	l, _ := newLibrary()
	original := Sample()
	must[Saved](t)(l.Keep(t.Context(), "ann", original, "en.md"))
	translate := func(slug, lang, of string) (Saved, error) {
		r := Sample()
		r.Slug, r.Lang, r.TranslationOf = slug, lang, of
		r.Takeaways = r.Takeaways[:3]
		return l.Keep(t.Context(), "ann", r, slug)
	}
	must[Saved](t)(translate("stader", "sv", original.Slug))
	must[Saved](t)(translate("staedte", "de", original.Slug))
	for _, ref := range []string{original.Slug, "stader"} {
		var got []string
		for _, s := range must[[]Saved](t)(l.Translations(t.Context(), ref)) {
			got = append(got, s.Recap.Lang)
		}
		if strings.Join(got, " ") != "en sv de" {
			t.Errorf("%s is kept in %v, want en sv de", ref, got)
		}
	}
	for name, c := range map[string]struct {
		slug, lang, of string
	}{
		"without its original":   {"x", "fr", "nothing"},
		"of a translation":       {"x", "fr", "stader"},
		"into the same language": {"x", "en", original.Slug},
		"a second into Swedish":  {"x", "SV", original.Slug},
		"of itself":              {"x", "fr", "x"},
	} {
		_, err := translate(c.slug, c.lang, c.of)
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
	}
	other := Sample()
	other.Slug, other.Lang = "other", "fr"
	must[Saved](t)(l.Keep(t.Context(), "ann", other, "x"))
	_, err := translate(original.Slug, "it", "other")
	wantKind(t, err, errs.Invalid)
}

func TestDiffTellsWhatChanged(t *testing.T) {
	t.Parallel()
	a := Sample()
	b := Sample()
	b.Title = "Another"
	b.Takeaways = append(b.Takeaways[:1:1], b.Takeaways[2:]...)
	setAnchors(b.Takeaways)
	var removed, added []string
	for _, l := range Diff(a, b) {
		switch l.Op {
		case DiffRemoved:
			removed = append(removed, l.Text)
		case DiffAdded:
			added = append(added, l.Text)
		}
	}
	if len(removed) == 0 || removed[0] != "title: "+a.Title || added[0] != "title: Another" {
		t.Errorf("removed %q, added %q", removed, added)
	}
	if all := strings.Join(removed, "\n"); !strings.Contains(all, a.Takeaways[1].Markdown) {
		t.Errorf("the removed takeaway is not in %q", all)
	}
	for _, l := range Diff(a, a) {
		if l.Op != DiffSame {
			t.Errorf("equal recaps differ in %+v", l)
		}
	}
}

// TestDiffHoldsBothTexts: without what was added a difference is the old text,
// without what was removed the new one.
func TestDiffHoldsBothTexts(t *testing.T) {
	t.Parallel()
	line := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c", ""}), 0, 12)
	rapid.Check(t, func(t *rapid.T) {
		a, b := line.Draw(t, "a"), line.Draw(t, "b")
		var was, is []string
		for _, l := range compare(nil, a, b) {
			if l.Op != DiffAdded {
				was = append(was, l.Text)
			}
			if l.Op != DiffRemoved {
				is = append(is, l.Text)
			}
		}
		if strings.Join(was, "|") != strings.Join(a, "|") || strings.Join(is, "|") != strings.Join(b, "|") {
			t.Fatalf("%q and %q come out as %q and %q", a, b, was, is)
		}
	})
}

func TestStartersReadAsRecaps(t *testing.T) {
	t.Parallel()
	all := Starters()
	if len(all) < 4 {
		t.Fatalf("%d templates ship", len(all))
	}
	for _, s := range all {
		r, err := ReadMarkdown(s.Name+".md", []byte(s.Markdown))
		if err != nil || len(r.Takeaways) < 3 || s.Title == "" {
			t.Errorf("%s: %+v, %v", s.Name, r, err)
		}
		if found := must[Starter](t)(FindStarter(s.Name)); found.Markdown != s.Markdown {
			t.Errorf("%s is not found by its name", s.Name)
		}
	}
	_, err := FindStarter("evnt")
	wantKind(t, err, errs.NotFound)
	if !strings.Contains(err.Error(), "did you mean event?") {
		t.Errorf("a mistyped name: %v", err)
	}
	r := Sample()
	r.TranslationOf = "x"
	again, err := ReadMarkdown("x.md", []byte(r.Starter()))
	if err != nil || again.URL != "" || again.TranslationOf != "" || again.Title != r.Title {
		t.Errorf("like the sample: %+v, %v", again, err)
	}
}
