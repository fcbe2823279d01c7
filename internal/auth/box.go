package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"encoding/base64"
	"encoding/binary"
	"time"

	"postrider/internal/errs"
)

// Boxes seal what a browser carries for us from one page to the next, so that
// it can neither read nor alter it: AES-256-GCM, with the first key, opened
// with each. They are safe for concurrent use.
type Boxes struct{ ciphers []cipher.AEAD }

// NewBoxes makes Boxes of at least one key of 32 bytes that serves nothing
// else, the current one first: tokens.Keys.Derive makes them.
func NewBoxes(keys ...[]byte) (*Boxes, error) {
	b := &Boxes{}
	for _, k := range keys {
		block, err := aes.NewCipher(k)
		if err != nil || len(k) != 32 {
			return nil, errs.Invalidf("a key for boxes has %d bytes, want 32", len(k))
		}
		gcm, err := cipher.NewGCMWithRandomNonce(block)
		if err != nil {
			return nil, err
		}
		b.ciphers = append(b.ciphers, gcm)
	}
	if len(b.ciphers) == 0 {
		return nil, errs.Invalidf("no key for boxes")
	}
	return b, nil
}

// Seal closes a box until a moment. what names its use and whose it is: Open
// wants the same.
func (b *Boxes) Seal(what string, content []byte, until time.Time) string {
	plain := binary.BigEndian.AppendUint64(make([]byte, 0, 8+len(content)), uint64(until.UnixMilli()))
	sealed := b.ciphers[0].Seal(nil, nil, append(plain, content...), []byte(what))
	return base64.RawURLEncoding.EncodeToString(sealed)
}

// Open returns the content of a box that Seal closed for the same use. Any
// other text, and a box whose time is over, is Conflict.
func (b *Boxes) Open(what, sealed string, now time.Time) ([]byte, error) {
	over := errs.Conflictf("this page has been open for too long: begin again, nothing was changed")
	raw, err := base64.RawURLEncoding.DecodeString(sealed)
	if err != nil {
		return nil, over
	}
	for _, c := range b.ciphers {
		plain, err := c.Open(nil, nil, raw, []byte(what))
		if err != nil || len(plain) < 8 {
			continue
		}
		if until := time.UnixMilli(int64(binary.BigEndian.Uint64(plain))); now.After(until) {
			return nil, over
		}
		return plain[8:], nil
	}
	return nil, over
}
