package store_test

import (
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/internal/notice"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func TestAddressMovesOnceAndTakesNobodysPlace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		list(t, g, "news")
		ada := must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "ada@example.org", Lists: []string{"news"}}))
		must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "bea@example.org", Lists: []string{"news"}}))
		must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "gone@example.org"}))
		if _, err := g.Suppress(ctx, "cli", "barred@example.org", "asked", ""); err != nil {
			t.Fatal(err)
		}
		if err := g.MarkAddress(ctx, "cli", ada.ID, subscribers.AddressBounced, "550"); err != nil {
			t.Fatal(err)
		}
		var asked subscribers.RequestID
		letter := func(r subscribers.Request, _ subscribers.Subscriber) notice.Notice {
			asked = r.ID
			return notice.Notice{Kind: notice.Request, From: "n@example.org", Subject: "s", Text: "t"}
		}
		for to, kind := range map[string]errs.Kind{"BEA@example.org": errs.Conflict, "barred@example.org": errs.Conflict, "nobody": errs.Invalid} {
			if _, err := g.Move(ctx, "cli", ada.ID, to); !errs.Is(err, kind) {
				t.Errorf("to %s: %v, want %v", to, err, kind)
			}
		}
		// A link for the old address is worth nothing once the reader is elsewhere.
		if err := g.AskOwn(ctx, ada.ID, subscribers.RequestErase, "", letter); err != nil {
			t.Fatal(err)
		}
		moved := must[subscribers.Subscriber](t)(g.Move(ctx, "cli", ada.ID, "Ada@Example.net"))
		if moved.Email != "Ada@example.net" || moved.AddressState != subscribers.AddressOK {
			t.Errorf("the reader is %+v", moved)
		}
		if domain := storetest.One[string](t, s, `SELECT domain FROM subscribers WHERE id = $1`, int64(ada.ID)); domain != "example.net" {
			t.Errorf("the domain is %q", domain)
		}
		if state := storetest.One[string](t, s, `SELECT state FROM notices`); state != "cancelled" {
			t.Errorf("the mail to the old address is %s", state)
		}
		if err := g.EraseOwn(ctx, asked); !errs.Is(err, errs.NotFound) {
			t.Errorf("the old address can erase: %v", err)
		}
		on := must[[]subscribers.Membership](t)(g.Memberships(ctx, ada.ID))
		if len(on) != 1 || on[0].State != subscribers.Active {
			t.Errorf("memberships are %+v", on)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE action = 'address changed'`); n != 1 {
			t.Errorf("%d entries in the audit log, want 1", n)
		}
		// The new address cannot agree before the present one has.
		if err := g.AskOwn(ctx, ada.ID, subscribers.RequestAddress, "third@example.org", letter); err != nil {
			t.Fatal(err)
		}
		if err := g.Arrive(ctx, asked); !errs.Is(err, errs.NotFound) {
			t.Errorf("the new address agreed alone: %v", err)
		}
		now := g.Now()
		g.Now = func() time.Time { return now.Add(25 * time.Hour) }
		if _, err := g.Tidy(ctx); err != nil {
			t.Fatal(err)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM reader_requests`); n != 0 {
			t.Errorf("%d requests are left after a day", n)
		}
	})
}
