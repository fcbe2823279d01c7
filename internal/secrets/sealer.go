package secrets

import (
	"bytes"
	"encoding/base64"
	"io"
	"strings"

	"filippo.io/age"

	"postrider/internal/errs"
)

// workFactor is scrypt's, as a power of two. The password is 256 random bits,
// which no stretching makes harder to guess; age wants some all the same.
const workFactor = 8

// maxSealed bounds what Open reads: the largest secret is an RSA key.
const maxSealed = 64 << 10

// Sealer encrypts with its first key and decrypts with all of them, so that
// what is in the database outlives a rotation. It is safe for concurrent use.
type Sealer struct{ passwords []string }

// New makes a Sealer of at least one key of 32 bytes that serves nothing else,
// the current one first: tokens.Keys.Derive makes them.
func New(keys ...[]byte) (*Sealer, error) {
	if len(keys) == 0 {
		return nil, errs.Invalidf("no key to encrypt with")
	}
	s := &Sealer{}
	for _, k := range keys {
		if len(k) != 32 {
			return nil, errs.Invalidf("a key to encrypt with has %d bytes, want 32", len(k))
		}
		s.passwords = append(s.passwords, base64.RawStdEncoding.EncodeToString(k))
	}
	return s, nil
}

// Seal encrypts a text as an age file (age-encryption.org/v1) in base64. what
// names its place, such as "relay:01j…": Open wants the same, so that nobody
// who can write to the database moves a secret to another place. The same text
// looks different each time.
func (s *Sealer) Seal(what string, text Secret) (string, error) {
	if strings.ContainsRune(what, 0) {
		return "", errs.Invalidf("the place of a secret contains a NUL")
	}
	to, err := age.NewScryptRecipient(s.passwords[0])
	if err != nil {
		return "", err
	}
	to.SetWorkFactor(workFactor)
	var out bytes.Buffer
	w, err := age.Encrypt(&out, to)
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(w, what+"\x00"+text.Reveal()); err != nil {
		return "", err
	}
	if err := w.Close(); err != nil {
		return "", err
	}
	return base64.RawStdEncoding.EncodeToString(out.Bytes()), nil
}

// Open decrypts what Seal made for the same place. Anything else is a Conflict:
// another key file, or a database that somebody has changed.
func (s *Sealer) Open(what, sealed string) (Secret, error) {
	conflict := errs.Conflictf("a secret in the database cannot be decrypted: use the key file that belongs to this database, or set the secret again")
	b, err := base64.RawStdEncoding.DecodeString(sealed)
	if err != nil || len(b) > maxSealed {
		return "", conflict
	}
	for _, p := range s.passwords { // one at a time: age stops at the first that does not fit
		from, err := age.NewScryptIdentity(p)
		if err != nil {
			return "", err
		}
		from.SetMaxWorkFactor(workFactor)
		r, err := age.Decrypt(bytes.NewReader(b), from)
		if err != nil {
			continue
		}
		text, err := io.ReadAll(r)
		if err != nil {
			return "", conflict
		}
		place, secret, ok := strings.Cut(string(text), "\x00")
		if !ok || place != what {
			return "", conflict
		}
		return Secret(secret), nil
	}
	return "", conflict
}
