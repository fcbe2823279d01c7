package e2e_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"postrider/store/storetest"
)

// TestImportThatIsKilled: the process of an import is killed at several moments
// and started again with the same file. In the end everybody is there once,
// on the list and in the record of consent, no temporary file is left, and one
// undo takes all of it back.
func TestImportThatIsKilled(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("not tested with -short: an import that is killed")
	}
	storetest.EachURL(t, func(t *testing.T, location string) {
		dir := t.TempDir()
		readers := times(t, 60_000, 1_000_000)
		var file strings.Builder
		file.WriteString("email,name,city\n")
		for i := range readers {
			fmt.Fprintf(&file, "reader.%d@example%d.org,Reader %d,Lund\n", i*7919%readers, i%50, i)
		}
		path := filepath.Join(dir, "readers.csv")
		if err := os.WriteFile(path, []byte(file.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		args := []string{"subscriber", "import", path, "--list", "news", "--consent", "asked", "--db", location, "--secret-file", filepath.Join(dir, "key"), "--json"}
		start(t, []string{"list", "create", "news", "--db", location, "--secret-file", filepath.Join(dir, "key")}).wantExit(0, time.Minute)
		look := storetest.Look(t, location)
		killed := 0
		for _, share := range []int{20, 3, 2} { // of the readers, when it is killed
			p := start(t, args)
			eventually(t, time.Minute, func() string {
				if n := storetest.One[int](t, look, `SELECT count(*) FROM subscribers`); n < readers/share && !p.ended() {
					return fmt.Sprintf("%d readers", n)
				}
				return ""
			})
			if !p.ended() {
				killed++
				p.kill()
			}
		}
		start(t, args).wantExit(0, 5*time.Minute)
		for what, query := range map[string]string{
			"readers": `SELECT count(*) FROM subscribers`, "memberships": `SELECT count(*) FROM memberships WHERE state = 'active'`,
			"lines of consent": `SELECT count(*) FROM consents`, "readers with consent": `SELECT count(DISTINCT subscriber_id) FROM consents`,
		} {
			if n := storetest.One[int](t, look, query); n != readers {
				t.Errorf("%d %s, want %d", n, what, readers)
			}
		}
		if n := storetest.One[int](t, look, `SELECT count(*) FROM import_runs WHERE state = 'done'`); n != 1 {
			t.Errorf("%d imports are recorded, want one", n)
		}
		left, err := filepath.Glob(filepath.Join(dir, ".postrider-import-*"))
		if err != nil || len(left) > 0 {
			t.Errorf("temporary files are left: %v, %v", left, err)
		}
		undo := start(t, []string{"subscriber", "undo-import", "--db", location, "--secret-file", filepath.Join(dir, "key"), "--json"})
		undo.wantExit(0, 5*time.Minute)
		if n := storetest.One[int](t, look, `SELECT (SELECT count(*) FROM subscribers) + (SELECT count(*) FROM consents)`); n != 0 {
			t.Errorf("after the undo %d rows are left", n)
		}
		t.Logf("killed %d times", killed)
	})
}
