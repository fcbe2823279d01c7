package templates

import (
	"fmt"
	"strings"

	nethtml "golang.org/x/net/html"
)

// paragraph is a paragraph or a list's item of an author's HTML, in plain text.
type paragraph struct {
	first string // before its first line: "- ", "2. ", "> "
	text  string // may hold merge tags
	item  bool
	links []string // addresses behind its words
}

// paragraphsOf lays an author's HTML out for the text part.
func paragraphsOf(source string) []paragraph {
	var out []paragraph
	var lists []int // of open lists: -1 for bullets, else the last number
	quotes, fresh, mark := 0, true, ""
	var links []string // waiting for the words of theirs
	z := nethtml.NewTokenizer(strings.NewReader(sanitiser().Sanitize(source)))
	for {
		kind := z.Next()
		switch kind {
		case nethtml.ErrorToken:
			return out
		case nethtml.TextToken:
			words := z.Token().Data
			if strings.TrimSpace(words) == "" && fresh {
				continue
			}
			if fresh {
				p := paragraph{first: strings.Repeat("> ", quotes), item: len(lists) > 0}
				if len(lists) > 1 {
					p.first += strings.Repeat("  ", len(lists)-1)
				}
				if p.first += mark; mark == "" && len(lists) > 0 {
					p.first += "  "
				}
				out, fresh, mark = append(out, p), false, ""
			}
			last := &out[len(out)-1]
			last.text += words
			last.links, links = append(last.links, links...), nil
		case nethtml.StartTagToken, nethtml.EndTagToken, nethtml.SelfClosingTagToken:
			token := z.Token()
			start := kind == nethtml.StartTagToken
			switch token.Data {
			case "br":
				if !fresh {
					out[len(out)-1].text += " "
				}
			case "a":
				for _, a := range token.Attr {
					if u := linkURL(a.Val); start && a.Key == "href" && u != "" && !encodedTag.MatchString(u) {
						links = append(links, u)
					}
				}
			case "p", "blockquote", "ul", "ol", "li":
				fresh = true
				switch {
				case token.Data == "blockquote" && start:
					quotes++
				case token.Data == "blockquote":
					quotes = max(0, quotes-1)
				case token.Data == "ul" && start:
					lists = append(lists, -1)
				case token.Data == "ol" && start:
					lists = append(lists, 0)
				case (token.Data == "ul" || token.Data == "ol") && len(lists) > 0:
					lists = lists[:len(lists)-1]
				case token.Data == "li" && start && len(lists) > 0:
					if mark = "- "; lists[len(lists)-1] >= 0 {
						lists[len(lists)-1]++
						mark = fmt.Sprintf("%d. ", lists[len(lists)-1])
					}
				}
			}
		}
	}
}
