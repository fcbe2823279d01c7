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

	"postrider/web/assets"
)

//go:embed html
var files embed.FS

// Frame is what stands around a page's content.
type Frame struct {
	Title   string // of the document, without the name behind it
	Brand   Link   // the name at the top, and where it leads; may have no URL
	Aside   string // small words beside the name
	Nav     []Link
	Here    string // URL of the entry of Nav that this page belongs to
	Colour  string // of the organisation, "#rrggbb"; empty: the accent that ships
	Foot    []string
	Live    bool // parts of the page renew themselves
	Reload  int  // seconds, for browsers without scripts; 0 for never
	Scripts bool // loads postrider.js
	Narrow  bool
	SignOut bool // shows the button that ends the session
}

// Link is a place to go to. A Label without URL is only text.
type Link struct {
	Label string
	URL   string
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

// Book is the parsed pages of one house: "public", "admin" or "demo". It is
// safe for concurrent use.
type Book struct{ pages map[string]*template.Template }

// Open parses a house's pages. A page that cannot be parsed panics: pages are
// part of the program, and the tests open every house.
func Open(house string) *Book {
	base := template.Must(template.New("").Funcs(funcs).ParseFS(files, "html/frame.html", "html/parts.html"))
	b := &Book{pages: map[string]*template.Template{}}
	for _, folder := range []string{"html/shared", "html/" + house} {
		entries, err := files.ReadDir(folder)
		if err != nil {
			panic(fmt.Errorf("pages: reading %s: %w", folder, err))
		}
		for _, e := range entries {
			t := template.Must(template.Must(base.Clone()).ParseFS(files, folder+"/"+e.Name()))
			b.pages[strings.TrimSuffix(e.Name(), path.Ext(e.Name()))] = t
		}
	}
	return b
}

// Names lists the pages of the book, for the test that executes all.
func (b *Book) Names() []string {
	var names []string
	for n := range b.pages {
		names = append(names, n)
	}
	return names
}

// Write executes a page with its frame and content.
func (b *Book) Write(w io.Writer, name string, f Frame, content any) error {
	t := b.pages[name]
	if t == nil {
		return fmt.Errorf("there is no page %q", name)
	}
	if err := t.ExecuteTemplate(w, "frame.html", view{Frame: f, Page: content}); err != nil {
		return fmt.Errorf("writing the page %s: %w", name, err)
	}
	return nil
}

type view struct {
	Frame
	Page any
}

// cell is a figure in a table; on a phone a zero is left out.
type cell struct {
	N     int
	Label string
	Blank bool
}

var funcs = template.FuncMap{
	"asset": assets.Path,
	"count": Count,
	"cell":  func(n int, label string) cell { return cell{N: n, Label: label, Blank: n == 0 && label != "readers"} },
	"join":  func(s []string) string { return strings.Join(s, ", ") },
	"plural": func(n int, one, many string) string {
		if n == 1 {
			return one
		}
		return many
	},
}
