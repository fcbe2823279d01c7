package store_test

import (
	"archive/zip"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"golang.org/x/text/encoding/charmap"

	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
)

// standingOf prints what became of an address: "news:active tag,tag" or why not.
func standingOf(t testing.TB, g *subscribers.Registry, email string) string {
	t.Helper()
	barred := must[map[string]subscribers.Suppression](t)(g.Suppressed(ctx, []string{email}))
	if x, ok := barred[email]; ok {
		return "suppressed " + x.Reason
	}
	s, err := g.Find(ctx, email)
	if errs.Is(err, errs.NotFound) {
		return "unknown"
	}
	if err != nil {
		t.Fatal(err)
	}
	out := ""
	for _, m := range must[[]subscribers.Membership](t)(g.Memberships(ctx, s.ID)) {
		out += m.Name + ":" + string(m.State) + " "
	}
	tags, err := g.Store.TagsOf(ctx, []subscribers.ID{s.ID})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out + strings.Join(tags[s.ID], ","))
}

func TestImportReadsOtherServicesExports(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file string
		want map[string]string
	}{
		"listmonk": {
			"uuid,email,name,attributes,status,created_at,updated_at\n" +
				`3f1,ada@example.org,Ada,"{""city"": ""Lund"", ""likes"": [1,2]}",enabled,2021-01-02T03:04:05Z,2021-01-02T03:04:05Z` + "\n" +
				`3f2,bob@example.org,Bob,{},disabled,2021-01-02T03:04:05Z,2021-01-02T03:04:05Z` + "\n" +
				`3f3,eve@example.org,Eve,{},blocklisted,2021-01-02T03:04:05Z,2021-01-02T03:04:05Z` + "\n",
			map[string]string{"ada@example.org": "news:active", "bob@example.org": "news:unsubscribed", "eve@example.org": "suppressed blocklisted in listmonk"},
		},
		"Ghost": {
			"id,email,name,note,subscribed_to_emails,complimentary_plan,stripe_customer_id,created_at,deleted_at,labels,tiers\n" +
				"1,ada@example.org,Ada,met her,true,false,,2021-01-02T03:04:05.000Z,,\"VIP,Early\",\n2,bob@example.org,,,false,false,,2021-01-02T03:04:05.000Z,,,\n",
			map[string]string{"ada@example.org": "news:active early,vip", "bob@example.org": "news:unsubscribed"},
		},
		"Substack": {
			"email,active_subscription,expiry,plan,email_disabled,created_at,first_payment_at\n" +
				"ada@example.org,false,,other,false,2021-01-02T03:04:05.000Z,\nbob@example.org,false,,other,true,2021-01-02T03:04:05.000Z,\n",
			map[string]string{"ada@example.org": "news:active", "bob@example.org": "news:unsubscribed"},
		},
		"Buttondown": {
			"id,creation_date,email_address,notes,metadata,tags,type,source,referrer_url\n" +
				`x,2021-01-02 03:04:05+00:00,ada@example.org,,"{""city"": ""Lund""}","[""vip""]",regular,,` + "\n" +
				"y,2021-01-02 03:04:05+00:00,bob@example.org,,{},[],unsubscribed,,\nz,2021-01-02 03:04:05+00:00,cy@example.org,,{},[],unactivated,,\n" +
				"w,2021-01-02 03:04:05+00:00,eve@example.org,,{},[],undeliverable,,\n",
			map[string]string{
				"ada@example.org": "news:active vip", "bob@example.org": "news:unsubscribed", "cy@example.org": "news:pending",
				"eve@example.org": "suppressed undeliverable in Buttondown",
			},
		},
		"Mailchimp": {
			"Email Address,First Name,Last Name,MEMBER_RATING,OPTIN_TIME,CONFIRM_TIME,UNSUB_TIME,LEID,EUID,NOTES,TAGS\n" +
				`bob@example.org,Bob,B,2,2021-01-02 03:04:05,2021-01-02 03:04:05,2022-01-02 03:04:05,1,2,,"""vip"",""fair"""` + "\n",
			map[string]string{"bob@example.org": "news:unsubscribed fair,vip"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Each(t, func(t *testing.T, s *store.Store) {
				g := registry(s)
				r := importText(t, g, c.file, subscribers.ImportOptions{Lists: []string{"news"}, Create: true, Consent: "as told there"})
				if r.Origin != name || r.Refused != 0 || r.Rows != len(c.want) {
					t.Fatalf("%+v", r)
				}
				for email, want := range c.want {
					if got := standingOf(t, g, email); got != want {
						t.Errorf("%s: %s, want %s", email, got, want)
					}
				}
				if name == "listmonk" {
					ada := must[subscribers.Subscriber](t)(g.Find(ctx, "ada@example.org"))
					consents := must[[]subscribers.Consent](t)(g.Consents(ctx, ada.ID))
					if ada.Fields["city"] != "Lund" || ada.Fields["likes"] != "[1,2]" || len(consents) != 1 || consents[0].At.Year() != 2021 ||
						consents[0].WordingHash != subscribers.WordingHash("as told there") || consents[0].Wording != "as told there" {
						t.Errorf("%+v, %+v", ada, consents)
					}
				}
			})
		})
	}
}

