package delivery_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/delivery/mailer"
	"postrider/internal/smtptest"
	"postrider/store"
	"postrider/store/storetest"
)

// chaos is what can go wrong at each stage; one reply in ten is drawn from it.
// Few of them are about us, so that editions are held now and then.
var chaos = map[string][]string{
	"MAIL": {"421 4.3.2 busy; drop", "451 4.3.0 later", "452 4.3.1 disk", "drop", "rst", "half", "slow 1ms", `250 2.1.0 fine\n2.1.0 really`},
	"RCPT": {"421 4.7.0 too much; drop", "450 4.2.1 busy", "451 4.7.1 greylisted", "452 4.2.2 full", "550 5.1.1 no such user", "552 5.2.2 full", "550 5.7.1 not welcome",
		"drop", "rst", "half", "354 what?", "ok; drop", "slow 1ms", `550 5.1.1 no\n5.1.1 such user`},
	"DATA": {"421 4.3.0 closing; drop", "451 4.3.0 later", "554 5.5.1 no valid recipients", "drop", "rst", "ok; drop", "ok; rst", "hang"},
	"BODY": {"drop", "rst", "wait 5ms"},
	"DOT": {"421 4.3.2 closing; drop", "451 4.3.0 later", "452 4.3.1 disk", "550 5.1.1 no such user", "552 5.2.2 full", "554 5.7.1 spam", "drop", "rst", "drop-after-250",
		"accept; rst", "half-after-250", "ok; drop", "ok; rst", "354 go on", "slow 1ms", "accept; hang", `250 2.0.0 queued\n2.0.0 as 1`},
	"RSET": {"421 4.4.2 idle; drop", "drop", "half"},
	"QUIT": {"drop", "rst"},
}

// connecting goes wrong less often: after each failure all connections wait.
var connecting = []string{"421 4.3.2 too busy; drop", "drop", "rst", "half", "flood 1000"}

// chaosScript draws n replies for each stage; those after them are as usual.
func chaosScript(seed uint64, n int) string {
	chance := rand.New(rand.NewPCG(seed, 5))
	var b strings.Builder
	for _, stage := range []string{"MAIL", "RCPT", "DATA", "BODY", "DOT", "RSET", "QUIT"} {
		for range n {
			said := "ok"
			if chance.IntN(10) == 0 {
				said = chaos[stage][chance.IntN(len(chaos[stage]))]
			}
			fmt.Fprintf(&b, "%s -> %s\n", stage, said)
		}
		fmt.Fprintf(&b, "%s -> ok\n", stage)
	}
	for range min(n/100, 20) {
		fmt.Fprintf(&b, "CONNECT -> ok\nCONNECT -> ok\nCONNECT -> %s\n", connecting[chance.IntN(len(connecting))])
	}
	b.WriteString("CONNECT -> ok\n")
	return b.String()
}

// maxTries bounds the attempts of one recipient: a try after each wait within
// 48 hours, and connections lost before the dot in between.
const maxTries = 14 * 3

// TestMixedChaos sends through a relay of which every tenth reply is a fault,
// lets the time of every wait pass, and resumes what is held, until nobody
// waits: nothing lost, nothing twice, all settled.
func TestMixedChaos(t *testing.T) {
	t.Parallel()
	seeds, mails, connections := 2, 300, 8
	switch {
	case os.Getenv("POSTRIDER_DRILL") == "1":
		seeds, mails = 20, 20_000
	case testing.Short():
		seeds, mails = 1, 100
	}
	for seed := range seeds {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			sendThroughChaos(t, uint64(seed), mails, connections)
		})
	}
}

func sendThroughChaos(t *testing.T, seed uint64, mails, connections int) {
	var passed atomic.Int64 // time that is over without anybody having waited for it
	began := time.Now()
	// The clock runs fast, so that the half minutes for which connections rest
	// after a 421 are not waited for either.
	now := func() time.Time { return began.Add(100*time.Since(began) + time.Duration(passed.Load())) }
	o := furnish(t, storetest.Open(t, storetest.SQLite(t), store.Options{Now: now}), readers(mails)...)
	relay := smtptest.Start(t, chaosScript(seed, 2*mails), smtptest.AllowFaults())
	e := o.publish(t)
	config := configOf(relay, connections)
	config.ReplyTimeout, config.NoPipelining = 300*time.Millisecond, seed%2 == 1
	var f delivery.Figures
	for round := 0; ; round++ {
		if round == 60+mails/50 { // a hold comes after some two hundred answers, about
			t.Fatalf("after %d rounds the edition is %s (%s) with %+v", round, e.State, e.Reason, f)
		}
		c := o.courierOf(delivery.Relay{State: delivery.RelayActive, Config: config})
		c.Mailer = mailer.New(mailer.Options{DotTimeout: 300 * time.Millisecond})
		e, f = o.run(t, c, e.ID, func(e campaigns.Edition, f delivery.Figures) bool {
			due, err := o.NextDue(t.Context(), e.ID)
			still := err == nil && f.Queued+f.Leased+f.Sending == 0 && due.After(now())
			return e.State == campaigns.Sent || e.State == campaigns.Held || e.State == campaigns.Sending && f.Audience == mails && still
		})
		if f.Audience != mails {
			t.Fatalf("round %d: the states add up to %d, want %d: %+v", round, f.Audience, mails, f)
		}
		if e.State == campaigns.Sent {
			break
		}
		if e.State == campaigns.Held {
			if err := o.desk.Resume(t.Context(), "test", e); err != nil {
				t.Fatal(err)
			}
		}
		passed.Add(int64(6*time.Hour + time.Minute))
	}
	if f.Waiting() != 0 {
		t.Errorf("the edition is sent and %d still wait: %+v", f.Waiting(), f)
	}
	kept := map[string]int{}
	for _, m := range relay.Accepted() {
		kept[m.To]++
	}
	for _, fault := range relay.Faults() {
		t.Errorf("on the wire: %s", fault)
	}
	rows, err := o.Recipients(t.Context(), e.ID, "", 0, mails+1)
	if err != nil || len(rows) != mails {
		t.Fatalf("%d rows, %v; want %d", len(rows), err, mails)
	}
	for _, row := range rows {
		checkKept(t, row, kept[row.Email])
		if row.Attempts > maxTries {
			t.Errorf("%s: %d attempts, want at most %d", row.Email, row.Attempts, maxTries)
		}
	}
	t.Logf("%d connections: %+v", relay.Connections(), f)
}
