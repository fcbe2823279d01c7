package postrider_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// module is the first element of every import path of ours.
const module = "postrider"

// anyPackage in a row of arrows lets a package import every other.
const anyPackage = "*"

// forEverybody are the small packages that no row has to name.
var forEverybody = []string{
	"internal/audit", "internal/errs", "internal/ids", "internal/mailaddr", "internal/notice", "internal/words",
}

// arrows says for every package of the module which others it may import, in
// the order of docs/flow.md. docs/decisions/0001-import-arrows.md has the why.
var arrows = map[string][]string{
	".": {},

	"networks":           {},
	"scheduler/schedule": {},
	"recaps":             {},
	"organisation":       {"networks", "internal/auth", "internal/secrets"},
	"templates":          {"recaps", "networks"},
	"templates/cards":    {},
	"subscribers":        {"internal/tokens"},
	"subscribers/intake": {"subscribers"},
	"campaigns":          {"recaps", "templates", "networks", "subscribers", "organisation", "scheduler/schedule", "internal/tokens"},
	"scheduler":          {"campaigns", "scheduler/schedule"},
	"scheduler/almanac":  {"scheduler/schedule"},
	"events":             {"subscribers", "internal/tokens"},
	"events/bounces":     {"events", "subscribers", "internal/secrets", "internal/tokens"},
	"delivery":           {"campaigns", "templates", "networks", "subscribers", "organisation", "events", "internal/secrets", "internal/tokens"},
	"delivery/mailer":    {"delivery", "templates", "internal/secrets"},
	"delivery/poster":    {"delivery", "networks", "internal/fetch", "internal/secrets"},

	"recaps/media":        {"recaps"},
	"campaigns/crier":     {"campaigns", "organisation", "internal/secrets"},
	"campaigns/preflight": {"campaigns", "recaps", "templates", "networks", "subscribers"},

	"events/bounces/mailbox": {"events/bounces", "internal/secrets"},

	"store": {"recaps", "recaps/media", "networks", "organisation", "templates", "subscribers", "subscribers/intake", "campaigns", "campaigns/crier", "scheduler", "events", "events/bounces", "delivery"},

	"web/assets":  {},
	"web/pages":   {"web/assets", "recaps", "networks", "organisation", "templates", "subscribers", "campaigns", "scheduler", "scheduler/schedule", "events", "delivery"},
	"web/recent":  {},
	"web/respond": {"web/pages", "internal/tokens"},
	"web/public":  webMay("subscribers", "templates/cards"),
	"web/admin":   webMay("subscribers", "subscribers/intake", "campaigns/crier", "campaigns/preflight"),
	"web/demo":    webMay("subscribers", "internal/inbox"),

	"cmd/postrider": {anyPackage},
	"e2e":           {"internal/inbox"}, // sees the built program only, and counts with the sink of its drill

	"internal/audit":                      {},
	"internal/auth":                       {"internal/secrets"},
	"internal/auth/passkey":               {},
	"internal/auth/provider":              {"internal/auth", "internal/secrets"},
	"internal/auth/provider/providertest": {},
	"internal/errs":                       {},
	"internal/fetch":                      {},
	"internal/ids":                        {},
	"internal/inbox":                      {},
	"internal/mailaddr":                   {},
	"internal/mailhost":                   {},
	"internal/notice":                     {},
	"internal/oauth":                      {"internal/secrets"},
	"internal/secrets":                    {},
	"internal/tokens":                     {},
	"internal/words":                      {},

	"internal/browsertest": {},
	"internal/golden":      {},
	"internal/smtptest":    {},
	"store/storetest":      {"store"},
}

// webMay is what the packages that serve pages have in common: the doers, the
// types they show, and the store for reading.
func webMay(more ...string) []string {
	return append(more, "web/assets", "web/pages", "web/recent", "web/respond", "recaps", "recaps/media", "networks", "organisation", "templates",
		"campaigns", "scheduler", "scheduler/almanac", "scheduler/schedule", "events", "delivery", "store", "internal/auth", "internal/auth/passkey", "internal/auth/provider", "internal/secrets", "internal/tokens")
}

// testKits serve tests and nothing else.
var testKits = []string{"internal/auth/provider/providertest", "internal/browsertest", "internal/golden", "internal/smtptest", "store/storetest"}

