// Package auth has what signing in is made of: hashes of passwords, one-time
// codes, codes for the day on which the telephone is lost, secrets that are
// recognised by their hash, and boxes that only this installation can open. It
// knows nobody: who may come in is for organisation to say.
package auth

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
)

// NewSecret is a fresh text of 256 random bits for a cookie: 43 letters.
func NewSecret() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// maxSecret bounds what is hashed of whatever a browser sends.
const maxSecret = 256

// Fingerprint is the hash under which a secret of NewSecret, or a recovery
// code, is kept. Nothing is stretched: there is nothing to guess in 80 or more
// random bits. What is longer than any secret has the fingerprint of no secret.
func Fingerprint(secret string) string {
	if secret == "" || len(secret) > maxSecret {
		return ""
	}
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

// Same compares two texts in a time that does not tell where they differ.
func Same(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
