package delivery

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
)

// slot is one connection's life: take a mail, hand it over, record the
// answer, reconnect where that is needed. It ends when its station leaves.
func (r *run) slot(st *station) {
	s := &slot{run: r, station: st}
	// On a stop, a mail that has not been promised a final dot is dropped.
	ctx, drop := context.WithCancel(r.hard)
	defer drop()
	defer context.AfterFunc(r.soft, func() {
		if t := s.asked.Load(); t == nil || !t.granted.Load() {
			drop()
		}
	})()
	defer s.hangUp()
	defer r.recorder.idle(&s.line)
	for s.ready() {
		l, m, ok := r.lanes.take(st, func() { r.recorder.idle(&s.line) })
		if !ok {
			return
		}
		if !s.connect() {
			s.putBack(l, m)
			st.refund()
			continue
		}
		s.deliver(ctx, l, m)
	}
}

// ready waits while the relay or the database is in trouble, or the pace is
// spent; false means stop.
func (s *slot) ready() bool {
	for {
		if s.station.soft.Err() != nil {
			return false
		}
		pause := max(s.gate.wait(s.Now()), s.rest.Sub(s.Now()), 0)
		if s.recorder.unwell() != nil {
			pause = max(pause, 200*time.Millisecond)
		}
		if pause == 0 {
			pause = s.allowed(s.station)
		}
		if pause == 0 {
			return true
		}
		s.recorder.idle(&s.line)
		select {
		case <-s.station.soft.Done():
		case <-time.After(min(pause, time.Second)):
		}
	}
}

type slot struct {
	*run
	*station
	conn    Conn
	mails   int                    // handed over on conn
	since   time.Time              // when conn was opened
	rest    time.Time              // no connection before: the relay has enough of them
	line    line                   // at the recorder
	asked   atomic.Pointer[ticket] // of the mail that is being handed over
	message Message                // the last one, for its memory
}

func (s *slot) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // nothing is owed to a relay after its last answer
		s.conn = nil
		s.connected.Add(-1)
	}
}

// restFor is how long a connection stays closed that a relay has too many of.
const restFor = 30 * time.Second

// crowdedOut reports whether the relay takes no further connection while it
// serves another of ours: that is its limit, not its trouble.
func (s *slot) crowdedOut(err error) bool {
	var t *Trouble
	return s.connected.Load() > 0 && errors.As(err, &t) && (t.Reply.Code == 0 || t.Reply.Temporary()) && t.Stage != StageAuth && t.Stage != StageTLS
}

// worn reports whether the connection has served as long as its relay wants.
func (s *slot) worn() bool {
	r := s.relay
	return r.MailsPerConnection > 0 && s.mails >= r.MailsPerConnection ||
		r.MinutesPerConnection > 0 && s.Now().Sub(s.since) >= time.Duration(r.MinutesPerConnection)*time.Minute
}

// connect makes sure that there is a usable connection.
func (s *slot) connect() bool {
	if s.conn != nil && s.conn.Usable() && !s.worn() {
		return true
	}
	s.hangUp()
	// The connection outlives a stop by the time that a final dot needs.
	conn, err := s.Mailer.Dial(s.hard, s.relay.Config)
	if err != nil && s.crowdedOut(err) {
		s.rest = s.Now().Add(restFor)
		return false
	}
	if err != nil {
		s.troubled(s.station, err)
		return false
	}
	s.conn, s.mails, s.since = conn, 0, s.Now()
	s.connected.Add(1)
	if s.gate.opened() {
		s.noteTrouble(s.station, "")
	}
	return true
}

// hold stops a lane and its edition.
func (r *run) hold(l *lane, cause campaigns.Cause, reason string) {
	r.giveBack(l)
	err := r.Desk.Hold(r.hard, "courier", l.edition, cause, reason)
	if err != nil && !errs.Is(err, errs.Conflict) {
		r.Log.Error("holding an edition", "edition", l.edition.ID, "err", err)
	}
}

