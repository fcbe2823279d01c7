package smtptest

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/smtp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// talk sends each input as it is and checks the beginning of what comes back.
// An empty want reads nothing, EOF wants the end.
func talk(t *testing.T, s *Server, steps ...[2]string) {
	t.Helper()
	conn, err := net.Dial("tcp", s.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	for _, step := range steps {
		if _, err := io.WriteString(conn, step[0]); err != nil {
			t.Fatalf("writing %q: %v", step[0], err)
		}
		if step[1] == "" {
			continue
		}
		for {
			line, err := r.ReadString('\n')
			if step[1] == "EOF" {
				if err == nil || line != "" {
					t.Fatalf("after %q: got %q, want the end", step[0], line)
				}
				return
			}
			if !strings.HasPrefix(line, step[1]) && !strings.HasPrefix(line, step[1][:3]+"-") {
				t.Fatalf("after %q: got %q, %v; want %q", step[0], line, err, step[1])
			}
			if line[3] == ' ' {
				break
			}
		}
	}
}

func TestRepliesComeInTheirOrderAndTheLastStays(t *testing.T) {
	t.Parallel()
	s := Start(t, `
		# a comment
		RCPT ada@example.org -> 451 4.2.1 busy
		RCPT ada@example.org -> 452 4.2.2 full
		rcpt Ada@example.org -> 250
		RCPT *               -> 550 5.1.1 who\n5.1.1 is that
		DOT ada@example.org  -> 250 2.0.0 mine
	`)
	talk(t, s,
		[2]string{"", "220 "}, [2]string{"EHLO a.example\r\n", "250 "}, [2]string{"MAIL FROM:<x@y.example> SIZE=3\r\n", "250 2.1.0"},
		[2]string{"RCPT TO:<ada@example.org>\r\n", "451 4.2.1 busy"}, [2]string{"RCPT TO:<ada@example.org>\r\n", "452 4.2.2 full"},
		[2]string{"RCPT TO:<bob@example.org>\r\n", "550 5.1.1 is that"},
		[2]string{"RCPT TO:<ADA@example.org>\r\n", "250 2.1.0"}, [2]string{"RCPT TO:<ada@example.org>\r\n", "250 "},
		[2]string{"DATA\r\n", "354"}, [2]string{"Subject: x\r\n\r\n..dot\r\n.\r\n", "250 2.0.0 mine"}, [2]string{"QUIT\r\n", "221"}, [2]string{"", "EOF"})
	got := s.Wait(1)[0]
	if got.From != "x@y.example" || got.To != "ADA@example.org" || len(got.Rcpts) != 2 || got.Params != "SIZE=3" || string(got.Data) != "Subject: x\r\n\r\n.dot\r\n" || got.Conn != 1 {
		t.Errorf("accepted %+v", got)
	}
	if c := s.Commands(); len(c) != 9 || c[0] != "EHLO a.example" || !slices.Contains(c, "RCPT TO:<bob@example.org>") {
		t.Errorf("commands %q", c)
	}
}

func TestFaultsOfTheServer(t *testing.T) {
	t.Parallel()
	begin := [][2]string{{"", "220"}, {"EHLO a.example\r\n", "250 "}, {"MAIL FROM:<x@y.example>\r\nRCPT TO:<ada@example.org>\r\nDATA\r\n", "250"}, {"", "250"}, {"", "354"}}
	tests := []struct {
		name, script string
		steps        [][2]string
		accepted     int
	}{
		{"421 at connect", "CONNECT -> 421 4.3.2 later; drop", [][2]string{{"", "421"}, {"", "EOF"}}, 0},
		{"drop at connect", "CONNECT 1 -> drop", [][2]string{{"", "EOF"}}, 0},
		{"250 then drop", "MAIL -> 250 ok; drop", [][2]string{{"", "220"}, {"MAIL FROM:<x@y.example>\r\n", "250"}, {"", "EOF"}}, 0},
		{"drop in the body", "BODY -> drop", append(begin, [2]string{"Subject: x\r\n", "EOF"}), 0},
		{"drop at the dot", "DOT -> drop", append(begin, [2]string{"\r\n.\r\n", "EOF"}), 0},
		{"drop after 250", "DOT -> drop-after-250", append(begin, [2]string{"\r\n.\r\n", "EOF"}), 1},
		{"4yz at the dot", "DOT -> 451 4.3.0 no", append(begin, [2]string{"\r\n.\r\n", "451"}), 0},
		{"accept, but 4yz", "DOT -> accept; 451 4.3.0 no", append(begin, [2]string{"\r\n.\r\n", "451"}), 1},
		{"slow", "DOT -> slow 1ms", append(begin, [2]string{"\r\n.\r\n", "250 2.0.0 queued"}), 1},
		{"wait", "DOT -> wait 10ms", append(begin, [2]string{"\r\n.\r\n", "250 2.0.0 queued"}), 1},
		{"no recipient", "RCPT -> 550 5.1.1 no", [][2]string{{"", "220"}, {"MAIL FROM:<x@y.example>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n", "250"}, {"", "550"}, {"", "554"}}, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := Start(t, tt.script)
			talk(t, s, tt.steps...)
			s.WaitClosed()
			if n := len(s.Accepted()); n != tt.accepted {
				t.Errorf("accepted %d messages, want %d", n, tt.accepted)
			}
		})
	}
}

