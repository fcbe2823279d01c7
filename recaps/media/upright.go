package media

import (
	"bytes"
	"encoding/binary"
	"image"
)

// orientation returns how a camera held the picture, 1 to 8, from the Exif
// block of a JPEG file (CIPA DC-008, tag 0x0112); 1 where nothing is said.
func orientation(raw []byte) int {
	if !bytes.HasPrefix(raw, []byte{0xFF, 0xD8}) {
		return 1
	}
	for rest := raw[2:]; len(rest) >= 4 && rest[0] == 0xFF; {
		kind, size := rest[1], int(binary.BigEndian.Uint16(rest[2:]))
		if kind == 0xDA || size < 2 || len(rest) < 2+size {
			return 1 // the picture itself begins, or the file was cut
		}
		if block := rest[4 : 2+size]; kind == 0xE1 && bytes.HasPrefix(block, []byte("Exif\x00\x00")) {
			return exifOrientation(block[6:])
		}
		rest = rest[2+size:]
	}
	return 1
}

func exifOrientation(b []byte) int {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(b, []byte("II*\x00")):
		order = binary.LittleEndian
	case bytes.HasPrefix(b, []byte("MM\x00*")):
		order = binary.BigEndian
	default:
		return 1
	}
	if len(b) < 8 {
		return 1
	}
	at := uint64(order.Uint32(b[4:]))
	if at+2 > uint64(len(b)) {
		return 1
	}
	for n, entry := int(order.Uint16(b[at:])), at+2; n > 0 && entry+12 <= uint64(len(b)); n, entry = n-1, entry+12 {
		if order.Uint16(b[entry:]) == 0x0112 {
			if v := int(order.Uint16(b[entry+8:])); v >= 1 && v <= 8 {
				return v
			}
			return 1
		}
	}
	return 1
}

// upright turns and mirrors a picture as its orientation says.
func upright(p image.Image, how int) image.Image {
	if how == 1 {
		return p
	}
	b := p.Bounds()
	w, h := b.Dx(), b.Dy()
	turned := how >= 5
	out := image.NewNRGBA(image.Rect(0, 0, w, h))
	if turned {
		out = image.NewNRGBA(image.Rect(0, 0, h, w))
	}
	for y := range h {
		for x := range w {
			to := [9][2]int{
				2: {w - 1 - x, y}, 3: {w - 1 - x, h - 1 - y}, 4: {x, h - 1 - y},
				5: {y, x}, 6: {h - 1 - y, x}, 7: {h - 1 - y, w - 1 - x}, 8: {y, w - 1 - x},
			}[how]
			out.Set(to[0], to[1], p.At(b.Min.X+x, b.Min.Y+y))
		}
	}
	return out
}
