// Package smtptest is a mail server for tests that does what a script says: it
// answers, hangs, drops the line in the middle of a reply, accepts a message and
// never says so. It checks what it is sent (bare CR or LF, over-long lines,
// pipelining that it did not offer) and fails the test for it. It is
// not a mail server for anything else: it delivers nothing and knows no limits.
//
// A script has one line per answer:
//
//	RCPT ada@example.org -> 451 4.2.1 busy
//	RCPT ada@example.org -> 250
//	DOT                  -> drop-after-250
//	RCPT *               -> wait 20ms; 250 2.1.5 ok; drop
//
// The left side is a stage (CONNECT EHLO STARTTLS AUTH MAIL RCPT DATA BODY DOT
// RSET NOOP QUIT) and what it is about: the number of the connection for
// CONNECT, the mechanism for AUTH, the sender for MAIL, else the first
// recipient; nothing or * means any. Lines for the same left side are used up in
// their order, the last one stays. BODY happens when the first octet of the text
// arrives, DOT when the final dot did. The right side is one or more of these,
// separated by semicolons:
//
//	451 4.2.1 text    this reply; \n in the text makes it a reply of several lines
//	ok                the reply that would come without a script
//	wait 20ms         wait, then go on
//	hold              wait until the test calls Release, then go on
//	slow 5ms          the usual reply, one octet each 5 ms
//	half              the first two octets of the usual reply, then close
//	flood 100000      that many octets without a line end
//	drop, rst, hang   close; reset; say nothing until the test is over
//	stall             the same, and read nothing either
//	accept            DOT: keep the message whatever is said about it
//	drop-after-250    DOT: accept; drop
//	half-after-250    DOT: accept; half
package smtptest

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"slices"
	"sync"
	"testing"
	"time"
)

// Message is one that the server accepted.
type Message struct {
	From, To string   // of the envelope; To is the first recipient
	Rcpts    []string // all recipients
	Params   string   // what followed the address in MAIL: "SIZE=900 SMTPUTF8"
	Data     []byte   // as it came, dot-stuffing removed, without the final dot
	Conn     int      // number of the connection, from 1
	At       time.Time
}

// Server is a running test server. Its methods are safe for concurrent use.
type Server struct {
	t        testing.TB
	listener net.Listener
	config   config
	script   *script
	done     chan struct{} // closed when the test is over
	released chan struct{} // closed by Release

	mu       sync.Mutex
	changed  *sync.Cond
	accepted []Message
	commands []string
	faults   []string
	conns    map[net.Conn]bool
	total    int
	texts    int
	news     int // how often anything happened
	closed   bool
	wg       sync.WaitGroup
}

// Start runs a server on a loopback port until the test ends. A script that
// cannot be read fails the test at once; what clients did wrong fails it at the end.
func Start(t testing.TB, text string, opts ...Option) *Server {
	t.Helper()
	parsed, err := parseScript(text)
	if err != nil {
		t.Fatalf("smtptest: %v", err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("smtptest: %v", err)
	}
	s := &Server{t: t, listener: listener, script: parsed, conns: map[net.Conn]bool{}, done: make(chan struct{}), released: make(chan struct{}), config: defaults()}
	s.changed = sync.NewCond(&s.mu)
	for _, opt := range opts {
		opt(&s.config)
	}
	s.wg.Go(s.serve)
	t.Cleanup(s.stop)
	return s
}

func (s *Server) serve() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.mu.Lock()
		if s.closed {
			s.mu.Unlock()
			_ = conn.Close()
			return
		}
		s.total++
		n := s.total
		s.conns[conn] = true
		s.happened()
		s.mu.Unlock()
		s.wg.Go(func() {
			defer s.forget(conn)
			newSession(s, conn, n).run()
		})
	}
}

func (s *Server) forget(conn net.Conn) {
	_ = conn.Close()
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
	s.happened()
}

func (s *Server) stop() {
	s.Close()
	if s.config.allowFaults {
		return
	}
	for _, fault := range s.Faults() {
		s.t.Errorf("smtptest: the client broke the protocol: %s", fault)
	}
}

// Close hangs up on everybody and stops listening. The test's end does it too.
func (s *Server) Close() {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.done)
	}
	_ = s.listener.Close()
	for conn := range s.conns {
		_ = conn.Close()
	}
	s.mu.Unlock()
	s.wg.Wait()
}

// Addr returns "127.0.0.1:port".
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Host returns the address to dial, for which the certificate is made.
func (s *Server) Host() string { return "127.0.0.1" }

// Port returns the port to dial.
func (s *Server) Port() int { return s.listener.Addr().(*net.TCPAddr).Port }

// Roots returns the authority that signed the server's certificate, nil where
// no TLS was asked for.
func (s *Server) Roots() *x509.CertPool { return s.config.roots }

// Accepted returns the messages accepted so far, in that order.
func (s *Server) Accepted() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.accepted)
}

// Commands returns all command lines so far in the order of their arrival,
// without the texts of messages. Of AUTH only the mechanism is kept.
func (s *Server) Commands() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.commands)
}

// Faults returns what clients did against the protocol.
func (s *Server) Faults() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.faults)
}

// Connections returns how many connections there were.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.total
}

// Release lets every "hold" of the script go on, those to come too. It must be
// called once only.
func (s *Server) Release() { close(s.released) }

// Wait waits until n messages were accepted and returns them all. Like the
// other waits it fails the test when for thirty seconds nothing has happened on
// any connection: how long a busy machine needs for n says nothing.
func (s *Server) Wait(n int) []Message {
	s.t.Helper()
	s.waitUntil("messages", func() bool { return len(s.accepted) >= n })
	return s.Accepted()
}

// WaitClosed waits until all connections are closed, by either side.
func (s *Server) WaitClosed() {
	s.t.Helper()
	s.waitUntil("closed connections", func() bool { return len(s.conns) == 0 })
}

// WaitCommand waits until a command line that begins with prefix has come.
func (s *Server) WaitCommand(prefix string) {
	s.t.Helper()
	s.waitUntil("command "+prefix, func() bool {
		return slices.ContainsFunc(s.commands, func(c string) bool { return len(c) >= len(prefix) && c[:len(prefix)] == prefix })
	})
}

// WaitText waits until the text of n messages has begun to arrive.
func (s *Server) WaitText(n int) {
	s.t.Helper()
	s.waitUntil("the text of messages", func() bool { return s.texts >= n })
}

func (s *Server) waitUntil(what string, reached func() bool) {
	s.t.Helper()
	const silence = 30 * time.Second
	wake := time.AfterFunc(silence, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer wake.Stop()
	s.mu.Lock()
	defer s.mu.Unlock()
	seen, last := s.news, time.Now()
	for ; !reached(); s.changed.Wait() {
		if s.news != seen {
			seen, last = s.news, time.Now()
			wake.Reset(silence)
		}
		if time.Since(last) >= silence {
			s.t.Fatalf("smtptest: waited in vain for %s; %d messages so far, commands %q", what, len(s.accepted), s.commands)
		}
	}
}

// happened wakes those who wait. The caller holds mu.
func (s *Server) happened() {
	s.news++
	s.changed.Broadcast()
}

func (s *Server) note(line string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.commands = append(s.commands, line)
	s.happened()
}

func (s *Server) text() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.texts++
	s.happened()
}

func (s *Server) fault(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, text)
}

func (s *Server) accept(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.accepted = append(s.accepted, m)
	s.happened()
}

// tlsConfig is nil where no TLS was asked for.
func (s *Server) tlsConfig() *tls.Config { return s.config.tls }
