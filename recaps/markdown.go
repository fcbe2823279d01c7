package recaps

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/text"

	"postrider/internal/errs"
)

// article is the Markdown body while it is being sorted into a recap.
type article struct {
	file   string
	loose  bool                   // from a page or a feed: what has no place is left out instead of refused
	leave  func(what, why string) // told of what is left out
	src    []byte
	line   int // of src's first line in the file
	blocks []block
	meta   *frontMatter
	recap  Recap
	places places
}

// block is a top-level block and the source lines it owns: up to the next one.
type block struct {
	node       ast.Node
	start, end int
}

func readMarkdown(name, src string, leave func(what, why string)) (Recap, error) {
	meta, body, line, err := readFrontMatter(name, src)
	if err != nil {
		return Recap{}, err
	}
	a := &article{file: name, leave: leave, src: []byte(body), line: line, meta: meta, recap: meta.recap, places: meta.places}
	return a.read()
}

// read sorts the body into the recap that the front matter began.
func (a *article) read() (Recap, error) {
	if err := a.checkShape(); err != nil {
		return Recap{}, err
	}
	doc := markdown.Parser().Parse(text.NewReader(a.src))
	if offset, err := findBadLink(doc, a.src, true); err != nil {
		return Recap{}, a.refused(offset, err)
	}
	for n := doc.FirstChild(); n != nil; n = n.NextSibling() {
		a.addBlock(n)
	}
	first := a.chooseList()
	if first < 0 {
		first = len(a.blocks)
	}
	if err := a.readOpening(a.blocks[:first]); err != nil {
		return Recap{}, err
	}
	if err := a.readTakeaways(a.blocks[first:]); err != nil {
		return Recap{}, err
	}
	if !a.meta.has["people"] {
		a.recap.People = peopleIn(a.recap.Lead)
	}
	return finish(a.file, a.recap, a.places)
}

const (
	maxParagraph = 16 << 10 // bytes
	maxNesting   = 16       // quotations and lists that begin on one line
)

var nested = regexp.MustCompile(`^(?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t])){` + strconv.Itoa(maxNesting+1) + `}`)

// checkShape refuses what no author writes, and on which parsing takes time
// that grows with the square of its length: a file of 2 MiB would take hours.
func (a *article) checkShape() error {
	run, start, offset := 0, 0, 0
	for l := range bytes.Lines(a.src) {
		if len(bytes.TrimSpace(l)) == 0 || itemMarker.Match(l) {
			run, start = 0, offset
		}
		run += len(l)
		if run > maxParagraph {
			return a.refuse(start, "a paragraph is longer than %d KiB: break it with a blank line", maxParagraph>>10)
		}
		if nested.Match(l) && !isRule(strings.TrimSpace(string(l))) {
			return a.refuse(offset, "more than %d quotations or lists stand within each other: indent less", maxNesting)
		}
		offset += len(l)
	}
	return nil
}

func (a *article) addBlock(n ast.Node) {
	start := len(a.src)
	if p := n.Pos(); p >= 0 {
		start = a.lineStart(p)
	}
	if last := len(a.blocks) - 1; last >= 0 {
		start = max(start, a.blocks[last].start)
		a.blocks[last].end = start
	}
	a.blocks = append(a.blocks, block{node: n, start: start, end: len(a.src)})
}

func (a *article) lineStart(offset int) int {
	return bytes.LastIndexByte(a.src[:offset], '\n') + 1
}

func (a *article) lineAt(offset int) int { return a.line + lineOf(a.src, offset) - 1 }

func (a *article) refuse(offset int, format string, args ...any) error {
	return &errs.Error{Kind: errs.Invalid, File: a.file, Line: a.lineAt(offset), Text: fmt.Sprintf(format, args...)}
}

// refused gives a refusal without a place the line of offset.
func (a *article) refused(offset int, err error) error {
	var e *errs.Error
	if errors.As(err, &e) {
		e.File, e.Line = a.file, a.lineAt(offset)
	}
	return err
}

