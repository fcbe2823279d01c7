package e2e_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const (
	sender   = "Harbour News <news@harbour.example.org>"
	homeBase = "https://news.example.org"
)

// tool finds a program of Postfix, which hides them from PATH.
func tool(t testing.TB, name string) string {
	t.Helper()
	for _, candidate := range []string{name, "/usr/sbin/" + name, "/usr/local/sbin/" + name, "/usr/libexec/postfix/" + name, "/usr/lib/postfix/sbin/" + name} {
		if p, err := exec.LookPath(candidate); err == nil {
			return p
		}
	}
	missing(t, "%s of Postfix is not installed", name)
	return ""
}

// stored is one transaction that smtp-sink wrote down.
type stored struct {
	to   string // envelope
	wire []byte // with CRLF, as it was sent
}

// startSink runs Postfix's smtp-sink, which writes each mail to a file.
func startSink(t testing.TB) (address string, mails func() []stored) {
	t.Helper()
	dir := t.TempDir()
	if err := os.Chmod(dir, 0o777); err != nil { // as root, smtp-sink gives up its rights
		t.Fatal(err)
	}
	address = "127.0.0.1:" + freePort(t)
	args := []string{"-d", "mail.%M.", address, "64"}
	if os.Geteuid() == 0 {
		args = append([]string{"-u", "nobody", "-R", dir}, args...)
	}
	sink := exec.Command(tool(t, "smtp-sink"), args...)
	sink.Dir, sink.SysProcAttr = dir, leash()
	var said bytes.Buffer
	sink.Stderr = &said
	if err := sink.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = sink.Process.Kill()
		_ = sink.Wait() // it was killed
	})
	eventually(t, patience, func() string { return dialWrong(address) })
	return address, func() []stored { return readSink(t, dir) }
}

func readSink(t testing.TB, dir string) []stored {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "mail.*"))
	if err != nil {
		t.Fatal(err)
	}
	var out []stored
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, splitSink(t, b))
	}
	return out
}

var (
	sinkTo   = regexp.MustCompile(`(?mi)^X-Rcpt-Args: (?:TO:)?<([^>]+)>`)
	sinkHead = regexp.MustCompile(`(?i)^(X-Client-Addr|X-Client-Proto|X-Helo-Args|X-Mail-Args|X-Rcpt-Args|Received)$`)
)

// splitSink takes off what smtp-sink puts before a mail.
func splitSink(t testing.TB, b []byte) stored {
	t.Helper()
	m := sinkTo.FindSubmatch(b)
	if m == nil {
		t.Fatalf("no recipient in what the sink wrote:\n%s", b[:min(len(b), 500)])
	}
	s := stored{to: string(m[1])}
	own := true
	for line := range bytes.Lines(b) {
		name, _, _ := bytes.Cut(line, []byte(":"))
		if own && !sinkHead.Match(name) && line[0] != '\t' && line[0] != ' ' {
			own = false
		}
		if !own {
			s.wire = append(s.wire, line...)
		}
	}
	return s
}

// TestPublishToASink is the main job: a list is imported, the real article
// published, and every reader has one whole mail, which differs from the others
// only where it is meant to.
func TestPublishToASink(t *testing.T) {
	t.Parallel()
	article := realRecap(t, "whrcf.md")
	address, mails := startSink(t)
	in := newInstall(t)
	list, want := readers(120)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	p := in.run(0, "publish", article, "--list", "news", "--smtp", "smtp://"+address+"?conns=4", "--from", sender,
		"--url", homeBase, "--subject", "{{first_name|Dear reader}}, eight takeaways", "--json", "--log", "debug")
	p.figures().wantAllAccepted(t, len(want))

	all := mails()
	var got []string
	ids, tokens := map[string]bool{}, map[string]bool{}
	for _, m := range all {
		got = append(got, m.to)
		l := readLetter(t, m.wire)
		if l.to != m.to {
			t.Errorf("To is %s in a mail for %s", l.to, m.to)
		}
		l.wantHeaders(t, sender, homeBase)
		ids[l.header.Get("Message-Id")] = true
		tokens[l.header.Get("List-Unsubscribe")] = true
		wantContent(t, l)
	}
	wantOnceEach(t, got, want)
	if len(ids) != len(want) || len(tokens) != len(want) {
		t.Errorf("%d Message-IDs and %d unsubscribe links for %d readers", len(ids), len(tokens), len(want))
	}
	wantNoSecrets(t, p.stderr(), append(keysOfLinks(tokens), want...))

	again := in.run(0, "publish", article, "--list", "news", "--smtp", "smtp://"+address, "--from", sender, "--url", homeBase, "--json")
	second := again.figures()
	second.wantAllAccepted(t, len(want))
	if n := len(mails()); n != 2*len(want) {
		t.Errorf("after a second run the sink has %d mails, want %d: each run is a new edition", n, 2*len(want))
	}
	latest := in.run(0, "report", "latest", "--json")
	if r := latest.figures(); r != second {
		t.Errorf("the report says %+v, publish said %+v", r, second)
	}
}

