package recaps

import (
	"strings"

	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"
)

// furnitureWhy says what the parts of a page are for that hold no article.
var furnitureWhy = map[atom.Atom]string{
	atom.Nav:    "the site's navigation",
	atom.Header: "the site's head",
	atom.Footer: "the site's foot",
	atom.Aside:  "stands beside the article",
	atom.Form:   "a form",
	atom.Dialog: "a dialogue of the site",
}

const notPartWhy = "is not part of the article, as far as can be seen"

func whyLeft(words, why string) string {
	switch {
	case why != notPartWhy:
		return why
	case isFurniture(words):
		return siteWhy
	case isByline(words):
		return bylineWhy
	}
	return why
}

// leaveFurniture tells of the parts of a page that are not in its article: of
// each part once, as large as it can be. alt is the text of the recap's picture.
func leaveFurniture(page, article *html.Node, alt string, leave func(what, why string)) {
	kept := wordsOf(article) + " " + alt
	var visit func(n *html.Node)
	visit = func(n *html.Node) {
		why := ""
		switch n.DataAtom {
		case atom.Head, atom.Script, atom.Style, atom.Noscript, atom.Template:
			return // nobody reads these
		case atom.P, atom.Li, atom.H1, atom.H2, atom.H3, atom.H4, atom.H5, atom.H6, atom.Blockquote, atom.Pre, atom.Td, atom.Figcaption, atom.Ul, atom.Ol:
			why = notPartWhy
		default:
			why = furnitureWhy[n.DataAtom]
		}
		if role := attribute(n, "role"); role == "dialog" || role == "navigation" || role == "search" {
			why = map[string]string{"dialog": "a dialogue of the site", "navigation": "the site's navigation", "search": "a form"}[role]
		}
		words := wordsOf(n)
		if why != "" && words != "" && !strings.Contains(kept, words) && !holdsPart(n, kept) {
			if n.DataAtom != atom.H1 { // that is the recap's title
				leave(words, whyLeft(words, why))
			}
			return
		}
		if n.Type == html.ElementNode && why == "" && n.FirstChild != nil && n.FirstChild.NextSibling == nil && n.FirstChild.Type == html.TextNode {
			if words != "" && !strings.Contains(kept, words) {
				leave(words, whyLeft(words, notPartWhy))
			}
			return
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	visit(page)
}

// holdsPart reports whether any paragraph within n is in the article.
func holdsPart(n *html.Node, kept string) bool {
	for c := range n.Descendants() {
		switch c.DataAtom {
		case atom.P, atom.Li, atom.H2, atom.H3, atom.Blockquote:
			if w := wordsOf(c); len(w) > 20 && strings.Contains(kept, w) {
				return true
			}
		}
	}
	return false
}

// wordsOf returns the text of a node on one line, as a reader sees it.
func wordsOf(n *html.Node) string {
	var b strings.Builder
	var visit func(n *html.Node)
	visit = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			b.WriteString(n.Data)
		case n.DataAtom == atom.Script || n.DataAtom == atom.Style || n.DataAtom == atom.Noscript:
			return
		case n.Type == html.ElementNode && !inline[n.Data] && n.DataAtom != atom.Span && n.DataAtom != atom.B && n.DataAtom != atom.I:
			b.WriteByte(' ')
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			visit(c)
		}
	}
	visit(n)
	return oneLine(b.String())
}
