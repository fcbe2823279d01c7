package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/delivery/mailer"
	"postrider/internal/errs"
	"postrider/internal/inbox"
	"postrider/internal/tokens"
	"postrider/recaps"
	"postrider/subscribers"
)

type benchCmd struct {
	Mails     int           `default:"10000" help:"How many mails."`
	Size      int           `default:"60000" help:"Bytes of the HTML part, about."`
	Conns     int           `default:"8" help:"Connections."`
	RoundTrip time.Duration `help:"Delay of each answer of the own sink, as a distant server has."`
	NoLedger  bool          `help:"Only the wire: nothing is recorded."`
	Sink      string        `help:"Send to this mail server on loopback instead of an own sink." placeholder:"HOST:PORT"`
	Plain     bool          `help:"Do not pipeline."`
	SinkOnly  bool          `hidden:"" help:"Only be the sink, until stdin ends."`
}

// measured is what bench prints.
type measured struct {
	Mails    int     `json:"mails"`
	Ledger   string  `json:"ledger"` // sqlite, postgres or none
	Conns    int     `json:"connections"`
	PerSec   float64 `json:"mails_per_second"`                   // from the first to the last
	CPU      float64 `json:"cpu_ms_per_mail"`                    // of this process
	Database float64 `json:"database_cpu_ms_per_mail,omitempty"` // of all processes of a PostgreSQL on this machine
	PeakMiB  float64 `json:"peak_memory_mib"`
	Source   float64 `json:"smtp_source_mails_per_second,omitempty"`
	SrcCPU   float64 `json:"smtp_source_cpu_ms_per_mail,omitempty"`
	Relative float64 `json:"of_smtp_source,omitempty"` // our rate
	CPUTimes float64 `json:"times_its_cpu,omitempty"`  // ours and the database's
}

// Run measures how fast mails leave, next to smtp-source into the same sink.
func (c *benchCmd) Run(s *session) error {
	if c.SinkOnly {
		return c.beSink(s)
	}
	if c.Mails < 10 || c.Mails > 5_000_000 || c.Size < 1000 || c.Size > 10<<20 || c.Conns < 1 || c.Conns > 200 {
		return &errs.Error{Kind: errs.Invalid, Field: "--mails", Text: "want 10 to 5000000 mails of 1000 to 10485760 bytes over 1 to 200 connections"}
	}
	address := c.Sink
	if address == "" {
		sink, stop, err := c.startSink(s)
		if err != nil {
			return err
		}
		defer stop()
		address = sink
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil || !loopback(host) {
		return &errs.Error{Kind: errs.Invalid, Field: "--sink", Text: "want HOST:PORT on this machine"}
	}
	number, err := strconv.Atoi(port)
	if err != nil {
		return &errs.Error{Kind: errs.Invalid, Field: "--sink", Text: "want HOST:PORT on this machine", Err: err}
	}
	relay := delivery.RelayConfig{Name: "bench", Host: host, Port: number, TLS: delivery.TLSNone, Connections: c.Conns, NoPipelining: c.Plain}
	out := measured{Mails: c.Mails, Ledger: "none", Conns: c.Conns}
	if c.NoLedger {
		err = c.wire(s, relay, &out)
	} else {
		err = c.ledger(s, relay, &out)
	}
	if err != nil {
		return err
	}
	out.PeakMiB = peakMiB()
	c.beside(s, address, &out)
	return s.print(out, func() {
		s.printf("%d mails of about %d bytes over %d connections, ledger %s\n", out.Mails, c.Size, out.Conns, out.Ledger)
		s.printf("%10.0f mails/s   %6.2f ms CPU a mail   %5.0f MiB at most\n", out.PerSec, out.CPU, out.PeakMiB)
		if out.Database > 0 {
			s.printf("                    %6.2f ms CPU a mail   by PostgreSQL's processes\n", out.Database)
		}
		if out.Source > 0 {
			s.printf("%10.0f mails/s   %6.2f ms CPU a mail   smtp-source -d into the same sink: we reach %.2f of it, with %.1f times its CPU\n", out.Source, out.SrcCPU, out.Relative, out.CPUTimes)
		}
	})
}

// startSink runs the sink in a process of its own, so that its work is not
// counted as ours.
func (c *benchCmd) startSink(s *session) (string, func(), error) {
	self, err := os.Executable()
	if err != nil {
		return "", nil, fmt.Errorf("finding this program: %w", err)
	}
	cmd := exec.CommandContext(s.ctx, self, "bench", "--sink-only", "--round-trip", c.RoundTrip.String())
	cmd.Stderr = s.io.err
	in, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, fmt.Errorf("starting the sink: %w", err)
	}
	stop := func() {
		_ = in.Close()
		_ = cmd.Wait() // it ends with its stdin
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		stop()
		return "", nil, fmt.Errorf("starting the sink: %w", err)
	}
	return strings.TrimSpace(line), stop, nil
}

func (c *benchCmd) beSink(s *session) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	sink := &inbox.Sink{RoundTrip: c.RoundTrip}
	sink.Serve(l)
	defer sink.Close()
	s.printf("%s\n", sink.Addr())
	_, err = io.Copy(io.Discard, s.io.in)
	return err
}

// sample is a recap whose mail is about c.Size bytes.
func (c *benchCmd) sample() recaps.Recap {
	r := recaps.Sample()
	r.Slug, r.Title = "bench", "A bench"
	r.Subject = "{{first_name|Reader}}, a bench"
	words := "Plain words fill the mail up to the size that was asked for. "
	for len(r.Lead) < 400 && len(r.Lead)*2*len(words)*10 < c.Size-30_000 {
		p := strings.TrimSpace(strings.Repeat(words, 10))
		r.Lead = append(r.Lead, recaps.Text{Plain: p, Markdown: p, HTML: "<p>" + p + "</p>"})
	}
	return r
}

