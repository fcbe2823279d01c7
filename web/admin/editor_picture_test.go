package admin

import (
	"bytes"
	"image"
	"image/png"
	"mime/multipart"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"postrider/organisation"
	"postrider/store/storetest"
)

// sheet posts the editor's form as a browser without scripts does.
func (w *world) sheet(path string, fields map[string]string, file string, body []byte) *http.Response {
	w.t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for k, v := range fields {
		if err := form.WriteField(k, v); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, name := range []string{"file", "picture"} {
		part, err := form.CreateFormFile(name, map[bool]string{true: "chosen.png"}[name == file])
		if err != nil {
			w.t.Fatal(err)
		}
		if name == file {
			if _, err := part.Write(body); err != nil {
				w.t.Fatal(err)
			}
		}
	}
	if err := form.Close(); err != nil {
		w.t.Fatal(err)
	}
	return w.do("POST", path, &b, "Content-Type", form.FormDataContentType(), "Sec-Fetch-Site", "same-origin")
}

// pngOf is a picture of this size.
func pngOf(t testing.TB, width, height int) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, width, height))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

var placed = regexp.MustCompile(`!\[([^\]]*)\]\((i/[0-9a-f]{24}-1200\.png)\)`)

func TestAPictureIsPutIntoTheTextWithoutScripts(t *testing.T) {
	t.Parallel()
	w := build(t).as(organisation.Editor)
	count := func() int { return storetest.One[int](t, w.store, `SELECT count(*) FROM media`) }
	before, file := count(), pngOf(t, 40, 30)
	fields := map[string]string{"text": article}
	r := w.sheet("/recaps/picture", fields, "picture", file)
	if page := text(t, r); r.StatusCode != 422 || !strings.Contains(page, "Say what is to be seen") || !strings.Contains(page, "2. The second point.") || count() != before {
		t.Fatalf("without words = %d, %d pictures:\n%s", r.StatusCode, count()-before, page)
	}
	fields["alt"] = "The harbour"
	page := text(t, w.sheet("/recaps/picture", fields, "picture", file))
	in := placed.FindStringSubmatch(page)
	if in == nil || in[1] != "The harbour" || count() != before+1 {
		t.Fatalf("the picture is not in the text, %d are kept:\n%s", count()-before, page)
	}
	// From the album, with the words that it was kept with, or as decoration.
	page = text(t, w.sheet("/recaps/picture", map[string]string{"text": article, "kept": in[2]}, "", nil))
	if again := placed.FindStringSubmatch(page); again == nil || again[1] != "The harbour" || again[2] != in[2] {
		t.Errorf("from the album comes %q", again)
	}
	page = text(t, w.sheet("/recaps/picture", map[string]string{"text": article, "kept": in[2], "decorative": "1"}, "", nil))
	if again := placed.FindStringSubmatch(page); again == nil || again[1] != "" {
		t.Errorf("as decoration comes %q", again)
	}
	for name, c := range map[string]struct {
		fields map[string]string
		body   []byte
		want   string
	}{
		"none":            {map[string]string{"text": article}, nil, "Choose a picture first"},
		"one that is not": {map[string]string{"text": article, "kept": "i/000000000000000000000000-1200.png"}, nil, "Choose a picture first"},
		"no picture":      {map[string]string{"text": article, "alt": "x"}, []byte("MZ not a picture"), "no picture that is read here"},
	} {
		r := w.sheet("/recaps/picture", c.fields, "picture", c.body)
		if page := text(t, r); r.StatusCode != 422 || !strings.Contains(page, c.want) || !strings.Contains(page, "2. The second point.") {
			t.Errorf("%s = %d:\n%s", name, r.StatusCode, page)
		}
	}
	// A picture that is chosen and not put in is not forgotten in silence.
	if r := w.sheet("/recaps/keep", fields, "picture", file); r.StatusCode != 422 || !strings.Contains(text(t, r), "not in the text yet") {
		t.Errorf("kept with a waiting picture = %d", r.StatusCode)
	}
	small := "/pictures/" + strings.TrimPrefix(strings.Replace(in[2], "1200", "600", 1), "i/")
	if r := w.do("GET", small, nil); r.StatusCode != 200 || r.Header.Get("Content-Type") != "image/png" {
		t.Errorf("its small version = %d, %s", r.StatusCode, r.Header.Get("Content-Type"))
	}
	if r := w.as(organisation.Analyst).sheet("/recaps/picture", fields, "picture", file); r.StatusCode != 403 {
		t.Errorf("an analyst keeps a picture: %d", r.StatusCode)
	}
}
