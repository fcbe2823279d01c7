package mailer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/textproto"
	"time"

	"github.com/wneessen/go-mail/smtp"

	"postrider/delivery"
)

const (
	chunkBytes  = 256 << 10 // of text written under one deadline
	quitTimeout = 2 * time.Second
)

var errUnusable = errors.New("the connection is closed: dial again")

// conn implements delivery.Conn over a connection that go-mail made ready.
type conn struct {
	wire       *wire
	text       *textproto.Conn // over wire, or over TLS over wire
	pipelining bool
	utf8       bool // SMTPUTF8 and 8BITMIME are offered
	size       bool // SIZE is offered
	reply, dot time.Duration
	fields     []byte      // that the relay wants in front of each message
	unbind     func() bool // ends that the context of Dial closes wire
	bare       bool        // no TLS: text goes to the kernel from where it lies
	pieces     net.Buffers // of the text, for their memory
	spoken     []byte      // the last command, for its memory

	open  bool // another command may be written
	dirty bool // the relay may still hold an envelope: RSET first
}

func (m *Mailer) newConn(ctx context.Context, relay delivery.RelayConfig, fields []byte, client *smtp.Client, w *wire) *conn {
	offers := func(extension string) bool {
		ok, _ := client.Extension(extension)
		return ok
	}
	c := &conn{
		wire: w, text: client.Text, open: true,
		pipelining: !relay.NoPipelining && offers("PIPELINING"),
		utf8:       offers("SMTPUTF8") && offers("8BITMIME"),
		size:       offers("SIZE"),
		reply:      relay.ReplyTimeout, dot: m.dotTimeout, fields: fields,
		bare: relay.TLS == delivery.TLSNone,
	}
	if c.reply <= 0 {
		c.reply = defaultReplyTimeout
	}
	c.unbind = context.AfterFunc(ctx, w.hangUp)
	return c
}

// Usable implements delivery.Conn.
func (c *conn) Usable() bool { return c.open }

// Close implements delivery.Conn. QUIT is said only where the relay waits for a
// command: in the middle of a text it would be taken for a line of it.
func (c *conn) Close() error {
	if !c.open {
		return nil
	}
	defer c.hangUp()
	if err := c.wire.SetDeadline(time.Now().Add(quitTimeout)); err != nil {
		return nil //nolint:nilerr // the other side was faster
	}
	if c.write([]byte("QUIT\r\n")) == nil {
		_, _ = readReply(c.text.R) // a courtesy; nothing hangs on it
	}
	return nil
}

func (c *conn) hangUp() {
	c.open = false
	c.unbind()
	c.wire.hangUp()
}

// write sends b at once. Deadlines are the caller's.
func (c *conn) write(b []byte) error {
	if _, err := c.text.W.Write(b); err != nil {
		return err
	}
	return c.text.W.Flush()
}

// answer waits for a reply for at most timeout, however slowly it trickles.
func (c *conn) answer(timeout time.Duration) (delivery.Reply, error) {
	if err := c.wire.SetDeadline(time.Now().Add(timeout)); err != nil {
		return delivery.Reply{}, err
	}
	return readReply(c.text.R)
}

// Hand implements delivery.Conn.
func (c *conn) Hand(ctx context.Context, e delivery.Envelope, text delivery.Message, begin func() <-chan error) delivery.Answer {
	m, ok := text.(*assembled)
	if !ok {
		m = &assembled{own: text.AppendTo(nil)}
		m.end()
	}
	commands, refusal := c.prepare(e, m)
	mark := begin()
	if refusal != nil {
		return *refusal
	}
	if !c.open {
		return lost(delivery.StageMail, errUnusable)
	}
	unbind := context.AfterFunc(ctx, c.wire.hangUp)
	a := c.offer(ctx, commands, m, mark)
	if !unbind() || a.Lost {
		c.hangUp()
	}
	if cause := context.Cause(ctx); a.Lost && cause != nil {
		a.Err = fmt.Errorf("given up: %w", cause)
	}
	return a
}

func (c *conn) offer(ctx context.Context, commands []command, m *assembled, mark <-chan error) delivery.Answer {
	if c.text.R.Buffered() > 0 { // "421 idle for too long", or worse: a reply too many
		return lost(delivery.StageMail, errors.New("the mail server spoke before it was asked"))
	}
	if a := c.envelope(commands); a != nil {
		return *a
	}
	return c.body(ctx, m, mark)
}

func lost(stage delivery.Stage, err error) delivery.Answer {
	return delivery.Answer{Stage: stage, Lost: true, Err: err}
}

// command is one line of the envelope and the stage that its reply belongs to.
type command struct {
	stage delivery.Stage
	line  string
}

