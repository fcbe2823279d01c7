package postrider_test

import (
	"go/ast"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"postrider/internal/words"
)

var (
	keyInTemplate = regexp.MustCompile(`[({ ](?:t|th) "([^"]*)"`)
	keyForm       = regexp.MustCompile(`^[a-z]+\.[a-z0-9_]+$`)
	actions       = regexp.MustCompile(`(?s){{.*?}}`)
	elements      = regexp.MustCompile(`(?s)<(?:script|style)\b.*?</(?:script|style)>|<!--.*?-->`)
	attributes    = regexp.MustCompile(`(?:aria-label|title|placeholder|alt)="([^"]*)"`)
	tags          = regexp.MustCompile(`(?s)<[^>]*>`)
	letters       = regexp.MustCompile(`\pL{2,}`)
	loose         = regexp.MustCompile(` [a-z-]+="[^"]*"`) // attributes that a part adds to somebody's element
	entity        = regexp.MustCompile(`&[a-z]+;`)
)

// TestWordsAreUsed holds the catalogue against the tree: each key that a
// template or a call names exists, and each text is shown somewhere.
func TestWordsAreUsed(t *testing.T) {
	t.Parallel()
	english := words.English()
	used := map[string]bool{}
	walk(t, func(path string) {
		if !strings.HasPrefix(path, "web/pages/html/") {
			return
		}
		body, err := os.ReadFile(filepath.FromSlash(path))
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range keyInTemplate.FindAllStringSubmatch(string(body), -1) {
			if used[m[1]] = true; !english.Has(m[1]) {
				t.Errorf("%s: there is no text %q: add it to internal/words", path, m[1])
			}
		}
	})
	set, files := sources(t)
	for _, s := range files {
		if s.test {
			continue
		}
		for key, pos := range keysIn(s.file, english) {
			if used[key] = true; !english.Has(key) {
				t.Errorf("%s: there is no text %q: add it to internal/words", set.Position(pos), key)
			}
		}
	}
	for _, key := range english.Keys() {
		if !used[key] {
			t.Errorf("nothing shows %s: take it out of internal/words", key)
		}
	}
}

// keysIn are the keys of texts that a file names: whatever is handed to T and
// H, and every other string that is a key. Keys stand whole in the source, so
// that they can be found.
func keysIn(file *ast.File, w *words.Words) map[string]token.Pos {
	out := map[string]token.Pos{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			f, ok := n.Fun.(*ast.SelectorExpr)
			if !ok || f.Sel.Name != "T" && f.Sel.Name != "H" || len(n.Args) == 0 {
				return true
			}
			if key, ok := text(n.Args[0]); ok && keyForm.MatchString(key) {
				out[key] = n.Pos()
			}
		case *ast.BasicLit:
			if n.Kind != token.STRING {
				return true
			}
			if key, err := strconv.Unquote(n.Value); err == nil && w.Has(key) {
				out[key] = n.Pos()
			}
		}
		return true
	})
	return out
}

// TestPagesSpeakFromTheCatalogue: the administration's templates hold no text
// of their own, so that every language can have them.
func TestPagesSpeakFromTheCatalogue(t *testing.T) {
	t.Parallel()
	pages := 0
	walk(t, func(path string) {
		if !strings.HasPrefix(path, "web/pages/html/admin/") && !strings.HasPrefix(path, "web/pages/html/parts/") &&
			!strings.HasPrefix(path, "web/pages/html/shared/") && path != "web/pages/html/desk.html" {
			return
		}
		pages++
		body, err := os.ReadFile(filepath.FromSlash(path))
		if err != nil {
			t.Fatal(err)
		}
		left := elements.ReplaceAllString(actions.ReplaceAllString(string(body), ""), "")
		var found []string
		for _, m := range attributes.FindAllStringSubmatch(left, -1) {
			found = append(found, letters.FindAllString(m[1], -1)...)
		}
		found = append(found, letters.FindAllString(entity.ReplaceAllString(loose.ReplaceAllString(tags.ReplaceAllString(left, " "), ""), " "), -1)...)
		if len(found) > 0 {
			t.Errorf("%s says %q itself: move it to internal/words and write {{t \"area.key\"}}", path, found)
		}
	})
	if pages < 10 {
		t.Errorf("found %d templates only: does this test still see them?", pages)
	}
}
