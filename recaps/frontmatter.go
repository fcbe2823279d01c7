package recaps

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"postrider/internal/errs"
)

// frontMatter is what stands between the two lines "---" of a Markdown file.
type frontMatter struct {
	file   string
	recap  Recap
	has    map[string]bool // top-level keys that the author wrote
	places places
}

const fence = "---"

func hasFrontMatter(src string) bool {
	first, _, _ := strings.Cut(src, "\n")
	return strings.TrimRight(first, " \t") == fence
}

// readFrontMatter returns the front matter of src, the body below it and the
// body's first line in the file. A source without front matter is all body.
func readFrontMatter(name, src string) (m *frontMatter, body string, line int, err error) {
	m = &frontMatter{file: name, has: map[string]bool{}, places: places{}}
	if !hasFrontMatter(src) {
		return m, src, 1, nil
	}
	lines := strings.SplitAfter(src, "\n")
	for i, l := range lines[1:] {
		if l = strings.TrimRight(l, " \t\n"); l != fence && l != "..." {
			continue
		}
		// One line is put in front for the opening fence: YAML then counts
		// lines as the file does.
		if err := m.parse("\n" + strings.Join(lines[1:i+1], "")); err != nil {
			return nil, "", 0, err
		}
		return m, strings.Join(lines[i+2:], ""), i + 3, nil
	}
	return nil, "", 0, m.refuse(1, "", "front matter is not closed: end it with a line of three hyphens")
}

func (m *frontMatter) refuse(line int, field, format string, args ...any) error {
	return &errs.Error{Kind: errs.Invalid, File: m.file, Line: line, Field: field, Text: fmt.Sprintf(format, args...)}
}

var yamlPlace = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (m *frontMatter) parse(source string) error {
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(source), &doc); err != nil {
		text, line := err.Error(), 1
		if p := yamlPlace.FindStringSubmatch(text); p != nil {
			text = text[len(p[0]):]
			if n, err := strconv.Atoi(p[1]); err == nil {
				line = n
			}
		}
		return m.refuse(line, "", "front matter is not YAML (%s): put quotes around a value that holds a colon, a # or a quote", text)
	}
	if doc.Kind == 0 {
		return nil
	}
	return m.read(doc.Content[0])
}

// read is the table of contents of the format.
func (m *frontMatter) read(root *yaml.Node) error {
	r := &m.recap
	return m.mapping("", root, []entry{
		{"title", m.text(&r.Title)},
		{"slug", m.text(&r.Slug)},
		{"url", m.text(&r.URL)},
		{"lang", m.text(&r.Lang)},
		{"translation_of", m.text(&r.TranslationOf)},
		{"organisation", m.text(&r.Organisation)},
		{"event", func(field string, n *yaml.Node) error {
			return m.mapping(field, n, []entry{
				{"name", m.text(&r.Event.Name)}, {"short", m.text(&r.Event.Short)}, {"place", m.text(&r.Event.Place)},
			})
		}},
		{"image", m.text(&r.Image)},
		{"image_alt", m.text(&r.ImageAlt)},
		{"subject", m.text(&r.Subject)},
		{"preheader", m.text(&r.Preheader)},
		{"hashtags", m.list("[HumanRights, Cities]", m.hashtag)},
		{"links", m.list("- label: and url: pairs", m.link)},
		{"people", m.list("- name: and role: pairs", m.person)},
	})
}

// entry is one key of a mapping and what reads its value.
type entry struct {
	key  string
	read func(field string, n *yaml.Node) error
}

func (m *frontMatter) mapping(field string, n *yaml.Node, known []entry) error {
	if isNull(n) {
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return m.refuse(n.Line, field, "must hold keys and values, not %s: write key: value, one per line", kindOf(n))
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		path := key.Value
		if field != "" {
			path = field + "." + key.Value
		}
		if seen[key.Value] {
			return m.refuse(key.Line, clip(path), "is given twice: keep one")
		}
		seen[key.Value] = true
		read := lookUp(known, key.Value)
		if read == nil {
			return m.refuse(key.Line, clip(path), "is not known: %s", suggestion(key.Value, known))
		}
		if field == "" {
			m.has[key.Value] = true
		}
		m.places[path] = value.Line
		if err := read(path, value); err != nil {
			return err
		}
	}
	return nil
}

