package admin

import "strings"

// diffLine is a line of two texts laid over each other: in both, or only in one.
type diffLine struct {
	Text  string
	Only  string // "theirs", "mine", "" for both
	Apart bool   // lines that are in both were left out before it
}

// diffContext is how many lines stand around a difference.
const diffContext = 2

// maxDiff bounds the lines of a text that are compared one by one.
const maxDiff = 1500

// diff lays two texts over each other, line by line, with a few lines that are
// the same around each difference.
func diff(theirs, mine string) []diffLine {
	a, b := strings.Split(strings.TrimRight(theirs, "\n"), "\n"), strings.Split(strings.TrimRight(mine, "\n"), "\n")
	a, b = a[:min(len(a), maxDiff)], b[:min(len(b), maxDiff)]
	// common[i][j] is how many lines a[i:] and b[j:] have in common, in order.
	common := make([][]int16, len(a)+1)
	for i := range common {
		common[i] = make([]int16, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var all []diffLine
	for i, j := 0, 0; i < len(a) || j < len(b); {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			all = append(all, diffLine{Text: a[i]})
			i, j = i+1, j+1
		case j == len(b) || i < len(a) && common[i+1][j] >= common[i][j+1]:
			all = append(all, diffLine{Text: a[i], Only: "theirs"})
			i++
		default:
			all = append(all, diffLine{Text: b[j], Only: "mine"})
			j++
		}
	}
	return around(all)
}

// around leaves out the lines that are far from any difference.
func around(all []diffLine) []diffLine {
	near := make([]bool, len(all))
	for i, l := range all {
		if l.Only == "" {
			continue
		}
		for k := max(i-diffContext, 0); k <= min(i+diffContext, len(all)-1); k++ {
			near[k] = true
		}
	}
	var out []diffLine
	for i, l := range all {
		if near[i] {
			l.Apart = i > 0 && !near[i-1]
			out = append(out, l)
		}
	}
	return out
}
