// Package tokens makes the unguessable parts of links and envelope senders:
// an id and a keyed hash over it and its purpose. A token of one purpose is
// worth nothing for another, so that a forwarded mail or a bounce can do no
// more than it was made for. Nothing is stored: a token is checked by making
// it again.
package tokens

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"hash"
	"os"
	"strings"
	"sync"

	"postrider/internal/errs"
)

// Purpose separates tokens. Its text is hashed: never change one.
type Purpose string

// The purposes in use.
const (
	Unsubscribe Purpose = "unsubscribe" // of a recipient: leave the lists of that edition
	Preferences Purpose = "preferences" // of a recipient: see and change what lists they are on
	Reader      Purpose = "reader"      // of a subscriber: the same, in mails that are no edition
	Bounce      Purpose = "bounce"      // of a recipient: in the envelope sender
	Preview     Purpose = "preview"     // of an edition: its pages before they are public
	Invitation  Purpose = "invitation"  // of an invitation into the team
	Confirm     Purpose = "confirm"     // of a sign-up: the button of its mail
	OwnData     Purpose = "own-data"    // of a request: to see all that is kept of them
	OwnErasure  Purpose = "own-erasure" // of a request: to be erased
	OwnMove     Purpose = "own-move"    // of a request, to the present address: to be mailed at another
	OwnArrival  Purpose = "own-arrival" // of a request, to the other address
	FormTime    Purpose = "form-time"   // of a moment: when a form was shown
	Forgotten   Purpose = "forgotten"   // not a token: the hash of an address that was erased
)

const (
	macBytes     = 13 // 104 bits in links: with the id 28 letters
	verpMacBytes = 10 // 80 bits in the envelope sender
)

var lower32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)

// Keys signs with its first key and verifies with all of them, so that links
// in old mails outlive a rotation.
type Keys struct {
	keys    [][]byte
	current *sync.Pool // of *macer, with the first key
}

// macer is the keyed hash of one key, ready to hash again: setting up the key
// costs as much as hashing a token.
type macer struct {
	hash hash.Hash
	in   []byte
	out  []byte
}

// New makes Keys of at least one key of 32 bytes, the current one first.
func New(keys ...[]byte) (Keys, error) {
	if len(keys) == 0 {
		return Keys{}, errs.Invalidf("no key given")
	}
	for _, k := range keys {
		if len(k) != 32 {
			return Keys{}, errs.Invalidf("a key has %d bytes, want 32", len(k))
		}
	}
	return Keys{keys: keys, current: &sync.Pool{New: func() any { return &macer{hash: hmac.New(sha256.New, keys[0])} }}}, nil
}

// Load reads a key file: one key of 64 hexadecimal digits a line, the current
// one first. A missing file is NotFound.
func Load(path string) (Keys, error) {
	b, err := os.ReadFile(path)
	if os.IsNotExist(err) {
		return Keys{}, errs.NotFoundf("the key file %s is missing: restore it from the backup, or name it with --secret-file", path)
	}
	if err != nil {
		return Keys{}, fmt.Errorf("reading the key file: %w", err)
	}
	var keys [][]byte
	for i, line := range strings.Split(strings.TrimSpace(string(b)), "\n") {
		k, err := hex.DecodeString(strings.TrimSpace(line))
		if err != nil || len(k) != 32 {
			return Keys{}, &errs.Error{Kind: errs.Invalid, File: path, Line: i + 1, Text: "a key has 64 hexadecimal digits"}
		}
		keys = append(keys, k)
	}
	return New(keys...)
}

// Create writes a key file with one fresh key, readable by its owner only. It
// never overwrites: an existing file is a Conflict.
func Create(path string) (Keys, error) {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // never fails
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if os.IsExist(err) {
		return Keys{}, errs.Conflictf("the key file %s exists already", path)
	}
	if err != nil {
		return Keys{}, fmt.Errorf("making the key file: %w", err)
	}
	_, err = fmt.Fprintln(f, hex.EncodeToString(key))
	if e := f.Sync(); err == nil {
		err = e
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		return Keys{}, fmt.Errorf("writing the key file: %w", err)
	}
	return New(key)
}

