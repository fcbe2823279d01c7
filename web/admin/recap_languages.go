package admin

import (
	"net/http"
	"strings"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/web/pages"
	"postrider/web/respond"
)

// languageRoutes show a recap with its translations.
func (h *house) languageRoutes() []respond.Route {
	return []respond.Route{{Pattern: "GET /recaps/{id}/languages", Needs: analyst, Handle: h.recapLanguages}}
}

type languagesView struct {
	recapView
	Languages []languageRow
	Original  string // slug, for a new translation
}

type languageRow struct {
	Lang, Title, URL, Changed string
	Mark                      pages.Mark
	Original                  bool
	Behind                    bool // the original has been changed since
	Compare                   string
}

// recapLanguages lists what a recap says in other languages, and which of
// them the original has left behind.
func (h *house) recapLanguages(w http.ResponseWriter, r *http.Request) error {
	head, err := h.recapHead(r)
	if err != nil {
		return err
	}
	v := languagesView{recapView: head}
	v.Here = v.URL + "/languages"
	all, err := h.Library.Translations(r.Context(), v.ID.String())
	if err != nil {
		return err
	}
	t, clock := h.words(r), h.clock(r, "")
	for i, s := range all {
		row := languageRow{Lang: s.Recap.Lang, Title: s.Recap.Title, URL: recapURL(s.ID), Mark: recapMark(t, s.State), Original: i == 0}
		kept, err := h.Store.RecapRevision(r.Context(), s.ID, s.Number)
		if err != nil {
			return err
		}
		row.Changed = clock.When(kept.CreatedAt)
		if i == 0 {
			v.Original = s.Slug
		} else {
			o, err := h.originalOf(r, all[0], s)
			if err != nil {
				return err
			}
			row.Behind = len(o.Lines) > 0
		}
		v.Languages = append(v.Languages, row)
	}
	return h.page(w, r, "recaplanguages", h.frame(r, v.Revision.Recap.Title, "/recaps"), v)
}

// originalView is what stands beside a translation while it is written.
type originalView struct {
	Lang, Title, URL string
	Text             string     // as Markdown
	Lines            []diffLine // what changed in it since the translation was kept
	From, To         int        // revisions
}

// originalOf shows an original beside its translation: with what was changed
// since the translation's latest revision. The zero translation is a new one.
func (h *house) originalOf(r *http.Request, original, translation recaps.Saved) (originalView, error) {
	v := originalView{Lang: original.Recap.Lang, Title: original.Recap.Title, URL: recapURL(original.ID), Text: original.Recap.MarkdownSource()}
	if translation.ID == 0 {
		return v, nil
	}
	kept, err := h.Store.RecapRevision(r.Context(), translation.ID, translation.Number)
	if err != nil {
		return v, err
	}
	all, err := h.Library.History(r.Context(), original.ID)
	if err != nil {
		return v, err
	}
	for _, then := range all { // the latest first
		if then.CreatedAt.After(kept.CreatedAt) {
			continue
		}
		v.From, v.To = then.Number, original.Number
		if then.Number != original.Number {
			v.Lines = diff(then.Recap.MarkdownSource(), v.Text)
		}
		break
	}
	return v, nil
}

// besides puts the original beside a translation in the editor.
func (h *house) besides(r *http.Request, v *editorView) error {
	of := v.translationOf
	if v.Look != nil {
		of = v.Look.Recap.TranslationOf
	}
	if of == "" {
		return nil
	}
	original, err := h.Library.Get(r.Context(), of)
	if errs.Is(err, errs.NotFound) {
		return nil // it is told when the text is kept
	}
	if err != nil {
		return err
	}
	var translation recaps.Saved
	if v.Sheet.Recap != 0 {
		if translation, err = h.Library.Get(r.Context(), v.Sheet.Recap.String()); err != nil {
			return err
		}
	}
	o, err := h.originalOf(r, original, translation)
	v.Original = &o
	return err
}

// translated begins a translation: the original's text, which says what it is.
func (h *house) translated(r *http.Request, of, lang string) (editorView, error) {
	original, err := h.Library.Get(r.Context(), of)
	if err != nil {
		return editorView{}, err
	}
	recap := original.Recap
	if recap.TranslationOf == "" {
		recap.TranslationOf = original.Slug
	}
	lang = strings.TrimSpace(lang)
	recap.Lang = lang
	recap.Slug = recap.TranslationOf + "-" + strings.Join(strings.FieldsFunc(strings.ToLower(lang), notInAddress), "-")
	v := editorView{Sheet: recaps.Manuscript{Name: recap.Slug + ".md", Text: recap.MarkdownSource()}, translationOf: recap.TranslationOf}
	if err := recap.Validate(); err != nil {
		v.Wrong = wrongIn(v.Sheet.Text, err)
	}
	return v, nil
}

// notInAddress holds for letters that no slug has.
func notInAddress(c rune) bool { return (c < 'a' || c > 'z') && (c < '0' || c > '9') }
