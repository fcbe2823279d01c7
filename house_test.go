package postrider_test

import (
	"bytes"
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestExportedNamesAreExplained: every package says what it is for and every
// exported name has its sentences. Methods that fulfil an interface of the
// standard library need none.
func TestExportedNamesAreExplained(t *testing.T) {
	t.Parallel()
	set, files := sources(t)
	packages := map[string]bool{}
	for _, s := range files {
		if s.test {
			continue
		}
		packages[s.pkg] = packages[s.pkg] || s.file.Doc != nil
		for _, d := range s.file.Decls {
			for _, name := range unexplained(d) {
				t.Errorf("%s: %s has no comment", set.Position(name.Pos()), name.Name)
			}
		}
	}
	for pkg, explained := range packages {
		if !explained {
			t.Errorf("package %s does not say what it is for", pkg)
		}
	}
}

// plainMethods are known to every reader of Go.
var plainMethods = []string{
	"Close", "Error", "Is", "As", "Unwrap", "String", "Len", "Less", "Swap", "Read", "Write", "ServeHTTP",
	"MarshalJSON", "UnmarshalJSON", "MarshalText", "UnmarshalText", "Scan", "Value", "LogValue", "Format",
}

// unexplained returns the exported names of a declaration without a comment.
func unexplained(d ast.Decl) []*ast.Ident {
	switch d := d.(type) {
	case *ast.FuncDecl:
		if d.Name.IsExported() && d.Doc == nil && receiverExported(d) && (d.Recv == nil || !slices.Contains(plainMethods, d.Name.Name)) {
			return []*ast.Ident{d.Name}
		}
	case *ast.GenDecl:
		var out []*ast.Ident
		for _, spec := range d.Specs {
			var names []*ast.Ident
			explained := d.Doc != nil
			switch s := spec.(type) {
			case *ast.TypeSpec:
				names, explained = []*ast.Ident{s.Name}, explained || s.Doc != nil
			case *ast.ValueSpec:
				names, explained = s.Names, explained || s.Doc != nil || s.Comment != nil
			}
			for _, n := range names {
				if n.IsExported() && !explained {
					out = append(out, n)
				}
			}
		}
		return out
	}
	return nil
}

// receiverExported is true for functions and for methods of exported types.
func receiverExported(d *ast.FuncDecl) bool {
	if d.Recv == nil {
		return true
	}
	x := d.Recv.List[0].Type
	for {
		switch v := x.(type) {
		case *ast.StarExpr:
			x = v.X
		case *ast.IndexExpr:
			x = v.X
		case *ast.IndexListExpr:
			x = v.X
		case *ast.Ident:
			return v.IsExported()
		default:
			return true
		}
	}
}

// logWords are the attributes that a log line may carry. None of them holds an
// address, a token or a body: a subscriber is an id.
var logWords = []string{
	"attempt", "bytes", "campaign", "code", "edition", "err", "marks", "method", "outcome", "recipient", "recipients", "reference", "relay",
	"route", "stack", "stage", "status", "subscriber", "took", "wait", "wall",
}

// private are fields whose values must not be handed to a logger.
var private = []string{"Email", "Canonical", "Password", "Token", "Username", "Body", "Address", "RemoteAddr", "RawQuery", "RequestURI", "URL"}

func TestLogsCarryNoPersonsAndNoSecrets(t *testing.T) {
	t.Parallel()
	set, files := sources(t)
	lines := 0
	for _, s := range files {
		if s.test || s.pkg == "internal/smtptest" {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok {
				return true
			}
			attributes, is := logCall(call)
			if !is {
				return true
			}
			lines++
			for i, a := range attributes {
				if i%2 == 0 {
					if word, ok := text(a); !ok || !slices.Contains(logWords, word) {
						t.Errorf("%s: the attribute %q is not on the list of what logs carry", set.Position(a.Pos()), word)
					}
					continue
				}
				if name := lastName(a); slices.Contains(private, name) {
					t.Errorf("%s: %s does not belong into a log", set.Position(a.Pos()), name)
				}
			}
			return true
		})
	}
	if lines < 10 {
		t.Errorf("found %d log lines only: does this test still recognise them?", lines)
	}
}

// logCall recognises x.Log.Info("…", …), x.log.Warn, logger.Error and slog.Info,
// and returns what follows the message.
func logCall(call *ast.CallExpr) (attributes []ast.Expr, is bool) {
	f, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return nil, false
	}
	skip := 1
	switch f.Sel.Name {
	case "Debug", "Info", "Warn", "Error":
	case "DebugContext", "InfoContext", "WarnContext", "ErrorContext":
		skip = 2
	case "Log":
		skip = 3
	case "With":
		skip = 0
	default:
		return nil, false
	}
	switch strings.ToLower(lastName(f.X)) {
	case "log", "logger", "slog":
		return call.Args[min(skip, len(call.Args)):], true
	}
	return nil, false
}

