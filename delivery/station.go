package delivery

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"postrider/campaigns"
)

// station is one relay in this run: its connections, its gate, and how many
// mails it may still take before the ledger is asked for more.
type station struct {
	relay Relay // its Config is ready for dialling
	gate  gate
	soft  context.Context // ends when the run stops, or the relay is paused or changed
	leave context.CancelFunc

	connected atomic.Int32 // connections that are open

	mu        sync.Mutex // held while the ledger is asked for an allowance
	allowance int
	until     time.Time // no allowance before
}

// allowed is how long the station must wait for its pace, its daily cap or
// its warm-up plan; 0 means that it may take one mail, which is counted: two
// connections must not both take the last one.
func (r *run) allowed(st *station) time.Duration {
	now := r.Now()
	daily, _ := st.relay.DailyLimit(now)
	if st.relay.PacePerMinute == 0 && daily == 0 {
		return 0
	}
	st.mu.Lock()
	defer st.mu.Unlock()
	if st.allowance > 0 {
		st.allowance--
		return 0
	}
	if wait := st.until.Sub(now); wait > 0 {
		return wait
	}
	granted, next, err := r.Ledger.Allow(r.soft, st.relay, daily, paceBatch(st.relay))
	if err != nil {
		if r.soft.Err() == nil {
			r.Log.Error("asking for the pace", "relay", st.relay.Name, "err", err)
		}
		return time.Second
	}
	if granted == 0 {
		st.until = next
		return max(next.Sub(now), time.Millisecond)
	}
	st.allowance = granted - 1
	return 0
}

// refund gives back what allowed counted for a mail that was not begun.
func (st *station) refund() {
	st.mu.Lock()
	defer st.mu.Unlock()
	st.allowance++
}

// paceBatch is how many mails are asked for at once: few where the pace is
// slow, so that nodes share it evenly.
func paceBatch(r Relay) int {
	if r.PacePerMinute == 0 {
		return refill
	}
	return min(max(r.PacePerMinute/60, 1), refill)
}

// manStations follows the relays: new ones get connections, those that were
// paused, changed or removed lose them and their mails go to the others.
func (r *run) manStations(ctx context.Context) {
	relays, err := r.Relays(ctx)
	if err != nil {
		if ctx.Err() == nil {
			r.Log.Error("reading the mail servers", "err", err)
		}
		return
	}
	wanted := map[RelayID]Relay{}
	for _, relay := range relays {
		if relay.State == RelayActive {
			wanted[relay.ID] = relay
		}
	}
	for _, st := range r.lanes.stationList() {
		relay, ok := wanted[st.relay.ID]
		if ok && relay.UpdatedAt.Equal(st.relay.UpdatedAt) {
			delete(wanted, st.relay.ID)
			continue
		}
		st.leave()
		r.lanes.removeStation(st)
	}
	for _, relay := range relays {
		if _, ok := wanted[relay.ID]; ok {
			r.openStation(relay)
		}
	}
}

func (r *run) openStation(relay Relay) {
	if relay.Name == "" {
		relay.Name = relay.Config.Name
	}
	st := &station{relay: relay}
	st.soft, st.leave = context.WithCancel(r.soft)
	r.lanes.addStation(st)
	for range max(relay.Config.Connections, 1) {
		r.slots.Go(func() { r.slot(st) })
	}
}

// open reports whether a station can take mail now or soon.
func (r *run) open(st *station) bool { return !st.gate.closed(r.Now()) }

// troubled closes a station's gate, gives its mails to other stations, and
// holds the editions that no other can serve where waiting will not mend it.
func (r *run) troubled(st *station, err error) {
	if r.soft.Err() != nil {
		return
	}
	lasting, reason, news := st.gate.failed(err, st.relay.Config, r.Now())
	if news { // connections that fail together say it once
		r.Log.Error("the mail server does not take mail", "relay", st.relay.Name, "err", reason)
		r.noteTrouble(st, reason)
	}
	stuck := r.lanes.failOver(st, r.open)
	if !lasting {
		return
	}
	for _, l := range stuck {
		r.hold(l, campaigns.CauseRelay, reason)
	}
}

// exhausted closes a station whose quota is used up for as long as its answer
// says; other stations take over, else the editions are held and go on after.
func (r *run) exhausted(st *station, d time.Duration, reason string) {
	st.gate.close(r.Now().Add(d), reason)
	r.noteTrouble(st, reason)
	for _, l := range r.lanes.failOver(st, r.open) {
		r.hold(l, campaigns.CauseRelay, reason)
	}
}

// noteTrouble makes a relay's trouble visible, empty when it is over.
func (r *run) noteTrouble(st *station, reason string) {
	if st.relay.ID == 0 {
		return
	}
	if err := r.Ledger.NoteTrouble(r.hard, st.relay.ID, reason, r.Now()); err != nil {
		r.Log.Error("noting the mail server's trouble", "relay", st.relay.Name, "err", err)
	}
}

// served reports whether some station takes mails of a sender's domain.
func (r *run) served(domain string) bool {
	for _, st := range r.lanes.stationList() {
		if st.relay.Serves(domain) {
			return true
		}
	}
	return false
}
