package main

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/schollz/progressbar/v3"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/inbox"
	"postrider/recaps"
)

type drillCmd struct {
	Readers int           `default:"5000" help:"How many readers the edition has."`
	Kills   int           `default:"10" help:"How often the sending process is killed."`
	Conns   int           `default:"10" help:"Connections to the mail server."`
	Seed    uint64        `default:"1" help:"Seed of the random moments."`
	Timeout time.Duration `default:"10m" help:"Give up after this time."`
}

// verdict is what the drill found. The first three must be 0, and Unknown at
// one kill at most the connections.
type verdict struct {
	Database     string  `json:"database"`
	Readers      int     `json:"readers"`
	Kills        int     `json:"kills"`
	Lost         int     `json:"lost"`
	Doubled      int     `json:"doubled"`
	NotAccepted  int     `json:"marked_accepted_but_not"`
	MostUnknown  int     `json:"most_unknown_at_one_kill"`
	Unknown      int     `json:"unknown"`
	UnknownKept  int     `json:"unknown_that_arrived"`
	SlowestStart float64 `json:"slowest_seconds_to_next_mail"`
	Seconds      float64 `json:"seconds"`
	Kept         bool    `json:"promise_kept"`
}

// Run sends an edition to a sink of its own, kills the sending process at
// random moments, starts it again, and compares the ledger with what the sink
// has accepted.
func (c *drillCmd) Run(s *session) error {
	if c.Readers < 1 || c.Readers > 1_000_000 || c.Kills < 0 || c.Conns < 1 || c.Conns > 200 {
		return &errs.Error{Kind: errs.Invalid, Field: "--readers", Text: "want 1 to 1000000 readers, 0 or more kills and 1 to 200 connections"}
	}
	dir, err := os.MkdirTemp("", "postrider-drill-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if !s.config.given("db") {
		s.config.set("db", "sqlite:"+filepath.Join(dir, "drill.db"), "drill")
	}
	s.config.set("log", "error", "drill")
	if !s.config.given("secret_file") && strings.HasPrefix(s.config.get("db"), "postgres") {
		s.config.set("secret_file", filepath.Join(dir, "drill.key"), "drill")
	}
	ctx, cancel := context.WithTimeout(s.ctx, c.Timeout)
	defer cancel()
	s.ctx = ctx
	return s.with(func(h *house) error {
		d := &drill{drillCmd: c, session: s, house: h, random: rand.New(rand.NewPCG(c.Seed, 0)), took: map[string]int{}}
		out, err := d.run()
		if err != nil {
			return err
		}
		if err := s.print(out, func() { d.tell(out) }); err != nil {
			return err
		}
		if !out.Kept {
			return fmt.Errorf("a promise is broken: see the figures above")
		}
		return nil
	})
}

// drill is one run: the parent that watches, kills and counts.
type drill struct {
	*drillCmd
	*session
	*house
	random  *rand.Rand
	edition campaigns.Edition
	smtp    string

	mu      sync.Mutex
	took    map[string]int // address → mails accepted
	total   int
	waiting chan struct{} // closed when total reaches target
	target  int
}

func (d *drill) run() (verdict, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return verdict{}, fmt.Errorf("listening for the drill's mail: %w", err)
	}
	sink := &inbox.Sink{Took: d.accept}
	sink.Serve(listener)
	defer sink.Close()
	d.smtp = fmt.Sprintf("smtp://%s?conns=%d", listener.Addr(), d.Conns)
	if d.edition, err = d.trial(d.ctx, "drill", d.Readers, recaps.Sample()); err != nil {
		return verdict{}, err
	}
	began := time.Now()
	out := verdict{Database: d.store.Name(), Readers: d.Readers, Kills: d.Kills}
	bar := d.bar()
	for range d.Kills {
		slow, err := d.killOnce()
		if err != nil {
			return out, err
		}
		out.SlowestStart = max(out.SlowestStart, slow)
		sending, err := d.store.Recipients(d.ctx, d.edition.ID, delivery.SendingRow, 0, 1000)
		if err != nil {
			return out, err
		}
		out.MostUnknown = max(out.MostUnknown, len(sending))
		_ = bar.Add(1) // a bar that cannot be drawn changes nothing
	}
	_ = bar.Clear()
	if err := d.finish(); err != nil {
		return out, err
	}
	out.Seconds = time.Since(began).Seconds()
	err = d.judge(&out)
	return out, err
}

