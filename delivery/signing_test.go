package delivery_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"postrider/campaigns"
	"postrider/delivery"
	"postrider/internal/errs"
	"postrider/internal/secrets"
	"postrider/internal/smtptest"
	"postrider/store"
	"postrider/store/storetest"
)

func sealer(t *testing.T, first byte) *secrets.Sealer {
	t.Helper()
	s, err := secrets.New(bytes.Repeat([]byte{first}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestEditionsAreSignedOnceKeysAreActive(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, readers(3)...)
		ring := &delivery.KeyRing{Store: s, Secrets: sealer(t, 1), Now: s.Now}
		if _, err := ring.Make(t.Context(), "test", "org.example", "s1"); err != nil {
			t.Fatal(err)
		}
		for _, want := range []int{0, 2} {
			relay := smtptest.Start(t, "")
			c := o.courier(relay, 2)
			c.Sign = ring.Signers
			o.run(t, c, o.publish(t).ID, sent)
			for _, m := range relay.Wait(3) {
				if n := strings.Count(string(m.Data), "DKIM-Signature: "); n != want {
					t.Fatalf("%d signatures, want %d", n, want)
				}
			}
			if want == 0 {
				if _, err := ring.Activate(t.Context(), "test", "org.example", false); err != nil {
					t.Fatal(err)
				}
			}
		}
	})
}

func TestAKeyThatCannotBeReadHoldsTheEdition(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		o := furnish(t, s, readers(3)...)
		ring := &delivery.KeyRing{Store: s, Secrets: sealer(t, 1), Now: s.Now}
		if _, err := ring.Make(t.Context(), "test", "org.example", "s1"); err != nil {
			t.Fatal(err)
		}
		if _, err := ring.Activate(t.Context(), "test", "org.example", false); err != nil {
			t.Fatal(err)
		}
		ring.Secrets = sealer(t, 2)
		if _, err := ring.Signers(context.Background(), "org.example"); !errs.Is(err, errs.Conflict) {
			t.Errorf("signers with another key file: %v", err)
		}
		relay := smtptest.Start(t, "")
		c := o.courier(relay, 2)
		c.Sign = ring.Signers
		e, f := o.run(t, c, o.publish(t).ID, held)
		if e.HeldCause != campaigns.CauseAnswers || !strings.Contains(e.Reason, "s1 of org.example") || f.Queued != 3 || len(relay.Accepted()) != 0 {
			t.Errorf("held for %q: %s; %+v", e.HeldCause, e.Reason, f)
		}
	})
}
