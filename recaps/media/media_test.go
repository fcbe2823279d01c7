package media

import (
	"bytes"
	"context"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"strings"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/recaps"
)

// drawn is a picture that is red in its upper left quarter and white elsewhere.
func drawn(w, h int) image.Image {
	p := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.NRGBA{255, 255, 255, 255}
			if x < w/2 && y < h/2 {
				c = color.NRGBA{220, 0, 0, 255}
			}
			p.Set(x, y, c)
		}
	}
	return p
}

func asJPEG(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withExif puts an Exif block behind the first marker: an orientation, and a
// place that nobody should learn.
func withExif(file []byte, order binary.ByteOrder, orientation uint16) []byte {
	body := []byte("Exif\x00\x00II*\x00")
	if order == binary.ByteOrder(binary.BigEndian) {
		body = []byte("Exif\x00\x00MM\x00*")
	}
	add := func(v any) {
		var b bytes.Buffer
		_ = binary.Write(&b, order, v)
		body = append(body, b.Bytes()...)
	}
	add(uint32(8))
	add(uint16(1))
	add(uint16(0x0112))
	add(uint16(3))
	add(uint32(1))
	add(orientation)
	add(uint16(0))
	add(uint32(0))
	body = append(body, "GPS 55.7047 13.1910 SECRETPLACE"...)
	block := []byte{0xFF, 0xE1, byte((len(body) + 2) >> 8), byte(len(body) + 2)}
	return append(append(append(bytes.Clone(file[:2]), block...), body...), file[2:]...)
}

func TestPicturesComeOutInTwoWidths(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		file          []byte
		kind, ending  string
		wide, narrow  int
		height, small int
	}{
		"large JPEG": {asJPEG(t, drawn(2400, 1200)), "image/jpeg", "jpg", 1200, 600, 600, 300},
		"small PNG":  {asPNG(t, drawn(300, 200)), "image/png", "png", 300, 300, 200, 200},
		"tall":       {asJPEG(t, drawn(700, 1400)), "image/jpeg", "jpg", 700, 600, 1400, 1200},
	} {
		p, err := Read(bytes.NewReader(c.file))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if p.Kind != c.kind || len(p.Versions) != 2 || p.Width != c.wide || p.Height != c.height || !strings.HasSuffix(p.Name, "-1200."+c.ending) {
			t.Errorf("%s: %+v", name, p)
		}
		for i, want := range []image.Point{{c.wide, c.height}, {c.narrow, c.small}} {
			size, kind, err := image.DecodeConfig(bytes.NewReader(p.Versions[i].Body))
			if err != nil || size.Width != want.X || size.Height != want.Y || "image/"+kind != c.kind {
				t.Errorf("%s, version %d: %d × %d %s, %v, want %v", name, i, size.Width, size.Height, kind, err, want)
			}
		}
		wide, narrow, ok := recaps.KeptPicture(p.Name)
		if !ok || wide != recaps.PicturePath+p.Versions[0].File || narrow != recaps.PicturePath+p.Versions[1].File {
			t.Errorf("%s: a recap would read %s as %q and %q", name, p.Name, wide, narrow)
		}
	}
}

func TestNothingOfTheCameraIsLeft(t *testing.T) {
	t.Parallel()
	for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
		p, err := Read(bytes.NewReader(withExif(asJPEG(t, drawn(80, 40)), order, 1)))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range p.Versions {
			if bytes.Contains(v.Body, []byte("SECRETPLACE")) || bytes.Contains(v.Body, []byte("Exif")) {
				t.Errorf("%s still tells where it was taken", v.File)
			}
		}
	}
}

// TestPicturesStandUpright: the red quarter goes where the camera's orientation
// says that it belongs.
func TestPicturesStandUpright(t *testing.T) {
	t.Parallel()
	for how, want := range map[uint16]image.Point{1: {0, 0}, 2: {1, 0}, 3: {1, 1}, 4: {0, 1}, 5: {0, 0}, 6: {1, 0}, 7: {1, 1}, 8: {0, 1}, 9: {0, 0}} {
		for _, order := range []binary.ByteOrder{binary.LittleEndian, binary.BigEndian} {
			p, err := Read(bytes.NewReader(withExif(asJPEG(t, drawn(80, 40)), order, how)))
			if err != nil {
				t.Fatal(err)
			}
			w, h := 80, 40
			if how >= 5 && how <= 8 {
				w, h = 40, 80
			}
			out, _, err := image.Decode(bytes.NewReader(p.Versions[0].Body))
			if err != nil || out.Bounds().Dx() != w || out.Bounds().Dy() != h {
				t.Errorf("orientation %d: %v, %v", how, out.Bounds(), err)
				continue
			}
			_, g, _, _ := out.At(w/4+want.X*w/2, h/4+want.Y*h/2).RGBA()
			if g > 0x4000 {
				t.Errorf("orientation %d: the red quarter is not at %v", how, want)
			}
		}
	}
}

