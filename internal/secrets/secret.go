// Package secrets keeps passwords and private keys from being read where they
// do not belong: a type that prints as nothing, and encryption of what the
// database keeps. The key comes from the installation's key file, which is
// never in the database. It protects no memory: a running program knows what
// it needs to log in.
package secrets

import (
	"fmt"
	"io"
	"log/slog"
)

// Secret is a text that must not be seen. However it is printed, logged or
// written as JSON, "(secret)" comes out, or nothing where it is empty. Reveal
// gives the text itself. Two ways remain, which nobody takes by accident: the
// verb %p, and a map in JSON whose key it is.
type Secret string

const hidden = "(secret)"

// Reveal returns the text. Whoever calls it sends it to where it belongs and
// keeps no other copy.
func (s Secret) Reveal() string { return string(s) }

func (s Secret) String() string {
	if s == "" {
		return ""
	}
	return hidden
}

// Format covers every verb: fmt prints %d and %#v of a string type as it is.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, s.String()) }

func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }
