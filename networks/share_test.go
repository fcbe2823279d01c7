package networks_test

import (
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"
	"testing"

	"postrider/internal/errs"
	"postrider/networks"

	"pgregory.net/rapid"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func TestShareURLs(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, n := range networks.All() {
		s := networks.Share{
			Title: "Care & hope: 50% + more", URL: "https://example.org/r/care?a=1&b=2", Image: "https://example.org/i/1.jpg",
			Hashtags: n.Hashtags([]string{"global health", "صحة"}),
		}
		s.Text = n.Compose([]string{"Care & hope + #1 of 50% 🎉", "الصحة للجميع"}, s.URL, s.Hashtags)
		link, err := n.ShareURL(s)
		if err != nil {
			t.Errorf("%s: %v", n.ID, err)
		}
		fmt.Fprintf(&b, "%s %s\n", n.ID, link)
	}
	const golden = "testdata/share.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if b.String() != string(want) {
		t.Errorf("share links changed (-update accepts them):\n%s\nwant:\n%s", b.String(), want)
	}
}

func TestShareURLForms(t *testing.T) {
	t.Parallel()
	const address = "https://example.org/r"
	for _, c := range []struct {
		network string
		share   networks.Share
		want    string
	}{
		{"x", networks.Share{Text: "a b", Hashtags: []string{"One", "Two"}}, "https://x.com/intent/tweet?text=a%20b&url=https%3A%2F%2Fexample.org%2Fr&hashtags=One,Two"},
		{"x", networks.Share{Text: "a #one\n\n" + address, Hashtags: []string{"One", "Two"}}, "https://x.com/intent/tweet?text=a%20%23one&url=https%3A%2F%2Fexample.org%2Fr&hashtags=Two"},
		{"x", networks.Share{Text: "See " + address + " now"}, "https://x.com/intent/tweet?text=See%20https%3A%2F%2Fexample.org%2Fr%20now"},
		{"telegram", networks.Share{Text: "a\n" + address}, "https://t.me/share/url?url=https%3A%2F%2Fexample.org%2Fr&text=a"},
		{"bluesky", networks.Share{Text: "a"}, "https://bsky.app/intent/compose?text=a%0A%0Ahttps%3A%2F%2Fexample.org%2Fr"},
		{"mastodon", networks.Share{Text: "a+b " + address}, "https://share.joinmastodon.org/#text=a%2Bb%20https%3A%2F%2Fexample.org%2Fr"},
		{"threads", networks.Share{Text: "a", Hashtags: []string{"#One"}}, "https://www.threads.com/intent/post?text=a&url=https%3A%2F%2Fexample.org%2Fr&tag=One"},
		{"email", networks.Share{Text: "a\r\nb"}, "mailto:?subject=a&body=a%0D%0Ab%0D%0A%0D%0Ahttps%3A%2F%2Fexample.org%2Fr"},
		{"sms", networks.Share{Text: address}, "sms:?&body=https%3A%2F%2Fexample.org%2Fr"},
		{"reddit", networks.Share{Title: "The\ntitle"}, "https://www.reddit.com/submit?url=https%3A%2F%2Fexample.org%2Fr&title=The%20title"},
		{"facebook", networks.Share{Text: "ignored", Hashtags: []string{"One"}}, "https://www.facebook.com/sharer/sharer.php?u=https%3A%2F%2Fexample.org%2Fr&hashtag=%23One"},
		{"linkedin", networks.Share{Text: "ignored"}, "https://www.linkedin.com/sharing/share-offsite/?url=https%3A%2F%2Fexample.org%2Fr"},
	} {
		c.share.URL = address
		if got, err := find(t, c.network).ShareURL(c.share); err != nil || got != c.want {
			t.Errorf("%s: %s, %v\nwant %s", c.network, got, err, c.want)
		}
	}
}

