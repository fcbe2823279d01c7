package recaps

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
)

// minHeadings is how many numbered headings in a row make takeaways: one alone
// is a chapter.
const minHeadings = 2

// headingNumber returns the number that a heading begins with, 0 for none.
func (a *article) headingNumber(b block) int {
	if b.node.Kind() != ast.KindHeading {
		return 0
	}
	m := numberedHeading.FindStringSubmatch(a.text(b).Plain)
	if m == nil {
		return 0
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

// countHeadings returns how many headings of one level count 1, 2, 3… from
// block i on; a higher heading ends them.
func (a *article) countHeadings(i int) int {
	count := 0
	level := a.blocks[i].node.(*ast.Heading).Level
	for _, b := range a.blocks[i:] {
		h, ok := b.node.(*ast.Heading)
		switch {
		case !ok || h.Level > level:
		case h.Level == level && a.headingNumber(b) == count+1:
			count++
		default:
			return count
		}
	}
	return count
}

// sections returns a point for each numbered heading: its words in bold and
// what stands below it.
func (a *article) sections(blocks []block) (points []point, rest []block) {
	level := blocks[0].node.(*ast.Heading).Level
	for i, b := range blocks {
		h, ok := b.node.(*ast.Heading)
		switch {
		case ok && h.Level == level && a.headingNumber(b) == len(points)+1:
			points = append(points, point{nodes: []ast.Node{h}, start: b.end, end: b.end, lead: a.boldHeading(b) + "\n\n", section: true})
		case ok && h.Level <= level:
			return points, blocks[i:]
		default:
			last := &points[len(points)-1]
			last.nodes, last.end = append(last.nodes, b.node), b.end
		}
	}
	return points, nil
}

var (
	headingMarks  = regexp.MustCompile(`^ {0,3}#{1,6}[ \t]+|[ \t]+#+[ \t]*$`)
	headingNumber = regexp.MustCompile(`^(?:\\?#|(?:\p{L}+\s+){0,2}(?:[Nn][ro]?\.?\s*)?)\d{1,3}(?:\\?[.):：．、]|\s*\\?[–—-]\s|\s)\s*`)
)

// boldHeading is a heading's source as a bold paragraph, without its number.
// One that has emphasis of its own stays as it is.
func (a *article) boldHeading(b block) string {
	source := strings.TrimSpace(string(a.src[b.start:b.end]))
	if first, underline, ok := strings.Cut(source, "\n"); ok && strings.Trim(underline, "=- \n") == "" {
		source = first
	}
	source = oneLine(headingMarks.ReplaceAllString(source, ""))
	without := headingNumber.ReplaceAllString(source, "")
	if newText(without).Plain == "" {
		without = escapeMarkdown(numberedHeading.FindStringSubmatch(a.text(b).Plain)[2])
	}
	if strings.ContainsAny(without, "*_`") || newText("**"+without+"**").Plain != newText(without).Plain {
		return without
	}
	return "**" + without + "**"
}

// weightMark ends a takeaway: {weight=3}. A backslash before it makes it text.
var weightMark = regexp.MustCompile(`\{weight=(\d{1,3})\}[ \t\n]*$`)

// cutWeight takes "{weight=3}" from the end of a takeaway. Of several the last
// one counts.
func cutWeight(source string) (string, int) {
	weight := 0
	for {
		m := weightMark.FindStringSubmatchIndex(source)
		if m == nil || m[0] > 0 && source[m[0]-1] == '\\' {
			return source, weight
		}
		if weight == 0 {
			weight, _ = strconv.Atoi(source[m[2]:m[3]])
		}
		source = strings.TrimRight(source[:m[0]], " \t\n")
	}
}
