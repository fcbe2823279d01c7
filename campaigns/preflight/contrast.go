package preflight

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"

	"golang.org/x/net/html"
)

// leastContrast is what text needs on its ground (WCAG 2.2, 1.4.3).
const leastContrast = 4.5

var (
	inkRule    = regexp.MustCompile(`(?i)(?:^|;)\s*color\s*:\s*(#[0-9a-f]{6}|#[0-9a-f]{3})\b`)
	groundRule = regexp.MustCompile(`(?i)(?:^|;)\s*background(?:-color)?\s*:\s*(#[0-9a-f]{6}|#[0-9a-f]{3})\b`)
)

// contrast looks at words whose colour and ground are written at their elements,
// as mails must. Pictures behind words, and colours by name, are not judged.
func (c *checker) contrast(root *html.Node) {
	told := map[string]bool{}
	for n := range root.Descendants() {
		said := strings.Join(strings.Fields(n.Data), " ")
		if n.Type != html.TextNode || said == "" {
			continue
		}
		ink, ground := "", ""
		for p := n.Parent; p != nil; p = p.Parent {
			style := value(p, "style")
			if strings.Contains(strings.ReplaceAll(style, " ", ""), "display:none") {
				ink = ""
				break
			}
			if ink == "" {
				ink = colourIn(inkRule, style)
			}
			if ground == "" {
				if ground = colourIn(groundRule, style); ground == "" && strings.HasPrefix(value(p, "bgcolor"), "#") {
					ground = value(p, "bgcolor")
				}
			}
		}
		if ground == "" {
			ground = "#ffffff"
		}
		ratio, ok := contrastOf(ink, ground)
		if !ok || ratio >= leastContrast || told[ink+ground] {
			continue
		}
		told[ink+ground] = true
		f := found("contrast", "", "check.contrast_text", short(said), ink, ground, fmt.Sprintf("%.1f", math.Floor(ratio*10)/10))
		f.about = said
		c.advise(f)
	}
}

func colourIn(rule *regexp.Regexp, style string) string {
	if m := rule.FindStringSubmatch(style); m != nil {
		return strings.ToLower(m[1])
	}
	return ""
}

// contrastOf is the ratio of two colours (WCAG 2.2); false where one is none.
func contrastOf(a, b string) (float64, bool) {
	x, ok := luminance(a)
	y, fine := luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05), ok && fine
}

func luminance(colour string) (float64, bool) {
	hex := strings.TrimPrefix(colour, "#")
	if len(hex) == 3 {
		hex = string([]byte{hex[0], hex[0], hex[1], hex[1], hex[2], hex[2]})
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil || len(hex) != 6 {
		return 0, false
	}
	sum := 0.0
	for i, weight := range []float64{0.0722, 0.7152, 0.2126} {
		v := float64(n>>(8*i)&0xff) / 255
		if v <= 0.04045 {
			v /= 12.92
		} else {
			v = math.Pow((v+0.055)/1.055, 2.4)
		}
		sum += weight * v
	}
	return sum, true
}
