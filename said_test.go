package postrider_test

import (
	"go/ast"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postrider/internal/words"
)

// unseen are the houses whose errors no page shows: they speak to whoever
// starts, builds or tests the program.
var unseen = []string{
	"cmd/", "internal/smtptest", "internal/browsertest", "internal/inbox", "internal/tokens", "internal/secrets", "internal/ids",
	"internal/golden", "internal/errs", "web/demo", "store/storetest", "e2e",
}

// unheard are texts for programmers and for whoever starts the program: no
// input of a page leads to them.
var unheard = []string{
	"a notice has no List-Unsubscribe: leave it out",
	"the Message-ID %q is not of the form id@domain",
	"the date %s cannot stand in a mail",
	"the unsubscribe address %q is not one https URI",
	"the header %s belongs to newsletters, not to notices: leave it out",
	"the header %s has a word of %d bytes: lines have at most %d",
	"the header %s has an address or link that is not ASCII: encode it",
	"the header %s is empty: leave it out",
	"the header %s is given twice: leave one out",
	"the header %s is written by the mailer: leave it out",
	"the DKIM key %s of %s is a %T: RSA and Ed25519 can sign",
	"a key for boxes has %d bytes, want 32",
	"no key for boxes",
	"%s is no host: write intranet.example.org or 10.0.0.7:8080",
	"changing recap %s: nobody is named as its actor: pass who does it",
	"keeping a recap: nobody is named as its actor: pass who does it",
	"keeping a picture: nobody is named as its actor: pass who does it",
	"noting a text: nobody is named as its writer: pass who does it",
	"restoring recap %s: nobody is named as its actor: pass who does it",
	"reading %s back: it is not there yet",
	"migration %d of the database differs from this program's: it was made by another build of Postrider",
	"the database has schema version %d, which this program does not know: use a newer Postrider",
	"cannot read the database URL",
	"sqlite: wants a file name, as in sqlite:postrider.db",
	"want sqlite:FILE or postgres://USER@HOST/NAME",
	"base url %q is not an http or https address",
	"canonical is %q: write %q or %q",
	"want addresses or networks such as 127.0.0.1, 10.0.0.0/8, not %q",
}

// TestErrorsAreTranslated: whatever a doer can answer a page with has its words
// in every language. The texts are found in the source: what is handed to the
// constructors of package errs, to an errs.Error, and to the functions of a
// package that do so with their own argument.
func TestErrorsAreTranslated(t *testing.T) {
	t.Parallel()
	found := map[string]string{} // text → where
	_, files := sources(t)
	packages := map[string][]source{}
	for _, s := range files {
		if !s.test && !slices.ContainsFunc(unseen, func(p string) bool { return strings.HasPrefix(s.pkg+"/", strings.TrimSuffix(p, "/")+"/") }) {
			packages[s.pkg] = append(packages[s.pkg], s)
		}
	}
	for _, pkg := range packages {
		tell := tellers(pkg)
		for _, s := range pkg {
			for _, text := range told(s.file, tell) {
				if _, ok := found[text]; !ok {
					found[text] = s.path
				}
			}
		}
	}
	if len(found) < 200 {
		t.Fatalf("found %d texts of errors only: does this test still see them?", len(found))
	}
	for text, where := range found {
		for _, w := range words.All() {
			if w != words.English() && !w.Says(text) && !slices.Contains(unheard, text) {
				t.Errorf("%s: %q is not said in %s: add it to internal/words/said/%s.toml", where, text, w.Name(), w.Lang())
			}
		}
	}
	others := otherTexts(files)
	for _, w := range words.All() {
		for _, text := range w.Sayings() {
			if _, ok := found[text]; !ok && !others[text] {
				t.Errorf("nothing says %q: take it out of internal/words/said/%s.toml", text, w.Lang())
			}
		}
	}
}

