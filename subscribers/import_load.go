package subscribers

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"
	"strings"
	"time"

	"postrider/internal/audit"
	"postrider/internal/errs"
	"postrider/internal/ids"
)

// loader is one import.
type loader struct {
	g       *Registry
	o       ImportOptions
	batch   Batch // its Rows are being filled
	stage   stage
	refused *refusedWriter
	digest  hash.Hash
	result  ImportResult
	chunk   int         // rows of the next chunk
	stored  chan stored // of the chunk on its way, nil where there is none
	free    time.Time   // when others have had their turn
	mailbox Row         // the last one, where rows of one mailbox are refused
}

type stored struct {
	rows   []Row
	result BatchResult
	err    error
}

// resolveLists finds the lists that are named by the operator and by columns.
func (l *loader) resolveLists(ctx context.Context, sources []source) (err error) {
	create := l.o.Create && !l.o.DryRun
	find := func(names ...string) ([]ListID, error) {
		found, err := l.g.listIDs(ctx, l.o.Actor, names, create)
		if l.o.DryRun && l.o.Create && errs.Is(err, errs.NotFound) {
			return []ListID{ids.New[listMark]()}, nil // would be made: nobody is on it
		}
		return found, err
	}
	for _, name := range l.o.Lists {
		if l.o.DryRun {
			if err := CheckListName(name); err != nil {
				return err
			}
		}
		found, err := find(name)
		if err != nil {
			return err
		}
		for _, id := range found {
			if !slices.Contains(l.batch.Lists, id) {
				l.batch.Lists = append(l.batch.Lists, id)
			}
		}
	}
	for _, s := range sources {
		if s.table == nil {
			continue
		}
		if s.table.from != nil && l.result.Origin == "" {
			l.result.Origin = s.table.from.name
		}
		s.table.lists = make([]ListID, len(s.table.columns))
		for i, c := range s.table.columns {
			if c.list == "" {
				continue
			}
			found, err := find(c.list)
			if err != nil {
				return &errs.Error{Kind: errs.KindOf(err), Line: 1, Text: fmt.Sprintf("column %d", i+1), Err: err}
			}
			s.table.lists[i] = found[0]
		}
	}
	return nil
}

// read goes through the files and stages their rows.
func (l *loader) read(ctx context.Context, sources []source) error {
	check := newChecker()
	for src, s := range sources {
		for {
			if err := ctx.Err(); err != nil {
				return err
			}
			row, cells, err := s.rows.next()
			if errors.Is(err, io.EOF) {
				break
			}
			var bad *rowError
			if err != nil && !errors.As(err, &bad) {
				return err
			}
			if l.result.Rows == maxRows {
				return errs.Invalidf("more than %d rows: split the file", maxRows)
			}
			l.result.Rows++
			if l.o.Refused != nil || l.o.OnRefused != nil {
				row.Cells, row.src = slices.Clone(cells), src // cells are overwritten by the next row
			}
			email := row.Email
			if bad == nil {
				if err = l.take(ctx, check, &row, cells); err == nil {
					continue
				}
			} else {
				err, row.Line = errors.New(bad.reason), bad.line
			}
			var ours *stageError
			if errors.As(err, &ours) {
				return ours.err
			}
			l.refuse(Refusal{Line: row.Line, Email: email, Reason: err.Error(), Cells: row.Cells}, src)
		}
	}
	l.progress()
	return nil
}

// stageError is a failure of ours, as opposed to one of the row.
type stageError struct{ err error }

func (e *stageError) Error() string { return e.err.Error() }

// take checks a row and stages it.
func (l *loader) take(ctx context.Context, check *checker, row *Row, cells []string) error {
	email := row.Email
	if err := check.finish(row); err != nil {
		return err
	}
	if l.o.Host != nil {
		if why := l.o.Host(ctx, row.Domain); why != "" {
			return errors.New(why)
		}
	}
	if text := check.hint(row); text != "" {
		l.result.Odd++
		if len(l.result.Hints) < maxRefusals {
			l.result.Hints = append(l.result.Hints, Refusal{Line: row.Line, Email: email, Reason: text})
		}
	}
	size := 0
	for _, c := range cells {
		size += len(c)
	}
	if err := l.stage.add(*row, size); err != nil {
		return &stageError{err}
	}
	if l.result.Rows%chunkRows == 0 {
		l.progress()
	}
	return nil
}

// refuse counts a row that is not taken and hands it back.
func (l *loader) refuse(r Refusal, src int) {
	l.result.refuse(Refusal{Line: r.Line, Email: r.Email, Reason: r.Reason})
	l.refused.add(r, src)
	if l.o.OnRefused != nil {
		l.o.OnRefused(r)
	}
}

// refuseStored refuses what the database refused, with what stood in the file.
func (l *loader) refuseStored(rows []Row, refused []Refusal) {
	if len(refused) == 0 {
		return
	}
	type place struct {
		line  int
		email string
	}
	by := make(map[place]Row, len(rows))
	for _, r := range rows {
		by[place{r.Line, r.Email}] = r
	}
	for _, x := range refused {
		row := by[place{x.Line, x.Email}]
		x.Cells = row.Cells
		l.refuse(x, row.src)
	}
}

func (l *loader) progress() {
	if l.o.Progress != nil {
		l.o.Progress(l.result)
	}
}