// Fingerprint identifies the current key without giving it away.
func (k Keys) Fingerprint() string { return fingerprint(k.keys[0]) }

// Knows reports whether one of the keys has this fingerprint.
func (k Keys) Knows(print string) bool {
	for _, key := range k.keys {
		if fingerprint(key) == print {
			return true
		}
	}
	return false
}

func fingerprint(key []byte) string {
	return hex.EncodeToString(mac(key, "fingerprint", nil)[:8])
}

// Token is the link token of id: 28 letters of URL-safe base64.
func (k Keys) Token(p Purpose, id int64) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+macBytes), uint64(id))
	return base64.RawURLEncoding.EncodeToString(k.appendMAC(b, p, macBytes))
}

// Check returns the id of a token of that purpose. Anything else is NotFound:
// the answer does not tell a forged token from an unknown one.
func (k Keys) Check(p Purpose, token string) (int64, error) {
	b, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil {
		return 0, errUnknown
	}
	return k.check(p, b, macBytes)
}

// Verp is the token of id for an envelope sender: 29 letters and digits in
// lower case, because mail servers fold the case of local parts.
func (k Keys) Verp(p Purpose, id int64) string {
	b := binary.BigEndian.AppendUint64(make([]byte, 0, 8+macBytes), uint64(id))
	return lower32.EncodeToString(k.appendMAC(b, p, verpMacBytes))
}

// CheckVerp returns the id of a Verp token, in whatever case it came back.
func (k Keys) CheckVerp(p Purpose, token string) (int64, error) {
	b, err := lower32.DecodeString(strings.ToLower(token))
	if err != nil {
		return 0, errUnknown
	}
	return k.check(p, b, verpMacBytes)
}

var errUnknown = errs.NotFoundf("the link is not one of ours, or was cut off: open it again from the mail")

func (k Keys) check(p Purpose, b []byte, size int) (int64, error) {
	if len(b) != 8+size {
		return 0, errUnknown
	}
	ok := false
	for _, key := range k.keys {
		if hmac.Equal(mac(key, p, b[:8])[:size], b[8:]) {
			ok = true
		}
	}
	if !ok {
		return 0, errUnknown
	}
	return int64(binary.BigEndian.Uint64(b)), nil
}

// Hashes are the keyed hashes of a value that must be recognised but not kept:
// with the current key first, then with each older one.
func (k Keys) Hashes(p Purpose, value string) []string {
	out := make([]string, len(k.keys))
	for i, key := range k.keys {
		out[i] = hex.EncodeToString(mac(key, p, []byte(value)))
	}
	return out
}

// Derive makes a key of 32 bytes for another use from each of the keys, the
// current one first (HKDF, RFC 5869). It says nothing about the keys
// themselves, nor about those of another purpose.
func (k Keys) Derive(purpose string) ([][]byte, error) {
	out := make([][]byte, len(k.keys))
	for i, key := range k.keys {
		var err error
		if out[i], err = hkdf.Key(sha256.New, key, nil, "postrider "+purpose, 32); err != nil {
			return nil, fmt.Errorf("deriving a key: %w", err)
		}
	}
	return out, nil
}

// appendMAC appends the first size octets of the current key's hash over b to b.
func (k Keys) appendMAC(b []byte, p Purpose, size int) []byte {
	m := k.current.Get().(*macer)
	m.in = append(append(append(m.in[:0], p...), 0), b...)
	m.hash.Reset()
	m.hash.Write(m.in)
	m.out = m.hash.Sum(m.out[:0])
	b = append(b, m.out[:size]...)
	k.current.Put(m)
	return b
}

func mac(key []byte, p Purpose, b []byte) []byte {
	h := hmac.New(sha256.New, key)
	h.Write([]byte(p))
	h.Write([]byte{0})
	h.Write(b)
	return h.Sum(nil)
}
