// Package bounces reads a returned mail and says whom it is about, why it came
// back and how sure that is: delivery status notifications (RFC 3464, 6522),
// complaints (RFC 5965), automatic replies, and the many mails that follow no
// standard. It reads and judges; it matches nothing and changes nothing. All
// input is somebody else's: it is bounded, and a mail that cannot be read is
// no bounce, never an error.
package bounces

import (
	"bytes"
	"io"
	"regexp"
)

// Class is what follows from an entry.
type Class string

// The classes. Only Hard and Complaint ever touch a reader at once.
const (
	Hard      Class = "hard"      // the address does not exist, surely
	Doubtful  Class = "doubtful"  // it was said, but not surely: counts when it is said again
	Soft      Class = "soft"      // full, expired, out of order: a pattern over weeks counts
	Sender    Class = "sender"    // about us: policy, spam, blocks, log-in, pace; never touches a reader
	Complaint Class = "complaint" // the reader marked a mail as spam
	AutoReply Class = "auto_reply"
	Delayed   Class = "delayed"   // not given up yet
	Delivered Class = "delivered" // a receipt: delivered, relayed, expanded
	Unknown   Class = "unknown"   // failed, and nothing more is known
)

// Bounce is what a mail says about one recipient.
type Bounce struct {
	Recipient string `json:"recipient"` // as we mailed it where the mail tells; empty where it does not
	Status    string `json:"status"`    // RFC 3463; x.0.9yy where the mail has none and it follows from the reason
	Code      string `json:"code"`      // of the SMTP reply; empty where there is none
	Class     Class  `json:"class"`
	Reason    Reason `json:"reason"`
	Hard      bool   `json:"hard"` // sure that the address does not exist

	Text string `json:"-"` // the mail server's words, for people; at most maxText bytes
}

// Mail is a returned mail as it was understood.
type Mail struct {
	Bounces []Bounce // empty: no bounce
	// SentTo are the addresses that this mail itself was delivered to: our
	// envelope sender is among them, with its token.
	SentTo []string
	// ReturnPaths and Unsubscribe are those of the mail that came back: its
	// envelope sender, and the links of its List-Unsubscribe.
	ReturnPaths, Unsubscribe []string
	// MessageIDs are those of the mail that came back, without brackets.
	MessageIDs []string
	// Identity is the same for the same mail, by whatever way it was read.
	Identity string
	// Subject and From are this mail's own.
	Subject, From string
}

// Bounds of what is read. A mail may bring back the whole original; what
// matters stands before it.
const (
	MaxMail      = 1 << 20
	maxText      = 1000
	maxEntries   = 100
	maxParts     = 200
	maxDepth     = 20
	maxAddress   = 320
	maxLines     = 20_000
	maxHuman     = 128 << 10 // of text for people, with what it brings back
	maxTextLines = 400       // of these that are looked into
)

// Read reads a mail; what follows its first MiB is left aside. The error is
// the reader's.
func Read(r io.Reader) (Mail, error) {
	b, err := io.ReadAll(io.LimitReader(r, MaxMail))
	if err != nil {
		return Mail{}, err
	}
	return Parse(b), nil
}

// Parse understands a mail, whatever its line ends.
func Parse(raw []byte) Mail {
	m := readMessage(raw)
	out := Mail{Subject: m.top.get("Subject"), From: address(m.top.get("From")), Identity: identity(m, raw)}
	for _, name := range []string{"Delivered-To", "X-Original-To", "Envelope-To", "X-Envelope-To", "To", "X-Delivered-To", "X-Apparently-To"} {
		for _, v := range m.top.all(name) {
			for _, a := range addressesIn(v) {
				out.SentTo = appendNew(out.SentTo, a)
			}
		}
	}
	out.MessageIDs = m.originalIDs()
	out.ReturnPaths, out.Unsubscribe = m.originalTokens()
	for _, read := range []func(*message) []Bounce{readComplaint, readNotification, readReport, readPlain, readAutoReply} {
		if out.Bounces = read(m); len(out.Bounces) > 0 {
			break
		}
	}
	if len(out.Bounces) > maxEntries {
		out.Bounces = out.Bounces[:maxEntries]
	}
	return out
}

// Split parts a file of many mails (mbox) at its "From " lines. What is no such
// file is one mail.
func Split(raw []byte) [][]byte {
	if !bytes.HasPrefix(raw, []byte("From ")) {
		return [][]byte{raw}
	}
	text := oneLineEnd(raw)
	var out [][]byte
	begin := 0
	for _, at := range separator.FindAllStringIndex(text, maxEntries) {
		out = append(out, []byte(text[begin:at[0]+1]))
		begin = at[0] + 2
	}
	return append(out, []byte(text[begin:]))
}

// separator is an empty line and the one that begins a mail.
var separator = regexp.MustCompile(`\n\nFrom \S+ .*\d\d:\d\d.*\d{4}\n`)
