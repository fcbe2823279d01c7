package bounces

import (
	"time"

	"postrider/subscribers"
)

// Past is what is known of a reader when another return is judged.
type Past struct {
	// Doubts are earlier returns that said, surely or not, that nobody is
	// there, each of another mail, within the last 30 days.
	Doubts int
	// Softs are the newest accepted mails of the reader, the newest first, at
	// most SoftRow: when each came back softly, zero for one that did not.
	Softs []time.Time
}

// The policy: what is sure counts at once, what is not when it is said again
// within DoubtSpan, and soft returns when SoftRow mails in a row came back over
// SoftSpan at least. Then the reader gets nothing for Pause.
const (
	DoubtSpan = 30 * 24 * time.Hour
	SoftRow   = 5
	SoftSpan  = 14 * 24 * time.Hour
	Pause     = 60 * 24 * time.Hour
)

// Consequence is what a return does to its reader; the zero value is nothing.
type Consequence struct {
	Address subscribers.AddressState // the address is marked, which stops all lists
	Pause   time.Time                // memberships rest until then
	Why     string                   // for the audit log; holds no address
}

// follows judges a return in the light of what came before. Without proof that
// whoever sent it had our mail nothing follows: anybody can write a bounce.
func (r Return) follows(p Past) Consequence {
	if r.Proof == NoProof {
		return Consequence{}
	}
	switch r.Class {
	case Complaint:
		return Consequence{Address: subscribers.AddressComplained, Why: "complaint"}
	case Hard:
		if r.Sure {
			return Consequence{Address: subscribers.AddressBounced, Why: "returned for good: " + string(r.Reason) + " " + r.Status}
		}
		fallthrough
	case Doubtful:
		if p.Doubts > 0 {
			return Consequence{Address: subscribers.AddressBounced, Why: "returned twice within 30 days: " + string(r.Reason) + " " + r.Status}
		}
	case Soft:
		if softRow(p.Softs) {
			return Consequence{Pause: r.At.Add(Pause), Why: "five mails in a row came back over two weeks: " + string(r.Reason)}
		}
	}
	return Consequence{}
}

func softRow(at []time.Time) bool {
	if len(at) < SoftRow {
		return false
	}
	for _, t := range at {
		if t.IsZero() {
			return false
		}
	}
	return at[0].Sub(at[len(at)-1]) >= SoftSpan
}
