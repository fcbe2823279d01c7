package bounces

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"postrider/internal/errs"
	"postrider/internal/mailaddr"
	"postrider/internal/tokens"
)

// Proof is why a return is taken to be about a mail of ours.
type Proof string

// A token of ours came back, in the address that the return was sent to or in
// the header of the mail that it returns. Without either a return is kept and
// nothing follows from it.
const (
	BySender Proof = "sender"
	ByHeader Proof = "header"
	NoProof  Proof = "none"
)

// Sent is a mail of ours that something came back for.
type Sent struct {
	Recipient, Edition, Subscriber int64
	Email                          string // empty where the reader was forgotten
}

// Return is one entry of a returned mail, matched to a recipient.
type Return struct {
	Key string // the same mail about the same recipient has the same
	Sent
	Class                Class
	Reason               Reason
	Status, Code, Answer string
	Sure                 bool // hard, and about the very address that we mailed
	Proof                Proof
	Source               string // "pipe", "maildir", "imap", "pop3"
	At                   time.Time
}

// Store keeps returns and finds what they are about.
type Store interface {
	// SentAs returns the mail with a recipient's id; NotFound where there is none.
	SentAs(ctx context.Context, recipient int64) (Sent, error)
	// SentLately returns the newest mail to a canonical address since a moment.
	SentLately(ctx context.Context, canonical string, since time.Time) (Sent, error)
	// RecordReturn keeps r once and applies what decide says in the same
	// transaction. fresh is false where its key was kept before; then nothing
	// changes.
	RecordReturn(ctx context.Context, r Return, decide func(Past) Consequence) (fresh bool, c Consequence, err error)
}

// Sorter takes returned mails and records what they say. It may be used by
// many at once where its Store may.
type Sorter struct {
	Store Store
	Keys  tokens.Keys
	Now   func() time.Time
	Log   *slog.Logger
}

// Taken says what became of a mail.
type Taken struct {
	Entries   int `json:"entries"`   // that it has
	Recorded  int `json:"recorded"`  // that were new and are about mails of ours
	Known     int `json:"known"`     // recorded before
	Unmatched int `json:"unmatched"` // about nothing that we sent
	Stopped   int `json:"stopped"`   // readers who are mailed no more, or not for a while
}

// Take records what a mail says. It may be called again with the same mail:
// that changes nothing. When it returns nil everything is on disk and the mail
// may be deleted.
func (s *Sorter) Take(ctx context.Context, raw []byte, source string) (Taken, error) {
	m := Parse(raw)
	var t Taken
	for _, b := range m.Bounces {
		t.Entries++
		r, err := s.match(ctx, m, b)
		if errs.Is(err, errs.NotFound) {
			t.Unmatched++
			continue
		}
		if err != nil {
			return t, err
		}
		r.Key = key(m.Identity, fmt.Sprint(r.Recipient), b.Recipient, string(b.Class))
		r.Source, r.At = source, s.Now()
		fresh, c, err := s.Store.RecordReturn(ctx, r, r.follows)
		switch {
		case err != nil:
			return t, err
		case !fresh:
			t.Known++
			continue
		}
		t.Recorded++
		if c != (Consequence{}) {
			t.Stopped++
		}
		s.Log.Info("a mail came back", "recipient", r.Recipient, "edition", r.Edition, "outcome", string(r.Class), "code", r.Status)
	}
	return t, nil
}

// identity is the same for the same mail, by whatever way it came: mail servers
// add fields on the way. Message-IDs alone are used again by some.
func identity(m *message, raw []byte) string {
	if id, date := messageID(m.top.get("Message-ID")), m.top.get("Date"); id != "" && date != "" {
		return id + " " + date
	}
	sum := sha256.Sum256([]byte(oneLineEnd(raw)))
	return hex.EncodeToString(sum[:])
}

func key(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(strings.Join(parts, "\x00"))))
	return hex.EncodeToString(sum[:16])
}

// match finds the mail of ours that an entry is about.
func (s *Sorter) match(ctx context.Context, m Mail, b Bounce) (Return, error) {
	r := Return{Class: b.Class, Reason: b.Reason, Status: b.Status, Code: b.Code, Answer: b.Text, Proof: NoProof}
	for _, from := range []struct {
		proof Proof
		ids   []int64
	}{{BySender, s.bySender(m)}, {ByHeader, s.byHeader(m)}} {
		for _, id := range from.ids {
			sent, err := s.Store.SentAs(ctx, id)
			if errs.Is(err, errs.NotFound) {
				continue
			}
			if err != nil {
				return r, err
			}
			same := sameAddress(sent.Email, b.Recipient)
			if len(m.Bounces) > 1 && !same {
				continue // this entry is about somebody else's mail
			}
			r.Sent, r.Proof = sent, from.proof
			// Where a mail was forwarded the new address failed, not the reader's.
			r.Sure = b.Hard && (same || b.Recipient == "")
			return r, nil
		}
	}
	a, err := mailaddr.Parse(b.Recipient)
	if err != nil || b.Class == AutoReply {
		return r, errs.NotFoundf("no mail of ours is named")
	}
	r.Sent, err = s.Store.SentLately(ctx, a.Canonical(), s.Now().Add(-lately))
	return r, err
}

// lately is how old a mail may be that a return without proof is about.
const lately = 14 * 24 * time.Hour

func sameAddress(a, b string) bool {
	x, err := mailaddr.Parse(a)
	if err != nil {
		return false
	}
	y, err := mailaddr.Parse(b)
	return err == nil && x.Canonical() == y.Canonical()
}

// bySender are the recipients whose token is in an address that the return was
// sent to: "b-TOKEN@example.org", "news+TOKEN@example.org".
func (s *Sorter) bySender(m Mail) []int64 { return s.verps(m.SentTo) }

func (s *Sorter) verps(addresses []string) []int64 {
	var out []int64
	for _, a := range addresses {
		local, _, _ := strings.Cut(a, "@")
		for _, cut := range []string{"-", "+"} {
			if i := strings.LastIndex(local, cut); i >= 0 {
				if id, err := s.Keys.CheckVerp(tokens.Bounce, local[i+1:]); err == nil {
					out = append(out, id)
				}
			}
		}
	}
	return out
}

// byHeader are the recipients whose token is in the header of the mail that
// came back: its envelope sender, or its own link to unsubscribe.
func (s *Sorter) byHeader(m Mail) []int64 {
	out := s.verps(m.ReturnPaths)
	for _, link := range m.Unsubscribe {
		u, err := url.Parse(link)
		if err != nil {
			continue
		}
		i := strings.LastIndex(u.Path, "/u/")
		if i < 0 {
			continue
		}
		if id, err := s.Keys.Check(tokens.Unsubscribe, u.Path[i+len("/u/"):]); err == nil {
			out = append(out, id)
		}
	}
	return out
}
