package public

import (
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"postrider/recaps"
)

// The three feeds carry the same recap, with its takeaways and its card.
func TestFeedsCarryWhatIsPublic(t *testing.T) {
	t.Parallel()
	w := build(t)
	if body := text(t, w.do("GET", "/feed.xml", nil)); strings.Contains(body, "<item>") {
		t.Errorf("a feed shows what is not public:\n%s", body)
	}
	w.open()
	sample := recaps.Sample()
	page := "https://news.example.org/r/" + sample.Slug

	var rss struct {
		Items []struct {
			Title     string `xml:"title"`
			GUID      string `xml:"guid"`
			Content   string `xml:"http://purl.org/rss/1.0/modules/content/ encoded"`
			Enclosure struct {
				URL string `xml:"url,attr"`
			} `xml:"enclosure"`
		} `xml:"channel>item"`
	}
	if err := xml.Unmarshal([]byte(text(t, w.do("GET", "/feed.xml", nil))), &rss); err != nil {
		t.Fatal(err)
	}
	if len(rss.Items) != 1 || rss.Items[0].Title != sample.Title || rss.Items[0].GUID != page ||
		rss.Items[0].Enclosure.URL != "https://news.example.org/og/"+w.edition.String()+".jpg" ||
		strings.Count(rss.Items[0].Content, "<li>") != len(sample.Takeaways) {
		t.Errorf("the RSS feed is %+v", rss)
	}

	var atom struct {
		Entries []struct {
			ID    string `xml:"id"`
			Title string `xml:"title"`
		} `xml:"entry"`
	}
	if err := xml.Unmarshal([]byte(text(t, w.do("GET", "/atom.xml", nil))), &atom); err != nil {
		t.Fatal(err)
	}
	if len(atom.Entries) != 1 || atom.Entries[0].ID != page || atom.Entries[0].Title != sample.Title {
		t.Errorf("the Atom feed is %+v", atom)
	}

	var feed struct {
		Version string
		Items   []struct {
			ID, URL     string
			ContentHTML string `json:"content_html"`
		}
	}
	if err := json.Unmarshal([]byte(text(t, w.do("GET", "/feed.json", nil))), &feed); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(feed.Version, "https://jsonfeed.org/version/") || len(feed.Items) != 1 || feed.Items[0].ID != page || !strings.Contains(feed.Items[0].ContentHTML, "<ol") {
		t.Errorf("the JSON feed is %+v", feed)
	}
}

// A thousand readers ask every few minutes: who has it already gets no body.
func TestFeedsAreNotSentTwice(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	for _, path := range []string{"/feed.xml", "/atom.xml", "/feed.json", "/sitemap.xml"} {
		first := w.do("GET", path, nil)
		tag := first.Header.Get("Etag")
		if first.StatusCode != http.StatusOK || tag == "" || !strings.HasPrefix(first.Header.Get("Cache-Control"), "public") {
			t.Fatalf("%s answers %d with %v", path, first.StatusCode, first.Header)
		}
		if again := w.do("GET", path, nil, "If-None-Match", tag); again.StatusCode != http.StatusNotModified || text(t, again) != "" {
			t.Errorf("%s answers %d to whom has it", path, again.StatusCode)
		}
		packed := w.do("GET", path, nil, "Accept-Encoding", "gzip").Header.Get("Etag")
		if again := w.do("GET", path, nil, "Accept-Encoding", "gzip", "If-None-Match", packed); again.StatusCode != http.StatusNotModified {
			t.Errorf("%s answers %d to whom has it packed, as %s", path, again.StatusCode, packed)
		}
	}
}

func TestSitemapNamesEachPage(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	var m sitemap
	if err := xml.Unmarshal([]byte(text(t, w.do("GET", "/sitemap.xml", nil))), &m); err != nil {
		t.Fatal(err)
	}
	if len(m.URLs) != 1 || m.URLs[0].Loc != "https://news.example.org/r/"+recaps.Sample().Slug || m.URLs[0].LastMod == "" {
		t.Errorf("the sitemap is %+v", m)
	}
	if robots := text(t, w.do("GET", "/robots.txt", nil)); !strings.Contains(robots, "Sitemap: https://news.example.org/sitemap.xml\n") {
		t.Errorf("robots.txt is\n%s", robots)
	}
}

func TestArchiveIsSearched(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	word := strings.ToUpper(strings.Fields(recaps.Sample().Title)[0])
	if page := text(t, w.do("GET", "/?q="+word, nil)); strings.Count(page, `href="/r/`) != 1 {
		t.Errorf("a word of the title finds\n%s", page)
	}
	if page := text(t, w.do("GET", "/?q=nobodywrotethis", nil)); strings.Contains(page, `href="/r/`) || !strings.Contains(page, "Try fewer") || !strings.Contains(page, `value="nobodywrotethis"`) {
		t.Errorf("another word finds\n%s", page)
	}
}
