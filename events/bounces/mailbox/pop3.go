package mailbox

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"postrider/events/bounces"
	"postrider/internal/errs"
)

// Bounds of what a POP3 server may send.
const (
	maxPopLine = 1 << 16
	maxPopMail = 64 << 20
)

// pop is a connection to a POP3 server.
type pop struct {
	conn  net.Conn
	in    *bufio.Reader
	wait  time.Duration
	close func()
}

func (p *pop) Close() { _ = p.conn.Close(); p.close() }

func newPop(conn net.Conn, wait time.Duration, done func()) *pop {
	return &pop{conn: conn, in: bufio.NewReaderSize(conn, 4096), wait: wait, close: done}
}

// line reads one line without its end; one that is too long is cut.
func (p *pop) line() (string, error) {
	_ = p.conn.SetDeadline(time.Now().Add(p.wait))
	var out []byte
	for {
		b, err := p.in.ReadSlice('\n')
		if len(out)+len(b) <= maxPopLine {
			out = append(out, b...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil {
			return "", err
		}
		return strings.TrimRight(string(out), "\r\n"), nil
	}
}

// ask sends a command and returns what follows +OK. A refusal says what the
// server said, never what was asked.
func (p *pop) ask(command string) (string, error) {
	if command != "" {
		_ = p.conn.SetDeadline(time.Now().Add(p.wait))
		if _, err := fmt.Fprintf(p.conn, "%s\r\n", command); err != nil {
			return "", err
		}
	}
	l, err := p.line()
	if err != nil {
		return "", err
	}
	if rest, ok := strings.CutPrefix(l, "+OK"); ok {
		return strings.TrimSpace(rest), nil
	}
	return "", errs.Unavailablef("the mailbox's server answered %.200q", l)
}

// popLogin connects and logs in.
func (r *Reader) popLogin(ctx context.Context) (*pop, error) {
	if strings.ContainsAny(r.Password.Reveal(), "\r\n") {
		return nil, errs.Invalidf("a password for POP3 has no line end")
	}
	conn, err := r.dial(ctx)
	if err != nil {
		return nil, err
	}
	p := newPop(conn, r.patience(), closeWith(ctx, conn))
	if _, err = p.ask(""); err == nil && r.Mailbox.TLS == "required" {
		if _, err = p.ask("STLS"); err == nil {
			p.close()
			if conn, err = r.secure(ctx, conn); err != nil {
				return nil, err
			}
			// A new reader: what was sent before the encryption does not count.
			p = newPop(conn, r.patience(), closeWith(ctx, conn))
		}
	}
	if err == nil {
		if _, err = p.ask("USER " + r.Mailbox.Username); err == nil {
			_, err = p.ask("PASS " + r.Password.Reveal())
		}
		if err != nil {
			err = errs.Unavailablef("the mailbox refused the log-in: check --user and the password: %w", err)
		}
	}
	if err != nil {
		p.Close()
		return nil, err
	}
	return p, nil
}

// count is how many mails there are.
func (p *pop) count() (int, error) {
	said, err := p.ask("STAT")
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(said, " ")
	n, err := strconv.Atoi(first)
	if err != nil || n < 0 {
		return 0, errs.Unavailablef("the mailbox's server counts %.50q mails", first)
	}
	return n, nil
}

// pop3 takes what is in the mailbox. POP3 deletes when the session ends well
// (RFC 1939 §6): one that breaks leaves all mails, and they are known the next time.
func (r *Reader) pop3(ctx context.Context) error {
	p, err := r.popLogin(ctx)
	if err != nil {
		return err
	}
	defer p.Close()
	n, err := p.count()
	if err != nil {
		return err
	}
	taken := 0
	for i := 1; i <= n && taken < maxPass; i++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		raw, err := p.mail(i)
		if err != nil {
			return err
		}
		returned, err := r.Take(ctx, raw, "pop3")
		if err != nil {
			_, _ = p.ask("QUIT") // what was recorded before is deleted
			return err
		}
		if !returned {
			continue
		}
		if _, err := p.ask(fmt.Sprint("DELE ", i)); err != nil {
			return err
		}
		taken++
	}
	if _, err := p.ask("QUIT"); err != nil {
		return err
	}
	r.read(taken)
	return nil
}

// mail retrieves one, of which the first MiB is kept.
func (p *pop) mail(i int) ([]byte, error) {
	if _, err := p.ask(fmt.Sprint("RETR ", i)); err != nil {
		return nil, err
	}
	var raw []byte
	for total := 0; ; {
		l, err := p.line()
		if err != nil {
			return nil, err
		}
		if l == "." {
			return raw, nil
		}
		l = strings.TrimPrefix(l, ".")
		if total += len(l) + 2; total > maxPopMail {
			return nil, errs.Unavailablef("a mail in the mailbox is over 64 MiB: take it out by hand")
		}
		if len(raw)+len(l)+2 <= bounces.MaxMail {
			raw = append(append(raw, l...), "\r\n"...)
		}
	}
}
