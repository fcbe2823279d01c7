package organisation

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
	"strings"

	"golang.org/x/image/draw"
	_ "golang.org/x/image/webp"

	"postrider/internal/audit"
	"postrider/internal/errs"
)

const (
	// MaxLogoBytes is the largest file that a logo is made of.
	MaxLogoBytes = 4 << 20
	// A file may have so many pixels, which is looked at before it is unpacked,
	// and comes out fitting into this box: twice what a mail shows, for sharp screens.
	maxLogoPixels = 24_000_000
	logoWidth     = 640
	logoHeight    = 240

	// LogoPath begins the address of an uploaded logo, below the public pages.
	LogoPath = "/logo/"
)

// Logo is an image as it is kept and served: never the bytes that were sent.
type Logo struct {
	Name string // "0a1b….png"
	Kind string // image/png or image/jpeg
	Body []byte
}

// ReadLogo makes a logo of a PNG, JPEG, GIF or WebP file, told by its bytes. It
// is drawn anew, so that nothing hidden in the file gets to readers, and made
// smaller where it is large. Anything else is Invalid.
func ReadLogo(r io.Reader) (Logo, error) {
	raw, err := io.ReadAll(io.LimitReader(r, MaxLogoBytes+1))
	if err != nil {
		return Logo{}, fmt.Errorf("reading the logo: %w", err)
	}
	if len(raw) > MaxLogoBytes {
		return Logo{}, invalid("logo", fmt.Sprintf("the file is larger than %d MB: save it smaller", MaxLogoBytes>>20), nil)
	}
	size, kind, err := image.DecodeConfig(bytes.NewReader(raw))
	if err != nil {
		return Logo{}, invalid("logo", "it is no picture that we read: save it as PNG, JPEG, GIF or WebP", nil)
	}
	if size.Width < 1 || size.Height < 1 || size.Width*size.Height > maxLogoPixels {
		return Logo{}, invalid("logo", fmt.Sprintf("it has %d × %d pixels: save it with at most 4,000 × 4,000", size.Width, size.Height), nil)
	}
	picture, _, err := image.Decode(bytes.NewReader(raw))
	if err != nil {
		return Logo{}, invalid("logo", "the file is damaged: save it again as PNG", nil)
	}
	picture = fit(picture)
	var out bytes.Buffer
	l := Logo{Kind: "image/png"}
	if kind == "jpeg" {
		l.Kind = "image/jpeg"
		err = jpeg.Encode(&out, picture, &jpeg.Options{Quality: 88})
	} else {
		err = png.Encode(&out, picture)
	}
	if err != nil {
		return Logo{}, fmt.Errorf("drawing the logo: %w", err)
	}
	l.Body = out.Bytes()
	sum := sha256.Sum256(l.Body)
	l.Name = hex.EncodeToString(sum[:12]) + map[string]string{"image/png": ".png", "image/jpeg": ".jpg"}[l.Kind]
	return l, nil
}

// fit draws a picture into the box of a logo; a small one stays as large as it is.
func fit(p image.Image) image.Image {
	b := p.Bounds()
	w, h := b.Dx(), b.Dy()
	if w > logoWidth {
		w, h = logoWidth, max(h*logoWidth/w, 1)
	}
	if h > logoHeight {
		w, h = max(w*logoHeight/h, 1), logoHeight
	}
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	draw.CatmullRom.Scale(out, out.Bounds(), p, b, draw.Src, nil)
	return out
}

// SetLogo makes a logo of a file, keeps it and shows it in mails and pages from
// now on; see ReadLogo. Mails that were sent keep theirs.
func (f *Office) SetLogo(ctx context.Context, actor string, r io.Reader) (Organisation, error) {
	l, err := ReadLogo(r)
	if err != nil {
		return Organisation{}, err
	}
	o, err := f.Store.Organisation(ctx)
	if errs.Is(err, errs.NotFound) {
		err = errs.Conflictf("name the organisation first: a logo says whose it is")
	}
	if err != nil {
		return Organisation{}, err
	}
	o.Logo = LogoPath + l.Name
	return o, f.Store.SetLogo(ctx, o, l, audit.Entry{At: f.Now(), Actor: actor, Action: "changed", Kind: "organisation", Object: 1, Detail: "logo"})
}

// LogoURL is the logo's address for readers; base is the public pages' URL. It
// is "" where there is none.
func (o Organisation) LogoURL(base string) string {
	if strings.HasPrefix(o.Logo, LogoPath) {
		return base + o.Logo
	}
	return o.Logo
}

// LogoName is the name of the logo where it was uploaded, "" where it was not.
func (o Organisation) LogoName() string {
	name, _ := strings.CutPrefix(o.Logo, LogoPath)
	if name == o.Logo {
		return ""
	}
	return name
}

// checkLogo lets through an uploaded logo, and the address of a picture.
func (o *Organisation) checkLogo() error {
	if name := o.LogoName(); name != "" {
		stem, kind, _ := strings.Cut(name, ".")
		if b, err := hex.DecodeString(stem); err != nil || len(b) != 12 || kind != "png" && kind != "jpg" {
			return invalid("logo", "", errors.New("there is no such logo: upload it again"))
		}
		return nil
	}
	if o.Logo != "" && !isWebURL(o.Logo) {
		return invalid("logo", "want an address such as https://example.org/logo.png", nil)
	}
	return nil
}