// archive packs files in this order.
func archive(t testing.TB, files ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w := must[io.Writer](t)(z.Create(files[i]))
		if _, err := io.WriteString(w, files[i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestImportReadsArchives(t *testing.T) {
	t.Parallel()
	head := "Email Address,First Name,Last Name,MEMBER_RATING,LEID,EUID\n"
	file := archive(t,
		"subscribed_members_export_1a2.csv", head+"ada@example.org,Ada,L,2,1,1\n",
		"../unsubscribed_members_export_1a2.csv", head+"bob@example.org,Bob,B,2,1,1\n",
		"cleaned_members_export_1a2.csv", head+"eve@example.org,Eve,E,2,1,1\n",
		"nonsubscribed_members_export_1a2.csv", head+"cy@example.org,Cy,C,2,1,1\n",
		"readme.txt", "hello")
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		// Who was kept before and is cleaned there is not mailed either.
		importText(t, g, "eve@example.org\n", subscribers.ImportOptions{Lists: []string{"news"}, Create: true})
		r := must[subscribers.ImportResult](t)(g.Import(ctx, bytes.NewReader(file), subscribers.ImportOptions{Lists: []string{"news"}}))
		if r.Rows != 4 || r.Added != 4 || r.Suppressed != 1 || r.Origin != "Mailchimp" {
			t.Fatalf("%+v", r)
		}
		for email, want := range map[string]string{
			"ada@example.org": "news:active", "bob@example.org": "news:unsubscribed", "eve@example.org": "suppressed cleaned by Mailchimp: mail came back", "cy@example.org": "",
		} {
			if got := standingOf(t, g, email); got != want {
				t.Errorf("%s: %q, want %q", email, got, want)
			}
		}
		again := must[subscribers.ImportResult](t)(g.Import(ctx, bytes.NewReader(file), subscribers.ImportOptions{Lists: []string{"news"}}))
		if again.Added != 0 && again.Refused == 0 {
			t.Errorf("again: %+v", again)
		}
	})
}

func TestArchivesAreBounded(t *testing.T) {
	t.Parallel()
	g := registry(storetest.Open(t, storetest.SQLite(t), store.Options{}))
	bomb := archive(t, "readers.csv", "email\n"+strings.Repeat("a", 64<<20))
	many := []string{}
	for i := range 1200 {
		many = append(many, fmt.Sprintf("%d.csv", i), "email\n")
	}
	for name, file := range map[string][]byte{
		"a bomb": bomb, "too many files": archive(t, many...), "no CSV": archive(t, "xl/workbook.xml", "<x/>"),
		"two CSV files": archive(t, "a.csv", "email\n", "b.csv", "email\n"), "cut off": bomb[:len(bomb)/2],
	} {
		began := time.Now()
		_, err := g.Import(ctx, bytes.NewReader(file), subscribers.ImportOptions{})
		if !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v, want Invalid", name, err)
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("%s took %s", name, took)
		}
	}
}

