package delivery

import (
	"strings"
	"time"

	"postrider/subscribers"
)

// maxDrops is how many connections in a row may break before the final dot
// until the row waits like a deferred one.
const maxDrops = 3

// backoff are the waits after the first, second… deferral; the last repeats.
var backoff = []time.Duration{
	time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour,
}

// Backoff is the wait before the try that follows attempt n, counted from 1.
func Backoff(n int) time.Duration { return backoff[min(max(n, 1), len(backoff))-1] }

// rule is one line of the answer table. The first that matches counts.
type rule struct {
	stages   []Stage  // empty: any
	codes    []int    // empty: any 5yz
	enhanced []string // exact, or a class that ends in "."; empty: any
	words    []string // one of them in the lower-case text; empty: any

	back    bool // goes back: deferred the first time, refused when said again
	address subscribers.AddressState
	aboutUs bool
}

// permanent is what 5yz answers mean (RFC 3463, RFC 5248, and what providers
// publish of theirs). An address is marked only where the answer is sure.
var permanent = []rule{
	// About us: login, sender, content, reputation. The address is untouched.
	{stages: []Stage{StageMail}, back: true, aboutUs: true},
	{codes: []int{500, 501, 502, 503, 504, 530, 534, 535, 538}, stages: []Stage{StageRcpt, StageData}, enhanced: []string{""}, back: true, aboutUs: true},
	{enhanced: []string{"5.1.8", "5.1.7", "5.1.90", "5.4.5", "5.7."}, back: true, aboutUs: true},
	{codes: []int{530, 534, 535, 538}, back: true, aboutUs: true},
	{enhanced: []string{"5.6.7"}}, // this address needs SMTPUTF8 and the relay lacks it
	{enhanced: []string{"5.3.4", "5.6.", "5.5."}, aboutUs: true},
	{stages: []Stage{StageDot, StageData}, words: []string{"spam", "policy", "blocked", "blacklist", "content", "reputation", "dmarc", "spf"}, back: true, aboutUs: true},
	{words: []string{"relay access denied", "relaying denied", "not permitted to relay", "sender rejected", "sender denied", "blocked using", "blacklist", "authentication required"}, back: true, aboutUs: true},
	// Sure about the address.
	{enhanced: []string{"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.0.1"}, address: subscribers.AddressBounced},
	{stages: []Stage{StageRcpt, StageDot}, codes: []int{550, 551, 553}, enhanced: []string{"", "5.0.0", "5.2.1"}, address: subscribers.AddressBounced,
		words: []string{"user unknown", "unknown user", "no such user", "no such recipient", "does not exist", "mailbox not found",
			"unknown recipient", "recipient not found", "invalid recipient", "no mailbox here", "recipient address rejected: undeliverable"}},
	// Refused, and nothing more is known: mailbox full, disabled, and the rest.
	{},
}

func (r rule) matches(stage Stage, reply Reply) bool {
	if len(r.stages) > 0 && !contains(r.stages, stage) {
		return false
	}
	if len(r.codes) > 0 && !contains(r.codes, reply.Code) {
		return false
	}
	if len(r.enhanced) > 0 && !r.matchesEnhanced(reply.Enhanced) {
		return false
	}
	if len(r.words) == 0 {
		return true
	}
	text := strings.ToLower(reply.Text)
	for _, w := range r.words {
		if strings.Contains(text, w) {
			return true
		}
	}
	return false
}

func (r rule) matchesEnhanced(code string) bool {
	for _, e := range r.enhanced {
		if e == code || strings.HasSuffix(e, ".") && strings.HasPrefix(code, e) {
			return true
		}
	}
	return false
}

func contains[T comparable](all []T, one T) bool {
	for _, a := range all {
		if a == one {
			return true
		}
	}
	return false
}

// Judge says what an answer means for the row of l at that time.
func Judge(a Answer, l Leased, now time.Time) Settlement {
	s := Settlement{Stage: a.Stage, Reply: a.Reply}
	tries := l.Attempts + 1
	switch {
	case a.Lost && a.Stage == StageDot:
		s.State = Unknown
		s.Reason = "the connection broke after the mail was handed over and before the answer came"
	case a.Lost || a.Reply.Code < 200:
		s.State, s.Due, s.Drop = Queued, now, true
		s.Reason = "the connection broke before the mail was complete"
		if l.Drops+1 >= maxDrops {
			s.State, s.Due = Deferred, now.Add(Backoff(tries))
		}
	case a.Reply.Code < 300 && a.Stage == StageDot:
		s.State = Accepted
	case a.Reply.Code >= 500:
		s = judgePermanent(s, l, now)
	default: // 4yz, and answers that make no sense at this stage
		s.State, s.Due = Deferred, now.Add(Backoff(tries))
	}
	return s
}

func judgePermanent(s Settlement, l Leased, now time.Time) Settlement {
	for _, r := range permanent {
		if !r.matches(s.Stage, s.Reply) {
			continue
		}
		s.State, s.Address, s.AboutUs = Refused, r.address, r.aboutUs
		if r.back && l.Attempts == 0 {
			s.State, s.Due = Deferred, now.Add(Backoff(1))
		}
		return s
	}
	s.State = Refused // the table ends in a rule that matches all
	return s
}

// judgement watches an edition's answers: too many about us hold it.
type judgement struct {
	inRow int
	ring  [200]bool
	n     int // answers seen
	bad   int // about us within the ring
}

// Limits of answers about us, in a row and within the last 200.
const (
	maxInRow   = 5
	maxPercent = 2
)

// see counts one answer and reports whether the edition should be held.
func (j *judgement) see(aboutUs bool) bool {
	slot := &j.ring[j.n%len(j.ring)]
	if *slot {
		j.bad--
	}
	*slot = aboutUs
	j.n++
	if !aboutUs {
		j.inRow = 0
		return false
	}
	j.bad++
	j.inRow++
	return j.inRow >= maxInRow || j.n >= len(j.ring) && j.bad*100 > maxPercent*len(j.ring)
}
