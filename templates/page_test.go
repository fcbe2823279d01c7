package templates

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	nethtml "golang.org/x/net/html"

	"postrider/internal/errs"
	"postrider/recaps"
)

// head is what a crawler reads of a page.
type head struct {
	meta      map[string][]string // by name or property
	canonical string
	title     string
	ld        article
	styles    []string
}

func readHead(t *testing.T, b []byte) head {
	t.Helper()
	h := head{meta: map[string][]string{}}
	z := nethtml.NewTokenizer(bytes.NewReader(b))
	in := ""
	for z.Next() != nethtml.ErrorToken {
		token := z.Token()
		attr := map[string]string{}
		for _, a := range token.Attr {
			attr[a.Key] = a.Val
		}
		switch token.Type {
		case nethtml.StartTagToken:
			in = token.Data
			if token.Data == "meta" {
				name := attr["name"] + attr["property"]
				h.meta[name] = append(h.meta[name], attr["content"])
			}
			if token.Data == "link" && attr["rel"] == "canonical" {
				h.canonical = attr["href"]
			}
		case nethtml.EndTagToken:
			in = ""
		case nethtml.TextToken:
			switch in {
			case "title":
				h.title = token.Data
			case "style":
				h.styles = append(h.styles, token.Data)
			case "script":
				if err := json.Unmarshal([]byte(token.Data), &h.ld); err != nil {
					t.Fatalf("JSON-LD %s: %v", token.Data, err)
				}
			}
		}
	}
	return h
}

func (h head) want(t *testing.T, name string, values ...string) {
	t.Helper()
	if got := strings.Join(h.meta[name], "|"); got != strings.Join(values, "|") {
		t.Errorf("%s is %q, want %q", name, got, values)
	}
}

func TestPageHead(t *testing.T) {
	t.Parallel()
	e := sample()
	e.Recaps[0].Lang = "en-GB"
	b, err := RenderPage(e)
	if err != nil {
		t.Fatal(err)
	}
	h, r := readHead(t, b), e.Recaps[0]
	h.want(t, "og:type", "article")
	h.want(t, "og:title", r.Title)
	h.want(t, "og:url", r.URL)
	h.want(t, "og:site_name", e.Organisation.Name)
	h.want(t, "og:locale", "en_GB")
	h.want(t, "og:image", e.BaseURL+"/og/"+e.ID+".jpg")
	h.want(t, "og:image:width", "1200")
	h.want(t, "og:image:height", "630")
	h.want(t, "og:image:type", "image/jpeg")
	h.want(t, "og:image:alt", r.Event.Name+" · "+r.Event.Place+": "+r.Title)
	h.want(t, "article:published_time", "2026-11-24T09:00:00+01:00")
	h.want(t, "article:tag", r.Hashtags...)
	h.want(t, "twitter:card", "summary_large_image")
	if d := h.meta["description"]; len(d) != 1 || len(d[0]) > maxDescription || h.meta["og:description"][0] != d[0] {
		t.Errorf("description is %q", d)
	}
	if h.canonical != r.URL {
		t.Errorf("canonical is %q, want the original %q", h.canonical, r.URL)
	}
	if h.ld.Type != "NewsArticle" || h.ld.Headline != r.Title || h.ld.DatePublished != "2026-11-24T09:00:00+01:00" || h.ld.Publisher.Name != e.Organisation.Name {
		t.Errorf("JSON-LD is %+v", h.ld)
	}

	e.Canonical = CanonicalPage
	e.Recaps[0].Image = "photo.jpg"
	if b, err = RenderPage(e); err != nil {
		t.Fatal(err)
	}
	h = readHead(t, b)
	ours := e.BaseURL + "/r/" + e.Slug
	if h.canonical != ours {
		t.Errorf("canonical is %q, want %q", h.canonical, ours)
	}
	h.want(t, "og:url", ours)
	if bytes.Contains(b, []byte("photo.jpg")) {
		t.Error("the page shows an image by its relative name")
	}
}

