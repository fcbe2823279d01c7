package words

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// text is a text cut at its slots.
type text []piece

// piece is plain words, or the slot of an argument: {1} for the argument
// itself, {1|reader|readers} for the first word where the argument is one and
// the second otherwise.
type piece struct {
	plain      string
	slot       int // from 1; 0 for plain words
	one, other string
	plural     bool
}

var (
	line = regexp.MustCompile(`^([a-z][a-z0-9_]*) *= *("(?:[^"\\]|\\.)*")$`)
	slot = regexp.MustCompile(`\{([1-9])(?:\|([^|{}]*)\|([^|{}]*))?\}`)
)

// read adds the texts of a file to out. The form is the part of TOML that a
// translator needs: comments, and lines of key = "text".
func read(area, body string, out map[string]text) error {
	n := 0
	for l := range strings.Lines(body) {
		n++
		l = strings.TrimSpace(l)
		if l == "" || l[0] == '#' {
			continue
		}
		m := line.FindStringSubmatch(l)
		if m == nil {
			return fmt.Errorf("line %d: want key = \"text\", with a key of small letters", n)
		}
		said, err := strconv.Unquote(m[2])
		if err != nil {
			return fmt.Errorf("line %d: the text cannot be read: %w", n, err)
		}
		key := area + "." + m[1]
		if _, twice := out[key]; twice {
			return fmt.Errorf("line %d: %s stands twice", n, key)
		}
		t, err := parse(said)
		if err != nil {
			return fmt.Errorf("line %d: %w", n, err)
		}
		out[key] = t
	}
	return nil
}

func parse(s string) (text, error) {
	var t text
	for s != "" {
		m := slot.FindStringSubmatchIndex(s)
		plain := s
		if m != nil {
			plain = s[:m[0]]
		}
		if strings.ContainsAny(plain, "{}") {
			return nil, fmt.Errorf("a brace is left over in %q: a slot is {1} or {1|one|other}", plain)
		}
		if plain != "" {
			t = append(t, piece{plain: plain})
		}
		if m == nil {
			break
		}
		p := piece{slot: int(s[m[2]] - '0')}
		if m[4] >= 0 {
			p.plural, p.one, p.other = true, s[m[4]:m[5]], s[m[6]:m[7]]
		}
		t, s = append(t, p), s[m[1]:]
	}
	return t, nil
}

func (t text) slots() []int {
	var out []int
	for _, p := range t {
		if p.slot > 0 && !slices.Contains(out, p.slot) {
			out = append(out, p.slot)
		}
	}
	slices.Sort(out)
	return out
}

// fill puts arguments into their slots: plain words pass through words, the
// arguments through say. An argument that is not there is shown as its slot.
func (t text) fill(w *Words, args []any, words func(string) string, say func(any) string) string {
	var b strings.Builder
	for _, p := range t {
		switch {
		case p.slot == 0:
			b.WriteString(words(p.plain))
		case p.slot > len(args):
			b.WriteString(missing(strconv.Itoa(p.slot)))
		case p.plural:
			n, _ := whole(args[p.slot-1])
			b.WriteString(words(w.Plural(n, p.one, p.other)))
		default:
			b.WriteString(say(args[p.slot-1]))
		}
	}
	return b.String()
}

// whole is an argument as a number, where it is one.
func whole(v any) (int, bool) {
	switch n := v.(type) {
	case int:
		return n, true
	case int64:
		return int(n), true
	case int32:
		return int(n), true
	}
	return 0, false
}