func (d *drill) bar() *progressbar.ProgressBar {
	w := io.Discard
	if d.io.terminal {
		w = d.io.err
	}
	return progressbar.NewOptions(d.Kills, progressbar.OptionSetWriter(w), progressbar.OptionSetDescription("Killing"),
		progressbar.OptionShowCount(), progressbar.OptionClearOnFinish())
}

// accept counts a mail before the sink acknowledges it.
func (d *drill) accept(to string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.took[to]++
	d.total++
	if d.waiting != nil && d.total >= d.target {
		close(d.waiting)
		d.waiting = nil
	}
}

// after returns a channel that is closed when n further mails were accepted.
func (d *drill) after(n int) <-chan struct{} {
	d.mu.Lock()
	defer d.mu.Unlock()
	done := make(chan struct{})
	d.waiting, d.target = done, d.total+n
	return done
}

// child is a process that sends the edition.
func (d *drill) child() (*exec.Cmd, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(d.ctx, self, "publish", "--resume", d.edition.ID.String(), "--json", "--log", "error",
		"--db", d.config.get("db"), "--secret-file", d.config.keyFile(d.store.Path()), "--smtp", d.smtp)
	cmd.Stderr = d.io.err
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME")}
	return cmd, nil
}

// killOnce starts a sender, lets it get some mails through, and kills it. It
// returns how long the first mail took.
func (d *drill) killOnce() (float64, error) {
	cmd, err := d.child()
	if err != nil {
		return 0, err
	}
	first := d.after(1)
	began := time.Now()
	if err := cmd.Start(); err != nil {
		return 0, fmt.Errorf("starting a sender: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	seconds := 0.0
	select {
	case <-first:
		seconds = time.Since(began).Seconds()
	case <-ended: // nothing was left to send
		return 0, nil
	case <-d.ctx.Done():
		return 0, d.ctx.Err()
	}
	more := d.after(20 + d.random.IntN(380))
	select {
	case <-more:
	case <-ended:
		return seconds, nil
	case <-d.ctx.Done():
	}
	_ = cmd.Process.Kill() // it may have ended this moment
	<-ended
	return seconds, d.ctx.Err()
}

// finish lets the edition come to its end.
func (d *drill) finish() error {
	cmd, err := d.child()
	if err != nil {
		return err
	}
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("sending the rest: %w", err)
	}
	return nil
}

// judge holds the ledger against what the sink accepted.
func (d *drill) judge(v *verdict) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	rows := 0
	for after := delivery.RecipientID(0); ; {
		page, err := d.store.Recipients(d.ctx, d.edition.ID, "", after, 1000)
		if err != nil {
			return err
		}
		for _, r := range page {
			got := d.took[r.Email]
			switch {
			case got > 1:
				v.Doubled++
			case r.State == delivery.Accepted && got == 0:
				v.NotAccepted++
			case r.State == delivery.Unknown && got == 1:
				v.UnknownKept++
			case r.State != delivery.Accepted && r.State != delivery.Unknown:
				v.Lost++ // a final state that says why nobody refused, or none at all
			}
			if r.State == delivery.Unknown {
				v.Unknown++
			}
		}
		rows += len(page)
		if len(page) < 1000 {
			break
		}
		after = page[len(page)-1].ID
	}
	v.Lost += d.Readers - rows
	v.Kept = v.Lost == 0 && v.Doubled == 0 && v.NotAccepted == 0 && v.MostUnknown <= d.Conns
	return nil
}

func (d *drill) tell(v verdict) {
	d.printf("%d readers, killed %d times while sending over %d connections (%s)\n\n", v.Readers, v.Kills, d.Conns, v.Database)
	for _, line := range []struct {
		figure any
		words  string
	}{
		{v.Lost, "lost: no mail and no reason"},
		{v.Doubled, "got it twice"},
		{v.NotAccepted, "marked as accepted, but were not"},
		{v.MostUnknown, fmt.Sprintf("not certain at the worst kill (at most %d, one for each connection)", d.Conns)},
		{v.Unknown, fmt.Sprintf("not certain in all, listed by name; %d of them have it", v.UnknownKept)},
		{fmt.Sprintf("%.1f", v.SlowestStart), "seconds to the next mail at the slowest start"},
	} {
		d.printf("%8v  %s\n", line.figure, line.words)
	}
	d.printf("\n%.1f seconds. No mail lost, no mail twice: %v\n", v.Seconds, map[bool]string{true: "kept", false: "BROKEN"}[v.Kept])
}
