package recaps

import (
	"net/url"
	"regexp"
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"postrider/internal/errs"
)

// MaxClipboard is the largest piece of HTML that is read from a clipboard.
const MaxClipboard = 2 << 20

// ReadClipboard returns the Markdown of what a word processor or a browser put
// on the clipboard as HTML: headings, lists, links, bold, italics, quotations
// and tables are kept; styles, Office's own tags, scripts, trackers and
// pictures that lie on the author's machine are left out. What holds no words
// gives "". left says what of it was left out that people would miss, and why. HTML
// that is too large or has too many elements is Invalid.
func ReadClipboard(clip string) (text string, left []LeftOut, err error) {
	if len(clip) > MaxClipboard {
		return "", nil, errs.Invalidf("what was copied is larger than %d MiB: paste it in parts, or without its format (Ctrl+Shift+V)", MaxClipboard>>20)
	}
	page, err := html.Parse(strings.NewReader(strings.ToValidUTF8(clip, "\uFFFD")))
	if err != nil {
		return "", nil, &errs.Error{Kind: errs.Invalid, Text: "what was copied cannot be read: paste it without its format (Ctrl+Shift+V)", Err: err}
	}
	elements := 0
	for range page.Descendants() {
		if elements++; elements > maxElements {
			return "", nil, errs.Invalidf("what was copied has too many parts: paste it in parts, or without its format (Ctrl+Shift+V)")
		}
	}
	dropJunk(page)
	officeLists(page)
	styledWords(page)
	for n := range page.Descendants() {
		if n.DataAtom == atom.A {
			setAttribute(n, "href", withoutTrackers(attribute(n, "href")))
		}
	}
	var u Understood
	tidyLinks(page, &url.URL{}, u.leave)
	source, err := toMarkdown().ConvertNode(page)
	if err != nil {
		return "", nil, &errs.Error{Kind: errs.Invalid, Text: "what was copied cannot be read: paste it without its format (Ctrl+Shift+V)", Err: err}
	}
	return strings.TrimSpace(looseEnds.ReplaceAllString(plainLines(strings.ToValidUTF8(string(source), "\uFFFD")), "$1")), u.LeftOut, nil
}

// looseEnds are what keeps two lists apart, and the empty line that would make
// a list within a list a loose one.
var looseEnds = regexp.MustCompile(`<!--THE END-->\n*|[ \t]+\n(?:[ \t]*\n)?([ \t]+(?:\d+\.|-) )`)

// dropJunk takes out what nobody reads: comments, heads, Office's own elements,
// and what a style hides. Of an element of Office its words stay.
func dropJunk(root *html.Node) {
	var drop, unwrap []*html.Node
	for n := range root.Descendants() {
		style := styleOf(n)
		switch {
		case n.Type == html.CommentNode, n.DataAtom == atom.Head, n.DataAtom == atom.Title, n.Data == "xml",
			strings.Contains(style, "display:none"), strings.Contains(style, "mso-hide:all"):
			drop = append(drop, n)
		case n.Type == html.ElementNode && strings.Contains(n.Data, ":"):
			unwrap = append(unwrap, n)
		case n.DataAtom == atom.P && blankText(strings.ReplaceAll(wordsOf(n), "\u00a0", " ")) && !holdsImage(n):
			drop = append(drop, n) // how Word writes an empty line
		case n.DataAtom == atom.P && n.Parent != nil && n.Parent.DataAtom == atom.Li && onlyParagraph(n):
			unwrap = append(unwrap, n) // so that the list stays tight
		}
	}
	for _, n := range drop {
		if n.Parent != nil {
			n.Parent.RemoveChild(n)
		}
	}
	for _, n := range unwrap {
		replaceByChildren(n)
	}
}

func holdsImage(n *html.Node) bool {
	for c := range n.Descendants() {
		if c.DataAtom == atom.Img {
			return true
		}
	}
	return false
}

func onlyParagraph(p *html.Node) bool {
	for c := p.Parent.FirstChild; c != nil; c = c.NextSibling {
		if c != p && c.DataAtom == atom.P {
			return false
		}
	}
	return true
}

func replaceByChildren(n *html.Node) {
	if n.Parent == nil {
		return
	}
	for c := n.FirstChild; c != nil; c = n.FirstChild {
		n.RemoveChild(c)
		n.Parent.InsertBefore(c, n)
	}
	n.Parent.RemoveChild(n)
}

// styleOf is an element's style in lower case without spaces.
func styleOf(n *html.Node) string {
	return strings.ToLower(strings.Join(strings.Fields(attribute(n, "style")), ""))
}

var (
	officeLevel = regexp.MustCompile(`mso-list:l\d+level(\d)`)
	listNumber  = regexp.MustCompile(`^\(?(?:\d{1,3}|[a-zA-Z]|[ivxlcIVXLC]{1,6})[.)]`)
)

