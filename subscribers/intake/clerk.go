package intake

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
	"postrider/subscribers"
)

// Clerk takes files in. It may be used at once from many places; Run is called
// once in a process, and without it nothing is imported.
type Clerk struct {
	Store    Store
	Registry *subscribers.Registry
	Dir      string // of the files; made where it is missing
	Now      func() time.Time
	Log      *slog.Logger

	started chan ID
}

// New is a Clerk that keeps its files in a folder.
func New(s Store, g *subscribers.Registry, dir string, now func() time.Time, log *slog.Logger) *Clerk {
	return &Clerk{Store: s, Registry: g, Dir: dir, Now: now, Log: log, started: make(chan ID, 64)}
}

// Take keeps a file. One that is empty, or over MaxBytes, is Invalid. name is
// what its sender called it, for people to recognise it by.
func (c *Clerk) Take(ctx context.Context, actor, name string, r io.Reader) (File, error) {
	f := File{ID: ids.New[fileMark](), Name: shown(name), Actor: actor, State: Waiting, CreatedAt: c.Now()}
	f.UpdatedAt = f.CreatedAt
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return f, fmt.Errorf("making the folder for files of readers: %w", err)
	}
	out, err := os.OpenFile(c.path(f.ID), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return f, fmt.Errorf("keeping a file of readers: %w", err)
	}
	f.Size, err = io.Copy(out, io.LimitReader(r, MaxBytes+1))
	err = errors.Join(err, out.Close())
	switch {
	case err != nil:
		err = fmt.Errorf("keeping a file of readers: %w", err)
	case f.Size == 0:
		err = &errs.Error{Kind: errs.Invalid, Field: "file", Text: "the file is empty"}
	case f.Size > MaxBytes:
		err = &errs.Error{Kind: errs.Invalid, Field: "file", Text: fmt.Sprintf("the file is larger than %d MB: split it", MaxBytes>>20)}
	}
	if err == nil {
		var look subscribers.Preview
		if look, err = c.lookAt(f.ID, lookRows); err == nil {
			f.Options = Options{Columns: look.Columns, NoHeader: look.NoHeader, Titles: look.Titles, Source: f.Name}
			err = c.Store.AddImport(ctx, f, audit.Entry{At: f.CreatedAt, Actor: actor, Action: "uploaded", Kind: "import", Object: int64(f.ID)})
		}
	}
	if err != nil {
		c.drop(f.ID)
	}
	return f, err
}

// shown is a file's name without folders and what cannot be printed.
func shown(name string) string {
	name = name[strings.LastIndexAny(name, `/\`)+1:]
	name = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0xfffd {
			return -1
		}
		return r
	}, name)
	if len(name) > 120 {
		name = strings.ToValidUTF8(name[:120], "")
	}
	return name
}

func (c *Clerk) path(id ID) string { return filepath.Join(c.Dir, id.String()+".csv") }

func (c *Clerk) drop(id ID) {
	if err := os.Remove(c.path(id)); err != nil && !os.IsNotExist(err) {
		c.Log.Warn("a file of readers is left over", "err", err)
	}
}

// open opens a file. One that is not on this machine any more is a Conflict.
func (c *Clerk) open(id ID) (*os.File, error) {
	f, err := os.Open(c.path(id))
	if os.IsNotExist(err) {
		return nil, errs.Conflictf("the file is no longer here: it was imported, or another machine has it, or a day has passed. Upload it again; nobody is added twice")
	}
	if err != nil {
		return nil, fmt.Errorf("opening a file of readers: %w", err)
	}
	return f, nil
}

const lookRows = 5

// Look shows how a file begins, with our guess of its columns.
func (c *Clerk) Look(id ID) (subscribers.Preview, error) { return c.lookAt(id, lookRows) }

func (c *Clerk) lookAt(id ID, rows int) (subscribers.Preview, error) {
	f, err := c.open(id)
	if err != nil {
		return subscribers.Preview{}, err
	}
	defer f.Close()
	return subscribers.Look(f, rows)
}

// Find returns a file by its id. A missing one is NotFound.
func (c *Clerk) Find(ctx context.Context, ref string) (File, error) {
	id, err := ids.Parse[fileMark](ref)
	if err != nil {
		return File{}, errs.NotFoundf("there is no such import")
	}
	return c.Store.Import(ctx, id)
}

// List returns the newest imports.
func (c *Clerk) List(ctx context.Context, limit int) ([]File, error) {
	return c.Store.Imports(ctx, min(max(limit, 1), 200))
}

// Plan keeps what a file means and where its readers go, and returns what the
// import would do. Nothing of the file is stored. What cannot be imported at all
// is Invalid.
func (c *Clerk) Plan(ctx context.Context, f File, o Options) (subscribers.ImportResult, error) {
	o.Titles = f.Options.Titles
	in, err := c.open(f.ID)
	if err != nil {
		return subscribers.ImportResult{}, err
	}
	defer in.Close()
	options := o.importOptions(f.Actor)
	options.DryRun = true
	result, err := c.Registry.Import(ctx, in, options)
	if err != nil {
		return result, err
	}
	return result, c.Store.SetImportOptions(ctx, f.ID, o, c.Now())
}

func (o Options) importOptions(actor string) subscribers.ImportOptions {
	return subscribers.ImportOptions{Actor: actor, Lists: o.Lists, Create: true, Consent: o.Consent, Source: o.Source, ConsentAt: o.ConsentAt,
		Columns: o.Columns, NoHeader: o.NoHeader}
}

// Start has a file imported as it was planned, by Run of this process. One that
// stopped goes on.
func (c *Clerk) Start(ctx context.Context, actor string, f File) error {
	in, err := c.open(f.ID)
	if err != nil {
		return err
	}
	_ = in.Close()
	now := c.Now()
	if err := c.Store.StartImport(ctx, f.ID, now.Add(-silence), audit.Entry{At: now, Actor: actor, Action: "started", Kind: "import", Object: int64(f.ID)}); err != nil {
		return err
	}
	select {
	case c.started <- f.ID:
		return nil
	default:
		f.State, f.Reason, f.UpdatedAt = Stopped, "too many imports wait: start it again later", c.Now()
		return errors.Join(errs.Unavailablef("too many imports wait: start it again later"), c.Store.NoteImport(ctx, f))
	}
}

// Discard forgets a file that is not being imported, with its refused rows.
func (c *Clerk) Discard(ctx context.Context, actor string, f File) error {
	err := c.Store.RemoveImport(ctx, f.ID, audit.Entry{At: c.Now(), Actor: actor, Action: "discarded", Kind: "import", Object: int64(f.ID)})
	if err == nil {
		c.drop(f.ID)
	}
	return err
}

// WriteRefused writes the refused rows as CSV with their reasons, to be mended
// and imported again.
func (c *Clerk) WriteRefused(ctx context.Context, w io.Writer, f File) error {
	titles := f.Options.Titles
	if f.Options.NoHeader {
		titles = make([]string, len(titles))
	}
	return subscribers.WriteRefused(w, titles, func(after int) ([]subscribers.Refusal, int, error) {
		rows, err := c.Store.RefusedRows(ctx, f.ID, after, 500)
		var out []subscribers.Refusal
		for _, r := range rows {
			out, after = append(out, subscribers.Refusal{Line: r.Line, Cells: r.Cells, Reason: r.Reason}), r.N
		}
		return out, after, err
	})
}
