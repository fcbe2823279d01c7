package recaps

import (
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"postrider/internal/errs"
)

// The bounds of a recap. They are far above what a mail can carry and keep a
// wrong file from becoming one.
const (
	MaxBytes     = 2 << 20 // of a source file
	MaxTakeaways = 200
	MaxTitle     = 300 // runes
	maxSlug      = 80  // letters
	maxURL       = 2000
	maxHashtags  = 30
	maxWeight    = 999
	maxLine      = 1000 // runes of any other one-line field
)

var (
	slugForm    = regexp.MustCompile(`^[a-z0-9]+(?:-[a-z0-9]+)*$`)
	hashtagForm = regexp.MustCompile(`^[\p{L}\p{N}\p{M}_]{1,100}$`)
)

// Validate returns nil for a recap that can be kept and rendered, otherwise an
// *errs.Error of kind Invalid whose Field is the front matter key (with an
// index from 1 in lists: "links[2].url") and whose text names the remedy.
func (r Recap) Validate() error {
	if r.Title == "" {
		return bad("title", "has no title: add a first heading (# Words) or title: in the front matter")
	}
	if n := utf8.RuneCountInString(r.Title); n > MaxTitle {
		return bad("title", "is %d letters long: shorten it to %d", n, MaxTitle)
	}
	if len(r.Slug) > maxSlug || !slugForm.MatchString(r.Slug) {
		return bad("slug", "%q does not fit an address: use a-z, 0-9 and single hyphens between them, at most %d letters", clip(r.Slug), maxSlug)
	}
	if r.URL != "" {
		if err := checkURL("url", r.URL, "http", "https"); err != nil {
			return err
		}
	}
	if tag, err := language.Parse(r.Lang); err != nil || tag == language.Und {
		return bad("lang", "%q is no language: use a code such as en, sv or pt-BR", clip(r.Lang))
	}
	if r.TranslationOf != "" && (len(r.TranslationOf) > maxSlug || !slugForm.MatchString(r.TranslationOf) || r.TranslationOf == r.Slug) {
		return bad("translation_of", "%q is no other recap's slug: recap list shows them", clip(r.TranslationOf))
	}
	if err := checkImage(r.Image); err != nil {
		return err
	}
	if err := r.checkLines(); err != nil {
		return err
	}
	if err := r.checkLists(); err != nil {
		return err
	}
	return r.checkTakeaways()
}

func (r Recap) checkLines() error {
	for _, f := range []struct{ field, value string }{
		{"title", r.Title}, {"organisation", r.Organisation}, {"event.name", r.Event.Name},
		{"event.short", r.Event.Short}, {"event.place", r.Event.Place}, {"image_alt", r.ImageAlt},
		{"subject", r.Subject}, {"preheader", r.Preheader},
	} {
		if err := checkLine(f.field, f.value); err != nil {
			return err
		}
	}
	return nil
}

