package recaps

import "strings"

// DiffLine is one line of the difference of two recaps.
type DiffLine struct {
	Op   DiffOp `json:"op"`
	Text string `json:"text"`
}

// DiffOp says what became of a line.
type DiffOp string

// The fates of a line.
const (
	DiffSame    DiffOp = "same"
	DiffRemoved DiffOp = "removed"
	DiffAdded   DiffOp = "added"
)

// maxDiffCells bounds the memory of a comparison: 2,000 changed lines by 2,000.
const maxDiffCells = 4 << 20

// Diff compares two recaps line by line as they are written in Postrider's own
// format; of a changed line the old one comes first. Recaps that are equal give
// lines that are all the same. Texts that differ in thousands of lines are
// shown as removed and added in whole.
func Diff(from, to Recap) []DiffLine {
	a, b := strings.Split(strings.TrimRight(from.MarkdownSource(), "\n"), "\n"), strings.Split(strings.TrimRight(to.MarkdownSource(), "\n"), "\n")
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	out := lines(nil, DiffSame, a[:head])
	out = compare(out, a[head:len(a)-tail], b[head:len(b)-tail])
	return lines(out, DiffSame, a[len(a)-tail:])
}

func lines(out []DiffLine, op DiffOp, text []string) []DiffLine {
	for _, t := range text {
		out = append(out, DiffLine{op, t})
	}
	return out
}

// compare walks the longest common subsequence.
func compare(out []DiffLine, a, b []string) []DiffLine {
	if len(a)*len(b) > maxDiffCells {
		return lines(lines(out, DiffRemoved, a), DiffAdded, b)
	}
	width := len(b) + 1
	longest := make([]int32, (len(a)+1)*width)
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				longest[i*width+j] = longest[(i+1)*width+j+1] + 1
			} else {
				longest[i*width+j] = max(longest[(i+1)*width+j], longest[i*width+j+1])
			}
		}
	}
	i, j := 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			out = append(out, DiffLine{DiffSame, a[i]})
			i, j = i+1, j+1
		case longest[(i+1)*width+j] >= longest[i*width+j+1]:
			out = append(out, DiffLine{DiffRemoved, a[i]})
			i++
		default:
			out = append(out, DiffLine{DiffAdded, b[j]})
			j++
		}
	}
	return lines(lines(out, DiffRemoved, a[i:]), DiffAdded, b[j:])
}
