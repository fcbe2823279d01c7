// Package mailbox reads the mailbox of returned mails by IMAP (RFC 3501, with
// IDLE, RFC 2177) and POP3 (RFC 1939). A mail is deleted only after whoever
// takes it says that it is recorded; letters are left for a person. It
// understands no mail itself.
package mailbox

import (
	"context"
	"crypto/tls"
	"net"
	"strconv"
	"time"

	"postrider/events/bounces"
	"postrider/internal/errs"
	"postrider/internal/secrets"
)

// Taker records a mail and reports whether it was a returned one. After an
// error the mail stays where it is.
type Taker func(ctx context.Context, raw []byte, source string) (returned bool, err error)

// Reader reads one mailbox. The zero Patience is half a minute.
type Reader struct {
	Mailbox  bounces.Mailbox
	Password secrets.Secret
	Take     Taker
	// Read, where not nil, is told after each pass how many mails were taken.
	Read     func(n int)
	Patience time.Duration // for each answer of the server
	TLS      *tls.Config   // nil: the system's authorities
}

// maxPass bounds the mails of one pass; the next takes the rest.
const maxPass = 500

// idleTime is how long a server is waited for: RFC 2177 wants less than 29
// minutes, and some forget to tell of what came right before.
const idleTime = 2 * time.Minute

// Watch takes what is in the mailbox. By IMAP it then waits for more, where
// the server can tell (IDLE), and returns when ctx ends or the connection does.
// Otherwise it returns after one pass: call it again after a while.
func (r *Reader) Watch(ctx context.Context) error {
	if r.Mailbox.Kind == "pop3" {
		return r.pop3(ctx)
	}
	return r.imap(ctx, true)
}

// Once takes what is in the mailbox.
func (r *Reader) Once(ctx context.Context) error {
	if r.Mailbox.Kind == "pop3" {
		return r.pop3(ctx)
	}
	return r.imap(ctx, false)
}

// Look logs in and counts mails; nothing is taken.
func (r *Reader) Look(ctx context.Context) (int, error) {
	if r.Mailbox.Kind == "pop3" {
		c, err := r.popLogin(ctx)
		if err != nil {
			return 0, err
		}
		defer c.Close()
		return c.count()
	}
	c, n, err := r.login(ctx, nil)
	if err != nil {
		return 0, err
	}
	c.end()
	return n, nil
}

func (r *Reader) patience() time.Duration {
	if r.Patience > 0 {
		return r.Patience
	}
	return 30 * time.Second
}

func (r *Reader) read(n int) {
	if r.Read != nil {
		r.Read(n)
	}
}

func (r *Reader) config() *tls.Config {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if r.TLS != nil {
		c = r.TLS.Clone()
	}
	c.ServerName = r.Mailbox.Host
	return c
}

// dial connects; each read and write of the connection must end within Patience.
func (r *Reader) dial(ctx context.Context) (net.Conn, error) {
	d := net.Dialer{Timeout: r.patience()}
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(r.Mailbox.Host, strconv.Itoa(r.Mailbox.Port)))
	if err != nil {
		return nil, errs.Unavailablef("the mailbox's server does not answer: check --host and --port: %w", err)
	}
	if r.Mailbox.TLS != "implicit" {
		return c, nil
	}
	return r.secure(ctx, c)
}

func (r *Reader) secure(ctx context.Context, c net.Conn) (net.Conn, error) {
	t := tls.Client(c, r.config())
	in, cancel := context.WithTimeout(ctx, r.patience())
	defer cancel()
	if err := t.HandshakeContext(in); err != nil {
		_ = c.Close()
		return nil, errs.Unavailablef("no encrypted connection to the mailbox: check --tls and the server's certificate: %w", err)
	}
	return t, nil
}

// closeWith ends a connection when ctx does, so that no read outlives it. Call
// what it returns when the connection is done with.
func closeWith(ctx context.Context, c interface{ Close() error }) (done func()) {
	stop := context.AfterFunc(ctx, func() { _ = c.Close() })
	return func() { stop() }
}
