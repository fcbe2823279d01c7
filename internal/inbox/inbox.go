// Package inbox is a mail server that catches: whatever it accepts stays in
// memory, to be looked at, and goes nowhere. It serves the demo, the drill and
// the bench. It keeps the last mails only, knows no users and asks nobody for a
// password, so it belongs on loopback.
package inbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"postrider/internal/errs"
)

const (
	defaultKeep  = 1000
	maxKeptBytes = 64 << 20 // of all mails together
	maxMailBytes = 16 << 20
	idle         = 5 * time.Minute
	closeWait    = 2 * time.Second
)

// Config says where an Inbox listens and what it keeps.
type Config struct {
	Listener net.Listener     // the Inbox closes it
	Keep     int              // mails, 0: 1000; fewer where they exceed 64 MiB
	Log      *slog.Logger     // nil: silent
	Now      func() time.Time // nil: time.Now
	// OnMail is called for each mail once it is kept and before it is answered,
	// by the connection's goroutine: several at once. nil: nobody is told.
	OnMail func(Mail)
}

// Mail is one accepted mail as it came.
type Mail struct {
	ID   int64 // 1, 2, 3… in the order of arrival
	At   time.Time
	From string   // envelope sender, empty for the null sender
	To   []string // envelope recipients
	Raw  []byte   // not to be changed
}

// Inbox is a running server. Its methods are safe for concurrent use.
type Inbox struct {
	config Config
	server *smtp.Server
	served chan error
	once   sync.Once

	mu      sync.Mutex
	mails   []Mail // ascending by ID
	bytes   int
	last    int64
	active  int           // transactions between MAIL and their answer
	closing bool          // no more may begin
	quiet   chan struct{} // closed when closing and none is active
}

// Start serves until ctx ends or Close is called.
func Start(ctx context.Context, c Config) (*Inbox, error) {
	if c.Listener == nil {
		return nil, errs.Invalidf("the inbox has no listener: open one, like 127.0.0.1:2525")
	}
	if c.Keep <= 0 {
		c.Keep = defaultKeep
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	i := &Inbox{config: c, served: make(chan error, 1), quiet: make(chan struct{})}
	i.server = smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return &session{inbox: i}, nil }))
	i.server.Domain = "inbox.localhost"
	i.server.MaxMessageBytes = maxMailBytes
	i.server.MaxRecipients = 100
	i.server.EnableSMTPUTF8 = true
	i.server.ReadTimeout = idle
	i.server.WriteTimeout = idle
	i.server.ErrorLog = errorLog{c.Log}
	go func() { i.served <- i.server.Serve(c.Listener) }()
	context.AfterFunc(ctx, func() { _ = i.Close() }) // after Close it does nothing
	return i, nil
}

// Close lets mails that are on their way be answered, for two seconds at most,
// then hangs up and waits. The mails stay readable. It may be called more than
// once; the first call learns of errors.
func (i *Inbox) Close() error {
	var err error
	i.once.Do(func() {
		i.mu.Lock()
		i.closing = true
		if i.active == 0 {
			close(i.quiet)
		}
		i.mu.Unlock()
		patience := time.NewTimer(closeWait)
		defer patience.Stop()
		select {
		case <-i.quiet:
		case <-patience.C:
		}
		err = i.server.Close()
		// The server knows its listener only once Serve has begun.
		if closeErr := i.config.Listener.Close(); err == nil && !errors.Is(closeErr, net.ErrClosed) {
			err = closeErr
		}
		if served := <-i.served; err == nil && !errors.Is(served, net.ErrClosed) {
			err = served
		}
	})
	if err != nil {
		return fmt.Errorf("closing the inbox: %w", err)
	}
	return nil
}

// begin reports whether a transaction may begin, and counts it.
func (i *Inbox) begin() bool {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closing {
		return false
	}
	i.active++
	return true
}

func (i *Inbox) end() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.active--; i.closing && i.active == 0 {
		close(i.quiet)
	}
}

// Addr returns where the server listens, "127.0.0.1:2525".
func (i *Inbox) Addr() string { return i.config.Listener.Addr().String() }

// Accepted returns how many mails have been accepted since Start, also of
// those that are no longer kept.
func (i *Inbox) Accepted() int64 {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.last
}

// keep stores a mail and forgets the oldest ones that are too many.
func (i *Inbox) keep(m Mail) Mail {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.last++
	m.ID = i.last
	i.mails = append(i.mails, m)
	i.bytes += len(m.Raw)
	drop := 0
	for len(i.mails)-drop > i.config.Keep || i.bytes > maxKeptBytes && drop < len(i.mails)-1 {
		i.bytes -= len(i.mails[drop].Raw)
		drop++
	}
	i.mails = slices.Delete(i.mails, 0, drop)
	return m
}

// List returns at most limit mails that came after the one with that id, the
// oldest first; 0 begins with the oldest that is kept.
func (i *Inbox) List(after int64, limit int) []Summary {
	i.mu.Lock()
	from, found := slices.BinarySearchFunc(i.mails, after, func(m Mail, id int64) int { return int(m.ID - id) })
	if found {
		from++
	}
	mails := slices.Clone(i.mails[from:min(len(i.mails), from+max(limit, 0))])
	i.mu.Unlock()

	summaries := make([]Summary, len(mails))
	for n, m := range mails {
		summaries[n] = summarise(m)
	}
	return summaries
}

// Get returns one mail, parsed. It is NotFound when it never came or is no longer kept.
func (i *Inbox) Get(id int64) (Message, error) {
	i.mu.Lock()
	at, found := slices.BinarySearchFunc(i.mails, id, func(m Mail, id int64) int { return int(m.ID - id) })
	var m Mail
	if found {
		m = i.mails[at]
	}
	i.mu.Unlock()
	if !found {
		return Message{}, errs.NotFoundf("mail %d is not in the inbox: it keeps the last %d", id, i.config.Keep)
	}
	return parse(m), nil
}

// session is one SMTP transaction after the other.
type session struct {
	inbox *Inbox
	mu    sync.Mutex // Close logs out while Data may still run
	open  bool
	from  string
	to    []string
}

func (s *session) Mail(from string, _ *smtp.MailOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.open && !s.inbox.begin() {
		return &smtp.SMTPError{Code: 421, EnhancedCode: smtp.EnhancedCode{4, 3, 2}, Message: "the inbox is closing"}
	}
	s.open, s.from = true, from
	return nil
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.to = append(s.to, to)
	return nil
}

func (s *session) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.mu.Lock()
	m := Mail{At: s.inbox.config.Now(), From: s.from, To: slices.Clone(s.to), Raw: raw}
	s.mu.Unlock()
	m = s.inbox.keep(m)
	if s.inbox.config.OnMail != nil {
		s.inbox.config.OnMail(m)
	}
	return nil
}

// Reset is called after each answer, too.
func (s *session) Reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.open {
		s.inbox.end()
	}
	s.open, s.from, s.to = false, "", nil
}

func (s *session) Logout() error {
	s.Reset()
	return nil
}

// errorLog passes the server's complaints on: connections that broke, mostly.
type errorLog struct{ log *slog.Logger }

func (l errorLog) Printf(format string, args ...any) {
	l.log.Debug("inbox connection", "err", strings.TrimSpace(fmt.Sprintf(format, args...)))
}

func (l errorLog) Println(args ...any) { l.Printf("%s", fmt.Sprintln(args...)) }
