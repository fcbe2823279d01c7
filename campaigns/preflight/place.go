package preflight

import (
	"fmt"
	"strings"

	"postrider/recaps"
)

// Place gives findings the line of a recap's Markdown source that they are
// about, where there is one. Plain text, and source that is no recap, place
// only what stands in it word for word.
func Place(all []Finding, name, src string) {
	lines := recaps.Lines(name, src)
	for i := range all {
		all[i].Line = lineOf(all[i], src, lines)
	}
}

func lineOf(f Finding, src string, lines map[string]int) int {
	var n int
	first := func(keys ...string) int {
		for _, k := range keys {
			if lines[k] > 0 {
				return lines[k]
			}
		}
		return 0
	}
	at := 0
	switch {
	case f.Field == "subject":
		at = first("subject", "title")
	case f.Field == "preheader":
		at = first("preheader", "lead[1]")
	case scans(f.Field, "lead paragraph %d", &n):
		at = first(fmt.Sprintf("lead[%d]", n))
	case scans(f.Field, "takeaway %d", &n):
		at = first(fmt.Sprintf("takeaways[%d]", n))
	}
	if f.about == "" {
		return at
	}
	for i, l := range strings.Split(src, "\n") {
		if i+1 >= at && strings.Contains(l, f.about) {
			return i + 1
		}
	}
	return at
}

func scans(s, format string, n *int) bool {
	read, err := fmt.Sscanf(s, format, n)
	return err == nil && read == 1
}
