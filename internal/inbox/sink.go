package inbox

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"
)

// Sink is a mail server that takes everything and keeps nothing but who got
// how many mails. It exists for drill and bench, where an SMTP server that
// parses and stores would be what is measured. It offers PIPELINING.
type Sink struct {
	// RoundTrip delays every batch of answers, as a distant server would.
	RoundTrip time.Duration
	// Took is called for each mail before it is acknowledged: what it has
	// seen is what the relay has accepted. It may be nil and must be safe for
	// concurrent use.
	Took func(to string)

	listener net.Listener
	mu       sync.Mutex
	open     map[net.Conn]bool
	closed   bool
	serving  sync.WaitGroup
}

// Serve takes mail from l until Close.
func (s *Sink) Serve(l net.Listener) {
	s.mu.Lock()
	s.listener, s.open = l, map[net.Conn]bool{}
	s.mu.Unlock()
	s.serving.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.mu.Lock()
			if s.closed {
				s.mu.Unlock()
				_ = conn.Close()
				return
			}
			s.open[conn] = true
			s.mu.Unlock()
			s.serving.Go(func() {
				_ = s.talk(conn) // a client that hangs up ends its own dialogue
				_ = conn.Close()
				s.mu.Lock()
				delete(s.open, conn)
				s.mu.Unlock()
			})
		}
	})
}

// Addr is where the sink listens, "127.0.0.1:2525".
func (s *Sink) Addr() string { return s.listener.Addr().String() }

// Close hangs up on everybody and waits until no dialogue runs.
func (s *Sink) Close() {
	s.mu.Lock()
	s.closed = true
	_ = s.listener.Close()
	for conn := range s.open {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.serving.Wait()
}

var errQuit = errors.New("quit")

func (s *Sink) talk(conn net.Conn) error {
	r, w := bufio.NewReaderSize(conn, 64<<10), bufio.NewWriter(conn)
	say := func(line string) { _, _ = w.WriteString(line + "\r\n") } // shows at Flush
	flush := func() error {
		if s.RoundTrip > 0 {
			time.Sleep(s.RoundTrip)
		}
		return w.Flush()
	}
	say("220 sink ESMTP")
	if err := flush(); err != nil {
		return err
	}
	var to []string
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		command := strings.ToUpper(string(bytes.TrimSpace(line)))
		switch {
		case strings.HasPrefix(command, "EHLO"):
			_, _ = w.WriteString("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250 ENHANCEDSTATUSCODES\r\n")
		case strings.HasPrefix(command, "HELO"), command == "RSET", command == "NOOP":
			to = to[:0]
			say("250 2.0.0 ok")
		case strings.HasPrefix(command, "MAIL FROM:"):
			to = to[:0]
			say("250 2.1.0 ok")
		case strings.HasPrefix(command, "RCPT TO:"):
			to = append(to, address(string(line)))
			say("250 2.1.5 ok")
		case command == "DATA":
			err = s.take(r, say, flush, to)
		case command == "QUIT":
			say("221 2.0.0 bye")
			err = errQuit
		default:
			say("500 5.5.1 what?")
		}
		if err != nil {
			_ = flush()
			return err
		}
		if r.Buffered() == 0 { // answer a pipelined batch in one write
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

// take reads a message and acknowledges it.
func (s *Sink) take(r *bufio.Reader, say func(string), flush func() error, to []string) error {
	if len(to) == 0 {
		say("554 5.5.1 no valid recipients")
		return nil
	}
	say("354 go on")
	if err := flush(); err != nil {
		return err
	}
	if err := skipText(r); err != nil {
		return err
	}
	for _, one := range to {
		if s.Took != nil {
			s.Took(one)
		}
	}
	say(fmt.Sprintf("250 2.0.0 taken %d", time.Now().UnixNano()&0xffffff))
	return nil
}

// skipText reads up to and including the final dot.
func skipText(r *bufio.Reader) error {
	end := []byte("\r\n.\r\n")
	atStart := true // the text may be empty: the dot is then its first line
	for {
		if r.Buffered() == 0 {
			if _, err := r.Peek(1); err != nil {
				return err
			}
		}
		chunk, err := r.Peek(r.Buffered())
		if err != nil {
			return err
		}
		if atStart && len(chunk) >= 3 && bytes.Equal(chunk[:3], end[2:]) {
			_, err := r.Discard(3)
			return err
		}
		if i := bytes.Index(chunk, end); i >= 0 {
			_, err := r.Discard(i + len(end))
			return err
		}
		atStart = false
		// The end may straddle two chunks: keep what could begin it.
		keep := min(len(chunk), len(end)-1)
		if _, err := r.Discard(len(chunk) - keep); err != nil {
			return err
		}
		if _, err := r.Peek(keep + 1); err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			if errors.Is(err, io.EOF) {
				return io.ErrUnexpectedEOF
			}
			return err
		}
	}
}

// address is what stands between angle brackets.
func address(line string) string {
	_, rest, _ := strings.Cut(line, "<")
	a, _, _ := strings.Cut(rest, ">")
	return a
}
