package respond

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"

	"postrider/web/pages"
)

// Policy is a Content-Security-Policy by what it allows; the zero Policy
// allows nothing but the page's own words.
type Policy struct {
	Scripts bool     // our own file, never inline
	Styles  []string // beside our own file: hashes of style elements
	Images  []string // beside our own and data:
	Frames  bool     // our own sandboxed documents inside the page
}

// With is p with more style hashes.
func (p Policy) With(styles ...string) Policy {
	p.Styles = append(p.Styles[:len(p.Styles):len(p.Styles)], styles...)
	return p
}

// String is the header's value.
func (p Policy) String() string {
	parts := []string{
		"default-src 'none'",
		"style-src " + strings.Join(append([]string{"'self'"}, p.Styles...), " "),
		"img-src " + strings.Join(append([]string{"'self'", "data:"}, p.Images...), " "),
	}
	if p.Scripts {
		parts = append(parts, "script-src 'self'", "connect-src 'self'")
	}
	if p.Frames {
		parts = append(parts, "frame-src 'self'")
	}
	return strings.Join(append(parts, "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"), "; ")
}

// Remote says where a shown document may load pictures from: the sources of
// its policy's img-src.
type Remote string

// A mail that others wrote loads nothing; the demo's shows the demo's picture;
// our own issue may show its picture from anywhere, or is looked at as
// by somebody who has pictures off.
const (
	NoImages     Remote = "'none'"
	NoRemote     Remote = "data:"
	OwnImages    Remote = "data: 'self'"
	RemoteImages Remote = "data: https: http:"
)

// Foreign answers with an HTML document that is somebody's content: a mail, a
// page as it will look. It runs in a sandbox of its own, without scripts and
// forms, whatever is in it; its links open beside it. Only our own pages may
// frame it.
func Foreign(w http.ResponseWriter, doc []byte, remote Remote) {
	h := w.Header()
	h.Set("Content-Security-Policy", "sandbox allow-popups allow-popups-to-escape-sandbox; default-src 'none'; "+
		"style-src 'unsafe-inline'; img-src "+string(remote)+"; base-uri 'none'; form-action 'none'; frame-ancestors 'self'")
	h.Set("X-Frame-Options", "SAMEORIGIN")
	h.Set("Cross-Origin-Opener-Policy", "unsafe-none")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("X-Robots-Tag", "noindex")
	doc = openBeside(doc)
	h.Set("Content-Length", strconv.Itoa(len(doc)))
	_, _ = w.Write(doc)
}

// openBeside makes a document's links open in a tab of their own.
func openBeside(doc []byte) []byte {
	const target = `<base target="_blank">`
	lower := bytes.ToLower(doc[:min(len(doc), 4096)])
	if i := bytes.Index(lower, []byte("<head>")); i >= 0 && len(lower) == min(len(doc), 4096) {
		i += len("<head>")
		return append(append(append(make([]byte, 0, len(doc)+len(target)), doc[:i]...), target...), doc[i:]...)
	}
	return doc
}

// Published sets the policy of a page whose bytes were stored when they were
// made: the style elements of its head and pictures, nothing else.
func Published(w http.ResponseWriter, doc []byte) {
	var styles []string
	head, _, _ := bytes.Cut(doc, []byte("</head>"))
	for {
		_, rest, found := bytes.Cut(head, []byte("<style>"))
		if !found {
			break
		}
		css, after, closed := bytes.Cut(rest, []byte("</style>"))
		if !closed {
			break
		}
		styles, head = append(styles, pages.StyleSource(string(css))), after
	}
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; style-src "+strings.Join(append(styles, "'self'"), " ")+
		"; img-src https: http: data:; form-action 'none'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
}
