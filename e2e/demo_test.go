package e2e_test

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"mime/multipart"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demo is a running demo.
type demo struct {
	*process
	dir    string
	page   string // URL of its own page
	public string // URL of the public pages
}

func startDemo(t testing.TB, dir string, args ...string) demo {
	t.Helper()
	d := demo{dir: dir, process: start(t, append([]string{"demo", "--dir", dir}, args...))}
	d.page = d.says(`Open this\s+(http://\S+)`)
	d.public = d.says(`Public pages\s+(http://\S+)`)
	d.says(`Ctrl-C stops it`)
	return d
}

// ask runs a command beside the running demo, on its database.
func (d demo) ask(t testing.TB, args ...string) *process {
	t.Helper()
	p := start(t, append(args, "--db", "sqlite:"+filepath.Join(d.dir, "demo.db")))
	p.wantExit(0, patience)
	return p
}

var pre = regexp.MustCompile(`(?s)<pre>(.*)</pre>`)

// caught reads the inbox from mail number first on, as its pages show it.
func (d demo) caught(t testing.TB, first int) []letter {
	t.Helper()
	var out []letter
	for n := first; ; n++ {
		p := get(t, fmt.Sprintf("%s/inbox/%d/source", d.page, n))
		if p.status == http.StatusNotFound {
			return out
		}
		m := pre.FindStringSubmatch(p.body)
		if p.status != http.StatusOK || m == nil {
			t.Fatalf("mail %d: status %d\n%s", n, p.status, p.body)
		}
		out = append(out, readLetter(t, []byte(html.UnescapeString(m[1]))))
	}
}

// untilCaught waits for mail number n.
func (d demo) untilCaught(t testing.TB, n int, within time.Duration) {
	t.Helper()
	eventually(t, within, func() string {
		if p := get(t, fmt.Sprintf("%s/inbox/%d", d.page, n)); p.status != http.StatusOK {
			return fmt.Sprintf("mail %d is not in the inbox: status %d", n, p.status)
		}
		return ""
	})
}

// TestDemo is a first look from start to stop: mails within ninety seconds of
// the first page, share links, leaving, one's own text, and starting again.
func TestDemo(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("not tested in short mode: the demo's campaign fires on the next full minute")
	}
	dir := filepath.Join(t.TempDir(), "demo")
	d := startDemo(t, dir, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	if body := getOK(t, d.page); !strings.Contains(body, `name="text"`) {
		t.Error("the demo's page has no box to paste into")
	}
	d.untilCaught(t, 25, 90*time.Second)
	mails := d.caught(t, 1)
	wantPersonal(t, d, mails)
	wantShares(t, d, mails[3])
	wantPages(t, d, mails[3])

	gone := []letter{mails[0]}
	wantLeaving(t, d, gone[0], "application/x-www-form-urlencoded", "List-Unsubscribe=One-Click")
	t.Run("the real article", func(t *testing.T) {
		b, err := os.ReadFile(realRecap(t, "whrcf.txt"))
		if err != nil {
			t.Fatal(err)
		}
		wantTry(t, d, string(b), realRecap(t, "whrcf.txt"))
		wantSend(t, d, string(b), 25, mails, gone)
	})
	had := 25 + len(d.caught(t, 26))
	wantSend(t, d, "Harbour notes\n\nWe met in the harbour hall.\n\nKey takeaways\n\n1. Listen first.\n2. Write it down.\n", had, mails, gone)
	d.signal(syscall.SIGINT, 0)

	d = startDemo(t, dir, "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	gone = append(gone, mails[1])
	body, kind := multipartForm(t, "List-Unsubscribe", "One-Click")
	wantLeaving(t, d, gone[1], kind, body)
	wantSend(t, d, "Quay notes\n\nWe met on the quay.\n\nKey takeaways\n\n1. Look first.\n2. Then leap.\n", 0, mails, gone)
	var c struct {
		Occurrences []struct{ State, Edition string }
	}
	d.ask(t, "campaign", "show", "Weekly recap", "--json").value(&c)
	if len(c.Occurrences) != 1 || c.Occurrences[0].State != "opened" || c.Occurrences[0].Edition == "" {
		t.Errorf("after starting again the campaign has fired %+v", c.Occurrences)
	}
	d.signal(syscall.SIGINT, 0)
}

// wantPersonal: 25 readers, one mail each, greeted by name or by the fallback.
func wantPersonal(t *testing.T, d demo, mails []letter) {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(d.ask(t, "subscriber", "export").stdout())).ReadAll()
	if err != nil || len(rows) < 2 {
		t.Fatalf("the export has %d rows: %v", len(rows), err)
	}
	email, name := slices.Index(rows[0], "email"), slices.Index(rows[0], "name")
	language := slices.Index(rows[0], "language")
	names, want, got := map[string]string{}, []string{}, []string{}
	for _, row := range rows[1:] {
		switch names[row[email]] = row[name]; row[language] {
		case "hu", "ja", "ko", "vi", "zh-Hans", "zh-Hant":
			names[row[email]] = "" // family name first: nobody's first name is known
		}
		want = append(want, row[email])
	}
	if len(want) != 25 {
		t.Errorf("the demo has %d readers, want 25", len(want))
	}
	byName := 0
	for _, m := range mails {
		got = append(got, m.to)
		greeting, _, _ := strings.Cut(m.subject, ",")
		switch parts := strings.Fields(names[m.to]); {
		case len(parts) == 0 && greeting != "Dear reader":
			t.Errorf("%s has no name and is greeted as %q", m.to, greeting)
		case len(parts) > 0 && !slices.Contains(parts, greeting):
			t.Errorf("%s (%s) is greeted as %q", m.to, names[m.to], greeting)
		case len(parts) > 0:
			byName++
		}
	}
	wantOnceEach(t, got, want)
	if byName < 15 {
		t.Errorf("%d of 25 are greeted by name only", byName)
	}
}

