package respond

import (
	"net"
	"net/http"
	"net/netip"
	"strings"

	"postrider/internal/errs"
)

// Proxies are the machines in front of us whose X-Forwarded-For and
// X-Forwarded-Proto count. Nobody else's do: whoever asks could write them.
type Proxies []netip.Prefix

// maxForwarded bounds how many hops are looked at.
const maxForwarded = 20

// ParseProxies reads addresses and networks, "10.0.0.7, 192.168.0.0/16".
func ParseProxies(s string) (Proxies, error) {
	var out Proxies
	for _, word := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		if a, err := netip.ParseAddr(word); err == nil {
			a = a.Unmap()
			out = append(out, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		p, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, errs.Invalidf("want addresses or networks such as 127.0.0.1, 10.0.0.0/8, not %q", word)
		}
		out = append(out, p.Masked())
	}
	return out, nil
}

func (p Proxies) trust(a netip.Addr) bool {
	for _, prefix := range p {
		if prefix.Contains(a.Unmap()) {
			return true
		}
	}
	return false
}

// Client is the address that a request comes from: the connection's, or the
// last one in X-Forwarded-For that no proxy of ours has.
func (p Proxies) Client(r *http.Request) netip.Addr {
	client := remote(r)
	if !p.trust(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0 && i >= len(hops)-maxForwarded; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break // whatever stands before it, nobody whom we trust has written
		}
		client = hop.Unmap().WithZone("")
		if !p.trust(client) {
			break
		}
	}
	return client
}

func remote(r *http.Request) netip.Addr {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	a, _ := netip.ParseAddr(host) // the zero address where there is none: nobody trusts it
	return a.Unmap().WithZone("")
}

// HTTPS reports whether the browser speaks HTTPS, to us or to a proxy of ours.
func (p Proxies) HTTPS(r *http.Request) bool {
	if r.TLS != nil {
		return true
	}
	if !p.trust(remote(r)) {
		return false
	}
	proto := r.Header.Values("X-Forwarded-Proto")
	return len(proto) == 1 && strings.EqualFold(strings.TrimSpace(proto[0]), "https")
}

// Network is the neighbourhood of an address, for counting and for showing:
// "192.0.2.0/24", "2001:db8:1:2::/64". It names no single machine.
func Network(a netip.Addr) string {
	bits := 64
	if a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil || !a.IsValid() {
		return ""
	}
	return p.String()
}
