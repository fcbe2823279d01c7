package templates

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"postrider/internal/errs"
	"postrider/networks"
	"postrider/recaps"
)

// aRecap draws recaps of all lengths, in several scripts.
func aRecap(t *rapid.T) recaps.Recap {
	words := rapid.SampledFrom([]string{"cities", "rights", "Çoşgun", "क्षि", "世界", "👩‍👩‍👧‍👦", "e.g.", "internationalisation", "a", "https://e.org/x"})
	sentence := func(label string, most int) string {
		s := strings.Join(rapid.SliceOfN(words, 1, most).Draw(t, label), " ")
		return "The " + s + "."
	}
	r := recaps.Recap{
		Title: sentence("title", 40), URL: rapid.SampledFrom([]string{"", "https://original.example/article"}).Draw(t, "url"), Lang: "en",
		Event:    recaps.Event{Name: rapid.SampledFrom([]string{"", "The Forum"}).Draw(t, "event")},
		Image:    rapid.SampledFrom([]string{"", "https://original.example/a.jpg"}).Draw(t, "image"),
		Hashtags: rapid.SliceOfN(rapid.SampledFrom([]string{"SDGs", "HumanRightsCities", "Global health"}), 0, 3).Draw(t, "tags"),
	}
	for n := range rapid.IntRange(1, 9).Draw(t, "takeaways") {
		var all []string
		for range rapid.IntRange(1, 4).Draw(t, "sentences") {
			all = append(all, sentence("sentence", 25))
		}
		r.Takeaways = append(r.Takeaways, recaps.Takeaway{N: n + 1, Text: recaps.Text{Plain: strings.Join(all, " ")}})
	}
	return r
}

// What is left of a snippet when the address, hashtags and numbers are gone
// must be texts of the recap, whole.
func checkWhole(t *rapid.T, s Snippet, net networks.Network, target string, allowed []string) {
	text := s.Text
	if net.URLInText {
		text = strings.Replace(text, target, "", 1)
	}
	for _, paragraph := range strings.Split(text, "\n") {
		words := strings.Fields(paragraph)
		for len(words) > 0 && strings.HasPrefix(words[len(words)-1], "#") {
			words = words[:len(words)-1]
		}
		line := strings.Join(words, " ")
		if number, rest, ok := strings.Cut(line, ". "); ok && len(number) < 3 && strings.Trim(number, "0123456789") == "" {
			line = rest
		}
		if line != "" && !slices.Contains(allowed, line) {
			t.Fatalf("%s: %q is none of the recap's texts\nsnippet: %q", net.ID, line, s.Text)
		}
	}
}

func TestSnippetsNeverCutASentence(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := aRecap(t)
		e := Edition{ID: "0m3k8p2q7r5tv", Slug: "s", BaseURL: "https://news.example.org", Recaps: []recaps.Recap{r}}
		all, err := Snippets(e)
		if err != nil {
			t.Fatal(err)
		}
		allowed := []string{r.Title, r.Event.Name}
		for _, tk := range r.Takeaways {
			allowed = append(allowed, tk.Plain)
		}
		for _, net := range networks.All() {
			s, ok := all[net.ID]
			if !ok {
				t.Fatalf("no snippet for %s", net.ID)
			}
			checkWhole(t, s, net, ShareTarget(e), allowed)
			checkCounts(t, s, net, r, ShareTarget(e))
		}
	})
}