const reset = "RSET\r\n"

// envelope says the commands, all at once where the relay allows it, and
// returns nil when it waits for the text.
func (c *conn) envelope(commands []command) *delivery.Answer {
	if c.dirty {
		commands = append([]command{{delivery.StageMail, reset}}, commands...)
	}
	var refused *delivery.Answer
	for i, cmd := range commands {
		if err := c.say(commands, i); err != nil {
			a := lost(cmd.stage, err)
			return &a
		}
		reply, err := c.answer(c.reply)
		switch {
		case err != nil && refused != nil: // what came before is an answer all the same
			c.hangUp()
			return refused
		case err != nil:
			a := lost(cmd.stage, err)
			return &a
		case reply.Code == 421: // RFC 5321 §3.8: it closes
			c.hangUp()
		}
		granted := reply.Code/100 == 2
		if cmd.stage == delivery.StageData {
			granted = reply.Code == 354
		}
		switch {
		case granted && cmd.stage == delivery.StageData && refused != nil:
			// RFC 2920 §3.1: it wants a text nevertheless. A lone dot would end
			// it, and might be taken for an empty mail; nobody mistakes silence.
			c.hangUp()
		case granted && cmd.line == reset:
			c.dirty = false
		case granted, refused != nil:
		case reply.Code >= 400:
			refused = &delivery.Answer{Stage: cmd.stage, Reply: reply}
			c.dirty = true
		default:
			a := lost(cmd.stage, fmt.Errorf("%w: %d to %s", errReply, reply.Code, cmd.stage))
			return &a
		}
		if refused != nil && (!c.pipelining || !c.open) {
			return refused
		}
	}
	return refused
}

// say writes command i, or all of them with the first.
func (c *conn) say(commands []command, i int) error {
	if c.pipelining && i > 0 {
		return nil
	}
	upTo := i + 1
	if c.pipelining {
		upTo = len(commands)
	}
	b := c.spoken[:0]
	for _, cmd := range commands[i:upTo] {
		b = append(b, cmd.line...)
	}
	c.spoken = b
	if err := c.wire.SetDeadline(time.Now().Add(c.reply)); err != nil {
		return err
	}
	return c.write(b)
}

// writeText writes what stands before the final dot.
func (c *conn) writeText(m *assembled) error {
	c.pieces = m.appendBuffers(append(c.pieces[:0], c.fields))
	if c.bare && m.Len() <= chunkBytes {
		if err := c.wire.SetDeadline(time.Now().Add(c.reply)); err != nil {
			return err
		}
		return c.wire.writeAll(c.pieces)
	}
	for _, p := range c.pieces {
		for len(p) > 0 {
			n := min(len(p), chunkBytes)
			if err := c.wire.SetDeadline(time.Now().Add(c.reply)); err != nil {
				return err
			}
			if _, err := c.text.W.Write(p[:n]); err != nil {
				return err
			}
			p = p[n:]
		}
	}
	return c.text.W.Flush()
}

// body writes the text, waits for mark A, and then writes the final dot, by
// which the mail becomes the relay's. No error after that says that it did not.
func (c *conn) body(ctx context.Context, m *assembled, mark <-chan error) delivery.Answer {
	if err := c.writeText(m); err != nil {
		return lost(delivery.StageBody, err)
	}
	select {
	case err := <-mark:
		if err != nil {
			return lost(delivery.StageBody, fmt.Errorf("the mail could not be marked as being sent: %w", err))
		}
	case <-ctx.Done():
		return lost(delivery.StageBody, ctx.Err())
	}
	if ctx.Err() != nil {
		return lost(delivery.StageBody, ctx.Err())
	}
	if c.text.R.Buffered() > 0 { // a reply before the end could be taken for the one to it
		return lost(delivery.StageBody, errors.New("the mail server answered before the end of the text"))
	}
	if err := c.wire.SetDeadline(time.Now().Add(c.dot)); err != nil {
		return lost(delivery.StageBody, err)
	}
	before := c.wire.octetsSent()
	if err := c.write([]byte(".\r\n")); err != nil {
		if c.wire.octetsSent() == before { // the connection was gone already, and nothing of the dot left
			return lost(delivery.StageBody, err)
		}
		return lost(delivery.StageDot, err)
	}
	reply, err := c.answer(c.dot)
	switch {
	case err != nil:
		return lost(delivery.StageDot, err)
	case reply.Code/100 == 3:
		return lost(delivery.StageDot, fmt.Errorf("%w: %d to the final dot", errReply, reply.Code))
	case reply.Code == 421 || c.text.R.Buffered() > 0:
		c.hangUp()
	}
	return delivery.Answer{Stage: delivery.StageDot, Reply: reply}
}
