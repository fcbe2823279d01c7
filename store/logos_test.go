package store_test

import (
	"bytes"
	"image"
	"image/png"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/organisation"
	"postrider/store"
	"postrider/store/storetest"
)

func TestALogoIsKeptWithItsOrganisation(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		f := &organisation.Office{Store: s, Now: time.Now}
		var file bytes.Buffer
		if err := png.Encode(&file, image.NewNRGBA(image.Rect(0, 0, 4, 2))); err != nil {
			t.Fatal(err)
		}
		raw := file.Bytes()
		if _, err := f.SetLogo(ctx, "ida", bytes.NewReader(raw)); !errs.Is(err, errs.Conflict) {
			t.Errorf("a logo of nobody: %v", err)
		}
		o := organisation.Default()
		o.Name = "Example Desk"
		must[organisation.Organisation](t)(f.Set(ctx, "ida", o))
		for range 2 {
			o = must[organisation.Organisation](t)(f.SetLogo(ctx, "ida", bytes.NewReader(raw)))
		}
		kept := must[organisation.Organisation](t)(f.Get(ctx))
		if kept.LogoName() == "" || kept.Logo != o.Logo {
			t.Errorf("the organisation's logo is %q", kept.Logo)
		}
		l := must[organisation.Logo](t)(s.Logo(ctx, kept.LogoName()))
		if size, err := png.DecodeConfig(bytes.NewReader(l.Body)); err != nil || size.Width != 4 || l.Kind != "image/png" {
			t.Errorf("kept as %s, %+v, %v", l.Kind, size, err)
		}
		if _, err := s.Logo(ctx, "nothing.png"); !errs.Is(err, errs.NotFound) {
			t.Errorf("a logo that is not there: %v", err)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM audit_log WHERE detail = 'logo'`); n != 2 {
			t.Errorf("%d entries in the audit log, want 2", n)
		}
	})
}
