package delivery

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// slowLedger takes its time for each commit and notes when it was given what.
type slowLedger struct {
	Ledger
	began   time.Time
	takes   time.Duration
	commits []string // "3ms: A1 B2"
}

func (l *slowLedger) Apply(_ context.Context, _ OwnerID, marks []Mark) ([]bool, error) {
	said := time.Since(l.began).String() + ":"
	ok := make([]bool, len(marks))
	for i, m := range marks {
		said += fmt.Sprintf(" %c%d", "AB"[m.Kind], m.ID)
		ok[i] = true
	}
	l.commits = append(l.commits, said)
	time.Sleep(l.takes)
	return ok, nil
}

// crew is a recorder with its connections, in a bubble where time stands still
// while anybody works.
type crew struct {
	*recorder
	ledger *slowLedger
	lines  map[RecipientID]*line
}

// recording tells a story that begins when connections 1 to n may write their
// final dots, by one commit at 0s, and returns all commits.
func recording(t *testing.T, takes time.Duration, n RecipientID, story func(c *crew)) []string {
	t.Helper()
	ledger := &slowLedger{takes: takes}
	synctest.Test(t, func(t *testing.T) {
		ledger.began = time.Now()
		c := &crew{recorder: newRecorder(ledger, 1, slog.New(slog.DiscardHandler)), ledger: ledger, lines: map[RecipientID]*line{}}
		var all []*ticket
		for i := range n {
			all = append(all, c.ask(i+1))
		}
		ended := make(chan struct{})
		go func() {
			c.run(t.Context())
			close(ended)
		}()
		for _, one := range all {
			if err := <-one.Done; err != nil {
				t.Error(err)
			}
		}
		synctest.Wait()
		story(c)
		c.close()
		<-ended
	})
	return ledger.commits
}

func (c *crew) line(n RecipientID) *line {
	if c.lines[n] == nil {
		c.lines[n] = &line{}
	}
	return c.lines[n]
}

// ask asks for mark A on the connection of that number.
func (c *crew) ask(n RecipientID) *ticket { return c.begin(c.line(n), Mark{Kind: MarkSending, ID: n}) }

// next settles the connection's mail and asks for its next.
func (c *crew) next(n RecipientID) *ticket {
	c.settle(c.line(n), Mark{Kind: MarkSettled, ID: n, Settlement: Settlement{State: Accepted}})
	return c.ask(n)
}

func wantCommits(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("commits\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// TestRecorderWaitsForItsCompany: connections that were let go on together come
// back within the time of a commit, and then share the next one.
func TestRecorderWaitsForItsCompany(t *testing.T) {
	got := recording(t, time.Millisecond, 3, func(c *crew) { // at 1 ms
		time.Sleep(200 * time.Microsecond)
		c.next(2)
		time.Sleep(400 * time.Microsecond)
		c.next(1)
		time.Sleep(200 * time.Microsecond)
		<-c.next(3).Done
	})
	wantCommits(t, got, "0s: A1 A2 A3", "1.8ms: B2 A2 B1 A1 B3 A3")
}

// TestRecorderWaitsNoLongerThanACommit: who is late takes the next one, for
// which nobody else is waited for; then all are waited for again.
func TestRecorderWaitsNoLongerThanACommit(t *testing.T) {
	at := func(c *crew, micro int) {
		time.Sleep(time.Until(c.ledger.began.Add(time.Duration(micro) * time.Microsecond)))
	}
	got := recording(t, time.Millisecond, 2, func(c *crew) { // at 1 ms
		at(c, 1300)
		c.next(1) // waits for 2, until 2.3 ms
		at(c, 3000)
		c.next(2) // is not waited with for 1, which goes on at 3.3 ms
		at(c, 3500)
		c.next(1) // waits for 2, which goes on at 4.3 ms
		at(c, 4800)
		c.next(2)
	})
	wantCommits(t, got, "0s: A1 A2", "2.3ms: B1 A1", "3.3ms: B2 A2", "4.8ms: B1 A1 B2 A2")
}

// TestRecorderIsPatientFor5ms at most, however slow the disk.
func TestRecorderIsPatientFor5ms(t *testing.T) {
	got := recording(t, 80*time.Millisecond, 2, func(c *crew) { // at 80 ms
		c.next(1)
		time.Sleep(20 * time.Millisecond)
		c.next(2)
	})
	wantCommits(t, got, "0s: A1 A2", "85ms: B1 A1", "165ms: B2 A2")
}

// TestRecorderDoesNotWaitForTheIdle: a connection that has no next mail.
func TestRecorderDoesNotWaitForTheIdle(t *testing.T) {
	got := recording(t, 2*time.Millisecond, 2, func(c *crew) { // at 2 ms
		c.next(1)
		time.Sleep(500 * time.Microsecond)
		c.settle(c.line(2), Mark{Kind: MarkSettled, ID: 2})
		synctest.Wait()
		if n := len(c.ledger.commits); n != 1 {
			t.Errorf("%d commits while a connection may still ask", n)
		}
		c.idle(c.line(2))
	})
	wantCommits(t, got, "0s: A1 A2", "2.5ms: B1 A1 B2")
}

// TestRecorderStopsWaitingOnAStop, and refuses what would be a new mail.
func TestRecorderStopsWaitingOnAStop(t *testing.T) {
	got := recording(t, 4*time.Millisecond, 2, func(c *crew) { // at 4 ms
		c.settle(c.line(1), Mark{Kind: MarkSettled, ID: 1})
		synctest.Wait()
		c.stop()
		if err := <-c.ask(1).Done; err != errStopping {
			t.Errorf("mark A after the stop: %v", err)
		}
	})
	wantCommits(t, got, "0s: A1 A2", "4ms: B1")
}

// TestGroupsArePrefixes: in the order in which marks were asked for, at most 256 a commit.
func TestGroupsArePrefixes(t *testing.T) {
	got := recording(t, time.Millisecond, 1, func(c *crew) {
		for i := range RecipientID(300) {
			c.settle(c.line(1), Mark{Kind: MarkSettled, ID: i + 1})
		}
		c.idle(c.line(1))
	})
	var all []string
	for _, commit := range got[1:] {
		_, marks, _ := strings.Cut(commit, ": ")
		group := strings.Fields(marks)
		if len(group) > maxGroup {
			t.Errorf("%d marks in one commit", len(group))
		}
		all = append(all, group...)
	}
	if len(all) != 300 {
		t.Fatalf("%d marks were written", len(all))
	}
	for i, mark := range all {
		if want := fmt.Sprintf("B%d", i+1); mark != want {
			t.Fatalf("mark %d is %s, want %s", i, mark, want)
		}
	}
}
