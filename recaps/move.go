package recaps

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/yuin/goldmark/text"

	"postrider/internal/errs"
)

// MoveTakeaway returns Markdown source in which takeaway n stands where to
// stood; those between move up or down by one. Numbers stay with their places,
// so the list still counts 1, 2, 3, and what stands above and below the
// takeaways is the same to the byte. Both count from 1. Source that is no
// recap, and a place that is not there, are Invalid.
func MoveTakeaway(name, src string, n, to int) (string, error) {
	before, err := readMarkdown(name, src, func(string, string) {})
	if err != nil {
		return "", err
	}
	count := len(before.Takeaways)
	if n < 1 || n > count || to < 1 || to > count {
		return "", errs.Invalidf("there is no takeaway %d to put at place %d: the text has %d", n, to, count)
	}
	if n == to {
		return src, nil
	}
	want := slices.Clone(before.Takeaways)
	want = slices.Insert(slices.Delete(want, n-1, n), to-1, before.Takeaways[n-1])
	spots, err := takeawaySpots(name, src)
	if err != nil {
		return "", err
	}
	// Authors forget to indent what belongs to an item. Where that would tear it
	// from its takeaway, it is indented now.
	for _, indent := range []bool{false, true} {
		moved := reorder(src, spots, n, to, indent)
		if after, err := readMarkdown(name, moved, func(string, string) {}); err == nil && saysSame(before, after, want) {
			return moved, nil
		}
	}
	return "", errs.Invalidf("takeaway %d cannot be moved to place %d without changing what the text says: indent everything that belongs to it, or move it by hand", n, to)
}

// spot is where a takeaway stands in its source: marker, words, and the blank
// lines behind it.
type spot struct {
	start, words, end int // of the marker, of the words, after the words
	width             int // columns of the marker, 0 for a heading
}

// headingCount finds the number that a heading counts with.
var headingCount = regexp.MustCompile(`^[^\d\n]*\d{1,3}`)

func takeawaySpots(name, src string) ([]spot, error) {
	meta, body, line, err := readFrontMatter(name, src)
	if err != nil {
		return nil, err
	}
	a := &article{file: name, leave: func(string, string) {}, src: []byte(body), line: line, meta: meta, recap: meta.recap, places: meta.places}
	doc := markdown.Parser().Parse(text.NewReader(a.src))
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		a.addBlock(n)
	}
	first := a.chooseList()
	if first < 0 {
		return nil, nil
	}
	offset := len(src) - len(body)
	points, _ := a.points(a.blocks[first:])
	spots := make([]spot, 0, len(points))
	for _, p := range points {
		s := spot{start: offset + p.start, end: offset + p.end}
		marker := itemMarker
		if p.section {
			marker = headingCount
			for _, b := range a.blocks { // the heading ends where the section's words begin
				if b.node == p.nodes[0] {
					s.start = offset + b.start
				}
			}
		}
		s.words = s.start + len(marker.FindString(src[s.start:s.end]))
		s.end = s.words + len(strings.TrimRight(src[s.words:s.end], " \t\n"))
		if !p.section {
			s.width = s.words - s.start
		}
		spots = append(spots, s)
	}
	return spots, nil
}

// reorder writes src with the words of spot n at spot to. Markers and the blank
// lines between stay in their places.
func reorder(src string, spots []spot, n, to int, indent bool) string {
	order := make([]int, len(spots))
	for i := range order {
		order[i] = i
	}
	order = slices.Insert(slices.Delete(order, n-1, n), to-1, n-1)
	var b strings.Builder
	at := 0
	for i, s := range spots {
		from := spots[order[i]]
		b.WriteString(src[at:s.words])
		b.WriteString(shifted(src[from.words:from.end], from.width, s.width, indent && s.width > 0))
		at = s.end
	}
	b.WriteString(src[at:])
	return b.String()
}

// shifted moves the lines below an item's first one from the columns of one
// marker to those of another. Lines that are not indented by so much stay,
// unless all are to be.
func shifted(words string, from, to int, all bool) string {
	if from == to && !all {
		return words
	}
	lines := strings.Split(words, "\n")
	for i, l := range lines[1:] {
		switch {
		case strings.TrimSpace(l) == "":
		case strings.HasPrefix(l, strings.Repeat(" ", from)):
			lines[i+1] = strings.Repeat(" ", to) + l[from:]
		case all:
			lines[i+1] = strings.Repeat(" ", to) + strings.TrimLeft(l, " \t")
		}
	}
	return strings.Join(lines, "\n")
}

// saysSame reports whether after is before but for its takeaways, and these
// say what want says, in its order.
func saysSame(before, after Recap, want []Takeaway) bool {
	if len(after.Takeaways) != len(want) {
		return false
	}
	for i, t := range after.Takeaways {
		if t.Plain != want[i].Plain || t.Weight != want[i].Weight || fmt.Sprint(linksIn(t.HTML)) != fmt.Sprint(linksIn(want[i].HTML)) {
			return false
		}
	}
	before.Takeaways, after.Takeaways = nil, nil
	return before.Equal(after)
}

var htmlAddress = regexp.MustCompile(`(?:href|src)="[^"]*"`)

func linksIn(html string) []string { return htmlAddress.FindAllString(html, -1) }
