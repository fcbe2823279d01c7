package recaps

import (
	"embed"
	"io/fs"
	"strings"

	"postrider/internal/errs"
)

//go:embed starters
var starterFiles embed.FS

// Starter is a recap to begin from: it reads as it stands and says in each
// place what to write there.
type Starter struct {
	Name     string `json:"name"`
	Title    string `json:"title"`
	Markdown string `json:"markdown"`
}

// Starters returns those that ship, in the order of their names.
func Starters() []Starter {
	files, err := fs.Glob(starterFiles, "starters/*.md")
	if err != nil {
		panic(err) // the pattern is fixed
	}
	out := make([]Starter, 0, len(files))
	for _, f := range files {
		b, err := starterFiles.ReadFile(f)
		if err != nil {
			panic(err) // the file is part of the program
		}
		s := Starter{Name: strings.TrimSuffix(strings.TrimPrefix(f, "starters/"), ".md"), Markdown: string(b)}
		if r, err := ReadMarkdown(f, b); err == nil { // a test reads each
			s.Title = r.Title
		}
		out = append(out, s)
	}
	return out
}

// FindStarter returns the starter with this name, NotFound with the nearest
// name where there is none.
func FindStarter(name string) (Starter, error) {
	var names []string
	for _, s := range Starters() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	if near := errs.Nearest(name, names); near != "" {
		return Starter{}, errs.NotFoundf("there is no template %q: did you mean %s?", clip(name), near)
	}
	return Starter{}, errs.NotFoundf("there is no template %q: there are %s", clip(name), strings.Join(names, ", "))
}

// Starter writes a recap as one to begin another from: in Postrider's own format
// without slug, original and language link, of which the next one has its own.
func (r Recap) Starter() string {
	r.Slug, r.URL, r.TranslationOf = "", "", ""
	return r.MarkdownSource()
}
