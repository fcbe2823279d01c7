package mailbox_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-imap/v2"
	"github.com/emersion/go-imap/v2/imapserver"
	"github.com/emersion/go-imap/v2/imapserver/imapmemserver"

	"postrider/events/bounces"
	"postrider/events/bounces/mailbox"
)

const back, letter = "Subject: returned\r\n\r\nback %d\r\n.hidden dot\r\n", "Subject: hello\r\n\r\nletter %d\r\n"

// taker keeps what it was given, and fails on cue.
type taker struct {
	mu    sync.Mutex
	mails []string
	fail  int // this many times
	came  chan struct{}
}

func (k *taker) take(_ context.Context, raw []byte, _ string) (bool, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail > 0 {
		k.fail--
		return false, errors.New("the disk is full")
	}
	k.mails = append(k.mails, string(raw))
	if k.came != nil {
		k.came <- struct{}{}
	}
	return strings.Contains(string(raw), "returned"), nil
}

func (k *taker) seen() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.mails)
}

func on(t *testing.T, kind string, l net.Listener, k *taker) *mailbox.Reader {
	t.Helper()
	port := l.Addr().(*net.TCPAddr).Port
	return &mailbox.Reader{Mailbox: bounces.Mailbox{Kind: kind, Host: "127.0.0.1", Port: port, TLS: "none", Username: "ada", Folder: "INBOX"},
		Password: "secret", Take: k.take, Patience: 5 * time.Second}
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// imapServer is one with these mails in ada's INBOX.
func imapServer(t *testing.T, caps imap.CapSet, mails ...string) (net.Listener, *imapmemserver.User) {
	t.Helper()
	user := imapmemserver.NewUser("ada", "secret")
	if err := user.Create("INBOX", nil); err != nil {
		t.Fatal(err)
	}
	for _, m := range mails {
		deliver(t, user, m)
	}
	mem := imapmemserver.New()
	mem.AddUser(user)
	s := imapserver.New(&imapserver.Options{
		NewSession: func(*imapserver.Conn) (imapserver.Session, *imapserver.GreetingData, error) {
			return mem.NewSession(), nil, nil
		},
		Caps: caps, InsecureAuth: true, Logger: log.New(io.Discard, "", 0),
	})
	l := listen(t)
	go func() { _ = s.Serve(l) }()
	t.Cleanup(func() { _ = s.Close() })
	return l, user
}

type literal struct{ *strings.Reader }

func (l literal) Size() int64 { return l.Reader.Size() }

func deliver(t *testing.T, u *imapmemserver.User, m string) {
	t.Helper()
	if _, err := u.Append("INBOX", literal{strings.NewReader(m)}, &imap.AppendOptions{}); err != nil {
		t.Fatal(err)
	}
}

func left(t *testing.T, u *imapmemserver.User) uint32 {
	t.Helper()
	s, err := u.Status("INBOX", &imap.StatusOptions{NumMessages: true})
	if err != nil {
		t.Fatal(err)
	}
	return *s.NumMessages
}

var plain = imap.CapSet{imap.CapIMAP4rev1: {}}
var modern = imap.CapSet{imap.CapIMAP4rev1: {}, imap.CapUIDPlus: {}, imap.CapIdle: {}}

// TestIMAPDeletesOnlyWhatIsRecorded: a failure leaves all, and letters stay.
func TestIMAPDeletesOnlyWhatIsRecorded(t *testing.T) {
	t.Parallel()
	for name, caps := range map[string]imap.CapSet{"old server": plain, "UIDPLUS": modern} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, user := imapServer(t, caps, fmt.Sprintf(back, 1), fmt.Sprintf(letter, 2), fmt.Sprintf(back, 3))
			k := &taker{fail: 1}
			r := on(t, "imap", l, k)
			if err := r.Once(t.Context()); err == nil || left(t, user) != 3 {
				t.Fatalf("after a failure: %v, %d mails left; want the error and all 3", err, left(t, user))
			}
			if err := r.Once(t.Context()); err != nil {
				t.Fatal(err)
			}
			if want := []string{fmt.Sprintf(back, 1), fmt.Sprintf(letter, 2), fmt.Sprintf(back, 3)}; !slices.Equal(k.mails, want) || left(t, user) != 1 {
				t.Errorf("taken are %q, %d left; want each once and the letter left", k.mails, left(t, user))
			}
			if err := r.Once(t.Context()); err != nil || k.seen() != 3 {
				t.Errorf("the letter was taken again: %v, %d", err, k.seen())
			}
			if n, err := r.Look(t.Context()); err != nil || n != 1 {
				t.Errorf("looking finds %d, %v; want 1", n, err)
			}
		})
	}
}

// TestIMAPWaitsForMore: with IDLE a mail is taken when it comes.
func TestIMAPWaitsForMore(t *testing.T) {
	t.Parallel()
	l, user := imapServer(t, modern, fmt.Sprintf(back, 1))
	k := &taker{came: make(chan struct{}, 99)}
	ctx, stop := context.WithCancel(t.Context())
	ended, read := make(chan error, 1), make(chan int, 99)
	r := on(t, "imap", l, k)
	r.Read = func(n int) { read <- n }
	go func() { ended <- r.Watch(ctx) }()
	wait(t, k.came, "the first mail")
	<-read
	// This server forgets to tell what came right before IDLE began, so the mail
	// comes again until one is noticed.
	for i, noticed := 2, false; !noticed; i++ {
		deliver(t, user, fmt.Sprintf(back, i))
		select {
		case <-k.came:
			noticed = true
		case <-time.After(300 * time.Millisecond):
			if i > 60 {
				t.Fatal("no mail that came later was taken")
			}
		}
	}
	stop()
	select {
	case err := <-ended:
		if err == nil {
			t.Error("it ended without its context's error")
		}
	case <-time.After(20 * time.Second):
		t.Fatal("it does not end with its context")
	}
}

