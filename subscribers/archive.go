package subscribers

import (
	"archive/zip"
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"postrider/internal/errs"
)

// What an archive may hold. Lists of readers shrink to a tenth when they are
// packed; one that shrinks to a hundredth was made to fill somebody's disk.
const (
	maxArchive  = 1 << 30 // bytes, packed
	maxMembers  = 1_000
	maxUnpacked = 8 << 30
	maxRatio    = 100
	freeRatio   = 1 << 20 // bytes below which nobody asks for the ratio
)

// rowSource hands out the rows of a file.
type rowSource interface {
	next() (Row, []string, error)
}

// source is one file of readers: the whole import, or a member of an archive.
type source struct {
	rows   rowSource
	name   string // of the member, empty outside archives
	titles []string
	table  *table // nil for a paste
}

// isZip reports whether a file is an archive, without consuming it.
func isZip(in *bufio.Reader) bool {
	start, _ := in.Peek(4)
	return string(start) == "PK\x03\x04"
}

// openSources opens what a file holds: readers as CSV, a paste of addresses,
// or an archive of CSV files. The caller closes what comes back with an error too.
func openSources(r io.Reader, o ImportOptions) (all []source, closeAll func(), err error) {
	closeAll = func() {}
	in := bufio.NewReaderSize(r, readAhead)
	if !isZip(in) {
		one, err := openSource(in, o)
		return []source{one}, closeAll, err
	}
	spool, size, err := spool(in, o.TempDir)
	if err != nil {
		return nil, closeAll, err
	}
	closeAll = func() { _ = spool.Close() }
	members, err := membersOf(spool, size)
	if err != nil {
		return nil, closeAll, err
	}
	for _, m := range members {
		body, err := m.file.Open()
		if err != nil {
			return nil, closeAll, errs.Invalidf("opening %s in the archive: %w", m.base, err)
		}
		before := closeAll
		closeAll = func() { _ = body.Close(); before() }
		one, err := openSource(&ratioGuard{r: body, packed: int64(m.file.CompressedSize64)}, o)
		if err != nil {
			return nil, closeAll, fmt.Errorf("%s in the archive: %w", m.base, err)
		}
		one.name = m.base
		if one.table != nil && m.known {
			one.table.whole = m.standing
		}
		all = append(all, one)
	}
	return all, closeAll, nil
}

// openSource opens CSV or a paste.
func openSource(r io.Reader, o ImportOptions) (source, error) {
	// A paste is looked for in the text itself, so decoding comes first; what
	// is UTF-8 by then stays as it is.
	decoded, as, err := decode(r, o.Encoding)
	if err != nil {
		return source{}, err
	}
	in := bufio.NewReaderSize(decoded, readAhead)
	if len(o.Map) == 0 && o.Columns == nil && isPaste(peekLine(in)) {
		return source{rows: openPaste(in), titles: []string{colEmail, colName}}, nil
	}
	o.Encoding = UTF8
	t, err := openTable(in, o)
	if err != nil {
		return source{}, err
	}
	t.encoding = as
	return source{rows: t, titles: t.titles, table: t}, nil
}

// spool copies an archive to a file, because its table of contents is at its
// end. The file has no name from the beginning on where the system allows it,
// so that it is gone whatever happens.
func spool(r io.Reader, dir string) (*tempFile, int64, error) {
	f, err := newTemp(dir)
	if err != nil {
		return nil, 0, err
	}
	n, err := io.Copy(f, io.LimitReader(r, maxArchive+1))
	if err != nil {
		_ = f.Close()
		return nil, 0, fmt.Errorf("unpacking: %w", err)
	}
	if n > maxArchive {
		_ = f.Close()
		return nil, 0, errs.Invalidf("the archive is over %d MiB: unpack it and import its files", maxArchive>>20)
	}
	return f, n, nil
}

type archived struct {
	file     *zip.File
	base     string
	standing standing
	known    bool
}

// membersOf picks the files of readers. Names are looked at, never used as paths.
func membersOf(r io.ReaderAt, size int64) ([]archived, error) {
	z, err := zip.NewReader(r, size)
	if err != nil {
		return nil, errs.Invalidf("the archive cannot be read (%w): download it again", err)
	}
	if len(z.File) > maxMembers {
		return nil, errs.Invalidf("the archive holds %d files: unpack it and import those with readers", len(z.File))
	}
	var known, others []archived
	var total uint64
	for _, f := range z.File {
		base := path.Base(strings.ReplaceAll(f.Name, `\`, "/"))
		if !strings.HasSuffix(strings.ToLower(base), ".csv") || strings.HasPrefix(base, "._") {
			continue
		}
		total += f.UncompressedSize64
		if bomb(f.UncompressedSize64, f.CompressedSize64) || total > maxUnpacked {
			return nil, errs.Invalidf("%s in the archive would unpack to far more than readers need: unpack it and import the file", base)
		}
		if s, ok := memberStanding(base); ok {
			known = append(known, archived{f, base, s, true})
		} else {
			others = append(others, archived{file: f, base: base})
		}
	}
	switch {
	case len(known) > 0:
		// Who must not be mailed comes first, and who left before who did not.
		slices.SortStableFunc(known, func(a, b archived) int { return rank(a.standing) - rank(b.standing) })
		return known, nil
	case len(others) == 1:
		return others, nil
	case len(others) == 0:
		return nil, errs.Invalidf("the archive holds no CSV file: a spreadsheet is saved as CSV first")
	}
	return nil, errs.Invalidf("the archive holds %d CSV files: unpack it and import the one with readers", len(others))
}

func rank(s standing) int {
	switch {
	case s.suppress != "":
		return 0
	case s.state == Unsubscribed:
		return 1
	case s.outside:
		return 3
	}
	return 2
}

func bomb(unpacked, packed uint64) bool {
	return unpacked > freeRatio && unpacked/maxRatio > packed
}

// ratioGuard ends a member that unpacks to more than it said it would.
type ratioGuard struct {
	r      io.Reader
	packed int64
	read   int64
}

func (g *ratioGuard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	g.read += int64(n)
	if bomb(uint64(g.read), uint64(g.packed)) || g.read > maxUnpacked {
		return 0, errs.Invalidf("a file in the archive unpacks to far more than readers need")
	}
	return n, err
}

// tempFile is a file of ours that nobody else sees.
type tempFile struct {
	*os.File
	name string // to remove at the end, empty where it is gone already
}

func newTemp(dir string) (*tempFile, error) {
	f, err := os.CreateTemp(dir, ".postrider-import-*") // 0600
	if err != nil {
		return nil, fmt.Errorf("making a temporary file: %w", err)
	}
	t := &tempFile{File: f, name: f.Name()}
	if os.Remove(t.name) == nil {
		t.name = ""
	}
	return t, nil
}

// Close closes and removes the file.
func (t *tempFile) Close() error {
	err := t.File.Close()
	if t.name != "" {
		err = errors.Join(err, os.Remove(t.name))
	}
	return err
}
