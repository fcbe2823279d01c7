package smtptest

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"
)

// errOver ends a session: the script hung up, or the client did.
var errOver = errors.New("the session is over")

type session struct {
	s     *Server
	n     int
	tcp   net.Conn
	conn  net.Conn // tcp, or TLS over it
	r     *bufio.Reader
	w     *bufio.Writer
	tls   bool
	auth  bool
	from  string
	given bool // MAIL was accepted
	extra string
	rcpts []string
}

func newSession(s *Server, conn net.Conn, n int) *session {
	ss := &session{s: s, n: n, tcp: conn}
	ss.use(conn)
	return ss
}

func (ss *session) use(conn net.Conn) {
	ss.conn, ss.r, ss.w = conn, bufio.NewReaderSize(conn, 64<<10), bufio.NewWriter(conn)
}

func (ss *session) run() {
	if ss.s.config.implicit {
		if ss.handshake() != nil {
			return
		}
	}
	if code, err := ss.act("CONNECT", strconv.Itoa(ss.n), 220, "smtptest ESMTP"); err != nil || code != 220 {
		_ = ss.w.Flush()
		return
	}
	for {
		line, err := ss.readLine("a command")
		if err != nil {
			return
		}
		if err := ss.command(string(line)); err != nil {
			_ = ss.w.Flush()
			return
		}
	}
}

func (ss *session) handshake() error {
	conn := tls.Server(ss.tcp, ss.s.tlsConfig())
	if err := conn.Handshake(); err != nil {
		return err
	}
	ss.tls = true
	ss.use(conn)
	return nil
}

// readLine returns a line without its CRLF. What was answered so far is sent
// first, unless more commands are waiting already.
func (ss *session) readLine(what string) ([]byte, error) {
	if ss.r.Buffered() == 0 {
		if err := ss.w.Flush(); err != nil {
			return nil, err
		}
	}
	line, err := ss.r.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		ss.s.fault(what + " of more than 64 KB")
	}
	if err != nil {
		return nil, err
	}
	if len(line) > 1000 {
		ss.s.fault(fmt.Sprintf("%s of %d octets, CRLF included", what, len(line)))
	}
	body, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		ss.s.fault(fmt.Sprintf("bare LF after %s: %.60q", what, line))
		body = line[:len(line)-1]
	}
	if bytes.IndexByte(body, '\r') >= 0 {
		ss.s.fault(fmt.Sprintf("bare CR in %s: %.60q", what, line))
	}
	return body, nil
}

func (ss *session) command(line string) error {
	verb, rest, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	noted := line
	if verb == "AUTH" {
		mechanism, _, _ := strings.Cut(rest, " ")
		noted = "AUTH " + mechanism
	}
	ss.s.note(noted)
	if ss.r.Buffered() > 0 && !ss.s.config.offers("PIPELINING") {
		ss.s.fault(fmt.Sprintf("more after %q, but PIPELINING was not offered", line))
	}
	switch verb {
	case "EHLO", "HELO":
		return ss.ehlo(verb, rest)
	case "STARTTLS":
		return ss.starttls()
	case "AUTH":
		return ss.authenticate(rest)
	case "MAIL", "RCPT":
		return ss.envelope(verb, rest)
	case "DATA":
		return ss.data()
	case "RSET":
		ss.reset()
		_, err := ss.act(verb, "", 250, "2.0.0 forgotten")
		return err
	case "NOOP":
		_, err := ss.act(verb, "", 250, "2.0.0 ok")
		return err
	case "QUIT":
		if _, err := ss.act(verb, "", 221, "2.0.0 bye"); err != nil {
			return err
		}
		return errOver
	case "*": // clients of Go's school abort AUTH with it even after a 535
		return ss.say(wire(500, "5.5.1 nothing to abort"))
	}
	ss.s.fault(fmt.Sprintf("unknown command %.60q", line))
	return ss.say(wire(500, "5.5.1 unknown command"))
}

func (ss *session) reset() { ss.given, ss.from, ss.extra, ss.rcpts = false, "", "", nil }

func (ss *session) ehlo(verb, name string) error {
	ss.reset()
	lines := []string{"smtptest greets " + name}
	if verb == "EHLO" {
		lines = append(lines, ss.s.config.extensions...)
		if ss.s.config.tls != nil && !ss.tls {
			lines = append(lines, "STARTTLS")
		}
		if len(ss.s.config.mechanisms) > 0 {
			lines = append(lines, "AUTH "+strings.Join(ss.s.config.mechanisms, " "))
		}
	}
	_, err := ss.act("EHLO", name, 250, strings.Join(lines, "\n"))
	return err
}

