package pages

import (
	"html/template"
	"net/url"
	"strconv"
	"strings"

	"postrider/internal/words"
	"postrider/networks"
	"postrider/templates"
)

// Snippet is a share text as people see it: as its network shows it, with its
// count.
type Snippet struct {
	ID, Name, Text, Unit string
	Count, Limit         int
	URL                  template.URL // empty where no link leads there
	LeftOut              string       // which takeaways did not fit, in words
	Why                  string       // there is no URL
}

// Snippets puts share texts into the order of the table of networks. takeaways
// is how many the edition has.
func Snippets(w *words.Words, all map[networks.ID]templates.Snippet, takeaways int) []Snippet {
	var out []Snippet
	for _, n := range networks.All() {
		s, ok := all[n.ID]
		if !ok {
			continue
		}
		v := Snippet{ID: string(n.ID), Name: n.Name, Text: s.Text, Unit: n.Unit, Count: s.Count, Limit: s.Limit, URL: ShareLink(s.URL), LeftOut: leftOut(w, s.LeftOut, takeaways)}
		if v.URL == "" {
			v.Why = w.T("snippets.no_address")
			if n.NeedsImage {
				v.Why = w.T("snippets.no_picture")
			}
		}
		if n.OneLine {
			v.LeftOut = "" // there the text is a title: nothing was meant to be in it
		}
		out = append(out, v)
	}
	return out
}

// ShareLink lets an address of the table of networks stand in a page, whose
// own check knows only http and mailto. Any other scheme comes back empty.
func ShareLink(address string) template.URL {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	switch u.Scheme {
	case "https", "http", "mailto", "sms", "viber", "threema":
		return template.URL(address) //nolint:gosec // the scheme is one of these
	}
	return ""
}

func leftOut(w *words.Words, numbers []int, takeaways int) string {
	switch {
	case len(numbers) == 0:
		return ""
	case len(numbers) == takeaways:
		return w.T("snippets.none_fits")
	case len(numbers) == 1:
		return w.T("snippets.one_left_out", numbers[0])
	}
	return w.T("snippets.left_out", ranges(numbers))
}

// ranges writes ascending numbers with their stretches: "1, 4–8".
func ranges(numbers []int) string {
	var words []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		word := strconv.Itoa(numbers[i])
		if j > i {
			word += "–" + strconv.Itoa(numbers[j])
		}
		words, i = append(words, word), j+1
	}
	return strings.Join(words, ", ")
}

// SampleReader are the values of the reader whose mail is shown where none is
// sent. own is where the links lead that would be the reader's.
func SampleReader(own string) map[string]string {
	return map[string]string{
		"first_name": "Ada", "last_name": "Lovelace", "name": "Ada Lovelace", "email": "ada@example.org",
		templates.SlotUnsubscribeURL: own, templates.SlotPreferencesURL: own,
	}
}
