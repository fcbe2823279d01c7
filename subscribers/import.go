package subscribers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
)

const (
	chunkRows   = 5_000
	chunkBytes  = 8 << 20
	maxRows     = 10_000_000
	maxRefusals = 1_000 // kept by name
	maxTries    = 5
)

// ImportOptions say where readers of a file go.
type ImportOptions struct {
	Actor   string
	Lists   []string // names of the lists that all join as active
	Create  bool     // make lists that do not exist
	Consent string   // the wording that they agreed to; recorded for each new membership
	Source  string   // kept with the consent; "import" where empty
	// ConsentAt is when they agreed; now where it is zero. A later time is Invalid.
	ConsentAt time.Time
	// Progress is called after each stored chunk, in the caller's goroutine.
	Progress func(ImportResult)
	// Columns says where each column of the file goes, in their order, as
	// Preview.Columns does; nil: by their titles.
	Columns []string
	// NoHeader says that the first row is a reader's. It needs Columns.
	NoHeader bool
	// DryRun counts and stores nothing, no list either. A reader whom the file
	// names again, more than a chunk later, counts as unchanged.
	DryRun bool
	// OnRefused is called for each refused row, with its cells.
	OnRefused func(Refusal)
}

// ImportResult counts the rows of an import. When it has ended Rows is the sum
// of the others; under way it also counts rows that are not stored yet.
type ImportResult struct {
	Rows      int `json:"rows"`
	Added     int `json:"added"`
	Updated   int `json:"updated"`   // known readers who got a new value or list
	Unchanged int `json:"unchanged"` // known readers of whom the row says nothing new
	Refused   int `json:"refused"`
	// Left counts memberships that were not revived: the reader had unsubscribed.
	Left int `json:"-"`
	// Refusals are the first thousand refused rows in the order they were met.
	Refusals []Refusal `json:"-"`
}

// Refusal is a row that was not taken.
type Refusal struct {
	Line   int    // 1-based line where the row begins
	Email  string // as it stands in the file, may be empty
	Reason string
	Cells  []string // the row as it stands in the file, for ImportOptions.OnRefused only
}

func (r *ImportResult) refuse(all ...Refusal) {
	r.Refused += len(all)
	r.Refusals = append(r.Refusals, all[:min(len(all), maxRefusals-len(r.Refusals))]...)
}

// Import reads readers from a CSV file and stores them in chunks, so that what
// was read stays when it is interrupted; to go on, import the file again. It
// mails nobody. It never revives a reader who left the list, and refuses
// addresses that are suppressed or were forgotten. Two imports may run at
// once. A file without an email column, or one row too long to read, is
// Invalid; the result then counts what was stored before.
func (g *Registry) Import(ctx context.Context, r io.Reader, o ImportOptions) (ImportResult, error) {
	var result ImportResult
	t, err := openMapped(r, o)
	if err != nil {
		return result, err
	}
	batch := Batch{Consent: clean(o.Consent), Source: cmp.Or(clean(o.Source), "import")}
	if len(batch.Consent) > maxReason || len(batch.Source) > maxReason {
		return result, invalid("consent", "shorten it to 2000 bytes")
	}
	if batch.ConsentAt = o.ConsentAt; o.ConsentAt.After(g.Now()) {
		return result, invalid("consent_at", "nobody can have agreed on a day to come")
	}
	batch.DryRun = o.DryRun
	if batch.Lists, err = g.importLists(ctx, o, o.Lists); err != nil {
		return result, err
	}
	states, err := g.stateColumns(ctx, t, o)
	if err != nil {
		return result, err
	}
	l := loader{g: g, batch: batch, result: &result, o: o, seen: newSightings(o.DryRun)}
	err = errors.Join(l.read(ctx, t, states), l.flush(ctx), l.wait())
	return result, err
}

// loader reads a chunk while the one before is being stored.
type loader struct {
	g      *Registry
	batch  Batch // its Rows are being read
	size   int   // bytes of these
	result *ImportResult
	o      ImportOptions
	stored chan stored // of the chunk on its way, nil where there is none
	seen   *sightings  // of a dry run
}

type stored struct {
	rows   []Row
	result BatchResult
	err    error
}

