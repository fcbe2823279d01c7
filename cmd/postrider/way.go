package main

import (
	"context"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
)

// way is how mails leave: through the mail server of --smtp, through those of
// the database, or by another process that is sending already.
type way struct {
	relays   func(context.Context) ([]delivery.Relay, error)
	handOver bool
	remote   bool // some mail server is elsewhere, so links must be ones that readers can open
}

// way decides who sends: this process, when it gets the lock, or the running
// one. Only a sender needs a mail server.
func (s *session) way(h *house) (way, error) {
	err := h.store.Lock()
	if errs.Is(err, errs.Conflict) {
		return way{handOver: true}, nil
	}
	if err != nil {
		return way{}, err
	}
	if s.config.get("smtp") != "" {
		relay, err := s.config.relay()
		return way{relays: onlyRelay(relay), remote: !loopback(relay.Host)}, err
	}
	all, err := h.book.Ready(s.ctx)
	if err != nil {
		return way{}, err
	}
	if len(all) == 0 {
		return way{}, &errs.Error{Kind: errs.Invalid, Field: "--smtp",
			Text: "name the mail server, as in --smtp smtp://user@mail.org.example:587 (the password in POSTRIDER_SMTP_FILE), or keep one: postrider relay add, or Mail servers in the administration"}
	}
	w := way{relays: h.book.Ready}
	for _, r := range all {
		w.remote = w.remote || !loopback(r.Config.Host)
	}
	return w, nil
}

// onlyRelay is the mail server of --smtp: the database's are left alone.
func onlyRelay(config delivery.RelayConfig) func(context.Context) ([]delivery.Relay, error) {
	relay := delivery.Relay{Name: config.Name, State: delivery.RelayActive, Config: config}
	return func(context.Context) ([]delivery.Relay, error) { return []delivery.Relay{relay}, nil }
}

// askEvery is how often an unanswered public URL is asked again.
const askEvery = 15 * time.Second

// guarded leaves out the mail servers elsewhere until the public URL answers
// as this installation: links in mails cannot be called back.
func (p *process) guarded(relays func(context.Context) ([]delivery.Relay, error)) func(context.Context) ([]delivery.Relay, error) {
	var sure bool
	var asked time.Time
	return func(ctx context.Context) ([]delivery.Relay, error) { // called by one goroutine
		all, err := relays(ctx)
		if err != nil || sure {
			return all, err
		}
		near := all[:0:0]
		for _, r := range all {
			if loopback(r.Config.Host) {
				near = append(near, r)
			}
		}
		if len(near) == len(all) || time.Since(asked) < askEvery {
			return near, nil
		}
		asked = time.Now()
		if err := answersAsUs(ctx, p.config.baseURL(), p.keys); err != nil {
			p.log.Error("nothing is sent to mail servers elsewhere until the public URL answers", "err", err)
			return near, nil
		}
		sure = true
		return all, nil
	}
}
