package store_test

import (
	"slices"
	"testing"
	"time"

	"postrider/internal/audit"
	"postrider/internal/ids"
	"postrider/store"
	"postrider/store/storetest"
)

func TestAuditLogIsReadByPersonKindAndDate(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		begin := time.Date(2026, 11, 24, 9, 0, 0, 0, time.UTC)
		ann := ids.New[audit.Entry]().String()
		for i, e := range []audit.Entry{
			{Actor: ann + " Ann", Action: "approved", Kind: "campaign"},
			{Actor: "cli", Action: "created", Kind: "list"},
			{Actor: ann + " Ann Berg", Action: "paused", Kind: "edition", Detail: "sending → paused: person"},
			{Actor: "courier", Action: "sent", Kind: "edition"},
			{Actor: "courier", Action: "gave_up", Kind: "edition"},
		} {
			at := begin.Add(time.Duration(i/2) * time.Hour) // two at the same moment
			storetest.Exec(t, s, `INSERT INTO audit_log (id, at, actor, action, kind, object, detail) VALUES ($1, $2, $3, $4, $5, 1, $6)`,
				int64(ids.New[audit.Entry]()), at.UnixMilli(), e.Actor, e.Action, e.Kind, e.Detail)
		}
		read := func(f audit.Filter, before audit.Record, limit int) []string {
			t.Helper()
			var got []string
			for _, r := range must[[]audit.Record](t)(s.Audit(ctx, f, before, limit)) {
				got = append(got, r.Action)
			}
			return got
		}
		for name, x := range map[string]struct {
			filter audit.Filter
			want   []string
		}{
			"all":           {audit.Filter{}, []string{"gave_up", "sent", "paused", "created", "approved"}},
			"by id":         {audit.Filter{Actor: ann}, []string{"paused", "approved"}},
			"by actor":      {audit.Filter{Actor: ann + " Ann"}, []string{"paused", "approved"}},
			"by the system": {audit.Filter{Actor: "courier"}, []string{"gave_up", "sent"}},
			"by kind":       {audit.Filter{Kind: "edition"}, []string{"gave_up", "sent", "paused"}},
			"by date":       {audit.Filter{From: begin.Add(time.Hour), Until: begin.Add(2 * time.Hour)}, []string{"sent", "paused"}},
			"by all":        {audit.Filter{Actor: ann, Kind: "edition", From: begin}, []string{"paused"}},
			"nobody":        {audit.Filter{Actor: "x' OR 1=1 --"}, nil},
		} {
			if got := read(x.filter, audit.Record{}, 10); !slices.Equal(got, x.want) {
				t.Errorf("%s: %q, want %q", name, got, x.want)
			}
		}
		var walked []string
		var last audit.Record
		for {
			page := must[[]audit.Record](t)(s.Audit(ctx, audit.Filter{}, last, 1))
			if len(page) == 0 {
				break
			}
			walked, last = append(walked, page[0].Action), page[0]
		}
		if want := []string{"gave_up", "sent", "paused", "created", "approved"}; !slices.Equal(walked, want) {
			t.Errorf("page by page: %q, want %q", walked, want)
		}
		if again := must[audit.Record](t)(s.AuditRecord(ctx, last.ID)); again != last {
			t.Errorf("%+v, want %+v", again, last)
		}
	})
}

func TestDetailsTellFromAndTo(t *testing.T) {
	t.Parallel()
	for detail, want := range map[string][3]string{
		"sending → held: relay": {"sending", "held", "relay"}, "draft → approved": {"draft", "approved", ""}, "3 added": {"", "", "3 added"}, "": {},
	} {
		from, to, rest := audit.Entry{Detail: detail}.FromTo()
		if got := [3]string{from, to, rest}; got != want {
			t.Errorf("%q: %q, want %q", detail, got, want)
		}
	}
}
