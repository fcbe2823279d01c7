package main

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"postrider/internal/errs"
	"postrider/recaps"
)

type mediaCmd struct {
	Add  mediaAddCmd  `cmd:"" help:"Keep a picture for recaps, without what its camera hid in it."`
	List mediaListCmd `cmd:"" help:"List the pictures that are kept."`
}

type mediaAddCmd struct {
	File       string `arg:"" help:"PNG, JPEG, GIF or WebP file."`
	Alt        string `help:"What is to be seen, for those who do not see it." placeholder:"TEXT"`
	Decorative bool   `help:"It is decoration and says nothing."`
}

// Run keeps a picture and says what to write as a recap's image.
func (c *mediaAddCmd) Run(s *session) error {
	if (c.Alt == "") != c.Decorative {
		return &errs.Error{Kind: errs.Invalid, Field: "--alt", Text: "say what is to be seen, or --decorative where it says nothing, and not both"}
	}
	f, err := os.Open(c.File)
	if err != nil {
		return errs.NotFoundf("%s: the picture cannot be read: %w", c.File, err)
	}
	defer f.Close()
	return s.with(func(h *house) error {
		p, err := h.album.Keep(s.ctx, "cli", c.Alt, f)
		if err != nil {
			return err
		}
		return s.print(p, func() { s.printf("image: %s    (%d × %d)\n", p.Name, p.Width, p.Height) })
	})
}

type mediaListCmd struct{}

// Run lists pictures.
func (c *mediaListCmd) Run(s *session) error {
	return s.with(func(h *house) error {
		all, err := h.album.List(s.ctx, 1000)
		if err != nil {
			return err
		}
		return s.print(all, func() {
			for _, p := range all {
				alt := p.Alt
				if alt == "" {
					alt = "(decoration)"
				}
				s.printf("%s  %4d × %-4d  %s\n", p.Name, p.Width, p.Height, alt)
			}
		})
	})
}

// keepPicture keeps the picture that a recap's file names beside it, so that
// mails can show it.
func (h *house) keepPicture(s *session, file string, r recaps.Recap) (recaps.Recap, error) {
	if isAddress(file) || file == "-" {
		return r, nil
	}
	folder, err := os.OpenRoot(filepath.Dir(file)) // a name cannot lead out of it, nor can a link
	if err != nil {
		return r, nil // it was no file: a recap of the library
	}
	defer folder.Close()
	out, missing, err := h.album.KeepOf(s.ctx, "cli", r, func(name string) (io.ReadCloser, error) {
		f, err := folder.Open(filepath.FromSlash(name))
		if os.IsNotExist(err) {
			return nil, errs.NotFoundf("there is no %s", name)
		}
		if err != nil {
			return nil, &errs.Error{Kind: errs.Invalid, File: file, Field: "image", Text: "cannot be read", Err: err}
		}
		if info, err := f.Stat(); err == nil && info.Mode().Type()&fs.ModeType != 0 {
			_ = f.Close()
			return nil, &errs.Error{Kind: errs.Invalid, File: file, Field: "image", Text: fmt.Sprintf("%s is no file", name)}
		}
		return f, nil
	})
	if missing {
		s.say("%s: the picture %s is not beside it, so mails and pages go without one.", file, r.Image)
	}
	return out, err
}
