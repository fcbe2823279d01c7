package subscribers

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"postrider/internal/errs"
)

const (
	maxRecord  = 256 << 10 // bytes of one row
	maxColumns = 2_000
	readAhead  = 64 << 10
)

// table reads a CSV file (RFC 4180) row by row: of any encoding and separator,
// with line ends inside quotation marks. It holds one row in memory and
// refuses one over 256 KiB.
type table struct {
	csv      *csv.Reader
	guard    *guard
	encoding Encoding
	comma    rune
	skipped  int // lines before what csv reads
	last     int // line of the last record
	titles   []string
	columns  []column
	from     *origin
	whole    standing // of every row that has no status of its own
	lists    []ListID // of the columns that hold states, zero elsewhere
	first    []string // the row after the titles, not handed out yet
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

// openTable reads the titles. A file without an email column is Invalid.
func openTable(r io.Reader, o ImportOptions) (*table, error) {
	t, header, err := beginTable(r, o)
	if err != nil {
		return nil, err
	}
	if o.Columns == nil {
		return t, t.head(header, o.Map)
	}
	if len(o.Columns) != len(header) {
		return nil, &errs.Error{Kind: errs.Invalid, Line: 1, Text: fmt.Sprintf("the file has %d columns, and %d are told where to go", len(header), len(o.Columns))}
	}
	t.titles, t.columns = unguarded(header), make([]column, len(header))
	for i, to := range o.Columns {
		if t.columns[i], err = target(to); err != nil {
			return nil, err
		}
	}
	if t.from = originOf(t.titles); o.NoHeader {
		t.first = slices.Clone(header)
	}
	t.judge()
	return t, checkColumns(t.columns, unguarded(header))
}

// beginTable reads the first row, whatever it says.
func beginTable(r io.Reader, o ImportOptions) (*table, []string, error) {
	decoded, as, err := decode(r, o.Encoding)
	if err != nil {
		return nil, nil, err
	}
	t := &table{guard: &guard{r: decoded, left: maxRecord}, encoding: as}
	in := bufio.NewReaderSize(t.guard, readAhead)
	if t.comma, err = t.separator(in); err != nil {
		return nil, nil, err
	}
	if o.Delimiter != 0 {
		t.comma = o.Delimiter
	}
	t.csv = csv.NewReader(in)
	t.csv.Comma, t.csv.FieldsPerRecord, t.csv.ReuseRecord = t.comma, -1, true
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

// separator finds what stands between cells. A line "sep=;", which Excel
// writes and reads, says it and is skipped.
func (t *table) separator(in *bufio.Reader) (rune, error) {
	start, err := in.Peek(readAhead)
	if err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	rest, ok := bytes.CutPrefix(start, []byte("sep="))
	if !ok || len(rest) < 2 || strings.IndexByte(separators, rest[0]) < 0 || rest[1] != '\n' && rest[1] != '\r' {
		return separatorOf(start), nil
	}
	t.skipped = 1
	if _, err := in.ReadSlice('\n'); err != nil && !errors.Is(err, io.EOF) {
		return 0, err
	}
	return rune(rest[0]), nil
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
		return cells, 0, &rowError{parse.StartLine + t.skipped, "its quotation marks do not match: put a cell that has one in quotation marks and write it twice"}
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
func (t *table) head(titles []string, said map[string]string) error {
	if len(titles) > maxColumns {
		return &errs.Error{Kind: errs.Invalid, Line: 1, Text: fmt.Sprintf("%d columns: a file may have %d", len(titles), maxColumns)}
	}
	t.titles = unguarded(titles)
	t.from = originOf(t.titles)
	t.judge()
	var err error
	t.columns, err = columnsOf(t.titles, t.from, said)
	return err
}

// judge looks what all rows of a service's file have in common.
func (t *table) judge() {
	if t.from == nil || t.from.whole == nil {
		return
	}
	names := make([]string, len(t.titles))
	for i, title := range t.titles {
		names[i] = fieldName(title)
	}
	t.whole = t.from.whole(names)
}

// next returns the next row that is not blank, its values as they stand in the
// file, and its cells. Errors are as of record.
func (t *table) next() (Row, []string, error) {
	for {
		cells, line, err := t.first, 1+t.skipped, error(nil)
		if t.first = nil; cells == nil {
			if cells, line, err = t.record(); err != nil {
				return Row{}, cells, err
			}
		}
		if blank(cells) {
			continue
		}
		if len(cells) != len(t.columns) {
			return Row{}, cells, &rowError{line, fmt.Sprintf("%d cells, but the first line names %d columns", len(cells), len(t.columns))}
		}
		row := Row{Line: line}
		t.whole.apply(&row)
		for i, cell := range cells {
			if err := t.cell(&row, i, unguard(cell)); err != nil {
				return row, cells, &rowError{line, err.Error()}
			}
		}
		return row, cells, nil
	}
}

// cell puts one value where its column says.
func (t *table) cell(row *Row, i int, cell string) error {
	if list := t.columns[i].list; list != "" {
		switch state := MembershipState(clean(cell)); state {
		case "":
		case Pending, Active, Unsubscribed:
			var id ListID
			if t.lists != nil {
				id = t.lists[i]
			}
			row.Memberships = append(row.Memberships, RowMembership{id, state})
		default:
			return invalid("list", "a state is pending, active or unsubscribed")
		}
		return nil
	}
	switch name := t.columns[i].name; name {
	case "":
	case colEmail:
		row.Email = cell
	case colName:
		row.Name = cell
	case colLanguage:
		row.Language = t.lenient(cell, parseLanguage)
	case colZone:
		row.Zone = t.lenient(cell, parseZone)
	case colTags:
		row.Tags = parseTags(cell)
	case colNote:
		row.Note = cell
	case colConsent:
		at, err := parseDate(cell)
		if err != nil && t.from == nil {
			return err
		}
		row.ConsentAt = at
	case colStatus:
		return t.status(row, cell)
	case colJSON:
		return spread(row, cell)
	default:
		if cell == "" {
			return nil
		}
		if row.Fields == nil {
			row.Fields = make(map[string]string, len(t.columns))
		}
		row.Fields[name] = cell
	}
	return nil
}

// lenient leaves out what another service wrote and we cannot read: its users
// never saw that column.
func (t *table) lenient(cell string, parse func(string) (string, error)) string {
	if t.from == nil || cell == "" {
		return cell
	}
	v, err := parse(clean(cell))
	if err != nil {
		return ""
	}
	return v
}

func (t *table) status(row *Row, cell string) error {
	word := fieldName(cell)
	if t.from != nil && t.from.status != nil {
		t.from.status(word).apply(row)
		return nil
	}
	s, ok := plainStatus(word)
	if !ok {
		return invalid("status", fmt.Sprintf("%q is no state that we know: want active, unsubscribed, pending or bounced", cell))
	}
	s.apply(row)
	return nil
}

func (s standing) apply(row *Row) {
	if s != (standing{}) {
		row.State, row.Outside, row.Suppress = s.state, s.outside, s.suppress
	}
}

// spread makes fields of the values of a JSON object. What is no plain value
// is kept as its JSON text.
func spread(row *Row, cell string) error {
	if strings.TrimSpace(cell) == "" {
		return nil
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal([]byte(cell), &all); err != nil {
		return invalid("attributes", "want a JSON object")
	}
	for k, raw := range all {
		name := fieldName(k)
		var text string
		if json.Unmarshal(raw, &text) != nil {
			text = string(raw)
		}
		if name == "" || text == "" || text == "null" {
			continue
		}
		if reserved[name] {
			name += "_attribute"
		}
		if row.Fields == nil {
			row.Fields = map[string]string{}
		}
		row.Fields[name] = text
	}
	return nil
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
