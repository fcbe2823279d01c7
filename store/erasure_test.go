package store_test

import (
	"bytes"
	"net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"postrider/internal/errs"
	"postrider/internal/notice"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// tables lists the tables of a database.
func tables(t testing.TB, s *store.Store) []string {
	t.Helper()
	if s.Path() != "" {
		return storetest.Column[string](t, s, `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY name`)
	}
	return storetest.Column[string](t, s, `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename`)
}

// texts returns the text columns of a table.
func texts(t testing.TB, s *store.Store, table string) []string {
	t.Helper()
	if s.Path() != "" {
		return storetest.Column[string](t, s, `SELECT name FROM pragma_table_info($1) WHERE upper(type) = 'TEXT' ORDER BY cid`, table)
	}
	return storetest.Column[string](t, s, `SELECT column_name FROM information_schema.columns WHERE table_name = $1 AND data_type = 'text' ORDER BY ordinal_position`, table)
}

// TestErasureLeavesNoTrace looks for a canary in each text of each table, in the
// files of a SQLite database, and in exports.
func TestErasureLeavesNoTrace(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		news := list(t, g, "news")
		file := "email,name,tags,note,secret\ncanary@example.org,Canary Person,vip,canary likes tea,canary-field\n"
		importText(t, g, file, subscribers.ImportOptions{Lists: []string{"news"}, Consent: "as told", Map: map[string]string{"note": "note"}})
		importText(t, g, strings.Replace(file, "Person", "Other", 1), subscribers.ImportOptions{Lists: []string{"news"}})
		who := must[subscribers.Subscriber](t)(g.Find(ctx, "canary@example.org"))
		if err := g.Unsubscribe(ctx, who.ID, []subscribers.ListID{news}, subscribers.Sign{Actor: "reader", Reason: "canary has too much mail"}); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Note(ctx, "cli", who.ID, "canary called"); err != nil {
			t.Fatal(err)
		}
		edition(t, s, 9, "accepted", []subscribers.ListID{news}, who.ID)
		storetest.Exec(t, s, `UPDATE recipients SET answer = '250 canary@example.org ok'`)
		if err := s.AddNotice(ctx, notice.Notice{Kind: notice.Test, To: mail.Address{Name: "Canary", Address: "canary@example.org"}, From: "n@example.org", Subject: "s", Text: "dear canary"}); err != nil {
			t.Fatal(err)
		}
		letter := func(subscribers.Request, subscribers.Subscriber) notice.Notice {
			return notice.Notice{Kind: notice.Request, From: "n@example.org", Subject: "s", Text: "dear canary"}
		}
		if err := g.AskOwn(ctx, who.ID, subscribers.RequestAddress, "canary@elsewhere.example", letter); err != nil {
			t.Fatal(err)
		}
		if _, err := g.Suppress(ctx, "cli", "canary@example.org", "asked", ""); err != nil {
			t.Fatal(err)
		}
		if err := g.Forget(ctx, "cli", who.ID); err != nil {
			t.Fatal(err)
		}
		for _, table := range tables(t, s) {
			for _, column := range texts(t, s, table) {
				for _, v := range storetest.Column[string](t, s, `SELECT CAST(`+column+` AS TEXT) FROM `+table+` WHERE lower(CAST(`+column+` AS TEXT)) LIKE '%canary%'`) {
					t.Errorf("%s.%s keeps %q", table, column, v)
				}
			}
		}
		var exported bytes.Buffer
		must[int](t)(g.Export(ctx, &exported, subscribers.Query{}))
		must[int](t)(g.ExportSuppressions(ctx, &exported))
		if strings.Contains(strings.ToLower(exported.String()), "canary") {
			t.Errorf("exports keep it:\n%s", exported.String())
		}
		if s.Path() != "" {
			noTraceInFiles(t, s)
		}
		again := importText(t, g, file, subscribers.ImportOptions{Lists: []string{"news"}})
		if again.Refused != 1 {
			t.Errorf("imported again: %+v, want refused", again)
		}
		if _, err := g.Find(ctx, "canary@example.org"); !errs.Is(err, errs.NotFound) {
			t.Errorf("they are back: %v", err)
		}
	})
}

func noTraceInFiles(t *testing.T, s *store.Store) {
	t.Helper()
	storetest.Exec(t, s, `VACUUM`)
	storetest.Exec(t, s, `PRAGMA wal_checkpoint(TRUNCATE)`)
	files, err := filepath.Glob(s.Path() + "*")
	if err != nil || len(files) == 0 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(bytes.ToLower(b), []byte("canary")) {
			t.Errorf("%s keeps it after a vacuum", filepath.Base(name))
		}
	}
}

func TestDoNotMailListGoesAndComesBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g, to := registry(s), registry(storetest.Open(t, storetest.SQLite(t), store.Options{}))
		g.Hash = func(canonical string) []string { return []string{subscribers.WordingHash(canonical)} } // as long as a real one
		to.Hash = g.Hash
		for _, what := range []string{"=x@example.org", "@example.net", "b@example.com"} {
			if _, err := g.Suppress(ctx, "cli", what, "asked, twice", "telephone"); err != nil {
				t.Fatal(err)
			}
		}
		who := must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "gone@example.org"}))
		if err := g.Forget(ctx, "cli", who.ID); err != nil {
			t.Fatal(err)
		}
		var file, again bytes.Buffer
		if n := must[int](t)(g.ExportSuppressions(ctx, &file)); n != 4 {
			t.Fatalf("%d entries", n)
		}
		r, err := to.ImportSuppressions(ctx, "cli", bytes.NewReader(file.Bytes()), "", "import")
		if err != nil || r.Added != 4 || r.Refused != 0 {
			t.Fatalf("%+v, %v", r, err)
		}
		must[int](t)(to.ExportSuppressions(ctx, &again))
		if file.String() != again.String() {
			t.Errorf("went out as\n%sand came back as\n%s", file.String(), again.String())
		}
		if r := importText(t, to, "gone@example.org\n", subscribers.ImportOptions{}); r.Refused != 1 {
			t.Errorf("the forgotten one is taken: %+v", r)
		}
	})
}
