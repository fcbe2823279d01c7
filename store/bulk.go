package store

import (
	"context"
	"strconv"
	"strings"
)

// part is a run of items that one statement takes.
type part struct{ from, n int }

// fixedParts cuts n items into runs of a few fixed sizes, so that the texts of
// statements, which drivers keep prepared, stay few.
func fixedParts(n int) []part {
	var out []part
	from := 0
	for _, size := range []int{500, 100, 20, 5, 1} {
		for ; n-from >= size; from += size {
			out = append(out, part{from, size})
		}
	}
	return out
}

// parameters is "$first, …" for n values.
func parameters(first, n int) string {
	b := make([]byte, 0, n*6)
	for i := range n {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, '$')
		b = strconv.AppendInt(b, int64(first+i), 10)
	}
	return string(b)
}

// bulk inserts many rows with few statements.
type bulk struct {
	into   string // "INSERT INTO t (a, b, c) VALUES"
	row    string // one row: "(?, ?, $1)", where ? is a value of the row and $n a shared one
	tail   string // ON CONFLICT …
	shared []any
}

// insert stores values, width of them a row, and returns how many rows changed.
func (t *tx) insert(ctx context.Context, b bulk, values []any) (int64, error) {
	width := strings.Count(b.row, "?")
	var changed int64
	var text string
	size := 0
	for _, p := range fixedParts(len(values) / width) {
		if p.n != size {
			text, size = b.text(p.n), p.n
		}
		args := make([]any, 0, len(b.shared)+p.n*width)
		args = append(append(args, b.shared...), values[p.from*width:(p.from+p.n)*width]...)
		n, err := t.changed(ctx, text, args...)
		if err != nil {
			return changed, err
		}
		changed += n
	}
	return changed, nil
}

func (b bulk) text(rows int) string {
	pieces := strings.Split(b.row, "?")
	text := make([]byte, 0, len(b.into)+len(b.tail)+rows*(len(b.row)+5*len(pieces)))
	text = append(append(text, b.into...), ' ')
	next := len(b.shared)
	for i := range rows {
		if i > 0 {
			text = append(text, ',', '\n')
		}
		text = append(text, pieces[0]...)
		for _, piece := range pieces[1:] {
			next++
			text = append(text, '$')
			text = strconv.AppendInt(text, int64(next), 10)
			text = append(text, piece...)
		}
	}
	text = append(text, ' ')
	return string(append(text, b.tail...))
}
