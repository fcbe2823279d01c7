package fetch

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"code.dny.dev/ssrf"
	"golang.org/x/net/dns/dnsmessage"

	"postrider/internal/errs"
)

// victim counts who connects to this machine on one port, over IPv4 and IPv6.
type victim struct {
	port  string
	count atomic.Int64
}

func newVictim(t *testing.T) *victim {
	t.Helper()
	v := &victim{}
	first, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, v.port, _ = net.SplitHostPort(first.Addr().String())
	listeners := []net.Listener{first}
	if second, err := net.Listen("tcp6", "[::1]:"+v.port); err == nil {
		listeners = append(listeners, second)
	} else {
		t.Log("no IPv6 here: connections to ::1 are not counted")
	}
	for _, l := range listeners {
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				v.count.Add(1)
				_ = c.Close()
			}
		}()
		t.Cleanup(func() { _ = l.Close() })
	}
	return v
}

// forbidden are addresses that nobody may make Postrider ask. PORT is one that
// the guard lets through in this test, so that the host alone is judged.
var forbidden = []string{
	// this machine
	"http://127.0.0.1:PORT/", "http://127.0.0.2:PORT/", "http://127.1.2.3:PORT/", "http://127.255.255.254:PORT/", "http://localhost:PORT/",
	"http://LOCALHOST:PORT/", "http://localhost.:PORT/", "http://0.0.0.0:PORT/", "http://0.1.2.3:PORT/", "http://[::1]:PORT/", "http://[::]:PORT/",
	"http://[0:0:0:0:0:0:0:1]:PORT/", "http://[0000:0000:0000:0000:0000:0000:0000:0001]:PORT/",
	// other spellings of it
	"http://2130706433:PORT/", "http://0x7f000001:PORT/", "http://017700000001:PORT/", "http://0177.0.0.1:PORT/", "http://0x7f.0.0.1:PORT/",
	"http://127.1:PORT/", "http://127.0.1:PORT/", "http://0:PORT/", "http://①②⑦.0.0.1:PORT/", "http://127。0。0。1:PORT/", "http://%31%32%37.0.0.1:PORT/",
	// IPv4 within IPv6
	"http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/", "http://[::127.0.0.1]:PORT/", "http://[::ffff:0:127.0.0.1]:PORT/",
	"http://[64:ff9b::7f00:1]:PORT/", "http://[64:ff9b:1::7f00:1]:PORT/", "http://[2002:7f00:1::]:PORT/", "http://[2001:0:7f00:1::]:PORT/",
	"http://[::ffff:169.254.169.254]:PORT/", "http://[::ffff:10.0.0.1]:PORT/", "http://[2002:a9fe:a9fe::]:PORT/", "http://[64:ff9b::a9fe:a9fe]:PORT/",
	// private networks, links, clouds
	"http://10.0.0.1:PORT/", "http://10.255.255.255:PORT/", "http://172.16.0.1:PORT/", "http://172.31.255.255:PORT/", "http://192.168.0.1:PORT/",
	"http://100.64.0.1:PORT/", "http://169.254.169.254:PORT/latest/meta-data/", "http://169.254.170.2:PORT/", "http://[fd00:ec2::254]:PORT/",
	"http://[fc00::1]:PORT/", "http://[fe80::1]:PORT/", "http://[fe80::1%25lo]:PORT/", "http://[fec0::1]:PORT/",
	// reserved, documentation, multicast, broadcast
	"http://192.0.0.1:PORT/", "http://192.0.2.1:PORT/", "http://198.18.0.1:PORT/", "http://198.51.100.1:PORT/", "http://203.0.113.1:PORT/",
	"http://192.88.99.1:PORT/", "http://224.0.0.1:PORT/", "http://240.0.0.1:PORT/", "http://255.255.255.255:PORT/", "http://[ff02::1]:PORT/",
	"http://[2001:db8::1]:PORT/", "http://[3fff::1]:PORT/", "http://[100::1]:PORT/", "http://[2001:10::1]:PORT/",
	// no address of the web
	"file:///etc/passwd", "gopher://127.0.0.1:PORT/_x", "ftp://127.0.0.1:PORT/", "dict://127.0.0.1:PORT/", "ldap://127.0.0.1:PORT/",
	"unix:///run/docker.sock", "data:text/html,x", "javascript:alert(1)", "http:///etc", "http://user:pass@127.0.0.1:PORT/", "//127.0.0.1:PORT/",
	"http://127.0.0.1:PORT\\@example.org/", "http://example.org@127.0.0.1:PORT/", "", "http://", "http://[::1", "http://127.0.0.1:PORT /",
}