// wantContent looks for the article and for the reader in a mail.
func wantContent(t testing.TB, l letter) {
	t.Helper()
	name := "Dear reader"
	for _, n := range strings.Fields(l.subject) {
		if strings.Contains(n, "Reader-") {
			name = strings.TrimSuffix(n, ",")
		}
	}
	if want := name + ", eight takeaways"; l.subject != want {
		t.Errorf("%s: the subject is %q", l.to, l.subject)
	}
	number := strings.TrimSuffix(strings.TrimPrefix(l.to, "reader"), "@example.org")
	if name != "Dear reader" && !strings.HasSuffix(name, "Reader-"+number) {
		t.Errorf("%s is greeted as %s", l.to, name)
	}
	text := strings.Join(strings.Fields(l.text), " ")
	for _, want := range []string{"1. ", "8. ", "Morten Kjaerum", homeBase + "/u/", homeBase + "/p/", homeBase + "/r/"} {
		if !strings.Contains(text, want) {
			t.Errorf("%s: the text lacks %q", l.to, want)
		}
	}
	for _, furniture := range []string{"Scroll to top", "{{", "{%"} {
		if strings.Contains(l.text, furniture) || strings.Contains(l.html, furniture) {
			t.Errorf("%s: the mail contains %q", l.to, furniture)
		}
	}
}

// keysOfLinks are the tokens at the end of List-Unsubscribe values.
func keysOfLinks(links map[string]bool) []string {
	var out []string
	for l := range links {
		l = strings.TrimSuffix(l, ">")
		out = append(out, l[strings.LastIndexByte(l, '/')+1:])
	}
	return out
}

// wantNoSecrets: logs name no person and give no link away.
func wantNoSecrets(t testing.TB, log string, secrets []string) {
	t.Helper()
	if !strings.Contains(log, "level=") {
		t.Error("nothing was logged: this test sees nothing")
	}
	for _, s := range secrets {
		if strings.Contains(log, s) {
			t.Errorf("the log contains %q", s)
		}
	}
}

// TestLinesOnTheWire looks at the octets, which smtp-sink does not keep.
func TestLinesOnTheWire(t *testing.T) {
	t.Parallel()
	relay := smtpServer(t, "")
	in := newInstall(t)
	list, want := readers(12)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	in.run(0, "publish", recapFile(t, "Blåbär — "+strings.Repeat("ett mycket långt namn ", 8)), "--list", "news", "--from", sender,
		"--url", homeBase, "--smtp", "smtp://"+relay.Addr(), "--json").figures().wantAllAccepted(t, len(want))
	var got []string
	for _, m := range relay.Accepted() {
		got = append(got, m.To)
		wantLines(t, m.To, m.Data)
		l := readLetter(t, m.Data)
		l.wantHeaders(t, sender, homeBase)
		if !strings.HasPrefix(l.subject, "Blåbär — ett mycket") {
			t.Errorf("%s: the subject is %q", m.To, l.subject)
		}
	}
	wantOnceEach(t, got, want)
}

// TestRefusalsAreInTheReport: a server that refuses one reader and puts another
// off leaves both in the report with its own words, and publish is not finished.
func TestRefusalsAreInTheReport(t *testing.T) {
	t.Parallel()
	relay := smtpServer(t, `
		RCPT reader001@example.org -> 550 5.1.1 no such person here
		RCPT reader002@example.org -> 451 4.2.1 try later
	`)
	in := newInstall(t)
	list, want := readers(12)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	p := in.run(3, "publish", recapFile(t, "Harbour notes"), "--list", "news", "--from", sender, "--url", homeBase,
		"--smtp", "smtp://"+relay.Addr(), "--wait", "1s", "--strict", "--json")
	r := p.figures()
	if r.Refused != 1 || r.Deferred != 1 || r.Accepted != len(want)-2 || r.State != "sending" {
		t.Errorf("the report is %+v", r)
	}
	var rows []struct {
		Email, State, Enhanced, Text string
		Code, Attempts               int
	}
	in.run(0, "edition", "recipients", "latest", "--state", "refused", "--json").value(&rows)
	if len(rows) != 1 || rows[0].Email != "reader001@example.org" || rows[0].Code != 550 || rows[0].Enhanced != "5.1.1" ||
		!strings.Contains(rows[0].Text, "no such person here") || rows[0].Attempts != 1 {
		t.Errorf("refused are %+v", rows)
	}
	in.run(0, "edition", "recipients", "latest", "--state", "deferred", "--json").value(&rows)
	if len(rows) != 1 || rows[0].Email != "reader002@example.org" || rows[0].Code != 451 {
		t.Errorf("put off are %+v", rows)
	}
}

// TestStrictMindsRefusals: a refusal is told and is no failure, unless it is
// asked to be; an address that does not exist is not mailed again.
func TestStrictMindsRefusals(t *testing.T) {
	t.Parallel()
	in := newInstall(t)
	list, want := readers(6)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	recap := recapFile(t, "Harbour notes")
	for n, strict := range []bool{false, true} {
		relay := smtpServer(t, "RCPT "+want[n]+" -> 550 5.1.1 no such person here")
		args := []string{"publish", recap, "--list", "news", "--from", sender, "--url", homeBase, "--smtp", "smtp://" + relay.Addr(), "--json"}
		code := 0
		if strict {
			args, code = append(args, "--strict"), 3
		}
		r := in.run(code, args...).figures()
		if r.State != "sent" || r.Refused != 1 || r.Accepted != r.Audience-1 || r.Audience != len(want)-n {
			t.Errorf("strict %v: the report is %+v", strict, r)
		}
		wantOnceEach(t, envelopes(relay), want[n+1:])
	}
}