// store hands the staged rows to the database in their order.
func (l *loader) store(ctx context.Context) error {
	next, err := l.stage.sorted()
	if err != nil {
		return err
	}
	if err := l.begin(ctx); err != nil {
		l.result.Rows = l.result.Refused
		return err
	}
	for {
		row, err := next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil && len(l.batch.Rows) >= l.chunk && row.Canonical != l.batch.Rows[len(l.batch.Rows)-1].Canonical {
			err = l.flush(ctx)
		}
		if err != nil {
			return l.stop(errors.Join(err, l.wait()))
		}
		if l.sameMailbox(row) {
			continue
		}
		l.batch.Rows = append(l.batch.Rows, row)
	}
	if err := errors.Join(l.flush(ctx), l.wait()); err != nil {
		return l.stop(err)
	}
	if l.o.DryRun {
		return nil
	}
	return l.g.Store.EndImport(ctx, l.record(), audit.Entry{
		At: l.g.Now(), Actor: l.o.Actor, Action: "import ended", Kind: "import", Object: int64(l.result.Import), Detail: l.result.detail(),
	})
}

// stop counts what is stored only, so that the numbers add up.
func (l *loader) stop(err error) error {
	r := &l.result
	r.Rows = r.Added + r.Updated + r.Unchanged + r.Refused
	return err
}

func (r *ImportResult) detail() string {
	return fmt.Sprintf("%d added, %d updated, %d unchanged, %d refused", r.Added, r.Updated, r.Unchanged, r.Refused)
}

// sameMailbox refuses a row of the mailbox that the row before has, under
// another spelling.
func (l *loader) sameMailbox(row Row) bool {
	if l.stage.key == nil {
		return false
	}
	before := l.mailbox
	if before.Canonical == "" || before.Canonical == row.Canonical || mailboxKey(before) != mailboxKey(row) {
		l.mailbox = row
		return false
	}
	reason := fmt.Sprintf("the same mailbox as line %d: Google ignores dots and what follows a plus", before.Line)
	l.refuse(Refusal{Line: row.Line, Email: row.Email, Reason: reason, Cells: row.Cells}, row.src)
	l.result.Stored++
	return true
}

// begin records the import, or goes on with one that was interrupted.
func (l *loader) begin(ctx context.Context) error {
	if l.o.DryRun {
		return nil
	}
	for _, part := range append(slices.Clone(l.o.Lists), l.batch.Consent, l.batch.Source) {
		fmt.Fprintf(l.digest, "\x00%s", part)
	}
	record, err := l.g.Store.BeginImport(ctx, l.record(), audit.Entry{At: l.g.Now(), Actor: l.o.Actor, Action: "import began", Kind: "import"})
	l.result.Import, l.batch.Import = record.ID, record.ID
	return err
}

func (l *loader) record() ImportRecord {
	r := l.result
	if r.Import == 0 {
		r.Import = ids.New[importMark]()
	}
	return ImportRecord{
		ID: r.Import, Digest: hex.EncodeToString(l.digest.Sum(nil)), File: clean(l.o.File), Actor: l.o.Actor, Source: l.batch.Source, State: ImportDone,
		Added: r.Added, Updated: r.Updated, Unchanged: r.Unchanged, Refused: r.Refused, Suppressed: r.Suppressed, StartedAt: l.g.Now(), UpdatedAt: l.g.Now(),
	}
}

// flush waits for the chunk before and begins to store the one that was read.
func (l *loader) flush(ctx context.Context) error {
	if err := l.wait(); err != nil || len(l.batch.Rows) == 0 {
		return err
	}
	b := l.batch
	b.Entry = audit.Entry{At: l.g.Now(), Actor: l.o.Actor, Action: "imported", Kind: "list"}
	if len(b.Lists) > 0 {
		b.Entry.Object = int64(b.Lists[0])
	}
	l.batch.Rows = make([]Row, 0, len(b.Rows)+len(b.Rows)/4)
	l.stored = make(chan stored, 1)
	free := l.free
	go func(done chan<- stored) {
		if err := sleepUntil(ctx, free); err != nil {
			done <- stored{b.Rows, BatchResult{}, err}
			return
		}
		result, err := l.g.save(ctx, b)
		done <- stored{b.Rows, result, err}
	}(l.stored)
	return nil
}

func sleepUntil(ctx context.Context, t time.Time) error {
	wait := time.Until(t)
	if wait <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// wait takes over what came of the chunk on its way. Where the database lets in
// one writer at a time, the next chunk is as large as it may keep others
// waiting, and begins after a pause: a writer of another program only looks
// from time to time whether it is its turn.
func (l *loader) wait() error {
	if l.stored == nil {
		return nil
	}
	s := <-l.stored
	l.stored = nil
	if s.err != nil {
		return s.err
	}
	if held := s.result.Held; held > 0 && len(s.rows) >= leastChunk {
		l.chunk = min(max(int(float64(len(s.rows))*float64(longestHold)/float64(held)), len(s.rows)/2, leastChunk), chunkRows, len(s.rows)*2)
		l.free = time.Now().Add(min(held/2, longestHold))
	} else if held == 0 {
		l.chunk = chunkRows
	}
	r := &l.result
	r.Added += s.result.Added
	r.Updated += s.result.Updated
	r.Unchanged += s.result.Unchanged
	r.Left += s.result.Left
	r.Suppressed += s.result.Suppressed
	r.Stored += len(s.rows)
	l.refuseStored(s.rows, s.result.Refused)
	l.progress()
	return nil
}

// save stores a batch in the order of its addresses, which keeps indexes warm
// and two imports from waiting for each other in a circle. Where another
// writer added the same readers in between, or the database gave one of two
// the way, it is done again from the start.
func (g *Registry) save(ctx context.Context, b Batch) (BatchResult, error) {
	slices.SortStableFunc(b.Rows, func(x, y Row) int { return strings.Compare(x.Canonical, y.Canonical) })
	b.Hashes = g.hashes
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
