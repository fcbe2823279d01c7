package demo

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
	"net/http"
	"strconv"
	"sync"
)

// PicturePath is where the demo serves the picture of its sample recap, so
// that a mail with an image can be seen without asking anybody elsewhere.
const PicturePath = "/sample.png"

const (
	pictureWidth, pictureHeight = 1200, 630
	fine                        = 2 // drawn this many times larger, then averaged
)

var (
	sky     = color.RGBA{0xe9, 0xee, 0xec, 0xff}
	far     = color.RGBA{0xbf, 0xd3, 0xd3, 0xff}
	near    = color.RGBA{0x5f, 0x97, 0x9f, 0xff}
	ground  = color.RGBA{0x0b, 0x5c, 0x6b, 0xff}
	sun     = color.RGBA{0xe6, 0xb5, 0x66, 0xff}
	clothes = []color.RGBA{{0xf6, 0xf5, 0xf1, 0xff}, {0xe6, 0xb5, 0x66, 0xff}, {0xbf, 0xd3, 0xd3, 0xff}, {0xf2, 0x93, 0x8a, 0xff}, {0xd9, 0xd6, 0xcd, 0xff}}
	skins   = []color.RGBA{{0x8d, 0x5a, 0x3b, 0xff}, {0xf0, 0xc9, 0xa4, 0xff}, {0xc6, 0x8b, 0x5e, 0xff}, {0x5b, 0x3a, 0x29, 0xff}, {0xe3, 0xb0, 0x86, 0xff}}
)

// samplePicture draws people before a city, once.
var samplePicture = sync.OnceValue(func() []byte {
	large := image.NewRGBA(image.Rect(0, 0, pictureWidth*fine, pictureHeight*fine))
	box := func(x, y, w, h int, c color.RGBA) {
		for py := max(y, 0) * fine; py < min(y+h, pictureHeight)*fine; py++ {
			for px := max(x, 0) * fine; px < min(x+w, pictureWidth)*fine; px++ {
				large.SetRGBA(px, py, c)
			}
		}
	}
	disc := func(x, y, r int, c color.RGBA) {
		for py := (y - r) * fine; py < (y+r)*fine; py++ {
			for px := (x - r) * fine; px < (x+r)*fine; px++ {
				if dx, dy := px-x*fine, py-y*fine; dx*dx+dy*dy <= r*r*fine*fine && image.Pt(px, py).In(large.Rect) {
					large.SetRGBA(px, py, c)
				}
			}
		}
	}
	box(0, 0, pictureWidth, pictureHeight, sky)
	disc(930, 210, 90, sun)
	for i, h := range []int{210, 280, 240, 330, 190, 300, 260, 350, 220, 290, 250, 200} {
		box(i*104-20, 480-h, 92, h+80, far)
	}
	for i, h := range []int{120, 190, 150, 230, 110, 170, 210, 140, 180} {
		box(i*140-40, 500-h, 118, h+60, near)
		for row := range h/40 - 1 {
			for column := range 3 {
				box(i*140-22+column*32, 518-h+row*40, 14, 18, sky)
			}
		}
	}
	box(0, 500, pictureWidth, 130, ground)
	for i := range 9 {
		x, tall := 120+i*120, (i*37)%40
		disc(x, 470-tall, 46, clothes[(i*3)%len(clothes)])
		box(x-46, 470-tall, 92, 180+tall, clothes[(i*3)%len(clothes)])
		disc(x, 388-tall, 32, skins[(i*2)%len(skins)])
	}
	var out bytes.Buffer
	if err := png.Encode(&out, smaller(large)); err != nil {
		panic(err) // a buffer takes everything
	}
	return out.Bytes()
})

// smaller averages fine × fine pixels to one.
func smaller(large *image.RGBA) *image.RGBA {
	out := image.NewRGBA(image.Rect(0, 0, pictureWidth, pictureHeight))
	for y := range pictureHeight {
		for x := range pictureWidth {
			var r, g, b int
			for dy := range fine {
				for dx := range fine {
					c := large.RGBAAt(x*fine+dx, y*fine+dy)
					r, g, b = r+int(c.R), g+int(c.G), b+int(c.B)
				}
			}
			const n = fine * fine
			out.SetRGBA(x, y, color.RGBA{uint8(r / n), uint8(g / n), uint8(b / n), 0xff})
		}
	}
	return out
}

func (h *house) picture(w http.ResponseWriter, _ *http.Request) error {
	b := samplePicture()
	w.Header().Set("Content-Type", "image/png")
	w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	w.Header().Set("Cache-Control", "max-age=86400")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin") // pages on other ports and sandboxed frames show it
	_, err := w.Write(b)
	return err
}