// leads says where a network's share link has to lead, and which parameters of
// that address hold the text and the link; "#" is the fragment.
var leads = map[string]struct{ prefix, text, link string }{
	"facebook": {"https://www.facebook.com/sharer/sharer.php?", "", "u"},
	"x":        {"https://x.com/intent/tweet?", "text", "url"},
	"linkedin": {"https://www.linkedin.com/sharing/share-offsite/?", "", "url"},
	"bluesky":  {"https://bsky.app/intent/compose?", "text", "text"},
	"mastodon": {"https://share.joinmastodon.org/#", "text", "text"},
	"threads":  {"https://www.threads.com/intent/post?", "text", "url"},
	"whatsapp": {"https://wa.me/?", "text", "text"},
	"telegram": {"https://t.me/share/url?", "text", "url"},
	"reddit":   {"https://www.reddit.com/submit?", "title", "url"},
	"email":    {"mailto:?", "body", "body"},
}

var (
	shareLink = regexp.MustCompile(`href="([^"]+/s/[0-9a-z]+(?:/(\d+))?/([a-z]+))"`)
	title     = regexp.MustCompile(`property="og:title" content="([^"]*)"`)
	canonical = regexp.MustCompile(`rel="canonical" href="([^"]*)"`)
	readOn    = regexp.MustCompile(`<(https?://[^>]*/r/[^>]*)>`)
)

// wantShares follows every share link of a mail.
func wantShares(t *testing.T, d demo, m letter) {
	t.Helper()
	own := readOn.FindStringSubmatch(m.header.Get("List-Archive"))
	if own == nil || !strings.HasPrefix(own[1], d.public+"/r/") {
		t.Fatalf("List-Archive is %q", m.header.Get("List-Archive"))
	}
	whole, single := map[string]bool{}, map[string]bool{}
	for _, l := range shareLink.FindAllStringSubmatch(m.html, -1) {
		address, n, network := html.UnescapeString(l[1]), l[2], l[3]
		to, known := leads[network]
		if !known {
			t.Errorf("%s leads to a network that nobody expects here", address)
			continue
		}
		of := own[1]
		if n == "" {
			whole[network] = true
		} else {
			single[n] = true
			of += "/" + n
		}
		page := getOK(t, of)
		answer := get(t, address)
		target := answer.header.Get("Location")
		if answer.status != http.StatusFound || !strings.HasPrefix(target, to.prefix) {
			t.Errorf("%s: status %d to %q, want 302 to %s", address, answer.status, target, to.prefix)
			continue
		}
		given, err := url.ParseQuery(strings.TrimPrefix(target, to.prefix))
		if err != nil {
			t.Errorf("%s leads to %q: %v", address, target, err)
			continue
		}
		if want := html.UnescapeString(title.FindStringSubmatch(page)[1]); to.text != "" && !strings.Contains(given.Get(to.text), want) {
			t.Errorf("%s: the text %q lacks %q", address, given.Get(to.text), want)
		}
		if want := html.UnescapeString(canonical.FindStringSubmatch(page)[1]); !strings.HasSuffix(strings.SplitN(given.Get(to.link), "\n\n#", 2)[0], want) {
			t.Errorf("%s: the link in %q is not %s", address, given.Get(to.link), want)
		}
	}
	if len(whole) != len(leads) {
		t.Errorf("the mail can be shared on %d networks, want %d: %v", len(whole), len(leads), whole)
	}
	if len(single) != 8 {
		t.Errorf("%d takeaways have share links, want 8", len(single))
	}
}

