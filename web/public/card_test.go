package public

import (
	"bytes"
	"image/jpeg"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync"
	"testing"

	"postrider/recaps"
	"postrider/templates/cards"
)

var ogImage = regexp.MustCompile(`property="og:image" content="https://news\.example\.org([^"]+)"`)

// The pictures that pages name are there, each with its own words.
func TestPagesNamePicturesThatExist(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	seen := map[string]bool{}
	for _, page := range []string{"/r/" + recaps.Sample().Slug, "/r/" + recaps.Sample().Slug + "/1", "/r/" + recaps.Sample().Slug + "/2"} {
		body, err := io.ReadAll(w.do("GET", page, nil).Body)
		if err != nil {
			t.Fatal(err)
		}
		m := ogImage.FindSubmatch(body)
		if m == nil {
			t.Fatalf("%s names no picture", page)
		}
		r := w.do("GET", string(m[1]), nil)
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != "image/jpeg" || !strings.Contains(r.Header.Get("Cache-Control"), "immutable") {
			t.Fatalf("%s answers %d with %v", m[1], r.StatusCode, r.Header)
		}
		img, err := jpeg.Decode(bytes.NewReader(b))
		if err != nil || img.Bounds().Dx() != cards.Width || img.Bounds().Dy() != cards.Height {
			t.Fatalf("%s is no card: %v", m[1], err)
		}
		if seen[string(b)] {
			t.Errorf("%s looks like another page's", m[1])
		}
		seen[string(b)] = true
	}
}

func TestNoPictureOfWhatIsNotPublic(t *testing.T) {
	t.Parallel()
	w := build(t)
	hidden := "/og/" + w.edition.String() + ".jpg"
	if r := w.do("GET", hidden, nil); r.StatusCode != http.StatusNotFound {
		t.Errorf("before it is published the picture answers %d", r.StatusCode)
	}
	w.open()
	for _, path := range []string{"/og/nobody.jpg", "/og/" + w.edition.String(), "/og/" + w.edition.String() + "/99.jpg", "/og/" + w.edition.String() + "/0.jpg", "/og/" + w.edition.String() + "/01.jpg"} {
		if r := w.do("GET", path, nil); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, r.StatusCode)
		}
	}
}

// A new link is fetched by many servers in the same second.
func TestManyAskForOnePicture(t *testing.T) {
	t.Parallel()
	w := build(t).open()
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if r := w.do("GET", "/og/"+w.edition.String()+".jpg", nil); r.StatusCode != http.StatusOK {
				t.Errorf("status %d", r.StatusCode)
			}
		})
	}
	all.Wait()
}
