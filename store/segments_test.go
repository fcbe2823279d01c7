package store_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

func TestSegmentsSelectWhomTheySay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		news := list(t, g, "news")
		file := "email,name,language,zone,tags,city,age,consent_date\n" +
			"ada@example.org,Ada Åberg,sv,Europe/Stockholm,vip,Lund,36,2021-05-01\n" +
			"bob@example.com,Bob,sv-FI,,,Åbo,9,2022-05-01\n" +
			"cy@example.org,Cy 100%,en,,\"old, vip\",,7x,2021-05-02\n"
		importText(t, g, file, subscribers.ImportOptions{Lists: []string{"news"}, Consent: "c"})
		di := must[subscribers.Subscriber](t)(g.Add(ctx, "cli", subscribers.Newcomer{Email: "di@example.net", Lists: []string{"news"}}))
		if err := g.Unsubscribe(ctx, di.ID, []subscribers.ListID{news}, subscribers.Sign{Actor: "reader"}); err != nil {
			t.Fatal(err)
		}
		ada := must[subscribers.Subscriber](t)(g.Find(ctx, "ada@example.org"))
		edition(t, s, 7, "accepted", []subscribers.ListID{news}, ada.ID)
		for question, want := range map[string]string{
			"list = news": "ada bob cy", "left = news": "di", "list != news": "di", "not list = news": "di",
			"language = sv": "ada bob", "language != sv": "cy di", "language in (en, sv-FI)": "bob cy", "language is empty": "di",
			"tag = vip": "ada cy", "tag = VIP and not tag = old": "ada", "tag != vip": "bob di",
			"field.city = lund": "ada", "field.city is empty": "cy di", "field.city is not empty": "ada bob", "field.city != Lund": "bob cy di",
			"field.age > 8": "ada bob", "field.age >= 36": "ada", "field.age < 10": "bob", "field.nothing = x": "", "not field.nothing = x": "ada bob cy di",
			"field.age contains x": "cy", "name contains 100%": "", `name contains "100%"`: "cy", `name contains "%"`: "cy", "name begins ada": "ada",
			"domain = example.org": "ada cy", "email ends .com": "bob", "zone = europe/stockholm": "ada",
			"consent < 2021-05-02": "ada", "consent = 2021-05-02": "cy", "consent > 2021-05-01": "bob cy", "consent is empty": "di", "consent >= 2022-01-01": "bob",
			"received = 0": "bob cy di", "received >= 1": "ada", "received in (1, 2)": "ada", "received != 0": "ada",
			"added >= 1d": "ada bob cy di", "added < 1d": "", "address = ok": "ada bob cy di", "address = bounced": "",
			"domain = example.net or (tag = vip and language = en)": "cy di",
		} {
			count, sample, err := g.Count(ctx, question, 10)
			if strings.Contains(question, "contains 100%") {
				if !errs.Is(err, errs.Invalid) {
					t.Errorf("%s: %v, want Invalid", question, err)
				}
				continue
			}
			if err != nil {
				t.Errorf("%s: %v", question, err)
				continue
			}
			var got []string
			for _, r := range sample {
				got = append(got, r.Email[:strings.IndexByte(r.Email, '@')])
			}
			slices.Sort(got)
			if text := strings.Join(got, " "); text != want || count != len(got) {
				t.Errorf("%s: %d, %s; want %s", question, count, text, want)
			}
		}
		if _, _, err := g.Count(ctx, "list = nws", 0); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), `did you mean "news"`) {
			t.Errorf("a mistyped list: %v", err)
		}
	})
}

func TestSegmentsAreKept(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		list(t, g, "news")
		made := must[subscribers.Segment](t)(g.CreateSegment(ctx, "cli", "swedes", "language=sv  and LIST = news"))
		if made.Question != "language = sv and list = news" {
			t.Errorf("kept as %q", made.Question)
		}
		if _, err := g.CreateSegment(ctx, "cli", "swedes", "tag = x"); !errs.Is(err, errs.Conflict) {
			t.Errorf("the same name again: %v", err)
		}
		if _, err := g.CreateSegment(ctx, "cli", "other", "list = nowhere"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a list that is not there: %v", err)
		}
		if _, err := g.Segment(ctx, "swede"); !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), "swedes") {
			t.Errorf("nearly its name: %v", err)
		}
		if err := g.RemoveSegment(ctx, "cli", "swedes"); err != nil {
			t.Error(err)
		}
		if all := must[[]subscribers.Segment](t)(g.Segments(ctx, "", 0)); len(all) != 0 {
			t.Errorf("left: %v", all)
		}
	})
}

// safeSQL is all that questions may be made of, once parameters are taken out.
var safeSQL = regexp.MustCompile(`^[A-Za-z0-9_ .,()=<>!|'$%\n*^\[\]~?+\\-]*$`)

// FuzzSegmentSQL: whatever is asked, the database takes the text, and nothing
// that was typed stands in it.
func FuzzSegmentSQL(f *testing.F) {
	for _, q := range []string{`name = "'; DROP TABLE subscribers; --"`, "field.canary >= 3 and added < 5d", "received in (1,2) or tag = canary", "not (zone ends x)"} {
		f.Add(q)
	}
	s := storetest.Open(f, storetest.SQLite(f), store.Options{})
	f.Fuzz(func(t *testing.T, text string) {
		q, err := subscribers.ParseQuestion(text)
		if err != nil {
			return
		}
		sql, err := store.QuestionSQL(s, q, time.Now())
		if errs.Is(err, errs.NotFound) || errs.Is(err, errs.Invalid) {
			return
		}
		if err != nil || !safeSQL.MatchString(sql) || strings.Contains(strings.ToLower(sql), "canary") {
			t.Fatalf("%q: %s, %v", text, sql, err)
		}
		if _, err := s.CountAnswers(ctx, q, time.Now()); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
	})
}

// BenchmarkSegmentCount measures questions over 200,000 readers.
func BenchmarkSegmentCount(b *testing.B) {
	storetest.EachB(b, func(b *testing.B, s *store.Store) {
		g := registry(s)
		must[subscribers.ImportResult](b)(g.Import(ctx, &people{left: 200_000}, subscribers.ImportOptions{Lists: []string{"news"}, Create: true, Consent: "c"}))
		for i, q := range []string{"list = news", "list = news and domain = example7.org", "field.company = \"Example 5 Ltd\"", "received = 0"} {
			b.Run(fmt.Sprint(i), func(b *testing.B) {
				for b.Loop() {
					if _, _, err := g.Count(ctx, q, 0); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}
