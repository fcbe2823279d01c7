package networks_test

import (
	"slices"
	"strings"
	"testing"

	"postrider/internal/errs"
	"postrider/networks"
)

func TestTableHoldsEveryNetworkOnce(t *testing.T) {
	t.Parallel()
	want := strings.Fields(`facebook x linkedin bluesky mastodon threads whatsapp telegram reddit hackernews lobsters
		pinterest tumblr vk ok weibo qzone line xing viber threema teams flipboard instapaper email sms`)
	wantDefault := strings.Fields("facebook x linkedin bluesky mastodon threads whatsapp telegram reddit email")
	var got, defaults []string
	for _, n := range networks.All() {
		got = append(got, string(n.ID))
		if n.Default {
			defaults = append(defaults, string(n.ID))
		}
		if n.Name == "" || n.Limit <= 0 || n.Unit == "" || n.TagStyle == "" || (n.MaxTags > 0) == (n.TagStyle == networks.TagsNone) {
			t.Errorf("%s is incomplete: %+v", n.ID, n)
		}
		if n.Measure("x").Count == 0 {
			t.Errorf("%s does not count", n.ID)
		}
	}
	if !slices.Equal(defaults, wantDefault) {
		t.Errorf("defaults are %v, want %v", defaults, wantDefault)
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		t.Errorf("networks are %v, want %v", got, want)
	}
}

func TestAllIsACopy(t *testing.T) {
	t.Parallel()
	networks.All()[0].Limit = -1
	if n := networks.All()[0]; n.Limit < 0 {
		t.Fatalf("%s changed for everyone", n.ID)
	}
}