func checkCounts(t *rapid.T, s Snippet, net networks.Network, r recaps.Recap, target string) {
	c := net.Measure(s.Text)
	if s.Count != c.Count || s.Limit != c.Limit || !c.Fits || s.LeftOut == nil {
		t.Fatalf("%s: %+v, but the network counts %+v", net.ID, s, c)
	}
	if (s.URL == "") != (net.NeedsImage && r.Image == "") {
		t.Fatalf("%s: share link is %q", net.ID, s.URL)
	}
	for _, tk := range r.Takeaways {
		if !slices.Contains(s.LeftOut, tk.N) && !strings.Contains(s.Text, tk.Plain) {
			t.Fatalf("%s: takeaway %d is neither in %q nor in %v", net.ID, tk.N, s.Text, s.LeftOut)
		}
	}
	// Nothing that was left out would still have fitted beside the title alone.
	if net.OneLine || len(s.LeftOut) < len(r.Takeaways) {
		return
	}
	for _, tk := range r.Takeaways {
		if net.Measure(net.Compose([]string{r.Title, "", tk.Plain}, target, nil)).Fits {
			t.Fatalf("%s: takeaway %d would have fitted", net.ID, tk.N)
		}
	}
}

func TestTakeawaySnippetsAreWholeSentences(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := aRecap(t)
		e := Edition{ID: "0m3k8p2q7r5tv", Slug: "s", BaseURL: "https://news.example.org", Recaps: []recaps.Recap{r}}
		n := rapid.IntRange(1, len(r.Takeaways)).Draw(t, "n")
		net := rapid.SampledFrom(networks.All()).Draw(t, "network")
		s, err := TakeawaySnippet(e, n, net.ID)
		if err != nil {
			t.Fatal(err)
		}
		plain := r.Takeaways[n-1].Plain
		allowed, whole := []string{r.Title}, sentences(plain)
		for k := range whole {
			allowed = append(allowed, strings.Join(whole[:k+1], " "))
		}
		checkWhole(t, s, net, ShareTargetTakeaway(e, n), allowed)
		if !net.Measure(s.Text).Fits || (len(s.LeftOut) == 0) != strings.Contains(s.Text, plain) {
			t.Fatalf("%s: %+v of %q", net.ID, s, plain)
		}
	})
}

func TestShareTargets(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, original, base string
		canonical            Canonical
		want, wantTakeaway   string
	}{
		{"original by default", "https://o.example/a", "https://n.example", "", "https://o.example/a", "https://n.example/r/s/2"},
		{"original", "https://o.example/a", "https://n.example", CanonicalOriginal, "https://o.example/a", "https://n.example/r/s/2"},
		{"our page", "https://o.example/a", "https://n.example", CanonicalPage, "https://n.example/r/s", "https://n.example/r/s/2"},
		{"no original", "", "https://n.example", CanonicalOriginal, "https://n.example/r/s", "https://n.example/r/s/2"},
		{"slash at the end", "", "https://n.example/news/", "", "https://n.example/news/r/s", "https://n.example/news/r/s/2"},
		{"preview", "https://o.example/a", "", CanonicalPage, "https://o.example/a", "https://o.example/a"},
		{"nothing to share", "", "", "", "", ""},
		{"original that is no web address", "javascript:x", "https://n.example", "", "https://n.example/r/s", "https://n.example/r/s/2"},
	} {
		e := Edition{Slug: "s", BaseURL: c.base, Canonical: c.canonical, Recaps: []recaps.Recap{{URL: c.original}}}
		if got := ShareTarget(e); got != c.want {
			t.Errorf("%s: %q, want %q", c.name, got, c.want)
		}
		if got := ShareTargetTakeaway(e, 2); got != c.wantTakeaway {
			t.Errorf("%s: takeaway %q, want %q", c.name, got, c.wantTakeaway)
		}
	}
}

