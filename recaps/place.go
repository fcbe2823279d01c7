package recaps

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"postrider/internal/errs"
)

// PlacePicture returns Markdown source whose recap has this picture on top, with
// these words for those who do not see it; empty words say that it is
// decoration. A picture that is there already makes way: in the front matter,
// else the first paragraph that is only a picture. Else it goes below the title.
// Everything else is the same to the byte. The source need not be a whole recap
// yet. Plain text, which has no place for a picture, becomes Markdown where it
// can be read. A picture that cannot be placed is Invalid.
func PlacePicture(name, src, picture, alt string) (string, error) {
	if err := checkImage(picture); err != nil {
		return "", err
	}
	if err := checkLine("image_alt", alt); err != nil {
		return "", err
	}
	if strings.TrimSpace(src) != "" && !isMarkdown(name, src) {
		if u, err := Understand(Document{Name: name, Body: []byte(src)}); err == nil {
			src = u.Recap.MarkdownSource()
		}
	}
	placed, err := placePicture(name, src, picture, oneLine(alt))
	if err != nil {
		return "", err
	}
	if before, err := readMarkdown(name, src, func(string, string) {}); err == nil {
		after, err := readMarkdown(name, placed, func(string, string) {})
		if err != nil || after.Image != picture || after.ImageAlt != oneLine(alt) || len(after.Takeaways) != len(before.Takeaways) {
			return "", errs.Invalidf("the picture finds no place without changing what the text says: write image: %s into the block at the top", picture)
		}
	}
	return placed, nil
}

func placePicture(name, src, picture, alt string) (string, error) {
	m, body, line, err := readFrontMatter(name, src)
	if err != nil {
		return "", err
	}
	head := src[:len(src)-len(body)]
	if m.has["image"] || m.has["image_alt"] {
		return setKeys(head, picture, alt) + body, nil
	}
	a := &article{file: name, src: []byte(body), line: line, meta: m, leave: func(string, string) {}, places: places{}}
	doc := markdown.Parser().Parse(text.NewReader(a.src))
	at := 0 // below the title, where the body has one
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		a.addBlock(n)
	}
	markup := fmt.Sprintf("![%s](%s)", escapeMarkdown(alt), picture)
	for i, b := range a.blocks {
		switch n := b.node.(type) {
		case *ast.Heading:
			if n.Level == 1 && at == 0 && i == 0 && m.recap.Title == "" {
				at = b.end
			}
		case *ast.Paragraph:
			if _, only := onlyInline(n, a.src).(*ast.Image); only {
				was := strings.TrimRight(body[b.start:b.end], " \t\n")
				return head + body[:b.start] + markup + body[b.start+len(was):], nil
			}
		case *ast.List:
			return head + inserted(body, at, markup), nil
		}
	}
	return head + inserted(body, at, markup), nil
}

// inserted puts a paragraph into a text, with a blank line on either side.
func inserted(body string, at int, paragraph string) string {
	above, below := strings.TrimRight(body[:at], " \t\n"), strings.TrimLeft(body[at:], "\n")
	if above != "" {
		above += "\n\n"
	}
	return above + paragraph + "\n\n" + below
}

var pictureKey = regexp.MustCompile(`(?m)^(?:image|image_alt)[ \t]*:[^\n]*\n(?:[ \t]+[^\n]*\n)*`)

// setKeys writes both keys anew in the place of the first that is there.
func setKeys(head, picture, alt string) string {
	lines := "image: " + strconv.Quote(picture) + "\n"
	if alt != "" {
		lines += "image_alt: " + strconv.Quote(alt) + "\n"
	}
	done := false
	return pictureKey.ReplaceAllStringFunc(head, func(string) string {
		if done {
			return ""
		}
		done = true
		return lines
	})
}

// WeighTakeaway returns Markdown source in which takeaway n, from 1, has this
// weight: "{weight=3}" at its end, or nothing for 0. Everything else is the same
// to the byte. Source that is no recap, a takeaway that is not there and a weight
// above 999 are Invalid.
func WeighTakeaway(name, src string, n, weight int) (string, error) {
	before, err := readMarkdown(name, src, func(string, string) {})
	if err != nil {
		return "", err
	}
	if n < 1 || n > len(before.Takeaways) {
		return "", errs.Invalidf("there is no takeaway %d to weigh: the text has %d", n, len(before.Takeaways))
	}
	if weight < 0 || weight > maxWeight {
		return "", &errs.Error{Kind: errs.Invalid, Field: "weight", Text: fmt.Sprintf("is %d: use 1 to %d, or nothing", weight, maxWeight)}
	}
	spots, err := takeawaySpots(name, src)
	if err != nil {
		return "", err
	}
	s := spots[n-1]
	words := src[s.words:s.end]
	for {
		m := weightMark.FindStringSubmatchIndex(words)
		if m == nil || m[0] > 0 && words[m[0]-1] == '\\' {
			break
		}
		words = strings.TrimRight(words[:m[0]], " \t\n")
	}
	if weight > 0 {
		words += " {weight=" + strconv.Itoa(weight) + "}"
	}
	weighed := src[:s.words] + words + src[s.end:]
	want := append([]Takeaway(nil), before.Takeaways...)
	want[n-1].Weight = weight
	after, err := readMarkdown(name, weighed, func(string, string) {})
	if err != nil || !saysSame(before, after, want) {
		return "", errs.Invalidf("takeaway %d cannot be weighed without changing what the text says: write {weight=%d} at its end by hand", n, weight)
	}
	return weighed, nil
}

// Lines says on which line of a Markdown source, from 1, each part of its recap
// stands: keys are the front matter's, "title", "lead[1]" and "takeaways[1]".
// Source that is no recap, and plain text, give none.
func Lines(name, src string) map[string]int {
	if !isMarkdown(name, src) {
		return nil
	}
	meta, body, line, err := readFrontMatter(name, src)
	if err != nil {
		return nil
	}
	a := &article{file: name, leave: func(string, string) {}, src: []byte(body), line: line, meta: meta, recap: meta.recap, places: meta.places}
	if _, err := a.read(); err != nil {
		return nil
	}
	return a.places
}