func wait(t *testing.T, c <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(20 * time.Second):
		t.Fatalf("%s was not taken", what)
	}
}

func TestWrongPasswordIsSaid(t *testing.T) {
	t.Parallel()
	l, _ := imapServer(t, plain)
	p := popServer(t, &popBox{})
	for kind, l := range map[string]net.Listener{"imap": l, "pop3": p} {
		r := on(t, kind, l, &taker{})
		r.Password = "hunter2"
		_, err := r.Look(t.Context())
		if err == nil || !strings.Contains(err.Error(), "--user") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s says %v, want the remedy and no password", kind, err)
		}
	}
}

// popBox is a POP3 mailbox: deletions count when a session ends with QUIT.
type popBox struct {
	mu     sync.Mutex
	mails  []string
	hangUp string // on this command
}

// left are the mails that no session deleted.
func (b *popBox) left() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.mails)
}

func popServer(t *testing.T, b *popBox) net.Listener {
	t.Helper()
	l := listen(t)
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go b.serve(c)
		}
	}()
	return l
}

func (b *popBox) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewScanner(c)
	say := func(s string) { fmt.Fprintf(c, "%s\r\n", s) }
	say("+OK ready")
	b.mu.Lock()
	mails, hangUp := slices.Clone(b.mails), b.hangUp
	b.mu.Unlock()
	gone := map[int]bool{}
	for in.Scan() {
		f := strings.Fields(in.Text())
		n := 0
		if len(f) > 1 {
			_, _ = fmt.Sscan(f[1], &n)
		}
		if hangUp != "" && strings.HasPrefix(in.Text(), hangUp) {
			return
		}
		switch f[0] {
		case "USER":
			say("+OK")
		case "PASS":
			if f[1] != "secret" {
				say("-ERR no")
				continue
			}
			say("+OK")
		case "STAT":
			say(fmt.Sprintf("+OK %d 1000", len(mails)))
		case "RETR":
			say("+OK")
			for line := range strings.Lines(mails[n-1]) {
				if strings.HasPrefix(line, ".") {
					line = "." + line
				}
				fmt.Fprint(c, line)
			}
			say(".")
		case "DELE":
			gone[n-1] = true
			say("+OK")
		case "QUIT":
			b.mu.Lock()
			b.mails = nil
			for i, m := range mails {
				if !gone[i] {
					b.mails = append(b.mails, m)
				}
			}
			b.mu.Unlock()
			say("+OK")
			return
		}
	}
}

func TestPOP3DeletesOnlyWhatIsRecorded(t *testing.T) {
	t.Parallel()
	box := &popBox{mails: []string{fmt.Sprintf(back, 1), fmt.Sprintf(letter, 2), fmt.Sprintf(back, 3)}, hangUp: "RETR 3"}
	k := &taker{}
	r := on(t, "pop3", popServer(t, box), k)
	if err := r.Watch(t.Context()); err == nil || len(box.left()) != 3 {
		t.Fatalf("after a hang-up: %v, %d mails left; want the error and all 3", err, len(box.left()))
	}
	box.mu.Lock()
	box.hangUp = ""
	box.mu.Unlock()
	k.fail = 1
	if err := r.Watch(t.Context()); err == nil {
		t.Fatal("a failure to record was not told")
	}
	k.mails = nil
	if err := r.Watch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if want := []string{fmt.Sprintf(back, 1), fmt.Sprintf(letter, 2), fmt.Sprintf(back, 3)}; !slices.Equal(k.mails, want) {
		t.Errorf("taken are %q, want %q", k.mails, want)
	}
	if want := []string{fmt.Sprintf(letter, 2)}; !slices.Equal(box.left(), want) {
		t.Errorf("left are %q, want the letter", box.left())
	}
}

// TestPOP3ServersAreBounded: nonsense ends in an error, soon.
func TestPOP3ServersAreBounded(t *testing.T) {
	t.Parallel()
	for name, script := range map[string][]string{
		"no greeting":    {"HTTP/1.1 400 Bad Request\r\n"},
		"a huge line":    {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK " + strings.Repeat("9", 1<<20) + "\r\n"},
		"negative count": {"+OK\r\n", "+OK\r\n", "+OK\r\n", "+OK -3 0\r\n"},
		"hang up":        {"+OK\r\n", "+OK\r\n"},
	} {
		l := listen(t)
		go func() {
			c, err := l.Accept()
			if err != nil {
				return
			}
			defer c.Close()
			in := bufio.NewReader(c)
			for i, line := range script {
				if i > 0 {
					_, _ = in.ReadString('\n')
				}
				fmt.Fprint(c, line)
			}
			_, _ = in.ReadString('\n')
		}()
		if err := on(t, "pop3", l, &taker{}).Watch(t.Context()); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
