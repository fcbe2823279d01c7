package networks

import (
	"slices"
	"strings"
)

// span is a piece of a text in UTF-16 units.
type span struct{ start, length int }

const (
	maxURLUnits    = 4096 // longer ones are no addresses on X
	maxShortSlug   = 40   // of a t.co address
	maxLabelOctets = 63   // of a DNS label in its ASCII form
)

// findURLs returns the addresses in a text as X detects them: http and https
// ones and, if bare, domains without a scheme whose last label is a known
// top-level domain. Rules, in UTF-16 units:
//
//   - Before an address stands the text's start or anything but an ASCII letter
//     or digit, '@', '$', '#' or their wide forms; before a bare one neither
//     of "-_./".
//   - Labels may hold anything but punctuation and space; '_' only in
//     subdomains, '-' and '_' never at an end of a label.
//   - The top-level domain is not followed by an ASCII letter, digit, '@', '+'
//     or '-'.
//   - A path goes on through balanced parentheses, nested once, and ends before
//     trailing punctuation; a query likewise.
//   - Of a bare domain only the Latin part counts; its port and query belong to
//     it only where it has a path.
func findURLs(u []uint16, bare bool) []span {
	if !slices.Contains(u, '.') {
		return nil
	}
	f := urlFinder{u: u, labelEnds: labelEnds(u)}
	f.findLabels()
	for at := 0; at < len(u); {
		next := f.matchBefore(at, bare)
		at = max(next, at+1)
	}
	return f.found
}

type urlFinder struct {
	u         []uint16
	labelEnds []int         // per unit: where the letters of the label that it is in end
	labels    map[int]label // by the dot behind them
	found     []span
}

// matchBefore looks for an address behind the unit at `at`, or at the text's
// start, records it, and returns where the search goes on, 0 for none found.
func (f *urlFinder) matchBefore(at int, bare bool) int {
	if mayPrecede(f.u[at]) {
		if end := f.match(at+1, f.u[at], bare); end > 0 {
			return end
		}
	}
	if at == 0 {
		return f.match(0, 0, bare)
	}
	return 0
}

func (f *urlFinder) match(start int, before uint16, bare bool) int {
	scheme := schemeLength(f.u[start:])
	host := start + scheme
	hostEnd := f.host(host)
	if hostEnd == 0 {
		return 0 // "https:" is no domain either
	}
	end := hostEnd
	if n := 1 + run(f.u[min(end+1, len(f.u)):], isDigit); n > 1 && f.u[end] == ':' {
		end += n
	}
	pathLength := pathLength(f.u[end:])
	end += pathLength
	end += queryLength(f.u[end:])

	domain := f.u[host:hostEnd]
	counted := scheme + end - start // X counts the scheme twice, and adds the one that a bare domain lacks
	if scheme == 0 {
		counted += len("https://")
	}
	switch {
	case counted > maxURLUnits || !validLabels(domain):
	case scheme > 0:
		if length, ok := shortLink(f.u[start:end]); ok {
			f.found = append(f.found, span{start, length})
		}
	case scheme == 0 && bare && !strings.ContainsRune("-_./", rune(before)):
		f.bareDomains(start, hostEnd, end, pathLength > 0)
	}
	return end
}

// bareDomains records the Latin domains within a domain without a scheme; the
// last takes port, path and query with it.
func (f *urlFinder) bareDomains(start, hostEnd, end int, hasPath bool) {
	domain := f.u[start:hostEnd]
	last, from := -1, 0
	for at := 0; at < len(domain); {
		length := latinDomain(domain[at:])
		if length == 0 {
			at++
			continue
		}
		// X looks the words up again from where the last domain ended, which
		// may find an earlier place.
		place := from + index(domain[from:], domain[at:at+length])
		f.found = append(f.found, span{start + place, length})
		last, from = len(f.found)-1, place+length
		at += length
	}
	if last >= 0 && hasPath {
		f.found[last].length += end - hostEnd
	}
}

// host returns where the longest domain at start ends, 0 when there is none.
func (f *urlFinder) host(start int) int {
	if start >= len(f.u) {
		return 0
	}
	end := f.labelEnds[start]
	label, found := f.labels[end]
	if !found || end == start || !isDomain(f.u[start]) || !isDomain(f.u[end-1]) {
		return 0
	}
	if label.longer > 0 {
		return label.longer
	}
	if start <= label.underscore {
		return 0
	}
	return label.host
}

// label is what follows from the dot behind a label, wherever in the label the
// domain begins. Without it a text of many dots costs its length squared.
type label struct {
	host       int // where the domain ends whose top-level domain comes next, 0 for none
	longer     int // where the longest of more labels ends, 0 for none
	underscore int // the last '_' of the label, which cannot be in a registered name; -1 for none
}

// findLabels fills f.labels from the last dot to the first.
func (f *urlFinder) findLabels() {
	f.labels = make(map[int]label)
	for dot := len(f.u) - 1; dot > 0; dot-- {
		if f.u[dot] != '.' {
			continue
		}
		l := label{longer: f.host(dot + 1), underscore: -1}
		if n := tldLength(f.u[dot+1:]); n > 0 {
			l.host = dot + 1 + n
		}
		for i := dot - 1; i >= 0 && f.labelEnds[i] == dot; i-- {
			if f.u[i] == '_' {
				l.underscore = i
				break
			}
		}
		f.labels[dot] = l
	}
}