func TestForbiddenTargetsSeeNoConnection(t *testing.T) {
	t.Parallel()
	v := newVictim(t)
	port, _ := strconv.Atoi(v.port)
	resolver := staticNames(t, map[string][]string{"localhost.": {"127.0.0.1"}})
	c, err := build(nil, options{guard: []ssrf.Option{ssrf.WithPorts(uint16(port))}, resolver: resolver, patience: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if len(forbidden) < 60 {
		t.Fatalf("only %d targets", len(forbidden))
	}
	for _, target := range forbidden {
		target = strings.ReplaceAll(target, "PORT", v.port)
		if _, err := c.Get(t.Context(), target); !errs.Is(err, errs.Forbidden) && !errs.Is(err, errs.Invalid) && !errs.Is(err, errs.NotFound) {
			t.Errorf("%s: %v, want a refusal", target, err)
		}
		if _, _, err := c.Look(t.Context(), target); err == nil {
			t.Errorf("%s can be looked at", target)
		}
	}
	if n := v.count.Load(); n != 0 {
		t.Errorf("%d connections reached this machine", n)
	}
}

func TestOnlyThePortsOfTheWebAreAsked(t *testing.T) {
	t.Parallel()
	v := newVictim(t)
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Get(t.Context(), "http://127.0.0.1:"+v.port+"/")
	if !errs.Is(err, errs.Forbidden) || !strings.Contains(err.Error(), "--fetch-allow") {
		t.Errorf("another port: %v, want Forbidden with the remedy", err)
	}
	if v.count.Load() != 0 {
		t.Error("the port was connected to")
	}
}

func TestAllowedHostsAreReachedByTheirNameAlone(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "Text/HTML; charset=utf-8")
		fmt.Fprint(w, "<h1>hello</h1>")
	}))
	t.Cleanup(server.Close)
	at := strings.TrimPrefix(server.URL, "http://")
	c, err := New([]string{" ", at})
	if err != nil {
		t.Fatal(err)
	}
	r, err := c.Get(t.Context(), server.URL+"/page?secret=1")
	if err != nil || r.Status != 200 || r.Type != "text/html" || string(r.Body) != "<h1>hello</h1>" || r.URL != server.URL+"/page?secret=1" {
		t.Errorf("the allowed host gives %+v, %v", r, err)
	}
	_, port, _ := net.SplitHostPort(at)
	if _, err := c.Get(t.Context(), "http://localhost:"+port+"/"); !errs.Is(err, errs.Forbidden) {
		t.Errorf("another name of the allowed host: %v, want Forbidden", err)
	}
}

func TestAllowListIsRead(t *testing.T) {
	t.Parallel()
	h, err := readHosts([]string{"Intranet.Example.ORG.", "10.0.0.7:8080", "[fd00::1]:443", "fd00::2", "bücher.example"})
	if err != nil {
		t.Fatal(err)
	}
	for address, want := range map[string]bool{
		"intranet.example.org:443": true, "intranet.example.org:80": true, "intranet.example.org:8080": false, "x.intranet.example.org:443": false,
		"10.0.0.7:8080": true, "10.0.0.7:80": false, "[fd00::1]:443": true, "[fd00::1]:80": false, "[fd00::2]:80": true, "xn--bcher-kva.example:80": true,
	} {
		if h.has(address) != want {
			t.Errorf("%s: allowed %v, want %v", address, !want, want)
		}
	}
	for _, wrong := range []string{"http://a.example/", "a.example:http", "a.example:0", "a.example:70000", "*.example", "a b", "u@a.example", ":80"} {
		if _, err := readHosts([]string{wrong}); !errs.Is(err, errs.Invalid) {
			t.Errorf("%q: %v, want Invalid", wrong, err)
		}
	}
}