// wantPages: the public page and each takeaway's answer with what networks read.
func wantPages(t *testing.T, d demo, m letter) {
	t.Helper()
	own := readOn.FindStringSubmatch(m.header.Get("List-Archive"))[1]
	seen := map[string]bool{}
	for _, address := range []string{own, own + "/1", own + "/8"} {
		body := getOK(t, address)
		for _, want := range []string{
			`property="og:title"`, `property="og:description"`, `property="og:url"`, `property="og:image"`, `name="twitter:card"`,
			`"@type":"NewsArticle"`, `rel="canonical"`,
		} {
			if !strings.Contains(body, want) {
				t.Errorf("%s lacks %s", address, want)
			}
		}
		seen[title.FindStringSubmatch(body)[1]] = true
	}
	if len(seen) != 3 {
		t.Errorf("three pages have %d titles: %v", len(seen), seen)
	}
	if p := get(t, own+"/9"); p.status != http.StatusNotFound {
		t.Errorf("a ninth takeaway: status %d, want 404", p.status)
	}
}

// wantLeaving leaves by the link of a mail: looking changes nothing, one click
// does, without a redirect or a cookie, and as often as it comes.
func wantLeaving(t *testing.T, d demo, m letter, kind, body string) {
	t.Helper()
	old, err := url.Parse(strings.Trim(m.header.Get("List-Unsubscribe"), "<>"))
	if err != nil {
		t.Fatal(err)
	}
	link := d.public + old.Path // the demo may have been started again, on another port
	state := func() string {
		var s struct {
			Lists []struct{ State string }
		}
		d.ask(t, "subscriber", "show", m.to, "--json").value(&s)
		return s.Lists[0].State
	}
	if page := get(t, link); page.status != http.StatusOK || !strings.Contains(page.body, "<button") || strings.Contains(page.body, m.to) {
		t.Errorf("%s: status %d; the page has to have a button and to hide the address:\n%s", link, page.status, page.body)
	}
	head, err := browser.Head(link)
	if err != nil {
		t.Fatal(err)
	}
	_ = head.Body.Close()
	if got := state(); got != "active" {
		t.Fatalf("after looking %s is %s", m.to, got)
	}
	for range 2 {
		answer := post(t, link, kind, body)
		if answer.status != http.StatusOK || answer.header.Get("Location") != "" || len(answer.header["Set-Cookie"]) != 0 {
			t.Errorf("one click as %s: status %d, %v", kind, answer.status, answer.header)
		}
		if got := state(); got != "unsubscribed" {
			t.Fatalf("after one click as %s %s is %s", kind, m.to, got)
		}
	}
	if p := post(t, link+"x", kind, body); p.status != http.StatusNotFound {
		t.Errorf("a forged link: status %d, want 404", p.status)
	}
}

