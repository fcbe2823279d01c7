package recaps

import (
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/util"
)

// point is a list item and the source lines it owns.
type point struct {
	nodes      []ast.Node // the item, then blocks between it and the next one
	start, end int
	indent     int    // columns before the item's text
	lead       string // a heading's words in bold, before the rest
	section    bool   // no list item: its lines are not indented
}

// itemSource is a point's Markdown as it stands alone.
func (a *article) itemSource(p point) string {
	source := string(a.src[p.start:p.end])
	if p.section {
		return trimLines(source)
	}
	return strings.TrimLeft(dedent(source, p.indent), " \t\n")
}

// readTakeaways reads the list that blocks begin with and everything below it.
// Authors indent what belongs to an item by too little and so end the list;
// when it goes on with the next number, what stands between belongs to the
// item above.
func (a *article) readTakeaways(blocks []block) error {
	if len(blocks) == 0 {
		return nil
	}
	points, rest := a.points(blocks)
	for i, p := range points {
		source, weight := cutWeight(strings.Trim(p.lead+a.itemSource(p), "\n"))
		t, err := readSource(a.withReferences(source, p.nodes...))
		if err != nil {
			return a.refused(p.start, err)
		}
		a.recap.Takeaways = append(a.recap.Takeaways, Takeaway{N: i + 1, Weight: weight, Text: t})
		a.places[at("takeaways", i)] = a.lineAt(p.start)
		if i == MaxTakeaways {
			break // Validate refuses; the rest need not be read
		}
	}
	a.places["takeaways"] = a.lineAt(blocks[0].start)
	return a.readClosing(rest)
}

func (a *article) points(blocks []block) (points []point, rest []block) {
	if blocks[0].node.Kind() == ast.KindHeading {
		return a.sections(blocks)
	}
	points = a.pointsOf(blocks[0])
	rest = blocks[1:]
	for i := 0; i < len(rest); i++ {
		b := rest[i]
		l, isList := b.node.(*ast.List)
		if b.node.Kind() == ast.KindHeading {
			break
		}
		last := &points[len(points)-1]
		goesOn := isList && l.IsOrdered() && l.Start == len(points)+1
		// Indented bullets right below an item are its own.
		nested := isList && i == 0 && a.src[b.start] == ' '
		if !goesOn && !nested {
			continue
		}
		for _, between := range rest[:i] {
			last.nodes = append(last.nodes, between.node)
		}
		if goesOn {
			last.end = b.start
			points = append(points, a.pointsOf(b)...)
		} else {
			last.nodes, last.end = append(last.nodes, l), b.end
		}
		rest, i = rest[i+1:], -1
	}
	return points, rest
}

func (a *article) pointsOf(b block) []point {
	var points []point
	for n := b.node.FirstChild(); n != nil; n = n.NextSibling() {
		item, ok := n.(*ast.ListItem)
		if !ok {
			continue
		}
		start := b.start
		if p := item.Pos(); p >= 0 && len(points) > 0 {
			start = a.lineStart(p)
			points[len(points)-1].end = start
		}
		points = append(points, point{nodes: []ast.Node{item}, start: start, end: b.end, indent: item.Offset})
	}
	return points
}

// readClosing accepts links below the takeaways and the remains of a page;
// everything else would be lost, and is refused where its author can mend it.
func (a *article) readClosing(blocks []block) error {
	for i, b := range blocks {
		switch n := b.node.(type) {
		case *ast.HTMLBlock, *ast.ThematicBreak, *ast.LinkReferenceDefinition:
			continue
		case *ast.Heading:
			if i+1 < len(blocks) || isFurniture(a.text(b).Plain) {
				if a.loose || isFurniture(a.text(b).Plain) {
					a.leave(a.text(b).Plain, belowWhy)
				}
				continue
			}
		case *ast.List:
			if a.takeLinks(n) {
				continue
			}
		case *ast.Paragraph:
			if a.takeLink(n) {
				continue
			}
			if plain := a.text(b).Plain; isFurniture(plain) {
				a.leave(plain, siteWhy)
				continue
			}
		}
		t := a.text(b)
		if t.Plain == "" {
			continue
		}
		if a.loose {
			a.leave(t.Plain, belowWhy)
			continue
		}
		return a.refuse(b.start, "%q stands below the takeaways, where a recap has no place for it: "+
			"move it above them, or indent it to make it part of the last one", clip(t.Plain))
	}
	return nil
}

var itemMarker = regexp.MustCompile(`^[ \t]*(?:\d{1,9}[.)]|[-+*])[ \t]*`)

// dedent removes the marker of an item's first line and up to indent columns
// of white space before every other line.
func dedent(source string, indent int) string {
	lines := strings.Split(source, "\n")
	lines[0] = itemMarker.ReplaceAllString(lines[0], "")
	for i, l := range lines[1:] {
		column, cut := 0, 0
		for cut < len(l) && column < indent {
			if l[cut] == '\t' {
				column += 4 - column%4
			} else if l[cut] == ' ' {
				column++
			} else {
				break
			}
			cut++
		}
		lines[i+1] = strings.Repeat(" ", max(0, column-indent)) + l[cut:]
	}
	return trimLines(strings.Join(lines, "\n"))
}

// trimLines empties lines of white space and ends the last one without.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		if strings.TrimSpace(l) == "" {
			lines[i] = ""
		}
	}
	return strings.TrimRight(strings.Join(lines, "\n"), " \t\n")
}

// withReferences appends the definitions that links in source need and that
// stand elsewhere in the document, so that it means the same alone.
func (a *article) withReferences(source string, nodes ...ast.Node) string {
	defined := map[string]bool{}
	type definition struct{ label, to, title string }
	var wanted []definition
	for _, node := range nodes {
		_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
			if !entering {
				return ast.WalkContinue, nil
			}
			switch n := n.(type) {
			case *ast.LinkReferenceDefinition:
				defined[util.ToLinkReference(n.Label)] = true
			case *ast.Link:
				if n.Reference != nil {
					wanted = append(wanted, definition{string(n.Reference.Value), address(n.Destination), string(n.Title)})
				}
			case *ast.Image:
				if n.Reference != nil {
					wanted = append(wanted, definition{string(n.Reference.Value), address(n.Destination), string(n.Title)})
				}
			}
			return ast.WalkContinue, nil
		})
	}
	gap := "\n\n"
	for _, w := range wanted {
		key := util.ToLinkReference([]byte(w.label))
		if defined[key] {
			continue
		}
		defined[key] = true
		source += gap + "[" + oneLine(w.label) + "]: <" + w.to + ">"
		if w.title != "" {
			source += " " + strconv.Quote(oneLine(w.title))
		}
		gap = "\n"
	}
	return source
}
