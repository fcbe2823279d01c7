package recaps

import (
	"bytes"
	"cmp"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/mmcdole/gofeed"
	"golang.org/x/net/html"

	"postrider/internal/errs"
)

const maxEntries = 500 // of a feed that are looked at

// readFeed reads the entry that is asked for, else the newest that reads as a
// recap, and lists all of them.
func readFeed(d Document, u *Understood) error {
	refuse := func(err error, format string, args ...any) error {
		return &errs.Error{Kind: errs.Invalid, File: d.Name, Text: fmt.Sprintf(format, args...), Err: err}
	}
	if len(d.Body) > MaxPage {
		return refuse(nil, "is larger than %d MB: import the article's own page", MaxPage>>20)
	}
	feed, err := gofeed.NewParser().Parse(bytes.NewReader(d.Body))
	if err != nil {
		return refuse(err, "is no feed that can be read: import the article's own page")
	}
	items := newestFirst(feed.Items)
	if len(items) == 0 {
		return refuse(nil, "has no entries: import the article's own page")
	}
	if d.Entry < 0 || d.Entry > len(items) {
		return refuse(nil, "has no entry %d: the newest is 1, the oldest %d", d.Entry, len(items))
	}
	for i, item := range items {
		u.Entries = append(u.Entries, Entry{N: i + 1, Title: oneLine(item.Title), URL: item.Link, Published: published(item)})
	}
	var first error
	for i, item := range items {
		if d.Entry != 0 && d.Entry != i+1 {
			continue
		}
		tried := Understood{}
		r, err := readEntry(d, feed, item, tried.leave)
		if err == nil {
			u.Recap, u.Entries[i].Chosen = r, true
			u.LeftOut = append(u.LeftOut, tried.LeftOut...)
			return nil
		}
		if first == nil {
			first = err
		}
		u.leave(fmt.Sprintf("entry %d: %s", i+1, oneLine(item.Title)), "is no recap: "+err.Error())
	}
	remedy := "import the article's own page"
	if link := items[max(d.Entry-1, 0)].Link; link != "" {
		remedy += ", " + clip(link)
	}
	return refuse(first, "has no entry that reads as a recap; often a feed holds the first lines only: %s", remedy)
}

func newestFirst(items []*gofeed.Item) []*gofeed.Item {
	items = slices.DeleteFunc(slices.Clone(items), func(i *gofeed.Item) bool { return i == nil })
	slices.SortStableFunc(items, func(a, b *gofeed.Item) int { return cmp.Compare(published(b).UnixMilli(), published(a).UnixMilli()) })
	return items[:min(len(items), maxEntries)]
}

func published(i *gofeed.Item) time.Time {
	switch {
	case i.PublishedParsed != nil:
		return i.PublishedParsed.UTC()
	case i.UpdatedParsed != nil:
		return i.UpdatedParsed.UTC()
	}
	return time.Time{}
}

func readEntry(d Document, feed *gofeed.Feed, item *gofeed.Item, leave func(what, why string)) (Recap, error) {
	content := item.Content
	if strings.TrimSpace(content) == "" {
		content = item.Description
	}
	if len(content) > MaxBytes {
		return Recap{}, errs.Invalidf("it is larger than %d MiB", MaxBytes>>20)
	}
	node, err := html.Parse(strings.NewReader(content))
	if err != nil {
		return Recap{}, errs.Invalidf("its content cannot be read: %w", err)
	}
	at, err := url.Parse(d.URL)
	if err != nil {
		at = &url.URL{}
	}
	if feed.Link != "" {
		if u, err := at.Parse(feed.Link); err == nil {
			at = u
		}
	}
	r := Recap{Title: oneLine(plainOf(item.Title)), Lang: pageLanguage(feed.Language, node)}
	if u, err := at.Parse(item.Link); err == nil && item.Link != "" && checkURL("url", u.String(), "http", "https") == nil {
		r.URL, at = u.String(), u
	}
	if item.Image != nil {
		r.Image, _ = pageImage(item.Image.URL, node, at)
	}
	return readArticle(d.Name, r, node, at, leave)
}