func TestImportGuessesEncodings(t *testing.T) {
	t.Parallel()
	latin := must[string](t)(charmap.Windows1252.NewEncoder().String("email;name;note\nada@example.org;Åsa Öberg;„fünf“ €\n"))
	long := "email,name\n" + strings.Repeat("x@example.org,y\n", 20_000) + must[string](t)(charmap.Windows1252.NewEncoder().String("ada@example.org,Åsa Öberg\n"))
	zeros := func(text string, first bool) string {
		var b strings.Builder
		for _, r := range text {
			if first {
				b.WriteByte(0)
			}
			b.WriteByte(byte(r))
			if !first {
				b.WriteByte(0)
			}
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		file string
		as   subscribers.Encoding
	}{
		"Windows-1252":            {latin, ""},
		"a letter far behind":     {long, ""},
		"UTF-16LE without a mark": {zeros("email,name\nada@example.org,Åsa Öberg\n", false), ""},
		"UTF-16BE without a mark": {zeros("email,name\nada@example.org,Åsa Öberg\n", true), ""},
		"said":                    {latin, subscribers.Windows1252},
		"UTF-8 with bars":         {"email|name\nada@example.org|Åsa Öberg\n", ""},
		"UTF-8 with carets":       {"email^name\nada@example.org^Åsa Öberg\n", subscribers.UTF8},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := registry(storetest.Open(t, storetest.SQLite(t), store.Options{}))
			importText(t, g, c.file, subscribers.ImportOptions{Encoding: c.as})
			s := must[subscribers.Subscriber](t)(g.Find(ctx, "ada@example.org"))
			if s.Name != "Åsa Öberg" || name == "Windows-1252" && s.Fields["note"] != "„fünf“ €" {
				t.Errorf("%+v", s)
			}
		})
	}
}

func TestRefusedRowsAreMendedAndImportedAgain(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		if _, err := g.Suppress(ctx, "cli", "barred@example.org", "asked", ""); err != nil {
			t.Fatal(err)
		}
		var refused bytes.Buffer
		r := importText(t, g, "Name,E-Mail,Stadt\nAda,ada.example.org,=Lund\nBob,barred@example.org,Oslo\nCy,cy@example.org,Rome\nDi,di@example.org\n",
			subscribers.ImportOptions{Lists: []string{"news"}, Create: true, Refused: &refused})
		if r.Rows != 4 || r.Added != 1 || r.Refused != 3 {
			t.Fatalf("%+v", r)
		}
		for _, want := range []string{"Name,E-Mail,Stadt,refused_line,refused_reason", "Ada,ada.example.org,'=Lund,2,the address is missing its @", `Bob,barred@example.org,Oslo,3,on the do-not-mail list: asked`, `Di,di@example.org,,5,"2 cells`} {
			if !strings.Contains(refused.String(), want) {
				t.Errorf("the file lacks %s:\n%s", want, refused.String())
			}
		}
		mended := strings.ReplaceAll(refused.String(), "ada.example.org", "ada@example.org")
		again := importText(t, g, mended, subscribers.ImportOptions{Lists: []string{"news"}})
		ada := must[subscribers.Subscriber](t)(g.Find(ctx, "ada@example.org"))
		if again.Added != 2 || again.Refused != 1 || ada.Fields["stadt"] != "=Lund" || len(ada.Fields) != 1 {
			t.Errorf("%+v, %+v", again, ada)
		}
	})
}

func TestDryRunChangesNothingAndCountsTheSame(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		importText(t, g, "email,name\na@example.org,A\nb@example.org,B\n", subscribers.ImportOptions{Lists: []string{"news"}, Create: true})
		file := "email,name,tags\na@example.org,A,\nb@example.org,New,x\nc@example.org,C,\nbroken,,\n"
		before := everybody(t, g)
		dry := importText(t, g, file, subscribers.ImportOptions{Lists: []string{"news", "other"}, Create: true, DryRun: true})
		if after := everybody(t, g); fmt.Sprint(before) != fmt.Sprint(after) {
			t.Errorf("was %v, is %v", before, after)
		}
		if _, err := g.List(ctx, "other"); !errs.Is(err, errs.NotFound) {
			t.Errorf("the list: %v", err)
		}
		wet := importText(t, g, file, subscribers.ImportOptions{Lists: []string{"news", "other"}, Create: true})
		if dry.Added != wet.Added || dry.Updated != wet.Updated || dry.Unchanged != wet.Unchanged || dry.Refused != wet.Refused || wet.Added != 1 {
			t.Errorf("dry %+v, wet %+v", dry, wet)
		}
	})
}

