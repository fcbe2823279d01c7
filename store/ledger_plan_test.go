package store_test

import (
	"strings"
	"testing"

	"postrider/store"
	"postrider/store/storetest"
)

// SQLite takes a partial index only where the query says its condition word
// for word; without it these queries walk through all editions.
func TestLedgerIsReadThroughItsIndexes(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	for name, query := range store.LedgerQueries() {
		plan := must[string](t)(s.Plan(ctx, query))
		for step := range strings.Lines(plan) {
			if strings.Contains(step, "recipients") && !strings.Contains(step, "INDEX recipients_") {
				t.Errorf("%s: %s\nin\n%s", name, step, plan)
			}
		}
	}
}

func TestAnewLedgerKeepsItsRows(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		const columns = `id, edition_id, subscriber_id, variant, state, not_before, owner, epoch, attempts, drops,
			first_attempt, relay, code, enhanced, answer, reason, decided_at, updated_at`
		storetest.Exec(t, s, `INSERT INTO recipients (`+columns+`) VALUES (1, 2, 3, 'v', 'deferred', 4, 0, 5, 6, 7, 8, 'r', 9, 'e', 'a', 'w', 10, 11)`)
		all := `SELECT ` + strings.ReplaceAll(columns, ",", " || ' ' ||") + ` FROM recipients`
		before := storetest.One[string](t, s, all)
		if _, err := s.MigrateTo(ctx, must[string](t)(store.MigrationText(4))); err != nil {
			t.Fatal(err)
		}
		if after := storetest.One[string](t, s, all); after != before {
			t.Errorf("the row was %s and is %s", before, after)
		}
	})
}
