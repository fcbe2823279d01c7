package subscribers

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"golang.org/x/text/encoding/unicode"

	"postrider/internal/errs"
	"postrider/internal/mailaddr"
)

const (
	maxRecord  = 256 << 10 // bytes of one row
	maxColumns = 2_000
	readAhead  = 64 << 10
	listPrefix = "list:" // before a list's name in a column's title: its cells are membership states
)

// aliases are the titles that a column of ours is known by, the surest first.
var aliases = []struct {
	column string
	titles []string
}{
	{"email", []string{
		"email", "e_mail", "email_address", "e_mail_address", "emailaddress", "mail", "mail_address", "mailadresse", "e_mail_adresse", "email_adresse",
		"courriel", "adresse_e_mail", "correo", "correo_electronico", "e_post", "epost", "e_postadress", "subscriber", "address",
	}},
	{"name", []string{"name", "full_name", "fullname", "display_name", "your_name"}},
	{"language", []string{"language", "lang", "locale"}},
	{"zone", []string{"zone", "time_zone", "timezone", "tz"}},
	{"first_name", []string{"first_name", "firstname", "given_name", "forename", "vorname", "prenom", "prénom", "förnamn"}},
	{"last_name", []string{"last_name", "lastname", "surname", "family_name", "nachname", "nom_de_famille", "efternamn"}},
}

// column says where the cells of one column go.
type column struct {
	name string // email, name, language, zone or a field's name; empty: nowhere
	list string // name of the list whose states it holds
}

// table reads a CSV file (RFC 4180) row by row: with a byte order mark or
// without, in UTF-8 or UTF-16, separated by commas, semicolons or tabs. It
// holds one row in memory and refuses one over 256 KiB.
type table struct {
	csv     *csv.Reader
	guard   *guard
	skipped int // lines before what csv reads
	last    int // line of the last record
	columns []column
	first   []string // a first row that is no header, not handed out yet
}

// guard stops a reader after left bytes, so that a file without line ends does
// not fill the memory.
type guard struct {
	r       io.Reader
	left    int
	tripped bool
}

func (g *guard) Read(p []byte) (int, error) {
	if g.left <= 0 {
		g.tripped = true
		return 0, errs.Invalidf("a row is longer than %d KiB: is a quotation mark not closed?", maxRecord>>10)
	}
	n, err := g.r.Read(p[:min(len(p), g.left)])
	g.left -= n
	return n, err
}

// rowError is a row that cannot be used; the next one can be read.
type rowError struct {
	line   int
	reason string
}

func (e *rowError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.reason) }

// openTable reads the header. A file without an email column is Invalid,
// unless it has one column only that begins with an address.
func openTable(r io.Reader) (*table, error) {
	t, header, err := beginTable(r)
	if err != nil {
		return nil, err
	}
	return t, t.head(header)
}

// beginTable reads the first row, whatever it says.
func beginTable(r io.Reader) (*table, []string, error) {
	decoded, err := decode(r)
	if err != nil {
		return nil, nil, err
	}
	t := &table{guard: &guard{r: decoded, left: maxRecord}}
	in := bufio.NewReaderSize(t.guard, readAhead)
	comma, err := t.separator(in)
	if err != nil {
		return nil, nil, err
	}
	t.csv = csv.NewReader(in)
	t.csv.Comma, t.csv.FieldsPerRecord, t.csv.ReuseRecord = comma, -1, true
	header, _, err := t.record()
	var bad *rowError
	switch {
	case errors.Is(err, io.EOF):
		return nil, nil, &errs.Error{Kind: errs.Invalid, Text: "the file is empty: its first line names the columns, one of them email"}
	case errors.As(err, &bad):
		return nil, nil, &errs.Error{Kind: errs.Invalid, Line: bad.line, Text: bad.reason}
	case err != nil:
		return nil, nil, err
	}
	return t, header, nil
}

// decode takes the byte order mark away and turns UTF-16 into UTF-8.
func decode(r io.Reader) (io.Reader, error) {
	in := bufio.NewReaderSize(r, readAhead)
	start, err := in.Peek(4)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the file: %w", err)
	}
	switch {
	case bytes.HasPrefix(start, []byte("\xef\xbb\xbf")):
		_, err = in.Discard(3)
		return in, err
	case bytes.HasPrefix(start, []byte("\xff\xfe")):
		return unicode.UTF16(unicode.LittleEndian, unicode.ExpectBOM).NewDecoder().Reader(in), nil
	case bytes.HasPrefix(start, []byte("\xfe\xff")):
		return unicode.UTF16(unicode.BigEndian, unicode.ExpectBOM).NewDecoder().Reader(in), nil
	case bytes.HasPrefix(start, []byte("PK\x03\x04")):
		return nil, &errs.Error{Kind: errs.Invalid, Text: "this is a spreadsheet or an archive: save it as CSV"}
	}
	return in, nil
}

// separator finds what stands between the cells of the first line, outside
// quotation marks. A line "sep=;", which Excel writes and reads, says it and
// is skipped.
func (t *table) separator(in *bufio.Reader) (rune, error) {
	start, err := in.Peek(readAhead)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	if rest, ok := bytes.CutPrefix(start, []byte("sep=")); ok && len(rest) > 1 && strings.IndexByte(",;\t", rest[0]) >= 0 && (rest[1] == '\n' || rest[1] == '\r') {
		t.skipped = 1
		_, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return rune(rest[0]), err
	}
	var commas, semicolons, tabs int
	quoted := false
scan:
	for _, c := range start {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '\n':
			break scan
		case c == ',':
			commas++
		case c == ';':
			semicolons++
		case c == '\t':
			tabs++
		}
	}
	switch {
	case semicolons > commas && semicolons >= tabs:
		return ';', nil
	case tabs > commas:
		return '\t', nil
	}
	return ',', nil
}

