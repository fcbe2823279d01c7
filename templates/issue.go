package templates

import (
	"fmt"
	"html"
	"net/url"
	"strings"

	"postrider/internal/errs"
	"postrider/networks"
	"postrider/recaps"
)

// issue is an edition made ready for every rendering: addresses checked,
// takeaways numbered through, networks looked up, merge tags parsed once.
type issue struct {
	edition   Edition
	id        string // path-escaped
	slug      string // path-escaped
	base      string // without a slash at the end, "" where it is none
	original  string
	canonical Canonical
	lang, dir string
	words     words
	nets      []networks.Network
	stories   []story // in the order of Recaps
	parts     []part  // stories and blocks in the order shown
	points    []point // of all stories, in the order shown: points[n-1] is takeaway n
}

// story is one recap of the edition.
type story struct {
	recap    recaps.Recap
	original string
	image    string // absolute, or ""; the wide version of a kept picture
	narrow   string // of a kept picture: as wide as a mail; else image
	lead     []passage
	points   []point
	links    []recaps.Link // URL is "" where it is none
}

// passage is a paragraph in the forms that the renderings need.
type passage struct {
	field  string  // for messages
	lang   string  // of the recap
	pieces []Piece // plain, EscapeNone
	plain  string  // for readers without values: pages and snippets
	html   string  // not sanitised
	links  []anchor
}

// point is a takeaway with its number in the edition. The takeaways of a second
// recap go on where the first one's end, so that /r/{slug}/{n} is unique.
type point struct {
	passage
	N      int
	Anchor string // unique within the edition
	weight int    // the greater, the sooner it is chosen where not all fit
	story  int    // of issue.stories
}

// outline reads what needs no check; it is enough for addresses.
func outline(e Edition) issue {
	i := issue{edition: e, canonical: e.Canonical, id: url.PathEscape(e.ID)}
	i.base = strings.TrimRight(webURL(e.BaseURL), "/")
	slug := e.Slug
	if len(e.Recaps) > 0 {
		i.original = webURL(e.Recaps[0].URL)
		i.lang = e.Recaps[0].Lang
		if slug == "" {
			slug = e.Recaps[0].Slug
		}
	}
	i.slug = url.PathEscape(slug)
	if !languageTag(i.lang) {
		i.lang = "en"
	}
	i.words, i.dir = wordsOf(i.lang), direction(i.lang)
	return i
}

