package admin

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/png"
	"io"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"postrider/campaigns/crier"
	"postrider/delivery"
	"postrider/internal/secrets"
	"postrider/store/storetest"
	"postrider/subscribers"
	"postrider/subscribers/intake"
)

// furnish gives the house of a test what its pages about readers and mail
// servers need, with something hostile in each.
func (w *world) furnish(d *Deps, registry *subscribers.Registry, sealer *secrets.Sealer) {
	w.t.Helper()
	ctx := context.Background()
	now := func() time.Time { return w.now }
	d.Registry = registry
	d.Clerk = intake.New(w.store, registry, w.t.TempDir(), now, slog.New(slog.DiscardHandler))
	d.Book = &delivery.RelayBook{Store: w.store, Secrets: sealer, Now: now}
	d.Ring = &delivery.KeyRing{Store: w.store, Secrets: sealer, Now: now, Lookup: func(context.Context, string) ([]string, error) { return nil, nil }}
	d.Prober = prober{}
	d.Crier = &crier.Crier{Store: w.store, Office: d.Office, Secrets: sealer, Caller: &called{}, URL: d.URL, Now: now, Log: slog.New(slog.DiscardHandler)}
	ada, err := registry.Find(ctx, "ada@example.org")
	if err != nil {
		w.t.Fatal(err)
	}
	ada.Name, ada.Fields = "Ada "+evil, map[string]string{"city": evil}
	if _, err := registry.Edit(ctx, "test", ada); err != nil {
		w.t.Fatal(err)
	}
	f, err := d.Clerk.Take(ctx, "test", evil+".csv", strings.NewReader("Kontakt,"+`"`+strings.ReplaceAll(evil, `"`, `""`)+`"`+"\nnew@example.org,x\n"))
	if err != nil {
		w.t.Fatal(err)
	}
	if _, err := registry.Suppress(ctx, "test", "never@example.org", evil, "test"); err != nil {
		w.t.Fatal(err)
	}
	relay, err := d.Book.Add(ctx, "test", delivery.Relay{Name: "main <script>", Kind: delivery.KindPostfix, Warmup: delivery.Warmup{From: noon, Limits: []int{50, 100}},
		Config: delivery.RelayConfig{Host: "127.0.0.1", Port: 25, TLS: delivery.TLSNone}}, delivery.Credentials{})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.store.NoteTrouble(ctx, relay.ID, "it said 550 "+evil, noon); err != nil {
		w.t.Fatal(err)
	}
	if _, err := d.Ring.Make(ctx, "test", "example.org", ""); err != nil {
		w.t.Fatal(err)
	}
	org, err := w.office.SetLogo(ctx, "test", bytes.NewReader(picture(w.t)))
	if err != nil {
		w.t.Fatal(err)
	}
	kept, err := d.Album.Keep(ctx, "test", "A picture "+evil, bytes.NewReader(picture(w.t)))
	if err != nil {
		w.t.Fatal(err)
	}
	w.ids = map[string]string{"/readers/{": ada.ID.String(), "/imports/{": f.ID.String(), "/servers/{": relay.ID.String(), "{name}": org.LogoName(), "{file}": kept.Versions[1].File}
	w.postingFurniture(d, sealer)
}

// picture is a small PNG.
func picture(t testing.TB) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, 8, 4))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// prober answers for every mail server.
type prober struct{}

func (prober) Probe(context.Context, delivery.RelayConfig, string) (delivery.Probe, error) {
	return delivery.Probe{}, &delivery.Trouble{Stage: delivery.StageAuth, Reply: delivery.Reply{Code: 535, Enhanced: "5.7.8", Text: "no such password " + evil}}
}

// post sends a form as a page of ours does.
func (w *world) post(path string, form url.Values) *http.Response {
	w.t.Helper()
	return w.do("POST", path, strings.NewReader(form.Encode()), "Content-Type", "application/x-www-form-urlencoded", "Sec-Fetch-Site", "same-origin")
}

// wants follows a change to its page and looks for texts there.
func (w *world) wants(r *http.Response, status int, texts ...string) string {
	w.t.Helper()
	page := text(w.t, r)
	if r.StatusCode != status {
		w.t.Fatalf("answered %d, want %d:\n%s", r.StatusCode, status, page)
	}
	if status == http.StatusSeeOther {
		cookie := []string{}
		for _, c := range r.Cookies() {
			cookie = []string{"Cookie", c.Name + "=" + c.Value}
		}
		page = text(w.t, w.do("GET", r.Header.Get("Location"), nil, cookie...))
	}
	for _, want := range texts {
		if !strings.Contains(page, want) {
			w.t.Errorf("the page lacks %q:\n%s", want, page)
		}
	}
	return r.Header.Get("Location")
}

