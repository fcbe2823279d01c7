package templates

import (
	"fmt"
	"html"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"

	"github.com/microcosm-cc/bluemonday"
	nethtml "golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"postrider/internal/errs"
)

// sanitiser lets through the marks of a paragraph and nothing that runs, loads
// or positions. Headings, images and tables of an imported article lose their
// tags and keep their words. The policy is built once and safe to share.
var sanitiser = sync.OnceValue(func() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "strong", "em", "b", "i", "ul", "ol", "li", "blockquote", "code", "br")
	p.AllowAttrs("href").OnElements("a")
	p.AllowURLSchemes("http", "https", "mailto")
	// A merge tag may be a whole href; bluemonday sees it as a relative path.
	// dressAnchor below drops every other relative address.
	p.AllowRelativeURLs(true)
	p.RequireParseableURLs(true)
	p.AddSpaceWhenStrippingTag(false)
	return p
})

// dress is how one place shows an author's HTML.
type dress struct {
	styles map[string]string // inline style by element, for mails; nil: none
	class  map[string]string // class by element, for the dark colours of mails
	public bool              // no reader: links to unsubscribe lead nowhere
}

// rich sanitises an author's HTML and returns it as pieces with EscapeHTML and
// EscapeURL slots. Sanitising comes first: slots are placed in what is already
// clean, and their values are escaped when they are filled in.
func rich(source string, d dress) ([]Piece, error) {
	if len(source) > maxSlotText {
		return nil, errs.Invalidf("HTML of %d bytes is too long: keep it below %d", len(source), maxSlotText)
	}
	clean := sanitiser().Sanitize(source)
	tags, balanced, err := richTags(clean, d)
	if err == nil && !balanced {
		// An imported page may leave elements open; they must not swallow ours.
		if clean, err = balance(clean); err == nil {
			tags, _, err = richTags(clean, d)
		}
	}
	if err != nil {
		return nil, err
	}
	return assemble(tags)
}

// element is one that is open while HTML is read.
type element struct {
	name   string
	number int
}

// richTags reads sanitised HTML. balanced is false where an end has no start or
// a start no end.
func richTags(clean string, d dress) (tags []tag, balanced bool, err error) {
	open := []element{{}} // the outermost is no element
	z := nethtml.NewTokenizer(strings.NewReader(clean))
	for n := 1; ; n++ {
		kind := z.Next()
		if kind == nethtml.ErrorToken {
			return tags, len(open) == 1, nil
		}
		token := z.Token()
		switch kind {
		case nethtml.TextToken:
			found, err := scanTags(token.Data, EscapeHTML)
			if err != nil {
				return nil, false, err
			}
			for _, t := range found {
				if t.kind == tagText {
					t.text = html.EscapeString(t.text)
				}
				t.element = open[len(open)-1].number
				tags = append(tags, t)
			}
		case nethtml.StartTagToken, nethtml.SelfClosingTagToken:
			start, err := dressStart(token, d)
			if err != nil {
				return nil, false, err
			}
			tags = append(tags, start...)
			if token.DataAtom != atom.Br {
				open = append(open, element{name: token.Data, number: n})
			}
		case nethtml.EndTagToken:
			if open[len(open)-1].name != token.Data {
				return tags, false, nil
			}
			tags = append(tags, tag{kind: tagText, text: "</" + token.Data + ">"})
			open = open[:len(open)-1]
		}
		if len(tags) > 2*maxPieces {
			return nil, false, errs.Invalidf("HTML with more than %d parts: split it into several paragraphs", 2*maxPieces)
		}
	}
}

// balance lets a parser decide where elements end.
func balance(clean string) (string, error) {
	body := &nethtml.Node{Type: nethtml.ElementNode, Data: "body", DataAtom: atom.Body}
	nodes, err := nethtml.ParseFragment(strings.NewReader(clean), body)
	if err != nil {
		return "", fmt.Errorf("reading HTML: %w", err)
	}
	var b strings.Builder
	for _, n := range nodes {
		if err := nethtml.Render(&b, n); err != nil {
			return "", fmt.Errorf("writing HTML: %w", err)
		}
	}
	return b.String(), nil
}

