package e2e_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"postrider/internal/smtptest"
)

// TestEveryMinuteThroughRestarts: a campaign that fires every minute, stopped,
// killed in the middle of its edition, stopped again: each minute has at most
// one edition, and no edition comes twice to anybody. By default one minute
// passes; POSTRIDER_DRILL=1 lets four pass.
func TestEveryMinuteThroughRestarts(t *testing.T) {
	t.Parallel()
	minutes := 1
	if os.Getenv("POSTRIDER_DRILL") == "1" {
		minutes = 4
	}
	if testing.Short() && minutes == 1 {
		t.Skip("not tested in short mode: schedules fire on real minutes")
	}
	const conns = 2
	relay := smtpServer(t, `DOT -> wait 50ms; ok`)
	in := newInstall(t)
	list, want := readers(30)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	in.run(0, "campaign", "create", "minutely", "--recap", recapFile(t, "Harbour notes"), "--list", "news", "--from", sender,
		"--schedule", "* * * * *", "--zone", "UTC")
	serve := func() *process {
		return in.serving("--url", homeBase, "--smtp", fmt.Sprintf("smtp://%s?conns=%d", relay.Addr(), conns))
	}

	p := serve()
	p.signal(syscall.SIGTERM, 0)
	p = serve()
	untilAccepted(t, relay, 5, 90*time.Second)
	p.kill()
	p = serve()
	in.untilSent(1)
	p.signal(syscall.SIGTERM, 0)
	p = serve()
	in.untilSent(minutes)
	p.signal(syscall.SIGTERM, 0)

	in.wantMinutes(minutes)
	in.wantNothingTwice(relay, want, conns)
}

// edition is one of edition list --json.
type edition struct {
	Edition string
	State   string
	Figures report
}

func (i install) editions() []edition {
	i.t.Helper()
	var all []edition
	i.run(0, "edition", "list", "-n", "100", "--json").value(&all)
	return all
}

// untilSent waits until at least n editions are sent.
func (i install) untilSent(n int) {
	i.t.Helper()
	eventually(i.t, time.Duration(n+1)*time.Minute+patience, func() string {
		sent := 0
		for _, e := range i.editions() {
			if e.State == "sent" {
				sent++
			}
		}
		if sent < n {
			return fmt.Sprintf("%d editions are sent, want %d", sent, n)
		}
		return ""
	})
}

// wantMinutes: the firings are minutes, all different, each with an edition of
// its own, and there are at least n.
func (i install) wantMinutes(n int) {
	i.t.Helper()
	var c struct {
		Occurrences []struct {
			Wall, State, Edition string
		}
	}
	i.run(0, "campaign", "show", "minutely", "--json").value(&c)
	walls, editions := map[string]bool{}, map[string]bool{}
	for _, o := range c.Occurrences {
		if walls[o.Wall] {
			i.t.Errorf("the minute %s has fired twice", o.Wall)
		}
		walls[o.Wall] = true
		if o.State != "opened" {
			continue
		}
		if o.Edition == "" || editions[o.Edition] {
			i.t.Errorf("the minute %s has no edition of its own: %q", o.Wall, o.Edition)
		}
		editions[o.Edition] = true
	}
	if len(editions) < n {
		i.t.Errorf("%d minutes have an edition, want %d: %+v", len(editions), n, c.Occurrences)
	}
	if all := i.editions(); len(all) != len(editions) {
		i.t.Errorf("there are %d editions for %d minutes", len(all), len(editions))
	}
}

// wantNothingTwice: no mail came twice, and who has none of an edition that is
// sent is one of its uncertain ones.
func (i install) wantNothingTwice(relay *smtptest.Server, want []string, conns int) {
	i.t.Helper()
	got := map[string]map[string]int{} // edition → reader → mails
	for _, m := range relay.Accepted() {
		id := readLetter(i.t, m.Data).header.Get("Message-Id")
		_, rest, _ := strings.Cut(id, ".")
		e, _, _ := strings.Cut(rest, "@")
		if got[e] == nil {
			got[e] = map[string]int{}
		}
		got[e][m.To]++
	}
	for _, e := range i.editions() {
		if e.State != "sent" {
			continue
		}
		if f := e.Figures; f.Audience != len(want) || f.Accepted+f.Unknown != len(want) || f.Unknown > conns {
			i.t.Errorf("edition %s ended as %+v", e.Edition, f)
		}
		none := 0
		for _, a := range want {
			switch n := got[e.Edition][a]; {
			case n > 1:
				i.t.Errorf("%s got edition %s %d times", a, e.Edition, n)
			case n == 0:
				none++
			}
		}
		if none > e.Figures.Unknown {
			i.t.Errorf("%d readers have no mail of edition %s, %d are not certain", none, e.Edition, e.Figures.Unknown)
		}
	}
	if len(got) == 0 {
		i.t.Error("no mail came: this test proves nothing")
	}
}
