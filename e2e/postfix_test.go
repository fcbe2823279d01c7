package e2e_test

import (
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
)

// The smallest Postfix that takes mail for example.org on loopback and puts it
// into Maildirs.
const (
	mainCF = `compatibility_level = 3.6
queue_directory = %[1]s/queue
data_directory = %[1]s/data
maillog_file = %[1]s/log/mail.log
maillog_file_prefixes = %[1]s
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = relay.harbour.example.org
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
local_recipient_maps =
relay_domains =
virtual_mailbox_domains = example.org
virtual_mailbox_base = %[1]s/mail
virtual_mailbox_maps = texthash:%[1]s/config/mailboxes
virtual_minimum_uid = 1
virtual_uid_maps = static:%[2]s
virtual_gid_maps = static:%[3]s
smtpd_recipient_restrictions = permit_mynetworks, reject
`
	masterCF = `127.0.0.1:%s inet n - n - - smtpd
postlog unix-dgram n - n - 1 postlogd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
error unix - - n - - error
retry unix - - n - - error
virtual unix - n n - - virtual
anvil unix - - n - 1 anvil
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
`
)

// startPostfix runs one with everything it writes in a folder of its own, and
// returns its port's address and the folder of the Maildirs.
func startPostfix(t testing.TB, addresses []string) (address, maildirs string) {
	t.Helper()
	program := tool(t, "postfix")
	if os.Geteuid() != 0 {
		missing(t, "Postfix starts as root only")
	}
	if _, err := user.Lookup("postfix"); err != nil {
		missing(t, "Postfix has no user here: %v", err)
	}
	nobody, err := user.Lookup("nobody")
	if err != nil {
		missing(t, "the machine has nobody: %v", err)
	}
	// Postfix's own users must reach it, which they cannot in a test's folder.
	dir, err := os.MkdirTemp("", "postrider-postfix-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	port := freePort(t)
	var mailboxes strings.Builder
	for _, a := range addresses {
		local, _, _ := strings.Cut(a, "@")
		fmt.Fprintf(&mailboxes, "%s %s/\n", a, local)
	}
	for name, mode := range map[string]os.FileMode{"": 0o755, "config": 0o755, "queue": 0o755, "data": 0o755, "log": 0o755, "mail": 0o777} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(path, mode); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, mode); err != nil { // whatever the umask is
			t.Fatal(err)
		}
	}
	for name, text := range map[string]string{
		"main.cf":   fmt.Sprintf(mainCF, dir, nobody.Uid, nobody.Gid),
		"master.cf": fmt.Sprintf(masterCF, port),
		"mailboxes": mailboxes.String(),
	} {
		if err := os.WriteFile(filepath.Join(dir, "config", name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if out, err := exec.Command("chown", "postfix", filepath.Join(dir, "data")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := func(what string) ([]byte, error) {
		return exec.Command(program, "-c", filepath.Join(dir, "config"), what).CombinedOutput()
	}
	if out, err := run("start"); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log", "mail.log")) // for the message only
		t.Fatalf("starting Postfix: %v\n%s\n%s", err, out, log)
	}
	t.Cleanup(func() {
		if out, err := run("abort"); err != nil {
			t.Errorf("stopping Postfix: %v\n%s", err, out)
		}
	})
	t.Cleanup(func() {
		if t.Failed() {
			log, _ := os.ReadFile(filepath.Join(dir, "log", "mail.log")) // for the message only
			t.Logf("Postfix says:\n%s", log[max(0, len(log)-5000):])
		}
	})
	address = "127.0.0.1:" + port
	eventually(t, patience, func() string { return dialWrong(address) })
	return address, filepath.Join(dir, "mail")
}

// delivered reads every mail in the Maildirs: reader and text.
func delivered(t testing.TB, maildirs string) map[string][][]byte {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(maildirs, "*", "new", "*"))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][][]byte{}
	for _, f := range files {
		b, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		reader := filepath.Base(filepath.Dir(filepath.Dir(f))) + "@example.org"
		out[reader] = append(out[reader], b)
	}
	return out
}

// TestPostfixDelivers: through a real Postfix every reader has the article in
// their Maildir exactly once.
func TestPostfixDelivers(t *testing.T) {
	t.Parallel()
	article := realRecap(t, "whrcf.md")
	in := newInstall(t)
	list, want := readers(80)
	address, maildirs := startPostfix(t, want)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	p := in.run(0, "publish", article, "--list", "news", "--from", sender, "--url", homeBase, "--smtp", "smtp://"+address+"?conns=4", "--json")
	p.figures().wantAllAccepted(t, len(want))

	eventually(t, patience, func() string {
		if n := len(delivered(t, maildirs)); n < len(want) {
			return fmt.Sprintf("%d Maildirs have mail, want %d", n, len(want))
		}
		return ""
	})
	// Nothing is left in the queue that could still come.
	eventually(t, patience, func() string {
		left, err := filepath.Glob(filepath.Join(filepath.Dir(maildirs), "queue", "[aid]*", "[0-9A-F]*"))
		if err != nil || len(left) > 0 {
			return fmt.Sprintf("in the queue are %v (%v)", left, err)
		}
		return ""
	})
	var got []string
	for reader, mails := range delivered(t, maildirs) {
		for _, m := range mails {
			got = append(got, reader)
			l := readLetter(t, m)
			l.wantHeaders(t, sender, homeBase)
			if l.to != reader {
				t.Errorf("a mail to %s lies in the Maildir of %s", l.to, reader)
			}
		}
	}
	wantOnceEach(t, got, want)

	var rows []struct{ Email, State, Text string }
	in.run(0, "edition", "recipients", "--json").value(&rows)
	for _, r := range rows {
		if r.State != "accepted" || r.Text == "" {
			t.Errorf("the ledger does not keep what Postfix said: %+v", r)
		}
	}
}