// record returns the next record and its line. A *rowError spoils one row
// only, io.EOF is the end, anything else too.
func (t *table) record() ([]string, int, error) {
	t.guard.left = maxRecord
	cells, err := t.csv.Read()
	var parse *csv.ParseError
	switch {
	case t.guard.tripped:
		return nil, 0, &errs.Error{Kind: errs.Invalid, Line: t.last + 1, Text: fmt.Sprintf("the row is longer than %d KiB: is a quotation mark not closed?", maxRecord>>10)}
	case errors.As(err, &parse):
		return nil, 0, &rowError{parse.StartLine + t.skipped, "its quotation marks do not match: put a cell that has one in quotation marks and write it twice"}
	case errors.Is(err, io.EOF):
		return nil, 0, io.EOF
	case err != nil:
		return nil, 0, fmt.Errorf("reading the file: %w", err)
	}
	line, _ := t.csv.FieldPos(0)
	t.last = line + t.skipped
	return cells, t.last, nil
}

// head gives each column its meaning.
func (t *table) head(titles []string) error {
	if len(titles) > maxColumns {
		return &errs.Error{Kind: errs.Invalid, Line: 1, Text: fmt.Sprintf("%d columns: a file may have %d", len(titles), maxColumns)}
	}
	if len(titles) == 1 {
		if _, err := mailaddr.Parse(unguard(strings.TrimSpace(titles[0]))); err == nil {
			t.columns, t.first = []column{{name: "email"}}, []string{titles[0]}
			return nil
		}
	}
	t.columns = make([]column, len(titles))
	names := make([]string, len(titles))
	for i, title := range titles {
		title = strings.TrimSpace(unguard(title))
		if list, ok := strings.CutPrefix(title, listPrefix); ok {
			t.columns[i].list = list
			continue
		}
		if names[i] = fieldName(title); names[i] == refusedLine || names[i] == refusedReason {
			names[i] = "" // of a file of refused rows that has been mended
		}
		t.columns[i].name = names[i]
	}
	for _, a := range aliases {
		t.assign(a.column, a.titles, names)
	}
	return t.checkColumns(names)
}

// assign gives the column with the surest of the titles its name.
func (t *table) assign(name string, titles, names []string) {
	for _, title := range titles {
		for i := range names {
			if names[i] == title {
				t.columns[i].name = name
				return
			}
		}
	}
}

func (t *table) checkColumns(names []string) error {
	seen := map[column]bool{}
	for i, c := range t.columns {
		switch {
		case c == column{}:
			continue
		case seen[c]:
			return &errs.Error{Kind: errs.Invalid, Line: 1, Text: fmt.Sprintf("two columns are named %q: rename one", c.name+c.list)}
		case len(c.name) > maxFieldName:
			return &errs.Error{Kind: errs.Invalid, Line: 1, Text: fmt.Sprintf("column %d: shorten its name to %d bytes", i+1, maxFieldName)}
		case c.list != "" && CheckListName(c.list) != nil:
			return &errs.Error{Kind: errs.Invalid, Line: 1, Text: fmt.Sprintf("column %d: no list can have this name", i+1), Err: CheckListName(c.list)}
		}
		seen[c] = true
	}
	if seen[column{name: "email"}] {
		return nil
	}
	var titles []string
	for _, n := range names {
		if n != "" {
			titles = append(titles, n)
		}
	}
	return &errs.Error{Kind: errs.Invalid, Line: 1, Text: fmt.Sprintf("no column is named email, only %s: the first line names the columns", strings.Join(titles[:min(len(titles), 8)], ", "))}
}

// next returns the next row that is not blank, its values as they stand in the
// file. Errors are as of record.
func (t *table) next() (Row, []string, error) {
	for {
		cells, line, err := t.first, 1+t.skipped, error(nil)
		if t.first = nil; cells == nil {
			if cells, line, err = t.record(); err != nil {
				return Row{}, nil, err
			}
		}
		if blank(cells) {
			continue
		}
		if len(cells) != len(t.columns) {
			return Row{}, nil, &rowError{line, fmt.Sprintf("%d cells, but the first line names %d columns", len(cells), len(t.columns))}
		}
		row := Row{Line: line}
		for i, cell := range cells {
			cell = unguard(cell)
			switch name := t.columns[i].name; name {
			case "":
			case "email":
				row.Email = cell
			case "name":
				row.Name = cell
			case "language":
				row.Language = cell
			case "zone":
				row.Zone = cell
			default:
				if cell == "" {
					continue
				}
				if row.Fields == nil {
					row.Fields = make(map[string]string, len(t.columns))
				}
				row.Fields[name] = cell
			}
		}
		return row, cells, nil
	}
}

func blank(cells []string) bool {
	for _, c := range cells {
		if strings.TrimSpace(c) != "" {
			return false
		}
	}
	return true
}

// dangerous reports whether a spreadsheet may take the cell for a formula: it
// begins with = + - @, a tab or a line end, also in full width, or with
// apostrophes before one of these, which guardCell must be able to tell apart.
func dangerous(cell string) bool {
	cell = strings.TrimLeft(cell, "'")
	for _, start := range []string{"=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"} {
		if strings.HasPrefix(cell, start) {
			return true
		}
	}
	return false
}

// guardCell makes a cell that no spreadsheet executes; unguard takes it back.
func guardCell(cell string) string {
	if dangerous(cell) {
		return "'" + cell
	}
	return cell
}

func unguard(cell string) string {
	if cell != "" && cell[0] == '\'' && dangerous(cell) {
		return cell[1:]
	}
	return cell
}
