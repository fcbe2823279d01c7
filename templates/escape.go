package templates

import (
	"html"
	"net/url"
	"strings"
)

// apply writes a plain value for its place. An unknown Escape is treated as
// HTML, the stricter one.
func (e Escape) apply(v string) string {
	switch e {
	case EscapeNone:
		return v
	case EscapeURL:
		return strings.ReplaceAll(url.QueryEscape(v), "+", "%20")
	default:
		return html.EscapeString(v)
	}
}
