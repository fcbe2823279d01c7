package e2e_test

import (
	"regexp"
	"strings"
	"testing"
)

var listed = regexp.MustCompile(`(?m)^  ([a-z]+(?: [a-z]+)*)(?: <| \[|  |$)`)

// TestEveryCommandHasHelp walks from --help to every command that it lists, and
// on to theirs.
func TestEveryCommandHasHelp(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	var visit func(command string)
	visit = func(command string) {
		p := start(t, append(strings.Fields(command), "--help"))
		p.wantExit(0, patience)
		if p.stderr() != "" || !strings.HasPrefix(p.stdout(), strings.TrimSpace("Usage: postrider "+command)) {
			t.Errorf("the help of %q begins with %.60q, stderr %q", command, p.stdout(), p.stderr())
		}
		_, commands, ok := strings.Cut(p.stdout(), "\nCommands:\n")
		if !ok {
			return
		}
		for _, m := range listed.FindAllStringSubmatch(commands, -1) {
			if name := m[1]; !seen[name] {
				seen[name] = true
				visit(name)
			}
		}
	}
	visit("")
	for _, want := range []string{"demo", "serve", "publish", "recap check", "campaign create", "schedule next", "subscriber import", "report"} {
		if !seen[want] {
			t.Errorf("%s is not listed: %v", want, seen)
		}
	}
	if len(seen) < 40 {
		t.Errorf("%d commands are listed only", len(seen))
	}
}
