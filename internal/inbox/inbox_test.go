package inbox

import (
	"context"
	"fmt"
	"net"
	"net/mail"
	"net/smtp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/internal/errs"
)

func start(t *testing.T, c Config) *Inbox {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c.Listener = l
	i, err := Start(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := i.Close(); err != nil {
			t.Error(err)
		}
	})
	return i
}

func send(t *testing.T, i *Inbox, to, message string) {
	t.Helper()
	message = strings.ReplaceAll(message, "\n", "\r\n")
	if err := smtp.SendMail(i.Addr(), nil, "bounce+7@org.example", []string{to}, []byte(message)); err != nil {
		t.Fatal(err)
	}
}

const sample = `Date: Mon, 01 Mar 2027 09:42:00 +0100
From: "News" <news@org.example>
To: =?UTF-8?Q?Zo=C3=AB?= <zoe@example.org>
Subject: =?UTF-8?B?7J207Iic7Iug?=
 =?UTF-8?Q?_five?=
List-Unsubscribe:
 <https://org.example/u/abc>
MIME-Version: 1.0
Content-Type: multipart/alternative;
 boundary=xyz

--xyz
Content-Transfer-Encoding: quoted-printable
Content-Type: text/plain; charset=UTF-8

Hello Zo=C3=AB,=
 you
=2E

--xyz
Content-Transfer-Encoding: base64
Content-Type: text/html; charset=UTF-8

PHA+SGVsbG88
L3A+
--xyz--
`

func TestMailIsKeptAndParsed(t *testing.T) {
	t.Parallel()
	now := time.Date(2027, 3, 1, 8, 42, 5, 0, time.UTC)
	var mu sync.Mutex
	var told []Mail
	i := start(t, Config{Now: func() time.Time { return now }, OnMail: func(m Mail) { mu.Lock(); defer mu.Unlock(); told = append(told, m) }})
	send(t, i, "zoe@example.org", sample)
	got, err := i.Get(1)
	if err != nil {
		t.Fatal(err)
	}
	want := Summary{ID: 1, At: now, From: `"News" <news@org.example>`, To: "Zoë <zoe@example.org>", Subject: "이순신 five", Size: len(got.Raw)}
	if got.Summary != want || got.Text != "Hello Zoë, you\n.\n" || got.HTML != "<p>Hello</p>" || string(got.Raw) != strings.ReplaceAll(sample, "\n", "\r\n") {
		t.Errorf("got %+v", got)
	}
	if got.EnvelopeFrom != "bounce+7@org.example" || len(got.EnvelopeTo) != 1 || got.EnvelopeTo[0] != "zoe@example.org" || !got.Date.Equal(now.Add(-5*time.Second)) {
		t.Errorf("envelope %q to %q, date %s", got.EnvelopeFrom, got.EnvelopeTo, got.Date)
	}
	if len(got.Headers) != 7 || got.Headers[4] != (Header{"List-Unsubscribe", "<https://org.example/u/abc>"}) {
		t.Errorf("headers %q", got.Headers)
	}
	mu.Lock()
	defer mu.Unlock()
	if len(told) != 1 || told[0].ID != 1 || i.Accepted() != 1 {
		t.Errorf("told of %d mails, accepted %d", len(told), i.Accepted())
	}
}

func TestOnlyTheLastAreKept(t *testing.T) {
	t.Parallel()
	i := start(t, Config{Keep: 3})
	for n := range 5 {
		send(t, i, fmt.Sprintf("r%d@example.org", n+1), fmt.Sprintf("Subject: mail %d\n\nx\n", n+1))
	}
	var subjects []string
	for _, s := range i.List(0, 10) {
		subjects = append(subjects, s.Subject)
	}
	if fmt.Sprint(subjects) != "[mail 3 mail 4 mail 5]" {
		t.Errorf("kept %q", subjects)
	}
	if l := i.List(3, 1); len(l) != 1 || l[0].ID != 4 || l[0].To != "r4@example.org" || l[0].From != "bounce+7@org.example" {
		t.Errorf("after 3: %+v", l)
	}
	if l := i.List(5, 10); len(l) != 0 {
		t.Errorf("after the last: %+v", l)
	}
	for _, id := range []int64{0, 2, 6, -1} {
		if _, err := i.Get(id); !errs.Is(err, errs.NotFound) {
			t.Errorf("Get(%d): %v, want NotFound", id, err)
		}
	}
	if i.Accepted() != 5 {
		t.Errorf("accepted %d", i.Accepted())
	}
}

