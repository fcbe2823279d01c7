package cards

import (
	"bytes"
	"image"
	"image/color"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// samples are cards for people to look at: POSTRIDER_PICTURES=folder go test.
var samples = map[string]Card{
	"title":    {Organisation: "Institute of Harbours", Kicker: "World Harbour Cities Forum · Gwangju", Text: "Eight things that harbour cities taught us", Lang: "en", Accent: "#0b5c6b"},
	"takeaway": {Organisation: "Institute of Harbours", Text: "Cities can turn rights from an abstract notion into concrete action when they begin with the people who live there, and when they keep what they have promised.", Number: 7, Lang: "en", Accent: "#7a1f5c"},
	"long":     {Organisation: strings.Repeat("A very long name ", 12), Text: strings.Repeat("Another sentence that says something about cities and rights. ", 30), Number: 12, Lang: "en"},
	"arabic":   {Organisation: "معهد الموانئ", Kicker: "منتدى مدن الموانئ", Text: "المدن التي تصغي إلى سكانها تحوّل الحقوق من فكرة إلى عمل، خطوة بعد خطوة.", Number: 3, Lang: "ar", RTL: true},
	"korean":   {Organisation: "항구 연구소", Text: "사람에게 귀 기울이는 도시는 권리를 생각에서 행동으로 바꾼다.", Number: 2, Lang: "ko"},
	"logo":     {Organisation: "Institute", Text: "Short.", Lang: "sv", Logo: square(color.RGBA{200, 40, 30, 255})},
}

func square(c color.Color) image.Image {
	img := image.NewRGBA(image.Rect(0, 0, 200, 100))
	for x := range 200 {
		for y := range 100 {
			img.Set(x, y, c)
		}
	}
	return img
}

func TestCardsAreWhatNetworksTake(t *testing.T) {
	t.Parallel()
	for name, c := range samples {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := mustDraw(t, c)
			if folder := os.Getenv("POSTRIDER_PICTURES"); folder != "" {
				if err := os.WriteFile(filepath.Join(folder, "card-"+name+".jpg"), b, 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if len(b) > MaxBytes {
				t.Errorf("the card has %d bytes", len(b))
			}
			img := decode(t, b)
			if img.Bounds().Dx() != Width || img.Bounds().Dy() != Height {
				t.Fatalf("the card is %v", img.Bounds())
			}
			if !loadFonts().of(serif).write([]rune(c.Text)) {
				t.Skip("not tested: no font here writes this script")
			}
			if dark(img, image.Rect(margin, textTop, Width-margin, textEnd)) < 500 {
				t.Error("the card says nothing")
			}
			for _, edge := range []image.Rectangle{
				image.Rect(0, 0, margin-4, Height-barDepth-2), image.Rect(Width-margin+4, 0, Width, Height-barDepth-2),
				image.Rect(0, textEnd+16, Width, Height-barDepth-2),
			} {
				if n := dark(img, edge); n > 0 {
					t.Errorf("%d pixels of text lie in the margin %v", n, edge)
				}
			}
		})
	}
}

// Letters that no font has are no boxes.
func TestUnknownLettersAreLeftOut(t *testing.T) {
	t.Parallel()
	with := mustDraw(t, Card{Organisation: "Institute", Text: "\U000F0000 private"})
	if without := mustDraw(t, Card{Organisation: "Institute"}); !bytes.Equal(with, without) {
		t.Error("a letter of nobody's was drawn")
	}
}

func TestCardsDiffer(t *testing.T) {
	t.Parallel()
	a := mustDraw(t, samples["title"])
	if b := mustDraw(t, samples["title"]); !bytes.Equal(a, b) {
		t.Error("the same card gives other bytes")
	}
	other := samples["title"]
	other.Accent = "#a8261b"
	if b := mustDraw(t, other); bytes.Equal(a, b) {
		t.Error("another colour gives the same bytes")
	}
}

// Letters stand at the side where their language begins.
func TestArabicBeginsAtTheRight(t *testing.T) {
	t.Parallel()
	c := Card{Organisation: "م", Text: "سلام", Lang: "ar", RTL: true}
	img := decode(t, mustDraw(t, c))
	left, right := dark(img, image.Rect(0, 0, Width/2, textEnd)), dark(img, image.Rect(Width/2, 0, Width, textEnd))
	if left > 0 || right == 0 {
		t.Errorf("%d dark pixels left, %d right", left, right)
	}
}

func mustDraw(t testing.TB, c Card) []byte {
	t.Helper()
	b, err := Draw(c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func decode(t *testing.T, b []byte) image.Image {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	return img
}

// dark counts the pixels of an area that are not paper.
func dark(img image.Image, area image.Rectangle) int {
	n := 0
	for y := area.Min.Y; y < area.Max.Y; y++ {
		for x := area.Min.X; x < area.Max.X; x++ {
			if r, g, b, _ := img.At(x, y).RGBA(); r+g+b < 3*0xc000 {
				n++
			}
		}
	}
	return n
}

func BenchmarkDraw(b *testing.B) {
	mustDraw(b, samples["takeaway"]) // fonts are read once
	b.ReportAllocs()
	for b.Loop() {
		mustDraw(b, samples["takeaway"])
	}
}
