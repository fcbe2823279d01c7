package delivery_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/delivery/mailer"
	"postrider/internal/smtptest"
	"postrider/recaps"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// TestRelayMatrix stages each fault of the table with 20 readers, on both wire
// paths: what becomes of the rows, the addresses and the edition, and that no
// mail is lost and none is there twice. With POSTRIDER_DRILL=1 it is 500 readers.
func TestRelayMatrix(t *testing.T) {
	t.Parallel()
	for _, path := range []struct {
		name  string
		plain bool
	}{{"pipelined", false}, {"one by one", true}} {
		t.Run(path.name, func(t *testing.T) {
			t.Parallel()
			runMatrix(t, path.plain)
		})
	}
}

// runMatrix runs all rows against one database, several at a time: they spend
// their time with waiting. Each has its relay, list, edition and Courier.
func runMatrix(t *testing.T, plain bool) {
	n, atOnce := 20, 12
	if os.Getenv("POSTRIDER_DRILL") == "1" {
		n = 500
	}
	o := furnish(t, storetest.Open(t, storetest.SQLite(t), store.Options{}), "nobody@example.org")
	recap, err := (&recaps.Library{Store: o.Store, Now: time.Now}).Keep(t.Context(), "test", recaps.Sample(), "sample")
	if err != nil {
		t.Fatal(err)
	}
	var rows []*staged
	for i, f := range matrix {
		if testing.Short() && i%6 != 0 {
			continue
		}
		rows = append(rows, o.stage(t, f, i, n, plain, recap))
	}
	turns := make(chan struct{}, atOnce)
	var running sync.WaitGroup
	for _, r := range rows {
		running.Go(func() {
			turns <- struct{}{}
			defer func() { <-turns }()
			r.err = r.run(t.Context())
		})
	}
	running.Wait()
	for _, r := range rows {
		t.Run(r.fault.name, func(t *testing.T) { r.check(t) })
	}
}

// staged is a row of the matrix with all that it needs.
type staged struct {
	fault
	office  *office
	relay   *smtptest.Server
	courier *delivery.Courier
	issue   campaigns.Edition
	hurt    map[string]bool // the victims' addresses
	readers int
	err     error
}

func (o *office) stage(t *testing.T, f fault, row, n int, plain bool, recap recaps.Saved) *staged {
	t.Helper()
	r := &staged{fault: f, office: o, hurt: map[string]bool{}, readers: n}
	list := fmt.Sprintf("row%02d", row)
	emails := make([]string, n)
	for i := range emails {
		emails[i] = fmt.Sprintf("reader%04d@%s.example.org", i, list)
		if len(f.victims.states) > 0 && i%(n/4) == 1 {
			if f.utf8 {
				emails[i] = fmt.Sprintf("leserïn%04d@%s.example.org", i, list)
			}
			r.hurt[emails[i]] = true
		}
	}
	if _, err := o.registry.Import(t.Context(), strings.NewReader("email\n"+strings.Join(emails, "\n")+"\n"),
		subscribers.ImportOptions{Actor: "test", Lists: []string{list}, Create: true}); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.issue, err = o.desk.Publish(t.Context(), "test", campaigns.Publication{Recap: recap, ListNames: []string{list}, Sender: "News <news@org.example>"}); err != nil {
		t.Fatal(err)
	}
	r.relay = smtptest.Start(t, r.script(), append(slices.Clone(f.offer), smtptest.AllowFaults())...)
	config := configOf(r.relay, 4)
	config.NoPipelining = plain
	if f.config != nil {
		f.config(&config)
	}
	r.courier = o.courierOf(delivery.Relay{State: delivery.RelayActive, Config: config})
	r.courier.Only = r.issue.ID
	options := mailer.Options{DotTimeout: f.dot}
	if f.trust {
		options.RootCAs = r.relay.Roots()
	}
	r.courier.Mailer = mailer.New(options)
	return r
}

// script repeats the lines with {} for each victim.
func (r *staged) script() string {
	var b strings.Builder
	for line := range strings.SplitSeq(r.fault.script, "\n") {
		if !strings.Contains(line, "{}") {
			b.WriteString(line + "\n")
			continue
		}
		for v := range r.hurt {
			b.WriteString(strings.ReplaceAll(line, "{}", v) + "\n")
		}
	}
	return b.String()
}

