package mailer

import (
	"bytes"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// complete is what check is held against: the octets as one, by the rules one by one.
func complete(b []byte) bool {
	lines := bytes.SplitAfter(b, []byte("\r\n"))
	if len(lines[len(lines)-1]) > 0 || len(b) == 0 {
		return false
	}
	for _, line := range lines[:len(lines)-1] {
		text := line[:len(line)-2]
		if bytes.ContainsAny(text, "\r\n\x00") || bytes.HasPrefix(text, []byte(".")) || len(text) > maxLine {
			return false
		}
	}
	return true
}

// TestCheckSeesMessagesAsAWhole: however a text lies in pieces, and whatever of
// it was checked before, a message passes where its octets do, and only there.
func TestCheckSeesMessagesAsAWhole(t *testing.T) {
	t.Parallel()
	words := rapid.SampledFrom([]string{"\r\n", "\r\n", "\r\n", "a", "ab\r\n", "\r", "\n", ".", "\r\n.", "\x00", "=\r\n", strings.Repeat("x", 500), strings.Repeat("y", 998), ""})
	passed := 0
	rapid.Check(t, func(t *rapid.T) {
		m := &assembled{share: 1}
		var whole []byte
		bad := false // found when it was compiled
		for range rapid.IntRange(0, 6).Draw(t, "pieces") {
			octets := []byte(strings.Join(rapid.SliceOfN(words, 0, 7).Draw(t, "words"), ""))
			whole = append(whole, octets...)
			if rapid.Bool().Draw(t, "own") {
				m.own = append(m.own, octets...)
				continue
			}
			f, err := newFixed(octets)
			bad = bad || err != nil
			m.add(&f)
			if len(octets) > 0 && rapid.Bool().Draw(t, "end") && bytes.HasSuffix(m.tail(3), []byte("=\r\n")) {
				m.endQuoted()
				whole = whole[:len(whole)-3]
			}
		}
		m.end()
		if got := m.AppendTo(nil); !bytes.Equal(got, whole) || m.Len() != len(whole) {
			t.Fatalf("the pieces are %q, want %q", got, whole)
		}
		err := m.check()
		if want := complete(whole); (err == nil && !bad) != want {
			t.Fatalf("%q: check says %v, compiling %v, want it to pass: %v", whole, err, !bad, want)
		}
		if err == nil {
			passed++
		}
	})
	if passed == 0 {
		t.Error("no message passed")
	}
}

func checkMessage(octets []byte) error {
	m := &assembled{own: octets}
	m.end()
	return m.check()
}