func (ss *session) starttls() error {
	if ss.s.config.tls == nil {
		_, err := ss.act("STARTTLS", "", 502, "5.5.1 no TLS here")
		return err
	}
	code, err := ss.act("STARTTLS", "", 220, "2.0.0 go ahead")
	if err != nil || code != 220 {
		return err
	}
	if err := ss.w.Flush(); err != nil {
		return err
	}
	return ss.handshake()
}

// envelope answers MAIL and RCPT.
func (ss *session) envelope(verb, rest string) error {
	prefix := map[string]string{"MAIL": "FROM:<", "RCPT": "TO:<"}[verb]
	end := strings.LastIndexByte(rest, '>')
	if len(rest) < len(prefix) || !strings.EqualFold(rest[:len(prefix)], prefix) || end < len(prefix) {
		ss.s.fault(fmt.Sprintf("%s without an address in brackets: %q", verb, rest))
		return ss.say(wire(501, "5.5.4 syntax"))
	}
	address, params := rest[len(prefix):end], strings.TrimSpace(rest[end+1:])
	if strings.ContainsAny(address, "<>\x00") {
		ss.s.fault(fmt.Sprintf("%s with a strange address: %q", verb, rest))
	}
	code, text := 250, "2.1.0 ok"
	switch {
	case len(ss.s.config.mechanisms) > 0 && !ss.auth:
		code, text = 530, "5.7.0 log in first"
	case verb == "MAIL" && ss.given:
		ss.s.fault("MAIL inside a transaction")
		code, text = 503, "5.5.1 nested MAIL"
	case verb == "RCPT" && !ss.given:
		code, text = 503, "5.5.1 MAIL first"
	}
	code, err := ss.act(verb, address, code, text)
	if err != nil || code/100 != 2 {
		return err
	}
	if verb == "MAIL" {
		ss.given, ss.from, ss.extra = true, address, params
	} else {
		ss.rcpts = append(ss.rcpts, address)
	}
	return nil
}

func (ss *session) about() string {
	if len(ss.rcpts) == 0 {
		return ""
	}
	return ss.rcpts[0]
}

func (ss *session) data() error {
	code, text := 354, "go ahead"
	switch {
	case !ss.given && !ss.s.config.eager:
		code, text = 503, "5.5.1 MAIL first"
	case len(ss.rcpts) == 0 && !ss.s.config.eager:
		code, text = 554, "5.5.1 no valid recipients"
	}
	code, err := ss.act("DATA", ss.about(), code, text)
	if err != nil || code != 354 {
		return err
	}
	body, err := ss.body()
	if err != nil {
		return err
	}
	code, text = 250, fmt.Sprintf("2.0.0 queued as %d-%d", ss.n, len(body))
	if len(ss.rcpts) == 0 {
		code, text = 554, "5.5.1 no valid recipients"
	}
	m := Message{From: ss.from, To: ss.about(), Rcpts: ss.rcpts, Params: ss.extra, Data: body, Conn: ss.n, At: time.Now()}
	ss.reset()
	return ss.dot(m, code, text)
}

// dot answers the final dot and keeps the message where the answer, or the
// script, says that it was accepted. The message is kept before anything is
// said, as mail servers do.
func (ss *session) dot(m Message, code int, text string) error {
	a := ss.s.script.next("DOT", m.To)
	keep := a == nil && code/100 == 2
	for _, st := range a {
		said := st.kind == stepDefault || st.kind == stepTrickle
		keep = keep || st.kind == stepAccept || st.kind == stepReply && st.code/100 == 2 || said && code/100 == 2
	}
	if keep {
		ss.s.accept(m)
	}
	_, err := ss.perform(a, code, text)
	return err
}

func (ss *session) body() ([]byte, error) {
	if err := ss.w.Flush(); err != nil {
		return nil, err
	}
	if _, err := ss.r.Peek(1); err != nil {
		return nil, err
	}
	ss.s.text()
	if a := ss.s.script.next("BODY", ss.about()); a != nil {
		if _, err := ss.perform(a, 0, ""); err != nil {
			return nil, err
		}
	}
	var body []byte
	for {
		line, err := ss.readLine("a line of text")
		if err != nil {
			return nil, err
		}
		if len(line) == 1 && line[0] == '.' {
			return body, nil
		}
		if len(line) > 0 && line[0] == '.' {
			line = line[1:]
		}
		if !ss.s.config.discard {
			body = append(append(body, line...), "\r\n"...)
		}
	}
}
