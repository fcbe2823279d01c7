package respond

import (
	"crypto/tls"
	"net/http/httptest"
	"testing"
)

func TestOnlyOurProxiesSayWhoAsks(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		proxies, remote, forwarded, proto string
		client, network                   string
		https                             bool
	}{
		"no proxy":                 {"", "203.0.113.9:1", "192.0.2.1", "https", "203.0.113.9", "203.0.113.0/24", false},
		"ours":                     {"10.0.0.0/8", "10.1.2.3:1", "192.0.2.77", "https", "192.0.2.77", "192.0.2.0/24", true},
		"ours, over http":          {"10.0.0.0/8", "10.1.2.3:1", "192.0.2.77", "http", "192.0.2.77", "192.0.2.0/24", false},
		"somebody else's":          {"10.0.0.0/8", "203.0.113.9:1", "192.0.2.77", "https", "203.0.113.9", "203.0.113.0/24", false},
		"a forged beginning":       {"10.0.0.0/8", "10.1.2.3:1", "127.0.0.1, 192.0.2.77", "", "192.0.2.77", "192.0.2.0/24", false},
		"two of ours":              {"10.0.0.0/8,127.0.0.1", "127.0.0.1:1", "192.0.2.77, 10.9.9.9", "", "192.0.2.77", "192.0.2.0/24", false},
		"rubbish":                  {"10.0.0.0/8", "10.1.2.3:1", "192.0.2.77, evil", "", "10.1.2.3", "10.1.2.0/24", false},
		"none":                     {"10.0.0.0/8", "10.1.2.3:1", "", "", "10.1.2.3", "10.1.2.0/24", false},
		"IPv6":                     {"::1", "[::1]:1", "2001:db8:1:2:3:4:5:6", "https", "2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", true},
		"IPv4 in IPv6":             {"127.0.0.1", "[::ffff:127.0.0.1]:1", "::ffff:192.0.2.77", "https", "192.0.2.77", "192.0.2.0/24", true},
		"a name where an address":  {"127.0.0.1", "localhost:1", "192.0.2.77", "https", "invalid IP", "", false},
		"twice the same protocol":  {"127.0.0.1", "127.0.0.1:1", "192.0.2.77", "https,https", "192.0.2.77", "192.0.2.0/24", false},
		"all hops are our proxies": {"10.0.0.0/8", "10.1.2.3:1", "10.0.0.1, 10.0.0.2", "", "10.0.0.1", "10.0.0.0/24", false},
	} {
		proxies, err := ParseProxies(c.proxies)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.remote
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if c.proto != "" {
			r.Header.Set("X-Forwarded-Proto", c.proto)
		}
		client := proxies.Client(r)
		if client.String() != c.client || Network(client) != c.network || proxies.HTTPS(r) != c.https {
			t.Errorf("%s: %s in %q, https %v; want %s in %q, %v", name, client, Network(client), proxies.HTTPS(r), c.client, c.network, c.https)
		}
	}
	for _, bad := range []string{"10.0.0.0/33", "proxy.example.org", "10.0.0"} {
		if _, err := ParseProxies(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
	r := httptest.NewRequest("GET", "/", nil)
	r.TLS = &tls.ConnectionState{}
	if !Proxies(nil).HTTPS(r) {
		t.Error("a connection with TLS is no HTTPS")
	}
}