func TestFindNamesTheNearest(t *testing.T) {
	t.Parallel()
	for id, near := range map[string]string{"blusky": `"bluesky"`, "Mastodon": `"mastodon"`, "": "network list", "zzzzzzzz": "network list"} {
		_, err := networks.Find(id)
		if !errs.Is(err, errs.NotFound) || !strings.Contains(err.Error(), near) {
			t.Errorf("Find(%q): %v, want NotFound with %s", id, err, near)
		}
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	family := "👨\u200d👩\u200d👧\u200d👦" // 4 emoji of 4 bytes, 3 joiners of 3: 25 bytes
	for _, c := range []struct {
		network, text string
		want          int
	}{
		{"x", "a.co", 23},
		{"x", "क्षि", 4},
		{"x", "cafe\u0301 日本", 4 + 1 + 4},
		{"x", family, 2},
		{"x", "https://example.org/" + strings.Repeat("long/", 50) + " ok", 26},
		{"bluesky", "क्षि", 1},
		{"bluesky", "https://example.org/a", 21},
		{"mastodon", "https://example.org/" + strings.Repeat("long/", 50), 23},
		{"mastodon", "example.org", 11},
		{"mastodon", "hi @ana@example.social!", len("hi @ana!")},
		{"mastodon", "https://example.org/@ana@example.social", 23},
		{"mastodon", "mail ana@example.org", len("mail ana@example.org")},
		{"mastodon", "@a@b.c @d.e@f.g", len("@a @d.e")},
		{"mastodon", family, 1},
		{"threads", "日本 é", 4},
		{"threads", "ok " + family, 3 + 25},
		{"threads", "❤️", 6},
		{"threads", "❤", 1},
		{"threads", "✌🏽", 7},
		{"threads", "1️⃣ 12 🇨🇭", 7 + 4 + 8},
		{"threads", "❤\uFE0E", 2},
		{"telegram", "日本 🎉", 5},
		{"telegram", family, 11},
		{"linkedin", family, 7},
		{"threema", "é", 2},
		{"sms", "", 0},
		{"sms", strings.Repeat("a", 160), 1},
		{"sms", strings.Repeat("a", 161), 2},
		{"sms", strings.Repeat("€", 80), 1},
		{"sms", strings.Repeat("€", 81), 2},
		{"sms", strings.Repeat("я", 70), 1},
		{"sms", strings.Repeat("я", 71), 2},
		{"sms", strings.Repeat("a", 134) + "я", 3},
		{"reddit", "\xff", 1},
	} {
		if got := find(t, c.network).Measure(c.text).Count; got != c.want {
			t.Errorf("%s counts %q %d, want %d", c.network, c.text, got, c.want)
		}
	}
}

func TestLastCharacterThatFits(t *testing.T) {
	t.Parallel()
	for _, n := range networks.All() {
		if n.ID == "sms" {
			continue // counts in parts: see TestMeasure
		}
		if c := n.Measure(strings.Repeat("a", n.Limit)); !c.Fits || c.Count != n.Limit || c.Limit != n.Limit {
			t.Errorf("%s: %d letters: %+v", n.ID, n.Limit, c)
		}
		if c := n.Measure(strings.Repeat("a", n.Limit+1)); c.Fits {
			t.Errorf("%s: one letter too many: %+v", n.ID, c)
		}
	}
}

// A Bluesky server refused 121 family emoji with "string too big", 3025 bytes.
func TestBlueskyAlsoLimitsBytes(t *testing.T) {
	t.Parallel()
	family := "👨\u200d👩\u200d👧\u200d👦"
	if c := find(t, "bluesky").Measure(strings.Repeat(family, 120)); !c.Fits || c.Count != 120 {
		t.Errorf("3000 bytes: %+v", c)
	}
	if c := find(t, "bluesky").Measure(strings.Repeat(family, 121)); c.Fits || c.Count != 121 {
		t.Errorf("3025 bytes: %+v", c)
	}
}

func TestHashtags(t *testing.T) {
	t.Parallel()
	all := []string{"global health", "#GlobalHealth", "2026", "eHealth", "one.two & three", "صحت\u200cعامه", "स्वास्थ्य", strings.Repeat("x", 65), "R&D", "", "--", "four"}
	for id, want := range map[string]string{
		"x":        "GlobalHealth eHealth",
		"threads":  "GlobalHealth",
		"facebook": "GlobalHealth",
		"mastodon": "GlobalHealth eHealth OneTwoThree صحت\u200cعامه स्वास्थ्य",
		"email":    "",
	} {
		if got := strings.Join(find(t, id).Hashtags(all), " "); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if got := find(t, "threads").Hashtags([]string{strings.Repeat("x", 51), "short"}); !slices.Equal(got, []string{"short"}) {
		t.Errorf("Threads takes topics of 50 characters, we give %q", got)
	}
	if got := find(t, "linkedin").Hashtags([]string{strings.Repeat("x", 65), "R&D", "a"}); !slices.Equal(got, []string{"RD", "a"}) {
		t.Errorf("too long a tag must go: %q", got)
	}
}

func TestCompose(t *testing.T) {
	t.Parallel()
	lines, address, tags := []string{"Title", "", "1. First.\r\n2. Second."}, "https://example.org/r", []string{"One", "TwoThree"}
	for id, want := range map[string]string{
		"x":        "Title\n\n1. First.\n2. Second. #One #TwoThree\n\nhttps://example.org/r",
		"bluesky":  "Title\n\n1. First.\n2. Second. #One #TwoThree\n\nhttps://example.org/r",
		"mastodon": "Title\n\n1. First.\n2. Second.\n\nhttps://example.org/r\n\n#One #TwoThree",
		"linkedin": "Title\n\n1. First.\n2. Second.\n\n#One #TwoThree",
		"threads":  "Title\n\n1. First.\n2. Second.",
		"facebook": "Title\n\n1. First.\n2. Second.",
		"telegram": "Title\n\n1. First.\n2. Second.",
		"email":    "Title\n\n1. First.\n2. Second.\n\nhttps://example.org/r",
		"reddit":   "Title 1. First. 2. Second.",
	} {
		if got := find(t, id).Compose(lines, address, tags); got != want {
			t.Errorf("%s: %q, want %q", id, got, want)
		}
	}
	if got := find(t, "whatsapp").Compose([]string{"See https://example.org/r."}, address, nil); got != "See https://example.org/r." {
		t.Errorf("the address stands there twice: %q", got)
	}
	if got := find(t, "whatsapp").Compose([]string{"See https://example.org/r/2"}, address, nil); !strings.HasSuffix(got, "\n\n"+address) {
		t.Errorf("a longer address is another one: %q", got)
	}
	if got := find(t, "x").Compose(nil, "", nil); got != "" {
		t.Errorf("nothing composes to %q", got)
	}
}