func (r Recap) checkLists() error {
	if len(r.Hashtags) > maxHashtags {
		return bad("hashtags", "are %d: keep the best %d", len(r.Hashtags), maxHashtags)
	}
	for i, h := range r.Hashtags {
		if !hashtagForm.MatchString(h) {
			return bad(at("hashtags", i), "%q is no hashtag: use letters, digits and _ without spaces, at most 100", clip(h))
		}
	}
	for i, p := range r.People {
		if p.Name == "" {
			return bad(at("people", i)+".name", "is empty: name the person or remove the entry")
		}
		if err := checkLine(at("people", i)+".name", p.Name); err != nil {
			return err
		}
		if err := checkLine(at("people", i)+".role", p.Role); err != nil {
			return err
		}
	}
	for i, l := range r.Links {
		if l.Label == "" {
			return bad(at("links", i)+".label", "is empty: say where the link leads")
		}
		if err := checkLine(at("links", i)+".label", l.Label); err != nil {
			return err
		}
		if l.URL != "" {
			if err := checkURL(at("links", i)+".url", l.URL, "http", "https", "mailto"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r Recap) checkTakeaways() error {
	switch n := len(r.Takeaways); {
	case n == 0:
		return bad("takeaways", "has no takeaways: number them 1. 2. 3., one line each, below the opening")
	case n > MaxTakeaways:
		return bad("takeaways", "are %d: split the recap, at most %d fit in one", n, MaxTakeaways)
	}
	anchors := make(map[string]bool, len(r.Takeaways))
	for i, t := range r.Takeaways {
		switch {
		case t.N != i+1:
			return bad(at("takeaways", i), "has number %d: number them from 1 without gaps", t.N)
		case t.Plain == "":
			return bad(at("takeaways", i), "is empty: write it or remove its number")
		case t.Weight < 0 || t.Weight > maxWeight:
			return bad(at("takeaways", i), "has weight %d: use 1 to %d, or none", t.Weight, maxWeight)
		case !slugForm.MatchString(t.Anchor) || anchors[t.Anchor]:
			return bad(at("takeaways", i), "has the anchor %q: use a-z, 0-9 and hyphens, each anchor once", clip(t.Anchor))
		}
		anchors[t.Anchor] = true
	}
	return nil
}

// checkURL refuses what a mail program may not open. Relative addresses lead
// nowhere from a mail.
func checkURL(field, raw string, schemes ...string) error {
	u, err := url.Parse(raw)
	remedy := "write the whole address, such as https://example.org/page"
	switch {
	case len(raw) > maxURL:
		return bad(field, "address is %d letters long: shorten it to %d", len(raw), maxURL)
	case err != nil || strings.ContainsFunc(raw, func(c rune) bool { return unicode.IsSpace(c) || unicode.IsControl(c) }):
		return bad(field, "%q is not an address: %s", clip(raw), remedy)
	case u.Scheme == "":
		return bad(field, "%q leads nowhere from a mail: %s", clip(raw), remedy)
	}
	known := false
	for _, s := range schemes {
		known = known || u.Scheme == s
	}
	switch {
	case !known:
		return bad(field, "%q may not be linked: use %s", clip(raw), strings.Join(schemes, ", "))
	case u.Scheme == "mailto":
		if !strings.Contains(u.Opaque, "@") {
			return bad(field, "%q has no mailbox: write mailto:name@example.org", clip(raw))
		}
	case u.Hostname() == "":
		return bad(field, "%q has no host: %s", clip(raw), remedy)
	case u.User != nil:
		return bad(field, "address holds a user name or password: remove what stands before @")
	}
	return nil
}

// checkImage accepts an address or the name of a file beside the recap. A name
// that leaves that folder would let a recap of a stranger read any file.
func checkImage(name string) error {
	if name == "" {
		return nil
	}
	if u, err := url.Parse(name); err == nil && u.Scheme != "" {
		return checkURL("image", name, "http", "https")
	}
	if len(name) > maxURL || strings.ContainsFunc(name, unicode.IsControl) || strings.Contains(name, `\`) || !fs.ValidPath(path.Clean(name)) {
		return bad("image", "%q is neither an address nor a file beside the recap: use a name such as photo.jpg", clip(name))
	}
	return nil
}

func checkLine(field, s string) error {
	switch {
	case strings.ContainsFunc(s, unicode.IsControl) || !utf8.ValidString(s):
		return bad(field, "holds a control character: remove it")
	case utf8.RuneCountInString(s) > maxLine:
		return bad(field, "is %d letters long: shorten it to %d", utf8.RuneCountInString(s), maxLine)
	}
	return nil
}

func bad(field, format string, args ...any) error {
	return &errs.Error{Kind: errs.Invalid, Field: field, Text: fmt.Sprintf(format, args...)}
}

// at names the i-th entry of a list as people count: from 1.
func at(field string, i int) string { return fmt.Sprintf("%s[%d]", field, i+1) }

// clip keeps error texts readable when the input is not.
func clip(s string) string {
	if r := []rune(s); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return s
}

// oneLine folds all white space, also no-break spaces, and leaves control
// characters out: they would break headers and are invisible to their author.
func oneLine(s string) string {
	return strings.Join(strings.Fields(strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && !unicode.IsSpace(c) || c == '\uFEFF' {
			return -1
		}
		return c
	}, s)), " ")
}
