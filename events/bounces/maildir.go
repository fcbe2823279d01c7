package bounces

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"postrider/internal/errs"
)

// Add sums up what became of several mails.
func (t Taken) Add(o Taken) Taken {
	return Taken{
		Entries: t.Entries + o.Entries, Recorded: t.Recorded + o.Recorded, Known: t.Known + o.Known,
		Unmatched: t.Unmatched + o.Unmatched, Stopped: t.Stopped + o.Stopped,
	}
}

// TakeMaildir takes the new mails of a Maildir. A returned mail is deleted once
// it is recorded; any other is moved to cur, unread, for a person. It may be
// interrupted anywhere and run again: what was recorded is not recorded twice.
func (s *Sorter) TakeMaildir(ctx context.Context, dir string) (Taken, error) {
	var all Taken
	root, err := os.OpenRoot(dir)
	if err != nil {
		return all, errs.NotFoundf("the Maildir cannot be opened: %w", err)
	}
	defer root.Close()
	mails, err := fs.ReadDir(root.FS(), "new")
	if err != nil {
		return all, errs.NotFoundf("the folder has no Maildir's new: %w", err)
	}
	for _, m := range mails {
		if ctx.Err() != nil {
			return all, ctx.Err()
		}
		if !m.Type().IsRegular() || strings.HasPrefix(m.Name(), ".") {
			continue
		}
		one, err := s.takeFile(ctx, root, m.Name())
		all = all.Add(one)
		if err != nil {
			return all, err
		}
	}
	return all, nil
}

func (s *Sorter) takeFile(ctx context.Context, root *os.Root, name string) (Taken, error) {
	from := filepath.Join("new", name)
	f, err := root.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return Taken{}, nil // somebody else was faster
	}
	if err != nil {
		return Taken{}, err
	}
	raw, err := io.ReadAll(io.LimitReader(f, MaxMail))
	_ = f.Close()
	if err != nil {
		return Taken{}, err
	}
	t, err := s.Take(ctx, raw, "maildir")
	if err != nil {
		return t, err
	}
	if t.Entries > 0 {
		err = root.Remove(from)
	} else {
		err = root.Rename(from, filepath.Join("cur", name+":2,"))
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return t, err
}
