package store_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
)

// keyRing looks nothing up: every name is missing.
func keyRing(t testing.TB, s *store.Store) *delivery.KeyRing {
	return &delivery.KeyRing{Store: s, Secrets: sealer(t), Now: func() time.Time { return time.Date(2027, 3, 1, 9, 0, 0, 0, time.UTC) },
		Lookup: func(context.Context, string) ([]string, error) { return nil, &net.DNSError{IsNotFound: true} }}
}

func states(keys []delivery.SigningKey) string {
	var out []string
	for _, k := range keys {
		out = append(out, k.Selector+"="+string(k.State))
	}
	return strings.Join(out, " ")
}

func TestDKIMKeysTakeTurns(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		zone := map[string]string{}
		ring := keyRing(t, s)
		ring.Lookup = func(_ context.Context, name string) ([]string, error) {
			if v, ok := zone[name]; ok {
				return []string{v}, nil
			}
			return nil, &net.DNSError{IsNotFound: true}
		}
		if _, err := ring.Rotate(ctx, "test", "example.org"); !errs.Is(err, errs.NotFound) {
			t.Errorf("rotated before there was a key: %v", err)
		}
		keys, err := ring.Make(ctx, "test", "Example.ORG", "")
		if err != nil || states(keys) != "pr202703=next pr202703e=next" {
			t.Fatalf("%s, %v", states(keys), err)
		}
		if _, err := ring.Make(ctx, "test", "example.org", "other"); !errs.Is(err, errs.Conflict) {
			t.Errorf("made others while some wait: %v", err)
		}
		if got, err := ring.Signers(ctx, "example.org"); err != nil || len(got) != 0 {
			t.Errorf("%d keys sign before they are active, %v", len(got), err)
		}
		if _, err := ring.Activate(ctx, "test", "example.org", true); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "pr202703._domainkey.example.org") {
			t.Errorf("activated without a record: %v", err)
		}
		for _, k := range keys {
			name, value := k.Record()
			zone[name] = value
		}
		good := zone["pr202703e._domainkey.example.org"]
		zone["pr202703e._domainkey.example.org"] = zone["pr202703._domainkey.example.org"]
		if _, err := ring.Activate(ctx, "test", "example.org", true); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "not this key's") {
			t.Errorf("activated with another's record: %v", err)
		}
		zone["pr202703e._domainkey.example.org"] = strings.ReplaceAll(good, "; ", " ;  ")
		if got, err := ring.Activate(ctx, "test", "example.org", true); err != nil || states(got) != "pr202703=active pr202703e=active" {
			t.Errorf("%s, %v", states(got), err)
		}
		signers, err := ring.Signers(ctx, "example.org")
		if err != nil || len(signers) != 2 || signers[0].Selector != "pr202703" || signers[1].Domain != "example.org" {
			t.Errorf("signers %v, %v", signers, err)
		}
		if _, err := ring.Rotate(ctx, "test", "example.org"); err != nil {
			t.Fatal(err)
		}
		if got, err := ring.Activate(ctx, "test", "example.org", false); err != nil || states(got) != "pr202703=retired pr202703e=retired pr202703b=active pr202703be=active" {
			t.Errorf("%s, %v", states(got), err)
		}
		if _, err := ring.Activate(ctx, "test", "example.org", false); !errs.Is(err, errs.NotFound) {
			t.Errorf("activated twice: %v", err)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM dkim_keys WHERE state = 'retired' AND private_key <> ''`); n != 0 {
			t.Errorf("%d retired keys can still sign", n)
		}
		if _, err := ring.Show(ctx, "exmaple.org"); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), "did you mean example.org") {
			t.Errorf("a domain nearby: %v", err)
		}
		got := storetest.Column[string](t, s, `SELECT action FROM audit_log WHERE kind = 'dkim' ORDER BY id`)
		if strings.Join(got, " ") != "made activated made activated" {
			t.Errorf("audit log %v", got)
		}
	})
}

func TestSelectorsAreTakenOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		ring := keyRing(t, s)
		if _, err := ring.Make(ctx, "test", "example.org", "s1"); err != nil {
			t.Fatal(err)
		}
		if _, err := ring.Activate(ctx, "test", "example.org", false); err != nil {
			t.Fatal(err)
		}
		if _, err := ring.Make(ctx, "test", "example.org", "s1"); !errs.Is(err, errs.Conflict) || !strings.Contains(err.Error(), "--selector") {
			t.Errorf("the same selector: %v", err)
		}
		if got := states(must[[]delivery.SigningKey](t)(ring.Show(ctx, "example.org"))); got != "s1=active s1e=active" {
			t.Errorf("half of the second pair is there: %s", got)
		}
		for _, bad := range []string{"S1", "-a", "a.b", "ü", strings.Repeat("a", 70)} {
			if _, err := ring.Make(ctx, "test", "example.org", bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("selector %q: %v", bad, err)
			}
		}
	})
}
