package storetest_test

import (
	"testing"

	"postrider/store"
	"postrider/store/storetest"
)

func TestEachGivesFreshMigratedStores(t *testing.T) {
	t.Parallel()
	for range 3 {
		storetest.Each(t, func(t *testing.T, s *store.Store) {
			if n := storetest.One[int](t, s, `SELECT count(*) FROM lists`); n != 0 {
				t.Fatalf("a fresh store has %d lists", n)
			}
			if n := storetest.Exec(t, s, `INSERT INTO lists (id, name, title, created_at) VALUES ($2, $1, $1, 0)`, "news", 7); n != 1 {
				t.Fatalf("inserted %d rows, want 1", n)
			}
			if id := storetest.One[int64](t, s, `SELECT id FROM lists WHERE name = $1`, "news"); id != 7 {
				t.Fatalf("$2 went to id %d, want 7", id)
			}
		})
	}
}

func TestPostgresIsShared(t *testing.T) {
	t.Parallel()
	url := storetest.Postgres(t)
	a, b := storetest.Open(t, url, store.Options{}), storetest.Open(t, url, store.Options{})
	storetest.Exec(t, a, `INSERT INTO lists (id, name, title, created_at) VALUES (1, 'news', '', 0)`)
	if n := storetest.One[int](t, b, `SELECT count(*) FROM lists`); n != 1 {
		t.Fatalf("the other node sees %d lists, want 1", n)
	}
}
