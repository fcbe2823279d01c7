package auth

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"strings"
	"sync/atomic"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"

	"postrider/internal/errs"
)

// Bounds of a password. Length is what makes one hard to guess; there are no
// rules about digits and signs (NIST SP 800-63B, 3.1.1).
const (
	MinPassword = 12  // characters
	MaxPassword = 256 // bytes, so that nobody has us hash a novel
)

// The cost of argon2id: 64 MiB and three passes, a good third of a second.
const (
	memoryKiB = 64 << 10
	passes    = 3
	lanes     = 1
	saltBytes = 16
	hashBytes = 32
)

// Hasher hashes passwords with argon2id (RFC 9106). Few at once, because each
// takes 64 MiB: the others wait, and too many are sent away as Unavailable. It
// is safe for concurrent use.
type Hasher struct {
	memory uint32 // KiB
	passes uint32
	slots  chan struct{}
	queue  chan struct{}
	nobody string // a hash that no password has
	worked atomic.Int64
}

// NewHasher makes a Hasher that works on two passwords at once while up to
// thirty more wait.
func NewHasher() *Hasher { return newHasher(memoryKiB, passes) }

// QuickHasher costs next to nothing and protects nothing: for tests.
func QuickHasher() *Hasher { return newHasher(64, 1) }

func newHasher(memory, passes uint32) *Hasher {
	h := &Hasher{memory: memory, passes: passes, slots: make(chan struct{}, 2), queue: make(chan struct{}, 32)}
	h.nobody = encode(memory, passes, make([]byte, saltBytes), make([]byte, hashBytes))
	return h
}

// Weakness is why a password is not taken.
type Weakness string

// The weaknesses; Strong is none.
const (
	Strong   Weakness = ""
	TooShort Weakness = "too short"
	TooLong  Weakness = "too long"
	Untyped  Weakness = "untyped"  // it has characters that cannot be typed
	Repeats  Weakness = "repeats"  // a few characters again and again
	Familiar Weakness = "familiar" // little more than what everybody knows about its owner
)

var weaknesses = map[Weakness]string{
	TooShort: fmt.Sprintf("take at least %d characters; four words in a row are easy to keep and hard to guess", MinPassword),
	TooLong:  fmt.Sprintf("it is longer than %d bytes", MaxPassword),
	Untyped:  "it has characters that cannot be typed",
	Repeats:  "it repeats a few characters: whoever guesses begins with those",
	Familiar: "it is little more than the name or the address: whoever guesses begins with those",
}

// Weak tells what is wrong with a new password. known is what everybody knows
// about its owner.
func Weak(password string, known ...string) Weakness {
	n := utf8.RuneCountInString(password)
	switch {
	case n < MinPassword:
		return TooShort
	case len(password) > MaxPassword:
		return TooLong
	case !utf8.ValidString(password):
		return Untyped
	}
	different := map[rune]bool{}
	for _, r := range password {
		different[r] = true
	}
	if len(different) < 5 {
		return Repeats
	}
	folded := strings.ToLower(password)
	for _, k := range known {
		if k = strings.ToLower(k); len(k) >= 4 && strings.Contains(folded, k) && n-utf8.RuneCountInString(k) < MinPassword/2 {
			return Familiar
		}
	}
	return Strong
}

// CheckPassword is Weak as an Invalid error of the field password.
func CheckPassword(password string, known ...string) error {
	if w := Weak(password, known...); w != Strong {
		return &errs.Error{Kind: errs.Invalid, Field: "password", Text: weaknesses[w]}
	}
	return nil
}

// Hash returns what is kept of a password, in the form "$argon2id$v=19$…".
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltBytes)
	_, _ = rand.Read(salt) // never fails
	key, err := h.derive(ctx, password, salt, h.memory, h.passes, hashBytes)
	if err != nil {
		return "", err
	}
	return encode(h.memory, h.passes, salt, key), nil
}

// Matches reports whether a password has this hash. An empty hash, of somebody
// who has no password or does not exist, takes as long and is never matched.
func (h *Hasher) Matches(ctx context.Context, password, hash string) (bool, error) {
	real := hash != ""
	if !real {
		hash = h.nobody
	}
	memory, passes, salt, want, err := decode(hash)
	if err != nil {
		return false, err
	}
	if len(password) > MaxPassword {
		password = password[:MaxPassword] + "\x00" // no password has it
	}
	got, err := h.derive(ctx, password, salt, memory, passes, uint32(len(want)))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1 && real, nil
}

// Worked is how many passwords were hashed so far.
func (h *Hasher) Worked() int64 { return h.worked.Load() }

// derive waits for its turn. The form in which a keyboard sends "é" must not
// decide who gets in: NFC before hashing.
func (h *Hasher) derive(ctx context.Context, password string, salt []byte, memory, passes, size uint32) ([]byte, error) {
	select {
	case h.queue <- struct{}{}:
		defer func() { <-h.queue }()
	default:
		return nil, errs.Unavailablef("many sign in at this moment: try again in a few seconds")
	}
	select {
	case h.slots <- struct{}{}:
		defer func() { <-h.slots }()
	case <-ctx.Done():
		return nil, errs.Unavailablef("waiting to check a password: %w", context.Cause(ctx))
	}
	h.worked.Add(1)
	return argon2.IDKey([]byte(norm.NFC.String(password)), salt, passes, memory, lanes, size), nil
}

var b64 = base64.RawStdEncoding

func encode(memory, passes uint32, salt, key []byte) string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, lanes, b64.EncodeToString(salt), b64.EncodeToString(key))
}

// decode reads what encode wrote, and refuses costs that nobody here has set.
func decode(hash string) (memory, passes uint32, salt, key []byte, err error) {
	var version, p int
	var m, t uint32
	parts := strings.Split(hash, "$")
	bad := errs.Conflictf("a password in the database is not kept in a form that this program knows: set it again with postrider operator password")
	if len(parts) != 6 || parts[1] != "argon2id" {
		return 0, 0, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[2], "v=%d", &version); err != nil || version != argon2.Version {
		return 0, 0, nil, nil, bad
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &m, &t, &p); err != nil || m > 4*memoryKiB || m < 8 || t < 1 || t > 16 || p != lanes {
		return 0, 0, nil, nil, bad
	}
	salt, err = b64.DecodeString(parts[4])
	if err != nil || len(salt) != saltBytes {
		return 0, 0, nil, nil, bad
	}
	key, err = b64.DecodeString(parts[5])
	if err != nil || len(key) != hashBytes {
		return 0, 0, nil, nil, bad
	}
	return m, t, salt, key, nil
}
