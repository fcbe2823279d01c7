// Package mailhost tells whether a domain has a host that takes mail: it asks
// DNS for MX, and for addresses where there is none (RFC 5321 §5.1). It asks
// about each domain once, gives up early, and never connects to a mail server.
package mailhost

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// Verdict is what DNS says of a domain.
type Verdict string

// The verdicts. Unknown means that DNS did not answer in time, or that enough
// domains were asked about already: never a reason to refuse anybody.
const (
	Found   Verdict = "found"
	None    Verdict = "none"    // neither MX nor address, or no such domain
	NullMX  Verdict = "null mx" // says that it takes no mail (RFC 7505)
	Unknown Verdict = "unknown"
)

// Text is what a person should know, empty where mail may arrive.
func (v Verdict) Text() string {
	switch v {
	case None:
		return "the domain has no mail server: check the spelling"
	case NullMX:
		return "the domain says that it takes no mail"
	}
	return ""
}

// Resolver is the part of net.Resolver that is needed.
type Resolver interface {
	LookupMX(ctx context.Context, name string) ([]*net.MX, error)
	LookupIPAddr(ctx context.Context, host string) ([]net.IPAddr, error)
}

const (
	maxAsked = 2_000
	patience = 3 * time.Second
)

// Hosts remembers what was answered. The zero value asks the system's
// resolver; it is safe for concurrent use.
type Hosts struct {
	Resolver Resolver // net.DefaultResolver where nil
	Limit    int      // domains to ask about at most; 2000 where 0

	mu    sync.Mutex
	known map[string]*answer
}

type answer struct {
	done    chan struct{}
	verdict Verdict
}

// Look returns the verdict on a domain (lower-case A-labels). It takes three
// seconds at most; two that ask at once share one look-up.
func (h *Hosts) Look(ctx context.Context, domain string) Verdict {
	h.mu.Lock()
	if h.known == nil {
		h.known = map[string]*answer{}
	}
	a, asked := h.known[domain]
	if !asked {
		limit := h.Limit
		if limit == 0 {
			limit = maxAsked
		}
		if len(h.known) >= limit {
			h.mu.Unlock()
			return Unknown
		}
		a = &answer{done: make(chan struct{})}
		h.known[domain] = a
	}
	h.mu.Unlock()
	if !asked {
		a.verdict = h.ask(ctx, domain)
		close(a.done)
		return a.verdict
	}
	select {
	case <-a.done:
		return a.verdict
	case <-ctx.Done():
		return Unknown
	}
}

func (h *Hosts) ask(ctx context.Context, domain string) Verdict {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	r := h.Resolver
	if r == nil {
		r = net.DefaultResolver
	}
	rooted := domain + "." // no search list of this machine
	mx, err := r.LookupMX(ctx, rooted)
	switch {
	case len(mx) == 1 && (mx[0].Host == "." || mx[0].Host == ""):
		return NullMX
	case len(mx) > 0:
		return Found
	case err != nil && !missing(err):
		return Unknown
	}
	addresses, err := r.LookupIPAddr(ctx, rooted)
	switch {
	case len(addresses) > 0:
		return Found
	case err == nil || missing(err):
		return None
	}
	return Unknown
}

// missing reports that DNS said no, as opposed to nothing.
func missing(err error) bool {
	var dns *net.DNSError
	return errors.As(err, &dns) && dns.IsNotFound
}
