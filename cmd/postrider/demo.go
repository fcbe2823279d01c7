package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/events"
	"postrider/internal/errs"
	"postrider/internal/inbox"
	"postrider/organisation"
	"postrider/recaps"
	"postrider/scheduler/schedule"
	"postrider/subscribers"
	"postrider/web/demo"
)

type demoCmd struct {
	Dir string `default:"postrider-demo" help:"Folder of the demo's database; it is made where it is missing." placeholder:"FOLDER"`
}

const (
	demoCampaign = "Weekly recap"
	demoList     = "demo-readers"
	demoSender   = "Postrider demo <news@demo.example.org>"
)

// Run shows the main job on this machine. Started again, it goes on where it
// stopped.
func (c *demoCmd) Run(s *session) error {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return fmt.Errorf("making the demo's folder: %w", err)
	}
	file := filepath.Join(c.Dir, "demo.db")
	if !s.config.given("db") {
		s.config.set("db", "sqlite:"+file, "demo")
	}
	if !s.config.given("log") {
		s.config.set("log", "warn", "demo")
	}
	return s.with(func(h *house) error {
		if err := h.store.Lock(); err != nil {
			return fmt.Errorf("%w: a demo runs in %s already; choose another folder with --dir", err, c.Dir)
		}
		return c.run(s, h)
	})
}

func (c *demoCmd) run(s *session, h *house) error {
	p := &process{session: s, house: h, shares: &events.Shares{Log: h.store, Logger: h.log}}
	front, err := listenNear(s.config.get("listen"))
	if err != nil {
		return err
	}
	back, err := listenNear(s.config.get("admin_listen"))
	if err != nil {
		return err
	}
	page, err := listenNear("127.0.0.1:8025")
	if err != nil {
		return err
	}
	catcher, err := listenNear("127.0.0.1:2525")
	if err != nil {
		return err
	}
	box, err := inbox.Start(s.ctx, inbox.Config{Listener: catcher, Keep: 2000, Log: h.log})
	if err != nil {
		return err
	}
	defer box.Close()
	if err := p.mount(front, back); err != nil {
		return err
	}
	h.desk.BaseURL = p.base
	port := catcher.Addr().(*net.TCPAddr).Port
	p.relays = onlyRelay(delivery.RelayConfig{Name: "demo inbox", Host: "127.0.0.1", Port: port, TLS: delivery.TLSNone, Connections: 2})

	demoURL := "http://" + page.Addr().String()
	if err := h.furnish(s.ctx, demoURL+demo.PicturePath); err != nil {
		return err
	}
	p.serve(page, demo.Handler(demo.Deps{
		Store: h.store, Inbox: box, Keys: h.keys, Public: p.base, Admin: p.adminURL + "/?token=" + p.adminToken,
		Campaign: h.demoCampaign, Publish: h.demoPublish, Now: time.Now, Log: h.log,
	}))
	_, next, zone, explained := h.demoCampaign(s.ctx)
	s.say("Postrider demo\n")
	s.say("  Open this         %s", demoURL)
	s.say("  Public pages      %s", p.base)
	s.say("  Administration    %s/?token=%s", p.adminURL, p.adminToken)
	s.say("  Inbox (SMTP)      127.0.0.1:%d catches all mail; nothing leaves this machine", port)
	s.say("  Database          %s\n", s.config.get("db"))
	s.say("Next: %s (%s), the campaign %q mails 25 sample readers, then %s.", next.Format("Mon 2 Jan 15:04:05"), zone, demoCampaign, explained)
	s.say("Ctrl-C stops it; the same command goes on where it stopped.")
	return p.run(false)
}

// listenNear listens where it is told, or on a free port when that is taken.
func listenNear(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err == nil {
		return l, nil
	}
	host, _, splitErr := net.SplitHostPort(address)
	if splitErr != nil {
		return nil, fmt.Errorf("listening: %w", err)
	}
	if l, err = net.Listen("tcp", net.JoinHostPort(host, "0")); err != nil {
		return nil, fmt.Errorf("listening on a free port: %w", err)
	}
	return l, nil
}