// An edition that is only looked at has no card yet: its page names the
// recap's own picture, and none where that has no address.
func TestPreviewNamesTheRecapsPicture(t *testing.T) {
	t.Parallel()
	e := sample()
	e.ID = ""
	b, err := RenderPage(e)
	if err != nil {
		t.Fatal(err)
	}
	h := readHead(t, b)
	h.want(t, "og:image", e.Recaps[0].Image)
	h.want(t, "og:image:alt", e.Recaps[0].ImageAlt)
	h.want(t, "og:image:width")
	e.Recaps[0].Image = "photo.jpg"
	if b, err = RenderPage(e); err != nil {
		t.Fatal(err)
	}
	h = readHead(t, b)
	h.want(t, "og:image")
	h.want(t, "twitter:card", "summary")
}

func TestCardSaysTitleOrTakeaway(t *testing.T) {
	t.Parallel()
	e := sample()
	e.Organisation.Accent = "#ffee00" // nobody reads yellow on white
	c, err := Card(e, 0)
	if err != nil {
		t.Fatal(err)
	}
	if c.Text != e.Recaps[0].Title || c.Number != 0 || c.Organisation != e.Organisation.Name || c.Accent == "#ffee00" || len(c.Accent) != 7 {
		t.Errorf("the recap's card is %+v", c)
	}
	if c, err = Card(e, 2); err != nil || c.Text != e.Recaps[0].Takeaways[1].Text.Plain || c.Number != 2 || c.Kicker != e.Recaps[0].Title {
		t.Errorf("the second takeaway's card is %+v, %v", c, err)
	}
	if _, err = Card(e, 99); !errs.Is(err, errs.NotFound) {
		t.Errorf("card 99: %v", err)
	}
}

func TestJSONLDCannotBeLeft(t *testing.T) {
	t.Parallel()
	e := sample()
	e.Recaps[0].Title = `</script><script>alert("1")</script> & ` + "\u2028"
	b, err := RenderPage(e)
	if err != nil {
		t.Fatal(err)
	}
	if h := readHead(t, b); h.ld.Headline != `</script><script>alert("1")</script> &` {
		t.Errorf("headline is %q", h.ld.Headline)
	}
	if bytes.Count(b, []byte("<script")) != 1 {
		t.Error("the title opened a script")
	}
}

func TestTakeawayPages(t *testing.T) {
	t.Parallel()
	e := sample()
	page := e.BaseURL + "/r/" + e.Slug
	for n := 1; n <= 8; n++ {
		b, err := RenderTakeaway(e, n)
		if err != nil {
			t.Fatal(err)
		}
		h := readHead(t, b)
		own := fmt.Sprintf("%s/%d", page, n)
		if h.canonical != own || h.ld.IsPartOf == nil {
			t.Errorf("takeaway %d: canonical %q, JSON-LD %+v", n, h.canonical, h.ld)
		}
		h.want(t, "og:url", own)
		if title := h.meta["og:title"][0]; !strings.HasPrefix(e.Recaps[0].Takeaways[n-1].Plain, strings.TrimSuffix(title, "…")) {
			t.Errorf("takeaway %d: og:title is %q", n, title)
		}
		hrefs := strings.Join(attributes(b, "href"), "\n")
		for other, want := range map[int]bool{n - 1: n > 1, n + 1: n < 8} {
			if strings.Contains(hrefs, fmt.Sprintf("%s/%d\n", page, other)) != want {
				t.Errorf("takeaway %d: link to %d is wanted: %v", n, other, want)
			}
		}
		for _, want := range []string{page + "\n", fmt.Sprintf("%s/s/%s/%d/mastodon\n", e.BaseURL, e.ID, n)} {
			if !strings.Contains(hrefs, want) {
				t.Errorf("takeaway %d: no link to %q", n, want)
			}
		}
	}
	for _, n := range []int{-1, 0, 9} {
		if _, err := RenderTakeaway(e, n); !errs.Is(err, errs.NotFound) {
			t.Errorf("takeaway %d: error %v, want NotFound", n, err)
		}
	}
}

