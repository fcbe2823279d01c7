package golden

import (
	"strings"
	"testing"
)

func TestDiffNamesTheFirstLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ name, want, got, contains string }{
		{"same", "a\nb\n", "a\nb\n", ""},
		{"changed", "a\nb\nc\n", "a\nB\nc\n", "line 2 differs"},
		{"shorter", "a\nb\n", "a\n", "line 2 differs"},
		{"no newline at the end", "a\n", "a", "(end of file)"},
		{"line endings", "a\r\n", "a\n", `"a\r"`},
	} {
		diff := Diff([]byte(c.want), []byte(c.got))
		if (diff == "") != (c.contains == "") || !strings.Contains(diff, c.contains) {
			t.Errorf("%s: got %q, want it to say %q", c.name, diff, c.contains)
		}
	}
}

func TestCheckReadsTheFile(t *testing.T) {
	t.Parallel()
	Check(t, "words.golden", []byte("one\ntwo\n"))
}