func lastName(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.SelectorExpr:
		return x.Sel.Name
	case *ast.Ident:
		return x.Name
	}
	return ""
}

func text(x ast.Expr) (string, bool) {
	lit, ok := x.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(lit.Value)
	return s, err == nil
}

// foreign are words that a stranger's clone has no use for: folders of
// somebody's machine, and files that are not in this repository. They are
// spelled in halves so that this file passes its own test.
var foreign = regexp.MustCompile(`(^|[^\w.$}])/(` + strings.Join([]string{"wo" + "rk", "ro" + "ot", "ho" + "me", "Us" + "ers"}, "|") + `)/\w|` +
	`\.lib` + `rary/|\b(DES` + `IGN|STY` + `LE|FAU` + `LTS|PEE` + `RS|LO` + `OK|NETW` + `ORKS)\.md\b|\bDES` + `IGN §`)

func TestFilesNameNoForeignPlaces(t *testing.T) {
	t.Parallel()
	files := 0
	walk(t, func(path string) {
		if !slices.Contains([]string{".go", ".md", ".sql", ".html", ".css", ".js", ".toml", ".yml", ".yaml", ".mod", ""}, filepath.Ext(path)) {
			return
		}
		b, err := os.ReadFile(filepath.FromSlash(path))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(b[:min(len(b), 512)], 0) >= 0 {
			return // a program that somebody built
		}
		files++
		n := 0
		for line := range strings.Lines(string(b)) {
			n++
			if m := foreign.FindString(line); m != "" {
				t.Errorf("%s:%d: %q exists on somebody's machine only", path, n, strings.TrimSpace(m))
			}
		}
	})
	if files < 100 {
		t.Errorf("looked into %d files only", files)
	}
}

func TestForeignPlacesAreRecognised(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]bool{
		"see /wo" + "rk/notes":             true,
		"`/ro" + "ot/x`":                   true,
		"as DES" + "IGN.md says":           true,
		"https://e.org/home" + "/page":     false,
		"the frame" + "work/thing":         false,
		"docs/flow.md and /r/{slug} pages": false,
	} {
		if got := foreign.MatchString(line); got != want {
			t.Errorf("%q: recognised %v, want %v", line, got, want)
		}
	}
}

// documents are the texts whose promises are held against the tree.
var documents = []string{"README.md", "CONTRIBUTING.md", "SECURITY.md", "docs"}

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz|Benchmark)[A-Z]\\w*)[`/]")
	filePath = regexp.MustCompile("`((?:[a-z][\\w-]*/)+[\\w.-]*|[\\w-]+_test\\.go)`")
	linkTo   = regexp.MustCompile(`\]\(([^)#:]+)\)`)
)

// TestDocumentsTellOfWhatExists: a test, file or page that a document names is there.
func TestDocumentsTellOfWhatExists(t *testing.T) {
	t.Parallel()
	_, files := sources(t)
	tests := map[string]bool{}
	for _, s := range files {
		for _, d := range s.file.Decls {
			if f, ok := d.(*ast.FuncDecl); ok && s.test {
				tests[f.Name.Name] = true
			}
		}
	}
	claims := 0
	walk(t, func(path string) {
		if !strings.HasSuffix(path, ".md") || !slices.ContainsFunc(documents, func(d string) bool { return path == d || strings.HasPrefix(path, d+"/") }) {
			return
		}
		b, err := os.ReadFile(filepath.FromSlash(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range testName.FindAllSubmatch(b, -1) {
			if claims++; !tests[string(m[1])] {
				t.Errorf("%s names %s, and there is no such test", path, m[1])
			}
		}
		for _, m := range filePath.FindAllSubmatch(b, -1) {
			to := string(m[1])
			if first, _, nested := strings.Cut(to, "/"); nested && !exists(first) {
				continue // a package of somebody else's, as html/template
			}
			if claims++; !exists(to) {
				t.Errorf("%s names %s, which is not there", path, to)
			}
		}
		for _, m := range linkTo.FindAllSubmatch(b, -1) {
			claims++
			if to := string(m[1]); !exists(filepath.Join(filepath.Dir(path), to)) {
				t.Errorf("%s links to %s, which is not there", path, to)
			}
		}
	})
	if claims < 50 {
		t.Errorf("found %d claims only: does this test still read the documents?", claims)
	}
}

func exists(path string) bool {
	_, err := os.Stat(filepath.FromSlash(path))
	return err == nil
}
