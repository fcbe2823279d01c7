package mailhost

import (
	"context"
	"net"
	"sync"
	"testing"
)

// zone answers from a table and counts questions.
type zone struct {
	mx    map[string][]string
	hosts map[string]bool
	down  map[string]bool

	mu    sync.Mutex
	asked map[string]int
}

func (z *zone) note(name string) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.asked == nil {
		z.asked = map[string]int{}
	}
	z.asked[name]++
}

func (z *zone) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	z.note(name)
	if z.down[name] {
		return nil, &net.DNSError{Name: name, IsTimeout: true}
	}
	var out []*net.MX
	for _, host := range z.mx[name] {
		out = append(out, &net.MX{Host: host})
	}
	if out == nil {
		return nil, &net.DNSError{Name: name, IsNotFound: true}
	}
	return out, nil
}

func (z *zone) LookupIPAddr(_ context.Context, name string) ([]net.IPAddr, error) {
	if z.hosts[name] {
		return []net.IPAddr{{IP: net.IPv4(192, 0, 2, 1)}}, nil
	}
	return nil, &net.DNSError{Name: name, IsNotFound: true}
}

func TestVerdicts(t *testing.T) {
	t.Parallel()
	z := &zone{
		mx:    map[string][]string{"mx.example.": {"mail.example."}, "null.example.": {"."}},
		hosts: map[string]bool{"host.example.": true},
		down:  map[string]bool{"down.example.": true},
	}
	h := &Hosts{Resolver: z}
	for domain, want := range map[string]Verdict{
		"mx.example": Found, "host.example": Found, "null.example": NullMX, "nowhere.example": None, "down.example": Unknown,
	} {
		for range 3 {
			if got := h.Look(context.Background(), domain); got != want {
				t.Errorf("%s: %s, want %s", domain, got, want)
			}
		}
		if n := z.asked[domain+"."]; n != 1 {
			t.Errorf("%s was asked about %d times", domain, n)
		}
		if (want == None || want == NullMX) != (want.Text() != "") {
			t.Errorf("%s says %q", want, want.Text())
		}
	}
}

func TestLookupsAreFew(t *testing.T) {
	t.Parallel()
	z := &zone{mx: map[string][]string{"a.example.": {"m."}, "b.example.": {"m."}}}
	h := &Hosts{Resolver: z, Limit: 1}
	if a, b, again := h.Look(context.Background(), "a.example"), h.Look(context.Background(), "b.example"), h.Look(context.Background(), "a.example"); a != Found || b != Unknown || again != Found {
		t.Errorf("%s, %s, %s", a, b, again)
	}
}