// furnish fills an empty demo: the sender, 25 readers, a recap, and a weekly
// campaign whose first date is less than a minute away.
func (h *house) furnish(ctx context.Context, picture string) error {
	_, err := h.store.Campaign(ctx, demoCampaign)
	if !errs.Is(err, errs.NotFound) {
		return err
	}
	if _, err := h.office.Set(ctx, "demo", organisation.Organisation{
		Name: "Human Rights Cities Desk", PostalAddress: "Postrider demo\nExample Street 1\n123 45 Exampletown",
		Accent: "#0b5c6b", Zone: zoneHere(), Language: "en", Sender: demoSender,
	}); err != nil {
		return err
	}
	if err := h.demoReaders(ctx); err != nil {
		return err
	}
	sample := recaps.Sample()
	sample.Image = picture
	saved, err := h.library.Keep(ctx, "demo", sample, "sample")
	if err != nil {
		return err
	}
	if saved.State == recaps.Draft {
		if saved, err = h.library.Approve(ctx, "demo", saved.ID); err != nil {
			return err
		}
	}
	zone := zoneHere()
	at, err := firstMinute(time.Now(), zone)
	if err != nil {
		return err
	}
	_, err = h.desk.Create(ctx, "demo", campaigns.Campaign{
		Name: demoCampaign, Source: campaigns.Fixed, Recap: saved.ID, ListNames: []string{demoList}, Sender: demoSender,
		Schedule: strconv.Itoa(at.Minute()) + " " + strconv.Itoa(at.Hour()) + " * * " + strconv.Itoa(int(at.Weekday())), Zone: zone,
		Subject: "{{first_name|Dear reader}}, the key takeaways from Gwangju",
	})
	return err
}

func (h *house) demoReaders(ctx context.Context) error {
	if _, err := h.registry.CreateList(ctx, "demo", demoList, "Demo readers"); err != nil && !errs.Is(err, errs.Conflict) {
		return err
	}
	for _, r := range subscribers.SampleReaders() {
		r.Lists, r.Consent, r.Source = []string{demoList}, "sample readers of the demo", "demo"
		if _, err := h.registry.Add(ctx, "demo", r); err != nil {
			return err
		}
	}
	return nil
}

// firstMinute is the next full minute.
func firstMinute(now time.Time, zone string) (time.Time, error) {
	s, err := schedule.Parse("* * * * *", zone)
	if err != nil {
		return time.Time{}, err
	}
	f, _ := s.Next(now)
	return f.At, nil
}

// zoneHere is this machine's zone, UTC where it has no name.
func zoneHere() string {
	if name := time.Local.String(); name != "Local" && name != "" {
		return name
	}
	if link, err := os.Readlink("/etc/localtime"); err == nil {
		if _, name, ok := strings.Cut(link, "zoneinfo/"); ok {
			if _, err := schedule.Parse("@daily", name); err == nil {
				return name
			}
		}
	}
	return "UTC"
}

// demoCampaign says when the demo's campaign fires next.
func (h *house) demoCampaign(ctx context.Context) (name string, next time.Time, zone, explained string) {
	c, err := h.store.Campaign(ctx, demoCampaign)
	if err != nil {
		return demoCampaign, time.Time{}, "UTC", ""
	}
	if firings, err := c.Next(time.Now(), 1); err == nil && len(firings) > 0 {
		next = firings[0].At
	}
	if s, err := schedule.Parse(c.Schedule, c.Zone); err == nil {
		explained = s.Explain()
	}
	return c.Name, next, c.Zone, explained
}

// demoPublish sends a pasted recap to the sample readers.
func (h *house) demoPublish(ctx context.Context, r recaps.Recap) (campaigns.EditionID, error) {
	saved, err := h.library.Keep(ctx, "demo", r, "pasted")
	if err != nil {
		return 0, err
	}
	if saved.State == recaps.Draft {
		if saved, err = h.library.Approve(ctx, "demo", saved.ID); err != nil {
			return 0, err
		}
	}
	e, err := h.desk.Publish(ctx, "demo", campaigns.Publication{Recap: saved, ListNames: []string{demoList}})
	return e.ID, err
}
