package store_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func locals(all []subscribers.Subscriber) string {
	var out []string
	for _, s := range all {
		local, _, _ := strings.Cut(s.Email, "@")
		out = append(out, local)
	}
	return strings.Join(out, " ")
}

func TestReadersAreFoundNewestFirstAndByTheirBeginning(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		news := list(t, g, "news")
		for _, n := range []subscribers.Newcomer{
			{Email: "ada@example.org", Name: "Ada Lindqvist", Lists: []string{"news"}}, {Email: "adam@example.org", Name: "Zoe"},
			{Email: "bo@example.org", Name: "Adelsköld, Bo", Lists: []string{"news"}}, {Email: "x%y@example.org", Name: "100 %"},
		} {
			must[subscribers.Subscriber](t)(g.Add(ctx, "cli", n))
		}
		page := func(q subscribers.Query) string {
			t.Helper()
			return locals(must[[]subscribers.Subscriber](t)(g.Page(ctx, q)))
		}
		first := must[[]subscribers.Subscriber](t)(g.Page(ctx, subscribers.Query{Newest: true, Limit: 2}))
		if got := locals(first); got != "x%y bo" {
			t.Errorf("the newest two are %q", got)
		}
		if got := page(subscribers.Query{Newest: true, Limit: 2, After: first[1].ID}); got != "adam ada" {
			t.Errorf("behind them are %q", got)
		}
		if got := page(subscribers.Query{Newest: true, List: news, State: subscribers.Active}); got != "bo ada" {
			t.Errorf("on the list are %q", got)
		}
		bo := must[subscribers.Subscriber](t)(g.Find(ctx, "bo@example.org"))
		if err := g.MarkAddress(ctx, "cli", bo.ID, subscribers.AddressBounced, "550"); err != nil {
			t.Fatal(err)
		}
		if got := page(subscribers.Query{Newest: true, Address: subscribers.AddressBounced}); got != "bo" {
			t.Errorf("bounced are %q", got)
		}
		for text, want := range map[string]string{"ADA": "ada adam", "ade": "bo", "lindqvist": "", "x%": "x%y", "%": "", "": "", "1": "x%y"} {
			if got := locals(must[[]subscribers.Subscriber](t)(g.Beginning(ctx, text, 10))); got != want {
				t.Errorf("beginning with %q: %q, want %q", text, got, want)
			}
		}
	})
}

func TestAnEditedReaderKeepsExactlyWhatWasTyped(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		r := must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "ada@example.org", Name: "Ada", Language: "sv", Fields: map[string]string{"city": "Lund", "role": "x"}}))
		edit := r
		edit.Name, edit.Language, edit.Fields = "", "en", map[string]string{"city": "Malmö", "role": ""}
		got := must[subscribers.Subscriber](t)(g.Edit(ctx, "ida", edit))
		if got.Name != "" || got.Language != "en" || len(got.Fields) != 1 || got.Fields["city"] != "Malmö" {
			t.Errorf("kept %+v", got)
		}
		if _, err := g.Edit(ctx, "ida", edit); !errs.Is(err, errs.Conflict) {
			t.Errorf("an edit of what has changed meanwhile: %v, want a conflict", err)
		}
		bad := got
		bad.Zone = "Mars/Olympus"
		if _, err := g.Edit(ctx, "ida", bad); !errs.Is(err, errs.Invalid) {
			t.Errorf("a zone that does not exist: %v", err)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE actor = 'ida' AND action = 'changed' AND kind = 'subscriber'`); n != 1 {
			t.Errorf("%d entries in the audit log, want 1", n)
		}
	})
}

func TestListsAreRenamedAndDescribed(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		list(t, g, "other")
		l := must[subscribers.List](t)(g.CreateList(ctx, "cli", "news", ""))
		l.Name, l.Title, l.Description = "weekly", "The week", "Every Tuesday"
		must[subscribers.List](t)(g.ChangeList(ctx, "ida", l))
		all := must[[]subscribers.ListCounts](t)(g.Lists(ctx, "", 0))
		if len(all) != 2 || all[1].Name != "weekly" || all[1].Title != "The week" || all[1].Description != "Every Tuesday" {
			t.Errorf("lists: %+v", all)
		}
		if got := must[subscribers.List](t)(g.List(ctx, "weekly")); got.ID != l.ID || got.Description != l.Description {
			t.Errorf("found %+v", got)
		}
		l.Name = "other"
		if _, err := g.ChangeList(ctx, "ida", l); !errs.Is(err, errs.Conflict) {
			t.Errorf("a taken name: %v, want a conflict", err)
		}
		l.ID, l.Name = 77, "x"
		if _, err := g.ChangeList(ctx, "ida", l); !errs.Is(err, errs.NotFound) {
			t.Errorf("a missing list: %v", err)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE actor = 'ida' AND kind = 'list'`); n != 1 {
			t.Errorf("%d entries in the audit log, want 1", n)
		}
	})
}

