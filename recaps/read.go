package recaps

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/language"

	"postrider/internal/errs"
)

// Read reads a recap from the bytes of a file and tells nothing about what it
// left out: it is Understand for somebody who only wants the recap.
func Read(name string, b []byte) (Recap, error) {
	u, err := Understand(Document{Name: name, Body: b})
	return u.Recap, err
}

// ReadFrom reads at most MaxPage bytes from r and hands them to Read. A failing r is
// no fault of the file: its error is returned as it is, wrapped.
func ReadFrom(name string, r io.Reader) (Recap, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxPage+1))
	if err != nil {
		return Recap{}, fmt.Errorf("reading recap %s: %w", name, err)
	}
	return Read(name, b)
}

// ReadMarkdown reads Postrider's own format: YAML front matter (every key may
// be missing), then the opening, then the takeaways as a list. Read says what
// is accepted and refused.
//
// The title is that of the front matter, else the first heading "# …". The
// takeaways are the ordered list below a heading that speaks of takeaways, else
// the one introduced by a paragraph that ends in a colon, else the first. What
// stands before is the lead; a paragraph that is only a link becomes a Link,
// one that is only an image the recap's image. Prose after the takeaways is
// refused, because a recap has no place for it.
func ReadMarkdown(name string, b []byte) (Recap, error) {
	src, err := decode(name, b)
	if err != nil {
		return Recap{}, err
	}
	return readMarkdown(name, src, unheard)
}

// unheard is for callers who do not ask what was left out.
func unheard(_, _ string) {}

// ReadText reads plain text, such as a page copied from a browser: captions,
// title, opening paragraphs, numbered takeaways. Read says what is accepted and
// refused. What follows the last takeaway belongs to the site, not to the
// article, and is left out.
func ReadText(name string, b []byte) (Recap, error) {
	src, err := decode(name, b)
	if err != nil {
		return Recap{}, err
	}
	return readText(name, src, unheard)
}

var (
	markdownSign = regexp.MustCompile(`(?m)^#{1,6} \S|\[[^\]\n]+\]\([^)\s]+\)`)
	pageSign     = regexp.MustCompile(`(?is)^\s*(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype html|html|head|body)\b`)
)

func isMarkdown(name, src string) bool {
	switch strings.ToLower(path.Ext(name)) {
	case ".md", ".markdown":
		return true
	}
	return hasFrontMatter(src) || markdownSign.MatchString(src)
}

// decode returns UTF-8 text with \n line ends, or says why b is no text.
func decode(name string, b []byte) (string, error) {
	refuse := func(line int, text string) (string, error) {
		return "", &errs.Error{Kind: errs.Invalid, File: name, Line: line, Text: text}
	}
	if len(b) > MaxBytes {
		return refuse(1, fmt.Sprintf("is larger than %d MiB: a recap is text, put images beside it", MaxBytes>>20))
	}
	switch {
	case bytes.HasPrefix(b, []byte{0xFF, 0xFE}):
		b = fromUTF16(b[2:], func(p []byte) uint16 { return uint16(p[0]) | uint16(p[1])<<8 })
	case bytes.HasPrefix(b, []byte{0xFE, 0xFF}):
		b = fromUTF16(b[2:], func(p []byte) uint16 { return uint16(p[1]) | uint16(p[0])<<8 })
	default:
		b = bytes.TrimPrefix(b, []byte("\uFEFF"))
	}
	if i := bytes.IndexByte(b, 0); i >= 0 {
		return refuse(lineOf(b, i), "is not text: save the article as .md or .txt and read that")
	}
	if !utf8.Valid(b) {
		return refuse(lineOf(b, firstInvalid(b)), "is not UTF-8: save it with the encoding UTF-8")
	}
	src := plainLines(string(b))
	if strings.TrimSpace(src) == "" {
		return refuse(1, "is empty: write a title, an opening and numbered takeaways")
	}
	if pageSign.MatchString(src[:min(len(src), 4096)]) {
		return refuse(1, "is a web page: give its file the ending .html, or copy the article's text into it")
	}
	return src, nil
}

// plainLines gives text the line ends \n and takes control characters out.
func plainLines(s string) string {
	s = strings.NewReplacer("\r\n", "\n", "\r", "\n", "\u2028", "\n", "\u2029", "\n\n", "\f", "\n", "\v", "\n").Replace(s)
	return strings.Map(func(c rune) rune {
		if unicode.IsControl(c) && c != '\n' && c != '\t' {
			return -1
		}
		return c
	}, s)
}

func fromUTF16(b []byte, unit func([]byte) uint16) []byte {
	units := make([]uint16, 0, len(b)/2+1)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, unit(b))
	}
	if len(b) == 1 {
		units = append(units, 0xFFFD) // half a letter: the file was cut
	}
	return []byte(string(utf16.Decode(units)))
}

func firstInvalid(b []byte) int {
	for i := 0; i < len(b); {
		c, size := utf8.DecodeRune(b[i:])
		if c == utf8.RuneError && size == 1 {
			return i
		}
		i += size
	}
	return len(b)
}

func lineOf(b []byte, offset int) int { return bytes.Count(b[:offset], []byte("\n")) + 1 }

// places says on which line of the file a field stands; fields are named as in
// Validate.
type places map[string]int

// locate adds file and line to a refusal of Validate or of a part of it.
func (p places) locate(name string, err error) error {
	var e *errs.Error
	if !errors.As(err, &e) {
		return err
	}
	e.File = name
	if e.Line == 0 {
		e.Line = p[e.Field]
	}
	if e.Line == 0 {
		e.Line = 1 // nothing in the file is the culprit: something is missing, and it begins there
	}
	return e
}

// finish fills what the source left out and checks the whole.
func finish(name string, r Recap, p places) (Recap, error) {
	if r.Slug == "" && r.Title != "" {
		r.Slug = slugFromTitle(r.Title)
	}
	if r.Lang == "" {
		r.Lang = "en"
	}
	setAnchors(r.Takeaways)
	r = r.filled()
	if err := r.Validate(); err != nil {
		return Recap{}, p.locate(name, err)
	}
	r.Lang = language.Make(r.Lang).String()
	return r, nil
}

// addLink appends l unless the same address, or the same label where there is
// no address, is already there: the first label wins.
func addLink(links []Link, l Link) []Link {
	if l.Label == "" {
		l.Label = l.URL
	}
	for _, have := range links {
		if have.URL == l.URL && (l.URL != "" || strings.EqualFold(have.Label, l.Label)) {
			return links
		}
	}
	return append(links, l)
}