func TestSnippetsFallBack(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("word ", 100)
	e := sample()
	e.Recaps[0].Title, e.Recaps[0].Hashtags = long, []string{"Tag"}
	x, err := SnippetFor(e, "x")
	if err != nil {
		t.Fatal(err)
	}
	if want := e.Recaps[0].Event.Name + " #Tag\n\n" + e.Recaps[0].URL; x.Text != want {
		t.Errorf("with a long title X has %q, want %q", x.Text, want)
	}
	e.Recaps[0].Event.Name = long
	if x, err = SnippetFor(e, "x"); err != nil || x.Text != e.Recaps[0].URL || len(x.LeftOut) != 8 {
		t.Errorf("with a long event X has %+v, %v, want the address alone", x, err)
	}
	hn, err := SnippetFor(e, "hackernews")
	if err != nil || hn.Text != "" || strings.Contains(hn.URL, "word") {
		t.Errorf("with a long title Hacker News has %+v, %v, want no title", hn, err)
	}
	if _, err := SnippetFor(e, "myspace"); !errs.Is(err, errs.NotFound) {
		t.Errorf("myspace: %v, want NotFound", err)
	}
	for _, n := range []int{0, 9} {
		if _, err := TakeawaySnippet(e, n, "x"); !errs.Is(err, errs.NotFound) {
			t.Errorf("takeaway %d: %v, want NotFound", n, err)
		}
	}
	if _, err := TakeawaySnippet(e, 1, "myspace"); !errs.Is(err, errs.NotFound) {
		t.Errorf("takeaway on myspace: %v, want NotFound", err)
	}
}

func TestSnippetsOfNamedNetworks(t *testing.T) {
	t.Parallel()
	e := sample()
	e.Networks = []networks.ID{"mastodon", "viber", "mastodon"}
	got, err := Snippets(e)
	if err != nil || len(got) != 2 {
		t.Fatalf("%d snippets, %v, want 2", len(got), err)
	}
	mail, err := RenderMail(e)
	if err != nil {
		t.Fatal(err)
	}
	html := string(mail.HTML.Fill(nil, nil))
	if strings.Contains(html, "/viber") || !strings.Contains(html, "/mastodon") {
		t.Error("a mail offers exactly the networks whose links survive in it")
	}
}

func TestPreviewLeadsToTheNetworks(t *testing.T) {
	t.Parallel()
	e := sample()
	e.ID = ""
	b, err := RenderPage(e)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, href := range attributes(b, "href") {
		if strings.HasPrefix(href, e.BaseURL+"/s/") {
			t.Errorf("a preview links to %s", href)
		}
		u, err := url.Parse(href)
		found = found || err == nil && u.Host == "www.linkedin.com" && u.Query().Get("url") == ShareTarget(e)
	}
	if !found {
		t.Error("no link to LinkedIn with the share target")
	}
	if !strings.Contains(string(b), fmt.Sprintf("url=%s", url.QueryEscape(ShareTargetTakeaway(e, 3)))) {
		t.Error("takeaway 3 is not shared by its own page")
	}
}

func BenchmarkSnippets(b *testing.B) {
	e := sample()
	for b.Loop() {
		if _, err := Snippets(e); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkSnippetFor(b *testing.B) {
	e := sample()
	for b.Loop() {
		if _, err := SnippetFor(e, "x"); err != nil {
			b.Fatal(err)
		}
	}
}

// TestWeightDecidesWhatFits: where not all takeaways fit, the weightiest goes
// first, and the text keeps the recap's order.
func TestWeightDecidesWhatFits(t *testing.T) {
	t.Parallel()
	r := recaps.Recap{Title: "T", Lang: "en", Takeaways: []recaps.Takeaway{
		{N: 1, Text: recaps.Text{Plain: strings.Repeat("one ", 30) + "end."}},
		{N: 2, Text: recaps.Text{Plain: strings.Repeat("two ", 30) + "end."}},
		{N: 3, Weight: 2, Text: recaps.Text{Plain: strings.Repeat("three ", 20) + "end."}},
		{N: 4, Weight: 5, Text: recaps.Text{Plain: "Four."}},
	}}
	s, err := SnippetFor(Edition{Recaps: []recaps.Recap{r}, BaseURL: "https://n.example", Slug: "t"}, "x")
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(s.LeftOut, []int{1, 2}) || strings.Index(s.Text, "three") > strings.Index(s.Text, "Four.") {
		t.Errorf("left out are %v from %q; want 1 and 2", s.LeftOut, s.Text)
	}
}
