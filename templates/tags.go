package templates

import (
	"fmt"
	"slices"

	"postrider/internal/errs"
)

// TagUse is a merge tag where its author wrote it.
type TagUse struct {
	Field string // "subject", "takeaway 3"…
	Tag   string // as written, {{city|your town}}
	Name  string // of the reader's field
	At    int    // character within the field, from 1
	Empty bool   // nothing stands in where the reader has no value: no fallback, no condition on it around
}

// ReaderTags are the names that every reader's mail has a value for, or may
// have, whatever fields an installation keeps.
func ReaderTags() []string { return []string{"email", "first_name", slotLanguage, "name"} }

// Tags returns the merge tags of an edition's subject, preheader, openings,
// takeaways and blocks that ask for a reader's field, in their order; links of the mail
// and dates are none. Errors are those of RenderMail.
func Tags(e Edition) ([]TagUse, error) {
	type text struct{ field, value string }
	texts := []text{{"subject", e.Subject}, {"preheader", e.Preheader}}
	for _, r := range e.Recaps {
		texts = append(texts, text{"subject", r.Subject}, text{"preheader", r.Preheader})
		for n, t := range r.Lead {
			texts = append(texts, text{fmt.Sprintf("lead paragraph %d", n+1), t.Plain})
		}
		for n, t := range r.Takeaways {
			texts = append(texts, text{fmt.Sprintf("takeaway %d", n+1), t.Plain})
		}
	}
	for n, b := range e.Blocks {
		texts = append(texts, text{fmt.Sprintf("block %d", n+1), b.Text})
	}
	var out []TagUse
	for _, t := range texts {
		uses, err := tagsIn(t.field, t.value)
		if err != nil {
			return nil, err
		}
		out = append(out, uses...)
	}
	return out, nil
}

func tagsIn(field, text string) ([]TagUse, error) {
	tags, err := scanTags(text, EscapeNone)
	if err == nil {
		_, err = assemble(slices.Clone(tags))
	}
	if err != nil {
		return nil, &errs.Error{Kind: errs.Invalid, Field: field, Err: err}
	}
	var out []TagUse
	type branch struct {
		name string
		then bool
	}
	var open []branch
	for _, t := range tags {
		switch t.kind {
		case tagIf:
			out = append(out, TagUse{Field: field, Tag: t.text, Name: t.name, At: t.at})
			open = append(open, branch{t.name, true})
		case tagElse:
			open[len(open)-1].then = false
		case tagEnd:
			open = open[:len(open)-1]
		case tagSlot:
			if systemSlot(t.name) || t.date != "" {
				continue
			}
			asked := slices.Contains(open, branch{t.name, true})
			out = append(out, TagUse{Field: field, Tag: t.text, Name: t.name, At: t.at, Empty: t.fallback == "" && !asked})
		}
	}
	return out, nil
}

// CheckTags refuses the first tag whose name is none of known, with its place
// and the nearest known name. ReaderTags are always known.
func CheckTags(uses []TagUse, known []string) error {
	all := append(ReaderTags(), known...)
	for _, u := range uses {
		if slices.Contains(all, u.Name) {
			continue
		}
		remedy := "add the field to a reader first, or use one of " + fmt.Sprint(all[:min(len(all), 8)])
		if near := errs.Nearest(u.Name, append(all, SlotUnsubscribeURL, SlotPreferencesURL, SlotViewURL)); near != "" {
			remedy = fmt.Sprintf("did you mean %s?", near)
		}
		return &errs.Error{Kind: errs.Invalid, Field: u.Field, Text: fmt.Sprintf("%s at character %d: no reader has a field %q: %s", u.Tag, u.At, u.Name, remedy)}
	}
	return nil
}
