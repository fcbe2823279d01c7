package recaps

import (
	"net/url"
	"regexp"
)

// A picture that is kept is named by a recap as PicturePath, the hash of its
// bytes and its width; the same path leads to it on the public pages.
const (
	PicturePath = "i/"
	PictureWide = 1200 // pixels, for pages and sharp screens
	PictureMail = 600  // pixels, as wide as a mail
)

var picture = regexp.MustCompile(`^i/([0-9a-f]{24})-1200(\.(?:png|jpg))$`)

// KeptPicture returns the paths of a kept picture's two versions; false where
// image is a file or an address.
func KeptPicture(image string) (wide, mail string, ok bool) {
	m := picture.FindStringSubmatch(image)
	if m == nil {
		return "", "", false
	}
	return image, PicturePath + m[1] + "-600" + m[2], true
}

// ImageIsFile reports whether a recap's image is the name of a file beside it,
// not a kept picture and not an address.
func ImageIsFile(image string) bool {
	if _, _, kept := KeptPicture(image); kept || image == "" {
		return false
	}
	u, err := url.Parse(image)
	return err != nil || u.Scheme == ""
}
