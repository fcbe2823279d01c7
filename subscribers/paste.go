package subscribers

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"postrider/internal/errs"
	"postrider/internal/mailaddr"
)

// paste reads addresses as people paste them: one a line, or several separated
// by commas, semicolons or tabs, each alone or as "Name <address>".
type paste struct {
	lines *bufio.Scanner
	line  int
	rest  []string // of the line that is being read
}

// isPaste reports whether a first line holds addresses instead of titles.
func isPaste(line string) bool {
	tokens := tokensOf(line)
	for _, t := range tokens {
		row := rowOf(t)
		if _, err := mailaddr.Parse(row.Email); err != nil {
			return false
		}
	}
	return len(tokens) > 0
}

// peekLine returns the first line that is not blank, without consuming it.
func peekLine(in *bufio.Reader) string {
	start, _ := in.Peek(readAhead)
	for line := range strings.Lines(string(start)) {
		if strings.TrimSpace(line) != "" {
			return line
		}
	}
	return ""
}

func openPaste(r io.Reader) *paste {
	p := &paste{lines: bufio.NewScanner(r)}
	p.lines.Buffer(make([]byte, 0, readAhead), maxRecord)
	return p
}

func (p *paste) next() (Row, []string, error) {
	for len(p.rest) == 0 {
		if !p.lines.Scan() {
			switch err := p.lines.Err(); {
			case err == nil:
				return Row{}, nil, io.EOF
			case errors.Is(err, bufio.ErrTooLong):
				return Row{}, nil, &errs.Error{Kind: errs.Invalid, Line: p.line + 1, Text: fmt.Sprintf("the line is longer than %d KiB", maxRecord>>10)}
			default:
				return Row{}, nil, fmt.Errorf("reading the file: %w", err)
			}
		}
		p.line++
		p.rest = tokensOf(p.lines.Text())
	}
	row := rowOf(p.rest[0])
	p.rest = p.rest[1:]
	row.Line = p.line
	return row, []string{row.Email, row.Name}, nil
}

// tokensOf cuts a line at commas, semicolons and tabs outside quotation marks
// and angle brackets.
func tokensOf(line string) []string {
	var out []string
	quoted, angled, from := false, false, 0
	cut := func(to int) {
		if t := strings.TrimSpace(line[from:to]); t != "" {
			out = append(out, t)
		}
	}
	for i := 0; i < len(line); i++ {
		switch c := line[i]; {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			angled = true
		case c == '>':
			angled = false
		case !angled && (c == ',' || c == ';' || c == '\t'):
			cut(i)
			from = i + 1
		}
	}
	cut(len(line))
	return out
}

// rowOf reads "Ada <ada@example.org>", "\"ada@example.org\"" or an address.
func rowOf(token string) Row {
	if open := strings.LastIndexByte(token, '<'); open >= 0 && strings.HasSuffix(token, ">") {
		return Row{Email: strings.TrimSpace(token[open+1 : len(token)-1]), Name: strings.Trim(strings.TrimSpace(token[:open]), `"`)}
	}
	email := unguard(token)
	if inner := strings.Trim(email, `"'`); len(inner) == len(email)-2 {
		if _, err := mailaddr.Parse(inner); err == nil {
			email = inner
		}
	}
	return Row{Email: strings.TrimSpace(strings.TrimPrefix(email, "mailto:"))}
}