func TestDoNotMailListIsSearchedNewestFirst(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		for _, what := range []string{"ada@example.org", "example.com", "bo_b@example.net"} {
			must[subscribers.Suppression](t)(g.Suppress(ctx, "cli", what, "asked", ""))
		}
		get := func(before subscribers.SuppressionID, search string) (out []string, last subscribers.SuppressionID) {
			for _, x := range must[[]subscribers.Suppression](t)(g.SuppressionsNewest(ctx, before, search, 2)) {
				out, last = append(out, x.Value), x.ID
			}
			return out, last
		}
		first, last := get(0, "")
		if !slices.Equal(first, []string{"bo_b@example.net", "example.com"}) {
			t.Errorf("the newest are %v", first)
		}
		if next, _ := get(last, ""); !slices.Equal(next, []string{"ada@example.org"}) {
			t.Errorf("behind them is %v", next)
		}
		for text, want := range map[string]int{"EXAMPLE.": 2, "o_b": 1, "%": 0, "ada@": 1} {
			if got, _ := get(0, text); len(got) != want {
				t.Errorf("%q finds %v, want %d", text, got, want)
			}
		}
	})
}

// everyTable counts the rows of what an import writes.
func everyTable(t *testing.T, s *store.Store) string {
	var out []string
	for _, table := range []string{"subscribers", "lists", "memberships", "consents", "audit_log"} {
		out = append(out, fmt.Sprint(storetest.One[int64](t, s, "SELECT count(*) FROM "+table)))
	}
	return strings.Join(out, " ")
}

func TestDryRunCountsAsTheImportAndStoresNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		list(t, g, "news")
		must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "ada@example.org", Name: "Ada", Lists: []string{"news"}}))
		must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "bo@example.org", Name: "Bo"}))
		must[subscribers.Suppression](t)(g.Suppress(ctx, "cli", "never@example.org", "asked", ""))
		file := "Who,Wohin,Ort\nAda,ada@example.org,\nBo,bo@example.org,Oslo\nCy,cy@example.org,\nNo,never@example.org,Rom\nX,nonsense,\nCy,CY@example.org,\n"
		o := subscribers.ImportOptions{Actor: "cli", Lists: []string{"news", "made by it"}, Create: true, Consent: "agreed", Columns: []string{"name", "email", "city"}, DryRun: true}
		var refused []subscribers.Refusal
		o.OnRefused = func(r subscribers.Refusal) { refused = append(refused, r) }
		before := everyTable(t, s)
		dry := importText(t, g, file, o)
		if after := everyTable(t, s); after != before {
			t.Errorf("rows %s, were %s: a dry run stores nothing", after, before)
		}
		if dry.Rows != 6 || dry.Added != 1 || dry.Updated != 2 || dry.Unchanged != 1 || dry.Refused != 2 {
			t.Errorf("dry run: %+v", dry)
		}
		if len(refused) != 2 || refused[0].Line != 6 || refused[0].Cells[1] != "nonsense" || refused[1].Line != 5 || refused[1].Cells[2] != "Rom" {
			t.Errorf("refused: %+v", refused)
		}
		o.DryRun = false
		real := importText(t, g, file, o)
		if real.Added != dry.Added || real.Updated != dry.Updated || real.Unchanged != dry.Unchanged || real.Refused != dry.Refused {
			t.Errorf("the import says %+v, the dry run said %+v", real, dry)
		}
		if got := must[subscribers.Subscriber](t)(g.Find(ctx, "bo@example.org")); got.Fields["city"] != "Oslo" || got.Name != "Bo" {
			t.Errorf("mapped to %+v", got)
		}
	})
}

