// Package cards draws the pictures that networks show beside a shared link: a
// recap's title, or one of its takeaways, in the organisation's colours. It
// draws text in any script that it has a font for; it fetches nothing and knows
// nothing of pages.
package cards

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"sort"
	"strconv"

	"golang.org/x/image/math/fixed"

	xdraw "golang.org/x/image/draw"
)

// Size of a card in pixels: what Facebook, LinkedIn, X, Mastodon and the
// messengers show large without cutting.
const (
	Width  = 1200
	Height = 630
)

// MaxBytes is what every consumer takes; WhatsApp is the strictest.
const MaxBytes = 300_000

// Card is what a picture says.
type Card struct {
	Organisation string
	Kicker       string      // small, above the text: the event and its place; may be empty
	Text         string      // a title, or a whole takeaway
	Number       int         // of the takeaway; 0 for a title
	Lang         string      // BCP 47; chooses between the forms that letters have in different languages
	RTL          bool        // the text begins at the right
	Accent       string      // "#rrggbb", readable on white; empty or malformed: the accent that ships
	Logo         image.Image // nil for none
}

// The colours of paper, of text, and of what is less important.
var (
	paper = color.RGBA{0xff, 0xff, 0xff, 0xff}
	ink   = color.RGBA{0x1b, 0x1f, 0x24, 0xff}
	quiet = color.RGBA{0x5a, 0x60, 0x68, 0xff}
	plain = color.RGBA{0x0b, 0x5c, 0x6b, 0xff}
)

const (
	margin   = 72
	topRow   = 56  // centre of the line with the organisation's name
	textTop  = 128 // where kicker and text may begin
	textEnd  = 520 // X lays the link's title over what is below
	barDepth = 20
	logoTall = 64
	logoWide = 320
)

// Draw returns the card as a JPEG of Width × Height, at most MaxBytes large. A
// text too long for the smallest letters ends in an ellipsis, behind a word. A
// text that no font here can write is left out: boxes would say less.
// The same card gives the same bytes on a machine with the same fonts.
func Draw(c Card) ([]byte, error) {
	img := image.NewRGBA(image.Rect(0, 0, Width, Height))
	draw.Draw(img, img.Bounds(), image.NewUniform(paper), image.Point{}, draw.Src)
	accent := accentOf(c.Accent)
	draw.Draw(img, image.Rect(0, Height-barDepth, Width, Height), image.NewUniform(accent), image.Point{}, draw.Src)

	p := &painter{img: img, fonts: loadFonts(), lang: c.Lang, rtl: c.RTL}
	p.head(c)
	p.body(c, accent)

	for quality := 88; quality >= 40; quality -= 12 {
		var b bytes.Buffer
		if err := jpeg.Encode(&b, img, &jpeg.Options{Quality: quality}); err != nil {
			return nil, fmt.Errorf("writing a card: %w", err)
		}
		if b.Len() <= MaxBytes {
			return b.Bytes(), nil
		}
	}
	return nil, fmt.Errorf("writing a card: it stays above %d bytes: is its logo a photograph?", MaxBytes)
}

// body draws number, kicker and text, together in the middle of their height.
func (p *painter) body(c Card, accent color.RGBA) {
	left, right := margin, Width-margin
	var number paragraph
	if c.Number > 0 {
		number = p.shape(strconv.Itoa(c.Number), serif, 132, 400, 1)
		if c.RTL {
			right -= number.width() + 36
		} else {
			left += number.width() + 36
		}
	}
	kicker := p.shape(c.Kicker, sans, 26, right-left, 1)
	gap := 0
	if kicker.height() > 0 {
		gap = kicker.height() + 14
	}
	text := p.fit(c.Text, right-left, textEnd-textTop-gap)
	top := textTop + max(textEnd-textTop-gap-text.height(), 0)/2
	if c.RTL {
		p.draw(number, right+36, Width-margin, top-14, accent)
	} else {
		p.draw(number, margin, left-36, top-14, accent)
	}
	p.draw(kicker, left, right, top, accent)
	p.draw(text, left, right, top+gap, ink)
}

// head draws the organisation's name, and its logo at the other end.
func (p *painter) head(c Card) {
	room := Width - 2*margin
	if c.Logo != nil {
		box := c.Logo.Bounds()
		scale := min(float64(logoTall)/float64(max(box.Dy(), 1)), float64(logoWide)/float64(max(box.Dx(), 1)))
		w, h := int(float64(box.Dx())*scale), int(float64(box.Dy())*scale)
		x := Width - margin - w
		if c.RTL {
			x = margin
		}
		xdraw.CatmullRom.Scale(p.img, image.Rect(x, topRow-h/2, x+w, topRow-h/2+h), c.Logo, box, xdraw.Over, nil)
		room -= w + 24
	}
	name := p.shape(c.Organisation, sans, 28, room, 1)
	left := margin
	if c.RTL {
		left = Width - margin - room
	}
	p.draw(name, left, left+room, topRow-name.height()/2, quiet)
}

// fit shapes text in the largest letters with which it fills no more than its
// box.
func (p *painter) fit(text string, wide, tall int) paragraph {
	const largest, smallest = 92, 30
	fits := func(size int) (paragraph, bool) {
		set := p.shape(text, serif, size, wide, 0)
		return set, set.height() <= tall && set.width() <= wide
	}
	// The first size of these that is too large; the one before it fits.
	steps := sort.Search(largest-smallest, func(n int) bool { _, ok := fits(smallest + 1 + n); return !ok })
	if set, ok := fits(smallest + steps); ok {
		return set
	}
	line := p.shape("x", serif, smallest, wide, 1).height()
	return p.shape(text, serif, smallest, wide, max(tall/line, 1))
}

func accentOf(s string) color.RGBA {
	if len(s) != 7 || s[0] != '#' {
		return plain
	}
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		return plain
	}
	return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 0xff} //nolint:gosec // each is one byte of three
}

// px turns pixels into the units of the shaper.
func px(n int) fixed.Int26_6 { return fixed.I(n) }
