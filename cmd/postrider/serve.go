package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"postrider/delivery"
	"postrider/delivery/mailer"
	"postrider/events"
	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/scheduler"
	"postrider/web/admin"
	"postrider/web/public"
)

type serveCmd struct {
	NoWeb     bool `help:"Serve no pages: a node that only sends and schedules."`
	NoCourier bool `help:"Send nothing and fire no schedules: a node that only serves pages."`
}

// Run serves until it is stopped.
func (c *serveCmd) Run(s *session) error {
	if c.NoWeb && c.NoCourier {
		return &errs.Error{Kind: errs.Invalid, Field: "--no-courier", Text: "with --no-web nothing is left to do: leave one of them out"}
	}
	return s.with(func(h *house) error {
		p := &process{session: s, house: h, shares: &events.Shares{Log: h.store, Logger: h.log}}
		if !c.NoCourier {
			if err := h.store.Lock(); err != nil {
				return fmt.Errorf("%w: stop it first, or serve pages only with --no-courier", err)
			}
			if err := p.chooseRelays(); err != nil {
				return err
			}
		}
		if !c.NoWeb {
			if err := p.listen(); err != nil {
				return err
			}
			s.say("Public pages      %s", p.base)
			if err := p.sayWhere(); err != nil {
				return err
			}
		}
		if p.base == "" {
			p.base = s.config.baseURL()
		}
		h.desk.BaseURL = p.base
		s.say("Running until Ctrl-C.")
		return p.run(c.NoCourier)
	})
}

// sayWhere prints where the administration is, with the token as long as that
// opens it.
func (p *process) sayWhere() error {
	team, err := p.office.Operators(p.ctx)
	if err != nil {
		return err
	}
	if len(team) > 0 {
		p.say("Administration    %s", p.adminURL)
		return nil
	}
	p.say("Administration    %s/?token=%s", p.adminURL, p.adminToken)
	return nil
}

// process is a running installation: its pages, scheduler and courier.
type process struct {
	*session
	*house
	shares     *events.Shares
	relays     func(context.Context) ([]delivery.Relay, error)
	base       string // how readers reach us
	adminURL   string
	adminToken string
	servers    []*http.Server
	listeners  []net.Listener
}

// chooseRelays takes the mail server of --smtp, or else those of the database,
// as they come and go. Without any, editions wait until there is one.
func (p *process) chooseRelays() error {
	if p.config.get("smtp") == "" {
		p.relays = p.guarded(p.book.Ready)
		all, err := p.book.Ready(p.ctx)
		if err == nil && len(all) == 0 {
			p.say("There is no mail server yet: issues wait until there is one. Add it under Mail servers in the administration, with postrider relay add, or name one with --smtp smtp://user@mail.example.org:587.")
		}
		return err
	}
	relay, err := p.config.relay()
	if err != nil {
		return err
	}
	if !loopback(relay.Host) && !isHTTPS(p.config.baseURL()) {
		return answersAsUs(p.ctx, p.config.baseURL(), p.keys)
	}
	p.relays = p.guarded(onlyRelay(relay))
	return nil
}

// listen opens the ports of the pages.
func (p *process) listen() error {
	front, err := net.Listen("tcp", p.config.get("listen"))
	if err != nil {
		return &errs.Error{Kind: errs.Unavailable, Field: "--listen", Text: "cannot listen", Err: err}
	}
	back, err := net.Listen("tcp", p.config.get("admin_listen"))
	if err != nil {
		_ = front.Close()
		return &errs.Error{Kind: errs.Unavailable, Field: "--admin-listen", Text: "cannot listen", Err: err}
	}
	return p.mount(front, back)
}

