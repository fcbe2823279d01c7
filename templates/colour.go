package templates

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// palette is the set of colours of one ground, as "#rrggbb".
type palette struct {
	Paper, Wash, Line, Ink, Quiet, Accent string
	OnAccent                              string // text on the accent
}

var (
	light = palette{Paper: "#ffffff", Wash: "#f6f5f1", Line: "#d9d6cd", Ink: "#1b1f24", Quiet: "#5a6068", Accent: "#0b5c6b", OnAccent: "#ffffff"}
	dark  = palette{Paper: "#15181b", Wash: "#1d2125", Line: "#343a40", Ink: "#e8eaec", Quiet: "#a3abb3", Accent: "#7fcbd9", OnAccent: "#15181b"}
)

// minContrast is WCAG 2.2's ratio for text of any size (success criterion 1.4.3).
const minContrast = 4.5

// palettes returns both grounds with the organisation's colour in place of the
// accent, corrected until it can be read on each ground. What is not a colour
// leaves the default: a mail must not fail for its decoration.
func palettes(accent string) (onLight, onDark palette) {
	onLight, onDark = light, dark
	c, ok := parseColour(accent)
	if !ok {
		return onLight, onDark
	}
	onLight.Accent = readable(c, true, light.Paper, light.Wash).String()
	onDark.Accent = readable(c, false, dark.Paper, dark.Wash).String()
	return onLight, onDark
}

// ReadableAccent is what mails make of an organisation's colour on white, so
// that text in it can be read; false where it is no colour.
func ReadableAccent(accent string) (string, bool) {
	_, ok := parseColour(accent)
	onLight, _ := palettes(accent)
	return onLight.Accent, ok
}

// rgb is a colour in sRGB, each part from 0 to 1.
type rgb struct{ r, g, b float64 }

func (c rgb) String() string {
	part := func(v float64) int { return int(math.Round(v * 255)) }
	return fmt.Sprintf("#%02x%02x%02x", part(c.r), part(c.g), part(c.b))
}

// parseColour reads "#rgb" and "#rrggbb" in either case.
func parseColour(s string) (rgb, bool) {
	s, ok := strings.CutPrefix(strings.TrimSpace(s), "#")
	if len(s) == 3 {
		s = string([]byte{s[0], s[0], s[1], s[1], s[2], s[2]})
	}
	if !ok || len(s) != 6 {
		return rgb{}, false
	}
	n, err := strconv.ParseUint(s, 16, 32)
	if err != nil {
		return rgb{}, false
	}
	return rgb{float64(n>>16) / 255, float64(n>>8&0xff) / 255, float64(n&0xff) / 255}, true
}

// readable moves c towards black (darken) or white in steps of 1 % until it
// has minContrast on every ground. A colour that is fine stays as it is.
func readable(c rgb, darken bool, grounds ...string) rgb {
	towards := rgb{1, 1, 1}
	if darken {
		towards = rgb{}
	}
	for step := range 101 {
		k := float64(step) / 100
		mixed := rgb{c.r + (towards.r-c.r)*k, c.g + (towards.g-c.g)*k, c.b + (towards.b-c.b)*k}
		// Judge what is written, not what was computed: rounding costs contrast.
		written, _ := parseColour(mixed.String())
		worst := math.Inf(1)
		for _, g := range grounds {
			ground, _ := parseColour(g)
			worst = math.Min(worst, contrast(written, ground))
		}
		if worst >= minContrast {
			return written
		}
	}
	return towards
}

// contrast is WCAG 2.2's ratio of two colours, from 1 to 21.
func contrast(a, b rgb) float64 {
	la, lb := luminance(a), luminance(b)
	return (math.Max(la, lb) + 0.05) / (math.Min(la, lb) + 0.05)
}

// luminance is WCAG 2.2's relative luminance, from 0 (black) to 1 (white).
func luminance(c rgb) float64 {
	linear := func(v float64) float64 {
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.r) + 0.7152*linear(c.g) + 0.0722*linear(c.b)
}

// AccentUse is what becomes of an organisation's colour: what is shown on light
// and on dark ground, and its contrast on white as it was given, from 1 to 21.
type AccentUse struct {
	OnLight, OnDark string
	Contrast        float64
	Kept            bool // it is shown on light ground as it was given
}

// UseAccent tells what becomes of a colour ("#0b5c6b"); false where it is none.
func UseAccent(accent string) (AccentUse, bool) {
	c, ok := parseColour(accent)
	if !ok {
		return AccentUse{}, false
	}
	onLight, onDark := palettes(accent)
	white, _ := parseColour("#ffffff")
	return AccentUse{OnLight: onLight.Accent, OnDark: onDark.Accent, Contrast: contrast(c, white), Kept: onLight.Accent == c.String()}, true
}