func TestShareURLRefuses(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		network string
		share   networks.Share
		kind    errs.Kind
	}{
		{"x", networks.Share{Text: "a"}, errs.Invalid},
		{"x", networks.Share{URL: "/r/care"}, errs.Invalid},
		{"email", networks.Share{URL: "javascript:alert(1)"}, errs.Invalid},
		{"vk", networks.Share{URL: "https://example.org", Image: "i/1.jpg"}, errs.Invalid},
		{"pinterest", networks.Share{URL: "https://example.org", Text: "a"}, errs.Invalid},
	} {
		if got, err := find(t, c.network).ShareURL(c.share); !errs.Is(err, c.kind) {
			t.Errorf("%s: %q, %v; want %s", c.network, got, err, c.kind)
		}
	}
	if _, err := (networks.Network{ID: "none"}).ShareURL(networks.Share{URL: "https://example.org"}); !errs.Is(err, errs.NotFound) {
		t.Errorf("a network outside the table: %v", err)
	}
}

// field is the part of each link that carries the text.
var field = map[networks.ID]string{
	"facebook": "", "linkedin": "", "xing": "",
	"hackernews": "t", "pinterest": "description", "tumblr": "caption", "teams": "msgText", "instapaper": "description", "email": "body", "sms": "body",
	"reddit": "title", "lobsters": "title", "vk": "title", "ok": "title", "weibo": "title", "qzone": "title", "flipboard": "title",
}

// TestShareURLCarriesTheText composes, links, takes the link apart as a
// browser does, and wants the text back, the address too.
func TestShareURLCarriesTheText(t *testing.T) {
	t.Parallel()
	piece := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"+", "&", "#a", "%20", "=", "?", "🎉", "\n", "\r\n", "الصحة", "\xff", "https://example.org/r", " "}))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom(networks.All()).Draw(t, "network")
		s := networks.Share{URL: "https://example.org/r", Title: rapid.String().Draw(t, "title"), Image: "https://example.org/i.png"}
		s.Hashtags = n.Hashtags(rapid.SliceOfN(rapid.String(), 0, 4).Draw(t, "tags"))
		s.Text = n.Compose(rapid.SliceOfN(piece, 1, 6).Draw(t, "lines"), s.URL, s.Hashtags)
		link, err := n.ShareURL(s)
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(link, "+ \n") {
			t.Fatalf("%s: a raw plus, space or line break in %s", n.ID, link)
		}
		u, err := url.Parse(link)
		if err != nil {
			t.Fatal(err)
		}
		if inMail := u.Scheme == "https" || u.Scheme == "mailto"; inMail != n.InMail {
			t.Fatalf("%s: InMail is %t, its link %s", n.ID, n.InMail, link)
		}
		raw := u.RawQuery
		if n.ID == "mastodon" {
			raw = u.EscapedFragment()
		}
		values := parse(t, raw)
		name, listed := field[n.ID]
		if !listed {
			name = "text"
		}
		if (name != "") != n.TextInLink {
			t.Fatalf("%s: TextInLink is %t", n.ID, n.TextInLink)
		}
		if !strings.Contains(strings.Join(mapValues(values), "\n"), s.URL) {
			t.Fatalf("%s: the address is not in %s", n.ID, link)
		}
		if name == "" {
			return
		}
		got, want := strings.ReplaceAll(values[name], "\r\n", "\n"), s.Text
		if n.OneLine && want == "" {
			want = strings.Join(strings.Fields(strings.ToValidUTF8(s.Title, "\uFFFD")), " ")
		}
		if n.ID == "x" || n.ID == "telegram" || n.ID == "threads" { // have a field for the address
			if cut, ok := strings.CutSuffix(want, s.URL); ok && got != want {
				want = strings.TrimSpace(cut)
			}
		}
		if n.URLInText && n.ID != "x" && !strings.Contains(got, s.URL) {
			t.Fatalf("%s: text without the address: %q", n.ID, got)
		}
		if got != want && got != want+"\n\n"+s.URL { // the address was there as the start of another one
			t.Fatalf("%s: %q became %q in %s", n.ID, want, got, link)
		}
	})
}

// parse takes a query apart without turning "+" into a space.
func parse(t *rapid.T, raw string) map[string]string {
	values := make(map[string]string)
	for pair := range strings.SplitSeq(raw, "&") {
		name, value, _ := strings.Cut(pair, "=")
		text, err := url.PathUnescape(value)
		if err != nil {
			t.Fatal(err)
		}
		values[name] = text
	}
	return values
}

func mapValues(m map[string]string) []string {
	var values []string
	for _, v := range m {
		values = append(values, v)
	}
	return values
}
