package templates

import (
	"fmt"
	"strings"

	"postrider/internal/errs"
)

// blockMark begins the line that opens a block in a file.
const blockMark = ":: "

// ParseBlocks reads blocks as people write them, in their order:
//
//	:: greeting
//	Dear {{first_name|friend}},
//
//	:: text
//	Any **Markdown**.
//
//	:: recaps
//
//	:: recap slug-of-another-recap
//
//	:: dates Where we meet
//	2027-05-03 18:00 | Opening, City Hall | https://example.org/opening
//
//	:: button https://example.org/register
//	Register
//
//	:: image https://example.org/hall.jpg | https://example.org/
//	The hall, full of people
//
//	:: divider
//
// A line of text that begins with "::" is written "\::". What it cannot read is
// Invalid with file and line. What comes back has been checked.
func ParseBlocks(file, source string) ([]Block, error) {
	source = strings.ReplaceAll(source, "\r\n", "\n")
	var out []Block
	var starts []int
	var body []string
	close := func() error {
		if len(out) == 0 {
			return nil
		}
		err := out[len(out)-1].take(body)
		body = nil
		return err
	}
	at := func(line int, err error) error {
		return &errs.Error{Kind: errs.Invalid, File: file, Line: line, Err: err}
	}
	for n, line := range strings.Split(source, "\n") {
		head, opens := strings.CutPrefix(line+" ", blockMark)
		switch {
		case opens:
			if err := close(); err != nil {
				return nil, at(starts[len(starts)-1], err)
			}
			kind, rest, _ := strings.Cut(strings.TrimSpace(head), " ")
			b := Block{Kind: BlockKind(kind)}
			b.head(strings.TrimSpace(rest))
			out, starts = append(out, b), append(starts, n+1)
		case len(out) == 0 && strings.TrimSpace(line) != "":
			return nil, at(n+1, errs.Invalidf("begin a block first, as in %q", blockMark+"greeting"))
		default:
			if strings.HasPrefix(line, `\`) && strings.HasPrefix(strings.TrimLeft(line, `\`), "::") {
				line = line[1:]
			}
			body = append(body, line)
		}
	}
	if err := close(); err != nil {
		return nil, at(starts[len(starts)-1], err)
	}
	for n, b := range out {
		if err := b.check(); err != nil {
			return nil, at(starts[n], err)
		}
	}
	return out, CheckBlocks(out)
}

// head takes what stands behind the kind on a block's first line.
func (b *Block) head(rest string) {
	switch b.Kind {
	case BlockRecap:
		b.Recap = rest
	case BlockDates:
		b.Text = rest
	case BlockButton:
		b.URL = rest
	case BlockImage:
		b.Image, b.URL = cutBar(rest)
	default:
		b.Text = rest
	}
}

// take takes the lines below it.
func (b *Block) take(lines []string) error {
	text := strings.Trim(strings.Join(lines, "\n"), "\n")
	switch b.Kind {
	case BlockDates:
		var err error
		b.Dates, err = ParseDates(text)
		return err
	case BlockText:
		b.Text = strings.TrimSpace(strings.TrimSpace(b.Text + "\n\n" + text))
	case BlockGreeting, BlockButton, BlockImage:
		b.Text = oneSpace(b.Text + " " + text)
	default:
		if strings.TrimSpace(text) != "" || b.Kind != BlockRecap && b.Text != "" {
			return errs.Invalidf("a block of kind %q has no text", b.Kind)
		}
	}
	return nil
}

// ParseDates reads lines such as "2027-05-03 18:00 | Opening | https://example.org".
func ParseDates(text string) ([]BlockDate, error) {
	var out []BlockDate
	for line := range strings.SplitSeq(strings.ReplaceAll(text, "\r\n", "\n"), "\n") {
		if strings.TrimSpace(line) == "" {
			continue
		}
		at, rest := cutBar(line)
		what, link := cutBar(rest)
		if _, _, ok := parseDate(at); !ok {
			return nil, errs.Invalidf("%q is no date: write 2027-05-03 or 2027-05-03 18:00, then | and what happens", at)
		}
		out = append(out, BlockDate{At: at, Text: oneSpace(what), URL: link})
	}
	return out, nil
}

func cutBar(s string) (before, after string) {
	before, after, _ = strings.Cut(s, "|")
	return strings.TrimSpace(before), strings.TrimSpace(after)
}

// WriteDates is what ParseDates reads.
func WriteDates(dates []BlockDate) string {
	var b strings.Builder
	for _, d := range dates {
		b.WriteString(strings.TrimRight(d.At+" | "+d.Text, " |"))
		if d.URL != "" {
			if d.Text == "" {
				b.WriteString(" |")
			}
			b.WriteString(" | " + d.URL)
		}
		b.WriteString("\n")
	}
	return b.String()
}

// WriteBlocks writes blocks as ParseBlocks reads them.
func WriteBlocks(blocks []Block) string {
	var out []string
	for _, b := range blocks {
		head, body := "", b.Text
		switch b.Kind {
		case BlockRecap:
			head = b.Recap
		case BlockDates:
			head, body = b.Text, strings.TrimRight(WriteDates(b.Dates), "\n")
		case BlockButton:
			head = b.URL
		case BlockImage:
			head = b.Image
			if b.URL != "" {
				head += " | " + b.URL
			}
		}
		s := strings.TrimRight(fmt.Sprintf("%s%s %s", blockMark, b.Kind, head), " ") + "\n"
		for line := range strings.SplitSeq(body, "\n") {
			if body == "" {
				break
			}
			if strings.HasPrefix(strings.TrimLeft(line, `\`), "::") {
				line = `\` + line
			}
			s += line + "\n"
		}
		out = append(out, s)
	}
	return strings.Join(out, "\n")
}
