package subscribers

import (
	"bufio"
	"container/heap"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

const (
	runRows  = 20_000 // rows of a run, sorted in memory
	runBytes = 8 << 20
	runAhead = 32 << 10
)

// stage puts rows into the order of their addresses, which is the order of the
// database's indexes: rows in any other order make it write each page of them
// again and again. What does not fit into memory goes into sorted runs of a
// temporary file.
type stage struct {
	dir  string
	rows []Row // of the run that is being filled
	size int
	file *tempFile
	runs []run
	n    int // rows in all
	key  func(Row) string
}

type run struct{ from, to int64 }

func (s *stage) add(r Row, bytes int) error {
	r.seq = s.n
	s.rows, s.size, s.n = append(s.rows, r), s.size+bytes, s.n+1
	if len(s.rows) < runRows && s.size < runBytes {
		return nil
	}
	return s.spill()
}

func (s *stage) sort() {
	slices.SortFunc(s.rows, func(a, b Row) int { return s.compare(&a, &b) })
}

func (s *stage) compare(a, b *Row) int {
	if s.key != nil {
		if c := strings.Compare(s.key(*a), s.key(*b)); c != 0 {
			return c
		}
	}
	if c := strings.Compare(a.Canonical, b.Canonical); c != 0 {
		return c
	}
	return a.seq - b.seq
}

func (s *stage) spill() error {
	s.sort()
	if s.file == nil {
		var err error
		if s.file, err = newTemp(s.dir); err != nil {
			return err
		}
	}
	var from int64
	if len(s.runs) > 0 {
		from = s.runs[len(s.runs)-1].to
	}
	w := bufio.NewWriterSize(s.file, 1<<20)
	to, buf := from, []byte(nil)
	for i := range s.rows {
		buf = appendRow(buf[:0], &s.rows[i])
		if _, err := w.Write(buf); err != nil {
			return fmt.Errorf("putting rows in order: %w", err)
		}
		to += int64(len(buf))
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("putting rows in order: %w", err)
	}
	s.runs = append(s.runs, run{from, to})
	clear(s.rows)
	s.rows, s.size = s.rows[:0], 0
	return nil
}

// close frees what the stage holds.
func (s *stage) close() {
	if s.file != nil {
		_ = s.file.Close()
	}
}

// sorted returns all rows in order, one at a time; io.EOF is the end.
func (s *stage) sorted() (func() (Row, error), error) {
	if len(s.runs) == 0 {
		s.sort()
		i := 0
		return func() (Row, error) {
			if i == len(s.rows) {
				return Row{}, io.EOF
			}
			i++
			return s.rows[i-1], nil
		}, nil
	}
	if len(s.rows) > 0 {
		if err := s.spill(); err != nil {
			return nil, err
		}
	}
	s.rows = nil
	m := &merger{stage: s}
	words := map[string]string{}
	for _, r := range s.runs {
		in := &runReader{in: bufio.NewReaderSize(io.NewSectionReader(s.file, r.from, r.to-r.from), runAhead), words: words}
		if err := in.advance(); err != nil {
			return nil, err
		}
		m.runs = append(m.runs, in)
	}
	heap.Init(m)
	return m.next, nil
}

// merger merges sorted runs.
type merger struct {
	stage *stage
	runs  []*runReader
}

func (m *merger) Len() int           { return len(m.runs) }
func (m *merger) Less(i, j int) bool { return m.stage.compare(&m.runs[i].row, &m.runs[j].row) < 0 }
func (m *merger) Swap(i, j int)      { m.runs[i], m.runs[j] = m.runs[j], m.runs[i] }

// Push and Pop are of heap.Interface; runs only ever leave.
func (m *merger) Push(any) {}

// Pop takes the last run away.
func (m *merger) Pop() any {
	last := m.runs[len(m.runs)-1]
	m.runs = m.runs[:len(m.runs)-1]
	return last
}

func (m *merger) next() (Row, error) {
	if len(m.runs) == 0 {
		return Row{}, io.EOF
	}
	row := m.runs[0].row
	switch err := m.runs[0].advance(); {
	case errors.Is(err, io.EOF):
		heap.Pop(m)
	case err != nil:
		return Row{}, err
	default:
		heap.Fix(m, 0)
	}
	return row, nil
}

// runReader reads one run.
type runReader struct {
	in    *bufio.Reader
	row   Row
	buf   []byte
	words map[string]string // names of fields and other texts that come again and again
}

func (r *runReader) advance() error {
	size, err := binary.ReadUvarint(r.in)
	if err != nil {
		return err // io.EOF at the end of the run
	}
	if uint64(cap(r.buf)) < size {
		r.buf = make([]byte, size*2)
	}
	r.buf = r.buf[:size]
	if _, err := io.ReadFull(r.in, r.buf); err != nil {
		return fmt.Errorf("reading rows in order: %w", err)
	}
	r.row = readRow(string(r.buf), r.words)
	return nil
}

// appendRow writes a row with its length before it. The file lives as long as
// the process, so its form may change with the program.
func appendRow(b []byte, r *Row) []byte {
	start := len(b)
	b = append(b, 0, 0, 0, 0, 0) // room for the length
	body := len(b)
	for _, s := range []string{r.Email, r.Canonical, r.Name, r.Language, r.Zone, r.Note, r.Suppress, string(r.State)} {
		b = appendText(b, s)
	}
	b = binary.AppendVarint(b, int64(r.Line))
	b = binary.AppendVarint(b, int64(r.seq))
	b = binary.AppendVarint(b, r.ConsentAt)
	flags := byte(0)
	if r.Outside {
		flags = 1
	}
	b = append(b, flags)
	b = binary.AppendUvarint(b, uint64(r.src))
	b = binary.AppendUvarint(b, uint64(len(r.Cells)))
	for _, c := range r.Cells {
		b = appendText(b, c)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Tags)))
	for _, t := range r.Tags {
		b = appendText(b, t)
	}
	b = binary.AppendUvarint(b, uint64(len(r.Memberships)))
	for _, m := range r.Memberships {
		b = appendText(binary.AppendVarint(b, int64(m.List)), string(m.State))
	}
	b = binary.AppendUvarint(b, uint64(len(r.Fields)))
	for k, v := range r.Fields {
		b = appendText(appendText(b, k), v)
	}
	var size [binary.MaxVarintLen64]byte
	n := binary.PutUvarint(size[:], uint64(len(b)-body))
	copy(b[start:], size[:n])
	copy(b[start+n:], b[body:])
	return b[:len(b)-(body-start-n)]
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// unpacker takes values from the front of a text.
type unpacker struct {
	rest  string
	words map[string]string
}

