package e2e_test

import (
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
)

// farRelay listens on an address of this machine that is not loopback and
// counts who comes; it never answers. Where the machine has none, the address
// is one of documentation's (RFC 5737), and nothing can come.
func farRelay(t testing.TB) (url string, came *atomic.Int64) {
	t.Helper()
	came = &atomic.Int64{}
	addresses, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addresses {
		n, ok := a.(*net.IPNet)
		if !ok || n.IP.IsLoopback() || n.IP.To4() == nil {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(n.IP.String(), "0"))
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				came.Add(1)
				_ = c.Close()
			}
		}()
		return "smtp://" + l.Addr().String(), came
	}
	return "smtp://192.0.2.1:25", came
}

// TestLinksMustLeadHome: mail to readers elsewhere goes out only when the
// links in it lead to this installation over https; else nothing is dialled.
func TestLinksMustLeadHome(t *testing.T) {
	t.Parallel()
	far, came := farRelay(t)
	in := newInstall(t)
	list, want := readers(3)
	in.file("a.csv", list)
	in.run(0, "subscriber", "import", "a.csv", "--list", "news")
	home := in.serving("--no-courier").says(`Public pages\s+(http://\S+)`)
	whose := getOK(t, newInstall(t).serving("--no-courier").says(`Public pages\s+(http://\S+)`)+"/.well-known/postrider")

	other := secureServer(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, whose) })
	nobody := secureServer(t, http.NotFound)
	certificates := trust(t, other, nobody)
	for name, c := range map[string]struct {
		url  []string
		code int
		says string
	}{
		"none":    {nil, 2, "--url: "},
		"http":    {[]string{"--url", home}, 2, "give the https address"},
		"another": {[]string{"--url", other.URL}, 1, "is another installation"},
		"nobody":  {[]string{"--url", nobody.URL}, 1, "is not a Postrider"},
		"silent":  {[]string{"--url", "https://127.0.0.1:" + freePort(t)}, 1, "nothing answers at"},
	} {
		for _, command := range [][]string{
			append([]string{"publish", recapFile(t, "Harbour notes"), "--list", "news", "--from", sender, "--smtp", far, "--db", in.db()}, c.url...),
		} {
			p := start(t, command, certificates)
			p.wantExit(c.code, patience)
			if !strings.Contains(p.stderr(), c.says) || !strings.Contains(p.stderr(), "--url") {
				t.Errorf("%s: %q is not in what publish says:\n%s", name, c.says, p.stderr())
			}
		}
	}
	p := in.run(2, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", "--smtp", far)
	if !strings.Contains(p.stderr(), "--url: ") {
		t.Errorf("serve does not name --url:\n%s", p.stderr())
	}
	if n := came.Load(); n != 0 {
		t.Errorf("the mail server was dialled %d times before the refusal", n)
	}
	editions := in.run(0, "edition", "list", "--json")
	if got := strings.TrimSpace(editions.stdout()); got != "[]" {
		t.Errorf("a refused publish left an edition: %s", got)
	}

	if strings.Contains(far, "192.0.2.1") {
		t.Log("not tested: this machine has no address but loopback, so the way through was not tried")
		return
	}
	// The same with an address that leads home: now the mail server is asked.
	right := secureServer(t, func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, getOK(t, home+r.URL.Path)) })
	p = start(t, []string{
		"publish", recapFile(t, "Harbour notes"), "--list", "news", "--from", sender, "--smtp", far, "--db", in.db(),
		"--url", right.URL, "--wait", "1s", "--json",
	}, trust(t, right))
	p.wantExit(3, patience)
	if r := p.figures(); r.Queued != len(want) || r.State != "held" {
		t.Errorf("the report is %+v", r)
	}
	if came.Load() == 0 {
		t.Error("with an address that leads home the mail server was not asked: this test proves nothing")
	}
}

func secureServer(t testing.TB, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewTLSServer(h)
	s.Config.ErrorLog = nil
	t.Cleanup(s.Close)
	return s
}

// trust lets a child believe these servers' certificates.
func trust(t testing.TB, servers ...*httptest.Server) option {
	t.Helper()
	var all []byte
	for _, s := range servers {
		all = append(all, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})...)
	}
	path := filepath.Join(t.TempDir(), "roots.pem")
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return func(c *exec.Cmd) { c.Env = append(c.Env, "SSL_CERT_FILE="+path) }
}
