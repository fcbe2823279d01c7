// Package golden compares what a test made with a file that a person has read
// and accepted. It is imported by tests only. `go test ./... -update` writes
// the files anew; the difference is then read in review like code.
package golden

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

var update = flag.Bool("update", false, "write golden files instead of comparing with them")

// Check fails t where got differs from testdata/<name> below the package's
// folder, naming the first line that differs. With -update it writes the file
// and its folders. It may be called from parallel tests with different names.
func Check(t testing.TB, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", filepath.FromSlash(name))
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("no golden file: run this test with -update and read what it writes: %v", err)
	}
	if diff := Diff(want, got); diff != "" {
		t.Errorf("%s: %s\nif this is meant, run the test with -update and read the difference", path, diff)
	}
}

// Diff describes the first line in which got differs from want, with the line
// before it; it is empty when both are the same bytes.
func Diff(want, got []byte) string {
	if bytes.Equal(want, got) {
		return ""
	}
	w, g := bytes.Split(want, []byte("\n")), bytes.Split(got, []byte("\n"))
	n := 0
	for n < len(w) && n < len(g) && bytes.Equal(w[n], g[n]) {
		n++
	}
	before := ""
	if n > 0 {
		before = fmt.Sprintf("\n after: %s", clip(w[n-1]))
	}
	return fmt.Sprintf("line %d differs (%d lines wanted, %d got)%s\nwanted: %s\n   got: %s",
		n+1, len(w), len(g), before, line(w, n), line(g, n))
}

func line(lines [][]byte, n int) string {
	if n >= len(lines) {
		return "(end of file)"
	}
	return clip(lines[n])
}

// clip keeps a failure readable where a page is one long line.
func clip(b []byte) string {
	const most = 300
	if len(b) <= most {
		return fmt.Sprintf("%q", b)
	}
	return fmt.Sprintf("%q… (%d bytes)", b[:most], len(b))
}
