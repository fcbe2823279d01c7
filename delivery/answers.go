package delivery

import (
	"slices"
	"strings"
	"time"
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
		c := consequences[interpret(a)]
		s.State, s.Address, s.AboutUs = Refused, c.address, c.us
		if tries < c.tries {
			s.State, s.Due = Deferred, now.Add(Backoff(tries))
		}
	default: // 4yz, and answers that make no sense at this stage
		s.State, s.Due = Deferred, now.Add(Backoff(tries))
		s.AboutUs = a.Reply.Temporary() && consequences[interpret(a)].usToo
	}
	return s
}

// Advice is what an answer means for the relay and the edition, beside the
// row that Judge settles. The zero value means: go on.
type Advice struct {
	Slow   bool          // use one connection less for a while
	Hold   time.Duration // when not zero, hold the edition at once: before that has passed the relay takes nothing more
	Remedy string        // a sentence for people, where the answer is about us
}

// Advise reads the same table as Judge. It says nothing where no answer came.
func Advise(a Answer) Advice {
	if a.Lost || a.Reply.Code < 400 {
		return Advice{}
	}
	c := consequences[interpret(a)]
	return Advice{Slow: c.slow || a.Reply.Code == 421, Hold: c.hold, Remedy: c.remedy}
}

// interpret looks a 4yz or 5yz answer up.
func interpret(a Answer) meaning {
	rules := permanent
	if a.Reply.Temporary() {
		rules = temporary
	}
	text := readable(a.Reply.Text)
	for _, r := range rules {
		if r.matches(a, text) {
			return r.means
		}
	}
	return rules[len(rules)-1].means // the last one matches all
}

// readable is a reply's text for the comparison with words: lower case, typed
// apostrophes, no addresses, so that spamela@example.org is not taken for spam.
func readable(text string) string {
	text = strings.ReplaceAll(strings.ToLower(text), "’", "'")
	fields := strings.FieldsFunc(text, func(r rune) bool { return r <= ' ' })
	fields = slices.DeleteFunc(fields, func(f string) bool { return strings.Contains(f, "@") })
	return " " + strings.Join(fields, " ") + " "
}

func (r rule) matches(a Answer, text string) bool {
	switch {
	case len(r.stages) > 0 && !slices.Contains(r.stages, a.Stage):
	case len(r.codes) > 0 && !slices.Contains(r.codes, a.Reply.Code):
	case len(r.enhanced) > 0 && !r.matchesEnhanced(a.Reply.Enhanced):
	case len(r.words) > 0 && !anyIn(text, r.words):
	case anyIn(text, r.without):
	default:
		return true
	}
	return false
}

func (r rule) matchesEnhanced(code string) bool {
	return slices.ContainsFunc(r.enhanced, func(e string) bool {
		return e == code || strings.HasSuffix(e, ".") && strings.HasPrefix(code, e)
	})
}

func anyIn(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(text, w) })
}

// judgement watches an edition's answers: too many about us hold it, and so do
// too many refusals in a row that nobody knows how to read.
type judgement struct {
	inRow  int
	unread int // refusals in a row that say nothing sure about the address
	ring   [200]bool
	n      int // answers seen
	bad    int // about us within the ring
}

// Limits of answers about us, in a row and within the last 200, and of
// refusals in a row that may be about us.
const (
	maxInRow   = 5
	maxPercent = 2
	maxUnread  = 20
)

// see counts one answer and says why the edition should be held, empty when it
// should not.
func (j *judgement) see(set Settlement) string {
	slot := &j.ring[j.n%len(j.ring)]
	if *slot {
		j.bad--
	}
	*slot = set.AboutUs
	j.n++
	j.unread++
	if set.State != Refused || set.Address != "" {
		j.unread = 0
	}
	switch {
	case j.unread >= maxUnread:
		j.unread = 0
		return "the mail server refused 20 readers in a row without saying that their addresses are wrong; look at its words, then resume"
	case !set.AboutUs:
		j.inRow = 0
		return ""
	}
	j.bad++
	j.inRow++
	if j.inRow >= maxInRow || j.n >= len(j.ring) && j.bad*100 > maxPercent*len(j.ring) {
		return "the mail server refuses our mail, not the readers"
	}
	return ""
}
