// Package ids mints the identifiers of all rows: 63-bit integers that sort by
// the time they were made, written as 13 lower-case Crockford base32 letters
// wherever a person or another program sees them. It keeps no registry: two
// processes that mint in the same millisecond differ by 22 random bits, and the
// primary key of the table refuses the rest.
package ids

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"strings"
	"sync"
	"time"

	"postrider/internal/errs"
)

// ID is an identifier of a T. T is only a mark, so that a subscriber's id
// cannot be passed where an edition's is wanted. The zero ID means "none".
type ID[T any] int64

const (
	alphabet   = "0123456789abcdefghjkmnpqrstvwxyz"
	length     = 13
	randomBits = 22
)

var epoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()

// mint is the process's last id: the one piece of state that must be shared by
// all callers, so that ids of one process never repeat and always ascend.
var mint struct {
	sync.Mutex
	last int64
}

// New returns a fresh id. It is safe for concurrent use.
func New[T any]() ID[T] { return ID[T](Block(1)) }

// Block reserves n consecutive ids and returns the first. SQL that inserts many
// rows in one statement adds row numbers to it.
func Block(n int) int64 {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails: crypto/rand.Read
	random := int64(binary.BigEndian.Uint32(b[:]) >> (32 - randomBits))
	now := (time.Now().UnixMilli()-epoch)<<randomBits | random

	mint.Lock()
	defer mint.Unlock()
	first := max(now, mint.last+1)
	mint.last = first + int64(n) - 1
	return first
}

// String returns the 13-letter form, "" for the zero ID.
func (id ID[T]) String() string {
	if id == 0 {
		return ""
	}
	var b [length]byte
	v := uint64(id)
	for i := length - 1; i >= 0; i-- {
		b[i] = alphabet[v&31]
		v >>= 5
	}
	return string(b[:])
}

// Parse reads the 13-letter form. Anything else is Invalid.
func Parse[T any](s string) (ID[T], error) {
	if len(s) != length || s[0] > '7' {
		return 0, errs.Invalidf("%q is not an id: ids have %d letters and digits", s, length)
	}
	var v uint64
	for i := range length {
		n := strings.IndexByte(alphabet, s[i])
		if n < 0 {
			return 0, errs.Invalidf("%q is not an id: %q does not occur in ids", s, s[i])
		}
		v = v<<5 | uint64(n)
	}
	return ID[T](v), nil
}

// MarshalText writes the 13-letter form, for JSON.
func (id ID[T]) MarshalText() ([]byte, error) { return []byte(id.String()), nil }

// UnmarshalText reads the 13-letter form; the empty text is the zero ID.
func (id *ID[T]) UnmarshalText(b []byte) error {
	if len(b) == 0 {
		*id = 0
		return nil
	}
	v, err := Parse[T](string(b))
	if err != nil {
		return fmt.Errorf("reading an id: %w", err)
	}
	*id = v
	return nil
}
