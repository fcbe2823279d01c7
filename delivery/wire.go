package delivery

import (
	"context"
	"crypto"
	"fmt"
	"net/mail"
	"time"

	"postrider/internal/secrets"
	"postrider/templates"
)

// The border between what to send and how: the Courier knows recipients,
// marks and outcomes; a Mailer knows SMTP and MIME. Package mailer implements
// it; tests stage faults behind it.

// Mailer compiles editions and opens connections to relays.
type Mailer interface {
	// Compile encodes the parts of a letter that are the same for everybody.
	// It fails with Invalid where a header or address cannot be sent.
	Compile(Letter) (Compiled, error)
	// Dial connects, greets, secures and authenticates. On failure the error
	// is a *Trouble with the stage that failed. ctx bounds the dialling and,
	// when cancelled later, closes the connection at once.
	Dial(ctx context.Context, relay RelayConfig) (Conn, error)
}

// Letter is one mail to many: an edition, or a notice to one person.
type Letter struct {
	Mail    templates.Mail
	From    mail.Address
	ReplyTo string   // address, empty: no header
	Headers []Header // same for everybody: List-Id, List-Help, Precedence…
	Notice  bool     // Auto-Submitted: auto-generated, no Precedence, no List-* headers
	Sign    []DKIMKey
}

// DKIMKey signs mails of senders at a domain (RFC 6376). One letter may have
// several, such as an RSA key and an Ed25519 one (RFC 8463): each signs by itself.
type DKIMKey struct {
	Domain   string // d=, the sender's, lower-case A-labels
	Selector string // s=
	Key      crypto.Signer
}

// Header is one header field without personal values.
type Header struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Compiled is a letter ready for splicing. It is safe for concurrent use.
type Compiled interface {
	// Splice makes the message for one reader. It takes the memory of m, which
	// may be nil and is worth nothing afterwards.
	Splice(m Message, r Reader) (Message, error)
}

// Message is one mail ready for the wire: CRLF line ends, no final dot, no line
// that starts with a dot. It is used by one goroutine.
type Message interface {
	// AppendTo appends its octets.
	AppendTo(b []byte) []byte
	// Len is how many those are.
	Len() int
}

// Octets is a Message as it is.
type Octets []byte

// AppendTo implements Message.
func (o Octets) AppendTo(b []byte) []byte { return append(b, o...) }

// Len implements Message.
func (o Octets) Len() int { return len(o) }

// Reader is what differs from mail to mail.
type Reader struct {
	To              mail.Address // Name may be empty
	Values          map[string]string
	MessageID       string    // without angle brackets; the same on every try
	Date            time.Time // of this try, in the organisation's zone
	ListUnsubscribe string    // https URI of the one-click POST; empty in notices
}

// Envelope is what MAIL and RCPT say.
type Envelope struct {
	From string // envelope sender (VERP)
	To   string
}

// Conn is one authenticated connection. It is used by one goroutine.
type Conn interface {
	// Hand offers one message. begin is called exactly once, when MAIL is
	// written (it asks for mark A and returns at once); before the final dot
	// is written Hand waits for the channel it returns and drops the message,
	// closing the connection, where that gives an error.
	Hand(ctx context.Context, e Envelope, m Message, begin func() <-chan error) Answer
	// Usable reports whether another Hand may follow.
	Usable() bool
	// Close says QUIT where the dialogue allows it, else hangs up. It is
	// safe to call twice.
	Close() error
}

// Stage is how far a dialogue came.
type Stage string

// The stages in their order on the wire.
const (
	StageConnect Stage = "connect" // name look-up and TCP
	StageGreet   Stage = "greet"   // banner, EHLO
	StageTLS     Stage = "tls"
	StageAuth    Stage = "auth"
	StageMail    Stage = "mail"
	StageRcpt    Stage = "rcpt"
	StageData    Stage = "data" // answer to DATA
	StageBody    Stage = "body" // lost while the text was written, before the final dot
	StageDot     Stage = "dot"  // the final dot was, or may have been, written
)

// Reply is a relay's own answer, kept word for word for the report.
type Reply struct {
	Code     int    // 250, 450, 550…
	Enhanced string // "5.1.1", empty when the relay gives none
	Text     string // lines joined by a space, at most 500 bytes, no control characters
}

// Temporary reports a 4yz answer.
func (r Reply) Temporary() bool { return r.Code >= 400 && r.Code < 500 }

// Answer is what came of one Hand.
//
//	Reply.Code 2yz at StageDot               accepted
//	Reply with another code at any stage     the relay's refusal
//	Lost, at a stage before StageDot         not accepted: nothing completed
//	Lost at StageDot                         unknown
type Answer struct {
	Stage Stage
	Reply Reply // zero where none came
	Lost  bool  // the connection broke, timed out, was cancelled, or mark A failed
	Err   error // why, nil where the relay answered
}

// Trouble is a dialogue that failed before any message: at StageConnect to StageAuth.
type Trouble struct {
	Stage Stage
	Reply Reply
	Err   error
}

func (t *Trouble) Error() string {
	if t.Reply.Code != 0 {
		return fmt.Sprintf("%s: the mail server said %d %s %s", t.Stage, t.Reply.Code, t.Reply.Enhanced, t.Reply.Text)
	}
	return fmt.Sprintf("%s: %v", t.Stage, t.Err)
}

func (t *Trouble) Unwrap() error { return t.Err }

// TLSPolicy says how a connection is secured.
type TLSPolicy string

// Required is the default; None is allowed on loopback only.
const (
	TLSRequired TLSPolicy = "required" // STARTTLS, or the mail is not sent
	TLSImplicit TLSPolicy = "implicit" // TLS from the first byte (smtps, port 465)
	TLSNone     TLSPolicy = "none"
)

// TokenSource gives an access token that is valid now, from its memory where
// that can be. It is safe for concurrent use.
type TokenSource interface {
	// Token fails with Forbidden where a person must allow it again, and with
	// Unavailable where trying later may help.
	Token(ctx context.Context) (secrets.Secret, error)
}

// RelayConfig is how to reach one relay.
type RelayConfig struct {
	Name         string // as people call it
	Host         string
	Port         int
	TLS          TLSPolicy
	Username     string // empty: no AUTH
	Password     secrets.Secret
	Token        TokenSource   // for xoauth2, in place of Password; nil: the password is the token
	Auth         string        // "": the strongest that both sides know; else plain, login, cram-md5, scram-sha-256, xoauth2
	Helo         string        // empty: the machine's host name, or localhost
	Connections  int           // at the same time, at least 1
	Headers      []Header      // added to each mail by this relay's wish, outside of our DKIM signatures
	NoPipelining bool          // never pipeline, even where the relay offers it
	DialTimeout  time.Duration // 0: 30 s, until AUTH is through
	ReplyTimeout time.Duration // 0: 5 min for MAIL, RCPT, DATA; 10 min after the final dot whatever is set
}
