// Package e2e_test starts the built program and uses it as people and scripts
// do: over its command line, its pages and real mail servers on loopback. It
// imports nothing of the program itself, so that what it sees is what ships.
package e2e_test

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// waitingTests is how many tests run at once: most of them wait for a minute
// to pass or for a child, and the machine's few cores have room beside them.
const waitingTests = "6"

func TestMain(m *testing.M) {
	flag.Parse()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == "test.parallel" })
	if !given {
		if err := flag.Set("test.parallel", waitingTests); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	code := m.Run()
	if p, err := program(); err == nil {
		_ = os.RemoveAll(filepath.Dir(p)) // a folder below the temporary one
	}
	os.Exit(code)
}

// program builds the binary once and is its path. It is called from tests only
// (and once after them): what it looks at while a test runs, Go's test cache
// watches too, so that a changed program is not judged by an old result.
var program = sync.OnceValues(func() (string, error) {
	if err := watchSources(".."); err != nil {
		return "", err
	}
	dir, err := os.MkdirTemp("", "postrider-e2e-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "postrider")
	build := exec.Command("go", "build", "-o", path, "./cmd/postrider")
	build.Dir = ".."
	if out, err := build.CombinedOutput(); err != nil {
		return "", errors.Join(fmt.Errorf("building the program: %w\n%s", err, out), os.RemoveAll(dir))
	}
	return path, nil
})

// watchSources looks at every file that the program may be built from.
func watchSources(root string) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		if d.IsDir() && path != root && (name[0] == '.' || name == "testdata" || name == "docs" || name == "e2e") {
			return fs.SkipDir
		}
		switch filepath.Ext(name) {
		case ".go", ".mod", ".sum", ".sql", ".html", ".css", ".js", ".md", ".csv", ".txt":
			_, err = os.Stat(path)
		}
		return err
	})
}

// postrider is the built binary's path.
func postrider(t testing.TB) string {
	t.Helper()
	p, err := program()
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// missing skips a test for want of something outside, and fails it where
// everything is said to be installed.
func missing(t testing.TB, format string, args ...any) {
	t.Helper()
	if os.Getenv("POSTRIDER_TEST_ALL") == "1" {
		t.Fatalf("POSTRIDER_TEST_ALL=1, but "+format, args...)
	}
	t.Skipf("not tested: "+format, args...)
}

// realRecap is the path of a form of the real article, which lies beside the
// checkout and not in it.
func realRecap(t testing.TB, name string) string {
	t.Helper()
	path, err := filepath.Abs(filepath.Join("..", "..", "shared", "recaps", name))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Skipf("not tested: the real article is not here: %v", err)
	}
	return path
}

// recapFile is a recap of our own in a file, for tests that need any.
func recapFile(t testing.TB, title string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "recap.md")
	text := "---\ntitle: " + title + "\n---\nWe met in the harbour hall and took notes.\n\n" +
		"## Key takeaways\n\n1. **Listen first.** Boats leave when the tide says so.\n2. **Write it down.** Memory is a poor secretary.\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
