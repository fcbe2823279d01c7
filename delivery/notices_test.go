package delivery_test

import (
	"context"
	"net/mail"
	"strings"
	"testing"

	"postrider/delivery"
	"postrider/internal/notice"
	"postrider/internal/smtptest"
	"postrider/store"
	"postrider/store/storetest"
)

func alert(to string) notice.Notice {
	return notice.Notice{Kind: notice.Alert, To: mail.Address{Address: to}, From: "Postrider <alerts@org.example>",
		Subject: "The edition is held", Text: "The mail server asks for another password.\n"}
}

// watched tells when a courier has put the notices that it leased in front of
// its editions: the feeder asks for more only after that.
type watched struct {
	*store.Store
	leased bool
	ready  chan struct{}
}

func (w *watched) LeaseNotices(ctx context.Context, o delivery.OwnerID, n int) ([]delivery.Leased, error) {
	if w.leased && w.ready != nil {
		close(w.ready)
		w.ready = nil
	}
	got, err := w.Store.LeaseNotices(ctx, o, n)
	w.leased = w.leased || len(got) > 0
	return got, err
}

func TestNoticesGoAheadOfEditions(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, readers(200)...)
		relay := smtptest.Start(t, strings.Repeat("RCPT * -> ok\n", 5)+"RCPT * -> hold\nRCPT * -> ok") // in the middle of the sixth
		e := o.publish(t)
		c := o.courier(relay, 1)
		ready := make(chan struct{})
		c.Ledger = &watched{Store: s, ready: ready}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- c.Run(ctx) }()
		relay.Wait(5)
		if err := s.AddNotice(t.Context(), alert("ops@org.example")); err != nil {
			t.Fatal(err)
		}
		<-ready
		relay.Release()
		relay.Wait(201)
		stop()
		<-ended
		at := -1
		for i, m := range relay.Accepted() {
			if m.To == "ops@org.example" {
				at = i
				text := string(m.Data)
				if !strings.Contains(text, "Auto-Submitted: auto-generated") || strings.Contains(text, "List-Unsubscribe") || strings.Contains(text, "Precedence") {
					t.Errorf("the notice has the wrong headers:\n%s", text[:min(len(text), 800)])
				}
			}
		}
		if at < 0 || at > 7 { // the sixth mail had begun, and the seventh may have been taken behind it
			t.Errorf("the notice was mail %d of 201: it must not wait for the edition", at+1)
		}
		_, f := o.look(t, e.ID)
		if f.Accepted != 200 {
			t.Errorf("the edition: %+v", f)
		}
		if n, err := s.NoticesWaiting(t.Context()); err != nil || n != 0 {
			t.Errorf("%d notices wait, %v", n, err)
		}
	})
}

func TestNoticeIsSentAgainWhenUncertain(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	o := furnish(t, s, "ada@example.org")
	if err := s.AddNotice(t.Context(), alert("ops@org.example")); err != nil {
		t.Fatal(err)
	}
	owner, err := s.Enrol(t.Context(), "first", 0)
	if err != nil {
		t.Fatal(err)
	}
	leased, err := s.LeaseNotices(t.Context(), owner, 10)
	if err != nil || len(leased) != 1 {
		t.Fatalf("leased %d notices, %v", len(leased), err)
	}
	ok, err := s.Apply(t.Context(), owner, []delivery.Mark{{Kind: delivery.MarkSending, Notice: true, ID: leased[0].ID, Epoch: leased[0].Epoch, At: o.Now()}})
	if err != nil || !ok[0] {
		t.Fatalf("marking the notice: %v, %v", ok, err)
	}
	relay := smtptest.Start(t, "")
	c := o.courier(relay, 1) // its start finds the first owner dead
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx) }()
	relay.Wait(1)
	stop()
	<-ended
	if got := relay.Accepted()[0].To; got != "ops@org.example" {
		t.Errorf("%s got a mail, want the notice", got)
	}
}
