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
// answer, reconnect where that is needed. It ends when the lanes close.
func (r *run) slot() {
	s := &slot{run: r}
	defer s.hangUp()
	for {
		if !r.ready() {
			return
		}
		l, m, ok := r.lanes.take()
		if !ok {
			return
		}
		if !s.connect() {
			r.lanes.done(l, m, true)
			continue
		}
		s.deliver(l, m)
	}
}

// ready waits while the relay or the database is in trouble; false means stop.
func (r *run) ready() bool {
	for {
		if r.soft.Err() != nil {
			return false
		}
		pause := r.gate.wait(r.Now())
		if r.recorder.unwell() != nil {
			pause = max(pause, 200*time.Millisecond)
		}
		if pause == 0 {
			return true
		}
		select {
		case <-r.soft.Done():
		case <-time.After(min(pause, time.Second)):
		}
	}
}

type slot struct {
	*run
	conn Conn
	buf  []byte
}

func (s *slot) hangUp() {
	if s.conn != nil {
		_ = s.conn.Close() // nothing is owed to a relay after its last answer
		s.conn = nil
	}
}

// connect makes sure that there is a usable connection. Where the relay does
// not let us in, all slots wait and, if it will not pass, the editions are held.
func (s *slot) connect() bool {
	if s.conn != nil && s.conn.Usable() {
		return true
	}
	s.hangUp()
	// The connection outlives a stop by the time that a final dot needs.
	conn, err := s.Mailer.Dial(s.hard, s.Relay)
	if err == nil {
		s.conn = conn
		s.gate.opened()
		return true
	}
	s.troubled(err)
	return false
}

// troubled closes the gate and holds the editions where waiting will not mend it.
func (r *run) troubled(err error) {
	lasting, reason := r.gate.failed(err, r.Relay, r.Now())
	r.Log.Error("the mail server does not take mail", "err", reason)
	if !lasting || r.soft.Err() != nil {
		return
	}
	for _, l := range r.lanes.snapshot() {
		r.hold(l, campaigns.CauseRelay, reason)
	}
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
func (s *slot) deliver(l *lane, m Leased) {
	now := s.Now()
	var envelope Envelope
	var err error
	s.buf, envelope, err = l.letter.splice(s.buf[:0], m, now)
	if err != nil {
		s.unsendable(l, m, err)
		return
	}
	ctx, drop := context.WithCancel(s.hard)
	defer drop()
	var granted atomic.Bool
	// On a stop, whatever has not been promised a final dot is dropped.
	release := context.AfterFunc(s.soft, func() {
		if !granted.Load() {
			drop()
		}
	})
	defer release()
	var refusedMark atomic.Bool
	answer := s.conn.Hand(ctx, envelope, s.buf, func() <-chan error {
		asked := s.recorder.begin(Mark{Kind: MarkSending, ID: m.ID, Epoch: m.Epoch, Relay: s.Relay.Name, At: s.Now()})
		told := make(chan error, 1)
		go func() {
			err := <-asked
			granted.Store(err == nil)
			refusedMark.Store(err != nil)
			told <- err
		}()
		return told
	})
	s.settle(l, m, answer, refusedMark.Load() || s.soft.Err() != nil)
	s.lanes.done(l, m, false)
}

// settle records an answer. ours says that the mail was dropped by us, not by
// the relay, so that it does not count as a lost connection.
func (s *slot) settle(l *lane, m Leased, a Answer, ours bool) {
	now := s.Now()
	set := Judge(a, m, now)
	if set.Drop && ours {
		set.State, set.Due, set.Drop, set.Reason = Queued, now, false, ""
	}
	s.recorder.settle(Mark{Kind: MarkSettled, ID: m.ID, Epoch: m.Epoch, Relay: s.Relay.Name, At: now, Settlement: set})
	if set.State != Accepted {
		s.Log.Info("not accepted", "edition", m.Edition, "subscriber", m.Subscriber.ID, "outcome", set.State, "code", a.Reply.Code, "stage", a.Stage)
	}
	if a.Lost || a.Reply.Code == 0 {
		return
	}
	if s.lanes.see(l, set.AboutUs) {
		s.hold(l, campaigns.CauseAnswers, "the mail server refuses our mail, not the readers: "+replyWords(a.Reply)+". Mend sender, content or login, then resume")
	}
}

// unsendable settles a recipient whose mail cannot be written at all: nothing
// goes on the wire.
func (s *slot) unsendable(l *lane, m Leased, err error) {
	granted := <-s.recorder.begin(Mark{Kind: MarkSending, ID: m.ID, Epoch: m.Epoch, Relay: s.Relay.Name, At: s.Now()})
	if granted == nil {
		s.recorder.settle(Mark{Kind: MarkSettled, ID: m.ID, Epoch: m.Epoch, Relay: s.Relay.Name, At: s.Now(),
			Settlement: Settlement{State: Refused, Stage: StageMail, Reason: "the mail for this reader cannot be written: " + err.Error()}})
	}
	if granted != nil && !errors.Is(granted, errFenced) {
		s.lanes.done(l, m, true)
		return
	}
	s.lanes.done(l, m, false)
}