func TestRedirectsAreCheckedOneByOne(t *testing.T) {
	t.Parallel()
	v := newVictim(t)
	var server *httptest.Server
	server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if to := r.URL.Query().Get("to"); to != "" {
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusFound)
			return
		}
		n, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/"))
		if n > 0 {
			http.Redirect(w, r, fmt.Sprintf("%s/%d", server.URL, n-1), http.StatusMovedPermanently)
			return
		}
		fmt.Fprint(w, "end")
	}))
	t.Cleanup(server.Close)
	port, _ := strconv.Atoi(v.port)
	c, err := build([]string{strings.TrimPrefix(server.URL, "http://")}, options{guard: []ssrf.Option{ssrf.WithPorts(uint16(port))}})
	if err != nil {
		t.Fatal(err)
	}
	for _, to := range []string{"http://127.0.0.1:" + v.port + "/", "http://[::1]:" + v.port + "/", "file:///etc/passwd", "gopher://127.0.0.1:" + v.port + "/", "http://u:p@127.0.0.1:" + v.port + "/"} {
		if r, err := c.Get(t.Context(), server.URL+"/?to="+to); err == nil {
			t.Errorf("a redirect to %s was followed: %+v", to, r)
		}
	}
	if v.count.Load() != 0 {
		t.Errorf("%d connections reached this machine", v.count.Load())
	}
	if r, err := c.Get(t.Context(), server.URL+"/3"); err != nil || string(r.Body) != "end" || r.URL != server.URL+"/0" {
		t.Errorf("three redirects: %+v, %v", r, err)
	}
	if _, err := c.Get(t.Context(), server.URL+"/4"); !errs.Is(err, errs.Invalid) {
		t.Errorf("four redirects: %v, want Invalid", err)
	}
}

// TestNamesThatChangeTheirMind plays DNS rebinding: the name leads to a public
// host first and to this machine the next time.
func TestNamesThatChangeTheirMind(t *testing.T) {
	t.Parallel()
	if runtime.GOOS != "linux" {
		t.Skip("127.0.0.2 stands for a public host, which only Linux has without setting up: not tested here")
	}
	v := newVictim(t)
	public, err := net.Listen("tcp4", "127.0.0.2:"+v.port)
	if err != nil {
		t.Fatal(err)
	}
	var asked atomic.Int64
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked.Add(1)
		w.Header().Set("Connection", "close")
		http.Redirect(w, r, "http://rebind.test:"+v.port+"/again", http.StatusFound)
	})}
	go func() { _ = server.Serve(public) }()
	t.Cleanup(func() { _ = server.Close() })
	port, _ := strconv.Atoi(v.port)
	c, err := build(nil, options{
		guard:    []ssrf.Option{ssrf.WithPorts(uint16(port)), ssrf.WithAllowedV4Prefixes(netip.MustParsePrefix("127.0.0.2/32"))},
		resolver: staticNames(t, map[string][]string{"rebind.test.": {"127.0.0.2", "127.0.0.1"}}),
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "http://rebind.test:"+v.port+"/"); !errs.Is(err, errs.Forbidden) {
		t.Errorf("the second answer: %v, want Forbidden", err)
	}
	if asked.Load() != 1 || v.count.Load() != 0 {
		t.Errorf("the public host was asked %d times, this machine %d; want 1 and 0", asked.Load(), v.count.Load())
	}
}

