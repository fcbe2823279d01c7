package words

import (
	"embed"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"
	"unicode/utf8"
)

//go:embed said
var saidFiles embed.FS

// saying is one text of a doer: its English template, as it stands in the
// source for fmt, and its words in another language.
type saying struct {
	template string
	form     *regexp.Regexp // what the template can become
	quoted   []bool         // of each verb: its value is somebody's and stays as it is
	plain    int            // letters of the template that are no verb's
	words    text
}

var (
	sayingLine = regexp.MustCompile(`^("(?:[^"\\]|\\.)*") = ("(?:[^"\\]|\\.)*")$`)
	verb       = regexp.MustCompile(`%[-+# 0]*\d*(?:\.\d+)?[a-zA-Z%]`)
)

// sayings are read once, by language.
var sayings = sync.OnceValue(func() map[string][]saying {
	out := map[string][]saying{}
	entries, err := fs.ReadDir(saidFiles, "said")
	if err != nil {
		panic(err) // part of the program, as the catalogue is
	}
	for _, e := range entries {
		body, err := fs.ReadFile(saidFiles, path.Join("said", e.Name()))
		if err == nil {
			out[strings.TrimSuffix(e.Name(), ".toml")], err = readSayings(string(body))
		}
		if err != nil {
			panic(fmt.Errorf("words: said/%s: %w", e.Name(), err))
		}
	}
	return out
})

func readSayings(body string) ([]saying, error) {
	var out []saying
	seen := map[string]bool{}
	n := 0
	for l := range strings.Lines(body) {
		n++
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' {
			continue
		}
		m := sayingLine.FindStringSubmatch(l)
		if m == nil {
			return nil, fmt.Errorf("line %d: want \"English template\" = \"text\"", n)
		}
		template, err := strconv.Unquote(m[1])
		if err != nil {
			return nil, fmt.Errorf("line %d: the template cannot be read: %w", n, err)
		}
		said, err := strconv.Unquote(m[2])
		if err != nil {
			return nil, fmt.Errorf("line %d: the text cannot be read: %w", n, err)
		}
		if seen[template] {
			return nil, fmt.Errorf("line %d: %q stands twice", n, template)
		}
		seen[template] = true
		s, err := newSaying(template, said)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		out = append(out, s)
	}
	// The template that says most itself is the one that a text was made with.
	slices.SortStableFunc(out, func(a, b saying) int { return b.plain - a.plain })
	return out, nil
}

func newSaying(template, said string) (saying, error) {
	s := saying{template: template}
	// Braces in a template are braces in its words, not slots.
	words, err := parse(strings.NewReplacer("{{", "\x01", "{ {", "\x02").Replace(said))
	if err != nil {
		return s, err
	}
	for i := range words {
		words[i].plain = strings.NewReplacer("\x01", "{{", "\x02", "{ {").Replace(words[i].plain)
	}
	s.words = words
	var form strings.Builder
	at := 0
	for _, v := range verb.FindAllStringIndex(template, -1) {
		plain := template[at:v[0]]
		form.WriteString(regexp.QuoteMeta(plain))
		s.plain += len(plain)
		switch template[v[1]-1] {
		case '%':
			form.WriteString("%")
		case 'd':
			form.WriteString(`(-?\d+)`)
			s.quoted = append(s.quoted, true)
		case 'q':
			form.WriteString(`("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)+')`)
			s.quoted = append(s.quoted, true)
		default:
			form.WriteString(`(.*?)`)
			s.quoted = append(s.quoted, false)
		}
		at = v[1]
	}
	form.WriteString(regexp.QuoteMeta(template[at:]))
	s.plain += len(template) - at
	s.form, err = regexp.Compile(`(?s)^` + form.String() + `$`)
	if slots := words.slots(); err == nil && len(slots) > 0 && slots[len(slots)-1] > len(s.quoted) {
		err = fmt.Errorf("%q has no place {%d}", template, slots[len(slots)-1])
	}
	return s, err
}

// maxSaid is the longest text that is looked up: no doer says more.
const maxSaid = 2000

// maxCauses is how many causes deep an error is translated.
const maxCauses = 6

// Said is what a doer says — the text of an error, a hint, a reason — in this
// language. The doers speak English, on the command line and in the ledger;
// their templates are the keys of said/. What none of them made comes back
// as it is, so a text may be handed in that is in this language already.
func (w *Words) Said(text string) string {
	if len(sayings()[w.lang]) == 0 || len(text) > maxSaid {
		return text
	}
	if out, ok := w.sentence(text); ok {
		return out
	}
	return w.chain(text, maxCauses)
}

// sentence is Said for one of the templates, as it is or made a sentence: with
// a capital, a full stop or both.
func (w *Words) sentence(text string) (string, bool) {
	small := lower(text)
	for _, cut := range []string{"", "."} {
		body, ok := strings.CutSuffix(text, cut)
		if !ok {
			continue
		}
		if out, ok := w.whole(body, maxCauses); ok {
			return out + cut, true
		}
		if out, ok := w.whole(strings.TrimSuffix(small, cut), maxCauses); ok {
			return Capital(out) + cut, true
		}
	}
	return "", false
}

// whole is a text that one template made altogether.
func (w *Words) whole(text string, depth int) (string, bool) {
	if depth == 0 {
		return "", false
	}
	for _, s := range sayings()[w.lang] {
		m := s.form.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		args := make([]any, 0, len(m))
		for i, v := range m[1:] {
			if !s.quoted[i] {
				v = w.chain(v, depth-1)
			}
			args = append(args, v)
		}
		return s.words.fill(w, args, func(s string) string { return s }, func(v any) string { return fmt.Sprint(v) }), true
	}
	return "", false
}

// chain is a text whose parts, "what we did: what came of it", were made by one
// template each: those that are known are put in.
func (w *Words) chain(text string, depth int) string {
	if depth == 0 {
		return text
	}
	if day, err := time.Parse("2 January 2006", text); err == nil {
		return strconv.Itoa(day.Day()) + " " + w.Month(day)
	}
	if out, ok := w.whole(text, depth); ok {
		return out
	}
	head, tail, found := strings.Cut(text, ": ")
	for at := 0; found; {
		at += len(head)
		left, right := text[:at], text[at+2:]
		if out, ok := w.whole(left, depth); ok {
			return out + ": " + w.chain(right, depth-1)
		}
		if out, ok := w.whole(right, depth); ok {
			return left + ": " + out
		}
		at += 2
		head, tail, found = strings.Cut(tail, ": ")
	}
	return text
}

func lower(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	if second, _ := utf8.DecodeRuneInString(s[size:]); unicode.IsUpper(second) {
		return s // an abbreviation
	}
	return string(unicode.ToLower(first)) + s[size:]
}

// Says reports whether the language has words for a doer's template.
func (w *Words) Says(template string) bool {
	return slices.ContainsFunc(sayings()[w.lang], func(s saying) bool { return s.template == template })
}

// Sayings are the templates of doers that the language has words for, in
// alphabetical order.
func (w *Words) Sayings() []string {
	out := map[string]bool{}
	for _, s := range sayings()[w.lang] {
		out[s.template] = true
	}
	return slices.Sorted(maps.Keys(out))
}
