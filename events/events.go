// Package events keeps what came back: shares today, and with later issues
// bounces, complaints, clicks and opens. It appends and counts; it decides
// nothing about readers or recipients.
package events

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"
)

// ShareCount is how often an edition, or one takeaway of it, was shared on a
// network on one day. No person is kept.
type ShareCount struct {
	Edition  int64  `json:"-"`
	Day      string `json:"day"` // "2006-01-02" in UTC
	Network  string `json:"network"`
	N        int    `json:"n"` // the takeaway, 0 for the whole
	People   int    `json:"people"`
	Machines int    `json:"machines"` // crawlers and scanners, told apart by what they say of themselves
}

// Log is where counts are kept.
type Log interface {
	AddShares(ctx context.Context, counts []ShareCount) error
}

// Shares gathers share requests in memory and writes them in groups, so that
// a redirect never waits for the database. A crash loses at most the counts of
// the last second.
type Shares struct {
	Log    Log
	Logger *slog.Logger

	mu    sync.Mutex
	count map[shareKey]*ShareCount
}

type shareKey struct {
	edition int64
	day     string
	network string
	n       int
}

// maxKeys bounds the memory of counts that cannot be written.
const maxKeys = 100_000

// Add counts one request. It returns at once.
func (s *Shares) Add(edition int64, network string, n int, userAgent string, at time.Time) {
	k := shareKey{edition, at.UTC().Format(time.DateOnly), network, n}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == nil {
		s.count = map[shareKey]*ShareCount{}
	}
	c := s.count[k]
	if c == nil {
		if len(s.count) >= maxKeys {
			return
		}
		c = &ShareCount{Edition: edition, Day: k.day, Network: network, N: n}
		s.count[k] = c
	}
	if Machine(userAgent) {
		c.Machines++
	} else {
		c.People++
	}
}

// Run writes the counts every second until ctx ends, then once more.
func (s *Shares) Run(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
			defer cancel()
			s.Flush(last)
			return
		case <-tick.C:
			s.Flush(ctx)
		}
	}
}

// Flush writes what has gathered; what cannot be written is kept for the next time.
func (s *Shares) Flush(ctx context.Context) {
	s.mu.Lock()
	gathered := s.count
	s.count = nil
	s.mu.Unlock()
	if len(gathered) == 0 {
		return
	}
	counts := make([]ShareCount, 0, len(gathered))
	for _, c := range gathered {
		counts = append(counts, *c)
	}
	// In one order on all nodes, so that no two wait for each other's rows.
	slices.SortFunc(counts, func(a, b ShareCount) int {
		return cmp.Or(cmp.Compare(a.Edition, b.Edition), cmp.Compare(a.Day, b.Day), cmp.Compare(a.Network, b.Network), cmp.Compare(a.N, b.N))
	})
	err := s.Log.AddShares(ctx, counts)
	if err == nil {
		return
	}
	s.Logger.Error("counting shares", "err", err)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.count == nil {
		s.count = map[shareKey]*ShareCount{}
	}
	for k, c := range gathered {
		if now := s.count[k]; now != nil {
			now.People += c.People
			now.Machines += c.Machines
		} else if len(s.count) < maxKeys {
			s.count[k] = c
		}
	}
}

// machineWords occur in the user agents of crawlers, previewers and scanners
// that say what they are.
var machineWords = []string{
	"bot", "crawl", "spider", "preview", "scan", "facebookexternalhit", "mastodon/", "http.rb", "curl/", "wget/", "python",
	"go-http-client", "okhttp", "headless", "slurp", "monitor", "fetch", "whatsapp/", "safelinks", "proofpoint", "mimecast",
}

// Machine reports whether a user agent names itself a machine. An empty one is
// a machine's.
func Machine(userAgent string) bool {
	ua := strings.ToLower(userAgent)
	if ua == "" {
		return true
	}
	ua = strings.ReplaceAll(ua, "cubot", "") // a make of telephones
	for _, w := range machineWords {
		if strings.Contains(ua, w) {
			return true
		}
	}
	return false
}
