package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
	"postrider/internal/tokens"
)

// Timing of the Courier.
const (
	leaseTTL      = 30 * time.Second // a silent owner is taken over after this
	beatsPerLease = 6
	lookEvery     = 250 * time.Millisecond // pause acts within a second
	drainWithin   = 8 * time.Second        // `docker stop` kills after ten
	freezeChunk   = 20_000                 // readers; the ledger takes fewer where others wait meanwhile
	stationsEvery = 4                      // looks: a paused relay gets no mail after a second
	noticeEvery   = 500 * time.Millisecond
	noticeBatch   = 32
	beginAgain    = time.Second
	probeEvery    = time.Minute // a relay that refused our login or certificate
)

// Desk is what the Courier needs of the campaigns' house: edition states.
type Desk interface {
	Freeze(ctx context.Context, e campaigns.Edition, now time.Time) error
	Finish(ctx context.Context, e campaigns.Edition) error
	Hold(ctx context.Context, actor string, e campaigns.Edition, cause campaigns.Cause, reason string) error
	Resume(ctx context.Context, actor string, e campaigns.Edition) error
	CloseUncertain(ctx context.Context) (int, error)
}

// Courier sends editions: it leases recipients, hands their mails to the
// relay, and records what the relay said.
type Courier struct {
	Ledger Ledger
	Desk   Desk
	Mailer Mailer
	Relays func(context.Context) ([]Relay, error)                      // read again and again; their Config ready for dialling
	Sign   func(ctx context.Context, domain string) ([]DKIMKey, error) // the keys of a sender's domain; nil: the relays sign
	Keys   tokens.Keys
	Now    func() time.Time // the ledger's clock
	Log    *slog.Logger
	Node   string              // names this process in the ledger
	Only   campaigns.EditionID // when set, the other editions are left alone
	// LeaseTTL is how long this process may be silent until another takes its
	// work over; six heartbeats. 0: 30 s.
	LeaseTTL time.Duration
}

func (c *Courier) lease() time.Duration {
	if c.LeaseTTL > 0 {
		return c.LeaseTTL
	}
	return leaseTTL
}

// run is one run of a Courier: what Run sets up and its goroutines share.
type run struct {
	*Courier
	owner    OwnerID
	recorder *recorder
	lanes    *lanes
	hard     context.Context // ends when draining has taken too long
	soft     context.Context // ends when the Courier should stop
	feeders  sync.WaitGroup
	slots    sync.WaitGroup
	probing  atomic.Bool
	freezing sync.Map // edition: a goroutine writes its audience
}

// Run sends until ctx ends, then drains: mails before their final dot are
// dropped and go back to the queue, those after it get up to 8 s. A Courier
// that another process took over, because it was silent too long, begins anew,
// as soon as the ledger answers.
func (c *Courier) Run(ctx context.Context) error {
	anew := false
	for {
		err := c.runOnce(ctx)
		switch {
		case ctx.Err() != nil:
			return err
		case errs.Is(err, errs.Conflict):
			anew = true
			c.Log.Error("beginning anew as another owner", "err", err)
		case anew && errs.Is(err, errs.Unavailable):
			c.Log.Error("beginning anew waits for the database", "err", err)
			select {
			case <-ctx.Done():
			case <-time.After(beginAgain):
			}
		default:
			return err
		}
	}
}