// chooseList returns the index of the block that begins the takeaways, -1 when
// there is none: a list, or the first of several numbered headings. Of equally
// fitting ones the first is taken.
func (a *article) chooseList() int {
	best, bestFit := -1, 0
	below := false // a heading about takeaways, and no other since
	titled := a.recap.Title != ""
	consider := func(i, fit int) {
		if fit > bestFit {
			best, bestFit = i, fit
		}
	}
	for i, b := range a.blocks {
		switch n := b.node.(type) {
		case *ast.Heading:
			switch {
			case n.Level == 1 && !titled: // it is the title
				titled, below = true, false
				continue
			case a.countHeadings(i) >= minHeadings && below:
				consider(i, 5)
			case a.countHeadings(i) >= minHeadings:
				consider(i, 2)
			}
			below = saysTakeaways(a.text(b).Plain)
		case *ast.List:
			announced := i > 0 && introduces(a.blocks[i-1].node, a.text(a.blocks[i-1]).Plain)
			switch {
			case below && n.IsOrdered():
				consider(i, 4)
			case (below || announced && saysTakeaways(a.text(a.blocks[i-1]).Plain)) && !n.IsOrdered() && !a.onlyLinks(n):
				consider(i, 3)
			case n.IsOrdered() && announced:
				consider(i, 2)
			case n.IsOrdered():
				consider(i, 1)
			}
		}
	}
	return best
}

var sentenceEnd = regexp.MustCompile(`[.!?…]["”’')]*\s|[。！？]`)

// introduces reports whether a paragraph only announces what comes below it.
func introduces(n ast.Node, plain string) bool {
	return n.Kind() == ast.KindParagraph && announces(plain)
}

// announces holds for "These are our takeaways:" and for a bold "Takeaways".
func announces(plain string) bool {
	return isListHeading(plain) || (strings.HasSuffix(plain, ":") || strings.HasSuffix(plain, "：")) &&
		!sentenceEnd.MatchString(plain) && utf8.RuneCountInString(plain) <= 200
}

// text is a block as it stands alone.
func (a *article) text(b block) Text { return newText(a.source(b)) }

func (a *article) source(b block) string {
	source := strings.Trim(trimLines(string(a.src[b.start:b.end])), "\n")
	if b.node.Kind() != ast.KindCodeBlock {
		source = strings.TrimLeft(source, " \t")
	}
	return a.withReferences(source, b.node)
}

// readOpening sorts what stands before the takeaways.
func (a *article) readOpening(blocks []block) error {
	var heads []bool // of each lead text: it only announces what follows
	for _, b := range blocks {
		taken, err := a.takeOpening(b)
		if err != nil {
			return err
		}
		if taken {
			continue
		}
		t, err := readSource(a.source(b))
		if err != nil {
			return a.refused(b.start, err)
		}
		if t.Plain != "" {
			a.recap.Lead = append(a.recap.Lead, t)
			a.places[at("lead", len(a.recap.Lead)-1)] = a.lineAt(b.start)
			heads = append(heads, b.node.Kind() == ast.KindHeading || introduces(b.node, t.Plain))
		}
	}
	for n := len(heads); n > 0 && heads[n-1]; n-- {
		a.leave(a.recap.Lead[n-1].Plain, announceWhy)
		a.recap.Lead = a.recap.Lead[:n-1]
	}
	return nil
}

// takeOpening reports whether a block before the takeaways is something else
// than a paragraph of the opening, and puts it where it belongs.
func (a *article) takeOpening(b block) (bool, error) {
	switch n := b.node.(type) {
	case *ast.HTMLBlock:
		a.leave(a.source(b), "HTML within Markdown is not kept")
		return true, nil
	case *ast.ThematicBreak, *ast.LinkReferenceDefinition:
		return true, nil
	case *ast.Heading:
		t := a.text(b)
		if n.Level == 1 && a.recap.Title == "" {
			a.recap.Title, a.places["title"] = t.Plain, a.lineAt(b.start)
			return true, nil
		}
		if n.Level == 1 && t.Plain == a.recap.Title || saysTakeaways(t.Plain) {
			return true, nil
		}
	case *ast.Paragraph:
		if a.takeLink(n) || a.takeImage(n) {
			return true, nil
		}
	case *ast.List:
		if a.takeLinks(n) {
			return true, nil
		}
	}
	if a.loose {
		switch plain := a.text(b).Plain; {
		case plain == a.recap.Title:
			return true, nil
		case isFurniture(plain):
			a.leave(plain, siteWhy)
			return true, nil
		case isByline(plain):
			a.leave(plain, bylineWhy)
			return true, nil
		}
	}
	return false, nil
}

