package bounces_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"postrider/events/bounces"
)

// corpus is where the labelled mails are kept; they are not part of this
// repository.
var corpus = filepath.Join("..", "..", "..", "shared", "corpora", "bounces")

// label is what an expert said of one recipient of a mail.
type label struct {
	Code, Status, Reason string
	Hard                 bool
}

// labelled returns the mails of the corpus with their labels.
func labelled(t *testing.T) (map[string][]byte, map[string][]label) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(corpus, "expected.json"))
	if err != nil {
		t.Skipf("NOT TESTED against real returned mails: there are none at %s", corpus)
	}
	var all map[string][]label
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatal(err)
	}
	mails := map[string][]byte{}
	for name := range all {
		if mails[name], err = os.ReadFile(filepath.Join(corpus, name)); err != nil {
			t.Fatal(err)
		}
	}
	return mails, all
}

func readAll(raw []byte) []bounces.Bounce {
	var out []bounces.Bounce
	for _, one := range bounces.Split(raw) {
		out = append(out, bounces.Parse(one).Bounces...)
	}
	return out
}

// Fields in which mails name whom they are about.
var (
	ownFields = regexp.MustCompile(`(?im)^(?:(?:final|original|x-actual)-recipient|x-failed-recipients|original-rcpt-to|redacted-address)[ \t]*:(.*(?:\n[ \t].*)*)`)
	jsonField = regexp.MustCompile(`"emailAddress":"([^"]*)"`)
)

// namedIn returns the text of the fields that tell a mail's recipients, empty
// where it has none.
func namedIn(raw []byte) string {
	text := strings.NewReplacer("=\r\n", "", "=\n", "", "\r\n", "\n", "\r", "\n").Replace(string(raw))
	var out []string
	for _, m := range append(ownFields.FindAllStringSubmatch(text, -1), jsonField.FindAllStringSubmatch(text, -1)...) {
		if strings.Contains(m[1], "@") {
			out = append(out, m[1])
		}
	}
	return strings.ToLower(strings.Join(out, "\n"))
}

// The goals, over the whole corpus. "filtered" stays out of the first two: its
// labels are arguable, and it never touches a reader at once.
const (
	wantPrecision = 0.98
	wantRecall    = 0.92
	wantStatus    = 0.95
	wantRecipient = 0.98
	wantReason    = 0.90
)

func TestReturnedMailsOfTheRealWorld(t *testing.T) {
	t.Parallel()
	mails, all := labelled(t)
	var rows, surely, falsely, missed, status, code, reason, recipient float64
	for _, name := range slices.Sorted(maps.Keys(all)) {
		got, want := readAll(mails[name]), all[name]
		if len(want) == 0 && len(got) != 0 {
			t.Errorf("%s is no bounce, and was read as %+v", name, got)
		}
		fields := namedIn(mails[name])
		for i, w := range want {
			var g bounces.Bounce
			if i < len(got) {
				g = got[i]
			}
			rows++
			status += one(g.Status == w.Status)
			code += one(g.Code == w.Code)
			reason += one(string(g.Reason) == w.Reason)
			if i >= len(bounces.Split(mails[name])) && i >= len(got) {
				t.Logf("%s: %d rows are labelled, and it has %d", name, len(want), len(got))
			}
			// Where no field tells, the text for people does; the one address
			// that it cannot be is the one that the mail came back to.
			whose := fields
			if whose == "" {
				whose = strings.ToLower(string(mails[name]))
			}
			if ok := g.Recipient != "" && strings.Contains(whose, strings.ToLower(g.Recipient)); ok {
				recipient++
			} else {
				t.Logf("%s: the recipient is read as %q, its fields say %q", name, g.Recipient, fields)
			}
			if w.Reason == "filtered" {
				continue
			}
			surely += one(g.Hard && w.Hard)
			falsely += one(g.Hard && !w.Hard)
			missed += one(!g.Hard && w.Hard)
			if g.Hard != w.Hard {
				t.Logf("%s: %+v, labelled %+v", name, g, w)
			}
		}
	}
	precision, recall := surely/(surely+falsely), surely/(surely+missed)
	t.Logf("%d mails, %.0f rows: hard precision %.3f recall %.3f, status %.3f, reply code %.3f, reason %.3f, recipient %.3f",
		len(all), rows, precision, recall, status/rows, code/rows, reason/rows, recipient/rows)
	for _, goal := range []struct {
		what      string
		got, want float64
	}{
		{"precision of hard", precision, wantPrecision},
		{"recall of hard", recall, wantRecall},
		{"status", status / rows, wantStatus},
		{"reason", reason / rows, wantReason},
		{"recipient", recipient / rows, wantRecipient},
	} {
		if goal.got < goal.want {
			t.Errorf("%s is %.3f, want %.2f at least", goal.what, goal.got, goal.want)
		}
	}
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// TestLineEndsDoNotMatter: some gateways hand mails on with CR alone.
func TestLineEndsDoNotMatter(t *testing.T) {
	t.Parallel()
	mails, _ := labelled(t)
	for name, raw := range mails {
		lf := bytes.ReplaceAll(bytes.ReplaceAll(raw, []byte("\r\n"), []byte("\n")), []byte("\r"), []byte("\n"))
		want := readAll(lf)
		for _, end := range []string{"\r", "\r\n"} {
			if got := readAll(bytes.ReplaceAll(lf, []byte("\n"), []byte(end))); !slices.Equal(got, want) {
				t.Errorf("%s with lines ending in %q is read as\n%+v; with LF as\n%+v", name, end, got, want)
			}
		}
	}
}