func TestWhatIsNoPictureIsRefused(t *testing.T) {
	t.Parallel()
	huge := asPNG(t, image.NewGray(image.Rect(0, 0, 1, 1)))
	binary.BigEndian.PutUint32(huge[16:], 50_000) // width and height in IHDR
	binary.BigEndian.PutUint32(huge[20:], 50_000)
	var animated bytes.Buffer
	if err := gif.Encode(&animated, drawn(10, 10), nil); err != nil {
		t.Fatal(err)
	}
	good := asJPEG(t, drawn(400, 400))
	for name, c := range map[string]struct {
		file []byte
		says string
	}{
		"a bomb":    {huge, "pixels"},
		"SVG":       {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), "no picture"},
		"text":      {[]byte("hello"), "no picture"},
		"empty":     {nil, "no picture"},
		"cut short": {good[:len(good)/2], "damaged"},
		"too large": {append(bytes.Clone(good), make([]byte, MaxBytes)...), "larger than 10 MB"},
	} {
		if _, err := Read(bytes.NewReader(c.file)); !errs.Is(err, errs.Invalid) || !strings.Contains(err.Error(), c.says) {
			if name == "a bomb" && errs.Is(err, errs.Invalid) {
				continue // its checksum is wrong, too
			}
			t.Errorf("%s: %v, want Invalid with %q", name, err, c.says)
		}
	}
	if p, err := Read(&animated); err != nil || p.Kind != "image/png" {
		t.Errorf("a GIF: %+v, %v", p, err)
	}
}

type shelf struct{ kept []Picture }

func (s *shelf) AddPicture(_ context.Context, _ string, p Picture) error {
	s.kept = append(s.kept, p)
	return nil
}
func (s *shelf) Pictures(context.Context, int) ([]Picture, error) { return s.kept, nil }

func TestARecapsPictureIsKept(t *testing.T) {
	t.Parallel()
	s := &shelf{}
	a := &Album{Store: s, Now: time.Now}
	file := asJPEG(t, drawn(20, 10))
	opened := ""
	open := func(name string) (io.ReadCloser, error) {
		opened = name
		if name == "gone.jpg" {
			return nil, errs.NotFoundf("no")
		}
		return io.NopCloser(bytes.NewReader(file)), nil
	}
	r := recaps.Sample()
	r.Image, r.ImageAlt = "photos/a.jpg", "The harbour"
	out, missing, err := a.KeepOf(t.Context(), "ann", r, open)
	if err != nil || missing || opened != "photos/a.jpg" || out.Image != s.kept[0].Name || s.kept[0].Alt != "The harbour" {
		t.Fatalf("kept %+v of %q: %v, %v", s.kept, opened, missing, err)
	}
	if err := out.Validate(); err != nil {
		t.Errorf("the recap with its picture: %v", err)
	}
	again, _, err := a.KeepOf(t.Context(), "ann", out, open)
	if err != nil || again.Image != out.Image || len(s.kept) != 1 {
		t.Errorf("a kept picture was kept again: %v", err)
	}
	r.Image = "gone.jpg"
	if out, missing, err := a.KeepOf(t.Context(), "ann", r, open); err != nil || !missing || out.Image != "gone.jpg" {
		t.Errorf("a missing file: %+v, %v, %v", out.Image, missing, err)
	}
	r.Image = "https://e.example/a.jpg"
	if out, missing, err := a.KeepOf(t.Context(), "ann", r, open); err != nil || missing || out.Image != r.Image {
		t.Errorf("an address: %v, %v, %v", out.Image, missing, err)
	}
	if _, err := a.Keep(t.Context(), "", "x", bytes.NewReader(file)); !errs.Is(err, errs.Invalid) {
		t.Errorf("nobody keeps a picture: %v", err)
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add(withExif(asJPEG(f, drawn(2, 2)), binary.LittleEndian, 6))
	f.Add(withExif(asJPEG(f, drawn(2, 2)), binary.BigEndian, 3))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o := orientation(b); o < 1 || o > 8 {
			t.Fatalf("orientation %d", o)
		}
	})
}
