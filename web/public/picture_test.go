package public

import (
	"bytes"
	"image"
	"image/png"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"postrider/recaps"
	"postrider/recaps/media"
)

func TestPicturesAreServedUnderTheirHash(t *testing.T) {
	t.Parallel()
	w := build(t)
	var file bytes.Buffer
	if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 1300, 10))); err != nil {
		t.Fatal(err)
	}
	p, err := (&media.Album{Store: w.store, Now: time.Now}).Keep(t.Context(), "ann", "x", &file)
	if err != nil {
		t.Fatal(err)
	}
	wide, narrow, _ := recaps.KeptPicture(p.Name)
	for path, width := range map[string]int{wide: 1200, narrow: 600} {
		r := w.do("GET", "/"+path, nil)
		b, err := io.ReadAll(r.Body)
		if err != nil {
			t.Fatal(err)
		}
		size, err := png.DecodeConfig(bytes.NewReader(b))
		if r.StatusCode != http.StatusOK || err != nil || size.Width != width {
			t.Errorf("%s answers %d with %d pixels: %v", path, r.StatusCode, size.Width, err)
		}
		if h := r.Header; h.Get("Content-Type") != "image/png" || h.Get("X-Content-Type-Options") != "nosniff" || !strings.Contains(h.Get("Cache-Control"), "immutable") {
			t.Errorf("%s comes with %v", path, r.Header)
		}
	}
	for _, path := range []string{"/i/nothing-1200.png", "/i/..%2f..%2fpostrider.db", "/i/"} {
		if r := w.do("GET", path, nil); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s answers %d", path, r.StatusCode)
		}
	}
}