func TestTakeawaysOfTwoRecapsCountOn(t *testing.T) {
	t.Parallel()
	e := sample()
	second := recaps.Sample()
	second.Title = "A second story"
	e.Recaps = append(e.Recaps, second)
	r := render(t, e)
	if len(r.Takeaways) != 16 {
		t.Fatalf("%d takeaway pages, want 16", len(r.Takeaways))
	}
	if !bytes.Contains(r.Takeaways[8], []byte("A second story")) || bytes.Contains(r.Takeaways[7], []byte("A second story")) {
		t.Error("takeaway 9 is not the first of the second recap")
	}
	if err := wellFormed(r.Page); err != nil {
		t.Error(err) // a repeated anchor too
	}
}

func TestStyleHashesAllowThePages(t *testing.T) {
	t.Parallel()
	for _, accent := range []string{"", "nonsense", "#c0392b"} {
		e := sample()
		e.Organisation.Accent = accent
		b, err := RenderPage(e)
		if err != nil {
			t.Fatal(err)
		}
		want := []string{PageStyleHash()}
		if h := PageAccentHash(accent); h != "" {
			want = append(want, h)
		}
		var got []string
		for _, css := range readHead(t, b).styles {
			sum := sha256.Sum256([]byte(css))
			got = append(got, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'")
		}
		if strings.Join(got, " ") != strings.Join(want, " ") {
			t.Errorf("accent %q: styles have %s, the policy allows %s", accent, got, want)
		}
		if inline := attributes(b, "style"); len(inline) > 0 {
			t.Errorf("accent %q: inline styles %q, which the policy forbids", accent, inline)
		}
	}
}

func TestPublicPagesShowFallbacks(t *testing.T) {
	t.Parallel()
	e := sample()
	e.Recaps[0].Lead = append(e.Recaps[0].Lead, recaps.Text{
		Plain: "Dear {{first_name|reader}}, {{#if city}}hello {{city}}{{else}}hello all{{/if}}. Leave or view {{view_url}}.",
		HTML:  `<p>Dear {{first_name|reader}}, {{#if city}}hello <em>{{city}}</em>{{else}}hello all{{/if}}. <a href="%7B%7Bunsubscribe_url%7D%7D">Leave</a> or view {{view_url}}.</p>`,
	})
	e.Recaps[0].Takeaways[0].Text = recaps.Text{Plain: "For {{first_name|you}}."}
	r := render(t, e)
	view := e.BaseURL + "/r/" + e.Slug
	for _, c := range []struct {
		name, want string
		doc        []byte
	}{
		{"page", "Dear reader, hello all. <a>Leave</a> or view " + view + ".", r.Page},
		{"takeaway", "For you.", r.Takeaways[0]},
		{"snippet", "For you.", []byte(r.Snippets["facebook"].Text)},
		{"mail", `Dear Ada, hello <em>Lund</em>. <a href="https://news.example.org/u/5h2k"`, r.Mail.HTML.Fill(nil, map[string]string{
			"first_name": "Ada", "city": "Lund", SlotUnsubscribeURL: reader()[SlotUnsubscribeURL]})},
		{"text", "Dear Ada, hello all. Leave or view\n" + view, r.Mail.Text.Fill(nil, reader())},
	} {
		if !bytes.Contains(c.doc, []byte(c.want)) {
			t.Errorf("%s lacks %q", c.name, c.want)
		}
	}
	for _, p := range r.Mail.HTML.Pieces {
		if p.Slot == SlotViewURL {
			t.Error("the mail has a view_url slot, which the Courier does not fill")
		}
	}
}
