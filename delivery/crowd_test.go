package delivery_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/smtptest"
	"postrider/store"
	"postrider/store/storetest"
)

// crowded stands before a mail server and lets a few connections through at a
// time; the others hear 421, as from Microsoft 365, which allows three.
type crowded struct {
	listener net.Listener
	to       string
	most     int
	wg       sync.WaitGroup

	mu      sync.Mutex
	open    int
	refused int
}

func crowd(t *testing.T, to *smtptest.Server, most int) *crowded {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &crowded{listener: l, to: to.Addr(), most: most}
	c.wg.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			c.wg.Go(func() { c.serve(conn) })
		}
	})
	t.Cleanup(func() { _ = l.Close(); to.Close(); c.wg.Wait() })
	return c
}

func (c *crowded) Host() string { return "127.0.0.1" }
func (c *crowded) Port() int    { return c.listener.Addr().(*net.TCPAddr).Port }

func (c *crowded) enter() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.open == c.most {
		c.refused++
		return false
	}
	c.open++
	return true
}

func (c *crowded) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open--
}

func (c *crowded) serve(conn net.Conn) {
	defer conn.Close()
	if !c.enter() {
		_, _ = conn.Write([]byte("421 4.7.0 too many connections from you\r\n"))
		return
	}
	defer c.leave()
	inner, err := net.Dial("tcp", c.to)
	if err != nil {
		return
	}
	defer inner.Close()
	done := make(chan struct{})
	go func() {
		_, _ = io.Copy(inner, conn)
		_ = inner.(*net.TCPConn).CloseWrite()
		close(done)
	}()
	_, _ = io.Copy(conn, inner)
	_ = conn.Close()
	<-done
}

// A relay that allows fewer connections than we have gets its mails over those
// that it allows, without the edition being held for it.
func TestConnectionCapOnlySlowsDown(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, readers(100)...)
	relay := smtptest.Start(t, "RCPT -> wait 50ms; ok")
	door := crowd(t, relay, 2)
	e := o.publish(t)
	began := time.Now()
	e, f := o.run(t, o.courier(door, 6), e.ID, func(e campaigns.Edition, _ delivery.Figures) bool {
		return e.State == campaigns.Sent || e.State == campaigns.Held || time.Since(began) > 40*time.Second
	})
	door.mu.Lock()
	refused := door.refused
	door.mu.Unlock()
	if e.State != campaigns.Sent || f.Accepted != 100 {
		t.Errorf("with 2 of 6 connections the edition is %s (%s): %+v", e.State, e.Reason, f)
	}
	if refused == 0 || refused > 60 {
		t.Errorf("%d connections were refused; want some, and then no more hammering", refused)
	}
	wantOnceEach(t, relay, 100)
}
