package templates

import (
	"fmt"
	"html/template"
	"strings"
)

// button is a link to share.
type button struct {
	Name  string
	Label string // for the ear
	URL   string
}

// mailView is what theme/mail.html.tmpl shows.
type mailView struct {
	Lang, Dir     string
	Title         string
	Preheader     template.HTML
	Padding       template.HTML // keeps clients from showing the text behind the preheader
	W             words
	Light, Dark   mailPalette
	Org           orgView
	ViewURL       string
	Unsubscribe   template.URL
	Preferences   template.URL
	Parts         []mailPart
	Share         [][]button // rows of the grid
	Columns       int
	KeyWidth      string // of a button in the grid
	Why           string
	MSO, MSOClose template.HTML
	MSOHead       template.HTML
}

// mailPalette is palette for places where html/template expects CSS.
type mailPalette struct {
	Paper, Wash, Line, Ink, Quiet, Accent, OnAccent template.CSS
}

func cssOf(p palette) mailPalette {
	css := func(s string) template.CSS { return template.CSS(s) } //nolint:gosec // #rrggbb of our own making
	return mailPalette{css(p.Paper), css(p.Wash), css(p.Line), css(p.Ink), css(p.Quiet), css(p.Accent), css(p.OnAccent)}
}

// orgView is the organisation as it is shown.
type orgView struct {
	Name, URL, Logo, LogoAlt string
	Help, HelpURL            string
	Address                  []string
	Footer                   []string
}

// mailPart is a recap or, where Block is set, a block.
type mailPart struct {
	*mailStory
	Block *mailBlock
}

// mailBlock is a block as it is shown. Top: nothing stands above it.
type mailBlock struct {
	Kind     BlockKind
	Top      bool
	Light    mailPalette
	Text     template.HTML
	Words    string // without markup or tags: a heading, or what a picture shows
	URL      string
	Image    string
	ImageSet template.Srcset
	Dates    []mailDate
}

type mailDate struct {
	When template.HTML
	Text string
	URL  string
}

type mailStory struct {
	First    bool // of the recaps
	Top      bool // nothing stands above it
	Kicker   string
	Title    string
	TitleURL string
	Image    string
	ImageSet template.Srcset
	ImageAlt string
	Lead     []template.HTML
	Links    []linkView
	Points   []mailPoint
	People   []personView
}

type linkView struct{ Label, URL string }
type personView struct{ Name, Role string }

type mailPoint struct {
	N     int
	Text  template.HTML
	Share []button
	More  *button
}

func (i *issue) why() string {
	if name := oneSpace(i.edition.Organisation.Name); name != "" {
		return fmt.Sprintf(i.words.WhyYouGetThis, name)
	}
	return i.words.WhyNoName
}

func (i *issue) org() orgView {
	o := i.edition.Organisation
	v := orgView{Name: oneSpace(o.Name), URL: webURL(o.URL), Logo: webURL(o.Logo), Help: oneSpace(o.Help), HelpURL: helpURL(o.Help)}
	if v.Name == "" {
		v.Name = oneSpace(i.stories[0].recap.Organisation)
	}
	if v.LogoAlt = v.Name; v.LogoAlt == "" {
		v.Logo = "" // an image without words says nothing where images are off
	}
	for _, line := range strings.Split(o.PostalAddress, "\n") {
		if line = oneSpace(line); line != "" {
			v.Address = append(v.Address, line)
		}
	}
	for line := range strings.SplitSeq(o.Footer, "\n") {
		if line = oneSpace(line); line != "" {
			v.Footer = append(v.Footer, line)
		}
	}
	return v
}

// kicker is the line above the title: where the recap reports from.
func (s *story) kicker() string {
	e := s.recap.Event
	name := e.Name
	if name == "" {
		name = e.Short
	}
	return strings.Join(nonEmpty(name, e.Place), " · ")
}

func (s *story) people() []personView {
	var out []personView
	for _, p := range s.recap.People {
		if name := oneSpace(p.Name); name != "" {
			out = append(out, personView{Name: name, Role: oneSpace(p.Role)})
		}
	}
	return out
}

func nonEmpty(all ...string) []string {
	var out []string
	for _, s := range all {
		if s = oneSpace(s); s != "" {
			out = append(out, s)
		}
	}
	return out
}
