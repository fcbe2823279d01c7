package recaps

import (
	"context"
	"fmt"
	"strings"

	"golang.org/x/text/language"

	"postrider/internal/errs"
)

// maxTranslations of one recap are far more than anybody writes.
const maxTranslations = 200

// Revision returns what a recap said in one of its revisions, NotFound where
// the recap or the number does not exist.
func (l *Library) Revision(ctx context.Context, id ID, number int) (Revision, error) {
	history, err := l.History(ctx, id)
	if err != nil {
		return Revision{}, err
	}
	for _, v := range history {
		if v.Number == number {
			return v, nil
		}
	}
	return Revision{}, errs.NotFoundf("recap %s has no revision %d: the latest is %d", id, number, history[0].Number)
}

// Restore makes what a recap said in an earlier revision its next one, a draft,
// and returns it. The revisions between stay in the history. Restoring what the
// recap says already changes nothing; somebody who keeps other content
// meanwhile makes it a Conflict.
func (l *Library) Restore(ctx context.Context, actor string, id ID, number int) (Saved, error) {
	if actor == "" {
		return Saved{}, errs.Invalidf("restoring recap %s: nobody is named as its actor: pass who does it", id)
	}
	old, err := l.Store.Recap(ctx, id)
	if err != nil {
		return Saved{}, fmt.Errorf("restoring recap %s: %w", id, err)
	}
	then, err := l.Revision(ctx, id, number)
	if err != nil {
		return Saved{}, err
	}
	r := then.Recap.filled()
	r.Slug = old.Slug // pages that readers have lead to it
	if old.Recap.Equal(r) {
		return old, nil
	}
	return l.revise(ctx, actor, old, r, fmt.Sprintf("revision %d", number))
}

// Translations returns a recap with all others that say the same in another
// language: the original first, then its translations by language. A recap
// that has none is alone. NotFound where ref names no recap.
func (l *Library) Translations(ctx context.Context, ref string) ([]Saved, error) {
	s, err := l.Get(ctx, ref)
	if err != nil {
		return nil, err
	}
	if of := s.Recap.TranslationOf; of != "" {
		original, err := l.Store.RecapBySlug(ctx, of)
		if err != nil {
			return nil, fmt.Errorf("looking for the original of %s: %w", s.Slug, err)
		}
		s = original
	}
	others, err := l.Store.TranslationsOf(ctx, s.Slug, maxTranslations)
	if err != nil {
		return nil, fmt.Errorf("looking for translations of %s: %w", s.Slug, err)
	}
	return append([]Saved{s}, others...), nil
}

// checkTranslation refuses a translation without its original, one of a
// translation, and a second one into the same language.
func (l *Library) checkTranslation(ctx context.Context, r Recap) error {
	if r.TranslationOf == "" {
		return nil
	}
	original, err := l.Store.RecapBySlug(ctx, r.TranslationOf)
	switch {
	case errs.Is(err, errs.NotFound):
		return bad("translation_of", "%q is no recap in the library: keep the original first", clip(r.TranslationOf))
	case err != nil:
		return fmt.Errorf("looking for the original of %s: %w", r.Slug, err)
	case original.Recap.TranslationOf != "":
		return bad("translation_of", "%q is a translation itself: name its original, %s", clip(r.TranslationOf), original.Recap.TranslationOf)
	case sameLanguage(original.Recap.Lang, r.Lang):
		return bad("lang", "is %s, as that of the original: say which language this translation is in", r.Lang)
	}
	own, err := l.Store.TranslationsOf(ctx, r.Slug, 1)
	if err != nil {
		return fmt.Errorf("looking for translations of %s: %w", r.Slug, err)
	}
	if len(own) > 0 {
		return bad("translation_of", "%s has translations of its own, %s: it is their original", r.Slug, own[0].Slug)
	}
	others, err := l.Store.TranslationsOf(ctx, original.Slug, maxTranslations)
	if err != nil {
		return fmt.Errorf("looking for translations of %s: %w", original.Slug, err)
	}
	for _, o := range others {
		if o.Slug != r.Slug && sameLanguage(o.Recap.Lang, r.Lang) {
			return bad("lang", "is %s, and %s is the translation of %s into it already: change that one", r.Lang, o.Slug, original.Slug)
		}
	}
	return nil
}

// sameLanguage compares tags without regard to case and spelling; en-GB and
// en-US are two languages, which readers may want both.
func sameLanguage(a, b string) bool {
	return strings.EqualFold(language.Make(a).String(), language.Make(b).String())
}
