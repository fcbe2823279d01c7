package e2e_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// patience is how long anything may take that is not bound to the clock: the
// tests share two slow cores with others.
const patience = 2 * time.Minute

// process is a running postrider. It is killed at the end of its test.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	code int           // then; -1 when a signal ended it

	mu   sync.Mutex
	out  bytes.Buffer
	err  bytes.Buffer
	grew chan struct{} // closed and replaced whenever stderr grows
}

// option changes how a process starts.
type option func(*exec.Cmd)

func inDir(dir string) option { return func(c *exec.Cmd) { c.Dir = dir } }

// install is an installation in a folder of its own.
type install struct {
	t   testing.TB
	dir string
}

func newInstall(t testing.TB) install {
	t.Helper()
	return install{t: t, dir: t.TempDir()}
}

// db is the URL of its database.
func (i install) db() string { return "sqlite:" + filepath.Join(i.dir, "postrider.db") }

// start starts the program on this installation.
func (i install) start(args ...string) *process {
	i.t.Helper()
	return start(i.t, append(args, "--db", i.db()), inDir(i.dir))
}

// run runs a command to its end and wants exit code want.
func (i install) run(want int, args ...string) *process {
	i.t.Helper()
	p := i.start(args...)
	p.wantExit(want, patience)
	return p
}

// file writes a file into the installation's folder.
func (i install) file(name, text string) string {
	i.t.Helper()
	path := filepath.Join(i.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		i.t.Fatal(err)
	}
	return path
}

// start starts the program with an environment of its own.
func start(t testing.TB, args []string, options ...option) *process {
	t.Helper()
	p := &process{t: t, done: make(chan struct{}), grew: make(chan struct{})}
	p.cmd = exec.Command(postrider(t), args...)
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "TZ=UTC", "TMPDIR=" + os.TempDir()}
	p.cmd.Dir = t.TempDir()
	p.cmd.Stdout = stream{p, &p.out}
	p.cmd.Stderr = stream{p, &p.err}
	p.cmd.SysProcAttr = leash()
	for _, o := range options {
		o(p.cmd)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		err := p.cmd.Wait()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			p.code = exit.ExitCode()
		} else if err != nil {
			p.code = -2
		}
		close(p.done)
	}()
	t.Cleanup(func() {
		_ = p.cmd.Process.Kill() // most have ended by themselves
		<-p.done
		if t.Failed() {
			t.Logf("postrider %s\nended with %d, stderr:\n%s", strings.Join(args, " "), p.code, p.stderr())
		}
	})
	return p
}

// stream collects what a child writes.
type stream struct {
	p   *process
	buf *bytes.Buffer
}

func (s stream) Write(b []byte) (int, error) {
	s.p.mu.Lock()
	defer s.p.mu.Unlock()
	close(s.p.grew)
	s.p.grew = make(chan struct{})
	return s.buf.Write(b)
}

func (p *process) stdout() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *process) stderr() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err.String()
}

// wantExit waits for the end and wants this exit code.
func (p *process) wantExit(want int, within time.Duration) {
	p.t.Helper()
	select {
	case <-p.done:
	case <-time.After(within):
		p.t.Fatalf("postrider %s has not ended after %v", strings.Join(p.cmd.Args[1:], " "), within)
	}
	if p.code != want {
		p.t.Fatalf("postrider %s: exit code %d, want %d\nstdout: %s\nstderr: %s", strings.Join(p.cmd.Args[1:], " "), p.code, want, p.stdout(), p.stderr())
	}
}

// ended reports whether the process has ended.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// says waits until stderr matches and returns the first group.
func (p *process) says(pattern string) string {
	p.t.Helper()
	re := regexp.MustCompile(pattern)
	late := time.After(patience)
	for {
		p.mu.Lock()
		m, grew := re.FindStringSubmatch(p.err.String()), p.grew
		p.mu.Unlock()
		if m != nil {
			return m[len(m)-1]
		}
		select {
		case <-grew:
		case <-p.done:
			if m := re.FindStringSubmatch(p.stderr()); m != nil {
				return m[len(m)-1]
			}
			p.t.Fatalf("postrider ended with %d and never said %q:\n%s", p.code, pattern, p.stderr())
		case <-late:
			p.t.Fatalf("postrider did not say %q:\n%s", pattern, p.stderr())
		}
	}
}

// signal sends one and waits for the end.
func (p *process) signal(s syscall.Signal, want int) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatalf("signal %v: %v", s, err)
	}
	p.wantExit(want, patience)
}

// kill ends the process as a power cut would.
func (p *process) kill() {
	p.t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		p.t.Fatalf("kill: %v", err)
	}
	<-p.done
}

// value reads stdout, which must be exactly one JSON value and nothing else.
func (p *process) value(v any) {
	p.t.Helper()
	d := json.NewDecoder(strings.NewReader(p.stdout()))
	if err := d.Decode(v); err != nil {
		p.t.Fatalf("stdout is no JSON: %v\n%s", err, p.stdout())
	}
	var more any
	if err := d.Decode(&more); !errors.Is(err, io.EOF) {
		p.t.Fatalf("stdout has more than one JSON value:\n%s", p.stdout())
	}
}

// eventually asks until the answer is empty, and fails with the last one.
func eventually(t testing.TB, within time.Duration, ask func() (wrong string)) {
	t.Helper()
	late := time.Now().Add(within)
	for {
		wrong := ask()
		if wrong == "" {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("after %v: %s", within, wrong)
		}
		time.Sleep(100 * time.Millisecond) // asking another process: there is no signal to wait for
	}
}

// freePort is a port of loopback that was free a moment ago, for servers that
// cannot choose one themselves.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return port
}