// languageTag reports whether s looks like BCP 47; it ends up in an attribute.
func languageTag(s string) bool {
	return s != "" && len(s) <= 35 && strings.Trim(strings.ToLower(s), "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// read checks an edition and makes it ready. Every mistake an author can make
// is Invalid, with the field in its text.
func read(e Edition) (*issue, error) {
	if len(e.Recaps) == 0 {
		return nil, errs.Invalidf("an edition without a recap cannot be rendered: add one")
	}
	if err := CheckTheme(e.Theme); err != nil {
		return nil, err
	}
	switch e.Canonical {
	case "", CanonicalOriginal, CanonicalPage:
	default:
		return nil, errs.Invalidf("canonical is %q: write %q or %q", e.Canonical, CanonicalOriginal, CanonicalPage)
	}
	i := outline(e)
	if e.BaseURL != "" && i.base == "" {
		return nil, errs.Invalidf("base url %q is not an http or https address", e.BaseURL)
	}
	if err := noTags(e); err != nil {
		return nil, err
	}
	if err := i.readNetworks(); err != nil {
		return nil, err
	}
	if err := i.arrange(); err != nil {
		return nil, err
	}
	return &i, i.readStories()
}

// readStories numbers takeaways in the order shown.
func (i *issue) readStories() error {
	i.stories = make([]story, len(i.edition.Recaps))
	anchors := map[string]bool{}
	for _, p := range i.parts {
		if p.block != nil {
			continue
		}
		n := p.story
		r := i.edition.Recaps[n]
		if strings.TrimSpace(r.Title) == "" {
			return &errs.Error{Kind: errs.Invalid, Field: fmt.Sprintf("recap %d", n+1), Text: "has no title: give it one"}
		}
		s, err := readStory(r, i.base, len(i.points), anchors)
		if err != nil {
			return err
		}
		for k := range s.points {
			s.points[k].story = n
		}
		i.stories[n] = s
		i.points = append(i.points, s.points...)
	}
	return nil
}

func (i *issue) readNetworks() error {
	if len(i.edition.Networks) == 0 {
		for _, n := range networks.All() {
			if n.Default {
				i.nets = append(i.nets, n)
			}
		}
		return nil
	}
	seen := map[networks.ID]bool{}
	for _, id := range i.edition.Networks {
		n, err := networks.Find(string(id))
		if err != nil {
			return err
		}
		if !seen[id] {
			i.nets = append(i.nets, n)
		}
		seen[id] = true
	}
	return nil
}

func readStory(r recaps.Recap, base string, before int, anchors map[string]bool) (story, error) {
	r.Title, r.ImageAlt = oneSpace(r.Title), oneSpace(r.ImageAlt)
	r.Event.Name, r.Event.Short, r.Event.Place = oneSpace(r.Event.Name), oneSpace(r.Event.Short), oneSpace(r.Event.Place)
	s := story{recap: r, original: webURL(r.URL), image: webURL(r.Image)}
	s.narrow = s.image
	if wide, narrow, kept := recaps.KeptPicture(r.Image); kept && base != "" {
		s.image, s.narrow = base+"/"+wide, base+"/"+narrow
	}
	for _, l := range r.Links {
		l = recaps.Link{Label: oneSpace(l.Label), URL: linkURL(l.URL)}
		if l.Label == "" {
			l.Label = l.URL
		}
		if l.Label != "" {
			s.links = append(s.links, l)
		}
	}
	for n, t := range r.Lead {
		p, err := readPassage(t, fmt.Sprintf("lead paragraph %d", n+1), r.Lang)
		if err != nil {
			return s, err
		}
		if len(p.pieces) > 0 && !s.onlyLink(p) {
			s.lead = append(s.lead, p)
		}
	}
	for n, t := range r.Takeaways {
		p, err := readPassage(t.Text, fmt.Sprintf("takeaway %d", n+1), r.Lang)
		if err != nil {
			return s, err
		}
		number := before + n + 1
		anchor := t.Anchor
		if anchor == "" || strings.Trim(anchor, "abcdefghijklmnopqrstuvwxyz0123456789-") != "" {
			anchor = fmt.Sprintf("point-%d", number)
		}
		if anchors[anchor] {
			anchor = fmt.Sprintf("%s-%d", anchor, number)
		}
		anchors[anchor] = true
		s.points = append(s.points, point{passage: p, N: number, Anchor: anchor, weight: t.Weight})
	}
	return s, nil
}

// onlyLink reports whether a paragraph is nothing but one of the recap's links,
// which is shown as a button of its own.
func (s *story) onlyLink(p passage) bool {
	if len(p.links) != 1 || oneSpace(p.links[0].text) != oneSpace(p.plain) {
		return false
	}
	for _, l := range s.links {
		if l.URL != "" && l.URL == p.links[0].url {
			return true
		}
	}
	return false
}

func readPassage(t recaps.Text, field, lang string) (passage, error) {
	plain := t.Plain
	if strings.TrimSpace(plain) == "" {
		plain = textOf(t.HTML)
	}
	pieces, err := ParseSlots(oneSpace(plain), EscapeNone)
	if err != nil {
		return passage{}, &errs.Error{Kind: errs.Invalid, Field: field, Err: err}
	}
	pieces = inLanguageOf(lang, pieces)
	p := passage{field: field, lang: lang, pieces: pieces, plain: oneSpace(plainOf(pieces)), html: t.HTML, links: anchorsOf(t.HTML)}
	if strings.TrimSpace(p.html) == "" && plain != "" {
		p.html = "<p>" + html.EscapeString(oneSpace(plain)) + "</p>"
	}
	return p, nil
}

// rich is the passage's HTML for one place.
func (p *passage) rich(d dress) ([]Piece, error) {
	pieces, err := rich(p.html, d)
	if err != nil {
		return nil, &errs.Error{Kind: errs.Invalid, Field: p.field, Err: err}
	}
	return inLanguageOf(p.lang, pieces), nil
}

// oneSpace puts a text on one line with single spaces.
func oneSpace(s string) string { return strings.Join(strings.Fields(oneLine(s)), " ") }

// noTags refuses merge tags where no reader's value can stand. They would reach
// public pages as braces.
func noTags(e Edition) error {
	type named struct{ field, value string }
	fields := []named{
		{"organisation name", e.Organisation.Name}, {"postal address", e.Organisation.PostalAddress},
		{"footer", e.Organisation.Footer}, {"organisation url", e.Organisation.URL}, {"logo", e.Organisation.Logo}, {"help", e.Organisation.Help},
		{"slug", e.Slug}, {"base url", e.BaseURL}, {"edition", e.ID},
	}
	for _, r := range e.Recaps {
		fields = append(fields, named{"title", r.Title}, named{"url", r.URL}, named{"slug", r.Slug}, named{"image", r.Image},
			named{"image_alt", r.ImageAlt}, named{"event", r.Event.Name}, named{"event", r.Event.Short}, named{"event", r.Event.Place})
		for _, t := range r.Hashtags {
			fields = append(fields, named{"hashtags", t})
		}
		for _, p := range r.People {
			fields = append(fields, named{"people", p.Name}, named{"people", p.Role})
		}
		for _, l := range r.Links {
			fields = append(fields, named{"links", l.Label}, named{"links", l.URL})
		}
	}
	for _, f := range fields {
		if strings.Contains(f.value, "{{") {
			return &errs.Error{Kind: errs.Invalid, Field: f.field,
				Text: "holds {{: merge tags work in subject, preheader, lead and takeaways only; write { { for braces"}
		}
	}
	return nil
}