func TestUndoImportTakesBackWhatItDid(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		g := registry(s)
		news := list(t, g, "news")
		importText(t, g, "email,name,city\nold@example.org,Old,Lund\nkept@example.org,Kept,Lund\n", subscribers.ImportOptions{Lists: []string{"news"}})
		before := everybody(t, g)
		file := "email,name,city,tags\nold@example.org,New,Oslo,x\nnew@example.org,N,,y\nleaver@example.org,L,,\nmailed@example.org,M,,\nkept@example.org,Kept,Rome,\n"
		importText(t, g, file, subscribers.ImportOptions{Lists: []string{"news", "extra"}, Create: true, Consent: "c"})
		leaver := must[subscribers.Subscriber](t)(g.Find(ctx, "leaver@example.org"))
		if err := g.Unsubscribe(ctx, leaver.ID, []subscribers.ListID{news}, subscribers.Sign{Actor: "reader"}); err != nil {
			t.Fatal(err)
		}
		mailed := must[subscribers.Subscriber](t)(g.Find(ctx, "mailed@example.org"))
		edition(t, s, 77, "accepted", []subscribers.ListID{news}, mailed.ID)
		if _, err := g.Add(ctx, "cli", subscribers.Newcomer{Email: "kept@example.org", Name: "Changed since"}); err != nil {
			t.Fatal(err)
		}
		_, undone, err := g.UndoImport(ctx, "cli")
		if err != nil {
			t.Fatal(err)
		}
		if undone.Removed != 1 {
			t.Errorf("%+v, want one reader removed", undone)
		}
		for email, want := range map[string]string{
			"new@example.org": "unknown", "old@example.org": "news:active", "leaver@example.org": "news:unsubscribed", "mailed@example.org": "",
		} {
			if got := standingOf(t, g, email); got != want {
				t.Errorf("%s: %q, want %q", email, got, want)
			}
		}
		after := everybody(t, g)
		if after["old@example.org"] != before["old@example.org"] {
			t.Errorf("was %s, is %s", before["old@example.org"], after["old@example.org"])
		}
		if !strings.Contains(after["kept@example.org"], "Changed since") {
			t.Errorf("what was changed since is gone: %s", after["kept@example.org"])
		}
		if _, _, err := g.UndoImport(ctx, "cli"); err != nil { // the first import
			t.Fatal(err)
		}
		if _, _, err := g.UndoImport(ctx, "cli"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a third time: %v, want NotFound", err)
		}
	})
}

// cutOff is a reader registry whose database goes away after some chunks.
type cutOff struct {
	*store.Store
	left int
}

var errGone = errors.New("the power is gone")

func (c *cutOff) SaveSubscribers(ctx context.Context, b subscribers.Batch) (subscribers.BatchResult, error) {
	if c.left--; c.left < 0 {
		return subscribers.BatchResult{}, errGone
	}
	return c.Store.SaveSubscribers(ctx, b)
}

func TestInterruptedImportGoesOnAsOne(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		var file strings.Builder
		file.WriteString("email,name\n")
		const readers = 12_000
		for i := range readers {
			fmt.Fprintf(&file, "r%d@example.org,R%d\n", (i*7919)%readers, i)
		}
		o := subscribers.ImportOptions{Lists: []string{"news"}, Create: true, Consent: "c"}
		broken := registry(s)
		broken.Store = &cutOff{s, 2}
		r, err := broken.Import(ctx, strings.NewReader(file.String()), o)
		if !errors.Is(err, errGone) || r.Rows != r.Added || r.Added == 0 || r.Added >= readers {
			t.Fatalf("%+v, %v", r, err)
		}
		g := registry(s)
		rest := importText(t, g, file.String(), o)
		if rest.Import != r.Import || rest.Added != readers-r.Added || rest.Unchanged != r.Added {
			t.Errorf("first %+v, then %+v", r, rest)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM consents`); n != readers {
			t.Errorf("%d lines of consent for %d readers", n, readers)
		}
		if _, undone, err := g.UndoImport(ctx, "cli"); err != nil || undone.Removed != readers {
			t.Errorf("undone %+v, %v", undone, err)
		}
	})
}

func TestSameMailboxIsRefusedOnRequest(t *testing.T) {
	t.Parallel()
	g := registry(storetest.Open(t, storetest.SQLite(t), store.Options{}))
	r := importText(t, g, "a.da@gmail.com\nada+x@gmail.com\nada@googlemail.com\na.da@example.org\nada@example.org\n", subscribers.ImportOptions{Mailbox: true})
	if r.Added != 3 || r.Refused != 2 || !strings.Contains(r.Refusals[0].Reason, "same mailbox as line") {
		t.Errorf("%+v", r)
	}
}
