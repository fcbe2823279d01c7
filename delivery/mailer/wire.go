package mailer

import (
	"errors"
	"net"
	"sync"
	"time"
)

// maxGreeting bounds what a relay may say between two of our writes until it
// is logged in, encrypted or not; RFC 5321 knows no reply near it.
const maxGreeting = 64 << 10

var errTalkative = errors.New("the mail server sent more than 64 KB instead of a reply")

// wire is the TCP connection below TLS. While go-mail greets, its deadlines are
// overruled by one for the whole of it, and what it reads is bounded: textproto
// would wait for ever for the end of a line that trickles, and keep all of it.
type wire struct {
	net.Conn
	mu       sync.Mutex
	greeting bool
	budget   int
	sent     int64 // octets that the kernel took
}

func newWire(conn net.Conn, deadline time.Time) (*wire, error) {
	if err := conn.SetDeadline(deadline); err != nil {
		return nil, err
	}
	return &wire{Conn: conn, greeting: true, budget: maxGreeting}, nil
}

// greeted ends the special rules.
func (w *wire) greeted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.greeting = false
}

func (w *wire) Read(b []byte) (int, error) {
	w.mu.Lock()
	limited, budget := w.greeting, w.budget
	w.mu.Unlock()
	if !limited {
		return w.Conn.Read(b)
	}
	if budget <= 0 {
		return 0, errTalkative
	}
	n, err := w.Conn.Read(b[:min(len(b), budget)])
	w.mu.Lock()
	w.budget -= n
	w.mu.Unlock()
	return n, err
}

func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.budget = maxGreeting
	w.sent += int64(n)
	return n, err
}

// writeAll writes octets from where they lie, in one call of the kernel.
func (w *wire) writeAll(pieces net.Buffers) error {
	n, err := pieces.WriteTo(w.Conn)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.budget = maxGreeting
	w.sent += n
	return err
}

// octetsSent returns how much has left this program, TLS's own octets included.
func (w *wire) octetsSent() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.sent
}

func (w *wire) overruled() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.greeting
}

func (w *wire) SetDeadline(t time.Time) error {
	if w.overruled() {
		return nil
	}
	return w.Conn.SetDeadline(t)
}

func (w *wire) SetReadDeadline(t time.Time) error {
	if w.overruled() {
		return nil
	}
	return w.Conn.SetReadDeadline(t)
}

func (w *wire) SetWriteDeadline(t time.Time) error {
	if w.overruled() {
		return nil
	}
	return w.Conn.SetWriteDeadline(t)
}

// hangUp closes the socket without a word, TLS's last alert included. It may be
// called at any time, by anybody, more than once.
func (w *wire) hangUp() { _ = w.Close() }
