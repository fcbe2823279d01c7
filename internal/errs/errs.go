// Package errs gives every error a kind, so that the doors (HTTP, command line)
// can answer with the right status without reading text. It knows neither
// HTTP nor exit codes.
package errs

import (
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Kind is what an error means to the caller.
type Kind int

const (
	// Internal is everything without a kind: our fault.
	Internal Kind = iota
	// Invalid input: the sender can mend it; the text names the remedy.
	Invalid
	// NotFound: what was asked for does not exist.
	NotFound
	// Conflict: somebody was faster, or the state does not allow it.
	Conflict
	// Forbidden: the asker may not.
	Forbidden
	// Unavailable: try again later; something outside does not answer.
	Unavailable
)

func (k Kind) String() string {
	return [...]string{"internal", "invalid", "not found", "conflict", "forbidden", "unavailable"}[k]
}

// Error is an error with a kind and, for bad input, the place to mend.
// Its text reads "file:line: field: message: cause".
type Error struct {
	Kind  Kind
	File  string // input file as the person named it, empty when there is none
	Line  int    // 1-based line of File, 0 when unknown
	Field string // form field, flag or front matter key, empty when there is none
	Text  string // lower-case sentence that names the remedy
	Err   error  // cause, may be nil
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		b.WriteString(e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, ":%d", e.Line)
		}
		b.WriteString(": ")
	} else if e.Line > 0 {
		fmt.Fprintf(&b, "line %d: ", e.Line)
	}
	if e.Field != "" {
		b.WriteString(e.Field + ": ")
	}
	b.WriteString(e.Text)
	if e.Err != nil {
		if e.Text != "" {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// Invalidf reports bad input without a place. Like fmt.Errorf it wraps with %w.
func Invalidf(format string, args ...any) error { return newf(Invalid, format, args) }

// NotFoundf reports a missing thing.
func NotFoundf(format string, args ...any) error { return newf(NotFound, format, args) }

// Conflictf reports that the state has changed or does not allow the change.
func Conflictf(format string, args ...any) error { return newf(Conflict, format, args) }

// Forbiddenf reports that the asker may not.
func Forbiddenf(format string, args ...any) error { return newf(Forbidden, format, args) }

// Unavailablef reports that something outside does not answer now.
func Unavailablef(format string, args ...any) error { return newf(Unavailable, format, args) }

func newf(k Kind, format string, args []any) error {
	err := fmt.Errorf(format, args...)
	return &kinded{kind: k, err: err}
}

type kinded struct {
	kind Kind
	err  error
}

func (k *kinded) Error() string { return k.err.Error() }
func (k *kinded) Unwrap() error { return k.err }

// KindOf returns the kind of the outermost error in the chain that has one,
// Internal when none has.
func KindOf(err error) Kind {
	for err != nil {
		switch e := err.(type) {
		case *Error:
			return e.Kind
		case *kinded:
			return e.kind
		}
		if m, ok := err.(interface{ Unwrap() []error }); ok {
			for _, sub := range m.Unwrap() {
				if k := KindOf(sub); k != Internal {
					return k
				}
			}
			return Internal
		}
		err = errors.Unwrap(err)
	}
	return Internal
}

// Is reports whether err is of kind k.
func Is(err error, k Kind) bool { return err != nil && KindOf(err) == k }

// Nearest returns the entry of known that is closest to word by edit distance,
// empty when nothing is near enough to be worth suggesting.
func Nearest(word string, known []string) string {
	best, bestDistance := "", utf8.RuneCountInString(word)/2+1
	for _, k := range known {
		if d := distance(strings.ToLower(word), strings.ToLower(k)); d < bestDistance {
			best, bestDistance = k, d
		}
	}
	return best
}

func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	row := make([]int, len(rb)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(ra); i++ {
		diagonal := row[0]
		row[0] = i
		for j := 1; j <= len(rb); j++ {
			cost := 1
			if ra[i-1] == rb[j-1] {
				cost = 0
			}
			diagonal, row[j] = row[j], min(row[j]+1, row[j-1]+1, diagonal+cost)
		}
	}
	return row[len(rb)]
}