func (c *Courier) runOnce(ctx context.Context) error {
	owner, err := c.Ledger.Enrol(ctx, c.Node, c.lease())
	if err != nil {
		return fmt.Errorf("starting to send: %w", err)
	}
	soft, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	hard, kill := context.WithCancel(context.WithoutCancel(ctx))
	defer kill()
	r := &run{Courier: c, owner: owner, recorder: newRecorder(c.Ledger, owner, c.Log), lanes: newLanes(), hard: hard, soft: soft}

	var writing, beating sync.WaitGroup
	writing.Go(func() { r.recorder.run(hard) })
	beating.Go(func() { r.beat(soft, stop) })
	r.manStations(soft)
	r.feeders.Go(func() { r.feedNotices(soft) })
	r.look(soft)

	r.recorder.stop()
	r.lanes.close()
	timer := time.AfterFunc(drainWithin, kill)
	r.slots.Wait()
	r.feeders.Wait()
	r.recorder.close()
	writing.Wait()
	timer.Stop()
	beating.Wait()
	leave, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	if err := c.Ledger.Leave(leave, owner); err != nil {
		c.Log.Error("giving back leases", "err", err)
	}
	if cause := context.Cause(soft); errs.Is(cause, errs.Conflict) {
		return cause
	}
	return nil
}

// beat keeps the owner alive. An owner that was taken over stops sending.
func (r *run) beat(ctx context.Context, stop context.CancelCauseFunc) {
	tick := time.NewTicker(r.lease() / beatsPerLease)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if n, err := r.Ledger.ApplyEvidence(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("applying evidence", "err", err)
		} else if n > 0 {
			r.Log.Info("evidence settled uncertain recipients", "recipients", n)
		}
		if n, err := r.Desk.CloseUncertain(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("closing what nobody decided", "err", err)
		} else if n > 0 {
			r.Log.Info("nobody decided about uncertain recipients: they are left as they are", "recipients", n)
		}
		err := r.Ledger.Beat(ctx, r.owner, r.lease())
		switch {
		case err == nil || ctx.Err() != nil:
		case errs.Is(err, errs.Conflict):
			r.Log.Error("another process took over our leases", "err", err)
			stop(err)
			return
		default:
			r.Log.Error("extending leases", "err", err)
		}
	}
}