func TestHalfRepliesAndResets(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]struct {
		text string
		err  error
	}{
		"CONNECT -> half": {"22", nil}, "CONNECT -> rst": {"", syscall.ECONNRESET}, "CONNECT -> flood 100000; drop": {strings.Repeat("x", 100_000), nil},
	} {
		conn, err := net.Dial("tcp", Start(t, script).Addr())
		if err != nil {
			if want.err == nil || !errors.Is(err, want.err) { // the reset may be faster than the dialling
				t.Fatal(err)
			}
			continue
		}
		got, err := io.ReadAll(conn)
		if string(got) != want.text || !errors.Is(err, want.err) {
			t.Errorf("%s: read %d octets, %v; want %d, %v", script, len(got), err, len(want.text), want.err)
		}
		_ = conn.Close()
	}
}

func TestEagerDataNeedsTheDot(t *testing.T) {
	t.Parallel()
	s := Start(t, "RCPT -> 550 5.1.1 no", EagerData())
	talk(t, s, [2]string{"", "220"}, [2]string{"MAIL FROM:<x@y.example>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n", "250"}, [2]string{"", "550"}, [2]string{"", "354"}, [2]string{".\r\n", "554"})
	if n := len(s.Accepted()); n != 0 {
		t.Errorf("accepted %d messages without a recipient", n)
	}
}

func TestFaultsOfTheClientAreSeen(t *testing.T) {
	t.Parallel()
	head := "MAIL FROM:<x@y.example>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n"
	tests := []struct{ name, send, want string }{
		{"bare LF", head + "Subject: x\n\r\n.\r\n", "bare LF"},
		{"bare CR", head + "Sub\rject: x\r\n.\r\n", "bare CR"},
		{"LF dot LF", head + "x\r\n\n.\n", "bare LF"},
		{"long line", head + strings.Repeat("x", 999) + "\r\n.\r\n", "1001 octets"},
		{"no brackets", "MAIL FROM:x@y.example\r\n", "without an address"},
		{"parameter smuggled", "MAIL FROM:<x@y.example>\r\nRCPT TO:<a@b.example> NOTIFY=NEVER>\r\n", "strange address"},
		{"unknown", "VRFY ada\r\n", "unknown command"},
		{"nested MAIL", "MAIL FROM:<x@y.example>\r\nMAIL FROM:<x@y.example>\r\n", "inside a transaction"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := Start(t, "", AllowFaults())
			conn, err := net.Dial("tcp", s.Addr())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if _, err := io.WriteString(conn, tt.send+"QUIT\r\n"); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(conn); err != nil {
				t.Fatal(err)
			}
			if f := s.Faults(); len(f) == 0 || !strings.Contains(f[0], tt.want) {
				t.Errorf("faults %q, want %q", f, tt.want)
			}
		})
	}
	s := Start(t, "", AllowFaults(), Without("PIPELINING"))
	talk(t, s, [2]string{"", "220"}, [2]string{head, "250"}, [2]string{"", "250"}, [2]string{"", "354"})
	if f := s.Faults(); len(f) == 0 || !strings.Contains(f[0], "PIPELINING") {
		t.Errorf("faults %q, want one about PIPELINING", f)
	}
}

func TestCleanLineOf998OctetsIsNoFault(t *testing.T) {
	t.Parallel()
	s := Start(t, "")
	line := strings.Repeat("x", 998) + "\r\n"
	if err := smtp.SendMail(s.Addr(), nil, "x@y.example", []string{"a@b.example"}, []byte(line)); err != nil {
		t.Fatal(err)
	}
	if got := s.Wait(1)[0].Data; string(got) != line {
		t.Errorf("got %d octets", len(got))
	}
}

func TestPlainAuth(t *testing.T) {
	t.Parallel()
	s := Start(t, "", Auth("ada", "secret", "PLAIN"))
	mail := func(password string) error {
		return smtp.SendMail(s.Addr(), smtp.PlainAuth("", "ada", password, "127.0.0.1"), "x@y.example", []string{"a@b.example"}, []byte("x\r\n"))
	}
	if err := mail("wrong"); err == nil || !strings.HasPrefix(err.Error(), "535") {
		t.Errorf("a wrong password gave %v", err)
	}
	if err := mail("secret"); err != nil {
		t.Error(err)
	}
	if c := strings.Join(s.Commands(), "\n"); strings.Contains(c, "AHNl") || !strings.Contains(c, "AUTH PLAIN") {
		t.Errorf("commands %q", c)
	}
}

func TestScriptsThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"RCPT 250", "RCTP -> 250", "RCPT -> explode", "RCPT -> 25 x", "RCPT -> wait long", "RCPT -> accept", "MAIL -> flood much"} {
		if _, err := parseScript(text); err == nil {
			t.Errorf("%q was read", text)
		}
	}
}
