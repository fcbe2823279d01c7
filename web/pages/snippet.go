package pages

import (
	"strconv"
	"strings"

	"postrider/networks"
	"postrider/templates"
)

// Snippet is a share text as people see it: as its network shows it, with its
// count.
type Snippet struct {
	ID, Name, Text, Unit string
	Count, Limit         int
	URL                  string // empty where no link leads there
	LeftOut              string // which takeaways did not fit, in words
	Why                  string // there is no URL
}

// Snippets puts share texts into the order of the table of networks.
func Snippets(all map[networks.ID]templates.Snippet) []Snippet {
	var out []Snippet
	for _, n := range networks.All() {
		s, ok := all[n.ID]
		if !ok {
			continue
		}
		v := Snippet{ID: string(n.ID), Name: n.Name, Text: s.Text, Unit: n.Unit, Count: s.Count, Limit: s.Limit, URL: s.URL, LeftOut: leftOut(s.LeftOut)}
		if v.URL == "" {
			v.Why = "the recap has no public address yet"
			if n.NeedsImage {
				v.Why = "it takes only links with a picture, and the recap has none"
			}
		}
		if n.OneLine {
			v.LeftOut = "" // there the text is a title: nothing was meant to be in it
		}
		out = append(out, v)
	}
	return out
}

func leftOut(numbers []int) string {
	if len(numbers) == 0 {
		return ""
	}
	words := make([]string, len(numbers))
	for i, n := range numbers {
		words[i] = strconv.Itoa(n)
	}
	if len(words) == 1 {
		return "Takeaway " + words[0] + " did not fit; none is ever cut."
	}
	return "Takeaways " + strings.Join(words, ", ") + " did not fit; none is ever cut."
}

// SampleReader are the values of the reader whose mail is shown where none is
// sent. own is where the links lead that would be the reader's.
func SampleReader(own string) map[string]string {
	return map[string]string{
		"first_name": "Ada", "last_name": "Lovelace", "name": "Ada Lovelace", "email": "ada@example.org",
		templates.SlotUnsubscribeURL: own, templates.SlotPreferencesURL: own,
	}
}