func TestReadersAreFoundAddedAndChanged(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	page := text(t, w.do("GET", "/readers?q=bo", nil))
	if !strings.Contains(page, "bo@example.org") || strings.Contains(page, "ada@example.org") {
		t.Errorf("searching for bo:\n%s", page)
	}
	w.wants(w.post("/readers/new", url.Values{"email": {"ada.example.org"}, "name": {"Typed Name"}}), 422, "Typed Name", "missing its @")
	w.wants(w.post("/readers/new", url.Values{"email": {"never@example.org"}}), 422, "do-not-mail list")
	to := w.wants(w.post("/readers/new", url.Values{"email": {"cy@example.org"}, "list": {"weekly"}, "consent": {"asked at the fair"}}), 303, "cy@example.org", "weekly", "asked at the fair")
	w.wants(w.post(to+"/leave", url.Values{"list": {"weekly"}}), 303, "only they can come back")
	w.wants(w.post(to+"/join", url.Values{"list": {"weekly"}}), 303, "only they can come back")
	w.wants(w.post(to+"/suppress", url.Values{"reason": {"asked us"}}), 303, "Never mailed.", "asked us")
	w.wants(w.post(to+"/unsuppress", nil), 303, "Never mail again")
	edit := text(t, w.do("GET", to+"/edit", nil))
	_, was, _ := strings.Cut(edit, `name="was" value="`)
	was, _, _ = strings.Cut(was, `"`)
	was = strings.ReplaceAll(was, "&#43;", "+")
	change := url.Values{"was": {was}, "name": {"Cy"}, "zone": {"Mars"}, "new_name:1": {"Home Town"}, "new_value:1": {"Lund"}}
	w.wants(w.post(to+"/edit", change), 422, "time zone such as", `value="Cy"`, `value="Lund"`)
	change.Set("zone", "")
	w.wants(w.post(to+"/edit", change), 303, "home_town", "Lund")
	w.wants(w.post(to+"/edit", change), 422, "in the meantime")
	page = text(t, w.do("GET", "/readers/"+w.ids["/readers/{"], nil))
	for _, want := range []string{"waiting", "451 4.7.1", "slow down"} {
		if !strings.Contains(page, want) {
			t.Errorf("ada's page does not say what became of her mail: %q is missing", want)
		}
	}
	if n := storetest.One[int64](t, w.store, `SELECT count(*) FROM audit_log WHERE actor = 'operator' AND kind IN ('subscriber', 'suppression')`); n != 6 {
		t.Errorf("%d entries by the operator in the audit log, want 6: added twice, one of them refused; left, barred, let in, changed", n)
	}
}

func TestListsAreMadeAndRenamedOnTheirPage(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	w.wants(w.post("/lists/edit", url.Values{"name": {"weekly"}}), 422, "already")
	w.wants(w.post("/lists/edit", url.Values{"name": {"a,b"}}), 422, "comma")
	w.wants(w.post("/lists/edit", url.Values{"name": {"members"}, "description": {"Who pays"}}), 303, "members", "Who pays")
	w.wants(w.post("/lists/edit", url.Values{"was": {"weekly"}, "name": {"tuesdays"}, "title": {"The week"}}), 303, "tuesdays", "The week")
	w.wants(w.post("/lists/edit", url.Values{"was": {"tuesdays"}, "name": {"tuesdays"}, "joining": {"1"}, "public": {"1"}, "single": {"1"}}), 303, "tuesdays")
	w.wants(w.post("/lists/edit", url.Values{"was": {"tuesdays"}, "name": {"tuesdays"}, "title": {"Again"}}), 303, "tuesdays", "Again")
	if form := text(t, w.do("GET", "/lists/edit?list=tuesdays", nil)); strings.Count(form, " checked") != 2 || strings.Contains(form, `name="welcome" value="1" checked`) {
		t.Errorf("how readers join is not as it was chosen:\n%s", form)
	}
	page := text(t, w.do("GET", "/readers?list=tuesdays&state=active", nil))
	if !strings.Contains(page, "ada@example.org") {
		t.Error("the renamed list has lost its readers")
	}
}

func TestDoNotMailListOnItsPage(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	w.wants(w.post("/do-not-mail", url.Values{"what": {"no way"}, "reason": {"typed reason"}}), 422, "typed reason", "Want an address")
	w.wants(w.post("/do-not-mail", url.Values{"what": {"@spam.example"}, "reason": {"a trap"}}), 303, "everybody at", "spam.example", "a trap")
	page := text(t, w.do("GET", "/do-not-mail?q=spam", nil))
	if strings.Contains(page, "never@example.org") {
		t.Error("the search finds what does not hold the text")
	}
	w.wants(w.post("/do-not-mail/remove", url.Values{"what": {"spam.example"}}), 303, "may be mailed again")
}