// officeLists makes lists of the paragraphs that Word writes instead of them:
// each says its level in its style and carries its number or dot as words.
func officeLists(root *html.Node) {
	var items []*html.Node
	for n := range root.Descendants() {
		if n.DataAtom == atom.P && officeLevel.MatchString(styleOf(n)) {
			items = append(items, n)
		}
	}
	var open []*html.Node // the lists that the last item stands in, the outermost first
	var last *html.Node
	for _, p := range items {
		level := int(officeLevel.FindStringSubmatch(styleOf(p))[1][0] - '0')
		kind := atom.Ul
		if listNumber.MatchString(takeMarker(p)) {
			kind = atom.Ol
		}
		if last == nil || elementBefore(p) != last {
			open = nil
		}
		level = min(max(level, 1), len(open)+1)
		if level <= len(open) && open[level-1].DataAtom != kind && level == 1 {
			open = nil
		}
		open = open[:min(len(open), level)]
		if len(open) < level {
			list := &html.Node{Type: html.ElementNode, DataAtom: kind, Data: kind.String()}
			if len(open) == 0 {
				p.Parent.InsertBefore(list, p)
			} else {
				open[len(open)-1].LastChild.AppendChild(list)
			}
			open = append(open, list)
		}
		p.Parent.RemoveChild(p)
		p.DataAtom, p.Data, p.Attr = atom.Li, "li", nil
		open[len(open)-1].AppendChild(p)
		last = open[0]
	}
}

// elementBefore is the element that a node follows, over white space.
func elementBefore(n *html.Node) *html.Node {
	b := n.PrevSibling
	for b != nil && b.Type == html.TextNode && strings.TrimSpace(b.Data) == "" {
		b = b.PrevSibling
	}
	return b
}

// takeMarker takes the number or dot out of a paragraph of Word's and returns it.
func takeMarker(p *html.Node) string {
	var marks []*html.Node
	for n := range p.Descendants() {
		if strings.Contains(styleOf(n), "mso-list:ignore") {
			marks = append(marks, n)
		}
	}
	words := ""
	for _, n := range marks {
		words += wordsOf(n)
		n.Parent.RemoveChild(n)
	}
	return strings.TrimSpace(words)
}

var (
	boldStyle = regexp.MustCompile(`(?:^|;)font-weight:(?:bold|[6-9]00)`)
	mereStyle = regexp.MustCompile(`(?:^|;)font-weight:(?:normal|400)`)
)

// styledWords makes elements of what is bold or italic by its style alone, and
// takes the meaning from a <b> that wraps a whole document and says it is not.
func styledWords(root *html.Node) {
	var spans, mere []*html.Node
	for n := range root.Descendants() {
		style := styleOf(n)
		switch {
		case (n.DataAtom == atom.B || n.DataAtom == atom.Strong) && mereStyle.MatchString(style),
			(n.DataAtom == atom.Strong || n.DataAtom == atom.B) && inHeading(n): // a heading is bold already
			mere = append(mere, n)
		case n.DataAtom == atom.Span && !inHeading(n) && strings.TrimSpace(wordsOf(n)) != "":
			spans = append(spans, n)
		}
	}
	for _, n := range mere {
		replaceByChildren(n)
	}
	for _, n := range spans {
		style := styleOf(n)
		bold, slanted := boldStyle.MatchString(style), strings.Contains(style, "font-style:italic")
		switch {
		case bold && slanted:
			inner := &html.Node{Type: html.ElementNode, DataAtom: atom.Em, Data: "em"}
			for c := n.FirstChild; c != nil; c = n.FirstChild {
				n.RemoveChild(c)
				inner.AppendChild(c)
			}
			n.AppendChild(inner)
			n.DataAtom, n.Data = atom.Strong, "strong"
		case bold:
			n.DataAtom, n.Data = atom.Strong, "strong"
		case slanted:
			n.DataAtom, n.Data = atom.Em, "em"
		}
	}
}

func inHeading(n *html.Node) bool {
	for p := n.Parent; p != nil; p = p.Parent {
		switch p.DataAtom {
		case atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6:
			return true
		}
	}
	return false
}

// trackers are parameters of addresses that only tell who clicked.
var trackers = map[string]bool{"fbclid": true, "gclid": true, "dclid": true, "msclkid": true, "mc_cid": true, "mc_eid": true, "igshid": true, "yclid": true, "_hsenc": true, "_hsmi": true}

// withoutTrackers returns an address without what only tells who clicked, and
// where it leads instead of the word processor's own detour.
func withoutTrackers(address string) string {
	u, err := url.Parse(strings.TrimSpace(address))
	if err != nil {
		return address
	}
	if to := u.Query().Get("q"); to != "" && (u.Host == "www.google.com" || u.Host == "google.com") && u.Path == "/url" {
		return withoutTrackers(to)
	}
	kept := []string{}
	for _, part := range strings.Split(u.RawQuery, "&") {
		name, _, _ := strings.Cut(part, "=")
		if name = strings.ToLower(name); part != "" && !trackers[name] && !strings.HasPrefix(name, "utm_") {
			kept = append(kept, part)
		}
	}
	u.RawQuery = strings.Join(kept, "&")
	return u.String()
}