// tellers are the functions of a package that make an error of an argument, by
// name: which argument it is.
func tellers(pkg []source) map[string]int {
	out := map[string]int{}
	for range 2 { // one that hands on to another is found in the second round
		for _, s := range pkg {
			ast.Inspect(s.file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.FuncDecl:
					if n.Body != nil {
						note(out, n.Name.Name, n.Type, n.Body)
					}
				case *ast.AssignStmt:
					for i, x := range n.Rhs {
						f, ok := x.(*ast.FuncLit)
						name, named := n.Lhs[min(i, len(n.Lhs)-1)].(*ast.Ident)
						if ok && named {
							note(out, name.Name, f.Type, f.Body)
						}
					}
				}
				return true
			})
		}
	}
	return out
}

func note(out map[string]int, name string, f *ast.FuncType, body *ast.BlockStmt) {
	at := map[string]int{}
	i := 0
	for _, field := range f.Params.List {
		for _, p := range field.Names {
			at[p.Name] = i
			i++
		}
	}
	ast.Inspect(body, func(n ast.Node) bool {
		for _, x := range said(n, out) {
			for _, id := range named(x) {
				if i, param := at[id]; param {
					out[name] = i
				}
			}
		}
		return true
	})
}

// named are the names that an expression takes its words from.
func named(x ast.Expr) []string {
	switch x := x.(type) {
	case *ast.Ident:
		return []string{x.Name}
	case *ast.BinaryExpr:
		return append(named(x.X), named(x.Y)...)
	case *ast.CallExpr:
		if name, of := called(x); of == "fmt" && name == "Sprintf" && len(x.Args) > 0 {
			return named(x.Args[0])
		}
	}
	return nil
}

// told are the templates that a file makes errors of.
func told(file *ast.File, tell map[string]int) []string {
	var out []string
	ast.Inspect(file, func(n ast.Node) bool {
		for _, x := range said(n, tell) {
			if s := template(x); letters.MatchString(verbs.ReplaceAllString(s, "")) {
				out = append(out, s)
			}
		}
		return true
	})
	return out
}

var verbs = regexp.MustCompile(`%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z%]`)

// template is an expression as a format: what is not written out is a %s.
func template(x ast.Expr) string {
	switch x := x.(type) {
	case *ast.BasicLit:
		s, _ := text(x)
		return s
	case *ast.BinaryExpr:
		return template(x.X) + template(x.Y)
	case *ast.CallExpr:
		if name, of := called(x); of == "fmt" && name == "Sprintf" && len(x.Args) > 0 {
			return template(x.Args[0])
		}
	}
	return "%s"
}

// said are the expressions that a node makes the text of an error of.
func said(n ast.Node, tell map[string]int) []ast.Expr {
	switch n := n.(type) {
	case *ast.CallExpr:
		name, of := called(n)
		if of == "errs" && strings.HasSuffix(name, "f") && len(n.Args) > 0 {
			return n.Args[:1]
		}
		if i, ok := tell[name]; ok && i < len(n.Args) {
			return n.Args[i : i+1]
		}
	case *ast.CompositeLit:
		t, ok := n.Type.(*ast.SelectorExpr)
		if !ok || t.Sel.Name != "Error" {
			return nil
		}
		for _, e := range n.Elts {
			if kv, ok := e.(*ast.KeyValueExpr); ok {
				if key, _ := kv.Key.(*ast.Ident); key != nil && key.Name == "Text" {
					return []ast.Expr{kv.Value}
				}
			}
		}
	}
	return nil
}

func called(c *ast.CallExpr) (name, of string) {
	switch f := c.Fun.(type) {
	case *ast.Ident:
		return f.Name, ""
	case *ast.SelectorExpr:
		if x, ok := f.X.(*ast.Ident); ok {
			of = x.Name
		}
		return f.Sel.Name, of
	}
	return "", ""
}

// otherTexts are all templates of the source: a hint of a mail server, the step
// of a check, a reason that is kept in a row.
func otherTexts(files []source) map[string]bool {
	out := map[string]bool{}
	for _, s := range files {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if x, ok := n.(ast.Expr); ok {
				out[template(x)] = true
			}
			return true
		})
	}
	return out
}
