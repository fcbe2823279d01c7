package intake

import (
	"context"
	"errors"
	"io"
	"time"

	"postrider/internal/errs"
	"postrider/subscribers"
)

// Run imports what Start hands it, one file after the other, and throws away
// what nobody came back for, until ctx ends. An import that it interrupts is
// stopped: what was stored stays.
func (c *Clerk) Run(ctx context.Context) {
	c.tidy(ctx)
	tick := time.NewTicker(tidyEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			c.leave(ctx)
			return
		case <-tick.C:
			c.tidy(ctx)
		case id := <-c.started:
			if err := c.work(ctx, id); err != nil && ctx.Err() == nil {
				c.Log.Error("an import could not be recorded", "err", err)
			}
		}
	}
}

// leave says of what still waits in line that it was stopped.
func (c *Clerk) leave(ctx context.Context) {
	for {
		select {
		case id := <-c.started:
			f := File{ID: id, State: Stopped, UpdatedAt: c.Now()}
			if err := c.Store.NoteImport(context.WithoutCancel(ctx), f); err != nil {
				c.Log.Warn("an import could not be recorded", "err", err)
			}
		default:
			return
		}
	}
}

// tidy forgets what has waited too long.
func (c *Clerk) tidy(ctx context.Context) {
	now := c.Now()
	gone, err := c.Store.DropImports(ctx, now.Add(-waitingLife), now.Add(-endedLife))
	if err != nil && ctx.Err() == nil {
		c.Log.Warn("old imports could not be forgotten", "err", err)
	}
	for _, id := range gone {
		c.drop(id)
	}
}

// work imports one file and keeps what came of it.
func (c *Clerk) work(ctx context.Context, id ID) error {
	f, err := c.Store.Import(context.WithoutCancel(ctx), id)
	if err != nil {
		return err
	}
	in, err := c.open(id)
	if err == nil {
		defer in.Close()
		err = c.load(ctx, &f, in)
	}
	f.State, f.Reason, f.UpdatedAt = Done, "", c.Now()
	switch {
	case err == nil:
		defer c.drop(id)
	case ctx.Err() != nil:
		f.State = Stopped
	case errs.Is(err, errs.Unavailable):
		f.State, f.Reason = Stopped, err.Error()
	case errs.KindOf(err) != errs.Internal:
		f.State, f.Reason = Failed, err.Error()
	default:
		f.State = Failed
		c.Log.Error("an import failed", "err", err)
	}
	return c.Store.NoteImport(context.WithoutCancel(ctx), f)
}

// load imports with progress and refused rows.
func (c *Clerk) load(ctx context.Context, f *File, in io.Reader) error {
	read := &counter{r: in}
	var refused []Refused
	n, failed := 0, error(nil)
	keep := func() {
		if len(refused) > 0 && failed == nil {
			failed = c.Store.AddRefused(ctx, f.ID, refused)
			refused = refused[:0]
		}
	}
	noted := c.Now()
	o := f.Options.importOptions(f.Actor)
	o.OnRefused = func(r subscribers.Refusal) {
		if n++; n > MaxRefused {
			return
		}
		cells := r.Cells
		if len(cells) == 0 {
			cells = []string{r.Email}
		}
		if refused = append(refused, Refused{N: n, Line: r.Line, Cells: cells, Reason: r.Reason}); len(refused) == 500 {
			keep()
		}
	}
	o.Progress = func(r subscribers.ImportResult) {
		f.Result, f.Read = r, read.n
		if now := c.Now(); now.Sub(noted) >= noteEvery {
			noted, f.UpdatedAt = now, now
			if err := c.Store.NoteImport(ctx, *f); err != nil && failed == nil {
				failed = err
			}
		}
	}
	result, err := c.Registry.Import(ctx, read, o)
	keep()
	f.Result, f.Read = result, read.n
	return errors.Join(err, failed)
}

// counter counts what is read.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
