package mailer

import (
	"bytes"
	"errors"
	"fmt"
	"net"

	"postrider/delivery"
)

// shareFrom is how long a fixed text is not to be copied into each mail: for
// less, another piece costs more than the copy.
const shareFrom = 512

// fixed is text that all mails of a letter share. What lies between its first
// and its last line was checked when it was compiled.
type fixed struct {
	octets []byte
	head   int // end of its first line
	last   int // start of its last line; at most head: nothing lies between
}

func newFixed(octets []byte) (fixed, error) {
	f := fixed{octets: octets, head: bytes.IndexByte(octets, '\n') + 1}
	if f.head == 0 || f.head == len(octets) {
		return f, nil
	}
	f.last = bytes.LastIndexByte(octets[:len(octets)-1], '\n') + 1
	if f.last <= f.head {
		return f, nil
	}
	var s scan
	if err := s.feed(octets[f.head:f.last]); err != nil {
		return f, fmt.Errorf("encoding the letter: %w", err)
	}
	return f, nil
}

// assembled implements delivery.Message: what is one reader's, and between it the
// fixed texts, which are not copied.
type assembled struct {
	own    []byte
	pieces []piece
	done   int // octets of own that are in pieces
	share  int // fixed texts shorter than this are copied
	spare  []byte
}

// piece is octets of own, or a fixed text without its last drop octets.
type piece struct {
	fixed    *fixed
	drop     int
	from, to int
}

func (p *piece) octets(m *assembled) []byte {
	if p.fixed == nil {
		return m.own[p.from:p.to]
	}
	return p.fixed.octets[:len(p.fixed.octets)-p.drop]
}

func (m *assembled) reset() {
	m.own, m.pieces, m.done = m.own[:0], m.pieces[:0], 0
}

// end makes a piece of what was appended to own.
func (m *assembled) end() {
	if len(m.own) > m.done {
		m.pieces = append(m.pieces, piece{from: m.done, to: len(m.own)})
		m.done = len(m.own)
	}
}

func (m *assembled) add(f *fixed) {
	if len(f.octets) < m.share {
		m.own = append(m.own, f.octets...)
		return
	}
	m.end()
	m.pieces = append(m.pieces, piece{fixed: f})
}

// tail is the last n octets at most, of those that were appended together.
func (m *assembled) tail(n int) []byte {
	b := m.own[m.done:]
	if len(b) == 0 && len(m.pieces) > 0 {
		b = m.pieces[len(m.pieces)-1].octets(m)
	}
	return b[max(len(b)-n, 0):]
}

// endQuoted takes away the soft break at the end, if there is one: the last
// line of a part has nothing to be joined with.
func (m *assembled) endQuoted() {
	const soft = "=\r\n"
	if string(m.tail(len(soft))) != soft {
		return
	}
	if len(m.own) > m.done {
		m.own = m.own[:len(m.own)-len(soft)]
		return
	}
	m.pieces[len(m.pieces)-1].drop = len(soft)
}

// AppendTo implements delivery.Message.
func (m *assembled) AppendTo(b []byte) []byte {
	for i := range m.pieces {
		b = append(b, m.pieces[i].octets(m)...)
	}
	return b
}

// Len implements delivery.Message.
func (m *assembled) Len() int {
	n := 0
	for i := range m.pieces {
		n += len(m.pieces[i].octets(m))
	}
	return n
}

func (m *assembled) appendBuffers(b net.Buffers) net.Buffers {
	for i := range m.pieces {
		b = append(b, m.pieces[i].octets(m))
	}
	return b
}

func (m *assembled) sign(keys []delivery.DKIMKey) error {
	b, err := sign(m.AppendTo(m.spare[:0]), 0, keys)
	if err != nil {
		return err
	}
	m.spare, m.own = m.own, b
	m.pieces, m.done = m.pieces[:0], 0
	m.end()
	return nil
}

// check makes sure that the text can only end where its final dot will be: CRLF
// line ends and nothing like one, no line that begins with a dot, so that no
// relay, however lenient, sees a second mail in it (SMTP smuggling).
func (m *assembled) check() error {
	var s scan
	for i := range m.pieces {
		p := &m.pieces[i]
		b := p.octets(m)
		if f := p.fixed; f != nil && f.last > f.head {
			if err := s.feed(b[:f.head]); err != nil {
				return err
			}
			s.lines += 2 // and more: where a line is counted it is this reader's
			b = b[f.last:]
		}
		if err := s.feed(b); err != nil {
			return err
		}
	}
	if s.lines == 0 || s.column > 0 {
		return errors.New("the message does not end in a line end")
	}
	return nil
}

// scan checks octets that follow each other.
type scan struct {
	lines  int
	column int  // octets of the line that has begun
	cr     bool // the last of them is a CR
}

func (s *scan) feed(b []byte) error {
	if bytes.IndexByte(b, 0) >= 0 {
		return errors.New("the message contains a NUL")
	}
	for len(b) > 0 {
		line, rest, ended := bytes.Cut(b, []byte{'\n'})
		cr := bytes.IndexByte(line, '\r')
		switch {
		case s.column == 0 && b[0] == '.':
			return fmt.Errorf("line %d of the message begins with a dot", s.lines+1)
		case s.cr && len(line) > 0 || cr >= 0 && cr != len(line)-1:
			return fmt.Errorf("line %d of the message contains a bare CR", s.lines+1)
		case ended && !s.cr && cr < 0:
			return fmt.Errorf("line %d of the message ends in a bare LF", s.lines+1)
		}
		s.cr = s.cr || cr >= 0
		s.column += len(line)
		if n := s.column - bit(s.cr); n > maxLine {
			return fmt.Errorf("line %d of the message has %d octets or more: lines have at most %d", s.lines+1, n, maxLine)
		}
		if ended {
			s.lines, s.column, s.cr = s.lines+1, 0, false
		}
		b = rest
	}
	return nil
}

func bit(b bool) int {
	if b {
		return 1
	}
	return 0
}