// owners names the one package that knows an outside module. Its tests may
// import it too; all others ask the owner.
var owners = map[string]string{
	"code.dny.dev/ssrf":                  "internal/fetch",
	"filippo.io/age":                     "internal/secrets",
	"github.com/alecthomas/kong":         "cmd/postrider",
	"github.com/pelletier/go-toml/v2":    "cmd/postrider",
	"github.com/schollz/progressbar/v3":  "cmd/postrider",
	"github.com/clipperhouse/uax29/v2":   "networks",
	"github.com/coreos/go-oidc/v3":       "internal/auth/provider",
	"github.com/emersion/go-imap/v2":     "events/bounces/mailbox",
	"github.com/emersion/go-msgauth":     "delivery/mailer",
	"github.com/emersion/go-smtp":        "internal/inbox",
	"github.com/go-webauthn/webauthn":    "internal/auth/passkey",
	"github.com/arran4/golang-ical":      "scheduler/almanac",
	"github.com/teambition/rrule-go":     "scheduler/almanac",
	"github.com/jackc/pgx/v5":            "store",
	"github.com/mattn/go-sqlite3":        "store",
	"github.com/microcosm-cc/bluemonday": "templates",
	"github.com/pquerna/otp":             "internal/auth",
	"github.com/chromedp/cdproto":        "internal/browsertest",
	"github.com/chromedp/chromedp":       "internal/browsertest",
	"github.com/go-fonts/dejavu":         "templates/cards",
	"github.com/go-fonts/stix":           "templates/cards",
	"github.com/go-text/typesetting":     "templates/cards",
	"github.com/gorilla/feeds":           "web/public",
	"github.com/robfig/cron/v3":          "scheduler/schedule",
	"github.com/wneessen/go-mail":        "delivery/mailer",
	"github.com/yuin/goldmark":           "recaps",
	"gopkg.in/yaml.v3":                   "recaps",

	"codeberg.org/readeck/go-readability/v2":          "recaps",
	"github.com/JohannesKaufmann/html-to-markdown/v2": "recaps",
	"github.com/mmcdole/gofeed":                       "recaps",
}

// forTests are outside modules that any test may use and nothing else may.
var forTests = []string{
	"github.com/Shopify/toxiproxy/v2", "github.com/hanwen/go-fuse/v2", "github.com/rogpeppe/go-internal", "github.com/rs/zerolog", "pgregory.net/rapid",
}

// kept are packages of the standard library that only some of ours may use:
// SQL stays in the store, HTTP at the door, other processes in tests.
var kept = map[string][]string{
	"database/sql":  {"store", "store/storetest"},
	"net/http":      {"web/", "cmd/postrider", "internal/fetch", "internal/oauth", "internal/auth/provider", "internal/auth/provider/providertest"},
	"net/smtp":      {},
	"os/exec":       {"internal/browsertest", "store/storetest", "cmd/postrider"},
	"text/template": {},
	"unsafe":        {},
}

// source is one Go file of the module.
type source struct {
	path string // relative, with slashes
	pkg  string // its folder, "." for the root
	test bool
	file *ast.File
}

// external reports whether the file is a test in a package of its own.
func (s source) external() bool { return s.test && strings.HasSuffix(s.file.Name.Name, "_test") }

func (s source) imports() []string {
	var out []string
	for _, i := range s.file.Imports {
		p, err := strconv.Unquote(i.Path.Value)
		if err == nil {
			out = append(out, p)
		}
	}
	return out
}