// run sends until nothing more happens.
func (r *staged) run(ctx context.Context) error {
	ctx, stop := context.WithTimeout(ctx, 60*time.Second)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- r.courier.Run(ctx) }()
	for !r.over(ctx) {
		if ctx.Err() != nil {
			break
		}
		time.Sleep(10 * time.Millisecond) // polling a real database; the deadline is ctx's
	}
	e, f, err := r.look(context.WithoutCancel(ctx))
	late := ctx.Err()
	stop()
	if err := errors.Join(err, <-ended); err != nil {
		return fmt.Errorf("the courier ended with %w", err)
	}
	if late != nil {
		return fmt.Errorf("after 60 s, with the Courier running, the edition was %s (%s) with %+v", e.State, e.Reason, f)
	}
	return nil
}

func (r *staged) over(ctx context.Context) bool {
	if r.dials > 0 {
		return r.relay.Connections() >= r.dials
	}
	e, f, err := r.look(ctx)
	if err != nil || f.Audience != r.readers || f.Leased+f.Sending > 0 {
		return false
	}
	switch want := r.wantEdition(); want {
	case campaigns.Sending:
		return f.Queued == 0
	case anyState:
		return f.Queued == 0 && (f.Deferred > 0 || e.State == campaigns.Sent)
	default:
		return e.State == want || e.State.Final() || e.State == campaigns.Held || f.Queued == 0 && f.Deferred > 0
	}
}

func (r *staged) wantEdition() campaigns.EditionState {
	if r.fault.edition == "" {
		return campaigns.Sent
	}
	return r.fault.edition
}

func (r *staged) look(ctx context.Context) (campaigns.Edition, delivery.Figures, error) {
	e, err := r.office.Edition(ctx, r.issue.ID.String())
	if err != nil {
		return e, delivery.Figures{}, err
	}
	f, err := r.office.Figures(ctx, r.issue.ID)
	return e, f, err
}

// check compares with the table, and makes sure of what holds for every fault.
func (r *staged) check(t *testing.T) {
	e, f, err := r.look(t.Context())
	if r.err != nil || err != nil {
		t.Fatalf("%v, %v", r.err, err)
	}
	if want := r.wantEdition(); want != anyState && e.State != want || e.HeldCause != r.cause {
		t.Errorf("the edition is %s because of %q (%s), want %s because of %q", e.State, e.HeldCause, e.Reason, want, r.cause)
	}
	if e.State == campaigns.Held && e.Reason == "" {
		t.Error("the edition is held without a reason")
	}
	if r.accepted > 0 && f.Accepted != r.accepted {
		t.Errorf("%d accepted, want %d", f.Accepted, r.accepted)
	}
	kept := map[string]int{}
	for _, m := range r.relay.Accepted() {
		kept[m.To]++
	}
	for _, fault := range r.relay.Faults() {
		t.Errorf("on the wire: %s", fault)
	}
	rows, err := r.office.Recipients(t.Context(), r.issue.ID, "", 0, r.readers+1)
	if err != nil || len(rows) != r.readers || f.Audience != r.readers {
		t.Fatalf("%d rows, %+v, %v; want %d", len(rows), f, err, r.readers)
	}
	for _, row := range rows {
		checkKept(t, row, kept[row.Email])
		r.checkRow(t, row, kept[row.Email])
	}
}

func (r *staged) checkRow(t *testing.T, row delivery.Recipient, kept int) {
	t.Helper()
	who, want := "a bystander", r.others
	if r.hurt[row.Email] {
		who, want = "a victim", r.fault.victims
	}
	if len(want.states) == 0 {
		want = gotIt
	}
	reader, err := r.office.registry.Find(t.Context(), row.Email)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Contains(want.states, row.State) || !slices.Contains(want.kept, kept) || reader.AddressState != want.address {
		t.Errorf("%s is %s (%d %s %s), its address %s, %d mails kept; want %+v", who, row.State, row.Code, row.Enhanced, row.Text, reader.AddressState, kept, want)
	}
}

// checkKept is what must hold whatever happens: no mail twice, none accepted
// that is not there, none there that would be sent again or is called refused.
func checkKept(t *testing.T, row delivery.Recipient, kept int) {
	t.Helper()
	switch {
	case kept > 1:
		t.Errorf("%s: doubled, %d mails kept", row.Email, kept)
	case row.State == delivery.Accepted && kept == 0:
		t.Errorf("%s: lost: accepted and not there", row.Email)
	case row.State != delivery.Accepted && row.State != delivery.Unknown && kept > 0:
		t.Errorf("%s: %s although the mail is there", row.Email, row.State)
	case row.State == delivery.LeasedRow || row.State == delivery.SendingRow:
		t.Errorf("%s: still %s after the Courier ended", row.Email, row.State)
	}
}
