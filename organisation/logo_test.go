package organisation_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"strings"
	"testing"

	"postrider/internal/errs"
	"postrider/organisation"
)

func drawn(w, h int) image.Image {
	p := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.White, color.NRGBA{0x0b, 0x5c, 0x6b, 0xff}})
	for x := range w {
		p.SetColorIndex(x, h/2, 1)
	}
	return p
}

func TestLogosAreDrawnAnewAndFitTheBox(t *testing.T) {
	t.Parallel()
	var asPNG, asJPEG, asGIF bytes.Buffer
	if err := png.Encode(&asPNG, drawn(1600, 300)); err != nil {
		t.Fatal(err)
	}
	if err := jpeg.Encode(&asJPEG, drawn(300, 600), nil); err != nil {
		t.Fatal(err)
	}
	if err := gif.Encode(&asGIF, drawn(20, 10), nil); err != nil {
		t.Fatal(err)
	}
	webp, err := base64.StdEncoding.DecodeString("UklGRiIAAABXRUJQVlA4IBYAAAAwAQCdASoBAAEADsD+JaQAA3AAAAAA")
	if err != nil {
		t.Fatal(err)
	}
	trailer := append(asPNG.Bytes(), []byte("<script>alert(1)</script>")...)
	for name, c := range map[string]struct {
		file []byte
		kind string
		w, h int
	}{
		"png": {trailer, "image/png", 640, 120}, "jpeg": {asJPEG.Bytes(), "image/jpeg", 120, 240}, "gif": {asGIF.Bytes(), "image/png", 20, 10}, "webp": {webp, "image/png", 1, 1},
	} {
		l, err := organisation.ReadLogo(bytes.NewReader(c.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		size, _, err := image.DecodeConfig(bytes.NewReader(l.Body))
		if err != nil || size.Width != c.w || size.Height != c.h || l.Kind != c.kind || bytes.Contains(l.Body, []byte("script")) {
			t.Errorf("%s: %s, %d × %d, %v; want %s, %d × %d", name, l.Kind, size.Width, size.Height, err, c.kind, c.w, c.h)
		}
		o := organisation.Organisation{Name: "X", Logo: organisation.LogoPath + l.Name}
		if err := o.Validate(); err != nil || o.LogoURL("https://news.example.org") != "https://news.example.org/logo/"+l.Name {
			t.Errorf("%s: %v, %s", name, err, o.LogoURL("https://news.example.org"))
		}
	}
}

// bomb is a PNG of a few bytes that says to be this large.
func bomb(w, h uint32) []byte {
	head := append([]byte("IHDR"), make([]byte, 13)...)
	binary.BigEndian.PutUint32(head[4:], w)
	binary.BigEndian.PutUint32(head[8:], h)
	head[12], head[13] = 8, 6
	out := append([]byte("\x89PNG\r\n\x1a\n"), 0, 0, 0, 13)
	out = append(out, head...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(head))
}

func TestWhatIsNoLogoIsRefused(t *testing.T) {
	t.Parallel()
	for name, file := range map[string][]byte{
		"nothing": nil, "text": []byte("hello"), "svg": []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`),
		"bomb": bomb(50_000, 50_000), "wide": bomb(1<<31-1, 1<<31-1), "damaged": bomb(10, 10), "large": bytes.Repeat([]byte("x"), organisation.MaxLogoBytes+1),
	} {
		if _, err := organisation.ReadLogo(bytes.NewReader(file)); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), "logo") {
			t.Errorf("%s: %v, want it refused", name, err)
		}
	}
	for _, logo := range []string{"/logo/../../etc/passwd", "/logo/", "/logo/abc.png", "/logo/0a1b2c3d4e5f60718293a4b5.svg", "/other/x.png"} {
		o := organisation.Organisation{Name: "X", Logo: logo}
		if err := o.Validate(); !errs.Is(err, errs.Invalid) {
			t.Errorf("%s: %v", logo, err)
		}
	}
}
