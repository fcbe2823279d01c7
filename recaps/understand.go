package recaps

import (
	"bytes"
	"net/url"
	"path"
	"regexp"
	"strings"
	"time"
)

// MaxPage is how large a web page or a feed may be, in bytes: most of one is
// no article.
const MaxPage = 5 << 20

// Document is what somebody hands in to be read as a recap.
type Document struct {
	Name  string // file name or address, for messages; its ending says what it is where nothing else does
	URL   string // where it was fetched from, empty for a file: relative links of a page start there
	Type  string // media type as the server gave it, empty where it is not known
	Body  []byte
	Entry int // of a feed: which entry from the newest, from 1; 0: the newest that reads as a recap
}

// Format is what a document was read as.
type Format string

// The formats of documents.
const (
	FormatMarkdown Format = "markdown"
	FormatText     Format = "text"
	FormatPage     Format = "page"
	FormatFeed     Format = "feed"
)

// Understood is a recap with what became of the rest of its document.
type Understood struct {
	Recap   Recap     `json:"recap"`
	Format  Format    `json:"format"`
	LeftOut []LeftOut `json:"left_out"` // in the order of the document, at most 100
	Entries []Entry   `json:"entries"`  // of a feed, the newest first; else empty
	Source  string    `json:"-"`        // of Markdown and plain text: what was read
}

// LeftOut is a piece of a document that the recap does not hold.
type LeftOut struct {
	What string `json:"what"` // its first words
	Why  string `json:"why"`
}

// Entry is an article of a feed.
type Entry struct {
	N         int       `json:"n"` // from 1
	Title     string    `json:"title"`
	URL       string    `json:"url"`
	Published time.Time `json:"published"` // zero where the feed does not say
	Chosen    bool      `json:"chosen"`
}

const maxLeftOut = 100

// Understand reads a document of any format: Markdown with or without front
// matter, plain text, a web page, or a feed (RSS, Atom, JSON Feed). What is
// left of it when the recap is taken out is in LeftOut, with the reason.
//
// The extensions .md and .markdown mean Markdown, so does a first line "---";
// any other text that has Markdown headings or links is read as Markdown too,
// the rest as plain text. Text is UTF-8 with or without byte order mark, or
// UTF-16 with one; line ends may be those of any system. A page may have any
// encoding that it declares. Every refusal is an *errs.Error of kind Invalid
// with the document, the line where it is known, and the remedy.
func Understand(d Document) (Understood, error) {
	u := Understood{LeftOut: []LeftOut{}, Entries: []Entry{}}
	var err error
	switch {
	case isFeed(d):
		u.Format = FormatFeed
		err = readFeed(d, &u)
	case isPage(d):
		u.Format = FormatPage
		u.Recap, err = readPage(d, u.leave)
	default:
		var src string
		if src, err = decode(d.Name, d.Body); err != nil {
			break
		}
		u.Source = src
		if u.Format = FormatText; d.Type == "text/markdown" || isMarkdown(d.Name, src) {
			u.Format = FormatMarkdown
			u.Recap, err = readMarkdown(d.Name, src, u.leave)
			break
		}
		u.Recap, err = readText(d.Name, src, u.leave)
	}
	if err != nil {
		return Understood{}, err
	}
	if u.Recap.URL == "" && d.URL != "" {
		u.Recap.URL = d.URL
		if checkURL("url", d.URL, "http", "https") != nil {
			u.Recap.URL = ""
		}
	}
	return u, nil
}

// leave notes something that the recap does not hold, once.
func (u *Understood) leave(what, why string) {
	l := LeftOut{What: clip(oneLine(what)), Why: why}
	if l.What == "" || len(u.LeftOut) >= maxLeftOut {
		return
	}
	for _, have := range u.LeftOut {
		if have == l {
			return
		}
	}
	u.LeftOut = append(u.LeftOut, l)
}

var (
	xmlFeed  = regexp.MustCompile(`(?is)^\s*(?:<\?[^>]*\?>\s*|<!--.*?-->\s*|<!doctype[^>]*>\s*)*<(?:rss|feed|rdf:rdf)[\s>]`)
	jsonFeed = regexp.MustCompile(`^\s*\{[^{}]*"version"\s*:\s*"https?:\\?/\\?/jsonfeed\.org\\?/version`)
)

// sniffed is as much of a document as its kind is judged by.
func sniffed(b []byte) []byte { return bytes.TrimPrefix(b[:min(len(b), 4096)], []byte("\uFEFF")) }

// isFeed judges by what stands in the document: servers give feeds all kinds
// of types.
func isFeed(d Document) bool {
	head := sniffed(d.Body)
	return d.Type == "application/feed+json" || xmlFeed.Match(head) || jsonFeed.Match(head)
}

func isPage(d Document) bool {
	switch d.Type {
	case "text/html", "application/xhtml+xml":
		return true
	case "text/markdown", "text/plain":
		return false
	}
	name := d.Name
	if u, err := url.Parse(name); err == nil && u.Host != "" {
		name = u.Path
	}
	switch strings.ToLower(path.Ext(name)) {
	case ".html", ".htm", ".xhtml":
		return true
	case ".md", ".markdown":
		return false
	}
	return pageSign.Match(sniffed(d.Body))
}
