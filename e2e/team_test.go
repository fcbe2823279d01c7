package e2e_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"postrider/internal/browsertest"
)

// team is somebody who looks after a newsletter in a browser.
type team struct {
	*browsertest.Page
	t    testing.TB
	base string // of the administration
}

// go leads to a page of the administration.
func (p *team) to(path string) {
	p.t.Helper()
	p.Open(p.base + path)
	p.look()
}

// look holds the page against axe's rules. Where POSTRIDER_PICTURES names a
// folder it takes pictures too, at a desk and on a telephone, in the light and
// in the dark; `make screenshots` puts them into docs/screenshots.
func (p *team) look() {
	p.t.Helper()
	folder := os.Getenv("POSTRIDER_PICTURES")
	if folder == "" {
		p.Accessible()
		return
	}
	view := 0
	p.Everywhere(func(browsertest.View) {
		view++
		p.Picture(filepath.Join(folder, fmt.Sprintf("%s.%d.png", p.name(), view)))
	})
	p.Look(browsertest.Desk)
}

var anID = regexp.MustCompile(`[0-9][0-9a-z]{12}`)

// name is the page's address as a file's name: recaps-one-edit.
func (p *team) name() string {
	path := strings.TrimPrefix(p.Address(), p.base)
	path, _, _ = strings.Cut(path, "?")
	path = strings.Trim(anID.ReplaceAllString(path, "one"), "/")
	if path == "" {
		return "home"
	}
	return strings.ReplaceAll(path, "/", "-")
}

// press presses the page's one primary button and looks at what comes.
func (p *team) press() {
	p.t.Helper()
	p.Follow("main button.primary")
	p.look()
}

// TestTeamDoesTheMainJob is the main job in a browser, from an empty folder to
// a reader who leaves: nothing but pages is used, and a real Postfix delivers.
func TestTeamDoesTheMainJob(t *testing.T) {
	t.Parallel()
	browser := browsertest.Start(t)
	article, err := os.ReadFile(realRecap(t, "whrcf.md"))
	if err != nil {
		t.Fatal(err)
	}
	list, want := readers(30)
	want = append(want, "officer@example.org") // gets the test mail
	address, maildirs := startPostfix(t, want)
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		t.Fatal(err)
	}
	in := newInstall(t)
	server := in.start("serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
	link := server.says(`Administration\s+(http://\S+)`)
	server.says(`Running until`)
	p := &team{Page: browser.Page(browsertest.Desk), t: t, base: link[:strings.Index(link, "/?")]}

	p.Open(link)
	p.look()
	p.to("/setup")
	setUp(p, host, port, in.file("readers.csv", list))
	p.Paste("#text", string(article))
	p.Follow("button[name=then][value=approve]")
	p.look()
	p.WantText("h1", "WHRCF Key Takeaways")
	recap := p.Address()
	p.goOn("A test mail")
	p.Fill("#f-to", "officer@example.org")
	p.press()
	p.WaitText("#test", "Your mail server took it")
	p.to("/setup")
	p.WantText("h1", "Getting started")
	p.Open(recap)
	issue := sendCampaign(p)
	p.to("/setup")
	p.WantText("h1", "Everything is set up")
	got := 0
	eventually(t, patience, func() string {
		got = 0
		for reader, mails := range delivered(t, maildirs) {
			if reader != "officer@example.org" {
				got += len(mails)
			}
		}
		if got < 30 {
			return fmt.Sprintf("%d mails have been delivered, want 30", got)
		}
		return ""
	})
	p.Open(issue)
	p.WaitText("main", "30 of 30 readers")
	p.look()
	p.WantText("main", "handed to the mail server")

	leaveInABrowser(t, browser, maildirs)
	p.to("/readers?list=news")
	p.WantText("main", "29")
	if got != 30 {
		t.Errorf("%d mails were delivered, want 30", got)
	}
	// Whatever the navigation leads to, now that there is something to see.
	var places []string
	p.Eval(`[...document.querySelectorAll("nav a[href^='/'], .tabs a[href^='/']")].map(a => a.getAttribute("href"))`, &places)
	if len(places) < 10 {
		t.Errorf("the navigation has %d places only: %v", len(places), places)
	}
	for _, path := range places {
		p.to(path)
	}
	for _, tab := range []string{"mail", "text", "page", "snippets"} {
		p.Open(issue + "/" + tab)
		p.look()
	}
}

