package subscribers

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"postrider/internal/mailaddr"
)

// Preview is how a file begins, and what we make of its columns.
type Preview struct {
	// Titles are the cells of the first row; of a file without titles too.
	Titles []string
	// Columns says where each column goes: email, name, language, zone, the name
	// of a field, "list:NAME" for states on a list, or nothing. It is a guess by
	// the titles, and by what stands below where they say nothing.
	Columns []string
	// NoHeader is set where the first row is a reader's.
	NoHeader bool
	// Rows are the first ones below the titles, cut or filled to their number.
	Rows [][]string
}

// Look reads the first n rows of a CSV file and guesses what its columns are.
// A file that no table can be made of is Invalid.
func Look(r io.Reader, n int) (Preview, error) {
	t, header, err := beginTable(r, ImportOptions{})
	if err != nil {
		return Preview{}, err
	}
	header = slices.Clone(header)
	p := Preview{Titles: unguarded(header), NoHeader: slices.ContainsFunc(header, isAddress)}
	if err := t.head(header, nil); err != nil && len(header) > maxColumns {
		return Preview{}, err
	}
	for len(p.Rows) < n {
		cells, _, err := t.record()
		var bad *rowError
		if errors.As(err, &bad) || err == nil && blank(cells) {
			continue
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return Preview{}, err
		}
		row := unguarded(cells)
		p.Rows = append(p.Rows, append(row, make([]string, max(len(header)-len(row), 0))...)[:len(header)])
	}
	if p.NoHeader {
		p.Rows = append([][]string{p.Titles}, p.Rows[:min(len(p.Rows), max(n-1, 0))]...)
	}
	p.guess(t)
	return p, nil
}

// guess fills the columns. Where no title is known, the column with the most
// addresses is the one.
func (p *Preview) guess(t *table) {
	p.Columns = make([]string, len(p.Titles))
	if !p.NoHeader {
		for i, c := range t.columns {
			if p.Columns[i] = strings.TrimSuffix(c.name, ":"); c.list != "" {
				p.Columns[i] = listPrefix + c.list
			}
		}
	}
	if slices.Contains(p.Columns, "email") {
		return
	}
	best, most := -1, 0
	for i := range p.Columns {
		addresses := 0
		for _, row := range p.Rows {
			if isAddress(row[i]) {
				addresses++
			}
		}
		if addresses > most {
			best, most = i, addresses
		}
	}
	if best >= 0 {
		p.Columns[best] = "email"
	}
}

func isAddress(cell string) bool {
	_, err := mailaddr.Parse(strings.TrimSpace(unguard(cell)))
	return err == nil
}

func unguarded(cells []string) []string {
	out := make([]string, len(cells))
	for i, c := range cells {
		out[i] = strings.TrimSpace(unguard(c))
	}
	return out
}

// FieldName makes of a column's title the name that a field is kept under:
// snake_case, empty where the title has no letters.
func FieldName(title string) string { return fieldName(title) }

// Titles of the two columns that a file of refused rows has at its end.
const (
	refusedLine   = "refused_line"
	refusedReason = "refused_reason"
)

// RefusedHead is the first line of a file of refused rows: the titles of the
// imported file, then the line and the reason. Such a file imports again, once
// it is mended: its two last columns are left out.
func RefusedHead(titles []string) []string {
	out := make([]string, 0, len(titles)+2)
	for i, t := range titles {
		if t == "" {
			t = fmt.Sprintf("column %d", i+1)
		}
		out = append(out, guardCell(t))
	}
	return append(out, refusedLine, refusedReason)
}

// WriteRefused writes a file of refused rows for an imported file with these
// titles. more returns the next ones behind a place, and the place behind them,
// until it returns none.
func WriteRefused(w io.Writer, titles []string, more func(after int) ([]Refusal, int, error)) error {
	out := csv.NewWriter(w)
	out.UseCRLF = true
	_ = out.Write(RefusedHead(titles)) // an error stays until Flush
	for after := 0; ; {
		rows, next, err := more(after)
		if err != nil || len(rows) == 0 {
			out.Flush()
			return errors.Join(err, out.Error())
		}
		for _, r := range rows {
			_ = out.Write(RefusedRow(r, len(titles)))
		}
		after = next
	}
}

// RefusedRow is a row of such a file, for a file of so many columns. No cell is
// a formula to a spreadsheet. A row whose quotation marks did not match has only
// its line and reason.
func RefusedRow(r Refusal, columns int) []string {
	cells := r.Cells
	if len(cells) == 0 {
		cells = []string{r.Email}
	}
	out := make([]string, columns, columns+2)
	for i := range min(columns, len(cells)) {
		out[i] = guardCell(unguard(cells[i]))
	}
	return append(out, fmt.Sprint(r.Line), guardCell(r.Reason))
}
