// Package pages holds the HTML of the administration, the demo and the small
// public pages, and the words and forms in which they show things: states,
// figures, times with their zone. It reads nothing and decides nothing.
package pages

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"path"
	"strings"
	"sync"

	"postrider/internal/words"
)

//go:embed html
var files embed.FS

// Frame is what stands around a page's content.
type Frame struct {
	Title   string       // of the document, without the name behind it
	Words   *words.Words // the page's language; nil is English
	Brand   Link         // the name at the top, and where it leads; may have no URL
	Aside   string       // small words beside the name
	Nav     []Link
	Here    string // URL of the entry of Nav that this page belongs to
	Colour  string // of the organisation, "#rrggbb"; empty: the accent that ships
	Foot    []string
	Feeds   bool // the house has feeds of what it publishes
	Live    bool // parts of the page renew themselves
	Reload  int  // seconds, for browsers without scripts; 0 for never
	Scripts bool // loads the house's script
	Narrow  bool
	Desk    Desk // what only the administration has around a page
}

// Desk is around a page of the administration for whoever is signed in.
type Desk struct {
	SignedIn bool
	Who      string     // the operator's name; empty: not known by name
	Account  string     // URL of the operator's own page, may be empty
	Path     string     // of this page, for coming back to it
	Settings []Link     // the second row of the navigation
	Langs    []Language // to choose from
	Flash    Flash
	Setup    *SetupBar // the next step of the first run; nil when it is over
}

// SetupBar leads on to a step of the first run.
type SetupBar struct {
	Number, Of int
	Title, URL string
	Here       bool // this page is where it is done
}

// Language is one that the pages can be read in.
type Language struct {
	Tag, Name string
	Here      bool
}

// Flash is what a page says once, about what was just done. The zero Flash says
// nothing.
type Flash struct {
	Text string
	Undo *Undo // the way to take it back, where there is one
}

// Undo is a form that takes back what was just done.
type Undo struct {
	URL   string
	Label string
}

// Link is a place to go to. A Label without URL is only text. Keys are what is
// typed to go there, "g h".
type Link struct {
	Label string
	URL   string
	Keys  string
}

// ColourStyle is the content of the frame's style element, "" where it has
// none. It hands the organisation's colour to the style sheet, which makes it
// readable on either ground.
func (f Frame) ColourStyle() template.CSS {
	if !isColour(f.Colour) {
		return ""
	}
	return template.CSS(":root{--organisation:" + f.Colour + "}") //nolint:gosec // #rrggbb, checked
}

// StyleSources are the hashes of a page's style elements for its
// Content-Security-Policy, quotes included.
func (f Frame) StyleSources() []string {
	if s := f.ColourStyle(); s != "" {
		return []string{StyleSource(string(s))}
	}
	return nil
}

// StyleSource is the source of a Content-Security-Policy that allows one style
// element with this content.
func StyleSource(css string) string {
	sum := sha256.Sum256([]byte(css))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

func isColour(s string) bool {
	return len(s) == 7 && s[0] == '#' && strings.Trim(strings.ToLower(s[1:]), "0123456789abcdef") == ""
}

// Book is the parsed pages of one house, "public", "admin" or "demo", once in
// each language. It is safe for concurrent use.
type Book struct {
	frame string
	pages map[string]map[string]*template.Template // by language and name
}

// books are the houses' pages, parsed once each; they never change.
var books = map[string]func() *Book{
	"admin":  sync.OnceValue(func() *Book { return parse("admin") }),
	"demo":   sync.OnceValue(func() *Book { return parse("demo") }),
	"public": sync.OnceValue(func() *Book { return parse("public") }),
}

// Open is a house's pages: "admin", "demo" or "public". A page that cannot be
// parsed panics: pages are part of the program, and the tests open every house.
func Open(house string) *Book { return books[house]() }

func parse(house string) *Book {
	b := &Book{frame: "frame.html", pages: map[string]map[string]*template.Template{}}
	if house == "admin" {
		b.frame = "desk.html"
	}
	for _, w := range words.All() {
		base := template.Must(template.New("").Funcs(funcs(w)).ParseFS(files, "html/"+b.frame, "html/parts.html", "html/parts/*.html"))
		b.pages[w.Lang()] = map[string]*template.Template{}
		for _, folder := range []string{"html/shared", "html/" + house} {
			entries, err := files.ReadDir(folder)
			if err != nil {
				panic(fmt.Errorf("pages: reading %s: %w", folder, err))
			}
			for _, e := range entries {
				t := template.Must(template.Must(base.Clone()).ParseFS(files, folder+"/"+e.Name()))
				b.pages[w.Lang()][strings.TrimSuffix(e.Name(), path.Ext(e.Name()))] = t
			}
		}
	}
	return b
}

// Names lists the pages of the book, for the test that executes all.
func (b *Book) Names() []string {
	var names []string
	for n := range b.pages[words.English().Lang()] {
		names = append(names, n)
	}
	return names
}

// Write executes a page with its frame and content, in the frame's language.
func (b *Book) Write(w io.Writer, name string, f Frame, content any) error {
	if f.Words == nil {
		f.Words = words.English()
	}
	t := b.pages[f.Words.Lang()][name]
	if t == nil {
		return fmt.Errorf("there is no page %q", name)
	}
	if err := t.ExecuteTemplate(w, b.frame, view{Frame: f, Page: content}); err != nil {
		return fmt.Errorf("writing the page %s: %w", name, err)
	}
	return nil
}

// WritePart executes one named part of a page alone, for a small swap.
func (b *Book) WritePart(w io.Writer, name, part string, lang *words.Words, content any) error {
	t := b.pages[lang.Lang()][name]
	if t == nil {
		return fmt.Errorf("there is no page %q", name)
	}
	if err := t.ExecuteTemplate(w, part, content); err != nil {
		return fmt.Errorf("writing the part %s of the page %s: %w", part, name, err)
	}
	return nil
}

type view struct {
	Frame
	Page any
}