// goOn follows the line of the first run to its next step.
func (p *team) goOn(step string) {
	p.t.Helper()
	p.WaitText(".setup-bar", step)
	p.Follow(".setup-bar a.button")
	p.look()
}

// setUp walks through the steps that a new installation wants.
func setUp(p *team, host, port, readers string) {
	p.t.Helper()
	p.Follow("main a.button.primary") // the first step
	p.look()
	p.Fill("#f-name", "Institute of Harbours")
	p.Fill("#f-postal_address", "Quay 1\n211 20 Malmö")
	p.Fill("#f-sender_address", "news@example.org")
	p.Fill("#f-zone", "Europe/Stockholm")
	p.press()
	p.Fill("#f-name", "Ada Ek")
	p.Fill("#f-email", "ada@harbour.example")
	p.Fill("#f-password", "a long passphrase of hers")
	p.press()
	p.Follow(`a[href$="kind=postfix"]`)
	p.Fill("#f-host", net.JoinHostPort(host, port))
	p.press()
	p.goOn("Readers")
	p.Upload("#f-file", readers)
	p.press()
	p.Fill("#f-new_list", "news")
	p.Fill("#f-consent", "asked for it at the harbour day")
	p.press()
	p.WantText("#h-tried", "30")
	p.press()
	p.WaitText("#import", "30")
	p.goOn("A first recap")
}

var issueURL = regexp.MustCompile(`/editions/[0-9a-z]{13}`)

// sendCampaign plans a campaign for the recap that is open, takes its first issue back, and sends it.
// It returns the issue's address.
func sendCampaign(p *team) string {
	p.t.Helper()
	p.Follow(`main a[href^="/campaigns/new"]`) // more choices than the short way has
	p.look()
	p.Fill("#f-name", "Tuesday letter")
	p.Choose("#f-when", "weekly")
	p.Choose("#f-weekday", "tue")
	p.Choose("#f-time", "09:00")
	p.WaitText("#foreseen", "Stockholm")
	p.WaitText("#foreseen", "30")
	p.press()
	p.WantText("h1", "Tuesday letter")
	campaign := p.Address()
	if p.Has("form[action$='/approve'] button") {
		p.Follow("form[action$='/approve'] button")
	}

	p.Open(campaign + "/send")
	p.look()
	p.press()
	issue := p.base + issueURL.FindString(p.Address())
	p.Follow("form[action$='/undo'] button")
	p.look()
	p.Open(issue)
	p.WantText("main", "draft")

	p.Open(campaign + "/send")
	p.press()
	issue = p.base + issueURL.FindString(p.Address())
	p.Open(issue)
	p.look()
	return issue
}

var leaveLink = regexp.MustCompile(`(?m)^List-Unsubscribe: <(http[^>]+)>`)

// leaveInABrowser opens the unsubscribe link of a delivered mail on a telephone
// and presses its button.
func leaveInABrowser(t *testing.T, browser *browsertest.Browser, maildirs string) {
	t.Helper()
	for reader, mails := range delivered(t, maildirs) {
		if reader == "officer@example.org" {
			continue
		}
		head := regexp.MustCompile(`\r?\n[ \t]+`).ReplaceAll(mails[0], []byte(" "))
		m := leaveLink.FindSubmatch(head)
		if m == nil {
			t.Fatalf("the mail to %s has no link to leave", reader)
		}
		phone := browser.Page(browsertest.Phone)
		phone.Open(strings.TrimSpace(string(m[1])))
		phone.Accessible()
		phone.Follow("main button")
		phone.Accessible()
		return
	}
	t.Fatal("no mail was delivered")
}
