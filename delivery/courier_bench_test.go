package delivery_test

import (
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/internal/inbox"
	"postrider/internal/smtptest"
	"postrider/store"
	"postrider/store/storetest"
)

// BenchmarkCourier sends one mail per iteration over 8 connections into a sink
// in the same process, ledger and all. postrider bench is the same with the
// sink in a process of its own.
func BenchmarkCourier(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, s *store.Store) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			b.Fatal(err)
		}
		sink := &inbox.Sink{}
		sink.Serve(l)
		defer sink.Close()
		emails := make([]string, b.N)
		for i := range emails {
			emails[i] = fmt.Sprintf("reader%07d@example.org", i)
		}
		o := furnish(b, s, emails...)
		e := o.publish(b)
		c := o.courier(relayAt{strings.Split(sink.Addr(), ":")[0], l.Addr().(*net.TCPAddr).Port}, 8)
		ctx, stop := context.WithCancel(context.Background())
		defer stop()
		ended := make(chan error, 1)
		b.ReportAllocs()
		b.ResetTimer()
		go func() { ended <- c.Run(ctx) }()
		for {
			now, err := s.Edition(ctx, e.ID.String())
			if err != nil {
				b.Fatal(err)
			}
			if now.State == campaigns.Sent {
				break
			}
			time.Sleep(10 * time.Millisecond) // polling a real database
		}
		b.StopTimer()
		stop()
		<-ended
	})
}

// relayAt is a mail server by its address.
type relayAt struct {
	host string
	port int
}

func (r relayAt) Host() string { return r.host }
func (r relayAt) Port() int    { return r.port }

var _ mailServer = (*smtptest.Server)(nil)
