package fetch

import (
	"net"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"postrider/internal/errs"
)

// hosts are those that the administrator allows, as "name:port".
type hosts map[string]bool

func readHosts(entries []string) (hosts, error) {
	out := hosts{}
	for _, e := range entries {
		e = strings.TrimSpace(e)
		if e == "" {
			continue
		}
		name, port := e, ""
		if h, p, err := net.SplitHostPort(e); err == nil {
			name, port = h, p
		}
		name = canonical(strings.Trim(name, "[]"))
		if name == "" || strings.ContainsAny(name, "/@ *") || net.ParseIP(name) == nil && strings.Contains(name, ":") {
			return nil, bad(e)
		}
		if port == "" {
			out[net.JoinHostPort(name, "80")], out[net.JoinHostPort(name, "443")] = true, true
			continue
		}
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return nil, bad(e)
		}
		out[net.JoinHostPort(name, port)] = true
	}
	return out, nil
}

func bad(entry string) error {
	return &errs.Error{Kind: errs.Invalid, Field: "--fetch-allow", Text: strconv.Quote(clip(entry)) + " is no host: write intranet.example.org or 10.0.0.7:8080"}
}

// has reports whether a connection to "host:port" is allowed by name.
func (h hosts) has(address string) bool {
	name, port, err := net.SplitHostPort(address)
	return err == nil && h[net.JoinHostPort(canonical(name), port)]
}

// canonical is a host as net/http dials it: lower case, A-labels, no dot at
// the end.
func canonical(name string) string {
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if ip := net.ParseIP(name); ip != nil {
		return ip.String()
	}
	if a, err := idna.Lookup.ToASCII(name); err == nil {
		return a
	}
	return name
}