// ledger sends an edition through the Courier.
func (c *benchCmd) ledger(s *session, relay delivery.RelayConfig, out *measured) error {
	dir, err := os.MkdirTemp("", "postrider-bench-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.RemoveAll(dir)
	if !s.config.given("db") {
		s.config.set("db", "sqlite:"+filepath.Join(dir, "bench.db"), "bench")
	}
	if !s.config.given("secret_file") {
		s.config.set("secret_file", filepath.Join(dir, "bench.key"), "bench")
	}
	s.config.set("log", "error", "bench")
	return s.with(func(h *house) error {
		out.Ledger = "sqlite"
		if h.store.Shared() {
			out.Ledger = "postgres"
		}
		e, err := h.trial(s.ctx, "bench", c.Mails, c.sample())
		if err != nil {
			return err
		}
		if err := h.store.Lock(); err != nil {
			return err
		}
		ctx, stop := context.WithCancel(s.ctx)
		defer stop()
		clock := &stopwatch{Mailer: mailer.New(mailer.Options{})}
		courier := h.courier(onlyRelay(relay))
		courier.Only, courier.Mailer = e.ID, clock
		before := cpu()
		serverBefore, _ := databaseCPU(ctx, h)
		ended := make(chan error, 1)
		go func() { ended <- courier.Run(ctx) }()
		last, err := s.follow(h, e.ID, 0, ended)
		stop()
		if runErr := <-ended; err == nil {
			err = runErr
		}
		if err != nil {
			return err
		}
		if last.State != campaigns.Sent {
			return fmt.Errorf("the edition is %s: %s", last.State, last.Reason)
		}
		out.CPU = (cpu() - before).Seconds() * 1000 / float64(c.Mails)
		if server, ok := databaseCPU(s.ctx, h); ok {
			out.Database = (server - serverBefore).Seconds() * 1000 / float64(c.Mails)
		}
		out.PerSec = clock.perSecond()
		return nil
	})
}

// wire splices and hands over without a ledger.
func (c *benchCmd) wire(s *session, relay delivery.RelayConfig, out *measured) error {
	rendered, err := renderBench(s, c.sample())
	if err != nil {
		return err
	}
	keys, err := tokens.New(make([]byte, 32))
	if err != nil {
		return err
	}
	clock := &stopwatch{Mailer: mailer.New(mailer.Options{})}
	e := campaigns.Edition{ID: 1, Sender: "Bench <bench@example.org>", Slug: "bench", ListNames: []string{"bench"}}
	before := cpu()
	var next atomic.Int64
	var failed atomic.Value
	var all sync.WaitGroup
	for range c.Conns {
		all.Go(func() {
			err := delivery.Wire(s.ctx, clock, relay, e, rendered, keys, func() (subscribers.Subscriber, bool) {
				n := next.Add(1)
				return subscribers.Subscriber{Email: fmt.Sprintf("reader%07d@example.org", n), Fields: map[string]string{"first_name": fmt.Sprintf("Reader %d", n)}}, n <= int64(c.Mails)
			})
			if err != nil {
				failed.Store(err)
			}
		})
	}
	all.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	out.CPU = (cpu() - before).Seconds() * 1000 / float64(c.Mails)
	out.PerSec = clock.perSecond()
	return nil
}

// stopwatch is a Mailer that notes when the first mail began and the last ended.
type stopwatch struct {
	delivery.Mailer
	mu          sync.Mutex
	first, last time.Time
	n           int
}

func (w *stopwatch) Dial(ctx context.Context, r delivery.RelayConfig) (delivery.Conn, error) {
	conn, err := w.Mailer.Dial(ctx, r)
	if err != nil {
		return nil, err
	}
	return timedConn{conn, w}, nil
}

type timedConn struct {
	delivery.Conn
	watch *stopwatch
}

func (t timedConn) Hand(ctx context.Context, e delivery.Envelope, m delivery.Message, begin func() <-chan error) delivery.Answer {
	began := time.Now()
	a := t.Conn.Hand(ctx, e, m, begin)
	t.watch.mu.Lock()
	defer t.watch.mu.Unlock()
	if t.watch.first.IsZero() {
		t.watch.first = began
	}
	t.watch.last = time.Now()
	t.watch.n++
	return a
}

func (w *stopwatch) perSecond() float64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return float64(w.n) / w.last.Sub(w.first).Seconds()
}

// beside runs smtp-source into the same sink, where it is installed.
func (c *benchCmd) beside(s *session, address string, out *measured) {
	path, err := exec.LookPath("smtp-source")
	if err != nil {
		if path = "/usr/sbin/smtp-source"; !executable(path) {
			s.say("smtp-source is not installed: nothing to compare with.")
			return
		}
	}
	cmd := exec.CommandContext(s.ctx, path, "-d", "-s", strconv.Itoa(c.Conns), "-m", strconv.Itoa(c.Mails), "-l", strconv.Itoa(c.Size),
		"-f", "bench@example.org", "-t", "reader@example.org", address)
	began := time.Now()
	if err := cmd.Run(); err != nil {
		s.say("smtp-source: %v", err)
		return
	}
	seconds := time.Since(began).Seconds()
	out.Source = float64(c.Mails) / seconds
	used := cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	out.SrcCPU = used.Seconds() * 1000 / float64(c.Mails)
	out.Relative = out.PerSec / out.Source
	out.CPUTimes = (out.CPU + out.Database) / out.SrcCPU
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode()&0o111 != 0
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// peakMiB is the most memory that this process has held.
func peakMiB() float64 {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return float64(u.Maxrss) / 1024
}