func (u *unpacker) uint() uint64 {
	var v uint64
	for shift := 0; ; shift += 7 {
		c := u.rest[0]
		u.rest = u.rest[1:]
		v |= uint64(c&0x7f) << shift
		if c < 0x80 {
			return v
		}
	}
}

func (u *unpacker) int() int64 {
	v := u.uint()
	return int64(v>>1) ^ -int64(v&1)
}

func (u *unpacker) text() string {
	n := u.uint()
	s := u.rest[:n]
	u.rest = u.rest[n:]
	return s
}

// word is a text of which there are few different ones.
func (u *unpacker) word() string {
	s := u.text()
	if s == "" {
		return ""
	}
	if w, ok := u.words[s]; ok {
		return w
	}
	if len(u.words) < maxRemembered {
		s = strings.Clone(s)
		u.words[s] = s
	}
	return s
}

func readRow(body string, words map[string]string) Row {
	u := unpacker{body, words}
	r := Row{Email: u.text(), Canonical: u.text(), Name: u.text(), Language: u.word(), Zone: u.word(), Note: u.text(), Suppress: u.word(), State: MembershipState(u.word())}
	r.Domain = r.Canonical[strings.LastIndexByte(r.Canonical, '@')+1:]
	r.Line, r.seq, r.ConsentAt = int(u.int()), int(u.int()), u.int()
	r.Outside = u.rest[0] == 1
	u.rest = u.rest[1:]
	r.src = int(u.uint())
	for n := u.uint(); n > 0; n-- {
		r.Cells = append(r.Cells, u.text())
	}
	for n := u.uint(); n > 0; n-- {
		r.Tags = append(r.Tags, u.word())
	}
	for n := u.uint(); n > 0; n-- {
		r.Memberships = append(r.Memberships, RowMembership{ListID(u.int()), MembershipState(u.word())})
	}
	if n := u.uint(); n > 0 {
		r.Fields = make(map[string]string, n)
		for ; n > 0; n-- {
			k := u.word()
			r.Fields[k] = u.text()
		}
	}
	return r
}
