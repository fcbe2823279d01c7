package store_test

import (
	"strings"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func TestPausedReadersAreNotInAnAudienceUntilTheirDay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		news := list(t, g, "news")
		r := must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "ada@example.org", Lists: []string{"news"}}))
		now := g.Now()
		active := func(at time.Time) int {
			t.Helper()
			return storetest.One[int](t, s, `SELECT count(*) FROM memberships WHERE list_id = $1 AND state = 'active' AND paused_until <= $2`, int64(news), at.UnixMilli())
		}
		until := now.Add(48 * time.Hour)
		for range 2 {
			if err := g.Pause(ctx, "reader", r.ID, until); err != nil {
				t.Fatal(err)
			}
		}
		if active(now) != 0 || active(until) != 1 {
			t.Errorf("%d now and %d on that day, want 0 and 1", active(now), active(until))
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE action = 'paused'`); n != 1 {
			t.Errorf("%d entries in the audit log, want 1", n)
		}
		for _, bad := range []time.Time{now, now.Add(-time.Hour), now.AddDate(3, 0, 0)} {
			if err := g.Pause(ctx, "reader", r.ID, bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("until %s: %v, want invalid", bad, err)
			}
		}
		if err := g.Pause(ctx, "reader", r.ID, time.Time{}); err != nil || active(now) != 1 {
			t.Errorf("the pause does not end: %v", err)
		}
	})
}

func TestWhySomebodyLeftStandsInTheirTimeLine(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		r := must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "ada@example.org"}))
		for _, text := range []string{"  ", "too many mails", "a second one of the same day"} {
			if err := g.SayWhy(ctx, r.ID, text); err != nil {
				t.Fatal(err)
			}
		}
		var said []string
		for _, m := range must[[]subscribers.Moment](t)(g.TimeLine(ctx, r.ID, 0)) {
			if m.Kind == "consent" {
				said = append(said, string(m.What)+": "+m.Text)
			}
		}
		if strings.Join(said, "; ") != "withdrawn: too many mails" {
			t.Errorf("the time line says %q", said)
		}
		if err := g.SayWhy(ctx, 12345, "nobody"); err != nil {
			t.Errorf("of nobody: %v", err)
		}
	})
}