// deliver hands one mail over and records what came of it.
func (s *slot) deliver(ctx context.Context, l *lane, m Leased) {
	now := s.Now()
	var envelope Envelope
	var err error
	letter := l.letter
	if m.Notice != nil {
		letter, err = compileNotice(s.Mailer, *m.Notice, s.noticeSigners(s.hard, m.Notice.From), s.Keys)
	}
	if err == nil {
		s.message, envelope, err = letter.splice(s.message, m, now, s.relay)
	}
	if err != nil {
		s.unsendable(l, m, err)
		return
	}
	s.mails++
	answer := s.conn.Hand(ctx, envelope, s.message, func() <-chan error {
		t := s.recorder.begin(&s.line, s.mark(MarkSending, m))
		s.asked.Store(t)
		return t.Done
	})
	asked := s.asked.Swap(nil)
	// A connection that had served before and broke before it answered anything
	// was closed between two mails: that says nothing about this one.
	stale := answer.Lost && answer.Stage == StageMail && s.mails > 1
	s.settle(l, m, answer, stale || asked.refused.Load() || s.run.soft.Err() != nil)
	s.lanes.done(l, m, false)
}

// mark is a line for the ledger about m, now.
func (s *slot) mark(kind MarkKind, m Leased) Mark {
	return Mark{Kind: kind, ID: m.ID, Epoch: m.Epoch, Relay: s.relay.Name, At: s.Now(), Notice: m.Notice != nil}
}

// settle records an answer. ours says that the mail was dropped by us, not by
// the relay, so that it does not count as a lost connection.
func (s *slot) settle(l *lane, m Leased, a Answer, ours bool) {
	now := s.Now()
	set := Judge(a, m, now)
	if set.Drop && ours {
		set.State, set.Due, set.Drop, set.Reason = Queued, now, false, ""
	}
	if set.State == Unknown && (m.Notice != nil || l.edition.Policy == campaigns.PolicyResend) {
		set.State, set.Due, set.Drop = Queued, now.Add(Backoff(m.Attempts+1)), true // at least once
	}
	settled := s.mark(MarkSettled, m)
	settled.Settlement = set
	s.recorder.settle(&s.line, settled)
	if set.State != Accepted {
		s.Log.Info("not accepted", "edition", m.Edition, "subscriber", m.Subscriber.ID, "outcome", set.State, "code", a.Reply.Code, "stage", a.Stage)
	}
	if a.Lost || a.Reply.Code == 0 {
		return
	}
	advice := Advise(a)
	if advice.Slow && s.connected.Load() > 1 {
		s.hangUp()
		s.rest = s.Now().Add(restFor)
	}
	if advice.Hold > 0 {
		s.exhausted(s.station, advice.Hold, replyWords(a.Reply)+". "+advice.Remedy)
		return
	}
	if m.Notice != nil {
		return
	}
	if why := s.lanes.see(l, set); why != "" {
		s.hold(l, campaigns.CauseAnswers, why+": "+replyWords(a.Reply)+". "+advice.Remedy)
	}
}

// unsendable settles a recipient whose mail cannot be written at all: nothing
// goes on the wire.
func (s *slot) unsendable(l *lane, m Leased, err error) {
	granted := <-s.recorder.begin(&s.line, s.mark(MarkSending, m)).Done
	if granted == nil {
		settled := s.mark(MarkSettled, m)
		settled.Settlement = Settlement{State: Refused, Stage: StageMail, Reason: "the mail for this reader cannot be written: " + err.Error()}
		s.recorder.settle(&s.line, settled)
	}
	if granted != nil && !errors.Is(granted, errFenced) {
		s.putBack(l, m)
		return
	}
	s.lanes.done(l, m, false)
}

// putBack returns a mail that was taken and not begun: to its lane, or to the
// queue where the lane was stopped meanwhile and nobody looks at it any more.
func (s *slot) putBack(l *lane, m Leased) {
	if !s.lanes.done(l, m, true) {
		return
	}
	if err := s.Ledger.GiveBack(s.hard, s.owner, l.edition.ID, []RecipientID{m.ID}); err != nil {
		s.Log.Error("giving a recipient back", "edition", l.edition.ID, "err", err)
	}
}
