package recaps

import (
	"bytes"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"codeberg.org/readeck/go-readability/v2"
	"github.com/JohannesKaufmann/html-to-markdown/v2/converter"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/base"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/commonmark"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/strikethrough"
	"github.com/JohannesKaufmann/html-to-markdown/v2/plugin/table"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
	"golang.org/x/net/html/charset"
	"golang.org/x/text/language"

	"postrider/internal/errs"
)

const maxElements = 50_000 // of a page; an article has a few hundred

// readPage finds the article within a web page and reads it as if its author
// had written it in Markdown. What has no place is left out, not refused: the
// page is somebody else's.
func readPage(d Document, leave func(what, why string)) (Recap, error) {
	refuse := func(format string, args ...any) (Recap, error) {
		return Recap{}, &errs.Error{Kind: errs.Invalid, File: d.Name, Text: fmt.Sprintf(format, args...)}
	}
	if len(d.Body) > MaxPage {
		return refuse("is larger than %d MB: save the article alone", MaxPage>>20)
	}
	decoded, err := charset.NewReader(bytes.NewReader(d.Body), d.Type)
	if err != nil {
		return refuse("is empty, or has an encoding that is not known: save it as UTF-8")
	}
	page, err := html.Parse(decoded)
	if err != nil {
		return refuse("is no web page (%v): save the article's text to a .txt file", err)
	}
	at := homeOf(d.URL, page)
	finder := readability.NewParser()
	finder.MaxElemsToParse, finder.CharThresholds = maxElements, 200
	found, err := finder.ParseDocument(page, at)
	if err != nil {
		return refuse("has too many elements to find an article in: save the article's text to a .txt file")
	}
	if found.Node == nil {
		return refuse("has no article that can be found: save its text to a .txt file and read that")
	}
	r := Recap{Title: oneLine(found.Title()), Lang: pageLanguage(found.Language(), page)}
	if at.Host != "" {
		r.URL = at.String()
	}
	r.Image, r.ImageAlt = pageImage(found.ImageURL(), page, at)
	leaveFurniture(page, found.Node, r.ImageAlt, leave)
	return readArticle(d.Name, r, found.Node, at, leave)
}

// homeOf is where a page is at home: what it calls its canonical address,
// else where it came from. It is empty, not nil, where neither is known.
func homeOf(fetched string, page *html.Node) *url.URL {
	from, err := url.Parse(fetched)
	if err != nil {
		from = &url.URL{}
	}
	for n := range page.Descendants() {
		if n.DataAtom == atom.Link && strings.EqualFold(attribute(n, "rel"), "canonical") {
			if u, err := from.Parse(attribute(n, "href")); err == nil && checkURL("url", u.String(), "http", "https") == nil {
				return u
			}
		}
	}
	return from
}

// pageLanguage is the page's own word, where it is a language.
func pageLanguage(found string, page *html.Node) string {
	for n := range page.Descendants() {
		if n.DataAtom == atom.Html {
			if said := attribute(n, "lang"); said != "" {
				found = said
			}
		}
	}
	tag, err := language.Parse(strings.ReplaceAll(found, "_", "-"))
	if err != nil || tag == language.Und {
		return ""
	}
	return tag.String()
}

// pageImage is the page's picture with the words of the same picture within it.
func pageImage(found string, page *html.Node, at *url.URL) (image, alt string) {
	u, err := at.Parse(found)
	if found == "" || err != nil || checkImage(u.String()) != nil || !u.IsAbs() {
		return "", ""
	}
	for n := range page.Descendants() {
		if n.DataAtom != atom.Img {
			continue
		}
		if src, err := at.Parse(attribute(n, "src")); err == nil && src.String() == u.String() {
			if alt = oneLine(attribute(n, "alt")); alt != "" {
				break
			}
		}
	}
	return u.String(), alt
}

// readArticle reads the HTML of an article, as a page or a feed has it. r says
// what is known already.
func readArticle(name string, r Recap, node *html.Node, at *url.URL, leave func(what, why string)) (Recap, error) {
	tidyLinks(node, at, leave)
	source, err := toMarkdown().ConvertNode(node)
	if err != nil {
		return Recap{}, &errs.Error{Kind: errs.Invalid, File: name, Text: "cannot be read as an article: save its text to a .txt file", Err: err}
	}
	body := plainLines(strings.ToValidUTF8(string(source), "\uFFFD"))
	a := &article{file: name, loose: true, leave: leave, src: []byte(body), line: 1, recap: r, places: places{},
		meta: &frontMatter{file: name, has: map[string]bool{"image": r.Image != ""}, places: places{}}}
	out, err := a.read()
	var e *errs.Error
	if errors.As(err, &e) {
		e.Line = 0 // of a text that nobody has seen
		if e.Field == "takeaways" && len(a.recap.Takeaways) == 0 {
			e.Text = "has no list of takeaways that can be found: an ordered list, numbered headings, or bullets below a heading such as Key takeaways. " +
				"Save its text to a .md file and number them"
		}
	}
	return out, err
}

// toMarkdown makes a converter; it is not said to be safe for concurrent use.
func toMarkdown() *converter.Converter {
	return converter.NewConverter(converter.WithPlugins(base.NewBasePlugin(), commonmark.NewCommonmarkPlugin(),
		strikethrough.NewStrikethroughPlugin(), table.NewTablePlugin()))
}

// tidyLinks makes links and images absolute and takes those out that a mail
// may not carry; the words of a link stay.
func tidyLinks(root *html.Node, at *url.URL, leave func(what, why string)) {
	var drop []*html.Node
	for n := range root.Descendants() {
		switch n.DataAtom {
		case atom.A:
			to := attribute(n, "href")
			u, err := at.Parse(strings.TrimSpace(to))
			if err == nil && to != "" && checkURL("link", u.String(), "http", "https", "mailto") == nil {
				setAttribute(n, "href", u.String())
				continue
			}
			if to != "" && !strings.HasPrefix(to, "#") {
				leave(wordsOf(n)+" → "+to, "a mail may not carry this link; its words are kept")
			}
			n.DataAtom, n.Data, n.Attr = atom.Span, "span", nil
		case atom.Img:
			u, err := at.Parse(strings.TrimSpace(attribute(n, "src")))
			if err == nil && attribute(n, "width") != "1" && checkURL("image", u.String(), "http", "https") == nil {
				setAttribute(n, "src", u.String())
				continue
			}
			leave(attribute(n, "alt")+" "+clip(attribute(n, "src")), "a mail cannot show this picture")
			drop = append(drop, n)
		case atom.Iframe, atom.Video, atom.Audio, atom.Object, atom.Embed, atom.Svg, atom.Math, atom.Form, atom.Button, atom.Script, atom.Style, atom.Noscript:
			leave(n.Data+" "+wordsOf(n)+" "+attribute(n, "src"), "a mail cannot show this element")
			drop = append(drop, n)
		}
	}
	for _, n := range drop {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
}

func attribute(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func setAttribute(n *html.Node, key, value string) {
	for i := range n.Attr {
		if n.Attr[i].Key == key {
			n.Attr[i].Val = value
		}
	}
}
