package templates

import (
	"html/template"
	"strings"
)

// mailParts are blocks and recaps as a mail shows them, in their order.
func (i *issue) mailParts(m *marks, d dress, light mailPalette) ([]mailPart, error) {
	var out []mailPart
	recaps := 0
	for n, p := range i.parts {
		if p.block != nil {
			b, err := i.mailBlock(m, p, d)
			if err != nil {
				return nil, err
			}
			b.Top, b.Light = n == 0, light
			out = append(out, mailPart{Block: b})
			continue
		}
		s, err := i.mailStory(m, &i.stories[p.story], d)
		if err != nil {
			return nil, err
		}
		s.First, s.Top = recaps == 0, n == 0
		recaps++
		out = append(out, mailPart{mailStory: &s})
	}
	return out, nil
}

func (i *issue) mailBlock(m *marks, p part, d dress) (*mailBlock, error) {
	b := p.block
	out := &mailBlock{Kind: b.Kind, URL: linkURL(b.URL)}
	switch b.Kind {
	case BlockText:
		text, err := i.placed(m, p.text, d)
		out.Text = text
		return out, err
	case BlockGreeting, BlockButton:
		out.Text = m.html(i.blockLine(b.Text, EscapeHTML))
	case BlockImage:
		wide, narrow := i.picture(b)
		if out.Image, out.Words = narrow, oneSpace(b.Text); wide != narrow {
			out.ImageSet = template.Srcset(wide + " 2x")
		}
	case BlockDates:
		out.Words = oneSpace(b.Text)
		for _, at := range b.Dates {
			out.Dates = append(out.Dates, mailDate{When: m.html(i.when(at, EscapeHTML)), Text: oneSpace(at.Text), URL: linkURL(at.URL)})
		}
	}
	return out, nil
}

// textBlock writes a block into the text part.
func (i *issue) textBlock(w *textWriter, p part, top bool) {
	b := p.block
	if !top {
		w.line("")
	}
	switch b.Kind {
	case BlockGreeting:
		w.pieces(wrap(i.blockLine(b.Text, EscapeNone), "", ""))
		w.line("")
	case BlockText:
		i.textParagraphs(w, p.text)
	case BlockButton:
		w.pieces(wrap(append(i.blockLine(b.Text, EscapeNone), Piece{Text: ":"}), "", ""))
		w.line("")
		w.line(linkURL(b.URL))
	case BlockImage:
		if alt := oneSpace(b.Text); alt != "" {
			w.wrapped("[" + alt + "]")
		}
		if u := linkURL(b.URL); u != "" {
			w.line(u)
		}
	case BlockDates:
		if heading := oneSpace(b.Text); heading != "" {
			w.line(strings.ToUpper(heading))
			w.line("")
		}
		for _, at := range b.Dates {
			line := i.when(at, EscapeNone)
			if text := oneSpace(at.Text); text != "" {
				line = append(line, Piece{Text: ": " + text})
			}
			w.pieces(wrap(line, "- ", "  "))
			w.line("")
			if u := linkURL(at.URL); u != "" {
				w.line("  " + u)
			}
		}
	case BlockDivider:
		w.line(strings.Repeat(" ", textWidth/2-4) + "* * *")
	}
}

func (i *issue) textParagraphs(w *textWriter, text passage) {
	all := paragraphsOf(text.html)
	for n, p := range all {
		if n > 0 && !(p.item && all[n-1].item) {
			w.line("")
		}
		pieces, err := ParseSlots(oneSpace(p.text), EscapeNone)
		if err != nil {
			continue // arrange has read the whole
		}
		hang := strings.Repeat(" ", len(p.first))
		if strings.HasPrefix(p.first, "> ") {
			hang = p.first
		}
		w.pieces(wrap(inLanguageOf(text.lang, pieces), p.first, hang))
		w.line("")
		for _, u := range p.links {
			if !strings.Contains(p.text, u) {
				w.line(strings.Repeat(" ", len(p.first)) + "<" + u + ">")
			}
		}
	}
}

// pagePart is a recap or, where Block is set, a block.
type pagePart struct {
	*pageStory
	Block *mailBlock
}

// pageParts are what a public page shows. A greeting is for the reader of a
// mail.
func (i *issue) pageParts() ([]pagePart, error) {
	var out []pagePart
	first := true
	for _, p := range i.parts {
		if p.block == nil {
			s, err := i.pageStory(&i.stories[p.story])
			if err != nil {
				return nil, err
			}
			s.First, first = first, false
			out = append(out, pagePart{pageStory: &s})
			continue
		}
		if p.block.Kind == BlockGreeting {
			continue
		}
		b, err := i.pageBlock(p)
		if err != nil {
			return nil, err
		}
		out = append(out, pagePart{Block: b})
	}
	return out, nil
}

func (i *issue) pageBlock(p part) (*mailBlock, error) {
	b := p.block
	out := &mailBlock{Kind: b.Kind, URL: linkURL(b.URL), Words: oneSpace(b.Text)}
	switch b.Kind {
	case BlockText:
		text, err := i.public(p.text)
		out.Text = text
		return out, err
	case BlockButton:
		out.Text = template.HTML(plainOf(i.blockLine(b.Text, EscapeHTML))) //nolint:gosec // escaped
	case BlockImage:
		out.Image, _ = i.picture(b)
	case BlockDates:
		for _, at := range b.Dates {
			when := plainOf(i.when(at, EscapeHTML))
			out.Dates = append(out.Dates, mailDate{When: template.HTML(when), Text: oneSpace(at.Text), URL: linkURL(at.URL)}) //nolint:gosec // escaped
		}
	}
	return out, nil
}
