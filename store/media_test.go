package store_test

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/recaps"
	"postrider/recaps/media"
	"postrider/store"
	"postrider/store/storetest"
)

func TestPicturesAreKeptOnce(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		at := time.UnixMilli(1_800_000_000_000)
		a := &media.Album{Store: s, Now: func() time.Time { at = at.Add(time.Second); return at }}
		file := func(w int) *bytes.Reader {
			var b bytes.Buffer
			if err := png.Encode(&b, image.NewNRGBA(image.Rect(0, 0, w, 10))); err != nil {
				t.Fatal(err)
			}
			return bytes.NewReader(b.Bytes())
		}
		first := must[media.Picture](t)(a.Keep(ctx, "ann", "A harbour", file(700)))
		must[media.Picture](t)(a.Keep(ctx, "ann", "", file(20)))
		again := must[media.Picture](t)(a.Keep(ctx, "ben", "The harbour at dusk", file(700)))
		if again.Name != first.Name {
			t.Errorf("the same file is %s, then %s", first.Name, again.Name)
		}
		all := must[[]media.Picture](t)(a.List(ctx, 0))
		if len(all) != 2 || all[1].Name != first.Name || all[1].Alt != "The harbour at dusk" || all[1].Width != 700 || all[0].Alt != "" {
			t.Errorf("kept are %+v", all)
		}
		_, mail, _ := recaps.KeptPicture(first.Name)
		v := must[media.Version](t)(s.PictureVersion(ctx, strings.TrimPrefix(mail, recaps.PicturePath)))
		if size, err := png.DecodeConfig(bytes.NewReader(v.Body)); err != nil || size.Width != 600 || v.Width != 600 || v.Kind != "image/png" {
			t.Errorf("the version for mails is %d wide, %v", size.Width, err)
		}
		if _, err := s.PictureVersion(ctx, "nothing.png"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a picture that is not there: %v", err)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE kind = 'picture'`); n != 3 {
			t.Errorf("%d entries in the audit log, want 3", n)
		}
	})
}
