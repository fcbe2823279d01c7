// Package words is the catalogue: every text that the pages show, once in each
// language, and how each language writes numbers, dates and lists. A text is
// found by its key, "area.key"; an area is a file in en/ and in sv/. The
// package knows no page and no domain, and makes up no text: what is missing is
// a fault that a test of the whole tree finds.
package words

import (
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"
	"sync"

	"golang.org/x/text/language"
)

//go:embed en sv
var files embed.FS

// Words is the catalogue in one language. It is safe for concurrent use.
type Words struct {
	lang  string
	name  string // of the language, in itself
	group string // between the thousands of a number
	point string // before its decimals
	texts map[string]text
}

var all = sync.OnceValue(func() []*Words {
	out := []*Words{
		{lang: "en", name: "English", group: ",", point: "."},
		{lang: "sv", name: "Svenska", group: "\u00a0", point: ","},
	}
	for _, w := range out {
		texts, err := load(w.lang)
		if err != nil {
			panic(err) // the catalogue is part of the program
		}
		w.texts = texts
	}
	return out
})

// All are the languages, English first.
func All() []*Words { return all() }

// English is the language of whoever asks for none that is known.
func English() *Words { return all()[0] }

// For is the catalogue of a language by its tag ("sv", "sv-SE"), nil where
// there is none.
func For(tag string) *Words {
	want, err := language.Parse(tag)
	if err != nil {
		return nil
	}
	base, _ := want.Base()
	for _, w := range all() {
		if w.lang == base.String() {
			return w
		}
	}
	return nil
}

// Match is the first of the wishes that there is a catalogue for: each is a
// tag, or what a browser sends as Accept-Language. English where none fits.
func Match(wishes ...string) *Words {
	for _, wish := range wishes {
		tags, _, err := language.ParseAcceptLanguage(wish)
		if err != nil {
			continue
		}
		for _, tag := range tags {
			if w := For(tag.String()); w != nil {
				return w
			}
		}
	}
	return English()
}

// Lang is the language's tag, for the lang attribute of a page.
func (w *Words) Lang() string { return w.lang }

// Name is the language's name in itself: "Svenska".
func (w *Words) Name() string { return w.name }

// Keys are all keys of the language in alphabetical order.
func (w *Words) Keys() []string { return slices.Sorted(maps.Keys(w.texts)) }

// Has reports whether there is a text for the key.
func (w *Words) Has(key string) bool { _, ok := w.texts[key]; return ok }

// Slots are the numbers of the arguments that a text takes, in order, each
// once: nil where it takes none or does not exist.
func (w *Words) Slots(key string) []int { return w.texts[key].slots() }

// T is the text of a key with its arguments put in: numbers in the language's
// form, all else as fmt.Sprint writes it. A key that does not exist gives
// itself in brackets, which no page passes its test with.
func (w *Words) T(key string, args ...any) string {
	t, ok := w.texts[key]
	if !ok {
		return missing(key)
	}
	return t.fill(w, args, func(s string) string { return s }, w.say)
}

// H is T for a text with links or marks in it: arguments that are template.HTML
// stand as they are, everything else is escaped.
func (w *Words) H(key string, args ...any) template.HTML {
	t, ok := w.texts[key]
	if !ok {
		return template.HTML(missing(key)) //nolint:gosec // a key of ours
	}
	return template.HTML(t.fill(w, args, template.HTMLEscapeString, func(v any) string { //nolint:gosec // escaped here
		if h, ok := v.(template.HTML); ok {
			return string(h)
		}
		return template.HTMLEscapeString(w.say(v))
	}))
}

func missing(key string) string { return "⟦" + key + "⟧" }

func (w *Words) say(v any) string {
	if n, ok := whole(v); ok {
		return w.Count(n)
	}
	return fmt.Sprint(v)
}

// load reads the areas of one language.
func load(lang string) (map[string]text, error) {
	out := map[string]text{}
	entries, err := fs.ReadDir(files, lang)
	if err != nil {
		return nil, fmt.Errorf("words: reading %s: %w", lang, err)
	}
	for _, e := range entries {
		body, err := fs.ReadFile(files, path.Join(lang, e.Name()))
		if err != nil {
			return nil, fmt.Errorf("words: reading %s: %w", e.Name(), err)
		}
		area := strings.TrimSuffix(e.Name(), path.Ext(e.Name()))
		if err := read(area, string(body), out); err != nil {
			return nil, fmt.Errorf("words: %s/%s: %w", lang, e.Name(), err)
		}
	}
	return out, nil
}
