package store_test

import (
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func TestRetentionTakesWhatHasLapsedAndNoMore(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		if r := must[subscribers.Retention](t)(g.Retention(ctx)); r != subscribers.DefaultRetention {
			t.Errorf("nothing is set, and holds is %+v", r)
		}
		for _, bad := range []subscribers.Retention{
			{Unconfirmed: 6, Networks: 30, Notices: 90, Returns: 180}, {Unconfirmed: 7, Networks: 0, Notices: 90, Returns: 180},
			{Unconfirmed: 7, Networks: 30, Notices: 90, Returns: 4000},
		} {
			if err := g.SetRetention(ctx, "cli", bad); !errs.Is(err, errs.Invalid) {
				t.Errorf("%+v: %v, want invalid", bad, err)
			}
		}
		set := subscribers.Retention{Unconfirmed: 10, Networks: 20, Notices: 40, Returns: 50}
		if err := g.SetRetention(ctx, "cli", set); err != nil {
			t.Fatal(err)
		}
		if r := must[subscribers.Retention](t)(g.Retention(ctx)); r != set {
			t.Errorf("holds is %+v, want %+v", r, set)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE kind = 'retention'`); n != 1 {
			t.Errorf("%d entries in the audit log, want 1", n)
		}
		now := g.Now()
		ago := func(days int) int64 { return now.AddDate(0, 0, -days).Add(-time.Second).UnixMilli() }
		within := func(days int) int64 { return now.AddDate(0, 0, -days).Add(time.Minute).UnixMilli() }
		for id, at := range map[int64]int64{1: ago(10), 2: within(10)} {
			storetest.Exec(t, s, `INSERT INTO signups (id, email, canonical, name, language, lists, source, wording, network, created_at)
				VALUES ($1, 'canary@example.org', 'h', 'Canary', '', '[]', '', '', '192.0.2.0/24', $2)`, id, at)
		}
		for id, at := range map[int64]int64{1: ago(20), 2: within(20)} {
			storetest.Exec(t, s, `INSERT INTO sessions (id, operator_id, hash, method, device, network, created_at, seen_at, ended_at)
				VALUES ($1, 1, $2, 'password', '', '192.0.2.0/24', $3, $3, 0)`, id, string(rune('a'+id)), at)
			storetest.Exec(t, s, `INSERT INTO sign_in_tries (key, failures, next_at, updated_at) VALUES ($1, 1, 0, $2)`, string(rune('a'+id)), at)
		}
		for id, x := range map[int64]struct {
			state string
			at    int64
		}{1: {"accepted", ago(40)}, 2: {"accepted", within(40)}, 3: {"sending", ago(40)}} {
			storetest.Exec(t, s, `INSERT INTO notices (id, kind, email, name, sender, reply_to, subject, html, body, state, expires_at, answer, created_at, updated_at)
				VALUES ($1, 'test', 'canary@example.org', 'Canary', '', '', 's', '', 'dear canary', $2, $3, '250 canary', $3, $3)`, id, x.state, x.at)
		}
		for id, at := range map[int64]int64{1: ago(50), 2: within(50)} {
			storetest.Exec(t, s, `INSERT INTO returns (id, key, recipient_id, edition_id, subscriber_id, class, reason, status, code, answer, proof, source, at)
				VALUES ($1, $2, 1, 1, 1, 'hard', '', '5.1.1', '550', 'no canary here', 'none', '', $3)`, id, string(rune('a'+id)), at)
		}
		want := subscribers.Forgotten{SignUps: 1, Networks: 2, Notices: 1, Returns: 1}
		if f := must[subscribers.Forgotten](t)(g.Tidy(ctx)); f != want {
			t.Errorf("forgotten are %+v, want %+v", f, want)
		}
		for query, left := range map[string]int{
			`SELECT count(*) FROM signups WHERE email <> ''`:           1,
			`SELECT count(*) FROM sessions WHERE network <> ''`:        1,
			`SELECT count(*) FROM sign_in_tries`:                       1,
			`SELECT count(*) FROM notices WHERE email <> ''`:           2,
			`SELECT count(*) FROM notices`:                             3,
			`SELECT count(*) FROM returns WHERE answer <> ''`:          1,
			`SELECT count(*) FROM returns`:                             2,
			`SELECT count(*) FROM audit_log WHERE actor = 'retention'`: 1,
		} {
			if n := storetest.One[int](t, s, query); n != left {
				t.Errorf("%s gives %d, want %d", query, n, left)
			}
		}
		if f := must[subscribers.Forgotten](t)(g.Tidy(ctx)); f != (subscribers.Forgotten{}) {
			t.Errorf("the second round forgets %+v", f)
		}
	})
}