func TestColumnsOfAFileWithoutTitlesAreGuessed(t *testing.T) {
	t.Parallel()
	file := "Ada;ada@example.org;Lund\nBo;bo@example.org;\n"
	p := must[subscribers.Preview](t)(subscribers.Look(strings.NewReader(file), 5))
	if !p.NoHeader || !slices.Equal(p.Columns, []string{"", "email", ""}) || len(p.Rows) != 2 || p.Rows[1][0] != "Bo" {
		t.Errorf("preview: %+v", p)
	}
	p = must[subscribers.Preview](t)(subscribers.Look(strings.NewReader("Kontakt,Full Name,list:news,Ort\nada@example.org,Ada,active\n"), 5))
	if p.NoHeader || !slices.Equal(p.Columns, []string{"email", "name", "list:news", "ort"}) || len(p.Rows[0]) != 4 {
		t.Errorf("preview: %+v", p)
	}
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	g := registry(s)
	r := importText(t, g, file, subscribers.ImportOptions{Columns: []string{"first_name", "email", ""}, NoHeader: true})
	if r.Added != 2 {
		t.Errorf("import without titles: %+v", r)
	}
	if _, err := g.Import(ctx, strings.NewReader(file), subscribers.ImportOptions{Columns: []string{"", "name", ""}}); !errs.Is(err, errs.Invalid) {
		t.Errorf("no column for the address: %v", err)
	}
}

// manyReaders stores n readers on a list.
func manyReaders(b *testing.B, g *subscribers.Registry, n int) subscribers.ListID {
	b.Helper()
	first := []string{"Ada", "Bo", "Clara", "Dag", "Elin", "Åsa", "Örjan", "Wilma", "Nils", "Maja"}
	last := []string{"Lindqvist", "Berg", "Nilsson", "Öberg", "Svensson", "Ek", "Ström"}
	var file strings.Builder
	file.WriteString("email,name,city\n")
	for i := range n {
		fmt.Fprintf(&file, "%s.%d@host%d.example.org,%s %s,Lund\n", strings.ToLower(last[i%7]), i, i%5000, first[i%10], last[i%7])
	}
	l := list(b, g, "news")
	began := time.Now()
	r := must[subscribers.ImportResult](b)(g.Import(ctx, strings.NewReader(file.String()), subscribers.ImportOptions{Lists: []string{"news"}, Consent: "agreed"}))
	if r.Added != n {
		b.Fatalf("%+v", r)
	}
	b.Logf("%d readers in %s", n, time.Since(began).Round(time.Millisecond))
	return l
}

// BenchmarkReaderPages measures what the pages about readers ask for, at a
// million: go test ./store -run ^$ -bench ReaderPages -benchtime 5x
func BenchmarkReaderPages(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, s *store.Store) {
		g := registry(s)
		news := manyReaders(b, g, 1_000_000)
		middle := must[subscribers.Subscriber](b)(g.Find(ctx, "berg.500004@host4.example.org")).ID
		if !s.Shared() {
			storetest.Exec(b, s, "ANALYZE")
		} else {
			storetest.Exec(b, s, "VACUUM ANALYZE")
		}
		for name, ask := range map[string]func() (int, error){
			"newest": func() (int, error) { return count(g.Page(ctx, subscribers.Query{Newest: true, Limit: 51})) },
			"middle": func() (int, error) {
				return count(g.Page(ctx, subscribers.Query{Newest: true, After: middle, Limit: 51}))
			},
			"on-list": func() (int, error) {
				return count(g.Page(ctx, subscribers.Query{Newest: true, List: news, State: subscribers.Active, After: middle, Limit: 51}))
			},
			"none-left": func() (int, error) {
				return count(g.Page(ctx, subscribers.Query{Newest: true, List: news, State: subscribers.Unsubscribed, Limit: 51}))
			},
			"bounced": func() (int, error) {
				return count(g.Page(ctx, subscribers.Query{Newest: true, Address: subscribers.AddressBounced, Limit: 51}))
			},
			"beginning": func() (int, error) { return count(g.Beginning(ctx, "svensson.9999", 51)) },
			"substring": func() (int, error) {
				return count(g.Page(ctx, subscribers.Query{Newest: true, Search: "berg.999", Limit: 51}))
			},
			"substring0": func() (int, error) {
				return count(g.Page(ctx, subscribers.Query{Newest: true, Search: "nobody at all", Limit: 51}))
			},
			"lists": func() (int, error) { return count(g.Lists(ctx, "", 100)) },
		} {
			b.Run(name, func(b *testing.B) {
				for range b.N {
					if _, err := ask(); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}

func count[T any](all []T, err error) (int, error) { return len(all), err }
