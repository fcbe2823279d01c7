// Package media makes pictures fit for mails and pages: told by their bytes,
// drawn anew without what cameras hide in files, in two widths. It keeps them
// through a Store and knows nothing of how they are served.
package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"image"
	_ "image/gif" // the kinds that are read
	"image/jpeg"
	"image/png"
	"io"
	"time"
	"unicode/utf8"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"postrider/internal/errs"
	"postrider/recaps"
)

const (
	// MaxBytes is the largest file that a picture is made of.
	MaxBytes = 10 << 20
	// maxPixels is looked at before a file is unpacked: unpacked it takes four
	// bytes for each.
	maxPixels = 24_000_000
	maxAlt    = 1000 // letters
	quality   = 82   // of JPEG
)

// Widths of the versions that are kept, the largest first: of a sharp screen
// and of a mail. A picture is never made larger than it came.
var Widths = [2]int{recaps.PictureWide, recaps.PictureMail}

// Picture is an image as it is kept.
type Picture struct {
	Name      string    `json:"name"` // what a recap's image: says, "i/0a1b…-1200.jpg"
	Kind      string    `json:"kind"` // image/png or image/jpeg
	Width     int       `json:"width"`
	Height    int       `json:"height"`
	Alt       string    `json:"alt"` // empty: it is decoration
	CreatedAt time.Time `json:"created_at"`
	Versions  []Version `json:"-"`
}

// Version is one width of a picture.
type Version struct {
	File  string // "0a1b…-600.jpg"
	Kind  string
	Width int
	Body  []byte
}

// Read makes a picture of a PNG, JPEG, GIF or WebP file, told by its bytes; of
// an animation it takes the first frame. It is turned as the camera says and
// drawn anew: no place, name or device in the file gets to readers. Anything
// else, and what is too large, is Invalid.
func Read(r io.Reader) (Picture, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxBytes+1))
	if err != nil {
		return Picture{}, fmt.Errorf("reading the picture: %w", err)
	}
	if len(raw) > MaxBytes {
		return Picture{}, bad("the file is larger than %d MB: save it smaller", MaxBytes>>20)
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return Picture{}, bad("it is no picture that is read here: save it as PNG, JPEG, GIF or WebP")
	}
	if size.Width < 1 || size.Height < 1 || size.Width > maxPixels/size.Height {
		return Picture{}, bad("it has %d × %d pixels: save it with at most 6,000 × 4,000", size.Width, size.Height)
	}
	decoded, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return Picture{}, bad("the file is damaged: save it again")
	}
	decoded = upright(decoded, orientation(raw))
	p := Picture{Kind: "image/png"}
	if kind == "jpeg" || kind == "webp" && opaque(decoded) {
		p.Kind = "image/jpeg"
	}
	for i, width := range Widths {
		drawn := scaled(decoded, width)
		body, err := encode(drawn, p.Kind)
		if err != nil {
			return Picture{}, fmt.Errorf("drawing the picture: %w", err)
		}
		if i == 0 {
			sum := sha256.Sum256(body)
			p.Name = hex.EncodeToString(sum[:12])
			p.Width, p.Height = drawn.Bounds().Dx(), drawn.Bounds().Dy()
		}
		p.Versions = append(p.Versions, Version{File: fmt.Sprintf("%s-%d%s", p.Name, width, endings[p.Kind]), Kind: p.Kind, Width: drawn.Bounds().Dx(), Body: body})
	}
	p.Name = recaps.PicturePath + p.Versions[0].File
	return p, nil
}

var endings = map[string]string{"image/png": ".png", "image/jpeg": ".jpg"}

func bad(format string, args ...any) error {
	return &errs.Error{Kind: errs.Invalid, Field: "image", Text: fmt.Sprintf(format, args...)}
}

func opaque(p image.Image) bool {
	o, ok := p.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// scaled draws a picture in a width, or as wide as it is where that is less.
func scaled(p image.Image, width int) image.Image {
	b := p.Bounds()
	w, h := b.Dx(), b.Dy()
	if w > width {
		w, h = width, max(h*width/w, 1)
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), p, b, draw.Src, nil)
	return out
}

func encode(p image.Image, kind string) ([]byte, error) {
	var out bytes.Buffer
	var err error
	if kind == "image/jpeg" {
		err = jpeg.Encode(&out, p, &jpeg.Options{Quality: quality})
	} else {
		err = (&png.Encoder{CompressionLevel: png.BestCompression}).Encode(&out, p)
	}
	return out.Bytes(), err
}

// Store is where an Album keeps pictures. Its methods are safe for concurrent use.
type Store interface {
	// AddPicture keeps p with its versions and the audit row; one that is kept
	// already gets the new alternative text.
	AddPicture(ctx context.Context, actor string, p Picture) error
	// Pictures returns at most limit pictures without their versions, the latest first.
	Pictures(ctx context.Context, limit int) ([]Picture, error)
}

// Album keeps pictures. It is safe for concurrent use.
type Album struct {
	Store Store
	Now   func() time.Time
}

// Keep makes a picture of a file, see Read, and keeps it. The same file twice is
// one picture. An empty alt says that it is decoration.
func (a *Album) Keep(ctx context.Context, actor, alt string, r io.Reader) (Picture, error) {
	if actor == "" {
		return Picture{}, errs.Invalidf("keeping a picture: nobody is named as its actor: pass who does it")
	}
	if utf8.RuneCountInString(alt) > maxAlt {
		return Picture{}, &errs.Error{Kind: errs.Invalid, Field: "image_alt", Text: fmt.Sprintf("is longer than %d letters: say in a sentence what is to be seen", maxAlt)}
	}
	p, err := Read(r)
	if err != nil {
		return Picture{}, err
	}
	p.Alt, p.CreatedAt = alt, a.Now().UTC().Truncate(time.Millisecond)
	if err := a.Store.AddPicture(ctx, actor, p); err != nil {
		return Picture{}, fmt.Errorf("keeping a picture: %w", err)
	}
	return p, nil
}

// KeepOf keeps the picture that a recap names as a file beside it, read by
// open, and returns the recap with the picture's own name. A recap without such
// a file comes back as it is; missing says that there is none by that name.
func (a *Album) KeepOf(ctx context.Context, actor string, r recaps.Recap, open func(name string) (io.ReadCloser, error)) (out recaps.Recap, missing bool, err error) {
	if r.Image == "" || !recaps.ImageIsFile(r.Image) {
		return r, false, nil
	}
	f, err := open(r.Image)
	if errs.Is(err, errs.NotFound) {
		return r, true, nil
	}
	if err != nil {
		return r, false, err
	}
	p, err := a.Keep(ctx, actor, r.ImageAlt, f)
	err = errors.Join(err, f.Close())
	if err != nil {
		return r, false, err
	}
	r.Image = p.Name
	return r, false, nil
}

// List returns the latest pictures, at most limit (0: 100; never more than 1000).
func (a *Album) List(ctx context.Context, limit int) ([]Picture, error) {
	if limit <= 0 {
		limit = 100
	}
	return a.Store.Pictures(ctx, min(limit, 1000))
}
