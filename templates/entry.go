package templates

import (
	"fmt"
	"html/template"
	"strings"
)

// Entry is an edition as feeds carry it.
type Entry struct {
	Title   string
	URL     string // where shares of the edition point
	Page    string // its own page, which is its name for good
	Summary string // plain, at most 200 letters
	HTML    string // lead and takeaways, sanitised, with absolute links
	Image   string // URL of its card, may be empty
	Lang    string
}

// FeedEntry makes the entry of an edition. Merge tags show their fallbacks, as
// on its page.
func FeedEntry(e Edition) (Entry, error) {
	i, err := read(e)
	if err != nil {
		return Entry{}, err
	}
	out := Entry{Title: i.stories[0].recap.Title, URL: i.shareTarget(), Page: i.pageURL(), Summary: shorten(i.summary(), maxDescription), Lang: i.lang}
	if p := i.preview(0); p != nil {
		out.Image = p.URL
	}
	var b strings.Builder
	for n, p := range i.parts {
		if p.block != nil {
			continue // a feed carries the recaps
		}
		s, err := i.pageStory(&i.stories[p.story])
		if err != nil {
			return Entry{}, err
		}
		if n > 0 && p.story > 0 {
			fmt.Fprintf(&b, "<h2>%s</h2>\n", template.HTMLEscapeString(s.Title))
		}
		for _, p := range s.Lead {
			fmt.Fprintf(&b, "<p>%s</p>\n", p)
		}
		if len(s.Points) == 0 {
			continue
		}
		fmt.Fprintf(&b, "<ol start=\"%d\">\n", s.Points[0].N)
		for _, p := range s.Points {
			fmt.Fprintf(&b, "<li>%s</li>\n", p.Text)
		}
		b.WriteString("</ol>\n")
	}
	out.HTML = b.String()
	return out, nil
}
