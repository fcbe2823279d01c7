package templates

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"html/template"
	"strings"
	"sync"
	"time"

	"postrider/internal/errs"
)

// pageTemplates are parsed once; they are never changed.
var pageTemplates = sync.OnceValue(func() *template.Template {
	return template.Must(template.ParseFS(themeFiles, "theme/head.html.tmpl", "theme/page.html.tmpl", "theme/takeaway.html.tmpl"))
})

// pageStyle is the style of all public pages, the same bytes for everybody.
var pageStyle = sync.OnceValue(func() string {
	css, err := themeFiles.ReadFile("theme/page.css")
	if err != nil {
		panic(err) // the file is part of the program
	}
	return "\n" + string(css)
})

// PageStyleHash is the source for a Content-Security-Policy that allows the
// style element of public pages: style-src 'sha256-…', quotes included.
func PageStyleHash() string { return styleHash(pageStyle()) }

// PageAccentHash is the same for the second, tiny style element of an
// organisation with this accent colour. It is "" where the pages need none,
// because the accent is empty or is no colour.
func PageAccentHash(accent string) string {
	if css := accentStyle(accent); css != "" {
		return styleHash(css)
	}
	return ""
}

func styleHash(css string) string {
	sum := sha256.Sum256([]byte(css))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func accentStyle(accent string) string {
	if _, ok := parseColour(accent); !ok {
		return ""
	}
	onLight, onDark := palettes(accent)
	return fmt.Sprintf(":root{--accent:%s}@media (prefers-color-scheme:dark){:root{--accent:%s}}@media print{:root{--accent:#000}}",
		onLight.Accent, onDark.Accent)
}

// fontStyle sets a page in the organisation's letters.
func fontStyle(font string) string {
	if font = knownFont(font); font == "" {
		return ""
	}
	return fmt.Sprintf(":root{--serif:%s;--sans:%s}", families[font].text, families[font].sans)
}

// RenderPage returns the public page of an edition, /r/{slug}: a whole HTML
// document in UTF-8 without scripts, outside styles or fonts. Merge tags show
// their fallbacks. Shares lead over /s/, or straight to the network where the
// edition has no id yet.
func RenderPage(e Edition) ([]byte, error) {
	i, err := read(e)
	if err != nil {
		return nil, err
	}
	return i.page()
}

// RenderTakeaway returns the page of takeaway n, /r/{slug}/{n}. Its canonical
// address and share target are its own. A number that does not exist is
// NotFound.
func RenderTakeaway(e Edition, n int) ([]byte, error) {
	i, err := read(e)
	if err != nil {
		return nil, err
	}
	return i.takeaway(n)
}

// pageView is what the templates of public pages show.
type pageView struct {
	Lang, Dir, Locale          string
	W                          words
	Org                        orgView
	Title                      string // of the recap
	DocumentTitle              string
	Headline                   string // of the preview card
	Description                string
	Canonical                  string
	Feed                       string
	ShareURL                   string
	Preview                    *preview // beside a shared link; nil for none
	PublishedISO, PublishedDay string
	Tags                       []string
	LD                         article
	Style, AccentStyle         template.CSS
	Share                      []button
	Parts                      []pagePart // of the edition's page
	PageURL                    string
	Kicker                     string
	Point                      pagePoint // of a takeaway's page
	Previous, Next             string
}

type pageStory struct {
	First    bool
	Kicker   string
	Title    string
	Image    string
	ImageAlt string
	Lead     []template.HTML
	Links    []linkView
	Points   []pagePoint
	People   []personView
	Original string
}

type pagePoint struct {
	N      int
	Anchor string
	URL    string
	Label  string
	Text   template.HTML
	Share  []button
}

// article is schema.org's NewsArticle: the type whose headline Mastodon reads.
type article struct {
	Context       string        `json:"@context"`
	Type          string        `json:"@type"`
	Headline      string        `json:"headline"`
	Description   string        `json:"description,omitempty"`
	Language      string        `json:"inLanguage"`
	URL           string        `json:"url,omitempty"`
	DatePublished string        `json:"datePublished,omitempty"`
	Image         []string      `json:"image,omitempty"`
	Keywords      []string      `json:"keywords,omitempty"`
	Author        []articleOrg  `json:"author,omitempty"`
	Publisher     *articleOrg   `json:"publisher,omitempty"`
	IsPartOf      *articleOuter `json:"isPartOf,omitempty"`
}

type articleOrg struct {
	Type string `json:"@type"`
	Name string `json:"name"`
	URL  string `json:"url,omitempty"`
}

type articleOuter struct {
	Type     string `json:"@type"`
	Headline string `json:"headline"`
	URL      string `json:"url,omitempty"`
}

const (
	// What search engines and cards show of each before they cut.
	maxHeadline    = 110
	maxDescription = 200
)

// pageBase fills what both kinds of page share.
func (i *issue) pageBase() pageView {
	first := &i.stories[0]
	v := pageView{
		Lang: i.lang, Dir: i.dir, Locale: strings.ReplaceAll(i.lang, "-", "_"), W: i.words, Org: i.org(),
		Title: first.recap.Title, Preview: i.preview(0), Kicker: first.kicker(),
		PageURL: i.pageURL(), Style: template.CSS(pageStyle()), //nolint:gosec // our own file
		AccentStyle: template.CSS(fontStyle(i.edition.Organisation.Font) + accentStyle(i.edition.Organisation.Accent)), //nolint:gosec // #rrggbb of our own making
	}
	if i.base != "" {
		v.Feed = i.base + "/feed.xml"
	}
	if t := i.edition.Published; !t.IsZero() {
		v.PublishedISO, v.PublishedDay = t.Format(time.RFC3339), i.words.day(t)
	}
	for _, t := range i.hashtags() {
		if t = strings.TrimPrefix(oneSpace(t), "#"); t != "" {
			v.Tags = append(v.Tags, t)
		}
	}
	return v
}

// describe sets the head's texts and the JSON-LD from them.
func (v *pageView) describe() {
	v.LD = article{
		Context: "https://schema.org", Type: "NewsArticle", Headline: v.Headline, Description: v.Description,
		Language: v.Lang, URL: v.ShareURL, DatePublished: v.PublishedISO, Keywords: v.Tags,
	}
	if v.Preview != nil {
		v.LD.Image = []string{v.Preview.URL}
	}
	if v.Org.Name != "" {
		org := articleOrg{Type: "Organization", Name: v.Org.Name, URL: v.Org.URL}
		v.LD.Author, v.LD.Publisher = []articleOrg{org}, &org
	}
}

func (i *issue) page() ([]byte, error) {
	v := i.pageBase()
	v.DocumentTitle, v.Headline = v.Title, v.Title
	if v.Org.Name != "" {
		v.DocumentTitle += " · " + v.Org.Name
	}
	v.Description = shorten(i.summary(), maxDescription)
	v.Canonical, v.ShareURL = i.shareTarget(), i.shareTarget()
	v.describe()
	var err error
	if v.Parts, err = i.pageParts(); err != nil {
		return nil, err
	}
	if v.Share, err = i.buttons(0, i.nets); err != nil {
		return nil, err
	}
	return execute("page.html.tmpl", v)
}

// summary is the first words that say something.
func (i *issue) summary() string {
	for _, p := range i.stories[0].lead {
		if p.plain != "" {
			return p.plain
		}
	}
	if len(i.points) > 0 {
		return i.points[0].plain
	}
	return i.stories[0].recap.Title
}

func (i *issue) pageStory(s *story) (pageStory, error) {
	out := pageStory{
		Kicker: s.kicker(), Title: s.recap.Title, Image: s.image, ImageAlt: s.recap.ImageAlt,
		People: s.people(), Original: s.original,
	}
	for _, l := range s.links {
		out.Links = append(out.Links, linkView(l))
	}
	for _, p := range s.lead {
		text, err := i.public(p)
		if err != nil {
			return out, err
		}
		out.Lead = append(out.Lead, text)
	}
	for _, p := range s.points {
		pp, err := i.pagePoint(p)
		if err != nil {
			return out, err
		}
		out.Points = append(out.Points, pp)
	}
	return out, nil
}

func (i *issue) pagePoint(p point) (pagePoint, error) {
	text, err := i.public(p.passage)
	if err != nil {
		return pagePoint{}, err
	}
	share, err := i.buttons(p.N, i.nets)
	if err != nil {
		return pagePoint{}, err
	}
	return pagePoint{
		N: p.N, Anchor: p.Anchor, URL: i.takeawayURL(p.N), Text: text, Share: share,
		Label: fmt.Sprintf(i.words.TakeawayOf, p.N, len(i.points)),
	}, nil
}

// public is a passage's HTML as everybody sees it.
func (i *issue) public(p passage) (template.HTML, error) {
	pieces, err := p.rich(dress{public: true})
	if err != nil {
		return "", err
	}
	return template.HTML(plainOf(settle(pieces, SlotViewURL, i.viewURL()))), nil //nolint:gosec // sanitised, slots escaped
}

func (i *issue) takeaway(n int) ([]byte, error) {
	if n < 1 || n > len(i.points) {
		return nil, errs.NotFoundf("there is no takeaway %d: the edition has %d", n, len(i.points))
	}
	p := i.points[n-1]
	v := i.pageBase()
	s := i.storyOf(n)
	v.Title, v.Kicker, v.Preview = s.recap.Title, s.kicker(), i.preview(n)
	first := ""
	if whole := sentences(p.plain); len(whole) > 0 {
		first = shorten(whole[0], maxHeadline)
	}
	v.Headline = first
	v.DocumentTitle = strings.Join(nonEmpty(first, v.Title), " · ")
	v.Description = shorten(p.plain, maxDescription)
	v.Canonical, v.ShareURL = i.takeawayURL(n), i.shareTargetTakeaway(n)
	v.describe()
	v.LD.IsPartOf = &articleOuter{Type: "NewsArticle", Headline: v.Title, URL: i.shareTarget()}
	var err error
	if v.Point, err = i.pagePoint(p); err != nil {
		return nil, err
	}
	v.Share = v.Point.Share
	if n > 1 {
		v.Previous = i.takeawayURL(n - 1)
	}
	if n < len(i.points) {
		v.Next = i.takeawayURL(n + 1)
	}
	return execute("takeaway.html.tmpl", v)
}

// storyOf is the recap that takeaway n belongs to.
func (i *issue) storyOf(n int) *story {
	if n < 1 {
		return &i.stories[0]
	}
	return &i.stories[i.points[n-1].story]
}

func execute(name string, v pageView) ([]byte, error) {
	var b bytes.Buffer
	if err := pageTemplates().ExecuteTemplate(&b, name, v); err != nil {
		return nil, fmt.Errorf("rendering a page: %w", err)
	}
	return b.Bytes(), nil
}