func multipartForm(t testing.TB, name, value string) (body, kind string) {
	t.Helper()
	var b strings.Builder
	w := multipart.NewWriter(&b)
	if err := w.WriteField(name, value); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

var (
	tried   = regexp.MustCompile(`src="(/try/[^"]+/(mail|page))"`)
	snippet = regexp.MustCompile(`(?s)<div class="text" id="text-([a-z]+)"[^>]*>(.*?)</div>`)
)

// wantTry pastes a text and compares what the page shows with what the command
// line renders of the same file.
func wantTry(t *testing.T, d demo, text, file string) {
	t.Helper()
	out := t.TempDir()
	start(t, []string{"recap", "render", file, "--out", out, "--url", d.public}).wantExit(0, patience)
	b, err := os.ReadFile(filepath.Join(out, "snippets.json"))
	if err != nil {
		t.Fatal(err)
	}
	var want map[string]struct{ Text string }
	if err := json.Unmarshal(b, &want); err != nil {
		t.Fatal(err)
	}
	answer := postForm(t, d.page+"/try", url.Values{"text": {text}, "name": {filepath.Base(file)}})
	if answer.status != http.StatusOK {
		t.Fatalf("the paste box: status %d\n%s", answer.status, answer.body)
	}
	frames := tried.FindAllStringSubmatch(answer.body, -1)
	if len(frames) != 2 {
		t.Fatalf("the answer shows %d frames, want the mail and the page", len(frames))
	}
	for _, f := range frames {
		shown := getOK(t, d.page+f[1])
		if !strings.Contains(shown, "WHRCF Key Takeaways") || strings.Contains(shown, "Scroll to top") {
			t.Errorf("the %s does not show the article alone", f[2])
		}
	}
	shown := snippet.FindAllStringSubmatch(answer.body, -1)
	if len(shown) != len(want) || len(want) < len(leads) {
		t.Errorf("%d snippets are shown, %d rendered", len(shown), len(want))
	}
	for _, s := range shown {
		if got := html.UnescapeString(s[2]); got != want[s[1]].Text {
			t.Errorf("the snippet for %s is %q, rendered it is %q", s[1], got, want[s[1]].Text)
		}
	}
}

// wantSend presses the button: everybody but those who left has one more mail,
// on top of the had ones.
func wantSend(t *testing.T, d demo, text string, had int, all, gone []letter) {
	t.Helper()
	answer := postForm(t, d.page+"/send", url.Values{"text": {text}})
	if answer.status != http.StatusSeeOther {
		t.Fatalf("the send button: status %d\n%s", answer.status, answer.body)
	}
	var want, got []string
	for _, m := range all {
		if !slices.ContainsFunc(gone, func(g letter) bool { return g.to == m.to }) {
			want = append(want, m.to)
		}
	}
	d.untilCaught(t, had+len(want), patience)
	eventually(t, patience, func() string {
		var r report
		d.ask(t, "report", "latest", "--json").value(&r)
		if r.State != "sent" || r.Accepted != len(want) || r.Audience != len(want) {
			return fmt.Sprintf("the report is %+v, want %d accepted", r, len(want))
		}
		return ""
	})
	headline, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	for _, m := range d.caught(t, had+1) {
		got = append(got, m.to)
		if strings.Contains(m.subject, "Gwangju") {
			t.Errorf("%s got the campaign's edition again: %s", m.to, m.subject)
		}
		if headline == "Harbour notes" && m.subject != headline {
			t.Errorf("%s: the subject is %q, want %q", m.to, m.subject, headline)
		}
	}
	wantOnceEach(t, got, want)
}

// TestDemoTakesFreePorts: where its ports are taken it takes others and says
// which.
func TestDemoTakesFreePorts(t *testing.T) {
	t.Parallel()
	taken := func(address string) string {
		l, err := net.Listen("tcp", address)
		if err != nil {
			return address // somebody else has it: as good
		}
		t.Cleanup(func() { _ = l.Close() })
		return l.Addr().String()
	}
	front, back := taken("127.0.0.1:0"), taken("127.0.0.1:0")
	pageTaken, inboxTaken := taken("127.0.0.1:8025"), taken("127.0.0.1:2525")
	d := startDemo(t, filepath.Join(t.TempDir(), "demo"), "--listen", front, "--admin-listen", back)
	admin := d.says(`Administration\s+(http://\S+)`)
	inbox := d.says(`Inbox \(SMTP\)\s+(\S+)`)
	for _, taken := range []string{front, back, pageTaken, inboxTaken} {
		for _, got := range []string{d.page, d.public, admin, inbox} {
			if strings.Contains(got, taken) {
				t.Errorf("the demo says it listens at %s, which is taken", got)
			}
		}
	}
	getOK(t, d.page)
	getOK(t, d.public)
	if p := get(t, admin); p.status != http.StatusOK && p.status != http.StatusSeeOther {
		t.Errorf("the administration: status %d", p.status)
	}
	if p := get(t, strings.SplitN(admin, "?", 2)[0]); strings.Contains(p.body, "Weekly recap") {
		t.Error("the administration opens without its token")
	}
	if wrong := dialWrong(inbox); wrong != "" {
		t.Errorf("the inbox: %s", wrong)
	}
	second := start(t, []string{"demo", "--dir", d.dir})
	second.wantExit(1, patience)
	if !strings.Contains(second.stderr(), "choose another folder with --dir") {
		t.Errorf("a second demo in the same folder is refused without the remedy:\n%s", second.stderr())
	}
	d.signal(syscall.SIGINT, 0)
}