func lookUp(known []entry, key string) func(string, *yaml.Node) error {
	for _, e := range known {
		if e.key == key {
			return e.read
		}
	}
	return nil
}

func suggestion(word string, known []entry) string {
	keys := make([]string, len(known))
	for i, e := range known {
		keys[i] = e.key
	}
	if near := errs.Nearest(word, keys); near != "" {
		return fmt.Sprintf("write %s", near)
	}
	return "use one of " + strings.Join(keys, ", ")
}

// text reads one line of text. Numbers, dates and yes are taken as they were
// typed: a year is a fine title.
func (m *frontMatter) text(to *string) func(string, *yaml.Node) error {
	return func(field string, n *yaml.Node) error {
		if isNull(n) {
			return nil
		}
		if n.Kind != yaml.ScalarNode || n.Tag == "!!binary" {
			key := field[strings.LastIndexByte(field, '.')+1:]
			return m.refuse(n.Line, field, "must be text, not %s: write %s: words", kindOf(n), key)
		}
		*to = oneLine(n.Value)
		return nil
	}
}

func (m *frontMatter) list(remedy string, item func(field string, n *yaml.Node) error) func(string, *yaml.Node) error {
	return func(field string, n *yaml.Node) error {
		if isNull(n) {
			return nil
		}
		if n.Kind != yaml.SequenceNode {
			return m.refuse(n.Line, field, "must be a list, not %s: write %s", kindOf(n), remedy)
		}
		for i, c := range n.Content {
			m.places[at(field, i)] = c.Line
			if err := item(at(field, i), c); err != nil {
				return err
			}
		}
		return nil
	}
}

func (m *frontMatter) hashtag(field string, n *yaml.Node) error {
	var tag string
	if err := m.text(&tag)(field, n); err != nil {
		return err
	}
	tag = strings.TrimPrefix(tag, "#")
	if !hashtagForm.MatchString(tag) {
		return m.refuse(n.Line, field, "%q is no hashtag: use letters, digits and _, without # and spaces", clip(tag))
	}
	for _, have := range m.recap.Hashtags {
		if strings.EqualFold(have, tag) {
			return nil
		}
	}
	m.recap.Hashtags = append(m.recap.Hashtags, tag)
	return nil
}

func (m *frontMatter) link(field string, n *yaml.Node) error {
	var l Link
	if err := m.mapping(field, n, []entry{{"label", m.text(&l.Label)}, {"url", m.text(&l.URL)}}); err != nil {
		return err
	}
	if l == (Link{}) {
		return m.refuse(n.Line, field, "is empty: give it a label and a url, or remove it")
	}
	if l.URL != "" { // here, because equal links are merged and lose their place
		if err := checkURL(field+".url", l.URL, "http", "https", "mailto"); err != nil {
			return m.places.locate(m.file, err)
		}
	}
	m.recap.Links = addLink(m.recap.Links, l)
	return nil
}

func (m *frontMatter) person(field string, n *yaml.Node) error {
	var p Person
	if n.Kind == yaml.ScalarNode && !isNull(n) {
		m.recap.People = append(m.recap.People, Person{Name: oneLine(n.Value)})
		return nil
	}
	if err := m.mapping(field, n, []entry{{"name", m.text(&p.Name)}, {"role", m.text(&p.Role)}}); err != nil {
		return err
	}
	if p.Name == "" {
		return m.refuse(n.Line, field, "has no name: write name: and role:")
	}
	m.recap.People = append(m.recap.People, p)
	return nil
}

func isNull(n *yaml.Node) bool { return n.Kind == yaml.ScalarNode && n.Tag == "!!null" }

func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.SequenceNode:
		return "a list"
	case yaml.MappingNode:
		return "keys and values"
	case yaml.AliasNode:
		return "an alias (*)"
	}
	return "a single value"
}