func TestMemoryIsBounded(t *testing.T) {
	t.Parallel()
	i := &Inbox{config: Config{Keep: 1000}}
	for range 100 {
		i.keep(Mail{Raw: make([]byte, 1<<20)})
	}
	if i.bytes > maxKeptBytes || len(i.mails) != 64 || i.mails[len(i.mails)-1].ID != 100 {
		t.Errorf("%d mails, %d bytes", len(i.mails), i.bytes)
	}
	i.keep(Mail{Raw: make([]byte, maxKeptBytes+1)})
	if len(i.mails) != 1 {
		t.Errorf("%d mails beside one that is too large by itself", len(i.mails)-1)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	i := start(t, Config{})
	var wg sync.WaitGroup
	for n := range 4 {
		wg.Go(func() {
			for k := range 10 {
				if err := smtp.SendMail(i.Addr(), nil, "a@b.example", []string{fmt.Sprintf("r%d.%d@example.org", n, k)}, []byte("Subject: x\r\n\r\nx\r\n")); err != nil {
					t.Error(err)
				}
				i.List(0, 5)
			}
		})
	}
	wg.Wait()
	seen := map[string]bool{}
	for n, s := range i.List(0, 100) {
		if s.ID != int64(n+1) {
			t.Errorf("mail %d has the id %d", n, s.ID)
		}
		seen[s.To] = true
	}
	if len(seen) != 40 {
		t.Errorf("%d different recipients, want 40", len(seen))
	}
}

func TestPipeliningAndSMTPUTF8AreOffered(t *testing.T) {
	t.Parallel()
	i := start(t, Config{})
	c, err := smtp.Dial(i.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for _, extension := range []string{"PIPELINING", "SMTPUTF8", "8BITMIME", "SIZE"} {
		if ok, _ := c.Extension(extension); !ok {
			t.Errorf("%s is not offered", extension)
		}
	}
}

func TestContextEndsTheServer(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	i, err := Start(ctx, Config{Listener: l})
	if err != nil {
		t.Fatal(err)
	}
	send(t, i, "ada@example.org", "Subject: x\n\nx\n")
	cancel()
	if err := i.Close(); err != nil {
		t.Fatal(err)
	}
	if c, err := net.Dial("tcp", i.Addr()); err == nil {
		_ = c.Close()
		t.Error("it still listens")
	}
	if len(i.List(0, 9)) != 1 {
		t.Error("mails are gone after Close")
	}
	if _, err := Start(t.Context(), Config{}); !errs.Is(err, errs.Invalid) {
		t.Errorf("without a listener: %v", err)
	}
}

func TestCloseAnswersTheMailOnItsWay(t *testing.T) {
	t.Parallel()
	arrived, goOn := make(chan struct{}), make(chan struct{})
	i := start(t, Config{OnMail: func(Mail) { close(arrived); <-goOn }})
	idle, err := smtp.Dial(i.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer idle.Close()
	sent, closed := make(chan error), make(chan error)
	go func() {
		sent <- smtp.SendMail(i.Addr(), nil, "a@b.example", []string{"ada@example.org"}, []byte("Subject: x\r\n\r\nx\r\n"))
	}()
	<-arrived
	go func() { closed <- i.Close() }()
	for i.begin() { // until Close has said so
		i.end()
		runtime.Gosched()
	}
	if err := idle.Mail("a@b.example"); err == nil || !strings.HasPrefix(err.Error(), "421") {
		t.Errorf("a new mail while closing: %v, want 421", err)
	}
	close(goOn)
	// QUIT may find the connection closed; the mail itself was answered.
	if err := <-sent; err != nil && !strings.Contains(err.Error(), "EOF") && !strings.Contains(err.Error(), "reset") && !strings.Contains(err.Error(), "pipe") {
		t.Errorf("the mail on its way: %v", err)
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(sample))
	f.Add([]byte("Subject: x\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\nContent-Type: multipart/mixed; boundary=a\r\n\r\n--a\r\n"))
	f.Add([]byte("Content-Transfer-Encoding: base64\n\n!!!"))
	f.Add([]byte(" folded: first\n:\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		m := parse(Mail{ID: 1, Raw: raw})
		if m.Size != len(raw) {
			t.Fatalf("size %d", m.Size)
		}
		if msg, err := mail.ReadMessage(strings.NewReader(string(raw))); err == nil && len(msg.Header) > len(m.Headers) {
			t.Fatalf("%d fields, a mail program sees %d in %q", len(m.Headers), len(msg.Header), raw)
		}
	})
}
