package intake_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"postrider/internal/errs"
	"postrider/store"
	"postrider/store/storetest"
	"postrider/subscribers"
	"postrider/subscribers/intake"
)

type desk struct {
	*intake.Clerk
	now time.Time
}

func clerk(t *testing.T, s *store.Store, dir string) *desk {
	d := &desk{now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)}
	now := func() time.Time { return d.now }
	d.Clerk = intake.New(s, &subscribers.Registry{Store: s, Now: now}, dir, now, slog.New(slog.DiscardHandler))
	return d
}

func (d *desk) take(t *testing.T, text string) intake.File {
	t.Helper()
	f, err := d.Take(t.Context(), "ida", `C:\lists\readers.csv`, strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// run lets the clerk work until the file is no longer running.
func (d *desk) run(t *testing.T, f intake.File) intake.File {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	for {
		got, err := d.Find(t.Context(), f.ID.String())
		if err != nil {
			t.Fatal(err)
		}
		if got.State != intake.Running {
			stop()
			<-done
			return got
		}
	}
}

func TestAFileIsTriedImportedAndItsRefusedRowsGivenBack(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		d := clerk(t, s, t.TempDir())
		f := d.take(t, "Kontakt,Namn,Ort\nada@example.org,Ada,Lund\nnonsense,=Bo,\n")
		if f.Name != "readers.csv" || f.Options.Columns[0] != "email" {
			t.Errorf("taken as %+v", f)
		}
		agreed := time.Date(2025, 5, 1, 0, 0, 0, 0, time.UTC)
		o := intake.Options{Columns: []string{"email", "name", "city"}, Lists: []string{"news"}, Consent: "signed up at the fair", Source: "fair", ConsentAt: agreed}
		tried, err := d.Plan(t.Context(), f, o)
		if err != nil || tried.Added != 1 || tried.Refused != 1 || len(tried.Refusals) != 1 || tried.Refusals[0].Line != 3 {
			t.Fatalf("tried: %+v, %v", tried, err)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM subscribers`); n != 0 {
			t.Fatalf("trying stored %d readers", n)
		}
		if err := d.Start(t.Context(), "ida", f); err != nil {
			t.Fatal(err)
		}
		f = d.run(t, f)
		if f.State != intake.Done || f.Result.Added != 1 || f.Result.Refused != 1 || f.Percent() != 100 {
			t.Errorf("imported: %+v", f)
		}
		var refused bytes.Buffer
		if err := d.WriteRefused(t.Context(), &refused, f); err != nil {
			t.Fatal(err)
		}
		want := "Kontakt,Namn,Ort,refused_line,refused_reason\r\nnonsense,'=Bo,,3,"
		if !strings.HasPrefix(refused.String(), want) {
			t.Errorf("refused rows:\n%s\nwant\n%s", refused.String(), want)
		}
		if at := storetest.One[int64](t, s, `SELECT at FROM consents`); at != agreed.UnixMilli() {
			t.Errorf("the consent is of %s", time.UnixMilli(at))
		}
		if err := d.Start(t.Context(), "ida", f); !errs.Is(err, errs.Conflict) {
			t.Errorf("starting what is done: %v, want a conflict", err)
		}
	})
}

func TestAnImportThatIsInterruptedGoesOnAndAddsNobodyTwice(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Store) {
		dir := t.TempDir()
		d := clerk(t, s, dir)
		var file strings.Builder
		file.WriteString("email\n")
		for i := range 12_000 {
			fmt.Fprintf(&file, "reader%d@example.org\n", i)
		}
		f := d.take(t, file.String())
		if _, err := d.Plan(t.Context(), f, intake.Options{Columns: []string{"email"}, Lists: []string{"news"}}); err != nil {
			t.Fatal(err)
		}
		if err := d.Start(t.Context(), "ida", f); err != nil {
			t.Fatal(err)
		}
		// The process dies after the first chunk: nothing notes it.
		storetest.Exec(t, s, `UPDATE imports SET state = 'running'`)
		again := clerk(t, s, dir)
		if err := again.Start(t.Context(), "ida", f); !errs.Is(err, errs.Conflict) {
			t.Errorf("starting what another process may be at: %v, want a conflict", err)
		}
		again.now = again.now.Add(2 * time.Minute)
		found, err := again.Find(t.Context(), f.ID.String())
		if err != nil || found.Live(again.now) != intake.Stopped {
			t.Errorf("two silent minutes later: %s, %v", found.Live(again.now), err)
		}
		if err := again.Start(t.Context(), "ida", found); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		again.Run(ctx) // shut down before it was begun, or in the middle of it
		if found, err = again.Find(t.Context(), f.ID.String()); err != nil || found.State != intake.Stopped {
			t.Fatalf("after the shutdown: %+v, %v", found.State, err)
		}
		if err := again.Start(t.Context(), "ida", found); err != nil {
			t.Fatal(err)
		}
		if found = again.run(t, found); found.State != intake.Done || found.Result.Rows != 12_000 {
			t.Errorf("in the end: %s, %+v", found.State, found.Result)
		}
		if n := storetest.One[int](t, s, `SELECT count(*) FROM subscribers`); n != 12_000 {
			t.Errorf("%d readers, want 12000", n)
		}
	})
}

func TestFilesThatNobodyImportsAreForgotten(t *testing.T) {
	t.Parallel()
	s := storetest.Open(t, storetest.SQLite(t), store.Options{})
	d := clerk(t, s, t.TempDir())
	f := d.take(t, "email\nada@example.org\n")
	other := d.take(t, "email\nada@example.org\n")
	if err := d.Discard(t.Context(), "ida", other); err != nil {
		t.Fatal(err)
	}
	d.now = d.now.Add(25 * time.Hour)
	d.tidied(t, f)
	for _, text := range []string{"", "PK\x03\x04zip"} {
		if _, err := d.Take(t.Context(), "ida", "x.csv", strings.NewReader(text)); !errs.Is(err, errs.Invalid) {
			t.Errorf("a file with %q: %v", text, err)
		}
	}
	if left, err := os.ReadDir(d.Dir); err != nil || len(left) != 0 {
		t.Errorf("%d files are left, %v", len(left), err)
	}
}

// tidied lets the clerk run until a file is forgotten.
func (d *desk) tidied(t *testing.T, f intake.File) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), 20*time.Second)
	defer stop()
	done := make(chan struct{})
	go func() { d.Run(ctx); close(done) }()
	for ctx.Err() == nil {
		if _, err := d.Find(ctx, f.ID.String()); errs.Is(err, errs.NotFound) {
			stop()
			<-done
			return
		}
	}
	t.Error("a day later the file is still known")
}
