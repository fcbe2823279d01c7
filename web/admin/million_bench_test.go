package admin

import (
	"net/http"
	"testing"
	"time"

	"postrider/delivery"
	"postrider/store/storetest"
)

// BenchmarkPagesAtAMillion opens the pages of an installation with a million
// readers, an issue to all of them and a million lines in the audit log:
//
//	go test ./web/admin -run '^$' -bench Million -benchtime 20x
func BenchmarkPagesAtAMillion(b *testing.B) {
	w := build(b).signIn()
	const million = `WITH RECURSIVE c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < 1000000) `
	// Readers and recipients get ids behind those that are there.
	storetest.Exec(b, w.store, million+`
		INSERT INTO subscribers (id, email, canonical, domain, name, fields, language, zone, address_state, created_at, updated_at)
		SELECT 4000000000000000000 + i, 'r' || i || '@example.org', 'r' || i || '@example.org', 'example.org', '', '{}', '', '', 'ok', 0, 0 FROM c`)
	storetest.Exec(b, w.store, million+`
		INSERT INTO memberships (list_id, subscriber_id, state, paused_until, joined_at, updated_at)
		SELECT l.id, 4000000000000000000 + i, CASE WHEN i % 20 = 0 THEN 'unsubscribed' ELSE 'active' END, 0, 0, 0 FROM c, (SELECT min(id) AS id FROM lists) l`)
	storetest.Exec(b, w.store, million+`
		INSERT INTO recipients (id, edition_id, subscriber_id, state, attempts, code, answer, relay, updated_at)
		SELECT 4000000000000000000 + i, $1, 4000000000000000000 + i,
		       CASE WHEN i % 1000 = 0 THEN 'refused' WHEN i % 5000 = 1 THEN 'deferred' WHEN i % 50000 = 2 THEN 'unknown' WHEN i > 900000 THEN 'queued' ELSE 'accepted' END,
		       1, 250, 'queued as 4f', 'smtp', 0
		FROM c`, int64(w.edition))
	storetest.Exec(b, w.store, million+`
		INSERT INTO audit_log (id, at, actor, action, kind, object, detail)
		SELECT 4000000000000000000 + i, 1000 + i, CASE WHEN i % 3 = 0 THEN 'cli' ELSE 'reader' END, 'added', CASE WHEN i % 100000 = 0 THEN 'edition' ELSE 'subscriber' END, i, '' FROM c`)
	all, err := w.store.Recipients(b.Context(), w.edition, "", 4000000000000500000, 1)
	if err != nil {
		b.Fatal(err)
	}
	deep := all[0].ID.String()
	edition := editionURL(w.edition)
	for name, path := range map[string]string{
		"home": "/", "issues": "/editions", "issue": edition, "readers of issue": edition + "/recipients", "readers of issue, deep": edition + "/recipients?after=" + deep,
		"rejected": recipientsURL(w.edition, delivery.Refused), "accepted, deep": recipientsURL(w.edition, delivery.Accepted) + "&after=" + deep,
		"lists": "/lists", "readers": "/readers", "not certain": recipientsURL(w.edition, delivery.Unknown), "audit log": "/audit", "audit log by person": "/audit?who=cli", "audit log by kind": "/audit?kind=edition",
	} {
		b.Run(name, func(b *testing.B) {
			var worst time.Duration
			for b.Loop() {
				began := time.Now()
				if r := w.do("GET", path, nil); r.StatusCode != http.StatusOK {
					b.Fatalf("%s = %d", path, r.StatusCode)
				}
				worst = max(worst, time.Since(began))
			}
			b.ReportMetric(float64(worst.Milliseconds()), "ms/worst")
			b.ReportMetric(float64(b.Elapsed().Milliseconds())/float64(b.N), "ms/page")
		})
	}
}
