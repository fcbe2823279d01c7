package subscribers

import (
	"context"
	"fmt"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

type importMark struct{}

// ImportID is the id of an import.
type ImportID = ids.ID[importMark]

// ImportState is how far an import has come.
type ImportState string

// An import that was killed stays running; the same file goes on with it.
const (
	ImportRunning ImportState = "running"
	ImportDone    ImportState = "done"
	ImportUndoing ImportState = "undoing"
	ImportUndone  ImportState = "undone"
)

// ImportRecord is what is kept of an import: no reader and no address.
type ImportRecord struct {
	ID         ImportID    `json:"id"`
	Digest     string      `json:"-"` // of the file and where it went
	File       string      `json:"file"`
	Actor      string      `json:"actor"`
	Source     string      `json:"source"`
	State      ImportState `json:"state"`
	Added      int         `json:"added"`
	Updated    int         `json:"updated"`
	Unchanged  int         `json:"unchanged"`
	Refused    int         `json:"refused"`
	Suppressed int         `json:"suppressed"`
	StartedAt  time.Time   `json:"started_at"`
	UpdatedAt  time.Time   `json:"updated_at"`
}

// Undone counts what was taken back.
type Undone struct {
	Removed      int `json:"removed"`      // readers whom the import had added
	Left         int `json:"left"`         // memberships taken back from readers who stay
	Restored     int `json:"restored"`     // readers whose values are as they were
	Unsuppressed int `json:"unsuppressed"` // addresses that are off the do-not-mail list again
}

const undoRows = 1_000

// Imports returns the newest imports, newest first, at most limit (100 where 0).
func (g *Registry) Imports(ctx context.Context, limit int) ([]ImportRecord, error) {
	return g.Store.ImportRuns(ctx, page(limit))
}

// UndoImport takes the newest import that was not undone back. Readers whom it
// added go, unless something happened to them since: who was mailed, left, or
// joined another list stays, without the memberships of that import. Values
// that it changed come back where nobody has changed them again. It goes in
// steps and may be repeated after an interruption. Without an import it is
// NotFound.
func (g *Registry) UndoImport(ctx context.Context, actor string) (ImportRecord, Undone, error) {
	var sum Undone
	all, err := g.Store.ImportRuns(ctx, maxPage)
	if err != nil {
		return ImportRecord{}, sum, err
	}
	for _, r := range all {
		if r.State == ImportUndone {
			continue
		}
		for {
			e := audit.Entry{At: g.Now(), Actor: actor, Action: "import undone", Kind: "import", Object: int64(r.ID)}
			some, last, err := g.Store.UndoImport(ctx, r.ID, undoRows, e)
			sum.Removed += some.Removed
			sum.Left += some.Left
			sum.Restored += some.Restored
			sum.Unsuppressed += some.Unsuppressed
			if err != nil || last {
				r.State = ImportUndone
				return r, sum, err
			}
		}
	}
	return ImportRecord{}, sum, errs.NotFoundf("there is no import to undo")
}

// Detail is what the audit log says of a step.
func (u Undone) Detail() string {
	return fmt.Sprintf("%d removed, %d taken off lists, %d restored, %d off the do-not-mail list", u.Removed, u.Left, u.Restored, u.Unsuppressed)
}
