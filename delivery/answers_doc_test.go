package delivery

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"postrider/internal/golden"
)

// docs/answers.md is made from the table, so that it cannot say anything else.
func TestDocsAnswersSaysWhatTheTableDoes(t *testing.T) {
	t.Parallel()
	golden.Check(t, "../../docs/answers.md", []byte(answersPage()))
}

func TestEveryMeaningHasItsConsequence(t *testing.T) {
	t.Parallel()
	known := map[meaning]bool{}
	for _, m := range meanings {
		known[m] = true
		if _, ok := consequences[m]; !ok {
			t.Errorf("%q has no consequence", m)
		}
	}
	for _, list := range [][]rule{temporary, permanent} {
		for i, r := range list {
			last := i == len(list)-1
			all := len(r.stages)+len(r.codes)+len(r.enhanced)+len(r.words) == 0
			if !known[r.means] || r.who == "" || all != last {
				t.Errorf("rule %d (%s) has no known meaning, no source, or hides the rules after it", i, r.who)
			}
			for _, w := range append(append([]string(nil), r.words...), r.without...) {
				if w != strings.ToLower(w) || strings.Contains(w, "@") {
					t.Errorf("rule %d: %q can never match", i, w)
				}
			}
		}
	}
}

func answersPage() string {
	var b strings.Builder
	b.WriteString(`# What a mail server's answers mean

Postrider keeps each answer word for word in the ledger. What it does about it is one table, delivery/answers_table.go, and
this page is made from it (` + "`go test ./delivery -update`" + `). The first line that fits counts; whatever may be about us is
tried before whatever may be about the reader, and an address is marked only where the answer is sure. Words are looked for in
the text without the addresses in it.

## Without an answer

| What happened | Recipient | Edition |
|---|---|---|
| 2yz to the final dot | accepted | |
| the connection broke before the final dot | queued again at once; deferred after the third time in a row | |
| the connection broke after the final dot, before a whole answer | unknown: listed by name, never sent again by itself | |
| no connection, wrong password, bad certificate | untouched | held with the remedy where waiting does not help |

## What follows

A reader whose row goes back waits 1, 5, 15, 60 minutes, 3 hours, then 6 hours each time, and is given up 48 hours after the
first try. These 48 hours stand still while the edition is held.

| The answer is about | Recipient after 4yz | Recipient after 5yz | Address | Connections | Edition |
|---|---|---|---|---|---|
`)
	for _, m := range meanings {
		c := consequences[m]
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s | %s |\n", m, in(temporary, m, "deferred"), in(permanent, m, afterPermanent(c)), word(string(c.address), "untouched"), connections(c), edition(c))
	}
	b.WriteString("\nAny 421 takes one connection away for a while, whatever else it says.\n")
	page(&b, "4yz", temporary)
	page(&b, "5yz", permanent)
	return b.String()
}

func page(b *strings.Builder, class string, rules []rule) {
	fmt.Fprintf(b, "\n## %s\n\n| About | Stage | Code | Enhanced | Words, one of | Known from |\n|---|---|---|---|---|---|\n", class)
	for _, r := range rules {
		words := strings.Join(r.words, ", ")
		if len(r.without) > 0 {
			words = word(words, "any") + "; but none of: " + strings.Join(r.without, ", ")
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s |\n", r.means, word(join(r.stages), "any"), word(join(r.codes), "any"), word(enhancedWords(r.enhanced), "any"), word(words, "any"), r.who)
	}
}

func join[T any](all []T) string {
	out := make([]string, len(all))
	for i, a := range all {
		out[i] = fmt.Sprint(a)
	}
	return strings.Join(out, ", ")
}

func enhancedWords(codes []string) string {
	out := make([]string, len(codes))
	for i, c := range codes {
		switch {
		case c == "":
			c = "none"
		case strings.HasSuffix(c, "."):
			c += "x"
		}
		out[i] = c
	}
	return strings.Join(out, ", ")
}

func word(s, otherwise string) string {
	if strings.TrimSpace(s) == "" {
		return otherwise
	}
	return strings.TrimSpace(s)
}

// in is what where the list has a rule with that meaning.
func in(list []rule, m meaning, what string) string {
	if slices.ContainsFunc(list, func(r rule) bool { return r.means == m }) {
		return what
	}
	return ""
}

func afterPermanent(c consequence) string {
	switch {
	case c.tries == 0:
		return "refused"
	case c.tries == always:
		return "deferred"
	}
	return "deferred; refused when said " + strconv.Itoa(c.tries) + " times"
}

func connections(c consequence) string {
	if c.slow {
		return "one less for a while"
	}
	return ""
}

func edition(c consequence) string {
	counted := ""
	switch {
	case c.hold > 0:
		counted = "held at once. "
	case c.us && c.usToo:
		counted = "held after 5 in a row or 2 % of the last 200. "
	case c.us:
		counted = "held after 5 times 5yz in a row or 2 % of the last 200. "
	}
	return strings.TrimSpace(counted + word(c.remedy, ""))
}