func TestProxiesOfTheEnvironmentAreNotUsed(t *testing.T) {
	proxy := newVictim(t)
	t.Setenv("HTTP_PROXY", "http://127.0.0.1:"+proxy.port)
	t.Setenv("HTTPS_PROXY", "http://127.0.0.1:"+proxy.port)
	c, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "http://192.0.2.1/"); !errs.Is(err, errs.Forbidden) {
		t.Errorf("got %v, want Forbidden", err)
	}
	if proxy.count.Load() != 0 {
		t.Error("the proxy was asked")
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	stuck := make(chan struct{})
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 << 10 { // 64 MB of zeros in 64 kB
		_, _ = z.Write(make([]byte, 1<<10))
	}
	_ = z.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/large":
			for range MaxBytes>>10 + 1 {
				_, _ = w.Write(make([]byte, 1<<10))
			}
		case "/bomb":
			w.Header().Set("Content-Encoding", "gzip")
			_, _ = w.Write(bomb.Bytes())
		case "/slow":
			<-stuck
		case "/gone":
			w.WriteHeader(http.StatusGone)
		case "/down":
			w.WriteHeader(http.StatusServiceUnavailable)
		case "/sized":
			w.Header().Set("Content-Length", "1234567")
		case "/get-only":
			if r.Method != http.MethodGet {
				w.WriteHeader(http.StatusMethodNotAllowed)
			}
		}
	}))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(stuck) })
	// Only what waits for ever may run into the limit, on a busy machine too.
	allowed := []string{strings.TrimPrefix(server.URL, "http://")}
	c, err := build(allowed, options{patience: 2 * time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	hasty, err := build(allowed, options{patience: 2 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hasty.Get(t.Context(), server.URL+"/slow?token=abc"); !errs.Is(err, errs.Unavailable) || strings.Contains(err.Error(), "abc") {
		t.Errorf("/slow: %v, want %v without the query", err, errs.Unavailable)
	}
	for path, want := range map[string]errs.Kind{
		"/large": errs.Invalid, "/bomb": errs.Invalid, "/gone": errs.NotFound, "/down": errs.Unavailable,
	} {
		if _, err := c.Get(t.Context(), server.URL+path+"?token=abc"); !errs.Is(err, want) || strings.Contains(err.Error(), "abc") {
			t.Errorf("%s: %v, want %v without the query", path, err, want)
		}
	}
	for path, want := range map[string]int{"/gone": 410, "/down": 503, "/get-only": 200} {
		if status, _, err := c.Look(t.Context(), server.URL+path); err != nil || status != want {
			t.Errorf("%s looks like %d, %v, want %d", path, status, err, want)
		}
	}
	if _, size, err := c.Look(t.Context(), server.URL+"/sized"); err != nil || size != 1_234_567 {
		t.Errorf("a picture of 1,234,567 bytes: %d, %v", size, err)
	}
	if _, err := hasty.Get(t.Context(), "http://127.0.0.1.nowhere.invalid/"); !errs.Is(err, errs.NotFound) && !errs.Is(err, errs.Unavailable) {
		t.Errorf("a name that is not there: %v", err)
	}
}

// staticNames is a resolver whose names give their addresses one after the
// other, the last one from then on; all other names do not exist.
func staticNames(t *testing.T, names map[string][]string) *net.Resolver {
	t.Helper()
	conn, err := net.ListenPacket("udp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	var mu sync.Mutex
	go func() {
		buf := make([]byte, 1500)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			mu.Lock()
			reply := answerDNS(buf[:n], names)
			mu.Unlock()
			_, _ = conn.WriteTo(reply, from)
		}
	}()
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "udp4", conn.LocalAddr().String())
	}}
}

func answerDNS(query []byte, names map[string][]string) []byte {
	var m dnsmessage.Message
	if err := m.Unpack(query); err != nil || len(m.Questions) != 1 {
		return nil
	}
	q := m.Questions[0]
	m.Response, m.Additionals = true, nil
	addresses, known := names[strings.ToLower(q.Name.String())]
	switch {
	case !known:
		m.RCode = dnsmessage.RCodeNameError
	case q.Type == dnsmessage.TypeA:
		m.Answers = []dnsmessage.Resource{{
			Header: dnsmessage.ResourceHeader{Name: q.Name, Type: dnsmessage.TypeA, Class: dnsmessage.ClassINET},
			Body:   &dnsmessage.AResource{A: netip.MustParseAddr(addresses[0]).As4()},
		}}
		if len(addresses) > 1 {
			names[strings.ToLower(q.Name.String())] = addresses[1:]
		}
	}
	reply, _ := m.Pack()
	return reply
}
