package delivery

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"sync"
	"time"

	"postrider/campaigns"
	"postrider/internal/errs"
)

// gate is what this process knows of its relay: open, or closed until a time
// with the reason. It keeps all connections from trying at once.
type gate struct {
	mu       sync.Mutex
	failures int
	until    time.Time
	reason   string
}

// maxFailures in a row hold the editions even where each could pass by itself.
const maxFailures = 5

func (g *gate) closed(now time.Time) bool { return g.wait(now) > 0 }

// wait is how long the gate stays closed.
func (g *gate) wait(now time.Time) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	return max(g.until.Sub(now), 0)
}

// opened says that a connection came about, and reports whether there had
// been trouble before.
func (g *gate) opened() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	before := g.failures > 0
	g.failures, g.until, g.reason = 0, time.Time{}, ""
	return before
}

// close keeps the gate shut until a time.
func (g *gate) close(until time.Time, reason string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.failures, g.until, g.reason = max(g.failures, 1), until, reason
}

// failed counts one failure to connect. lasting means that a person has to
// mend something, or that it has failed too often; news that this is not the
// same failure on another connection.
func (g *gate) failed(err error, relay RelayConfig, now time.Time) (lasting bool, reason string, news bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if news = now.After(g.until); news {
		g.failures++ // connections that fail together count once
	}
	lasting, reason = remedy(err, relay)
	lasting = lasting || g.failures >= maxFailures
	pause := time.Second << min(g.failures-1, 5)
	if lasting {
		pause = probeEvery
	}
	g.until, g.reason = now.Add(pause), reason
	return lasting, reason, news
}

// remedy says in words what is wrong with a relay and what to mend, and
// whether waiting will not mend it.
func remedy(err error, relay RelayConfig) (lasting bool, reason string) {
	at := net.JoinHostPort(relay.Host, fmt.Sprint(relay.Port))
	var t *Trouble
	if !errors.As(err, &t) {
		return false, fmt.Sprintf("no connection to the mail server %s: %v", at, err)
	}
	refused := t.Reply.Code >= 500
	switch t.Stage {
	case StageAuth:
		if t.Reply.Code >= 400 && t.Reply.Code < 500 {
			return false, fmt.Sprintf("the mail server %s cannot check our login now (%s); we try again", at, replyWords(t.Reply))
		}
		return true, fmt.Sprintf("the mail server %s refused the user name or password (%s): check --smtp or POSTRIDER_SMTP_FILE, or give it anew with relay change", at, troubleWords(t))
	case StageTLS:
		return !passing(t), fmt.Sprintf("no secure connection to the mail server %s (%s): check its name, its certificate and the port; TLS is required except on loopback", at, troubleWords(t))
	case StageGreet:
		return refused, fmt.Sprintf("the mail server %s does not greet us (%s)", at, troubleWords(t))
	}
	var dns *net.DNSError
	if errors.As(err, &dns) && dns.IsNotFound {
		return true, fmt.Sprintf("there is no mail server %q: check the host name in --smtp, or with relay change", relay.Host)
	}
	return false, fmt.Sprintf("nothing answers at the mail server %s (%s): check that it runs and the port is right", at, troubleWords(t))
}

// passing reports whether what stopped TLS may be gone at the next try: the
// server says "not now" (RFC 3207 §4), or the line broke. Certificates,
// refusals and a TLS that the two do not share want a person.
func passing(t *Trouble) bool {
	if t.Reply.Code != 0 {
		return t.Reply.Temporary()
	}
	var alert tls.AlertError
	var line *net.OpError
	return !errors.As(t.Err, &alert) && (errors.Is(t.Err, io.EOF) || errors.Is(t.Err, io.ErrUnexpectedEOF) ||
		errors.As(t.Err, &line) && line.Op != "remote error" || errors.Is(t.Err, os.ErrDeadlineExceeded))
}

func replyWords(r Reply) string {
	if r.Enhanced != "" {
		return fmt.Sprintf("%d %s %s", r.Code, r.Enhanced, r.Text)
	}
	return fmt.Sprintf("%d %s", r.Code, r.Text)
}

func troubleWords(t *Trouble) string {
	if t.Reply.Code != 0 {
		return replyWords(t.Reply)
	}
	return fmt.Sprint(t.Err)
}

// probe looks whether a relay that an edition is held for answers again. It
// does so beside the Courier's other work: a dead host takes its time.
func (r *run) probe(ctx context.Context, e campaigns.Edition) {
	if !r.probing.CompareAndSwap(false, true) {
		return
	}
	r.feeders.Go(func() {
		defer r.probing.Store(false)
		for _, st := range r.lanes.stationList() {
			if st.gate.closed(r.Now()) || !r.dialOnce(ctx, st) {
				continue
			}
			if err := r.Desk.Resume(ctx, "courier", e); err != nil && !errs.Is(err, errs.Conflict) {
				r.Log.Error("going on after the mail server's trouble", "edition", e.ID, "err", err)
			}
			return
		}
	})
}

func (r *run) dialOnce(ctx context.Context, st *station) bool {
	dial, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	conn, err := r.Mailer.Dial(dial, st.relay.Config)
	if err != nil {
		if _, reason, _ := st.gate.failed(err, st.relay.Config, r.Now()); ctx.Err() == nil {
			r.noteTrouble(st, reason)
		}
		return false
	}
	_ = conn.Close() // only its answer was wanted
	st.gate.opened()
	r.noteTrouble(st, "")
	return true
}
