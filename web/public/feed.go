package public

import (
	"encoding/xml"
	"net/http"
	"strconv"
	"time"

	"github.com/gorilla/feeds"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/templates"
)

const (
	feedEntries  = 20     // recaps in a feed
	sitemapBatch = 500    // editions read at once
	sitemapMost  = 20_000 // addresses; sitemaps.org allows 50,000
)

// rss, atom and jsonFeed are the same recaps in three forms; readers choose.
func (h *house) rss(w http.ResponseWriter, r *http.Request) error {
	return h.feed(w, r, "application/rss+xml", (*feeds.Feed).ToRss)
}

func (h *house) atom(w http.ResponseWriter, r *http.Request) error {
	return h.feed(w, r, "application/atom+xml", (*feeds.Feed).ToAtom)
}

func (h *house) jsonFeed(w http.ResponseWriter, r *http.Request) error {
	return h.feed(w, r, "application/feed+json", (*feeds.Feed).ToJSON)
}

func (h *house) feed(w http.ResponseWriter, r *http.Request, kind string, write func(*feeds.Feed) (string, error)) error {
	org := h.organisation(r)
	f := &feeds.Feed{Title: org.Name, Link: &feeds.Link{Href: org.URL}, Description: "Recaps and their key takeaways", Copyright: org.Name}
	if f.Title == "" {
		f.Title = "Recaps"
	}
	editions, err := h.Store.PublicEditions(r.Context(), 0, feedEntries)
	if err != nil {
		return err
	}
	for _, e := range editions {
		input, err := h.input(r.Context(), e.ID)
		if errs.Is(err, errs.NotFound) {
			continue // withdrawn this moment
		}
		if err != nil {
			return err
		}
		entry, err := templates.FeedEntry(input)
		if err != nil {
			return err
		}
		if f.Link.Href == "" {
			f.Link.Href = input.BaseURL + "/"
		}
		f.Items = append(f.Items, item(entry, e.PublicAt))
		if e.PublicAt.After(f.Updated) {
			f.Updated = e.PublicAt
		}
	}
	text, err := write(f)
	if err != nil {
		return err
	}
	return unchanged(w, r, kind+"; charset=utf-8", 5*time.Minute, []byte(text))
}

// item is known by its page for good, wherever its link points.
func item(e templates.Entry, published time.Time) *feeds.Item {
	i := &feeds.Item{Title: e.Title, Link: &feeds.Link{Href: e.URL}, Id: e.Page, IsPermaLink: strconv.FormatBool(e.URL == e.Page),
		Description: e.Summary, Content: e.HTML, Created: published, Updated: published}
	if e.Image != "" {
		// The length is that of no picture drawn yet; RSS 2.0 allows 0.
		i.Enclosure = &feeds.Enclosure{Url: e.Image, Type: "image/jpeg", Length: "0"}
	}
	return i
}

type sitemap struct {
	XMLName xml.Name `xml:"http://www.sitemaps.org/schemas/sitemap/0.9 urlset"`
	URLs    []place  `xml:"url"`
}

type place struct {
	Loc     string `xml:"loc"`
	LastMod string `xml:"lastmod,omitempty"`
}

// sitemap lists the recaps' pages for search engines.
func (h *house) sitemap(w http.ResponseWriter, r *http.Request) error {
	var out sitemap
	base := ""
	for before := campaigns.EditionID(0); len(out.URLs) < sitemapMost; {
		batch, err := h.Store.PublicEditions(r.Context(), before, sitemapBatch)
		if err != nil {
			return err
		}
		for _, e := range batch {
			before = e.ID
			if base == "" {
				input, err := h.input(r.Context(), e.ID)
				if err != nil {
					return err
				}
				base = input.BaseURL
			}
			out.URLs = append(out.URLs, place{Loc: base + pagePath(e.Slug), LastMod: e.PublicAt.UTC().Format(time.RFC3339)})
		}
		if len(batch) < sitemapBatch {
			break
		}
	}
	b, err := xml.MarshalIndent(out, "", " ")
	if err != nil {
		return err
	}
	return unchanged(w, r, "application/xml; charset=utf-8", time.Hour, append([]byte(xml.Header), append(b, '\n')...))
}