// read goes through the file until its end or an error that ends the import.
func (l *loader) read(ctx context.Context, t *table, states stateColumns) error {
	check := newChecker()
	for {
		row, cells, err := t.next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		var bad *rowError
		if err != nil && !errors.As(err, &bad) {
			return err
		}
		if l.result.Rows == maxRows {
			return errs.Invalidf("more than %d rows: split the file", maxRows)
		}
		l.result.Rows++
		if bad != nil {
			l.refuse(Refusal{Line: bad.line, Reason: bad.reason})
			continue
		}
		email := row.Email
		if err = check.finish(&row); err == nil {
			err = states.read(&row, cells)
		}
		if err != nil {
			l.refuse(Refusal{Line: row.Line, Email: email, Reason: err.Error(), Cells: l.keep(cells)})
			continue
		}
		if row.Cells = l.keep(cells); l.again(row) {
			continue
		}
		row.Hashes = l.g.hashes(row.Canonical)
		l.batch.Rows = append(l.batch.Rows, row)
		for _, c := range cells {
			l.size += len(c)
		}
		if len(l.batch.Rows) == chunkRows || l.size >= chunkBytes {
			if err := l.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// flush waits for the chunk before and begins to store the one that was read.
func (l *loader) flush(ctx context.Context) error {
	if err := l.wait(); err != nil || len(l.batch.Rows) == 0 {
		l.result.Rows -= len(l.batch.Rows)
		l.batch.Rows = nil
		return err
	}
	b := l.batch
	b.Entry = audit.Entry{At: l.g.Now(), Actor: l.o.Actor, Action: "imported", Kind: "list"}
	if len(b.Lists) > 0 {
		b.Entry.Object = int64(b.Lists[0])
	}
	l.batch.Rows, l.size = make([]Row, 0, len(b.Rows)), 0
	l.stored = make(chan stored, 1)
	go func(done chan<- stored) {
		result, err := l.g.save(ctx, b)
		done <- stored{b.Rows, result, err}
	}(l.stored)
	return nil
}

// wait takes over what came of the chunk on its way.
func (l *loader) wait() error {
	if l.stored == nil {
		return nil
	}
	s := <-l.stored
	l.stored = nil
	if s.err != nil {
		l.result.Rows -= len(s.rows)
		return s.err
	}
	l.result.Added += s.result.Added
	l.result.Updated += s.result.Updated
	l.result.Unchanged += s.result.Unchanged
	l.result.Left += s.result.Left
	for _, r := range l.withCells(s) {
		l.refuse(r)
	}
	if l.o.Progress != nil {
		l.o.Progress(*l.result)
	}
	return nil
}

// save stores a batch in the order of its addresses, which keeps indexes warm
// and two imports from waiting for each other in a circle. Where another
// writer added the same readers in between, or the database gave one of two
// the way, it is done again from the start.
func (g *Registry) save(ctx context.Context, b Batch) (BatchResult, error) {
	slices.SortFunc(b.Rows, func(x, y Row) int {
		if c := strings.Compare(x.Canonical, y.Canonical); c != 0 {
			return c
		}
		return x.Line - y.Line
	})
	for try := 1; ; try++ {
		result, err := g.Store.SaveSubscribers(ctx, b)
		again := errs.Is(err, errs.Conflict) || errs.Is(err, errs.Unavailable)
		if err == nil || !again || try == maxTries || ctx.Err() != nil {
			return result, err
		}
	}
}

// Detail is what the audit log says of a stored batch.
func (r BatchResult) Detail() string {
	return fmt.Sprintf("%d added, %d updated, %d unchanged, %d refused", r.Added, r.Updated, r.Unchanged, len(r.Refused))
}

// stateColumns are the columns of a file that hold membership states, as an
// export writes them.
type stateColumns []struct {
	column int
	list   ListID
}

func (g *Registry) stateColumns(ctx context.Context, t *table, o ImportOptions) (stateColumns, error) {
	var out stateColumns
	for i, c := range t.columns {
		if c.list == "" {
			continue
		}
		found, err := g.importLists(ctx, o, []string{c.list})
		if err != nil {
			return nil, &errs.Error{Kind: errs.KindOf(err), Line: 1, Text: fmt.Sprintf("column %d", i+1), Err: err}
		}
		out = append(out, struct {
			column int
			list   ListID
		}{i, found[0]})
	}
	return out, nil
}

// read takes the states out of a row's cells; an empty cell is no membership.
func (s stateColumns) read(r *Row, cells []string) error {
	for _, c := range s {
		switch state := MembershipState(clean(cells[c.column])); state {
		case "":
		case Pending, Active, Unsubscribed:
			r.Memberships = append(r.Memberships, RowMembership{c.list, state})
		default:
			return invalid("list", "a state is pending, active or unsubscribed")
		}
	}
	return nil
}
