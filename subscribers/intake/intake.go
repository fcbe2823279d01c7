// Package intake takes in files of readers that somebody sends through a page:
// it keeps the file until it has been imported, tries it without storing
// anything, imports it beside everything else, and gives the refused rows back.
// What an import does to readers is the Registry's; here nobody is stored.
package intake

import (
	"context"
	"time"

	"postrider/internal/audit"
	"postrider/internal/ids"
	"postrider/subscribers"
)

type fileMark struct{}

// ID identifies a File.
type ID = ids.ID[fileMark]

// State is how far a file has come.
type State string

// The states. A stopped import has stored what it had read; it goes on from the
// start of the file and adds nobody twice.
const (
	Waiting State = "waiting"
	Running State = "running"
	Stopped State = "stopped"
	Done    State = "done"
	Failed  State = "failed"
)

const (
	// MaxBytes is the largest file that is taken.
	MaxBytes = 256 << 20
	// MaxRefused is how many refused rows of a file are kept to be given back.
	MaxRefused = 10_000

	waitingLife = 24 * time.Hour     // of a file that nobody imports
	endedLife   = 7 * 24 * time.Hour // of the refused rows of an import that has ended
	silence     = time.Minute        // of a running import, after which its process is taken for dead
	tidyEvery   = time.Hour
	noteEvery   = 500 * time.Millisecond
)

// Options say what a file means and where its readers go.
type Options struct {
	Columns   []string  `json:"columns"` // as subscribers.ImportOptions.Columns
	NoHeader  bool      `json:"no_header"`
	Titles    []string  `json:"titles"`
	Lists     []string  `json:"lists"` // names; missing ones are made
	Consent   string    `json:"consent"`
	Source    string    `json:"source"`
	ConsentAt time.Time `json:"consent_at"`
}

// File is one that was sent, and what became of it.
type File struct {
	ID        ID
	Name      string // as it was called where it came from; "" for pasted text
	Actor     string
	State     State
	Size      int64
	Read      int64 // bytes that the import has read
	Options   Options
	Result    subscribers.ImportResult
	Reason    string // why it stopped or failed
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Percent is how much of the file the import has read.
func (f File) Percent() int {
	if f.Size == 0 || f.State == Done {
		return 100
	}
	return int(min(100*f.Read/f.Size, 100))
}

// Live says what the state is now: a running import that has been silent for a
// minute has lost its process.
func (f File) Live(now time.Time) State {
	if f.State == Running && now.Sub(f.UpdatedAt) > silence {
		return Stopped
	}
	return f.State
}

// Refused is a refused row as it is kept.
type Refused struct {
	N      int
	Line   int
	Cells  []string
	Reason string
}

// Store keeps what is known of files, not the files.
type Store interface {
	AddImport(ctx context.Context, f File, e audit.Entry) error
	// Import is NotFound where there is none.
	Import(ctx context.Context, id ID) (File, error)
	// Imports are the newest ones.
	Imports(ctx context.Context, limit int) ([]File, error)
	// SetImportOptions is a Conflict where the import has begun.
	SetImportOptions(ctx context.Context, id ID, o Options, at time.Time) error
	// StartImport makes a waiting or stopped import a running one, or a running
	// one that nobody has heard of since silentSince, forgets its refused rows,
	// and is a Conflict in all other cases.
	StartImport(ctx context.Context, id ID, silentSince time.Time, e audit.Entry) error
	// NoteImport keeps state, figures and reason of a running import. It is a
	// Conflict where it does not run.
	NoteImport(ctx context.Context, f File) error
	// AddRefused keeps refused rows.
	AddRefused(ctx context.Context, id ID, rows []Refused) error
	// RefusedRows are those behind number after, in order.
	RefusedRows(ctx context.Context, id ID, after, limit int) ([]Refused, error)
	// DropImports removes waiting and failed imports that are older than waiting, and the
	// refused rows of all that have ended before ended; it returns the removed ones.
	DropImports(ctx context.Context, waiting, ended time.Time) ([]ID, error)
	// RemoveImport removes one that does not run; a running one is a Conflict.
	RemoveImport(ctx context.Context, id ID, e audit.Entry) error
}