// dressStart writes a start tag with the styles of its place.
func dressStart(token nethtml.Token, d dress) ([]tag, error) {
	decoration := ""
	if c := d.class[token.Data]; c != "" {
		decoration = fmt.Sprintf(` class="%s"`, c)
	}
	if s := d.styles[token.Data]; s != "" {
		decoration += fmt.Sprintf(` style="%s"`, html.EscapeString(s))
	}
	if token.DataAtom != atom.A {
		return []tag{{kind: tagText, text: "<" + token.Data + decoration + ">"}}, nil
	}
	href, err := anchorTarget(token, d)
	if err != nil || len(href) == 0 {
		return []tag{{kind: tagText, text: "<a>"}}, err
	}
	out := []tag{{kind: tagText, text: `<a href="`}}
	out = append(out, href...)
	rel := ` rel="noopener noreferrer"`
	if d.styles != nil {
		rel = ` target="_blank"` + rel // mails are read inside another page
	}
	return append(out, tag{kind: tagText, text: `"` + rel + decoration + ">"}), nil
}

// encodedTag finds merge tags that goldmark or bluemonday percent-encoded.
var encodedTag = regexp.MustCompile(`(?i)%7B%7B.*?%7D%7D`)

// anchorTarget returns the href as tags: empty where the address is none that a
// reader may follow.
func anchorTarget(token nethtml.Token, d dress) ([]tag, error) {
	i := slices.IndexFunc(token.Attr, func(a nethtml.Attribute) bool { return a.Key == "href" })
	if i < 0 {
		return nil, nil
	}
	href := encodedTag.ReplaceAllStringFunc(token.Attr[i].Val, func(s string) string {
		if plain, err := url.PathUnescape(s); err == nil {
			return plain
		}
		return s
	})
	tags, err := scanTags(href, EscapeURL)
	if err != nil {
		return nil, fmt.Errorf("in a link: %w", err)
	}
	if len(tags) == 1 && tags[0].kind == tagSlot && systemSlot(tags[0].name) {
		if d.public && tags[0].name != SlotViewURL {
			return nil, nil
		}
		tags[0].escape = EscapeHTML // the slot is the whole URL
		return tags, nil
	}
	for n := range tags {
		t := &tags[n]
		switch {
		case t.kind == tagText:
			t.text = html.EscapeString(t.text)
		case t.kind != tagSlot || systemSlot(t.name):
			return nil, badTag(t.text, t.at, "cannot stand inside a longer link: use it by itself")
		}
	}
	// A reader's value may fill a path or query, never choose scheme or host.
	if len(tags) == 0 || tags[0].kind != tagText {
		return nil, nil
	}
	head := html.UnescapeString(tags[0].text)
	if len(tags) == 1 && linkURL(head) == "" || len(tags) > 1 && !hostDone.MatchString(head) {
		return nil, nil
	}
	return tags, nil
}

// hostDone matches an address whose host is already complete.
var hostDone = regexp.MustCompile(`^(?i:https?)://[^/?#@]+[/?#]`)

// textOf returns the words of HTML with one space where tags divided them; it
// stands in where a recap has HTML only.
func textOf(source string) string {
	var b strings.Builder
	z := nethtml.NewTokenizer(strings.NewReader(sanitiser().Sanitize(source)))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return strings.Join(strings.Fields(b.String()), " ")
		case nethtml.TextToken:
			b.WriteString(z.Token().Data)
		case nethtml.StartTagToken, nethtml.EndTagToken, nethtml.SelfClosingTagToken:
			if name, _ := z.TagName(); string(name) == "p" || string(name) == "li" || string(name) == "br" {
				b.WriteByte(' ')
			}
		}
	}
}

// anchor is a link found in an author's HTML.
type anchor struct{ text, url string }

// anchorsOf lists the links of an author's HTML that a reader may follow, for
// the text part, whose words do not carry them.
func anchorsOf(source string) []anchor {
	if !strings.Contains(source, "<a") && !strings.Contains(source, "<A") {
		return nil // most paragraphs; sanitising is the dear part
	}
	var out []anchor
	in := false
	z := nethtml.NewTokenizer(strings.NewReader(sanitiser().Sanitize(source)))
	for {
		switch z.Next() {
		case nethtml.ErrorToken:
			return out
		case nethtml.StartTagToken:
			token := z.Token()
			if token.DataAtom != atom.A {
				continue
			}
			for _, a := range token.Attr {
				if u := linkURL(a.Val); a.Key == "href" && u != "" && !encodedTag.MatchString(u) {
					out, in = append(out, anchor{url: u}), true
				}
			}
		case nethtml.TextToken:
			if in {
				out[len(out)-1].text += z.Token().Data
			}
		case nethtml.EndTagToken:
			if name, _ := z.TagName(); string(name) == "a" {
				in = false
			}
		}
	}
}