// look watches the editions until ctx ends: freezes what is due, opens and
// closes lanes as states change.
func (r *run) look(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for n := 1; ; n++ {
		if n%stationsEvery == 0 {
			r.manStations(ctx)
		}
		if err := r.reconcile(ctx); err != nil && ctx.Err() == nil {
			r.Log.Error("looking for work", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *run) reconcile(ctx context.Context) error {
	jobs, err := r.Ledger.Jobs(ctx, r.Now())
	if err != nil {
		return err
	}
	sending := map[campaigns.EditionID]bool{}
	open := map[campaigns.EditionID]bool{}
	for _, l := range r.lanes.editions() {
		open[l.edition.ID] = true
	}
	for _, e := range jobs {
		if r.Only != 0 && e.ID != r.Only {
			continue
		}
		switch e.State {
		case campaigns.Scheduled:
			err = r.Desk.Freeze(ctx, e, r.Now())
		case campaigns.Freezing:
			r.freeze(ctx, e)
		case campaigns.Sending:
			sending[e.ID] = true
			if !open[e.ID] {
				err = r.openLane(ctx, e)
			}
		case campaigns.Held:
			r.probe(ctx, e)
		}
		if err != nil && !errs.Is(err, errs.Conflict) { // Conflict: another node was faster
			r.Log.Error("moving an edition on", "edition", e.ID, "err", err)
		}
	}
	for _, l := range r.lanes.editions() {
		if !sending[l.edition.ID] {
			r.giveBack(l)
		}
	}
	return nil
}

// freeze writes an edition's audience, chunk by chunk, beside the other work.
// What stops it, another node among others, is met again at the next look.
func (r *run) freeze(ctx context.Context, e campaigns.Edition) {
	if _, running := r.freezing.LoadOrStore(e.ID, true); running {
		return
	}
	r.feeders.Go(func() {
		defer r.freezing.Delete(e.ID)
		for ctx.Err() == nil {
			done, err := r.Ledger.FreezeSome(ctx, e, freezeChunk)
			if err != nil && ctx.Err() == nil && !errs.Is(err, errs.Conflict) {
				r.Log.Error("freezing the audience", "edition", e.ID, "err", err)
			}
			if done || err != nil {
				return
			}
		}
	})
}

// openLane compiles an edition and starts its lane.
func (r *run) openLane(ctx context.Context, e campaigns.Edition) error {
	content, err := r.Ledger.Content(ctx, e.ID)
	if err != nil {
		return err
	}
	if content.DKIM, err = r.signers(ctx, e.Sender); unreadable(err) {
		return r.Desk.Hold(ctx, "courier", e, campaigns.CauseAnswers, err.Error())
	} else if err != nil {
		return err
	}
	letter, err := compile(r.Mailer, e, content, r.Keys)
	if err != nil {
		return r.Desk.Hold(ctx, "courier", e, campaigns.CauseAnswers, err.Error())
	}
	if !r.served(letter.domain) {
		return r.Desk.Hold(ctx, "courier", e, campaigns.CauseRelay, noRelay(letter.domain))
	}
	l := newLane(e, letter)
	r.lanes.add(l)
	r.feeders.Go(func() { r.feed(ctx, l) })
	r.Log.Info("sending", "edition", e.ID)
	return nil
}

func noRelay(domain string) string {
	return fmt.Sprintf("no mail server takes mails of senders at %s: add one with relay add, resume one with relay resume, or name it with --smtp", domain)
}

// feed keeps a lane supplied and ends the edition when nobody waits.
func (r *run) feed(ctx context.Context, l *lane) {
	defer r.lanes.remove(l)
	for {
		mails, busy, stopped := r.lanes.state(l)
		if stopped || ctx.Err() != nil {
			r.giveBack(l)
			return
		}
		if !r.lanes.hungry(l, r.open) || r.recorder.unwell() != nil {
			l.wait(ctx, time.Second)
			continue
		}
		leased, next, err := r.Ledger.Lease(ctx, r.owner, l.edition.ID, batch)
		if err != nil {
			if ctx.Err() == nil {
				r.Log.Error("leasing recipients", "edition", l.edition.ID, "err", err)
			}
			l.wait(ctx, time.Second)
			continue
		}
		if len(leased) > 0 {
			r.pace(ctx, l, leased)
			continue
		}
		if next.IsZero() && mails == 0 && busy == 0 {
			err := r.Desk.Finish(ctx, l.edition)
			if err == nil {
				r.Log.Info("sent", "edition", l.edition.ID)
				return
			}
			if !errs.Is(err, errs.Conflict) {
				r.Log.Error("ending an edition", "edition", l.edition.ID, "err", err)
			}
		}
		pause := time.Second
		if !next.IsZero() {
			pause = min(max(next.Sub(r.Now()), 10*time.Millisecond), time.Second)
		}
		l.wait(ctx, pause)
	}
}

// feedNotices keeps the lane of notices supplied. A courier for one edition
// leaves them to the others.
func (r *run) feedNotices(ctx context.Context) {
	l := r.lanes.notices
	defer r.giveBack(l)
	for ctx.Err() == nil {
		mails, _, stopped := r.lanes.state(l)
		if stopped || r.Only != 0 {
			return
		}
		if mails < refill && r.lanes.hungry(l, r.open) && r.recorder.unwell() == nil {
			leased, err := r.Ledger.LeaseNotices(ctx, r.owner, noticeBatch)
			if err != nil && ctx.Err() == nil {
				r.Log.Error("leasing notices", "err", err)
			}
			if len(leased) > 0 {
				r.lanes.put(l, leased, r.open)
				continue
			}
		}
		l.wait(ctx, noticeEvery)
	}
}

// giveBack stops a lane; what was leased and not begun goes back to the queue.
func (r *run) giveBack(l *lane) {
	left := r.lanes.stop(l)
	if len(left) == 0 {
		return
	}
	rows := make([]RecipientID, len(left))
	for i, m := range left {
		rows[i] = m.ID
	}
	if err := r.Ledger.GiveBack(r.hard, r.owner, l.edition.ID, rows); err != nil {
		r.Log.Error("giving recipients back", "edition", l.edition.ID, "err", err)
	}
}
