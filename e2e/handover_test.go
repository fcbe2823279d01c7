package e2e_test

import (
	"strings"
	"syscall"
	"testing"

	"postrider/internal/smtptest"
)

// serving starts serve on ports of its own and waits until it runs.
func (i install) serving(args ...string) *process {
	i.t.Helper()
	p := i.start(append([]string{"serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"}, args...)...)
	p.says(`Running until Ctrl-C`)
	return p
}

// TestPublishHandsOverToServe: beside a running serve, publish needs no mail
// server of its own: serve sends, publish follows and reports. A second serve
// is refused. Neither log names a reader.
func TestPublishHandsOverToServe(t *testing.T) {
	t.Parallel()
	relay := smtpServer(t, "")
	in := newInstall(t)
	list, want := readers(40)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	serve := in.serving("--smtp", "smtp://"+relay.Addr()+"?conns=4", "--log", "debug")
	base := serve.says(`Public pages\s+(http://\S+)`)

	second := in.run(1, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--smtp", "smtp://"+relay.Addr())
	if !strings.Contains(second.stderr(), "stop it first, or serve pages only with --no-courier") {
		t.Errorf("a second serve is refused without the remedy:\n%s", second.stderr())
	}
	pages := in.serving("--no-courier")
	getOK(t, pages.says(`Public pages\s+(http://\S+)`)+"/healthz")
	pages.signal(syscall.SIGTERM, 0)

	p := in.run(0, "publish", recapFile(t, "Harbour notes"), "--list", "news", "--from", sender, "--json", "--log", "debug")
	p.figures().wantAllAccepted(t, len(want))
	if !strings.Contains(p.stderr(), "Another Postrider is sending") {
		t.Errorf("publish does not say who sends:\n%s", p.stderr())
	}
	secrets := append([]string{}, want...)
	var got []string
	for _, m := range relay.Accepted() {
		got = append(got, m.To)
		l := readLetter(t, m.Data)
		link := strings.Trim(l.header.Get("List-Unsubscribe"), "<>")
		if !strings.HasPrefix(link, base+"/u/") {
			t.Errorf("%s: List-Unsubscribe is %s, serve answers at %s", m.To, link, base)
		}
		secrets = append(secrets, link[strings.LastIndexByte(link, '/')+1:])
	}
	wantOnceEach(t, got, want)
	link := strings.Trim(readLetter(t, relay.Accepted()[0].Data).header.Get("List-Unsubscribe"), "<>")
	getOK(t, link)
	post(t, link, "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")
	get(t, link+"x") // a forged one may be logged, without its token
	serve.signal(syscall.SIGTERM, 0)
	wantNoSecrets(t, serve.stderr(), secrets)
	wantNoSecrets(t, serve.stderr()+p.stderr(), secrets)
}

// TestPublishGoesOnAfterSIGTERM: stopped in the middle, publish says 3 and how
// to go on; resumed, nobody is left out and nobody has it twice.
func TestPublishGoesOnAfterSIGTERM(t *testing.T) {
	t.Parallel()
	relay := smtpServer(t, `DOT -> wait 40ms; ok`)
	in := newInstall(t)
	list, want := readers(100)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	smtp := "smtp://" + relay.Addr() + "?conns=3"
	first := in.start("publish", recapFile(t, "Harbour notes"), "--list", "news", "--from", sender, "--url", homeBase, "--smtp", smtp, "--json")
	untilAccepted(t, relay, 20, patience)
	first.signal(syscall.SIGTERM, 3)
	r := first.figures()
	if r.Accepted < 20 || r.Accepted == len(want) || r.Unknown+r.Sending+r.Leased != 0 || r.Accepted+r.Queued != len(want) {
		t.Errorf("after SIGTERM the report is %+v", r)
	}
	if !strings.Contains(first.stderr(), "postrider publish --resume "+r.Edition) {
		t.Errorf("publish does not say how to go on:\n%s", first.stderr())
	}
	if n := len(relay.Accepted()); n != r.Accepted {
		t.Errorf("the server took %d mails, the ledger says %d", n, r.Accepted)
	}
	last := in.run(0, "publish", "--resume", r.Edition, "--smtp", smtp, "--json")
	last.figures().wantAllAccepted(t, len(want))
	wantOnceEach(t, envelopes(relay), want)
	in.run(0, "publish", "--resume", r.Edition, "--smtp", smtp, "--json").figures().wantAllAccepted(t, len(want))
	wantOnceEach(t, envelopes(relay), want)
}

// TestPublishGoesOnAfterAKill: after kill -9 at most one mail for each
// connection is not certain, each by name; all others have it once.
func TestPublishGoesOnAfterAKill(t *testing.T) {
	t.Parallel()
	relay := smtpServer(t, `DOT -> wait 40ms; ok`)
	in := newInstall(t)
	list, want := readers(100)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	smtp := "smtp://" + relay.Addr() + "?conns=3"
	first := in.start("publish", recapFile(t, "Harbour notes"), "--list", "news", "--from", sender, "--url", homeBase, "--smtp", smtp)
	untilAccepted(t, relay, 20, patience)
	first.kill()
	last := in.run(0, "publish", "--resume", "latest", "--smtp", smtp, "--json")
	r := last.figures()
	if r.State != "sent" || r.Unknown > 3 || r.Accepted+r.Unknown != len(want) {
		t.Errorf("after a kill the report is %+v", r)
	}
	var uncertain []struct{ Email string }
	in.run(0, "edition", "recipients", "--state", "unknown", "--json").value(&uncertain)
	if len(uncertain) != r.Unknown {
		t.Errorf("%d are listed by name, %d are counted", len(uncertain), r.Unknown)
	}
	got, times := envelopes(relay), map[string]int{}
	for _, a := range got {
		times[a]++
	}
	for _, u := range uncertain { // these alone may or may not have it
		if times[u.Email] == 0 {
			got = append(got, u.Email)
		}
	}
	wantOnceEach(t, got, want)
}

// envelopes are the recipients of what a server took.
func envelopes(relay *smtptest.Server) []string {
	var out []string
	for _, m := range relay.Accepted() {
		out = append(out, m.To)
	}
	return out
}
