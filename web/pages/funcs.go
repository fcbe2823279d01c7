package pages

import (
	"fmt"
	"html/template"
	"strconv"
	"strings"
	"unicode/utf8"

	"postrider/internal/words"
	"postrider/web/assets"
)

// cell is a figure in a table; on a phone a zero is left out.
type cell struct {
	N     int
	Label string
	Blank bool
}

// funcs are what templates can call, bound to one language:
//
//	{{t "area.key" args…}}           a text
//	{{th "area.key" args…}}          a text whose arguments may be links or marks
//	{{said s}}                       what a doer says, in this language
//	{{link url label}} {{code s}}    such arguments
//	{{strong s}}                     another
//	{{count n}} {{percent n of}}     figures in the reader's form
//	{{plural n one other}}           a form by number
//	{{join names}}                   "a, b and c"
//	{{dict "Key" value …}}           several values for one part
func funcs(w *words.Words) template.FuncMap {
	return template.FuncMap{
		"t": w.T, "th": w.H, "said": w.Said, "count": w.Count, "percent": w.Percent, "plural": w.Plural, "join": w.List, "capital": words.Capital,
		"lang":    w.Lang,
		"asset":   assets.Path,
		"cell":    func(n int, label string) cell { return cell{N: n, Label: label, Blank: n == 0} },
		"must":    func(c cell) cell { c.Blank = false; return c },
		"dict":    dict,
		"split":   strings.Fields,
		"initial": func(s string) int { _, n := utf8.DecodeRuneInString(s); return n }, // bytes of its first letter
		"list":    func(v ...any) []any { return v },
		"link": func(url, label string) template.HTML {
			return element("a", template.HTMLEscapeString(safeURL(url)), label)
		},
		"left":   seconds,
		"code":   func(s string) template.HTML { return element("code", "", s) },
		"strong": func(s any) template.HTML { return element("strong", "", fmt.Sprint(s)) },
	}
}

// seconds are left until something happens: the script counts on from them.
func seconds(n int) template.HTML {
	s := strconv.Itoa(n)
	return template.HTML(`<span data-left="` + s + `">` + s + `</span>`) //nolint:gosec // a number
}

// element is one tag around a text, both escaped.
func element(tag, href, label string) template.HTML {
	if href != "" {
		href = ` href="` + href + `"`
	}
	return template.HTML("<" + tag + href + ">" + template.HTMLEscapeString(label) + "</" + tag + ">") //nolint:gosec // escaped
}

// safeURL lets a link lead to our own pages, to the web and to a mailbox.
func safeURL(s string) string {
	for _, begin := range []string{"/", "#", "?", "https://", "http://", "mailto:"} {
		if strings.HasPrefix(s, begin) {
			return s
		}
	}
	return "#"
}

// dict is a map of the pairs, for parts that want several values.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict wants pairs, has %d values", len(pairs))
	}
	out := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		key, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict wants a name, has %v", pairs[i])
		}
		out[key] = pairs[i+1]
	}
	return out, nil
}
