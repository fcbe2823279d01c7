package cards

import (
	"bytes"
	"fmt"
	"io"
	"log"
	"sync"
	"unicode"

	"github.com/go-fonts/dejavu/dejavusans"
	"github.com/go-fonts/dejavu/dejavusansbold"
	"github.com/go-fonts/stix/stix2textbold"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/fontscan"
)

// style is a way of writing.
type style int

const (
	serif style = iota // titles and takeaways
	sans               // names
)

// fonts are the faces that text is set in. What ships writes Latin, Greek,
// Cyrillic, Arabic, Hebrew, Armenian and Georgian; the machine's own fonts write
// what it lacks, such as Debian's fonts-noto-cjk. They are used by one painter at a time.
type fonts struct {
	mu      sync.Mutex
	shipped map[style][]*font.Face
	system  *fontscan.FontMap // nil where none were found
}

// loadFonts reads the faces once in a process.
var loadFonts = sync.OnceValue(func() *fonts {
	f := &fonts{shipped: map[style][]*font.Face{
		serif: {parse(stix2textbold.TTF), parse(dejavusansbold.TTF), parse(dejavusans.TTF)},
		sans:  {parse(dejavusansbold.TTF), parse(dejavusans.TTF)},
	}}
	m := fontscan.NewFontMap(log.New(io.Discard, "", 0))
	if err := m.UseSystemFonts(""); err == nil {
		m.SetQuery(fontscan.Query{Families: []string{fontscan.Serif, fontscan.SansSerif}, Aspect: font.Aspect{Weight: font.WeightBold}})
		f.system = m
	}
	return f
})

func parse(data []byte) *font.Face {
	face, err := font.ParseTTF(bytes.NewReader(data))
	if err != nil {
		panic(fmt.Errorf("cards: a font of the program: %w", err)) // no input can cause it
	}
	return face
}

// of returns the faces of a style as the shaper asks for them.
func (f *fonts) of(s style) faces { return faces{f, s} }

type faces struct {
	fonts *fonts
	style style
}

// write reports whether each letter has a form in some face.
func (f faces) write(runes []rune) bool {
	for _, r := range runes {
		if _, ok := f.ResolveFace(r).NominalGlyph(r); !ok && !unicode.IsSpace(r) && !unicode.In(r, unicode.Cc, unicode.Cf, unicode.Mn) {
			return false
		}
	}
	return true
}

// ResolveFace returns the first face that has the letter, the style's own face
// where none has.
func (f faces) ResolveFace(r rune) *font.Face {
	own := f.fonts.shipped[f.style]
	for _, face := range own {
		if _, ok := face.NominalGlyph(r); ok {
			return face
		}
	}
	if f.fonts.system != nil {
		if face := f.fonts.system.ResolveFace(r); face != nil {
			return face
		}
	}
	return own[0]
}