// mount serves the public pages and the administration on these listeners.
func (p *process) mount(front, back net.Listener) error {
	links, err := p.config.fetcher()
	if err != nil {
		return err
	}
	if p.base = p.config.baseURL(); p.base == "" {
		p.base = "http://" + front.Addr().String()
	}
	p.adminURL, p.adminToken = "http://"+back.Addr().String(), secret()
	if given := p.config.get("admin_url"); given != "" {
		p.adminURL = strings.TrimRight(given, "/")
	}
	now := time.Now
	p.serve(front, public.Handler(public.Deps{Store: p.store, Registry: p.registry, Keys: p.keys, Shares: p.shares, Base: p.base, Proxies: p.config.proxies(), Now: now, Log: p.log}))
	p.serve(back, admin.Handler(admin.Deps{
		Store: p.store, Desk: p.desk, Library: p.library, Notebook: p.notebook, Album: p.album, Office: p.office, Porter: p.porter, Keys: p.keys, Token: p.adminToken, Public: p.base, URL: p.adminURL,
		Proxies: p.config.proxies(), Now: now, Log: p.log,
		Links: links, Fetch: func(ctx context.Context, address string) (recaps.Document, error) {
			r, err := links.Get(ctx, address)
			return recaps.Document{Name: address, URL: r.URL, Type: r.Type, Body: r.Body}, err
		},
		Remote:   func(context.Context) (bool, error) { return p.house.mailsElsewhere(p.session) },
		Registry: p.registry, Clerk: p.clerk, Book: p.book, Ring: p.ring, Herald: p.herald, Crier: p.crier, Prober: mailer.New(mailer.Options{}),
	}))
	return nil
}

func (p *process) serve(l net.Listener, h http.Handler) {
	p.listeners = append(p.listeners, l)
	p.servers = append(p.servers, &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: 60 * time.Second,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 32 << 10,
	})
}

func secret() string {
	b := make([]byte, 16)
	_, _ = rand.Read(b) // never fails
	return hex.EncodeToString(b)
}

// run works until the session ends or a part fails, then stops all parts.
func (p *process) run(pagesOnly bool) error {
	ctx, fail := context.WithCancelCause(p.ctx)
	defer fail(nil)
	var parts sync.WaitGroup
	for i, server := range p.servers {
		parts.Go(func() {
			if err := server.Serve(p.listeners[i]); !errors.Is(err, http.ErrServerClosed) {
				fail(fmt.Errorf("serving pages: %w", err))
			}
		})
	}
	parts.Go(func() { p.shares.Run(ctx) })
	if len(p.servers) > 0 {
		parts.Go(func() { p.tidy(ctx) })
		parts.Go(func() { p.clerk.Run(ctx) })
	}
	if !pagesOnly {
		if err := p.store.SetNote(ctx, urlNote, p.base); err != nil {
			fail(err)
		}
		loop := &scheduler.Loop{Store: p.store, Desk: p.desk, Now: p.store.Now, Log: p.log}
		parts.Go(func() { loop.Run(ctx) })
		parts.Go(func() { p.send(ctx, fail) })
		if p.adminURL != "" {
			p.crier.URL = p.adminURL
		}
		parts.Go(func() { p.crier.Run(ctx) })
		parts.Go(func() { p.readMailbox(ctx) })
		parts.Go(func() { p.herald.Run(ctx) })
	}
	<-ctx.Done()
	down, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	for _, server := range p.servers {
		if server.Shutdown(down) != nil {
			_ = server.Close() // a request that takes longer is cut off
		}
	}
	parts.Wait()
	if err := context.Cause(ctx); err != nil && p.ctx.Err() == nil {
		return err
	}
	return nil
}

// send runs the courier.
func (p *process) send(ctx context.Context, fail context.CancelCauseFunc) {
	if err := p.courier(p.relays).Run(ctx); err != nil {
		fail(err)
	}
}

// tidy forgets once an hour what retention says, and adds up what
// the database's sessions have counted.
func (p *process) tidy(ctx context.Context) {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		if _, err := p.registry.Tidy(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("what has lapsed could not be forgotten", "err", err)
		}
		if err := p.store.FoldListCounts(ctx); err != nil && ctx.Err() == nil {
			p.log.Warn("the lists' numbers could not be added up", "err", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
