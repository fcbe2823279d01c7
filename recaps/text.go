package recaps

import (
	"bytes"
	"net/url"
	"regexp"
	"strings"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
	"github.com/yuin/goldmark/util"
	"golang.org/x/net/html"
)

// markdown is GFM without task lists: a mail has no checkboxes, and "[x]" would
// mean one thing at the beginning of a list item and another alone. It is safe
// for concurrent use: parser and renderer are set up once.
var markdown = goldmark.New(goldmark.WithExtensions(extension.Table, extension.Strikethrough, extension.CJK,
	extension.NewLinkify(extension.WithLinkifyAllowedProtocols([]string{"http:", "https:"}))))

// readSource reads Markdown that stands alone. Its HTML and Plain depend on
// nothing but source, so a recap that is written and read again is the same.
// Links and images that a mail may not carry are refused.
func readSource(source string) (Text, error) {
	src := []byte(source)
	doc := markdown.Parser().Parse(text.NewReader(src))
	if _, err := findBadLink(doc, src, false); err != nil {
		return Text{}, err
	}
	return rendered(source, src, doc), nil
}

// ReadFragment reads Markdown that is no part of a recap, such as a block beside
// it. What a mail may not carry is Invalid.
func ReadFragment(markdown string) (Text, error) {
	a := article{src: []byte(markdown), line: 1}
	if err := a.checkShape(); err != nil {
		return Text{}, err
	}
	return readSource(markdown)
}

// newText is readSource where the links have been or will be checked.
func newText(source string) Text {
	src := []byte(source)
	return rendered(source, src, markdown.Parser().Parse(text.NewReader(src)))
}

func rendered(source string, src []byte, doc ast.Node) Text {
	dropRawHTML(doc)
	var b bytes.Buffer
	_ = markdown.Renderer().Render(&b, src, doc) // only the writer can fail, a Buffer does not
	out := strings.TrimSpace(b.String())
	return Text{Plain: plainOf(out), Markdown: source, HTML: out}
}

// plainText makes a Text of paragraphs that have no markup.
func plainText(paragraphs ...string) (Text, error) {
	escaped := make([]string, len(paragraphs))
	for i, p := range paragraphs {
		escaped[i] = escapeMarkdown(oneLine(p))
	}
	return readSource(strings.Join(escaped, "\n\n"))
}

// findBadLink returns the first link or image that a mail may not carry, with
// the offset of it or of what stands before it; no error when all are good.
// files allows a file name as an image that is a paragraph of its own: it may
// become the recap's image, the only one that travels with the recap.
func findBadLink(doc ast.Node, src []byte, files bool) (offset int, err error) {
	err = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if p := n.Pos(); p >= 0 && p <= len(src) {
			offset = p
		}
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Link:
			return ast.WalkContinue, checkURL("link", address(n.Destination), "http", "https", "mailto")
		case *ast.AutoLink:
			return ast.WalkContinue, checkURL("link", autoAddress(n, src), "http", "https", "mailto")
		case *ast.Image:
			if files && onlyInline(n.Parent(), src) == n && n.Parent().Parent() == doc {
				return ast.WalkContinue, checkImage(imageName(n.Destination))
			}
			return ast.WalkContinue, checkURL("image", address(n.Destination), "http", "https")
		}
		return ast.WalkContinue, nil
	})
	return offset, err
}

// address returns a link's destination as a browser gets it.
func address(destination []byte) string { return string(util.URLEscape(destination, true)) }

func autoAddress(n *ast.AutoLink, src []byte) string {
	to := string(util.URLEscape(n.URL(src), false))
	if n.AutoLinkType == ast.AutoLinkEmail && !strings.HasPrefix(strings.ToLower(to), "mailto:") {
		return "mailto:" + to
	}
	return to
}

// imageName is an address, or a file name as the disk has it.
func imageName(destination []byte) string {
	to := address(destination)
	if name, err := url.PathUnescape(to); err == nil && !strings.Contains(to, ":") {
		return name
	}
	return to
}

// dropRawHTML removes the author's tags; the words between inline tags stay.
func dropRawHTML(doc ast.Node) {
	var raw []ast.Node
	_ = ast.Walk(doc, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if entering && (n.Kind() == ast.KindRawHTML || n.Kind() == ast.KindHTMLBlock) {
			raw = append(raw, n)
		}
		return ast.WalkContinue, nil
	})
	for _, n := range raw {
		n.Parent().RemoveChild(n.Parent(), n)
	}
}

// inline are the elements at whose border no word ends.
var inline = map[string]bool{"a": true, "em": true, "strong": true, "code": true, "del": true, "input": true}

// plainOf returns the words of rendered Markdown, an image as its alternative
// text. It reads the HTML and not the syntax tree, so that escapes, entities and
// East Asian line breaks come out exactly as readers see them.
func plainOf(rendered string) string {
	var b strings.Builder
	z := html.NewTokenizer(strings.NewReader(rendered))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return oneLine(b.String())
		case html.TextToken:
			b.Write(z.Text())
		case html.StartTagToken, html.EndTagToken, html.SelfClosingTagToken:
			t := z.Token()
			if t.Data == "img" {
				for _, a := range t.Attr {
					if a.Key == "alt" {
						b.WriteString(a.Val)
					}
				}
			} else if !inline[t.Data] {
				b.WriteByte(' ')
			}
		}
	}
}

var (
	bareAddress = regexp.MustCompile(`https?://[^\s<>]+|www\.[^\s<>]+|[\w.+-]+@[\w-]+(?:\.[\w-]+)+`)
	lineOpening = regexp.MustCompile(`^(?:(\d{1,9})([.)])|([-+=#>|:~]))`)
	punctuation = regexp.MustCompile("[!-/:-@\\[-`{-~]")
	entity      = regexp.MustCompile(`^&#?\w+;`)
)

// escapeMarkdown writes one line of plain text so that Markdown reads the same
// words. Addresses stay bare and become links. Only what Markdown could
// misread is escaped, to keep the source pleasant to edit.
func escapeMarkdown(plain string) string {
	var b strings.Builder
	rest := plain
	for rest != "" {
		i := bareAddress.FindStringIndex(rest)
		if i == nil {
			i = []int{len(rest), len(rest)}
		}
		b.WriteString(escapeWords(rest[:i[0]]))
		b.WriteString(rest[i[0]:i[1]])
		rest = rest[i[1]:]
	}
	s := b.String()
	if m := lineOpening.FindStringSubmatchIndex(s); m != nil {
		at := m[4] // the dot after a number
		if at < 0 {
			at = m[6]
		}
		s = s[:at] + `\` + s[at:]
	}
	if newText(s).Plain == plain {
		return s
	}
	return punctuation.ReplaceAllString(plain, `\$0`)
}

func escapeWords(s string) string {
	var b strings.Builder
	for i, c := range s {
		switch c {
		case '\\', '`', '*', '_', '[', ']', '<', '~', '|':
			b.WriteByte('\\')
		case '&':
			if entity.MatchString(s[i:min(len(s), i+40)]) {
				b.WriteByte('\\')
			}
		}
		b.WriteRune(c)
	}
	return b.String()
}
