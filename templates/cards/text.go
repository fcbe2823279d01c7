package cards

import (
	"image"
	"image/color"
	"slices"
	"strings"

	"github.com/go-text/typesetting/di"
	"github.com/go-text/typesetting/font"
	"github.com/go-text/typesetting/font/opentype"
	"github.com/go-text/typesetting/language"
	"github.com/go-text/typesetting/shaping"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// painter sets text on one picture.
type painter struct {
	img    *image.RGBA
	fonts  *fonts
	lang   string
	rtl    bool
	shaper shaping.HarfbuzzShaper
	wrap   shaping.LineWrapper
	raster *vector.Rasterizer // as large as the picture, used again for each run
}

// paragraph is text broken into lines.
type paragraph struct {
	lines []shaping.Line
	line  fixed.Int26_6 // from one base line to the next
	up    fixed.Int26_6 // from the top to the first base line
}

func (p paragraph) height() int { return (p.line * fixed.Int26_6(len(p.lines))).Ceil() }

// width is that of the longest line.
func (p paragraph) width() int {
	var widest fixed.Int26_6
	for _, l := range p.lines {
		widest = max(widest, advance(l))
	}
	return widest.Ceil()
}

func advance(l shaping.Line) fixed.Int26_6 {
	var sum fixed.Int26_6
	for _, run := range l {
		sum += run.Advance
	}
	return sum
}

// shape sets text in letters of size pixels, in lines at most wide. Where most
// is above 0, what does not fit into so many lines is left out, with an
// ellipsis in its place.
func (p *painter) shape(text string, s style, size, wide, most int) paragraph {
	runes := []rune(strings.Join(strings.Fields(text), " "))
	out := paragraph{line: px(size) * 124 / 100, up: px(size) * 96 / 100}
	if len(runes) == 0 {
		return out
	}
	p.fonts.mu.Lock() // faces keep what they have read
	defer p.fonts.mu.Unlock()
	faces := p.fonts.of(s)
	if !faces.write(runes) {
		return out
	}
	direction := di.DirectionLTR
	if p.rtl {
		direction = di.DirectionRTL
	}
	input := shaping.Input{Text: runes, RunEnd: len(runes), Direction: direction, Size: px(size), Language: language.NewLanguage(p.lang)}
	var segmenter shaping.Segmenter
	var runs []shaping.Output
	for _, part := range segmenter.Split(input, faces) {
		runs = append(runs, p.shaper.Shape(part))
	}
	config := shaping.WrapConfig{Direction: direction, TruncateAfterLines: most}
	if most > 0 {
		dots := []rune("…")
		config = config.WithTruncator(&p.shaper, shaping.Input{Text: dots, RunEnd: 1, Direction: direction, Size: px(size),
			Face: faces.ResolveFace('…'), Script: language.Common, Language: input.Language})
	}
	lines, _ := p.wrap.WrapParagraph(config, wide, runes, shaping.NewSliceIterator(runs))
	for _, l := range lines {
		out.lines = append(out.lines, slices.Clone(l)) // the wrapper uses its memory again
	}
	return out
}

// draw puts a paragraph between left and right, at the side where its text
// begins, its top at y.
func (p *painter) draw(text paragraph, left, right, y int, c color.Color) {
	p.fonts.mu.Lock()
	defer p.fonts.mu.Unlock()
	base := px(y) + text.up
	for _, l := range text.lines {
		slices.SortFunc(l, func(a, b shaping.Output) int { return int(a.VisualIndex - b.VisualIndex) })
		x := px(left)
		if p.rtl {
			x = px(right) - advance(l)
		}
		for _, run := range l {
			p.run(run, x, base, c)
			x += run.Advance
		}
		base += text.line
	}
}

// run draws the outlines of shaped letters.
func (p *painter) run(run shaping.Output, x, y fixed.Int26_6, c color.Color) {
	scale := float32(run.Size) / 64 / float32(run.Face.Upem())
	bounds := p.img.Bounds()
	if p.raster == nil {
		p.raster = vector.NewRasterizer(bounds.Dx(), bounds.Dy())
	} else {
		p.raster.Reset(bounds.Dx(), bounds.Dy())
	}
	r := p.raster
	drawn := false
	for _, g := range run.Glyphs {
		ox, oy := float32(x+g.XOffset)/64, float32(y-g.YOffset)/64
		x += g.Advance
		outline, ok := run.Face.GlyphData(g.GlyphID).(font.GlyphOutline)
		if !ok {
			continue
		}
		at := func(s opentype.SegmentPoint) (float32, float32) { return ox + s.X*scale, oy - s.Y*scale }
		for _, s := range outline.Segments {
			drawn = true
			ax, ay := at(s.Args[0])
			switch s.Op {
			case opentype.SegmentOpMoveTo:
				r.ClosePath()
				r.MoveTo(ax, ay)
			case opentype.SegmentOpLineTo:
				r.LineTo(ax, ay)
			case opentype.SegmentOpQuadTo:
				bx, by := at(s.Args[1])
				r.QuadTo(ax, ay, bx, by)
			case opentype.SegmentOpCubeTo:
				bx, by := at(s.Args[1])
				cx, cy := at(s.Args[2])
				r.CubeTo(ax, ay, bx, by, cx, cy)
			}
		}
		r.ClosePath()
	}
	if drawn {
		r.Draw(p.img, bounds, image.NewUniform(c), image.Point{})
	}
}
