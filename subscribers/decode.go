package subscribers

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"postrider/internal/errs"
)

// Encoding names how a file writes its letters. Empty: look at the file.
type Encoding string

// The encodings that files of readers come in.
const (
	UTF8        Encoding = "utf-8"
	UTF16LE     Encoding = "utf-16le"
	UTF16BE     Encoding = "utf-16be"
	Windows1252 Encoding = "windows-1252" // and Latin-1, which is the same in all that people type
)

// ParseEncoding reads the name of an encoding as people write it.
func ParseEncoding(s string) (Encoding, error) {
	switch strings.NewReplacer("_", "-", " ", "-").Replace(strings.ToLower(strings.TrimSpace(s))) {
	case "":
		return "", nil
	case "utf-8", "utf8":
		return UTF8, nil
	case "utf-16", "utf16", "utf-16le", "utf16le", "unicode":
		return UTF16LE, nil
	case "utf-16be", "utf16be":
		return UTF16BE, nil
	case "windows-1252", "cp1252", "1252", "latin-1", "latin1", "iso-8859-1", "iso8859-1", "ansi":
		return Windows1252, nil
	}
	return "", invalid("encoding", "want utf-8, utf-16, windows-1252 or latin-1")
}

// decode makes a file UTF-8. It takes a byte order mark away, sees UTF-16
// without one by its zeros, and takes a file whose first letter outside ASCII
// is no UTF-8 for Windows-1252.
func decode(r io.Reader, as Encoding) (io.Reader, Encoding, error) {
	in := bufio.NewReaderSize(r, readAhead)
	start, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, "", fmt.Errorf("reading the file: %w", err)
	}
	if bytes.HasPrefix(start, []byte("PK\x03\x04")) || bytes.HasPrefix(start, []byte("\xd0\xcf\x11\xe0")) {
		return nil, "", &errs.Error{Kind: errs.Invalid, Text: "this is a spreadsheet or an archive: save it as CSV"}
	}
	if found := marked(start); found != "" && (as == "" || as == found) {
		as = found
	}
	switch as {
	case UTF16LE, UTF16BE:
		order := unicode.LittleEndian
		if as == UTF16BE {
			order = unicode.BigEndian
		}
		return unicode.UTF16(order, unicode.UseBOM).NewDecoder().Reader(in), as, nil
	case Windows1252:
		return charmap.Windows1252.NewDecoder().Reader(in), as, nil
	}
	if bytes.HasPrefix(start, []byte("\xef\xbb\xbf")) {
		_, err := in.Discard(3)
		return in, UTF8, err
	}
	if as == UTF8 {
		return in, UTF8, nil
	}
	return &guesser{in: in}, "", nil
}

// marked is the encoding that the first bytes give away, or empty.
func marked(start []byte) Encoding {
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		return UTF8
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		return UTF16LE
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		return UTF16BE
	case len(start) == 4 && start[0] != 0 && start[1] == 0 && start[2] != 0 && start[3] == 0:
		return UTF16LE
	case len(start) == 4 && start[0] == 0 && start[1] != 0 && start[2] == 0 && start[3] != 0:
		return UTF16BE
	}
	return ""
}

// guesser hands ASCII on until the first other letter says what the file is.
type guesser struct {
	in   *bufio.Reader
	rest io.Reader // once it is known
}

func (g *guesser) Read(p []byte) (int, error) {
	if g.rest != nil {
		return g.rest.Read(p)
	}
	if len(p) == 0 {
		return 0, nil
	}
	if _, err := g.in.Peek(1); err != nil {
		return 0, err
	}
	have, _ := g.in.Peek(g.in.Buffered())
	n := 0
	for n < len(have) && n < len(p) && have[n] < utf8.RuneSelf {
		n++
	}
	if n > 0 {
		copy(p, have[:n])
		_, err := g.in.Discard(n)
		return n, err
	}
	letter, _ := g.in.Peek(utf8.UTFMax)
	if r, _ := utf8.DecodeRune(letter); r != utf8.RuneError {
		g.rest = g.in
	} else {
		g.rest = charmap.Windows1252.NewDecoder().Reader(g.in)
	}
	return g.rest.Read(p)
}

// separators are what may stand between the cells of a row, the likeliest first.
const separators = ",;\t|:^~"

// separatorOf finds what stands between the cells of a first line, outside
// quotation marks.
func separatorOf(start []byte) rune {
	var counts [len(separators)]int
	quoted := false
scan:
	for _, c := range start {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			break scan
		default:
			if i := strings.IndexByte(separators, c); i >= 0 {
				counts[i]++
			}
		}
	}
	// Colons, carets and tildes also stand in titles ("list:news"), so they
	// separate only where nothing else does.
	best := 0
	for i, n := range counts[:4] {
		if n > counts[best] {
			best = i
		}
	}
	if counts[best] == 0 {
		for i := 5; i < len(counts); i++ {
			if counts[i] > counts[best] {
				best = i
			}
		}
	}
	return rune(separators[best])
}