// sources parses every Go file below the root.
func sources(t *testing.T) (*token.FileSet, []source) {
	t.Helper()
	set := token.NewFileSet()
	var out []source
	walk(t, func(path string) {
		if !strings.HasSuffix(path, ".go") {
			return
		}
		f, err := parser.ParseFile(set, filepath.FromSlash(path), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		pkg := "."
		if i := strings.LastIndexByte(path, '/'); i >= 0 {
			pkg = path[:i]
		}
		out = append(out, source{path: path, pkg: pkg, test: strings.HasSuffix(path, "_test.go"), file: f})
	})
	if len(out) < 50 {
		t.Fatalf("found %d Go files only: does the walk still see the tree?", len(out))
	}
	return set, out
}

// walk calls f with every file of the tree that is ours, testdata left out.
func walk(t *testing.T, f func(path string)) {
	t.Helper()
	err := fs.WalkDir(os.DirFS("."), ".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := d.Name()
		hidden := strings.HasPrefix(name, ".") && name != "." && name != ".ci"
		switch {
		case d.IsDir() && (hidden || name == "testdata" || name == "node_modules" || name == "bin" || name == "postrider-demo"):
			return fs.SkipDir
		case d.Type().IsRegular():
			f(path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestImportArrows(t *testing.T) {
	t.Parallel()
	set, files := sources(t)
	seen := map[string]bool{}
	for _, s := range files {
		seen[s.pkg] = true
		if _, listed := arrows[s.pkg]; !listed {
			t.Errorf("%s: package %s has no row in the table of arrows: add one, and say in docs/flow.md what it is for", s.path, s.pkg)
			continue
		}
		for _, i := range s.file.Imports {
			path, _ := strconv.Unquote(i.Path.Value)
			if to, ours := strings.CutPrefix(path, module+"/"); ours && !mayImport(s, to) {
				t.Errorf("%s: %s must not import %s", set.Position(i.Pos()), s.pkg, to)
			}
		}
	}
	for pkg, row := range arrows {
		if !seen[pkg] {
			t.Errorf("the table of arrows lists %s, which does not exist", pkg)
		}
		for _, to := range row {
			if _, listed := arrows[to]; !listed && to != anyPackage {
				t.Errorf("the row of %s names %s, which does not exist", pkg, to)
			}
		}
	}
}

// mayImport reports whether a file may import a package of ours. A test in a
// package of its own wires real parts together, so it may import all but the
// program itself.
func mayImport(s source, to string) bool {
	if to == s.pkg {
		return s.external()
	}
	if slices.Contains(testKits, to) {
		return s.test || s.pkg == "store/storetest"
	}
	if slices.Contains(forEverybody, to) {
		return true
	}
	if s.external() && s.pkg != "e2e" {
		return !strings.HasPrefix(to, "cmd/")
	}
	row := arrows[s.pkg]
	return slices.Contains(row, to) || slices.Contains(row, anyPackage)
}

func TestArrowsHaveNoCircle(t *testing.T) {
	t.Parallel()
	done, open := map[string]bool{}, map[string]bool{}
	var visit func(pkg string, way []string)
	visit = func(pkg string, way []string) {
		way = append(slices.Clone(way), pkg)
		if open[pkg] {
			t.Errorf("the table of arrows leads in a circle: %s", strings.Join(way, " → "))
			return
		}
		if done[pkg] {
			return
		}
		open[pkg] = true
		for _, to := range arrows[pkg] {
			visit(to, way)
		}
		open[pkg], done[pkg] = false, true
	}
	for _, pkg := range slices.Sorted(maps.Keys(arrows)) {
		visit(pkg, nil)
	}
}

func TestOutsideModulesHaveOneOwner(t *testing.T) {
	t.Parallel()
	_, files := sources(t)
	used := map[string]bool{}
	for _, s := range files {
		for _, path := range s.imports() {
			first, _, _ := strings.Cut(path, "/")
			if !strings.Contains(first, ".") {
				continue // the standard library, or ours
			}
			if strings.HasPrefix(path, "golang.org/x/") {
				continue // Go's own second shelf: anybody may take from it
			}
			if i := slices.IndexFunc(forTests, func(m string) bool { return within(path, m) }); i >= 0 {
				if !s.test {
					t.Errorf("%s: %s is for tests only", s.path, path)
				}
				continue
			}
			owned := false
			for m, owner := range owners {
				if within(path, m) {
					owned, used[m] = true, true
					if s.pkg != owner {
						t.Errorf("%s: %s belongs to %s alone; ask that package for what is needed", s.path, path, owner)
					}
				}
			}
			if !owned {
				t.Errorf("%s: %s has no owner: add it to the table here and to docs/dependencies.md", s.path, path)
			}
		}
	}
	for m := range owners {
		if !used[m] {
			t.Errorf("nobody imports %s any more: take it out of the table, docs/dependencies.md and go.mod", m)
		}
	}
}

func within(path, prefix string) bool {
	return path == prefix || strings.HasPrefix(path, prefix+"/")
}

func TestKeptPackagesStayWhereTheyBelong(t *testing.T) {
	t.Parallel()
	_, files := sources(t)
	for _, s := range files {
		if s.test {
			continue
		}
		for _, path := range s.imports() {
			allowed, is := kept[path]
			if !is {
				continue
			}
			if !slices.ContainsFunc(allowed, func(p string) bool { return s.pkg == p || strings.HasSuffix(p, "/") && strings.HasPrefix(s.pkg, p) }) {
				t.Errorf("%s: %s is kept to %v", s.path, path, allowed)
			}
		}
	}
}

// TestDependenciesAreDocumented holds docs/dependencies.md against go.mod.
func TestDependenciesAreDocumented(t *testing.T) {
	t.Parallel()
	doc, err := os.ReadFile("docs/dependencies.md")
	if err != nil {
		t.Fatal(err)
	}
	for m, owner := range owners {
		if !documented(string(doc), m, owner) {
			t.Errorf("docs/dependencies.md has no line with both %s and its owner %s", m, owner)
		}
	}
	for _, m := range forTests {
		if !documented(string(doc), m, "tests") {
			t.Errorf("docs/dependencies.md has no line with %s that says it is for tests", m)
		}
	}
}

func documented(doc, m, owner string) bool {
	for line := range strings.Lines(doc) {
		if strings.Contains(line, m) && strings.Contains(line, owner) {
			return true
		}
	}
	return false
}
