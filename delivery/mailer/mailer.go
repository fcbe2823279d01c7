// Package mailer speaks MIME and SMTP: it compiles a letter once so that a mail
// for one reader is a few copies, and hands messages to relays. It keeps no
// ledger and decides nothing: what an answer means, whether to try again and how
// many connections to open is the Courier's business. It signs with the keys that
// a letter has; a letter without leaves that to the relay.
//
// The MIME tree, the greeting, TLS and log-in are go-mail's; the envelope and
// the text go over the wire here, because only so can MAIL, RCPT and DATA share
// one packet (RFC 2920) and mark A be waited for between the text and its final dot.
package mailer

import (
	"crypto/x509"
	"os"
	"time"

	"postrider/delivery"
	"postrider/internal/mailaddr"
)

// How long to wait where a RelayConfig does not say; RFC 5321 §4.5.3.2.
const (
	defaultDialTimeout  = 30 * time.Second
	defaultReplyTimeout = 5 * time.Minute
	defaultDotTimeout   = 10 * time.Minute
)

// Options are what a Mailer needs from outside. The zero value is ready for use.
type Options struct {
	// Now is the time by which certificates are valid; nil means time.Now.
	// Deadlines on sockets follow the machine's clock whatever this says.
	Now func() time.Time
	// RootCAs are the authorities that may sign a relay's certificate; nil
	// means those that the machine trusts.
	RootCAs *x509.CertPool
	// DotTimeout is how long to wait for the answer to the final dot; 0 means
	// ten minutes. Less makes doubtful what a slow relay accepts: for tests.
	DotTimeout time.Duration
}

// Mailer implements delivery.Mailer. It is safe for concurrent use.
type Mailer struct {
	now        func() time.Time
	roots      *x509.CertPool
	dotTimeout time.Duration
	helo       string
}

var _ delivery.Mailer = (*Mailer)(nil)

// New returns a Mailer. It opens nothing.
func New(o Options) *Mailer {
	m := &Mailer{now: o.Now, roots: o.RootCAs, dotTimeout: o.DotTimeout, helo: machineName()}
	if m.now == nil {
		m.now = time.Now
	}
	if m.dotTimeout <= 0 {
		m.dotTimeout = defaultDotTimeout
	}
	return m
}

// machineName is what EHLO says by default: the host's name where it is a full
// domain name. A bare one tells servers nothing, and some refuse it.
func machineName() string {
	name, err := os.Hostname()
	if err != nil {
		return "localhost"
	}
	domain, err := mailaddr.ParseDomain(name)
	if err != nil {
		return "localhost"
	}
	return domain
}
