package smtptest

import (
	"bytes"
	"cmp"
	"net"
	"time"
)

// act does what the script says for a stage, else gives the usual reply. It
// returns the first code that was sent, 0 where none was.
func (ss *session) act(stage, arg string, code int, text string) (int, error) {
	return ss.perform(ss.s.script.next(stage, arg), code, text)
}

func (ss *session) perform(a action, code int, text string) (int, error) {
	if a == nil {
		a = action{{kind: stepDefault}}
	}
	said := 0
	for _, st := range a {
		switch st.kind {
		case stepReply:
			said = cmp.Or(said, st.code)
			if st.text == "" && st.code == code {
				st.text = text
			}
			if err := ss.say(wire(st.code, st.text)); err != nil {
				return said, err
			}
		case stepDefault, stepTrickle, stepHalf, stepFlood:
			if st.kind != stepHalf {
				said = cmp.Or(said, code)
			}
			if err := ss.sayUsual(st, code, text); err != nil {
				return said, err
			}
		case stepWait:
			if err := ss.pause(st.pause); err != nil {
				return said, err
			}
		case stepHold:
			if err := ss.hold(); err != nil {
				return said, err
			}
		case stepAccept:
		case stepDrop:
			_ = ss.w.Flush()
			return said, errOver
		case stepRST:
			_ = ss.w.Flush()
			if tcp, ok := ss.tcp.(*net.TCPConn); ok {
				_ = tcp.SetLinger(0)
			}
			return said, errOver
		case stepHang:
			_ = ss.w.Flush()
			return said, ss.hang()
		case stepStall:
			_ = ss.w.Flush()
			<-ss.s.done
			return said, errOver
		}
	}
	return said, nil
}

func (ss *session) sayUsual(st step, code int, text string) error {
	if st.kind == stepFlood {
		return ss.flood(st.n)
	}
	if code == 0 { // BODY has no usual reply
		return nil
	}
	usual := wire(code, text)
	switch st.kind {
	case stepHalf:
		usual = usual[:2]
	case stepTrickle:
		for i := range usual {
			if err := ss.say(usual[i : i+1]); err != nil {
				return err
			}
			if err := ss.pause(st.pause); err != nil {
				return err
			}
		}
		return nil
	}
	return ss.say(usual)
}

func (ss *session) say(b []byte) error {
	_, err := ss.w.Write(b)
	return err
}

func (ss *session) flood(n int) error {
	chunk := bytes.Repeat([]byte("x"), 64<<10)
	for n > 0 {
		if err := ss.say(chunk[:min(n, len(chunk))]); err != nil {
			return err
		}
		n -= len(chunk)
	}
	return ss.w.Flush()
}

func (ss *session) pause(d time.Duration) error {
	if err := ss.w.Flush(); err != nil {
		return err
	}
	select {
	case <-time.After(d):
		return nil
	case <-ss.s.done:
		return errOver
	}
}

// hold waits until the test releases the server.
func (ss *session) hold() error {
	if err := ss.w.Flush(); err != nil {
		return err
	}
	select {
	case <-ss.s.released:
		return nil
	case <-ss.s.done:
		return errOver
	}
}

// hang says nothing more and reads nothing until the client hangs up, which
// cannot be noticed without reading, so it reads and forgets.
func (ss *session) hang() error {
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		buf := make([]byte, 4096)
		for {
			if _, err := ss.conn.Read(buf); err != nil {
				return
			}
		}
	}()
	select {
	case <-gone:
	case <-ss.s.done:
		_ = ss.tcp.Close()
		<-gone
	}
	return errOver
}