// takeLink makes a Link of a paragraph or list item that is nothing else.
func (a *article) takeLink(n ast.Node) bool {
	l, ok := a.linkIn(n)
	if ok {
		a.recap.Links = addLink(a.recap.Links, l)
	}
	return ok
}

func (a *article) linkIn(n ast.Node) (Link, bool) {
	switch only := onlyInline(n, a.src).(type) {
	case *ast.Link:
		return Link{Label: linkLabel(a.inlineText(only)), URL: address(only.Destination)}, true
	case *ast.AutoLink:
		return Link{Label: string(only.Label(a.src)), URL: autoAddress(only, a.src)}, true
	}
	return Link{}, false
}

func (a *article) takeLinks(l *ast.List) bool {
	if !a.onlyLinks(l) {
		return false
	}
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		a.takeLink(item.FirstChild())
	}
	return true
}

// onlyLinks reports whether every item of an unordered list is just a link.
func (a *article) onlyLinks(l *ast.List) bool {
	for item := l.FirstChild(); item != nil; item = item.NextSibling() {
		if item.ChildCount() != 1 {
			return false
		}
		if _, ok := a.linkIn(item.FirstChild()); !ok {
			return false
		}
	}
	return !l.IsOrdered()
}

// takeImage makes the recap's image of the first paragraph that is only an
// image; the front matter goes first.
func (a *article) takeImage(n ast.Node) bool {
	image, ok := onlyInline(n, a.src).(*ast.Image)
	if !ok {
		return false
	}
	to := imageName(image.Destination)
	if a.recap.Image != "" || a.meta.has["image"] {
		return to == a.recap.Image
	}
	a.recap.Image = to
	if a.recap.ImageAlt == "" {
		a.recap.ImageAlt = a.inlineText(image)
	}
	return true
}

// inlineText returns the words of an inline node, rendered like any other text.
func (a *article) inlineText(n ast.Node) string {
	var b strings.Builder
	if err := markdown.Renderer().Render(&b, a.src, n); err != nil {
		return ""
	}
	return plainOf(b.String())
}

// onlyInline returns the one inline node of a block, looking through emphasis;
// nil when there are more or none. White space and raw HTML do not count.
func onlyInline(n ast.Node, src []byte) ast.Node {
	if n == nil || (n.Kind() != ast.KindParagraph && n.Kind() != ast.KindTextBlock && n.Kind() != ast.KindEmphasis) {
		return nil
	}
	var only ast.Node
	for c := n.FirstChild(); c != nil; c = c.NextSibling() {
		if t, ok := c.(*ast.Text); ok && blankText(string(t.Segment.Value(src))) || c.Kind() == ast.KindRawHTML {
			continue
		}
		if only != nil {
			return nil
		}
		only = c
	}
	if only != nil && only.Kind() == ast.KindEmphasis {
		return onlyInline(only, src)
	}
	return only
}

func blankText(s string) bool {
	return strings.TrimSpace(strings.ReplaceAll(s, "&nbsp;", " ")) == ""
}

var linkPhrases = regexp.MustCompile(`(?i)^(?:please )?(?:click )?here(?:'s|’s| is| are)? (?:is )?(?:the |a )?link to (?:the )?|^click (?:here )?(?:to (?:read|watch|see|view|hear|listen to|download) |for )(?:the )?|^(?:the |a )?link to (?:the )?`)

// linkLabel says what a link leads to, without the site's invitation to click.
func linkLabel(s string) string {
	label := strings.TrimSpace(strings.TrimRight(linkPhrases.ReplaceAllString(s, ""), "!.…: "))
	if label == "" {
		return s
	}
	return label
}