// upload sends a file, or a pasted text where the name is empty.
func (w *world) upload(name, content string) *http.Response {
	w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	var part io.Writer
	if name != "" {
		part, _ = form.CreateFormFile("file", name)
	} else {
		part, _ = form.CreateFormField("pasted")
	}
	_, _ = io.WriteString(part, content)
	_ = form.Close()
	return w.do("POST", "/imports", &body, "Content-Type", form.FormDataContentType(), "Sec-Fetch-Site", "same-origin")
}

func TestAnImportIsMappedTriedRunAndItsRefusedRowsGivenBack(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	var file strings.Builder
	file.WriteString("Kontakt;Namn;Ort\n")
	for i := range 5000 {
		fmt.Fprintf(&file, "r%d@example.org;Reader %d;Lund\n", i, i)
	}
	file.WriteString("nonsense;Bo;Rom\nnever@example.org;No;\n")
	to := w.upload("läsare.csv", file.String()).Header.Get("Location")
	page := text(t, w.do("GET", to, nil))
	for _, want := range []string{"läsare.csv", "Kontakt", "r0@example.org", `<option value="email" selected>`, `<option value="name">`} {
		if !strings.Contains(page, want) {
			t.Errorf("the mapping lacks %q", want)
		}
	}
	plan := url.Values{"column:0": {"email"}, "column:1": {"name"}, "column:2": {"+"}, "consent": {"members of the club"}, "list": {"weekly"}, "consent_at": {"2999-01-01"}}
	w.wants(w.post(to+"/plan", plan), 422, "day that has been", "members of the club")
	plan.Set("consent_at", "2026-01-31")
	none := url.Values{"column:0": {"name"}, "consent": {"x"}}
	w.wants(w.post(to+"/plan", none), 422, "Exactly one column", "Choose a list")
	w.wants(w.post(to+"/start", nil), 303, "Show what would happen")
	w.wants(w.post(to+"/plan", plan), 200, "5,000 new readers", "Nothing is stored yet", "missing its @", "5,002")
	if n := storetest.One[int64](t, w.store, `SELECT count(*) FROM subscribers`); n != 3 {
		t.Fatalf("trying stored %d readers", n-3)
	}
	w.wants(w.post(to+"/start", nil), 303, "importing", `hx-get="`+to+`"`)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { w.house.Clerk.Run(ctx); close(done) }()
	for {
		if page = text(t, w.do("GET", to, nil)); !strings.Contains(page, "hx-get") {
			break
		}
	}
	stop()
	<-done
	for _, want := range []string{"5,000 new readers", "Nobody was mailed", "2 refused rows"} {
		if !strings.Contains(page, want) {
			t.Errorf("the result lacks %q:\n%s", want, page)
		}
	}
	refused := text(t, w.do("GET", to+"/refused.csv", nil))
	if !strings.HasPrefix(refused, "Kontakt,Namn,Ort,refused_line,refused_reason\r\nnonsense,Bo,Rom,5002,") || !strings.Contains(refused, "never@example.org,No,,5003,") {
		t.Errorf("refused rows:\n%s", refused)
	}
	export := text(t, w.do("GET", "/readers/export.csv?list=weekly&state=active", nil))
	if strings.Count(export, "\r\n") != 5004 || !strings.Contains(export, `"r7@example.org","Reader 7"`) {
		t.Errorf("the export has %d lines", strings.Count(export, "\r\n"))
	}
}

func TestPastedAddressesAndFilesThatAreNone(t *testing.T) {
	t.Parallel()
	w := build(t).signIn()
	to := w.upload("", "<dag@example.org>, eva@example.org; fia@example.org").Header.Get("Location")
	w.wants(w.post(to+"/plan", url.Values{"column:0": {"email"}, "consent": {"asked"}, "new_list": {"fresh"}, "no_header": {"1"}}), 200, "3 new readers")
	w.wants(w.upload("readers.xlsx", "PK\x03\x04rest"), 422, "save it as CSV")
	w.wants(w.upload("", "  "), 422, "paste at least one address")
	w.wants(w.post(to+"/discard", nil), 303, "Nothing was imported")
	if r := w.do("GET", to, nil); r.StatusCode != 404 {
		t.Errorf("a discarded file answers %d", r.StatusCode)
	}
}
